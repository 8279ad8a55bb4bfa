/* The counters that other processes read: memory, contexts, and the time in which work ran.
 *
 * Busy time is measured from the first task that the workers get to the moment when one of them finds nothing to do and
 * no task is left: a burst of launches costs two looks at the clock, and a launch by itself one before and one after it.
 * All times are changed under cpl_lock. */
#include "native.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static cpl_ledger own = {.version = CPL_LEDGER_VERSION};
static cpl_ledger *_Atomic ledger = &own;
static char *shared_path;
static pid_t shared_by;

static struct {
    uint32_t tasks[CPL_LEDGER_KINDS];     /* that the workers have, or will get */
} active[CPL_LEDGER_DEVICES];
static uint32_t open_count;               /* of devices' kinds that are being measured; all under cpl_lock */

static cpl_ledger_device *device_of(int device)
{
    return &atomic_load_explicit(&ledger, memory_order_relaxed)->devices[device];
}

static bool known(int device) { return device >= 0 && device < CPL_LEDGER_DEVICES; }

const cpl_ledger *cpl_ledger_own(void) { return atomic_load(&ledger); }

int cpl_ledger_share(const char *path)
{
    if (shared_path)
        return CPL_INVALID;
    int file = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0)
        return CPL_SYSTEM;
    void *place = mmap(NULL, sizeof own, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    int error = errno;
    close(file);
    char *name = place == MAP_FAILED ? NULL : strdup(path);
    if (!name) {
        if (place != MAP_FAILED)
            munmap(place, sizeof own);
        errno = place == MAP_FAILED ? error : ENOMEM;
        return CPL_SYSTEM;
    }
    /* Only what is not zero: the file's other pages need no memory. */
    cpl_ledger *fresh = place;
    fresh->version = own.version;
    fresh->count = own.count;
    for (uint32_t i = 0; i < own.count; i++)
        fresh->devices[i] = own.devices[i];
    atomic_store(&ledger, fresh);
    shared_path = name;
    shared_by = getpid();
    return CPL_OK;
}

/* A process that is killed leaves its file to whoever looks for files next. */
__attribute__((destructor)) static void remove_file(void)
{
    if (shared_path && shared_by == getpid())
        unlink(shared_path);
}

int cpl_ledger_name(int device, const uint8_t uuid[16])
{
    if (!known(device))
        return CPL_INVALID;
    cpl_ledger *now = atomic_load(&ledger);
    memcpy(now->devices[device].uuid, uuid, 16);
    if (now->count <= (uint32_t)device)
        now->count = (uint32_t)device + 1;
    return CPL_OK;
}

void cpl_ledger_use(int device, int64_t bytes)
{
    __atomic_fetch_add(&device_of(device)->used_bytes, (uint64_t)bytes, __ATOMIC_RELAXED);
}

uint64_t cpl_ledger_used(int device)
{
    return __atomic_load_n(&device_of(device)->used_bytes, __ATOMIC_RELAXED);
}

void cpl_ledger_contexts(int device, int change)
{
    if (known(device))
        __atomic_fetch_add(&device_of(device)->contexts, (uint64_t)(int64_t)change, __ATOMIC_RELAXED);
}

static int kind_of(const struct task *task)
{
    return task->kind == TASK_LAUNCH ? CPL_LEDGER_KERNELS : CPL_LEDGER_COPIES;
}

void cpl_ledger_begin(const struct task *task)
{
    int device = task->queue->domain->device, kind = kind_of(task);
    if (!known(device) || task->kind == TASK_CHOICE || active[device].tasks[kind]++)
        return;
    cpl_ledger_device *row = device_of(device);
    if (!row->since_ns[kind]) {
        __atomic_store_n(&row->since_ns[kind], cpl_now(), __ATOMIC_RELEASE);
        open_count++;
    }
}

void cpl_ledger_end(const struct task *task)
{
    int device = task->queue->domain->device;
    if (known(device) && task->kind != TASK_CHOICE)
        active[device].tasks[kind_of(task)]--;
}

/* Adds the time from `from` to `to` to the periods that it touches. */
static void spread(cpl_ledger_device *row, int kind, uint64_t from, uint64_t to)
{
    const uint64_t length = CPL_LEDGER_PERIOD_NS;
    uint64_t last = to / length, first = from / length;
    if (last - first >= CPL_LEDGER_PERIODS)
        first = last - CPL_LEDGER_PERIODS + 1;
    for (uint64_t number = first; number <= last; number++) {
        cpl_ledger_period *period = &row->periods[number % CPL_LEDGER_PERIODS];
        uint64_t low = number * length > from ? number * length : from;
        uint64_t high = (number + 1) * length < to ? (number + 1) * length : to;
        if (period->number != number) {
            memset(period, 0, sizeof *period);
            period->number = number;
        }
        period->busy_ns[kind] += high - low;
    }
}

static void close_kind(cpl_ledger_device *row, int kind, uint64_t now)
{
    uint64_t from = row->since_ns[kind];
    __atomic_store_n(&row->changes, row->changes + 1, __ATOMIC_RELAXED);
#if !defined(__SANITIZE_THREAD__)      /* which knows no fences; only other processes read this without the lock */
    atomic_thread_fence(memory_order_release);
#endif
    if (now > from) {
        row->busy_ns[kind] += now - from;
        spread(row, kind, from, now);
    }
    row->since_ns[kind] = 0;
    __atomic_store_n(&row->changes, row->changes + 1, __ATOMIC_RELEASE);
    open_count--;
}

void cpl_ledger_rest(void)
{
    if (!open_count)
        return;
    uint64_t now = 0;
    uint32_t count = atomic_load_explicit(&ledger, memory_order_relaxed)->count;
    for (uint32_t device = 0; device < count; device++)
        for (int kind = 0; kind < CPL_LEDGER_KINDS; kind++)
            if (device_of((int)device)->since_ns[kind] && !active[device].tasks[kind]) {
                now = now ? now : cpl_now();
                close_kind(device_of((int)device), kind, now);
            }
}
