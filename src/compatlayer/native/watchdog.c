/* Ends kernels that run for too long, if the program asks for it (COMPATLAYER_WATCHDOG_S).
 *
 * A launch's time counts from its first block. When it is over, threads that wait are given up where they wait; code that
 * never does is left from a signal, but only while it is in a kernel's own instructions: inside of the runtime or libc
 * it may hold a lock, and the next signal comes soon. */
#include "native.h"
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { RANGES = 1024 };
static const uint64_t LEAST_TICK_NS = 5000000, MOST_TICK_NS = 100000000;

static _Atomic uint64_t limit_ns;
static pthread_mutex_t start_lock = PTHREAD_MUTEX_INITIALIZER;
/* Where kernels' instructions are; written by the watching thread alone, `version` is odd meanwhile. */
static struct { uintptr_t begin, end; } ranges[RANGES];
static atomic_uint range_count, version;

uint64_t cpl_watchdog_limit(void) { return atomic_load_explicit(&limit_ns, memory_order_relaxed); }

uint64_t cpl_watchdog_deadline(const struct task *task)
{
    uint64_t limit = cpl_watchdog_limit();
    return limit && task->begun_ns ? task->begun_ns + limit : 0;
}

bool cpl_watchdog_covers(uintptr_t pc)
{
    unsigned before = atomic_load(&version);
    bool found = false;
    unsigned count = atomic_load(&range_count);
    for (unsigned i = 0; i < count && !found; i++)
        found = pc >= ranges[i].begin && pc < ranges[i].end;
    atomic_thread_fence(memory_order_acquire);
    return found && !(before & 1) && atomic_load(&version) == before;
}

static int note(struct dl_phdr_info *info, size_t bytes, void *data)
{
    (void)bytes;
    (void)data;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        if (header->p_type != PT_LOAD || !(header->p_flags & PF_X))
            continue;
        uintptr_t begin = (uintptr_t)(info->dlpi_addr + header->p_vaddr);
        unsigned count = atomic_load(&range_count);
        if (count < RANGES && cpl_module_is(info->dlpi_addr)) {
            ranges[count].begin = begin;
            ranges[count].end = begin + header->p_memsz;
            atomic_store(&range_count, count + 1);
        }
    }
    return 0;
}

static void look(void)
{
    uint64_t now = cpl_now();
    bool noted = false;
    for (int i = 0; i < cpl_pool_workers(); i++) {
        struct worker *worker = cpl_pool_worker(i);
        uint64_t deadline = atomic_load(&worker->deadline);
        if (!deadline || now <= deadline)
            continue;
        if (!noted) {
            noted = true;
            atomic_fetch_add(&version, 1);
            atomic_store(&range_count, 0);
            dl_iterate_phdr(note, NULL);
            atomic_fetch_add(&version, 1);
        }
        pthread_kill(worker->pthread, CPL_WATCHDOG_SIGNAL);
    }
}

static void *watch_main(void *data)
{
    (void)data;
    for (;;) {
        uint64_t tick = cpl_watchdog_limit() / 8;
        tick = tick < LEAST_TICK_NS ? LEAST_TICK_NS : tick > MOST_TICK_NS ? MOST_TICK_NS : tick;
        nanosleep(&(struct timespec){(time_t)(tick / 1000000000u), (long)(tick % 1000000000u)}, NULL);
        look();
    }
    return NULL;
}

int cpl_watchdog(uint64_t limit)
{
    static bool started;
    int status = CPL_OK;
    if (atomic_load(&cpl_child))
        return CPL_FORKED;
    pthread_mutex_lock(&start_lock);
    atomic_store(&limit_ns, limit);
    if (limit && !started) {
        pthread_t thread;
        cpl_guard_watchdog();
        status = cpl_thread_start(&thread, watch_main, NULL, "cpl-watchdog");
        started = status == CPL_OK;
    }
    pthread_mutex_unlock(&start_lock);
    return status;
}
