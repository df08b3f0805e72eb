/* SPDX-License-Identifier: MIT */
/* links: base/status.c numbering/template.c */
/*
 * docs/TEMPLATES.md: every text of its tables is what the template writes under a
 * policy that is accepted, every refusal says what it says there, every token is
 * explained, and its list of shapes is tests/unit/shapes.h. Runs in the tree's top
 * folder.
 */
#include "numbering/policy.h"

#include "shapes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LINE_BYTES = 512, CELLS = 4, DATE = 20261124, NUMBER = 42 };

static FILE *page;

static int open_page(void **state)
{
    (void)state;
    page = fopen("docs/TEMPLATES.md", "r");
    return page == NULL ? -1 : 0;
}

static int close_page(void **state)
{
    (void)state;
    fclose(page);
    return 0;
}

static bool next_line(char line[LINE_BYTES])
{
    if (fgets(line, LINE_BYTES, page) == NULL)
        return false;
    assert_non_null(strchr(line, '\n')); /* longer than we read */
    line[strcspn(line, "\n")] = 0;
    return true;
}

/* The cells of "| a | b |", without the blanks around them; returns how many. */
static int split(const char *line, char cells[CELLS][LINE_BYTES])
{
    int count = 0;
    for (const char *at = line, *end; *at == '|' && (end = strchr(at + 1, '|')) != NULL; at = end) {
        const char *from = at + 1, *to = end;
        while (from < to && *from == ' ')
            from++;
        while (to > from && to[-1] == ' ')
            to--;
        if (count < CELLS)
            snprintf(cells[count], LINE_BYTES, "%.*s", (int)(to - from), from);
        count++;
    }
    return count;
}

/* The next `words` of a cell; false: no more. */
static bool next_code(char **at, char code[LINE_BYTES])
{
    char *from = strchr(*at, '`'), *to = from != NULL ? strchr(from + 1, '`') : NULL;
    if (to == NULL)
        return false;
    snprintf(code, LINE_BYTES, "%.*s", (int)(to - from - 1), from + 1);
    *at = to + 1;
    return true;
}

static bool next_example(char cells[CELLS][LINE_BYTES])
{
    char line[LINE_BYTES];
    while (next_line(line))
        if (split(line, cells) == CELLS && strncmp(cells[1], "`", 1) == 0)
            return true;
    return false;
}

static void apply(struct dk_policy *policy, char *settings)
{
    char setting[LINE_BYTES];
    while (next_code(&settings, setting)) {
        char *value = strchr(setting, '=');
        assert_non_null(value);
        *value++ = 0;
        if (dk_policy_set(policy, setting, value) != DOCKET_OK)
            fail_msg("%s=%s: %s", setting, value, dk_error_text());
    }
}

static void each_text_is_what_the_template_writes(void **state)
{
    (void)state;
    char cells[CELLS][LINE_BYTES];
    int count = 0;
    for (; next_example(cells); count++) {
        struct dk_policy policy;
        struct dk_template resolved;
        struct dk_rendered rendered;
        struct dk_read_text read;
        char template[LINE_BYTES], wanted[LINE_BYTES], text[DOCKET_TEXT_MAX], *at = cells[1];
        assert_true(next_code(&at, template));
        at = cells[3];
        assert_true(next_code(&at, wanted));
        dk_policy_default(&policy);
        if (dk_policy_set(&policy, "template", template) != DOCKET_OK)
            fail_msg("%s: %s", template, dk_error_text());
        apply(&policy, cells[2]);
        if (dk_policy_check(&policy, "acme", "INV", &resolved) != DOCKET_OK)
            fail_msg("%s: %s", template, dk_error_text());
        dk_template_render(&resolved, "INV", DATE, &rendered);
        size_t length = dk_rendered_write(&rendered, NUMBER, text);
        if (strcmp(text, wanted) != 0)
            fail_msg("%s writes %s, the page says %s", template, text, wanted);
        assert_true(dk_template_read(&resolved, "INV", text, length, &read) && read.number == NUMBER);
    }
    assert_in_range(count, 90, 1000);
}

