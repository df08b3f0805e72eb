/* SPDX-License-Identifier: MIT */
/* links: base/status.c table/place.c */
/* libs: pthread */
/* Where a block lies and whose it is: each operation from each state, and a claim that races a re-lay. */
#include "table/place.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { SEAT = 4095, LINE = 65535, LEASE = 40000, SERIAL = 9, SEQ = 7 };

static dk_word claim;
static struct shared_board_place place;
static const struct dk_laid block = {.seq = SEQ, .first = 5000, .size = 100, .serial = SERIAL};

static bool claim_for(uint32_t serial, uint32_t size_min, struct dk_laid *laid)
{
    return dk_place_claim(&claim, &place, serial, size_min, SEAT, LINE, LEASE, laid);
}

/* The place holds `block`, and its claim word says `word`. */
static void stand(uint64_t word)
{
    dk_place_write(&place, &block);
    dk_store_relaxed(&claim, word);
}

static uint64_t word_in(enum dk_claim_state state)
{
    return state == DK_OWNED ? dk_claim_pack_owned(1, 2, 3, SEQ) : dk_claim_pack(state, SEQ);
}

/* ---- the word ---- */

static void a_packed_word_comes_back_whole(void **state)
{
    (void)state;
    struct dk_claim owned = dk_claim_unpack(dk_claim_pack_owned(SEAT, LINE, LEASE, DK_SEQ_LOW_MASK));
    assert_int_equal(owned.state, DK_OWNED);
    assert_int_equal(owned.seat, SEAT);
    assert_int_equal(owned.line, LINE);
    assert_int_equal(owned.lease, LEASE);
    assert_int_equal(owned.seq, DK_SEQ_LOW_MASK);
    for (int kind = DK_EMPTY; kind <= DK_TAKEN; kind++) {
        struct dk_claim plain = dk_claim_unpack(dk_claim_pack((enum dk_claim_state)kind, DK_SEQ_MASK));
        assert_int_equal(plain.state, kind);
        assert_int_equal(plain.seq, kind == DK_OWNED ? DK_SEQ_LOW_MASK : DK_SEQ_MASK);
    }
}

static void an_owned_word_keeps_its_parts_apart(void **state)
{
    (void)state;
    struct dk_claim seat = dk_claim_unpack(dk_claim_pack_owned(UINT32_MAX, 0, 0, 0));
    struct dk_claim line = dk_claim_unpack(dk_claim_pack_owned(0, UINT32_MAX, 0, 0));
    struct dk_claim lease = dk_claim_unpack(dk_claim_pack_owned(0, 0, 65535, 0));
    struct dk_claim seq = dk_claim_unpack(dk_claim_pack_owned(0, 0, 0, UINT64_MAX));
    assert_true(seat.seat == 4095 && seat.line == 0 && seat.lease == 0 && seat.seq == 0);
    assert_true(line.seat == 0 && line.line == 65535 && line.lease == 0 && line.seq == 0);
    assert_true(lease.seat == 0 && lease.line == 0 && lease.lease == 65535 && lease.seq == 0);
    assert_true(seq.seat == 0 && seq.line == 0 && seq.lease == 0 && seq.seq == DK_SEQ_LOW_MASK);
}

static void a_written_place_is_read_back_whole(void **state)
{
    const struct dk_laid large = {DK_SEQ_MASK, DOCKET_NUMBER_MAX, UINT32_MAX, UINT32_MAX};
    (void)state;
    dk_place_write(&place, &large);
    struct dk_laid read = dk_place_read(&place);
    assert_memory_equal(&read, &large, sizeof read);
}

/* ---- each operation from each state ---- */

static void a_claim_succeeds_from_free_only(void **state)
{
    (void)state;
    for (int from = DK_EMPTY; from <= DK_TAKEN; from++) {
        struct dk_laid laid = {.seq = 1, .first = 2, .size = 3, .serial = 4};
        const struct dk_laid before = laid;
        stand(word_in((enum dk_claim_state)from));
        assert_int_equal(claim_for(SERIAL, 1, &laid), from == DK_FREE);
        assert_memory_equal(&laid, from == DK_FREE ? &block : &before, sizeof laid);
        assert_int_equal(dk_load_relaxed(&claim), from == DK_FREE ? dk_claim_pack_owned(SEAT, LINE, LEASE, SEQ)
                                                                  : word_in((enum dk_claim_state)from));
    }
}

static void a_lay_succeeds_from_empty_only(void **state)
{
    (void)state;
    for (int from = DK_EMPTY; from <= DK_TAKEN; from++) {
        stand(word_in((enum dk_claim_state)from));
        assert_int_equal(dk_place_lay(&claim, SEQ + 1), from == DK_EMPTY);
        assert_int_equal(dk_load_relaxed(&claim),
                         from == DK_EMPTY ? dk_claim_pack(DK_FREE, SEQ + 1) : word_in((enum dk_claim_state)from));
    }
}

