/* Context switch between stacks: callee-saved registers and the floating-point control word, nothing else. On x86 that
 * is MXCSR, written only when it differs; kernels have no way to change the x87 one. */
#include "native.h"
#include <string.h>

#if defined(__x86_64__)
__asm__(
    ".text\n"
    ".p2align 4\n"
    ".hidden cpl_fiber_switch\n"
    ".globl cpl_fiber_switch\n"
    ".type cpl_fiber_switch, @function\n"
    "cpl_fiber_switch:\n"
    "  pushq %rbp\n"
    "  pushq %rbx\n"
    "  pushq %r12\n"
    "  pushq %r13\n"
    "  pushq %r14\n"
    "  pushq %r15\n"
    "  subq $8, %rsp\n"
    "  stmxcsr (%rsp)\n"
    "  movl (%rsp), %eax\n"
    "  movq %rsp, (%rdi)\n"
    "  movq %rsi, %rsp\n"
    "  cmpl (%rsp), %eax\n"
    "  je 1f\n"
    "  ldmxcsr (%rsp)\n"
    "1:\n"
    "  addq $8, %rsp\n"
    "  popq %r15\n"
    "  popq %r14\n"
    "  popq %r13\n"
    "  popq %r12\n"
    "  popq %rbx\n"
    "  popq %rbp\n"
    "  ret\n"
    ".size cpl_fiber_switch, .-cpl_fiber_switch\n"
    ".p2align 4\n"
    ".hidden cpl_fiber_jump\n"
    ".globl cpl_fiber_jump\n"
    ".type cpl_fiber_jump, @function\n"
    "cpl_fiber_jump:\n"
    "  pushq %rbp\n"
    "  pushq %rbx\n"
    "  pushq %r12\n"
    "  pushq %r13\n"
    "  pushq %r14\n"
    "  pushq %r15\n"
    "  pushq %rdx\n"
    "  movq %rsp, (%rdi)\n"
    "  movq 8(%rsi), %r15\n"
    "  movq 16(%rsi), %r14\n"
    "  movq 24(%rsi), %r13\n"
    "  movq 32(%rsi), %r12\n"
    "  movq 40(%rsi), %rbx\n"
    "  movq 48(%rsi), %rbp\n"
    "  movq 56(%rsi), %rcx\n"
    "  leaq 64(%rsi), %rsp\n"
    "  jmp *%rcx\n"
    ".size cpl_fiber_jump, .-cpl_fiber_jump\n"
    ".p2align 4\n"
    ".hidden cpl_fiber_begin\n"
    ".globl cpl_fiber_begin\n"
    ".type cpl_fiber_begin, @function\n"
    "cpl_fiber_begin:\n"
    "  .cfi_startproc\n"
    "  .cfi_undefined rip\n"
    "  movq %r12, %rdi\n"
    "  call *%rbx\n"
    "  ud2\n"
    "  .cfi_endproc\n"
    ".size cpl_fiber_begin, .-cpl_fiber_begin\n");

void cpl_fiber_begin(void) __attribute__((visibility("hidden")));

void cpl_fiber_reset(struct fiber *fiber, void (*main)(struct fiber *))
{
    CPL_SANITIZER_RENEW(fiber);
    uint64_t *sp = (uint64_t *)(((uintptr_t)fiber->top) & ~(uintptr_t)63) - 10;
    uint32_t mxcsr = 0x1f80;
    memset(sp, 0, 10 * sizeof *sp);
    memcpy(sp, &mxcsr, sizeof mxcsr);
    sp[4] = (uint64_t)(uintptr_t)fiber;      /* r12 */
    sp[5] = (uint64_t)(uintptr_t)main;       /* rbx */
    sp[7] = (uint64_t)(uintptr_t)cpl_fiber_begin;
    fiber->sp = sp;
}

uint64_t cpl_fiber_control(void)
{
    uint32_t control;
    __asm__ volatile("stmxcsr %0" : "=m"(control));
    return control;
}

