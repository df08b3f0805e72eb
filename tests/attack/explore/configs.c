/* SPDX-License-Identifier: MIT */
/* configs: small worlds, each about one meeting of steps. */
#include "configs.h"

/* preemptions, then deaths of docketd and of the workers' processes */
#define BOUNDS(p, ...) {.preemptions = (p), .deaths = {__VA_ARGS__}}
#define N {OP_NEXT, 0}
#define W {OP_WAIT, 0}
#define OPEN(n) {OP_OPEN, n}
#define T {OP_TAKE, 0}
#define BACK {OP_BACK, 0}
#define LEAVE {OP_LEAVE, 0}
#define EXIT {OP_EXIT, 0}
#define STOP {OP_STOP, 0}
#define CLOCK {OP_CLOCK, 0}
#define EVICT {OP_EVICT, 0}

const struct ex_config ex_configs[] = {
    /* ---- leased ---- */
    {.name = "leased-claim-claim", .window = 2, .first_block = 2,
     .worker = {{1, {N, N, N}}, {2, {N, N}}},
     .check = BOUNDS(2, 0), .torture = BOUNDS(3, 0)},
    {.name = "leased-wait", .window = 1, .first_block = 1,
     .worker = {{1, {W, W}}, {2, {W, W}}},
     .check = BOUNDS(2, 0), .torture = BOUNDS(3, 0)},
    {.name = "leased-death", .window = 3, .first_block = 3,
     .worker = {{1, {N, N}}, {2, {N}}},
     .check = BOUNDS(2, 0, 1), .torture = BOUNDS(3, 0, 1)},
    {.name = "leased-death-relaid", .window = 2, .first_block = 2, .numbers = 2,
     .worker = {{1, {N}}, {2, {N, N, N}}},
     .check = BOUNDS(2, 0, 1), .torture = BOUNDS(3, 0, 1)},
    {.name = "leased-docketd-dies", .window = 2, .first_block = 2,
     .worker = {{1, {N, N, W}}},
     .check = BOUNDS(2, 1), .torture = BOUNDS(2, 1)},
    {.name = "leased-both-die", .window = 2, .first_block = 2,
     .worker = {{1, {N, N}}, {2, {N}}},
     .check = BOUNDS(1, 1, 1), .torture = BOUNDS(1, 1, 1)},
    {.name = "leased-leave", .window = 3, .first_block = 3,
     .worker = {{1, {N, LEAVE, N}}, {2, {N}}},
     .check = BOUNDS(2, 0), .torture = BOUNDS(3, 0)},
    {.name = "leased-leave-death", .window = 2, .first_block = 2,
     .worker = {{1, {N, LEAVE, N}}},
     .check = BOUNDS(1, 1, 1), .torture = BOUNDS(2, 1, 1)},
    {.name = "leased-exit-reaped", .window = 3, .first_block = 3, .numbers = 3,
     .worker = {{1, {N, EXIT}}, {2, {N, N, N}}},
     .check = BOUNDS(1, 1), .torture = BOUNDS(2, 1)},
    {.name = "leased-stop-claim", .window = 2, .first_block = 2,
     .worker = {{1, {N, N}}, {2, {N}}}, .operator_does = {STOP},
     .check = BOUNDS(2, 0), .torture = BOUNDS(3, 0)},
    {.name = "leased-stop-death", .window = 2, .first_block = 2,
     .worker = {{1, {N, N}}}, .operator_does = {STOP},
     .check = BOUNDS(1, 1, 1), .torture = BOUNDS(2, 0, 1)},
    {.name = "leased-block-back", .window = 3, .first_block = 3,
     .worker = {{1, {OPEN(2), T, BACK}}, {2, {N, N}}},
     .check = BOUNDS(2, 0, 1), .torture = BOUNDS(2, 0, 1, 1)},
    {.name = "leased-threads", .window = 2, .first_block = 2,
     .worker = {{1, {N, LEAVE}}, {1, {N, N, LEAVE}}},
     .check = BOUNDS(2, 0, 1), .torture = BOUNDS(2, 0, 1)},
    {.name = "leased-midnight", .window = 1, .first_block = 1, .timed = true,
     .worker = {{1, {N, N, N}}}, .operator_does = {CLOCK},
     .check = BOUNDS(1, 1), .torture = BOUNDS(1, 1, 1)},
    {.name = "leased-three", .window = 2, .first_block = 2,
     .worker = {{1, {N}}, {2, {N}}, {3, {N}}},
     .check = BOUNDS(2, 0), .torture = BOUNDS(3, 0)},
    /* ---- strict ---- */
    {.name = "strict-take-take", .strict = true, .window = 4,
     .worker = {{1, {N, N, N}}, {2, {N, N, N}}},
     .check = BOUNDS(2, 0), .torture = BOUNDS(4, 0)},
    {.name = "strict-wait", .strict = true, .window = 1,
     .worker = {{1, {W, W}}, {2, {W, W}}},
     .check = BOUNDS(2, 0), .torture = BOUNDS(3, 0)},
    {.name = "strict-death", .strict = true, .window = 2,
     .worker = {{1, {N, N}}, {2, {N}}},
     .check = BOUNDS(2, 1, 1), .torture = BOUNDS(3, 1, 1)},
    {.name = "strict-docketd-dies", .strict = true, .window = 2,
     .worker = {{1, {N, W, W}}},
     .check = BOUNDS(2, 1), .torture = BOUNDS(3, 2)},
    {.name = "strict-untake-take", .strict = true, .window = 4,
     .worker = {{1, {OPEN(2), T, BACK}}, {2, {N, N}}},
     .check = BOUNDS(2, 0), .torture = BOUNDS(4, 0)},
    {.name = "strict-untake-untake", .strict = true, .window = 4,
     .worker = {{1, {OPEN(2), BACK}}, {2, {OPEN(2), BACK}}},
     .check = BOUNDS(2, 0), .torture = BOUNDS(4, 0)},
    {.name = "strict-untake-death", .strict = true, .window = 4,
     .worker = {{1, {OPEN(2), BACK}}, {2, {N}}},
     .check = BOUNDS(2, 1, 1), .torture = BOUNDS(2, 1, 1)},
    {.name = "strict-three", .strict = true, .window = 2,
     .worker = {{1, {N, N}}, {2, {N, N}}, {3, {N}}},
     .check = BOUNDS(2, 0), .torture = BOUNDS(3, 0)},
    {.name = "strict-stop", .strict = true, .window = 4,
     .worker = {{1, {N, N}}, {2, {N}}}, .operator_does = {STOP},
     .check = BOUNDS(2, 0, 1), .torture = BOUNDS(3, 0, 1)},
    {.name = "strict-stop-untake", .strict = true, .window = 4,
     .worker = {{1, {OPEN(2), BACK}}, {2, {N}}}, .operator_does = {STOP},
     .check = BOUNDS(2, 0), .torture = BOUNDS(2, 1)},
    {.name = "strict-midnight", .strict = true, .window = 4, .timed = true,
     .worker = {{1, {N, N}}, {2, {N, N}}}, .operator_does = {CLOCK},
     .check = BOUNDS(2, 0), .torture = BOUNDS(2, 1)},
    {.name = "strict-midnight-untake", .strict = true, .window = 4, .timed = true,
     .worker = {{1, {OPEN(2), BACK}}, {2, {N}}}, .operator_does = {CLOCK},
     .check = BOUNDS(2, 0), .torture = BOUNDS(2, 1)},
    /* ---- evictions ---- */
    {.name = "strict-evict", .strict = true, .window = 4, .evicts = true,
     .worker = {{1, {N, W}}}, .operator_does = {EVICT},
     .check = BOUNDS(2, 0), .torture = BOUNDS(3, 0)},
    {.name = "strict-evict-two", .strict = true, .window = 4, .evicts = true,
     .worker = {{1, {N, W}}, {2, {W}}}, .operator_does = {EVICT},
     .check = BOUNDS(1, 0), .torture = BOUNDS(2, 0)},
    {.name = "strict-evict-docketd-dies", .strict = true, .window = 2, .evicts = true,
     .worker = {{1, {N, W}}}, .operator_does = {EVICT},
     .check = BOUNDS(1, 1), .torture = BOUNDS(2, 1)},
    {.name = "leased-evict", .window = 3, .first_block = 3, .evicts = true,
     .worker = {{1, {N, LEAVE, W}}}, .operator_does = {EVICT},
     .check = BOUNDS(2, 0), .torture = BOUNDS(3, 0)},
    {.name = "leased-evict-docketd-dies", .window = 2, .first_block = 2, .evicts = true,
     .worker = {{1, {N, LEAVE, W}}}, .operator_does = {EVICT},
     .check = BOUNDS(1, 1), .torture = BOUNDS(2, 1)},
};
const size_t ex_config_count = sizeof ex_configs / sizeof ex_configs[0];
