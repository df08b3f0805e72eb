/* SPDX-License-Identifier: MIT */
/*
 * pages: looks at the pages of LMDB's file before LMDB does. LMDB trusts what
 * it reads: a flipped bit in a tree ends it without a word, and one in its list
 * of free pages lets a later commit write over live records. So, before it is
 * opened: both heads agree, each page of the tree is whole and met once, its
 * keys rise, and no page is both used and free.
 *
 * The ledger grows with all that was ever given: of its trees, where they are large, a start reads the
 * branches only, and takes their leaves, which they name, as met. dk_store_verify() reads them too.
 *
 * The layout is that of LMDB 0.9 with 64-bit words, little-endian.
 */
#include "store/inside.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum {
    PAGE_HEAD = 16,
    NODE_HEAD = 8,
    TREE_BYTES = 48,
    BRANCH = 1,
    LEAF = 2,
    OVERFLOW = 4,
    HEAD = 8,
    BIG = 1,
    SUBTREE = 2,
    DEEPEST = 32
};

#define NO_PAGE UINT64_MAX

struct tree {
    uint16_t flags, depth;
    uint64_t branches, leaves, overflows, entries, root;
};

struct pages {
    const uint8_t *file;
    uint64_t size, page, last, count; /* count: whole pages in the file */
    uint8_t *met;                     /* a byte for each page up to last */
    uint64_t ledger_pages;            /* a tree of the ledger's with more leaves is large */
    const dk_word *stop;              /* 1: to end at once; NULL: nobody says so */
    bool stopped;
    const char *odd;                  /* what was found, for the sentence */
    uint64_t odd_at;
    struct beside *beside;            /* NULL: this is what runs there */
};

/* The walk over one tree. */
struct walk {
    struct pages *pages;
    bool numbers;  /* keys are numbers: the tree of free pages */
    bool names;    /* values are trees: the main one */
    bool shallow;  /* leaves are met, not read */
    struct tree found;
    struct dk_slice last;  /* key */
    struct dk_slice floor; /* of the branch: the next key is not below it */
};

struct node {
    struct dk_slice key, value;
    uint64_t child; /* of a branch, or of a big value */
    uint16_t flags;
    uint64_t bytes; /* with its padding */
};

static uint64_t number_at(const uint8_t *at, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned byte = 0; byte < bytes; byte++)
        value |= (uint64_t)at[byte] << 8 * byte;
    return value;
}

static bool odd(struct pages *pages, uint64_t page, const char *what)
{
    if (!pages->odd) {
        pages->odd = what;
        pages->odd_at = page;
    }
    return false;
}

static bool meet(struct pages *pages, uint64_t page, bool used)
{
    if (page < 2 || page > pages->last || (used && page >= pages->count))
        return odd(pages, page, "is named and not there");
    if (__atomic_fetch_add(&pages->met[page], 1, __ATOMIC_RELAXED) != 0) /* relaxed: a count, looked at by itself */
        return odd(pages, page, "is in two places");
    return true;
}

/* ---- one page ---- */

static bool read_node(struct pages *pages, uint64_t page, unsigned at, bool branch, struct node *node)
{
    const uint8_t *bytes = pages->file + page * pages->page;
    uint64_t from = number_at(bytes + PAGE_HEAD + 2 * at, 2), upper = number_at(bytes + 14, 2);
    if (from < upper || from + NODE_HEAD > pages->page || from % 2 != 0)
        return odd(pages, page, "has a node outside of it");
    const uint8_t *head = bytes + from;
    uint64_t low = number_at(head, 4), key_bytes = number_at(head + 6, 2);
    node->flags = (uint16_t)(branch ? 0 : number_at(head + 4, 2));
    uint64_t value_bytes = branch ? 0 : node->flags & BIG ? 8 : low;
    node->bytes = (NODE_HEAD + key_bytes + value_bytes + 1) & ~(uint64_t)1;
    if (node->flags & ~(BIG | SUBTREE) || from + node->bytes > pages->page)
        return odd(pages, page, "has a node that cannot be");
    node->key = (struct dk_slice){head + NODE_HEAD, key_bytes};
    node->value = (struct dk_slice){head + NODE_HEAD + key_bytes, value_bytes};
    node->child = branch ? low | number_at(head + 4, 2) << 32 : node->flags & BIG ? number_at(node->value.bytes, 8) : 0;
    if (node->flags & BIG)
        node->value.size = low; /* as it is on the pages behind it */
    return true;
}

