/* SPDX-License-Identifier: MIT */
/* fiber: a switch of stacks; on x86-64 a dozen instructions, elsewhere ucontext. */
#ifndef EXPLORE_FIBER_H
#define EXPLORE_FIBER_H

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
typedef void *ex_stack;

void ex_switch(ex_stack *from, ex_stack to);
__asm__(".text\n"
        ".globl ex_switch\n"
        ".type ex_switch, @function\n"
        "ex_switch:\n"
        "  pushq %rbp\n  pushq %rbx\n  pushq %r12\n  pushq %r13\n  pushq %r14\n  pushq %r15\n"
        "  movq %rsp, (%rdi)\n  movq %rsi, %rsp\n"
        "  popq %r15\n  popq %r14\n  popq %r13\n  popq %r12\n  popq %rbx\n  popq %rbp\n"
        "  ret\n"
        ".size ex_switch, .-ex_switch\n");

/* The first switch "returns" into run, on a stack aligned as behind a call. */
static inline void ex_stack_make(ex_stack *stack, uint8_t *memory, size_t bytes, void (*run)(void))
{
    uint64_t *top = (uint64_t *)(void *)(memory + bytes - 64);
    *--top = 0;
    *--top = (uint64_t)(uintptr_t)run;
    for (int i = 0; i < 6; i++)
        *--top = 0;
    *stack = top;
}
#else
#include <ucontext.h>
typedef ucontext_t ex_stack;

#define ex_switch(from, to) swapcontext((from), &(to))

static inline void ex_stack_make(ex_stack *stack, uint8_t *memory, size_t bytes, void (*run)(void))
{
    getcontext(stack);
    stack->uc_stack.ss_sp = memory;
    stack->uc_stack.ss_size = bytes;
    stack->uc_link = NULL;
    makecontext(stack, run, 0);
}
#endif

#endif