static void its_shapes_are_those_that_are_proven(void **state)
{
    (void)state;
    char cells[CELLS][LINE_BYTES], line[LINE_BYTES];
    while (next_line(line) && strcmp(line, "## Shapes that people use") != 0) {}
    for (size_t i = 0; i < USED_SHAPES; i++) {
        const struct used_shape *shape = &used_shapes[i];
        char code[LINE_BYTES], settings[LINE_BYTES] = "", *at;
        if (!next_example(cells))
            fail_msg("the page has only %zu of %d shapes", i, (int)USED_SHAPES);
        assert_string_equal(cells[0], shape->what);
        assert_true(next_code((at = cells[1], &at), code));
        assert_string_equal(code, shape->template_text);
        assert_true(next_code((at = cells[3], &at), code));
        assert_string_equal(code, shape->text);
        snprintf(settings, sizeof settings, "%s%s%s%s%s%s%s%s", strcmp(shape->restart, "yearly") ? "restart=" : "",
                 strcmp(shape->restart, "yearly") ? shape->restart : "",
                 strcmp(shape->fiscal, "january") ? "fiscal-year=" : "",
                 strcmp(shape->fiscal, "january") ? shape->fiscal : "", shape->prefix[0] ? "prefix=" : "", shape->prefix,
                 shape->fields[0] ? "fields=" : "", shape->fields);
        char said[LINE_BYTES] = "";
        for (at = cells[2]; next_code(&at, code);)
            strncat(said, code, sizeof said - strlen(said) - 1);
        assert_string_equal(said, settings);
    }
    assert_false(next_example(cells));
}

static void each_refusal_says_what_the_page_says(void **state)
{
    (void)state;
    char sentence[LINE_BYTES], template[LINE_BYTES], caret[LINE_BYTES], wanted[3 * LINE_BYTES];
    int count = 0;
    while (next_line(sentence) && strcmp(sentence, "```refused") != 0) {}
    for (; next_line(sentence) && strcmp(sentence, "```") != 0; count++) {
        const struct dk_texts plain = {"acme", "", ""};
        const struct dk_fiscal january = {0};
        struct dk_template made;
        assert_true(next_line(template) && next_line(caret));
        docket_status status = dk_template_parse(template + 2, &made);
        if (status == DOCKET_OK)
            status = dk_template_resolve(&made, &plain, &january, &made);
        assert_int_equal(status, DOCKET_BAD_POLICY);
        snprintf(wanted, sizeof wanted, "%s\n%s\n%s", sentence, template, caret);
        assert_string_equal(dk_error_text(), wanted);
    }
    assert_in_range(count, 10, 100);
}

static void each_token_is_in_an_example(void **state)
{
    (void)state;
    static const char *const tokens[] = {"{SERIES}", "{TENANT}", "{PREFIX}", "{FIELD:", "{YYYY}", "{YY}", "{MM}", "{DD}",
                                         "{Q}", "{DDD}", "{GGGG}", "{GG}", "{WW}", "{FY:2025-26}", "{FY:25-26}",
                                         "{FY:2526}", "{FY:2025-2026}", "{FY:20252026}", "{FY:2025}", "{FY:25}",
                                         "{FY:2026}", "{FY:26}", "{N}", "{N:", "{N36:", "{LUHN}", "{MOD97}", "{MOD1110}",
                                         "{SWISS}", "{FINNISH}"};
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        char cells[CELLS][LINE_BYTES];
        bool found = false;
        rewind(page);
        while (!found && next_example(cells))
            found = strstr(cells[1], tokens[i]) != NULL;
        if (!found)
            fail_msg("no example of %s", tokens[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_text_is_what_the_template_writes, open_page, close_page),
        cmocka_unit_test_setup_teardown(its_shapes_are_those_that_are_proven, open_page, close_page),
        cmocka_unit_test_setup_teardown(each_refusal_says_what_the_page_says, open_page, close_page),
        cmocka_unit_test_setup_teardown(each_token_is_in_an_example, open_page, close_page),
    };
    return cmocka_run_group_tests_name("templates_doc", tests, NULL, NULL);
}