static void a_block_id_is_laid_once_and_never_again(void **state)
{
    (void)state;
    stand(dk_claim_pack(DK_EMPTY, SEQ));
    assert_false(dk_place_lay(&claim, SEQ));
    assert_false(dk_place_lay(&claim, SEQ - 1));
    assert_false(dk_place_lay(&claim, 0));
    assert_int_equal(dk_load_relaxed(&claim), dk_claim_pack(DK_EMPTY, SEQ));
    assert_true(dk_place_lay(&claim, SEQ + 3));
    assert_int_equal(dk_load_relaxed(&claim), dk_claim_pack(DK_FREE, SEQ + 3));
}

static void taking_back_succeeds_from_free_only_and_tells_whose_it_is(void **state)
{
    (void)state;
    for (int from = DK_EMPTY; from <= DK_TAKEN; from++) {
        uint64_t seen = 0;
        stand(word_in((enum dk_claim_state)from));
        assert_int_equal(dk_place_take_back(&claim, SEQ, &seen), from == DK_FREE);
        if (from != DK_FREE)
            assert_int_equal(seen, word_in((enum dk_claim_state)from));
        assert_int_equal(dk_load_relaxed(&claim),
                         from == DK_FREE ? dk_claim_pack(DK_TAKEN, SEQ) : word_in((enum dk_claim_state)from));
    }
}

static void taking_back_another_block_than_lies_there_fails(void **state)
{
    uint64_t seen;
    (void)state;
    stand(dk_claim_pack(DK_FREE, SEQ));
    assert_false(dk_place_take_back(&claim, SEQ - 1, &seen));
    assert_int_equal(seen, dk_claim_pack(DK_FREE, SEQ));
    assert_false(dk_place_take_back(&claim, SEQ + 1, &seen));
    assert_int_equal(dk_load_relaxed(&claim), dk_claim_pack(DK_FREE, SEQ));
}

static void clearing_succeeds_from_the_very_word_that_was_judged(void **state)
{
    uint64_t owned = dk_claim_pack_owned(SEAT, LINE, LEASE, SEQ);
    (void)state;
    stand(owned);
    assert_false(dk_place_clear(&claim, dk_claim_pack_owned(SEAT, LINE, LEASE + 1, SEQ), SEQ));
    assert_false(dk_place_clear(&claim, dk_claim_pack_owned(SEAT, LINE - 1, LEASE, SEQ), SEQ));
    assert_false(dk_place_clear(&claim, dk_claim_pack_owned(SEAT - 1, LINE, LEASE, SEQ), SEQ));
    assert_false(dk_place_clear(&claim, dk_claim_pack(DK_TAKEN, SEQ), SEQ));
    assert_int_equal(dk_load_relaxed(&claim), owned);
    assert_true(dk_place_clear(&claim, owned, SEQ));
    assert_int_equal(dk_load_relaxed(&claim), dk_claim_pack(DK_EMPTY, SEQ));
    stand(dk_claim_pack(DK_TAKEN, SEQ));
    assert_true(dk_place_clear(&claim, dk_claim_pack(DK_TAKEN, SEQ), SEQ));
    assert_int_equal(dk_load_relaxed(&claim), dk_claim_pack(DK_EMPTY, SEQ));
}

static void a_cleared_place_keeps_the_whole_count_of_its_blocks(void **state)
{
    uint64_t seq = (uint64_t)DK_SEQ_LOW_MASK + 12345; /* an owned word has its low 18 bits only */
    uint64_t owned = dk_claim_pack_owned(1, 2, 3, seq);
    (void)state;
    dk_store_relaxed(&claim, owned);
    assert_true(dk_place_clear(&claim, owned, seq));
    assert_int_equal(dk_claim_unpack(dk_load_relaxed(&claim)).seq, seq);
    assert_false(dk_place_lay(&claim, seq));
    assert_true(dk_place_lay(&claim, seq + 1));
}

/* ---- what a claim looks at ---- */

static void a_free_word_of_an_older_block_is_not_claimed(void **state)
{
    struct dk_laid laid;
    (void)state;
    for (int other = -1; other <= 1; other += 2) {
        stand(dk_claim_pack(DK_FREE, (uint64_t)(SEQ + other)));
        assert_false(claim_for(SERIAL, 1, &laid));
        assert_int_equal(dk_load_relaxed(&claim), dk_claim_pack(DK_FREE, (uint64_t)(SEQ + other)));
    }
}

static void a_block_of_another_period_is_not_claimed(void **state)
{
    struct dk_laid laid;
    (void)state;
    stand(dk_claim_pack(DK_FREE, SEQ));
    assert_false(claim_for(SERIAL + 1, 1, &laid));
    assert_false(claim_for(0, 1, &laid));
    assert_int_equal(dk_load_relaxed(&claim), dk_claim_pack(DK_FREE, SEQ));
    assert_true(claim_for(SERIAL, 1, &laid));
}

