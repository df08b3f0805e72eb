/* SPDX-License-Identifier: MIT */
/* links: ../tools/legacy/csv.c */
/* Comma-separated values: what RFC 4180 has, what people's files have beside it, and what is an error with its line. */
#include "../../tools/legacy/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static int file_of(const char *bytes, size_t size)
{
    int fd = memfd_create("csv", MFD_CLOEXEC);
    assert_true(fd >= 0 && write(fd, bytes, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0);
    return fd;
}

/* All of it as one text: line:[cell][cell] ..., or what is wrong at its end. */
static const char *told_by(char delimiter, const char *bytes, size_t size)
{
    static char text[4096];
    struct csv *csv = malloc(sizeof *csv);
    int fd = file_of(bytes, size), got;
    size_t used = 0;
    assert_true(csv != NULL && csv_open(csv, fd, delimiter));
    text[0] = '\0';
    while ((got = csv_next(csv)) == 1) {
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%llu:", used > 0 ? " " : "", (unsigned long long)csv->line);
        for (size_t i = 0; i < csv->count; i++)
            used += (size_t)snprintf(text + used, sizeof text - used, "[%.*s]", (int)csv->cells[i].bytes, csv->cells[i].text);
    }
    if (got < 0)
        snprintf(text + used, sizeof text - used, "%s! %s", used > 0 ? " " : "", csv->error);
    csv_close(csv);
    free(csv);
    close(fd);
    return text;
}

static const char *told(const char *text)
{
    return told_by('\0', text, strlen(text));
}

static void lines_end_with_lf_crlf_or_the_file(void **state)
{
    (void)state;
    assert_string_equal(told("a,b\n1,2\r\n3,4"), "1:[a][b] 2:[1][2] 3:[3][4]");
    assert_string_equal(told("a,b\r\n1,\r\n,2\r"), "1:[a][b] 2:[1][] 3:[][2]");
    assert_string_equal(told(""), "");
    assert_string_equal(told("a"), "1:[a]");
    assert_string_equal(told("\xef\xbb\xbf" "a,b\n1,2\n"), "1:[a][b] 2:[1][2]");
}

static void quotes_hold_delimiters_ends_of_lines_and_quotes(void **state)
{
    (void)state;
    assert_string_equal(told("\"a\",\"b,c\"\n\"x\"\"y\",\"1\n2\r\n3\"\n4,5\n"), "1:[a][b,c] 2:[x\"y][1\n2\r\n3] 5:[4][5]");
    assert_string_equal(told("\"\"\"\",\"\"\n\"\"\"a\"\"\",b\n"), "1:[\"][] 2:[\"a\"][b]");
}

static void empty_lines_are_left_out_and_counted(void **state)
{
    (void)state;
    assert_string_equal(told("\n\na,b\n\n1,2\n\r\n\n3,4\n\n"), "3:[a][b] 5:[1][2] 8:[3][4]");
    assert_string_equal(told("a\n\"\"\n\nb\n"), "1:[a] 2:[] 4:[b]");
}

static void the_delimiter_is_found_out_from_the_first_line_or_said(void **state)
{
    (void)state;
    assert_string_equal(told("a;b;c\n1;2,5;3\n"), "1:[a][b][c] 2:[1][2,5][3]");
    assert_string_equal(told("a\tb\n1\t2\n"), "1:[a][b] 2:[1][2]");
    assert_string_equal(told("\"a;;;;\",b\n1,2\n"), "1:[a;;;;][b] 2:[1][2]");
    assert_string_equal(told_by('|', "a|b\n1|2,3\n", 10), "1:[a][b] 2:[1][2,3]");
}

static void what_is_not_well_formed_is_an_error_with_its_line(void **state)
{
    (void)state;
    assert_non_null(strstr(told("a,b\n1,2\n3\n"), "! line 3: 1 fields, where the first line has 2"));
    assert_non_null(strstr(told("a,b\n1,2\n3,4,5\n"), "! line 3: 3 fields"));
    assert_non_null(strstr(told("a,b\n1,x\"y\n"), "! line 2: a quote in a field"));
    assert_non_null(strstr(told("a,b\n\"1\" ,2\n"), "! line 2: text behind"));
    assert_non_null(strstr(told("a,b\n1,2\n\"3,4\n5,6\n"), "! line 3: a quote is opened there"));
    assert_non_null(strstr(told("a,b\n1\r2,3\n"), "! line 2: a carriage return"));
    assert_non_null(strstr(told_by('\0', "\xff\xfe" "a\0,\0", 6), "! line 1: this is UTF-16"));
}

static void a_record_that_never_ends_is_an_error_and_no_memory(void **state)
{
    (void)state;
    size_t size = 3 * CSV_RECORD_MAX;
    char *bytes = malloc(size);
    assert_non_null(bytes);
    memset(bytes, 'x', size);
    memcpy(bytes, "a,b\n1,\"", 7);
    assert_non_null(strstr(told_by('\0', bytes, size), "! line 2: a record of more than"));
    free(bytes);
}

/* Every cell of a file much longer than the buffer, written with and without quotes, comes back. */
static void records_that_cross_the_buffers_edge_come_back_whole(void **state)
{
    (void)state;
    enum { ROWS = 60000 };
    struct csv *csv = malloc(sizeof *csv);
    char *bytes = malloc(ROWS * 128), expected[160];
    size_t used = 0;
    assert_true(csv != NULL && bytes != NULL);
    for (unsigned row = 0; row < ROWS; row++)
        used += (size_t)sprintf(bytes + used, row % 3 == 0 ? "%u,\"%u\"\"\n%.*s\",z\r\n" : "%u,%u--%.*s,z\n", row, row * 7,
                                (int)(row % 61), "-------------------------------------------------------------------");
    int fd = file_of(bytes, used);
    assert_true(csv_open(csv, fd, ','));
    for (unsigned row = 0; row < ROWS; row++) {
        assert_int_equal(csv_next(csv), 1);
        int length = snprintf(expected, sizeof expected, row % 3 == 0 ? "%u\"\n%.*s" : "%u--%.*s", row * 7, (int)(row % 61),
                              "-------------------------------------------------------------------");
        assert_int_equal(csv->count, 3);
        assert_int_equal(csv->cells[1].bytes, length);
        assert_memory_equal(csv->cells[1].text, expected, (size_t)length);
        assert_int_equal(strtoul(csv->cells[0].text, NULL, 10), row);
    }
    assert_int_equal(csv_next(csv), 0);
    csv_close(csv);
    close(fd);
    free(bytes);
    free(csv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_end_with_lf_crlf_or_the_file),
        cmocka_unit_test(quotes_hold_delimiters_ends_of_lines_and_quotes),
        cmocka_unit_test(empty_lines_are_left_out_and_counted),
        cmocka_unit_test(the_delimiter_is_found_out_from_the_first_line_or_said),
        cmocka_unit_test(what_is_not_well_formed_is_an_error_with_its_line),
        cmocka_unit_test(a_record_that_never_ends_is_an_error_and_no_memory),
        cmocka_unit_test(records_that_cross_the_buffers_edge_come_back_whole),
    };
    return cmocka_run_group_tests_name("csv", tests, NULL, NULL);
}
