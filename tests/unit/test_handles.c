/* SPDX-License-Identifier: MIT */
/* links: client/handles.c base/status.c */
/*
 * The map from (tenant, series) to the handle: what is found, what is bounded,
 * and that whoever looks while others add never misses what was there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "client/inside.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct dk_handles handles;
static pthread_mutex_t lock; /* what live->lock is to a realm */

static int begin(void **state)
{
    (void)state;
    memset(&handles, 0, sizeof handles);
    return 0;
}

static int end(void **state)
{
    (void)state;
    dk_handles_free(&handles);
    return 0;
}

static struct docket_series *find(const char *tenant, const char *name)
{
    struct dk_key key;
    return dk_key_make(&key, tenant, name) ? dk_handles_find(&handles, &key) : NULL;
}

static docket_status add(const char *tenant, const char *name, struct docket_series **kept)
{
    struct docket_series *made = calloc(1, sizeof *made);
    snprintf(made->tenant, sizeof made->tenant, "%s", tenant);
    snprintf(made->name, sizeof made->name, "%s", name);
    pthread_mutex_lock(&lock);
    docket_status status = dk_handles_add(&handles, made, kept);
    pthread_mutex_unlock(&lock);
    if (status != DOCKET_OK || *kept != made)
        free(made);
    return status;
}

static struct docket_series *must_add(const char *tenant, const char *name)
{
    struct docket_series *kept = NULL;
    assert_int_equal(add(tenant, name, &kept), DOCKET_OK);
    return kept;
}

static void nothing_added_nothing_found(void **state)
{
    (void)state;
    assert_null(find("acme", "INV"));
    assert_null(find("", ""));
}

static void what_is_added_is_found(void **state)
{
    (void)state;
    struct docket_series *made = must_add("acme", "INV");
    assert_ptr_equal(find("acme", "INV"), made);
    assert_string_equal(made->tenant, "acme");
    assert_null(find("acme", "inv"));
}

static void names_that_read_alike_together_are_told_apart(void **state)
{
    (void)state;
    struct docket_series *one = must_add("ab", "c"), *two = must_add("a", "bc"), *three = must_add("c", "ab");
    assert_ptr_equal(find("ab", "c"), one);
    assert_ptr_equal(find("a", "bc"), two);
    assert_ptr_equal(find("c", "ab"), three);
    assert_null(find("a", "b"));
    assert_null(find("abc", ""));
    assert_null(find("a", "bcd"));
}

static void a_key_with_the_hash_of_another_is_told_apart(void **state)
{
    (void)state;
    static const char *const others[][2] = {{"acme", "INX"}, {"acmX", "INV"}, {"acme", "IN"}, {"acm", "INV"},
                                            {"acme", "INVX"}, {"acmeX", "INV"}, {"", ""}};
    struct dk_key key, other;
    struct docket_series *made = must_add("acme", "INV");
    assert_true(dk_key_make(&key, "acme", "INV"));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_true(dk_key_make(&other, others[i][0], others[i][1]));
        other.hash = key.hash;
        assert_null(dk_handles_find(&handles, &other));
    }
    assert_ptr_equal(dk_handles_find(&handles, &key), made);
}

static void the_longest_names_are_found_and_longer_ones_are_no_key(void **state)
{
    (void)state;
    char longest[DOCKET_NAME_MAX + 2];
    struct dk_key key;
    memset(longest, 'x', sizeof longest);
    longest[DOCKET_NAME_MAX] = 0;
    struct docket_series *made = must_add(longest, longest);
    assert_ptr_equal(find(longest, longest), made);
    longest[DOCKET_NAME_MAX] = 'x';
    longest[DOCKET_NAME_MAX + 1] = 0;
    assert_false(dk_key_make(&key, longest, "INV"));
    assert_false(dk_key_make(&key, "acme", longest));
}

static void the_same_series_twice_is_one_handle(void **state)
{
    (void)state;
    struct docket_series *made = must_add("acme", "INV");
    assert_ptr_equal(must_add("acme", "INV"), made);
    assert_int_equal(handles.count, 1);
}

static void at_the_bound_new_ones_are_refused_and_the_others_go_on(void **state)
{
    (void)state;
    char name[16];
    struct docket_series *made[3], *kept = NULL;
    handles.most = 3;
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "S%d", i);
        made[i] = must_add("acme", name);
    }
    assert_int_equal(add("acme", "S3", &kept), DOCKET_REALM_FULL);
    assert_non_null(strstr(dk_error_text(), "acme/S3"));
    assert_null(kept);
    assert_null(find("acme", "S3"));
    assert_ptr_equal(must_add("acme", "S1"), made[1]);
    handles.most = 4;
    must_add("acme", "S3");
    assert_int_equal(handles.count, 4);
}

/* Against a model that is nothing but an array. */
static void many_names_in_any_order_are_found_and_no_others(void **state)
{
    (void)state;
    enum { NAMES = 3000, STEPS = 40000 };
    struct docket_series **model = calloc(NAMES, sizeof(struct docket_series *));
    unsigned seed = 7, count = 0;
    for (int step = 0; step < STEPS; step++) {
        char tenant[16], name[16];
        int at = rand_r(&seed) % NAMES;
        snprintf(tenant, sizeof tenant, "t%d", at % 50);
        snprintf(name, sizeof name, "S%d", at / 50);
        assert_ptr_equal(find(tenant, name), model[at]);
        if (rand_r(&seed) % 4 != 0)
            continue;
        struct docket_series *kept = must_add(tenant, name);
        assert_true(model[at] == NULL || model[at] == kept);
        count += model[at] == NULL;
        model[at] = kept;
    }
    assert_int_equal(handles.count, count);
    assert_true(count > NAMES / 2);
    free(model);
}