static void a_block_that_is_too_small_is_not_claimed(void **state)
{
    struct dk_laid laid;
    (void)state;
    stand(dk_claim_pack(DK_FREE, SEQ));
    assert_false(claim_for(SERIAL, block.size + 1, &laid));
    assert_false(claim_for(SERIAL, UINT32_MAX, &laid));
    assert_int_equal(dk_load_relaxed(&claim), dk_claim_pack(DK_FREE, SEQ));
    assert_true(claim_for(SERIAL, block.size, &laid));
}

static void a_place_that_is_being_rewritten_is_not_claimed(void **state)
{
    struct dk_laid laid;
    (void)state;
    stand(dk_claim_pack(DK_FREE, SEQ));
    dk_store_relaxed(&place.seq, 0);
    assert_false(claim_for(SERIAL, 1, &laid));
    stand(dk_claim_pack(DK_FREE, 0)); /* a zeroed table, and a place nobody wrote */
    dk_store_relaxed(&place.seq, SEQ);
    assert_false(claim_for(SERIAL, 1, &laid));
}

/* ---- a claim that races a re-lay ----
 *
 * Board and table lie in pages that fault when they are touched; the handler
 * is the docketd that comes in between, at that very access.
 */

static struct shared_board_place *board_page;
static dk_word *table_page;
static enum dk_claim_state state_at_board_read;
static void (*between)(void);

static void take_and_lay_again(void)
{
    uint64_t seen;
    struct dk_laid fresh = {.seq = SEQ + 1, .first = 9000, .size = 3, .serial = SERIAL};
    if (dk_place_take_back(table_page, SEQ, &seen) &&
        dk_place_clear(table_page, dk_claim_pack(DK_TAKEN, SEQ), SEQ)) {
        dk_place_write(board_page, &fresh);
        dk_place_lay(table_page, SEQ + 1);
    }
}

static void do_nothing(void)
{
}

static void fault(int number, siginfo_t *facts, void *context)
{
    (void)context;
    bool known = facts->si_addr >= (void *)board_page && facts->si_addr < (void *)(board_page + 1);
    known = known || facts->si_addr == (void *)table_page;
    if (!known) {
        signal(number, SIG_DFL);
        return;
    }
    mprotect(board_page, DK_PAGE, PROT_READ | PROT_WRITE);
    mprotect(table_page, DK_PAGE, PROT_READ | PROT_WRITE);
    state_at_board_read = dk_claim_unpack(dk_load_relaxed(table_page)).state;
    between();
}

