/* SPDX-License-Identifier: MIT */
/* links: base/status.c */
/* Statuses have a name, a sentence and a category; failures are whole sentences. */
#include "base/status.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { STATUS_COUNT = DOCKET_STORE_COPIED + 1 };

/* The same call may succeed later without anybody changing anything. */
static const docket_status retryable[] = {DOCKET_TIMEOUT,         DOCKET_BUSY,          DOCKET_UNREACHABLE,
                                          DOCKET_PERIOD_NOT_OPEN, DOCKET_SEATS_EXHAUSTED, DOCKET_LINES_EXHAUSTED,
                                          DOCKET_NO_MEMORY,       DOCKET_OVERLOADED,    DOCKET_GAVE_UP};

static void every_status_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int one = 0; one < STATUS_COUNT; one++) {
        const char *name = docket_status_name((docket_status)one);
        assert_non_null(name);
        assert_int_equal(strncmp(name, "DOCKET_", 7), 0);
        assert_string_not_equal(name, "DOCKET_UNKNOWN_STATUS");
        assert_int_equal(strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"), strlen(name));
        for (int other = 0; other < one; other++)
            assert_string_not_equal(name, docket_status_name((docket_status)other));
    }
    assert_string_equal(docket_status_name(DOCKET_OK), "DOCKET_OK");
    assert_string_equal(docket_status_name(DOCKET_FOREIGN_BLOCK), "DOCKET_FOREIGN_BLOCK");
    assert_string_equal(docket_status_name(DOCKET_SYSTEM), "DOCKET_SYSTEM");
}

static void every_status_has_a_sentence_of_its_own(void **state)
{
    (void)state;
    for (int one = 0; one < STATUS_COUNT; one++) {
        const char *text = docket_status_text((docket_status)one);
        assert_non_null(text);
        assert_true(strlen(text) >= 4);
        for (int other = 0; other < one; other++)
            assert_string_not_equal(text, docket_status_text((docket_status)other));
    }
}

static void every_status_has_a_category_with_a_name(void **state)
{
    (void)state;
    for (int one = 0; one < STATUS_COUNT; one++) {
        docket_category category = docket_status_category((docket_status)one);
        assert_in_range(category, DOCKET_CATEGORY_OK, DOCKET_CATEGORY_EXHAUSTED);
        assert_int_equal(category == DOCKET_CATEGORY_OK, one == DOCKET_OK);
    }
    for (int one = 0; one <= DOCKET_CATEGORY_EXHAUSTED; one++)
        for (int other = 0; other < one; other++)
            assert_string_not_equal(docket_category_name((docket_category)one),
                                    docket_category_name((docket_category)other));
}

static void the_retryable_statuses_are_these_and_no_others(void **state)
{
    (void)state;
    for (int one = 0; one < STATUS_COUNT; one++) {
        int wanted = 0;
        for (size_t i = 0; i < sizeof retryable / sizeof retryable[0]; i++)
            wanted |= retryable[i] == (docket_status)one;
        if (docket_status_retryable((docket_status)one) != wanted)
            fail_msg("%s", docket_status_name((docket_status)one));
    }
}

static void trying_again_is_only_advised_where_it_may_help(void **state)
{
    (void)state;
    for (int one = 0; one < STATUS_COUNT; one++) {
        docket_category category = docket_status_category((docket_status)one);
        if (category == DOCKET_CATEGORY_TRY_AGAIN)
            assert_int_equal(docket_status_retryable((docket_status)one), 1);
        if (category == DOCKET_CATEGORY_CALLER || category == DOCKET_CATEGORY_SAFETY)
            assert_int_equal(docket_status_retryable((docket_status)one), 0);
    }
}

static void unknown_values_are_answered_on_the_safe_side(void **state)
{
    static const int unknown[] = {STATUS_COUNT, 99, 1 << 20, -1, INT32_MIN, INT32_MAX};
    (void)state;
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        assert_string_equal(docket_status_name((docket_status)unknown[i]), "DOCKET_UNKNOWN_STATUS");
        assert_non_null(docket_status_text((docket_status)unknown[i]));
        assert_int_equal(docket_status_category((docket_status)unknown[i]), DOCKET_CATEGORY_SAFETY);
        assert_int_equal(docket_status_retryable((docket_status)unknown[i]), 0);
        assert_string_equal(docket_category_name((docket_category)(unknown[i] == 99 ? 6 : unknown[i])), "unknown");
    }
}

/* ---- the last error ---- */