/* The number of nodes; 0: odd. Nodes fill the page from its end without a gap. */
static unsigned count_nodes(struct pages *pages, uint64_t page, bool branch)
{
    const uint8_t *bytes = pages->file + page * pages->page;
    uint64_t lower = number_at(bytes + 12, 2), upper = number_at(bytes + 14, 2), filled = 0;
    bool right = number_at(bytes, 8) == page && number_at(bytes + 10, 2) == (branch ? BRANCH : LEAF) &&
                 lower > PAGE_HEAD && lower % 2 == 0 && lower <= upper && upper < pages->page;
    unsigned count = right ? (unsigned)(lower - PAGE_HEAD) / 2 : 0;
    for (unsigned at = 0; right && at < count; at++) {
        struct node node;
        right = read_node(pages, page, at, branch, &node);
        filled += right ? node.bytes : 0;
    }
    if (right && filled == pages->page - upper)
        return count;
    odd(pages, page, "is damaged");
    return 0;
}

static int compare(const struct walk *walk, struct dk_slice a, struct dk_slice b)
{
    if (walk->numbers) {
        uint64_t left = number_at(a.bytes, 8), right = number_at(b.bytes, 8);
        return left < right ? -1 : left > right;
    }
    int order = memcmp(a.bytes, b.bytes, a.size < b.size ? a.size : b.size);
    return order ? order : a.size < b.size ? -1 : a.size > b.size;
}

/* Of a leaf: above the one before. Of a branch: above what lies left of it. */
static bool key_rises(struct walk *walk, uint64_t page, const struct node *node)
{
    if (walk->numbers && node->key.size != 8)
        return odd(walk->pages, page, "has a key that cannot be");
    if (walk->last.bytes && compare(walk, walk->last, node->key) >= 0)
        return odd(walk->pages, page, "has keys out of order");
    if (walk->floor.bytes && compare(walk, walk->floor, node->key) > 0)
        return odd(walk->pages, page, "has a key below its branch");
    return true;
}

/* ---- values ---- */

static bool check_big(struct walk *walk, uint64_t page, const struct node *node)
{
    struct pages *pages = walk->pages;
    uint64_t count = (PAGE_HEAD + node->value.size - 1) / pages->page + 1;
    for (uint64_t at = 0; at < count; at++)
        if (!meet(pages, node->child + at, true))
            return false;
    const uint8_t *head = pages->file + node->child * pages->page;
    walk->found.overflows += count;
    return (number_at(head, 8) == node->child && number_at(head + 10, 2) == OVERFLOW &&
            number_at(head + 12, 4) == count) ||
           odd(pages, page, "leads to a large value that is damaged");
}

static bool check_free(struct walk *walk, uint64_t page, const struct node *node)
{
    const uint8_t *ids = node->value.bytes;
    if (node->flags & BIG)
        ids = walk->pages->file + node->child * walk->pages->page + PAGE_HEAD;
    uint64_t count = node->value.size < 8 ? NO_PAGE : number_at(ids, 8);
    if (count > node->value.size / 8 - 1)
        return odd(walk->pages, page, "has a list of free pages that cannot be");
    for (uint64_t at = 1; at <= count; at++)
        if (!meet(walk->pages, number_at(ids + 8 * at, 8), false))
            return false;
    return true;
}

static struct tree read_tree(const uint8_t *at)
{
    return (struct tree){.flags = (uint16_t)number_at(at + 4, 2),
                         .depth = (uint16_t)number_at(at + 6, 2),
                         .branches = number_at(at + 8, 8),
                         .leaves = number_at(at + 16, 8),
                         .overflows = number_at(at + 24, 8),
                         .entries = number_at(at + 32, 8),
                         .root = number_at(at + 40, 8)};
}

/* How a tree is walked. */
enum tree_kind { TREE_OF_RECORDS, TREE_OF_NAMES, TREE_OF_FREE_PAGES, TREE_OF_LEDGER };

static bool check_tree(struct pages *pages, const struct tree *tree, enum tree_kind kind);

