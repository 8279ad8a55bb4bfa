/* Stacks of fibers: cut from slabs, cached per worker and size, a guard area below each while mappings last. */
#include "native.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { CANARY_WORDS = 16 };
static const uint64_t STACK_GUARD = 64 << 10;
/* What the runtime itself needs below a kernel's deepest frame (printf of a double, for one). */
static const uint64_t STACK_SMALLEST = 64 << 10, STACK_RESERVE = 16 << 10;
static const uint64_t CANARY = 0x5ca1ab1e0ddba11u;
static _Atomic int64_t mappings;      /* a budget; negative until first read */
static pthread_once_t budget_once = PTHREAD_ONCE_INIT;

static void read_budget(void)
{
    long limit = 65530;
    FILE *file = fopen("/proc/sys/vm/max_map_count", "re");
    if (file) {
        if (fscanf(file, "%ld", &limit) != 1)
            limit = 65530;
        fclose(file);
    }
    atomic_store(&mappings, limit / 2);   /* the other half is the program's */
}

bool cpl_vma_take(int64_t count)
{
    pthread_once(&budget_once, read_budget);
    if (atomic_fetch_sub(&mappings, count) >= count)
        return true;
    atomic_fetch_add(&mappings, count);
    return false;
}

void cpl_vma_give(int64_t count) { atomic_fetch_add(&mappings, count); }

/* Stacks that are mapped, and go back, together. */
struct slab {
    uint8_t *base;
    uint64_t bytes;
    uint32_t count, unused;           /* `unused` is counted while trimming */
    bool guarded, doomed;
    struct fiber fibers[];
};

static uint64_t class_bytes(int size_class) { return (STACK_SMALLEST + STACK_RESERVE) << size_class; }

int cpl_stack_class(uint64_t wanted_bytes)
{
    for (int i = 0; i < CPL_STACK_CLASSES; i++)
        if (class_bytes(i) - STACK_RESERVE >= wanted_bytes)
            return i;
    return -1;
}

static void paint(struct fiber *fiber)
{
    uint64_t *word = (uint64_t *)fiber->low;
    for (int i = 0; i < CANARY_WORDS; i++)
        word[i] = CANARY;
}

bool cpl_fiber_overran(const struct fiber *fiber)
{
    if (fiber->guard_bytes)
        return false;
    const uint64_t *word = (const uint64_t *)fiber->low;
    for (int i = 0; i < CANARY_WORDS; i++)
        if (word[i] != CANARY)
            return true;
    return fiber->sp && (const uint8_t *)fiber->sp < fiber->low;
}

static bool add_slab(struct worker *worker, int size_class)
{
    uint64_t bytes = class_bytes(size_class), step = bytes + STACK_GUARD;
    unsigned count = size_class <= 2 ? 32 : size_class <= 4 ? 8 : 1;
    uint8_t *base = mmap(NULL, step * count, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (base == MAP_FAILED)
        return false;
    struct slab *slab = calloc(1, sizeof *slab + count * sizeof *slab->fibers);
    if (!slab) {
        munmap(base, step * count);
        return false;
    }
    madvise(base, step * count, MADV_NOHUGEPAGE);
    slab->base = base;
    slab->bytes = step * count;
    slab->count = count;
    slab->guarded = cpl_vma_take(2 * (int64_t)count);
    for (unsigned i = count; i-- > 0;) {
        struct fiber *fiber = &slab->fibers[i];
        uint8_t *low = base + i * step;
        fiber->slab = slab;
        if (slab->guarded && mprotect(low, STACK_GUARD, PROT_NONE) == 0)
            fiber->guard_bytes = (uint32_t)STACK_GUARD;
        fiber->low = low + STACK_GUARD;
        /* Stacks at one stride would meet in the same cache sets: shift the tops apart. */
        fiber->top = fiber->low + bytes - (i % 32) * 128;
        fiber->worker = worker;
        fiber->size_class = (uint8_t)size_class;
        if (!fiber->guard_bytes)
            paint(fiber);
        fiber->next = worker->fibers[size_class];
        worker->fibers[size_class] = fiber;
    }
    return true;
}

struct fiber *cpl_fiber_take(struct worker *worker, int size_class)
{
    if (!worker->fibers[size_class] && !add_slab(worker, size_class))
        return NULL;
    struct fiber *fiber = worker->fibers[size_class];
    worker->fibers[size_class] = fiber->next;
    fiber->next = NULL;
    if (++worker->fibers_out > worker->fibers_peak)
        worker->fibers_peak = worker->fibers_out;
    return fiber;
}

static void give_back(struct fiber *fiber)
{
    fiber->idle = false;              /* nothing is left of what it was about to do */
    madvise(fiber->low, (size_t)(fiber->top - fiber->low) & ~(size_t)4095, MADV_DONTNEED);
    if (!fiber->guard_bytes)
        paint(fiber);
}

/* Marks slabs that nothing uses, as long as enough stacks stay. */
static void doom(struct fiber *unused)
{
    uint32_t total = 0;
    for (struct fiber *fiber = unused; fiber; fiber = fiber->next)
        fiber->slab->unused = 0;
    for (struct fiber *fiber = unused; fiber; fiber = fiber->next, total++)
        fiber->slab->unused++;
    for (struct fiber *fiber = unused; fiber; fiber = fiber->next) {
        struct slab *slab = fiber->slab;
        if (slab->doomed || slab->unused < slab->count || total < CPL_FIBERS_KEPT + slab->count)
            continue;
        slab->doomed = true;
        total -= slab->count;
    }
}

static void leave_slab(struct fiber *fiber)
{
    struct slab *slab = fiber->slab;
    CPL_SANITIZER_FORGET(fiber);
    if (--slab->unused > 0)
        return;
    munmap(slab->base, slab->bytes);
    if (slab->guarded)
        cpl_vma_give(2 * (int64_t)slab->count);
    free(slab);
}

void cpl_fibers_trim(struct worker *worker)
{
    for (int size_class = 0; size_class < CPL_STACK_CLASSES; size_class++) {
        uint32_t count = 0;
        doom(worker->fibers[size_class]);
        for (struct fiber **at = &worker->fibers[size_class]; *at;) {
            struct fiber *fiber = *at;
            if (fiber->slab->doomed) {
                *at = fiber->next;
                leave_slab(fiber);
                continue;
            }
            if (++count > CPL_FIBERS_KEPT)
                give_back(fiber);
            at = &fiber->next;
        }
    }
    worker->fibers_peak = worker->fibers_out;
}

void cpl_fiber_give(struct fiber *fiber)
{
    fiber->worker->fibers_out--;
    if (fiber->size_class >= 3)       /* large stacks give their memory back at once */
        give_back(fiber);
    else if (!fiber->guard_bytes)
        paint(fiber);
    fiber->next = fiber->worker->fibers[fiber->size_class];
    fiber->worker->fibers[fiber->size_class] = fiber;
}