/* ---- threads ---- */

enum { ADDERS = 2, LOOKERS = 2, EACH = 2000, ROUNDS = 12, FORKS = 40, EACH_FORK = 1500 };

static unsigned each;
static _Atomic unsigned allowed; /* an adder waits here until the next fork begins */
static _Atomic unsigned ready[ADDERS]; /* names of an adder that must be found from now on */
static _Atomic unsigned missed, mistaken;

static void name_of(int adder, unsigned at, char name[24])
{
    snprintf(name, 24, "S%d.%u", adder, at);
}

/* Two threads add their own names, and each also those of the other. */
static void *adds(void *context)
{
    int adder = (int)(intptr_t)context;
    char name[24];
    struct docket_series *kept;
    for (unsigned at = 0; at < each; at++) {
        while (at >= allowed)
            sched_yield();
        name_of(adder, at, name);
        if (add("acme", name, &kept) != DOCKET_OK || strcmp(kept->name, name) != 0)
            mistaken++;
        ready[adder] = at + 1;
        name_of(1 - adder, at, name);
        if (add("acme", name, &kept) != DOCKET_OK)
            mistaken++;
    }
    return NULL;
}

static void *looks(void *context)
{
    unsigned seed = (unsigned)(uintptr_t)context + 1;
    char name[24];
    while (ready[0] < EACH || ready[1] < EACH) {
        int adder = rand_r(&seed) % ADDERS;
        unsigned known = ready[adder];
        unsigned at = (unsigned)rand_r(&seed) % EACH;
        name_of(adder, at, name);
        const struct docket_series *found = find("acme", name);
        if (found == NULL ? at < known : strcmp(found->name, name) != 0)
            missed++;
    }
    return NULL;
}

static void start(pthread_t *thread, void *(*run)(void *), intptr_t at)
{
    assert_int_equal(pthread_create(thread, NULL, run, (void *)at), 0);
}

static void look_while_adding(void)
{
    pthread_t adders[ADDERS], lookers[LOOKERS];
    ready[0] = ready[1] = missed = mistaken = 0;
    each = EACH;
    allowed = EACH;
    for (int i = 0; i < LOOKERS; i++)
        start(&lookers[i], looks, i);
    for (int i = 0; i < ADDERS; i++)
        start(&adders[i], adds, i);
    for (int i = 0; i < ADDERS; i++)
        pthread_join(adders[i], NULL);
    for (int i = 0; i < LOOKERS; i++)
        pthread_join(lookers[i], NULL);
    assert_int_equal(missed, 0);
    assert_int_equal(mistaken, 0);
    assert_int_equal(handles.count, ADDERS * EACH);
}

/* Growth is where one could miss: a table grows nine times in each round. */
static void threads_that_look_never_miss_what_others_added(void **state)
{
    for (int round = 0; round < ROUNDS; round++) {
        look_while_adding();
        end(state);
    }
}

/* ASan's malloc may stay locked in a forked child for ever; the C library's may not. */
#if defined(__SANITIZE_ADDRESS__)
#define CHILD_MAY_ALLOCATE 0
#elif defined(__has_feature)
#define CHILD_MAY_ALLOCATE (!__has_feature(address_sanitizer))
#else
#define CHILD_MAY_ALLOCATE 1
#endif

/* In the child: all that was there before the fork is found, and more can be added. */
static int look_in_child(unsigned known)
{
    char name[24];
    for (unsigned at = 0; at < known; at++) {
        name_of(0, at, name);
        if (find("acme", name) == NULL)
            return 1;
    }
    struct docket_series *kept;
    memset(&lock, 0, sizeof lock); /* a realm's lies in a page that the kernel wipes */
    for (unsigned at = 0; at < 100 && CHILD_MAY_ALLOCATE; at++) {
        name_of(2, at, name);
        if (add("acme", name, &kept) != DOCKET_OK || find("acme", name) != kept)
            return 2;
    }
    return 0;
}

static void a_child_forked_while_threads_add_finds_all_that_was_there(void **state)
{
    (void)state;
    pthread_t adders[ADDERS];
    int code;
    ready[0] = ready[1] = mistaken = 0;
    each = FORKS * EACH_FORK;
    allowed = 0;
    for (int i = 0; i < ADDERS; i++)
        start(&adders[i], adds, i);
    for (int forks = 0; forks < FORKS; forks++) {
        unsigned known = ready[0];
        allowed += EACH_FORK; /* now they add */
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            alarm(20); /* a hang ends the child, and the test sees it */
            _exit(look_in_child(known));
        }
        assert_int_equal(waitpid(pid, &code, 0), pid);
        assert_int_equal(code, 0);
    }
    for (int i = 0; i < ADDERS; i++)
        pthread_join(adders[i], NULL);
    assert_int_equal(mistaken, 0);
}

#define IN_A_MAP(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_MAP(nothing_added_nothing_found),
        IN_A_MAP(what_is_added_is_found),
        IN_A_MAP(names_that_read_alike_together_are_told_apart),
        IN_A_MAP(a_key_with_the_hash_of_another_is_told_apart),
        IN_A_MAP(the_longest_names_are_found_and_longer_ones_are_no_key),
        IN_A_MAP(the_same_series_twice_is_one_handle),
        IN_A_MAP(at_the_bound_new_ones_are_refused_and_the_others_go_on),
        IN_A_MAP(many_names_in_any_order_are_found_and_no_others),
        IN_A_MAP(threads_that_look_never_miss_what_others_added),
        IN_A_MAP(a_child_forked_while_threads_add_finds_all_that_was_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
