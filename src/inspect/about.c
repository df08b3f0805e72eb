/* SPDX-License-Identifier: MIT */
/*
 * about: the file `about` beside the shared files: what the docketd that served
 * last wrote down of itself (src/daemon/about.c). Lines of a key, a tab and a
 * value; unknown keys are passed over. Only docketd's user can have written it,
 * as the folder is checked; it is only shown all the same.
 */
#include "inspect/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Lines become strings; what is no printable byte becomes '?'. */
static void cut_lines(docket_view *view)
{
    for (size_t i = 0; i < view->about_bytes; i++) {
        char *byte = &view->about[i];
        if (*byte == '\n')
            *byte = '\0';
        else if ((unsigned char)*byte < ' ' && *byte != '\t')
            *byte = '?';
    }
}

docket_status dk_about_read(docket_view *view)
{
    view->about_bytes = 0;
    docket_status status = dk_file_read(view->runtime_fd, "about", view->about, sizeof view->about);
    if (status == DOCKET_NO_REALM)
        return dk_fail(DOCKET_UNREACHABLE, "the docketd of %s has not written down what it is; it is of another release",
                       view->directory);
    if (status != DOCKET_OK)
        return status;
    view->about_bytes = strlen(view->about);
    cut_lines(view);
    return DOCKET_OK;
}

const char *dk_about_value(const docket_view *view, const char *key)
{
    size_t bytes = strlen(key);
    for (size_t at = 0; at < view->about_bytes; at += strlen(view->about + at) + 1)
        if (strncmp(view->about + at, key, bytes) == 0 && view->about[at + bytes] == '\t')
            return view->about + at + bytes + 1;
    return "";
}

/* "desk 1 TAB name", "desk 1 user TAB user", "desk 1 group TAB group". */
void dk_about_desk(const docket_view *view, uint32_t index, const char *words[3])
{
    static const char *const parts[3] = {"", " user", " group"};
    for (int i = 0; i < 3; i++) {
        char key[32];
        snprintf(key, sizeof key, "desk %u%s", index, parts[i]);
        words[i] = dk_about_value(view, key);
    }
}

docket_status docket_view_about_show(docket_view *view, struct docket_view_about *about)
{
    if (view == NULL || about == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_view_about_show needs a view and a place for the facts");
    docket_status status = dk_about_read(view);
    if (status != DOCKET_OK)
        return status;
    *about = (struct docket_view_about){.docketd_version = dk_about_value(view, "docketd"),
                                        .lmdb_version = dk_about_value(view, "lmdb"),
                                        .layout = (uint32_t)strtoul(dk_about_value(view, "layout"), NULL, 10),
                                        .schema = (uint32_t)strtoul(dk_about_value(view, "schema"), NULL, 10),
                                        .realm = dk_about_value(view, "realm"),
                                        .store = dk_about_value(view, "store"),
                                        .socket = dk_about_value(view, "socket"),
                                        .witness = dk_about_value(view, "witness"),
                                        .far_witness = dk_about_value(view, "far_witness"),
                                        .far_why = dk_about_value(view, "far_why"),
                                        .witness_command = dk_about_value(view, "witness_command"),
                                        .config = dk_about_value(view, "config"),
                                        .log = dk_about_value(view, "log")};
    return DOCKET_OK;
}