static int make_pages(void **state)
{
    (void)state;
    board_page = mmap(NULL, DK_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    table_page = mmap(NULL, DK_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(board_page != MAP_FAILED && (void *)table_page != MAP_FAILED);
    dk_place_write(board_page, &block);
    dk_store_relaxed(table_page, dk_claim_pack(DK_FREE, SEQ));
    state_at_board_read = DK_TAKEN;
    return 0;
}

static int drop_pages(void **state)
{
    (void)state;
    munmap(board_page, DK_PAGE);
    munmap(table_page, DK_PAGE);
    return 0;
}

#if defined(__SANITIZE_THREAD__)
#define THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define THREAD_SANITIZER 1
#endif
#endif
#ifndef THREAD_SANITIZER
#define THREAD_SANITIZER 0
#endif

static bool claim_in_pages(int board_access, int table_access, void (*docketd)(void), struct dk_laid *laid)
{
    struct sigaction action, before;
#if THREAD_SANITIZER
    print_message("skipped: the thread sanitizer holds back the handler of a page fault\n");
    skip();
#endif
    memset(&action, 0, sizeof action);
    action.sa_sigaction = fault;
    action.sa_flags = SA_SIGINFO;
    between = docketd;
    assert_int_equal(sigaction(SIGSEGV, &action, &before), 0);
    mprotect(board_page, DK_PAGE, board_access);
    mprotect(table_page, DK_PAGE, table_access);
    bool done = dk_place_claim(table_page, board_page, SERIAL, 1, SEAT, LINE, LEASE, laid);
    mprotect(board_page, DK_PAGE, PROT_READ | PROT_WRITE);
    mprotect(table_page, DK_PAGE, PROT_READ | PROT_WRITE);
    sigaction(SIGSEGV, &before, NULL);
    return done;
}

static void a_claim_reads_the_board_while_the_word_still_says_free(void **state)
{
    struct dk_laid laid;
    (void)state;
    assert_true(claim_in_pages(PROT_NONE, PROT_READ | PROT_WRITE, do_nothing, &laid));
    assert_int_equal(state_at_board_read, DK_FREE);
    assert_memory_equal(&laid, &block, sizeof laid);
}

static void a_relay_between_word_and_board_fails_the_claim(void **state)
{
    struct dk_laid laid = {.first = 1};
    (void)state;
    assert_false(claim_in_pages(PROT_NONE, PROT_READ | PROT_WRITE, take_and_lay_again, &laid));
    assert_int_equal(laid.first, 1);
    assert_int_equal(dk_load_relaxed(table_page), dk_claim_pack(DK_FREE, SEQ + 1));
}

static void a_relay_between_board_and_swap_fails_the_claim(void **state)
{
    struct dk_laid laid = {.first = 1};
    (void)state;
    assert_false(claim_in_pages(PROT_READ, PROT_READ, take_and_lay_again, &laid));
    assert_int_equal(laid.first, 1);
    assert_int_equal(dk_load_relaxed(table_page), dk_claim_pack(DK_FREE, SEQ + 1));
    assert_true(claim_in_pages(PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, do_nothing, &laid));
    assert_int_equal(laid.first, 9000);
    assert_int_equal(laid.size, 3);
}

/* ---- two claimers and docketd ---- */

enum { BLOCKS = THREAD_SANITIZER ? 1000 : 20000, CLAIMERS = 2 };

static uint8_t claimed[BLOCKS + 1];
static dk_word torn;
static dk_word last_seq;

static void *claim_all(void *context)
{
    uint16_t lease = 0;
    uint32_t line = (uint32_t)(uintptr_t)context;
    while (dk_load_relaxed(&last_seq) <= BLOCKS) {
        struct dk_laid laid;
        if (!dk_place_claim(&claim, &place, SERIAL, 1, 1, line, ++lease, &laid))
            continue;
        if (laid.seq < 1 || laid.seq > BLOCKS || laid.first != laid.seq * 1000 || laid.size != laid.seq % 97 + 1)
            dk_add_relaxed(&torn, 1);
        else
            __atomic_fetch_add(&claimed[laid.seq], 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

static void each_block_is_claimed_by_one_and_read_whole(void **state)
{
    pthread_t threads[CLAIMERS];
    (void)state;
    dk_store_relaxed(&claim, 0);
    memset(claimed, 0, sizeof claimed);
    for (uintptr_t i = 0; i < CLAIMERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, claim_all, (void *)(i + 1)), 0);
    for (uint64_t seq = 1; seq <= BLOCKS; seq++) {
        struct dk_laid laid = {.seq = seq, .first = seq * 1000, .size = (uint32_t)(seq % 97 + 1), .serial = SERIAL};
        uint64_t word;
        dk_place_write(&place, &laid);
        assert_true(dk_place_lay(&claim, seq));
        while ((word = dk_load_acquire(&claim)) >> 62 != DK_OWNED)
            sched_yield();
        assert_true(dk_place_clear(&claim, word, seq));
    }
    dk_store_relaxed(&last_seq, BLOCKS + 1);
    for (int i = 0; i < CLAIMERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(dk_load_relaxed(&torn), 0);
    for (int seq = 1; seq <= BLOCKS; seq++)
        if (claimed[seq] != 1)
            fail_msg("block %d was claimed %d times", seq, claimed[seq]);
}

#define IN_PAGES(name) cmocka_unit_test_setup_teardown(name, make_pages, drop_pages)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_packed_word_comes_back_whole),
        cmocka_unit_test(an_owned_word_keeps_its_parts_apart),
        cmocka_unit_test(a_written_place_is_read_back_whole),
        cmocka_unit_test(a_claim_succeeds_from_free_only),
        cmocka_unit_test(a_lay_succeeds_from_empty_only),
        cmocka_unit_test(a_block_id_is_laid_once_and_never_again),
        cmocka_unit_test(taking_back_succeeds_from_free_only_and_tells_whose_it_is),
        cmocka_unit_test(taking_back_another_block_than_lies_there_fails),
        cmocka_unit_test(clearing_succeeds_from_the_very_word_that_was_judged),
        cmocka_unit_test(a_cleared_place_keeps_the_whole_count_of_its_blocks),
        cmocka_unit_test(a_free_word_of_an_older_block_is_not_claimed),
        cmocka_unit_test(a_block_of_another_period_is_not_claimed),
        cmocka_unit_test(a_block_that_is_too_small_is_not_claimed),
        cmocka_unit_test(a_place_that_is_being_rewritten_is_not_claimed),
        IN_PAGES(a_claim_reads_the_board_while_the_word_still_says_free),
        IN_PAGES(a_relay_between_word_and_board_fails_the_claim),
        IN_PAGES(a_relay_between_board_and_swap_fails_the_claim),
        cmocka_unit_test(each_block_is_claimed_by_one_and_read_whole),
    };
    return cmocka_run_group_tests_name("place", tests, NULL, NULL);
}