static void a_failure_is_the_last_error_and_its_status(void **state)
{
    (void)state;
    assert_int_equal(dk_fail(DOCKET_BAD_NAME, "no %s of %d", "name", 7), DOCKET_BAD_NAME);
    assert_string_equal(docket_last_error(), "no name of 7");
    assert_string_equal(dk_error_text(), "no name of 7");
}

static void an_errno_is_told_behind_its_sentence(void **state)
{
    (void)state;
    assert_int_equal(dk_fail_errno(DOCKET_NO_SPACE, ENOSPC, "cannot write %s", "it"), DOCKET_NO_SPACE);
    assert_string_equal(docket_last_error(), "cannot write it: No space left on device");
}

static void each_layer_puts_its_sentence_in_front(void **state)
{
    (void)state;
    (void)dk_fail(DOCKET_DAMAGED, "the byte");
    assert_int_equal(dk_wrap(DOCKET_BAD_CONFIG, "line %d", 3), DOCKET_BAD_CONFIG);
    (void)dk_wrap(DOCKET_BAD_CONFIG, "the file");
    assert_string_equal(docket_last_error(), "the file: line 3: the byte");
}

static void a_sentence_that_is_too_long_is_cut(void **state)
{
    char filler[3 * DK_ERROR_BYTES];
    (void)state;
    memset(filler, 'x', sizeof filler);
    filler[sizeof filler - 1] = 0;
    (void)dk_fail(DOCKET_SYSTEM, "%s", filler);
    assert_int_equal(strlen(docket_last_error()), DK_ERROR_BYTES - 1);
    (void)dk_fail_errno(DOCKET_SYSTEM, EIO, "%s", filler);
    assert_int_equal(strlen(docket_last_error()), DK_ERROR_BYTES - 1);
    (void)dk_wrap(DOCKET_SYSTEM, "%.*s", DK_ERROR_BYTES - 5, filler);
    assert_int_equal(strlen(docket_last_error()), DK_ERROR_BYTES - 1);
    (void)dk_wrap(DOCKET_SYSTEM, "front");
    assert_int_equal(strncmp(docket_last_error(), "front: xxx", 10), 0);
}

static void *fail_elsewhere(void *seen)
{
    *(size_t *)seen = strlen(docket_last_error());
    (void)dk_fail(DOCKET_SYSTEM, "of another thread");
    return NULL;
}

static void each_thread_has_a_last_error_of_its_own(void **state)
{
    pthread_t thread;
    size_t before = 1;
    (void)state;
    (void)dk_fail(DOCKET_SYSTEM, "of this thread");
    assert_int_equal(pthread_create(&thread, NULL, fail_elsewhere, &before), 0);
    pthread_join(thread, NULL);
    assert_int_equal(before, 0); /* empty before the first failure */
    assert_string_equal(docket_last_error(), "of this thread");
}

static void an_errno_from_file_calls_has_its_status(void **state)
{
    (void)state;
    assert_int_equal(dk_status_of_errno(ENOSPC), DOCKET_NO_SPACE);
    assert_int_equal(dk_status_of_errno(EDQUOT), DOCKET_NO_SPACE);
    assert_int_equal(dk_status_of_errno(ENOMEM), DOCKET_NO_MEMORY);
    assert_int_equal(dk_status_of_errno(EMFILE), DOCKET_NO_MEMORY);
    assert_int_equal(dk_status_of_errno(ENFILE), DOCKET_NO_MEMORY);
    assert_int_equal(dk_status_of_errno(EACCES), DOCKET_NOT_PERMITTED);
    assert_int_equal(dk_status_of_errno(EPERM), DOCKET_NOT_PERMITTED);
    assert_int_equal(dk_status_of_errno(EIO), DOCKET_SYSTEM);
    assert_int_equal(dk_status_of_errno(0), DOCKET_SYSTEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_a_name_of_its_own),
        cmocka_unit_test(every_status_has_a_sentence_of_its_own),
        cmocka_unit_test(every_status_has_a_category_with_a_name),
        cmocka_unit_test(the_retryable_statuses_are_these_and_no_others),
        cmocka_unit_test(trying_again_is_only_advised_where_it_may_help),
        cmocka_unit_test(unknown_values_are_answered_on_the_safe_side),
        cmocka_unit_test(a_failure_is_the_last_error_and_its_status),
        cmocka_unit_test(an_errno_is_told_behind_its_sentence),
        cmocka_unit_test(each_layer_puts_its_sentence_in_front),
        cmocka_unit_test(a_sentence_that_is_too_long_is_cut),
        cmocka_unit_test(each_thread_has_a_last_error_of_its_own),
        cmocka_unit_test(an_errno_from_file_calls_has_its_status),
    };
    return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
