/* Faults of a kernel's thread: those it raises itself (trap, assert, misuse of a barrier or a mask), stack overflow, and
 * those that the processor raises. */
#include "native.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* "thread (1,0,0)", or "threads (0,0,0) to (31,0,0)" of the gang that runs now. */
const char *cpl_thread_text(const struct thread *thread, char *text, size_t bytes)
{
    uint32_t first = thread->self.first, end = thread->self.end, width = thread->block->width;
    if (end - first > width)
        end = first + width;
    struct thread edge = {.self = thread->self};
    cpl_thread_place(&edge, first);
    int used = snprintf(text, bytes, "thread%s (%u,%u,%u)", end - first > 1 ? "s" : "", edge.self.thread[0],
                        edge.self.thread[1], edge.self.thread[2]);
    if (end - first > 1) {
        cpl_thread_place(&edge, end - 1);
        snprintf(text + used, bytes - (size_t)used, " to (%u,%u,%u)", edge.self.thread[0], edge.self.thread[1],
                 edge.self.thread[2]);
    }
    return text;
}

/* Fills everything but the reason: message is `kernel "k" (file:line) in block (..), thread (..)`. */
void cpl_fault_at(cpl_fault *fault, const struct thread *thread, int code, const cpl_site *site)
{
    memset(fault, 0, sizeof *fault);
    fault->code = code;
    struct thread first = {.self = thread->self};
    cpl_thread_place(&first, thread->self.first);     /* code that runs a whole block moves on from its first thread */
    memcpy(fault->thread, first.self.thread, sizeof fault->thread);
    memcpy(fault->block, thread->self.block, sizeof fault->block);
    const char *name = thread->block->task->launch.kernel.name;
    snprintf(fault->kernel, sizeof fault->kernel, "%s", name ? name : "?");
    if (site && site->file) {
        snprintf(fault->file, sizeof fault->file, "%s", site->file);
        fault->line = site->line;
    }
    int used = snprintf(fault->message, sizeof fault->message, "kernel \"%s\"", fault->kernel);
    if (site && site->file)
        used += snprintf(fault->message + used, sizeof fault->message - (size_t)used, " at %s:%u", fault->file, site->line);
    char who[80];
    snprintf(fault->message + used, sizeof fault->message - (size_t)used, " in block (%u,%u,%u), %s", fault->block[0],
             fault->block[1], fault->block[2], cpl_thread_text(thread, who, sizeof who));
}

void cpl_thread_fault(struct thread *thread, int code, const cpl_site *site, const char *format, ...)
{
    cpl_fault fault;
    cpl_fault_at(&fault, thread, code, site);
    size_t used = strlen(fault.message);
    va_list args;
    va_start(args, format);
    used += (size_t)snprintf(fault.message + used, sizeof fault.message - used, ": ");
    vsnprintf(fault.message + used, sizeof fault.message - used, format, args);
    va_end(args);
    cpl_domain_record(thread->block->domain, &fault);
    thread->state = THREAD_READY;     /* never runs again: the block is given up at this switch */
    cpl_thread_out(thread);
    __builtin_unreachable();
}

void cpl_thread_alone(struct thread *thread, const cpl_site *site, const char *operation)
{
    if (__builtin_expect(thread->block->width > 1, 0))
        cpl_thread_fault(thread, CPL_FAULT_TRAP, site,
                         "%s in code that runs one lane of a gang: such kernels must be compiled for one thread at a time",
                         operation);
}

void cpl_trap(cpl_thread *self, const cpl_site *site)
{
    cpl_thread_fault(cpl_thread_of(self), CPL_FAULT_TRAP, site, "trap");
}

void cpl_assert_fail(cpl_thread *self, const char *message, const char *file, uint32_t line, const char *function)
{
    struct thread *thread = cpl_thread_of(self);
    fprintf(stderr, "%s:%u: %s: block: [%u,%u,%u], thread: [%u,%u,%u] Assertion `%s` failed.\n", file, line, function,
            self->block[0], self->block[1], self->block[2], self->thread[0], self->thread[1], self->thread[2], message);
    fflush(stderr);
    cpl_site site = {file, function, line, 0};
    cpl_thread_fault(thread, CPL_FAULT_ASSERT, &site, "assertion `%s` failed", message);
}

/* Says which instruction of which library it was: one of a kernel, or the call of the function that the processor was
 * in, or tried to be in. */
static void locate(cpl_fault *fault, const struct worker *worker, const struct fiber *fiber)
{
    if (cpl_module_locate(worker->signal_pc, fault))
        return;
    uintptr_t caller = worker->signal_caller;
#if defined(__x86_64__)
    if (caller < (uintptr_t)fiber->low || caller > (uintptr_t)fiber->top - sizeof caller)
        return;
    memcpy(&caller, (const void *)caller, sizeof caller);
#else
    (void)fiber;
#endif
    if (caller)
        cpl_module_locate(caller - 1, fault);     /* within the call, not behind it */
}

void cpl_report_overrun(struct thread *thread, uint64_t address, uintptr_t pc)
{
    cpl_fault fault;
    cpl_fault_at(&fault, thread, CPL_FAULT_STACK, NULL);
    fault.address = address;
    if (pc)
        cpl_module_locate(pc, &fault);
    char *text = fault.message;
    size_t used = strlen(text);
    snprintf(text + used, sizeof fault.message - used,
             ": stack overflow: the thread needs more than %zu bytes; raise the stack limit (cuCtxSetLimit)",
             (size_t)(thread->fiber->top - thread->fiber->low));
    cpl_domain_record(thread->block->domain, &fault);
}

void cpl_report_timeout(struct thread *thread, uintptr_t pc)
{
    cpl_fault fault;
    cpl_fault_at(&fault, thread, CPL_FAULT_TIMEOUT, NULL);
    if (pc)
        cpl_module_locate(pc, &fault);
    size_t used = strlen(fault.message);
    snprintf(fault.message + used, sizeof fault.message - used, ": the kernel still runs after %g s (COMPATLAYER_WATCHDOG_S)",
             (double)cpl_watchdog_limit() / 1e9);
    cpl_domain_record(thread->block->domain, &fault);
}

void cpl_report_signal(struct worker *worker, struct thread *thread)
{
    uint64_t address = worker->signal_address;
    int number = worker->signal;
    worker->signal = 0;
    if (number == CPL_WATCHDOG_SIGNAL) {
        cpl_report_timeout(thread, worker->signal_pc);
        return;
    }
    const struct fiber *fiber = thread->fiber;
    uint64_t low = (uint64_t)(uintptr_t)fiber->low;
    if ((number == SIGSEGV || number == SIGBUS) && address < low && address >= low - fiber->guard_bytes) {
        cpl_report_overrun(thread, address, worker->signal_pc);
        return;
    }
    cpl_fault fault;
    bool memory = number == SIGSEGV || number == SIGBUS;
    cpl_fault_at(&fault, thread, memory ? CPL_FAULT_ADDRESS : CPL_FAULT_INSTRUCTION, NULL);
    fault.address = address;
    locate(&fault, worker, fiber);
    size_t used = strlen(fault.message), room = sizeof fault.message - used;
    if (number == SIGSEGV && worker->signal_code == 0x80)      /* SI_KERNEL: the processor names no address */
        snprintf(fault.message + used, room, ": illegal or misaligned address");
    else if (memory)
        snprintf(fault.message + used, room, ": illegal address 0x%llx", (unsigned long long)address);
    else
        snprintf(fault.message + used, room, ": %s", number == SIGFPE ? "arithmetic fault" : "illegal instruction");
    cpl_domain_record(thread->block->domain, &fault);
}
