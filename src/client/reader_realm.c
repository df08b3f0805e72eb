/* SPDX-License-Identifier: MIT */
/* reader_realm: the series of a realm, as docketd tells them. */
#include "client/reader.h"

#include "client/inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHAPES_TIMEOUT_NS (60 * DK_SECOND_NS)

static docket_status add_row(docket_reader *reader, struct dk_shape_wire *row)
{
    struct dk_form form;
    struct dk_template template;
    row->tenant[sizeof row->tenant - 1] = row->series[sizeof row->series - 1] = 0;
    memcpy(&form, row->form, sizeof form);
    if (row->restart >= DK_RESTART_COUNT || dk_name_check("tenant", row->tenant) != DOCKET_OK ||
        dk_name_check("series", row->series) != DOCKET_OK || !dk_form_unpack(&form, &template) ||
        row->last > DOCKET_NUMBER_MAX || dk_template_size(&template, row->series, row->last) > DOCKET_TEXT_MAX)
        return dk_fail(DOCKET_PROTOCOL, "docketd told of a series that this library does not know how to read; use docketd and "
                                        "libdocket of one release");
    return reader_add_shape(reader, row->tenant, row->series, &template, (enum dk_restart)row->restart, row->last, row->current != 0,
                            NULL);
}

static docket_status add_rows(docket_reader *reader, int fd, uint64_t *added)
{
    void *read = NULL;
    size_t count = 0;
    docket_status status = dk_errand_rows(fd, sizeof(struct dk_shape_wire), &read, &count);
    struct dk_shape_wire *rows = read;
    for (size_t at = 0; status == DOCKET_OK && at < count; at++)
        status = add_row(reader, &rows[at]);
    free(read);
    if (status == DOCKET_OK && added != NULL)
        *added = count;
    return status;
}

docket_status docket_reader_add_told(docket_reader *reader, int fd, uint64_t *added)
{
    if (reader == NULL || fd < 0)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_reader_add_told wants a reader and a descriptor");
    int own = dup(fd);
    return own < 0 ? dk_fail_errno(dk_status_of_errno(errno), errno, "cannot read what the series write") : add_rows(reader, own, added);
}

docket_status docket_reader_add_realm(docket_reader *reader, docket_realm *realm, const char *tenant, uint64_t *added)
{
    struct dk_admin_request request = {.type = DK_ADMIN_SHAPES, .period = -1};
    struct dk_reply reply;
    int fd = -1;
    if (reader == NULL || realm == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_reader_add_realm wants a reader and a realm");
    docket_status status = tenant != NULL ? dk_name_check("tenant", tenant) : DOCKET_OK;
    if (status == DOCKET_OK && tenant != NULL)
        memcpy(request.tenant, tenant, strlen(tenant) + 1);
    if (status == DOCKET_OK)
        status = dk_errand_ask(realm, &request, -1, SHAPES_TIMEOUT_NS, &reply, &fd);
    return status == DOCKET_OK && fd >= 0 ? add_rows(reader, fd, added) : status;
}