#elif defined(__aarch64__)
__asm__(
    ".text\n"
    ".p2align 4\n"
    ".hidden cpl_fiber_switch\n"
    ".globl cpl_fiber_switch\n"
    ".type cpl_fiber_switch, %function\n"
    "cpl_fiber_switch:\n"
    "  sub sp, sp, #176\n"
    "  stp x19, x20, [sp, #0]\n"
    "  stp x21, x22, [sp, #16]\n"
    "  stp x23, x24, [sp, #32]\n"
    "  stp x25, x26, [sp, #48]\n"
    "  stp x27, x28, [sp, #64]\n"
    "  stp x29, x30, [sp, #80]\n"
    "  stp d8, d9, [sp, #96]\n"
    "  stp d10, d11, [sp, #112]\n"
    "  stp d12, d13, [sp, #128]\n"
    "  stp d14, d15, [sp, #144]\n"
    "  mrs x9, fpcr\n"
    "  str x9, [sp, #160]\n"
    "  mov x9, sp\n"
    "  str x9, [x0]\n"
    "  mov sp, x1\n"
    "  ldr x9, [sp, #160]\n"
    "  msr fpcr, x9\n"
    "  ldp x19, x20, [sp, #0]\n"
    "  ldp x21, x22, [sp, #16]\n"
    "  ldp x23, x24, [sp, #32]\n"
    "  ldp x25, x26, [sp, #48]\n"
    "  ldp x27, x28, [sp, #64]\n"
    "  ldp x29, x30, [sp, #80]\n"
    "  ldp d8, d9, [sp, #96]\n"
    "  ldp d10, d11, [sp, #112]\n"
    "  ldp d12, d13, [sp, #128]\n"
    "  ldp d14, d15, [sp, #144]\n"
    "  add sp, sp, #176\n"
    "  ret\n"
    ".size cpl_fiber_switch, .-cpl_fiber_switch\n"
    ".p2align 4\n"
    ".hidden cpl_fiber_jump\n"
    ".globl cpl_fiber_jump\n"
    ".type cpl_fiber_jump, %function\n"
    "cpl_fiber_jump:\n"
    "  sub sp, sp, #176\n"
    "  stp x19, x20, [sp, #0]\n"
    "  stp x21, x22, [sp, #16]\n"
    "  stp x23, x24, [sp, #32]\n"
    "  stp x25, x26, [sp, #48]\n"
    "  stp x27, x28, [sp, #64]\n"
    "  stp x29, x30, [sp, #80]\n"
    "  stp d8, d9, [sp, #96]\n"
    "  stp d10, d11, [sp, #112]\n"
    "  stp d12, d13, [sp, #128]\n"
    "  stp d14, d15, [sp, #144]\n"
    "  str x2, [sp, #160]\n"
    "  mov x9, sp\n"
    "  str x9, [x0]\n"
    "  ldp x19, x20, [x1, #0]\n"
    "  ldp x21, x22, [x1, #16]\n"
    "  ldp x23, x24, [x1, #32]\n"
    "  ldp x25, x26, [x1, #48]\n"
    "  ldp x27, x28, [x1, #64]\n"
    "  ldp x29, x30, [x1, #80]\n"
    "  ldp d8, d9, [x1, #96]\n"
    "  ldp d10, d11, [x1, #112]\n"
    "  ldp d12, d13, [x1, #128]\n"
    "  ldp d14, d15, [x1, #144]\n"
    "  add sp, x1, #176\n"
    "  br x30\n"
    ".size cpl_fiber_jump, .-cpl_fiber_jump\n"
    ".p2align 4\n"
    ".hidden cpl_fiber_begin\n"
    ".globl cpl_fiber_begin\n"
    ".type cpl_fiber_begin, %function\n"
    "cpl_fiber_begin:\n"
    "  .cfi_startproc\n"
    "  .cfi_undefined x30\n"
    "  mov x0, x19\n"
    "  blr x20\n"
    "  brk #1\n"
    "  .cfi_endproc\n"
    ".size cpl_fiber_begin, .-cpl_fiber_begin\n");

void cpl_fiber_begin(void) __attribute__((visibility("hidden")));

void cpl_fiber_reset(struct fiber *fiber, void (*main)(struct fiber *))
{
    CPL_SANITIZER_RENEW(fiber);
    uint64_t *sp = (uint64_t *)(((uintptr_t)fiber->top) & ~(uintptr_t)63) - 24;
    memset(sp, 0, 24 * sizeof *sp);
    sp[0] = (uint64_t)(uintptr_t)fiber;      /* x19 */
    sp[1] = (uint64_t)(uintptr_t)main;       /* x20 */
    sp[11] = (uint64_t)(uintptr_t)cpl_fiber_begin;
    fiber->sp = sp;
}

uint64_t cpl_fiber_control(void)
{
    uint64_t control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    return control;
}
#else
#error "the naive engine needs a context switch for this processor: add it to fiber.c"
#endif