static bool is_ledger(struct dk_slice name)
{
    for (unsigned kind = 0; kind < DK_KIND_COUNT; kind++) {
        const char *known = dk_kind_name(kind);
        if (dk_kind_is_folded_ledger(kind) && name.size == strlen(known) && memcmp(name.bytes, known, name.size) == 0)
            return true;
    }
    return false;
}

/* The tree of events is the largest one as a rule: a thread of its own walks it. Both tell `met` of their pages. */
struct beside {
    struct pages pages; /* a copy, with a finding of its own */
    struct tree tree;
    pthread_t thread;
    bool running, sound;
};

enum { MANY_LEAVES = 1024 };

static void *check_beside(void *context)
{
    struct beside *beside = context;
    beside->sound = check_tree(&beside->pages, &beside->tree, TREE_OF_RECORDS);
    return NULL;
}

/* False: it is walked here. */
static bool walk_beside(struct pages *pages, struct dk_slice name, const struct tree *tree)
{
    const char *events = dk_kind_name(DK_KIND_EVENTS);
    struct beside *beside = pages->beside;
    if (!beside || beside->running || tree->leaves < MANY_LEAVES || name.size != strlen(events) ||
        memcmp(name.bytes, events, name.size) != 0)
        return false;
    beside->pages = *pages;
    beside->pages.beside = NULL;
    beside->tree = *tree;
    beside->running = pthread_create(&beside->thread, NULL, check_beside, beside) == 0;
    return beside->running;
}

static bool end_beside(struct pages *pages)
{
    struct beside *beside = pages->beside;
    if (!beside->running)
        return true;
    pthread_join(beside->thread, NULL);
    pages->stopped = pages->stopped || beside->pages.stopped;
    return beside->sound || odd(pages, beside->pages.odd_at, beside->pages.odd);
}

static bool check_value(struct walk *walk, uint64_t page, const struct node *node)
{
    if (node->flags & BIG && !check_big(walk, page, node))
        return false;
    if (walk->numbers)
        return check_free(walk, page, node);
    if (!walk->names)
        return node->flags & SUBTREE ? odd(walk->pages, page, "has a node that cannot be") : true;
    if (node->flags != SUBTREE || node->value.size != TREE_BYTES)
        return odd(walk->pages, page, "does not lead to a database");
    struct tree tree = read_tree(node->value.bytes);
    if (tree.flags != 0)
        return odd(walk->pages, page, "leads to a database of another kind");
    if (walk_beside(walk->pages, node->key, &tree))
        return true;
    bool shallow = tree.leaves > walk->pages->ledger_pages && is_ledger(node->key);
    return check_tree(walk->pages, &tree, shallow ? TREE_OF_LEDGER : TREE_OF_RECORDS);
}

/* ---- trees ---- */

static bool check_entry(struct walk *walk, uint64_t page, const struct node *node)
{
    walk->last = node->key;
    walk->floor = (struct dk_slice){0};
    walk->found.entries++;
    return check_value(walk, page, node);
}

static bool check_page(struct walk *walk, uint64_t page, unsigned depth)
{
    bool branch = depth > 1;
    struct node node;
    walk->pages->stopped = walk->pages->stop && dk_load_relaxed(walk->pages->stop) != 0; /* Relaxed: only itself */
    if (walk->pages->stopped || !meet(walk->pages, page, true))
        return false;
    if (walk->shallow && !branch) {
        walk->found.leaves++;
        return true;
    }
    unsigned count = count_nodes(walk->pages, page, branch);
    if (count == 0)
        return false;
    walk->found.branches += branch;
    walk->found.leaves += !branch;
    for (unsigned at = 0; at < count; at++) {
        if (!read_node(walk->pages, page, at, branch, &node))
            return false;
        /* The first key of a branch is not used. */
        if ((!branch || at > 0) && !key_rises(walk, page, &node))
            return false;
        if (branch && at > 0)
            walk->floor = node.key;
        if (!(branch ? check_page(walk, node.child, depth - 1) : check_entry(walk, page, &node)))
            return false;
    }
    return true;
}

