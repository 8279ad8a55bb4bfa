/* Life of the runtime in its process: start, stop, fork, clocks, futexes. */
#include "native.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

pthread_mutex_t cpl_lock = PTHREAD_MUTEX_INITIALIZER;
atomic_int cpl_stopping;
atomic_int cpl_child;
static pthread_mutex_t start_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_int started;
static atomic_int watching;
static uint64_t first_tick, first_ns;

/* The jump tables live in another file of the library; a test build may lack it. */
__attribute__((weak)) void cpl_slots_forked(void);

static void in_child(void)
{
    atomic_store(&cpl_child, 1);
    if (cpl_slots_forked)
        cpl_slots_forked();
}

void cpl_process_watch_fork(void)
{
    if (!atomic_exchange(&watching, 1))
        pthread_atfork(NULL, NULL, in_child);
}

int cpl_forked(void) { return atomic_load(&cpl_child); }
bool cpl_started(void) { return atomic_load(&started); }

static int processors(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return CPU_COUNT(&set);
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (int)online : 1;
}

static uint64_t ticks(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    uint64_t value;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(value));
    return value;
#else
    return cpl_now();
#endif
}

int cpl_start(int workers)
{
    if (atomic_load(&cpl_child))
        return CPL_FORKED;
    if (workers < 0 || workers > 4096)
        return CPL_INVALID;
    pthread_mutex_lock(&start_lock);
    int status = CPL_OK;
    if (!atomic_load(&started)) {
        cpl_process_watch_fork();
        cpl_guard_install();
        first_tick = ticks();
        first_ns = cpl_now();
        status = cpl_pool_start(workers ? workers : processors());
        if (status == CPL_OK)
            status = cpl_callback_start();
        if (status == CPL_OK)
            atomic_store(&started, 1);
    }
    pthread_mutex_unlock(&start_lock);
    return status;
}

int cpl_workers(void) { return cpl_pool_workers(); }

void cpl_stop(uint64_t timeout_ns)
{
    if (atomic_load(&cpl_child) || !atomic_load(&started))
        return;
    uint64_t now = cpl_now();
    uint64_t deadline = timeout_ns > UINT64_MAX - now ? UINT64_MAX : now + timeout_ns;
    atomic_store(&cpl_stopping, 1);
    bool quiet = false;
    while (!quiet) {
        pthread_mutex_lock(&cpl_lock);
        quiet = cpl_pool_quiet() && cpl_callback_quiet();
        pthread_mutex_unlock(&cpl_lock);
        if (quiet || cpl_now() >= deadline)
            break;
        nanosleep(&(struct timespec){0, 200000}, NULL);
    }
    atomic_store(&cpl_stopping, 2);
    cpl_queue_wake_all();
}

uint64_t cpl_page_bytes(void)
{
    static _Atomic uint64_t bytes;
    uint64_t known = atomic_load_explicit(&bytes, memory_order_relaxed);
    if (!known) {
        long asked = sysconf(_SC_PAGESIZE);
        known = asked > 0 ? (uint64_t)asked : 4096;
        atomic_store_explicit(&bytes, known, memory_order_relaxed);
    }
    return known;
}

uint64_t cpl_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int cpl_process_lives(uint64_t process)
{
    if (process == 0 || process > INT_MAX || (kill((pid_t)process, 0) != 0 && errno == ESRCH))
        return 0;
    char path[40], text[512];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)process);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return errno != ENOENT || kill((pid_t)process, 0) == 0 || errno != ESRCH;    /* processes may be hidden there */
    ssize_t bytes = read(file, text, sizeof text - 1);
    close(file);
    text[bytes > 0 ? bytes : 0] = '\0';
    const char *name_end = strrchr(text, ')');    /* the name may have any character in it */
    return name_end == NULL || name_end[1] != ' ' || (name_end[2] != 'Z' && name_end[2] != 'X');
}

int cpl_thread_start(pthread_t *thread, void *(*main)(void *), void *data, const char *name)
{
    /* Ctrl-C and every other signal belong to the program's threads; only this thread's own faults come here. */
    sigset_t blocked, before;
    sigfillset(&blocked);
    const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, CPL_WATCHDOG_SIGNAL};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        sigdelset(&blocked, own[i]);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    int status = pthread_create(thread, NULL, main, data);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (status) {
        errno = status;
        return CPL_SYSTEM;
    }
    pthread_setname_np(*thread, name);
    return CPL_OK;
}

bool cpl_futex_wait(atomic_uint *word, uint32_t expected, uint64_t deadline)
{
    struct timespec until = {(time_t)(deadline / 1000000000u), (long)(deadline % 1000000000u)};
    /* WAIT_BITSET takes an absolute CLOCK_MONOTONIC time. */
    long status = syscall(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected,
                          deadline == UINT64_MAX ? NULL : &until, NULL, FUTEX_BITSET_MATCH_ANY);
    return !(status < 0 && errno == ETIMEDOUT);
}

void cpl_futex_wake(atomic_uint *word, int waiters)
{
    syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, waiters, NULL, NULL, 0);
}

uint64_t cpl_clock_khz(void)
{
    if (!atomic_load(&started))
        return 0;
    uint64_t elapsed;
    while ((elapsed = cpl_now() - first_ns) < 2000000)
        sched_yield();
    return (uint64_t)((double)(ticks() - first_tick) * 1e6 / (double)elapsed);
}

uint64_t cpl_clock(cpl_thread *self)
{
    (void)self;
    return ticks();
}

uint64_t cpl_global_timer(cpl_thread *self)
{
    (void)self;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
