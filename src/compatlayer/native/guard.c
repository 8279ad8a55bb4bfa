/* Turns hardware faults inside kernels and guarded copies into recorded faults; passes all others on. */
#include "native.h"
#include <string.h>
#include <unistd.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

/* initial-exec: the handler must not enter the dynamic loader to find its own variable. */
static _Thread_local struct guard self __attribute__((tls_model("initial-exec")));
static _Thread_local uintptr_t chaining __attribute__((tls_model("initial-exec")));
static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
enum { SIGNALS = sizeof signals / sizeof *signals };
static struct sigaction previous[SIGNALS];
static pthread_mutex_t install_lock = PTHREAD_MUTEX_INITIALIZER;

struct guard *cpl_guard_self(void) { return &self; }

static void pass_on(int number, siginfo_t *info, void *context)
{
    struct sigaction next;
    memset(&next, 0, sizeof next);
    for (int i = 0; i < SIGNALS; i++)
        if (signals[i] == number)
            next = previous[i];
    bool plain = !(next.sa_flags & SA_SIGINFO);
    if (plain && next.sa_handler == SIG_IGN && info->si_code <= 0)
        return;
    /* A handler that puts back what it found (Python's faulthandler) puts back this one and raises again: the
     * second arrival, deeper in the same stack, is the end and not a loop. (A chained handler may also leave for
     * good, as this one does: then the mark is stale and not below it.) */
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    bool again = chaining && here < chaining;
    if (again || (plain && (next.sa_handler == SIG_DFL || next.sa_handler == SIG_IGN))) {
        signal(number, SIG_DFL);
        if (info->si_code <= 0)
            raise(number);
        return;                       /* a hardware fault happens again and ends the process as it should */
    }
    chaining = here;
    if (plain)
        next.sa_handler(number);
    else
        next.sa_sigaction(number, info, context);
    chaining = 0;
}

/* Where the processor stood. A function of libc that it may have stood in (memcpy) keeps its return address in the
 * usual place as long as it calls nothing; the stack is read later, when it is known to be one. */
static void note_place(struct worker *worker, const ucontext_t *context)
{
#if defined(__x86_64__)
    worker->signal_pc = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
    worker->signal_caller = (uintptr_t)context->uc_mcontext.gregs[REG_RSP];
#elif defined(__aarch64__)
    worker->signal_pc = (uintptr_t)context->uc_mcontext.pc;
    worker->signal_caller = (uintptr_t)context->uc_mcontext.regs[30];
#else
    (void)context;
    worker->signal_pc = worker->signal_caller = 0;
#endif
}

static void on_signal(int number, siginfo_t *info, void *context)
{
    if (info->si_code > 0 && number == SIGSEGV && cpl_arena_moved((uint64_t)(uintptr_t)info->si_addr))
        return;
    if (info->si_code > 0 && self.worker && self.worker->in_kernel) {
        struct worker *worker = self.worker;
        void *abandoned;
        worker->in_kernel = 0;
        worker->signal_code = info->si_code;
        worker->signal_address = (uint64_t)(uintptr_t)info->si_addr;
        note_place(worker, context);
        worker->signal = number;
        CPL_SANITIZER_SWITCH(worker->sanitizer);
        cpl_fiber_switch(&abandoned, worker->scheduler_sp);
    }
    if (info->si_code > 0 && self.copying) {
        jmp_buf *target = self.copying;
        self.copying = NULL;
        self.address = (uint64_t)(uintptr_t)info->si_addr;
        longjmp(*target, 1);
    }
    pass_on(number, info, context);
}

static struct sigaction before_watchdog;

/* The watchdog's: leaves a kernel that has run for too long. */
static void on_watchdog(int number, siginfo_t *info, void *context)
{
    struct worker *worker = self.worker;
    if (!worker) {
        if (before_watchdog.sa_flags & SA_SIGINFO)
            before_watchdog.sa_sigaction(number, info, context);
        else if (before_watchdog.sa_handler != SIG_DFL && before_watchdog.sa_handler != SIG_IGN)
            before_watchdog.sa_handler(number);
        return;
    }
    uint64_t deadline = atomic_load_explicit(&worker->deadline, memory_order_relaxed);
    if (!worker->in_kernel || !deadline || cpl_now() <= deadline)
        return;
    note_place(worker, context);
    if (!cpl_watchdog_covers(worker->signal_pc))
        return;
    void *abandoned;
    worker->in_kernel = 0;
    worker->signal = number;
    CPL_SANITIZER_SWITCH(worker->sanitizer);
    cpl_fiber_switch(&abandoned, worker->scheduler_sp);
}

void cpl_guard_watchdog(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_watchdog;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(CPL_WATCHDOG_SIGNAL, &action, &before_watchdog);
}

static bool ours(const struct sigaction *action)
{
    return (action->sa_flags & SA_SIGINFO) && action->sa_sigaction == on_signal;
}

void cpl_guard_install(void)
{
    struct sigaction now;
    /* Other libraries replace all of these handlers together; one look keeps a launch cheap. */
    if (atomic_load(&cpl_child) || (sigaction(SIGSEGV, NULL, &now) == 0 && ours(&now)))
        return;
    pthread_mutex_lock(&install_lock);
    struct sigaction guard;
    memset(&guard, 0, sizeof guard);
    guard.sa_sigaction = on_signal;
    /* NODEFER: leaving the handler by a switch must not leave the signal blocked. */
    guard.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigemptyset(&guard.sa_mask);
    for (int i = 0; i < SIGNALS; i++)
        if (sigaction(signals[i], NULL, &now) == 0 && !ours(&now)) {
            previous[i] = now;
            sigaction(signals[i], &guard, NULL);
        }
    pthread_mutex_unlock(&install_lock);
}

int cpl_guard_thread(struct worker *worker)
{
    enum { BYTES = 64 << 10 };
    void *memory = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return CPL_SYSTEM;
    stack_t stack = {.ss_sp = memory, .ss_size = BYTES, .ss_flags = 0};
    if (sigaltstack(&stack, NULL)) {
        munmap(memory, BYTES);
        return CPL_SYSTEM;
    }
    self.worker = worker;
    worker->sanitizer = CPL_SANITIZER_HERE();
    return CPL_OK;
}
