/* SPDX-License-Identifier: MIT */
/* links: base/status.c table/doorbell.c */
/* libs: pthread */
/* Futex words in shared files: who waits is woken, also on a read-only mapping and in another process. */
#include "table/doorbell.h"

#include "base/clock.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* A waiter that nobody wakes would sleep so long; the alarm then ends the test. */
#define FOR_EVER_NS (600 * DK_SECOND_NS)
enum { PATIENCE_S = 60, WAITERS = 3, PAGE = 4096 };

static dk_word32 *writable;
static const dk_word32 *readable;

static int map_twice(void **state)
{
    (void)state;
    int fd = memfd_create("bell", MFD_CLOEXEC);
    assert_int_equal(ftruncate(fd, PAGE), 0);
    writable = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    readable = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    assert_true((void *)writable != MAP_FAILED && (const void *)readable != MAP_FAILED);
    close(fd);
    alarm(PATIENCE_S);
    return 0;
}

static int unmap_both(void **state)
{
    (void)state;
    alarm(0);
    munmap(writable, PAGE);
    munmap((void *)(uintptr_t)readable, PAGE);
    return 0;
}

/* Waits for the word to leave 0, as docketd and workers do: look, wait, look. */
static void wait_for_change(const dk_word32 *word)
{
    while (dk_load32_acquire(word) == 0)
        dk_doorbell_wait(word, 0, FOR_EVER_NS);
}

static void *wait_on_readable(void *unused)
{
    wait_for_change(readable);
    return unused;
}

static void let_them_sleep(void)
{
    usleep(50000);
}

static void a_waiter_on_a_read_only_mapping_is_woken_by_an_announcement(void **state)
{
    pthread_t waiter;
    (void)state;
    assert_int_equal(pthread_create(&waiter, NULL, wait_on_readable, NULL), 0);
    let_them_sleep();
    dk_doorbell_announce(writable);
    pthread_join(waiter, NULL);
    assert_int_equal(dk_load32_relaxed(writable), 1);
}

static void an_announcement_wakes_all_who_wait(void **state)
{
    pthread_t waiters[WAITERS];
    (void)state;
    for (int i = 0; i < WAITERS; i++)
        assert_int_equal(pthread_create(&waiters[i], NULL, wait_on_readable, NULL), 0);
    let_them_sleep();
    dk_doorbell_announce(writable);
    for (int i = 0; i < WAITERS; i++)
        pthread_join(waiters[i], NULL);
}

static void a_ring_adds_one_and_wakes_who_waits(void **state)
{
    pthread_t waiter;
    (void)state;
    assert_int_equal(pthread_create(&waiter, NULL, wait_on_readable, NULL), 0);
    let_them_sleep();
    dk_doorbell_ring(writable);
    pthread_join(waiter, NULL);
    assert_int_equal(dk_load32_relaxed(writable), 1);
    dk_doorbell_ring(writable);
    assert_int_equal(dk_load32_relaxed(writable), 2);
}

static void a_waiter_in_another_process_is_woken(void **state)
{
    int ended;
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        alarm(PATIENCE_S);
        wait_for_change(readable);
        _exit(0);
    }
    let_them_sleep();
    dk_doorbell_ring(writable);
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_true(WIFEXITED(ended));
}

static void a_word_that_has_changed_already_is_not_waited_for(void **state)
{
    (void)state;
    dk_doorbell_announce(writable);
    dk_doorbell_wait(readable, 0, FOR_EVER_NS); /* the alarm ends us if it sleeps */
}

static void a_wait_that_nobody_ends_is_over_in_its_time(void **state)
{
    (void)state;
    int64_t before_ns = dk_clock_monotonic_ns();
    dk_doorbell_wait(readable, 0, 30 * DK_MILLISECOND_NS);
    assert_true(dk_clock_monotonic_ns() - before_ns >= 29 * DK_MILLISECOND_NS);
    dk_doorbell_wait(readable, 0, 0);
    dk_doorbell_wait(readable, 0, -1); /* a deadline that has passed meanwhile */
    dk_doorbell_wait(readable, 0, -5 * DK_SECOND_NS - 1);
}

static void hear_signal(int number)
{
    (void)number;
}

static void a_signal_ends_a_wait_early(void **state)
{
    struct sigaction action = {.sa_handler = hear_signal}, before;
    (void)state;
    alarm(0);
    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    alarm(1);
    dk_doorbell_wait(readable, 0, FOR_EVER_NS); /* would outlast the test's patience */
    sigaction(SIGALRM, &before, NULL);
}

#define AT_A_BELL(name) cmocka_unit_test_setup_teardown(name, map_twice, unmap_both)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AT_A_BELL(a_waiter_on_a_read_only_mapping_is_woken_by_an_announcement),
        AT_A_BELL(an_announcement_wakes_all_who_wait),
        AT_A_BELL(a_ring_adds_one_and_wakes_who_waits),
        AT_A_BELL(a_waiter_in_another_process_is_woken),
        AT_A_BELL(a_word_that_has_changed_already_is_not_waited_for),
        AT_A_BELL(a_wait_that_nobody_ends_is_over_in_its_time),
        AT_A_BELL(a_signal_ends_a_wait_early),
    };
    return cmocka_run_group_tests_name("doorbell", tests, NULL, NULL);
}