static bool check_tree(struct pages *pages, const struct tree *tree, enum tree_kind kind)
{
    struct walk walk = {.pages = pages, .numbers = kind == TREE_OF_FREE_PAGES, .names = kind == TREE_OF_NAMES,
                        .shallow = kind == TREE_OF_LEDGER};
    if (tree->depth > DEEPEST || (tree->root == NO_PAGE) != (tree->depth == 0))
        return odd(pages, tree->root, "is the root of a tree that cannot be");
    if (tree->depth > 0 && !check_page(&walk, tree->root, tree->depth))
        return false;
    bool agrees = walk.found.branches == tree->branches && walk.found.leaves == tree->leaves &&
                  (walk.shallow ||
                   (walk.found.overflows == tree->overflows && walk.found.entries == tree->entries));
    return agrees || odd(pages, tree->root, "is the root of a tree that does not hold what it should");
}

/* ---- the file ---- */

/* Everything but what each commit changes is the same in both. */
static bool check_heads(struct pages *pages)
{
    const uint8_t *first = pages->file, *second = first + pages->page;
    const uint8_t *heads[2] = {first, second};
    for (unsigned which = 0; which < 2; which++) {
        const uint8_t *head = heads[which];
        if (number_at(head, 8) != which || number_at(head + 10, 2) != HEAD || number_at(head + 16, 4) != 0xbeefc0de)
            return odd(pages, which, "is no head of a store");
        if (number_at(head + 40, 4) != pages->page)
            return odd(pages, which, "names another size of pages");
    }
    bool same = memcmp(first + 16, second + 16, 16) == 0 &&    /* magic, version, address */
                memcmp(first + 44, second + 44, 2) == 0 &&     /* flags of both trees */
                memcmp(first + 40 + TREE_BYTES, second + 40 + TREE_BYTES, 6) == 0;
    return same || odd(pages, 1, "does not agree with the other head");
}

static bool check_all(struct pages *pages)
{
    if (!check_heads(pages))
        return false;
    const uint8_t *first = pages->file, *second = first + pages->page;
    const uint8_t *head = number_at(first + DK_HEAD_BYTES - 8, 8) < number_at(second + DK_HEAD_BYTES - 8, 8) ? second : first;
    struct tree empty = read_tree(head + 40), names = read_tree(head + 40 + TREE_BYTES);
    pages->last = number_at(head + DK_HEAD_BYTES - 16, 8);
    if (pages->last >= (UINT64_C(1) << 40) / pages->page)
        return odd(pages, pages->last, "cannot be the last one");
    pages->met = calloc(pages->last + 1, 1);
    if (!pages->met)
        return odd(pages, pages->last, "is more than there is memory for");
    struct beside beside = {0};
    pages->beside = &beside;
    bool sound = check_tree(pages, &names, TREE_OF_NAMES) && check_tree(pages, &empty, TREE_OF_FREE_PAGES);
    sound = end_beside(pages) && sound;
    pages->beside = NULL;
    return sound;
}

/* LMDB keeps the size of its pages in the heads; both must say the same. */
static bool find_page_size(struct pages *pages)
{
    pages->page = number_at(pages->file + 40, 4);
    bool right = pages->page >= 512 && pages->page <= 65536 && (pages->page & (pages->page - 1)) == 0;
    if (!right || pages->size < 2 * pages->page)
        return odd(pages, 0, "is no head of a store");
    pages->count = pages->size / pages->page;
    return true;
}

docket_status dk_pages_check(int fd, const char *name, uint64_t ledger_pages, const dk_word *stop)
{
    struct stat facts;
    if (fstat(fd, &facts) != 0)
        return dk_fail_errno(DOCKET_STORE_FAILED, errno, "cannot look at %s", name);
    struct pages pages = {.size = (uint64_t)facts.st_size, .ledger_pages = ledger_pages, .stop = stop};
    if (pages.size < DK_HEAD_BYTES)
        return dk_fail(DOCKET_DAMAGED, "%s is cut off; restore it from a backup", name);
    void *file = mmap(NULL, pages.size, PROT_READ, MAP_SHARED, fd, 0);
    if (file == MAP_FAILED)
        return dk_fail_errno(DOCKET_STORE_FAILED, errno, "cannot map %s", name);
    pages.file = file;
    bool sound = find_page_size(&pages) && check_all(&pages);
    munmap(file, pages.size);
    free(pages.met);
    if (sound)
        return DOCKET_OK;
    if (pages.stopped)
        return dk_fail(DOCKET_BUSY, "%s was not read to its end", name);
    return dk_fail(DOCKET_DAMAGED, "%s is damaged: its page %llu %s; keep it as it is and restore the newest good copy",
                   name, (unsigned long long)pages.odd_at, pages.odd);
}
