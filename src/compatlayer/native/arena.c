/* Device memory: one reserved range of addresses, guard pages between allocations.
 *
 * Three regions hold allocations (the fourth is for mapping.c). Small allocations end at a page's end, so an overrun soon
 * meets the guard; large ones start at 2 MiB for huge pages; the dense region takes over, without guards, when the
 * process runs out of mappings.
 * Addresses go round a region (next fit), so a freed range is used again as late as possible and a use after
 * free faults meanwhile. */
#include "arena.h"
#include <stdlib.h>
#include <sys/mman.h>

enum { DEVICES = CPL_ARENA_DEVICES };
_Static_assert((int)DEVICES <= (int)CPL_LEDGER_DEVICES, "the memory of every device is counted");
static const uint64_t GUARD = CPL_GUARD_BYTES, HUGE = CPL_HUGE_BYTES;
/* Small allocations go round this much at first: page tables of addresses used once are never given back. */
static const uint64_t SMALL_WINDOW = 16ull << 30;

struct arena cpl_arena = {.lock = PTHREAD_RWLOCK_INITIALIZER};
static uint64_t dense_open;           /* the dense region is readable and writable below this */
static uint64_t next_id = 1;
static _Atomic uint64_t live;

bool cpl_arena_reserve(void)
{
    struct arena *arena = &cpl_arena;
    if (arena->large.high)
        return true;
    if (cpl_page_bytes() > GUARD)
        return false;
    void *base = MAP_FAILED;
    uint64_t bytes = 16ull << 40;
    for (; bytes >= 1ull << 30; bytes /= 2) {
        base = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (base != MAP_FAILED)
            break;
    }
    if (base == MAP_FAILED)
        return false;
    cpl_process_watch_fork();
    uint64_t low = cpl_round_up((uint64_t)(uintptr_t)base, HUGE), high = ((uint64_t)(uintptr_t)base + bytes) & ~(HUGE - 1);
    uint64_t quarter = ((high - low) / 4) & ~(HUGE - 1);
    struct span **spans = &arena->spans;
    arena->small = (struct region){low + HUGE, low + quarter, low + quarter, low + HUGE, spans};
    if (quarter - HUGE > SMALL_WINDOW)
        arena->small.limit = arena->small.low + SMALL_WINDOW;
    uint64_t second = low + quarter, third = low + 2 * quarter, fourth = low + 3 * quarter;
    arena->dense = (struct region){second, third, third, second, spans};
    dense_open = second;
    arena->large = (struct region){third + HUGE, fourth, fourth, third + HUGE, spans};
    arena->ranges = (struct region){fourth + HUGE, high - HUGE, high - HUGE, fourth + HUGE, &arena->reserved};
    return true;
}

/* The last span of the region that begins at or below `address`; foreign memory has other addresses. */
static struct span *before(const struct region *region, uint64_t address)
{
    struct span *span = cpl_tree_floor(*region->spans, address);
    return span && span->high ? span : NULL;
}

uint64_t cpl_arena_fit(const struct region *region, uint64_t from, uint64_t bytes, uint64_t alignment, uint64_t guard)
{
    uint64_t at = cpl_round_up(from, alignment);
    struct span *previous = before(region, at);
    if (previous && previous->high + guard > at)
        at = cpl_round_up(previous->high + guard, alignment);
    while (at >= from && at < region->limit && bytes + guard <= region->limit - at) {
        struct span *next = cpl_tree_above(*region->spans, at - 1);
        if (!next || !next->high || next->low >= region->high || next->low >= at + bytes + guard)
            return at;
        at = cpl_round_up(next->high + guard, alignment);
    }
    return 0;
}

uint64_t cpl_arena_place(struct region *region, uint64_t bytes, uint64_t alignment, uint64_t guard)
{
    uint64_t at = cpl_arena_fit(region, region->cursor, bytes, alignment, guard);
    if (!at)
        at = cpl_arena_fit(region, region->low, bytes, alignment, guard);
    if (!at && region->limit < region->high) {
        region->cursor = region->limit;
        region->limit = region->high;
        at = cpl_arena_fit(region, region->cursor, bytes, alignment, guard);
        if (!at)
            at = cpl_arena_fit(region, region->low, bytes, alignment, guard);
    }
    if (at)
        region->cursor = at + bytes + guard;
    return at;
}

/* Back to reserved addresses; a fresh mapping also gives the page tables back. */
void cpl_arena_unmap(uint64_t low, uint64_t high)
{
    void *address = (void *)(uintptr_t)low;
    if (mmap(address, high - low, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED) {
        madvise(address, high - low, MADV_DONTNEED);
        mprotect(address, high - low, PROT_NONE);
    }
}

static bool map_guarded(struct span *span, uint64_t size, uint64_t alignment)
{
    bool is_large = size >= HUGE;
    uint64_t page = cpl_page_bytes(), bytes = cpl_round_up(size, page);
    uint64_t unit = is_large ? HUGE : page;
    if (alignment > unit)
        unit = alignment;
    if (!cpl_vma_take(2))
        return false;
    uint64_t low = cpl_arena_place(is_large ? &cpl_arena.large : &cpl_arena.small, bytes, unit, GUARD);
    if (!low || mprotect((void *)(uintptr_t)low, bytes, PROT_READ | PROT_WRITE)) {
        if (low)
            cpl_arena_unmap(low, low + bytes);
        cpl_vma_give(2);
        return false;
    }
    if (is_large)
        madvise((void *)(uintptr_t)low, bytes, MADV_HUGEPAGE);
    span->low = low;
    span->high = low + bytes;
    span->guarded = true;
    span->allocation.base = is_large || alignment >= page ? low : (low + bytes - size) & ~(alignment - 1);
    return true;
}

/* Without guards: one mapping serves all, so this works when the process has no mapping left. */
static bool map_dense(struct span *span, uint64_t size, uint64_t alignment)
{
    uint64_t page = cpl_page_bytes(), bytes = cpl_round_up(size, page);
    uint64_t low = cpl_arena_place(&cpl_arena.dense, bytes, alignment > page ? alignment : page, 0);
    if (!low)
        return false;
    if (low + bytes > dense_open) {
        uint64_t open = cpl_round_up(low + bytes, HUGE);
        if (open > cpl_arena.dense.high)
            open = cpl_arena.dense.high;
        if (mprotect((void *)(uintptr_t)dense_open, open - dense_open, PROT_READ | PROT_WRITE))
            return false;
        dense_open = open;
    }
    span->low = low;
    span->high = low + bytes;
    span->guarded = false;
    span->allocation.base = alignment >= page ? low : (low + bytes - size) & ~(alignment - 1);
    return true;
}

static bool counts(int kind) { return kind == CPL_MEMORY_DEVICE || kind == CPL_MEMORY_MANAGED; }

void cpl_arena_record(struct span *span, int device, int kind, uint64_t size)
{
    span->allocation.size_bytes = size;
    span->allocation.id = next_id++;
    span->allocation.device = device;
    span->allocation.kind = kind;
    cpl_tree_insert(&cpl_arena.spans, span);
    atomic_fetch_add(&live, 1);
    if (counts(kind))
        cpl_ledger_use(device, (int64_t)size);
}

void cpl_arena_forget(const struct span *span)
{
    atomic_fetch_sub(&live, 1);
    if (counts(span->allocation.kind))
        cpl_ledger_use(span->allocation.device, -(int64_t)span->allocation.size_bytes);
}

int cpl_memory_alloc(int device, int kind, uint64_t size_bytes, uint64_t alignment_bytes, uint64_t *pointer)
{
    if (atomic_load(&cpl_child))
        return CPL_FORKED;
    if (!pointer || !size_bytes || device < 0 || device >= DEVICES || kind < 0 || kind > CPL_MEMORY_REGISTERED)
        return CPL_INVALID;
    if (alignment_bytes & (alignment_bytes - 1) || alignment_bytes > 1ull << 40)
        return CPL_INVALID;
    if (size_bytes > 1ull << 46)
        return CPL_OUT_OF_MEMORY;
    uint64_t alignment = alignment_bytes < 512 ? 512 : alignment_bytes;
    struct span *span = calloc(1, sizeof *span);
    if (!span)
        return CPL_OUT_OF_MEMORY;
    pthread_rwlock_wrlock(&cpl_arena.lock);
    bool done = cpl_arena_reserve() && (map_guarded(span, size_bytes, alignment) || map_dense(span, size_bytes, alignment));
    if (done) {
        cpl_arena_record(span, device, kind, size_bytes);
        *pointer = span->allocation.base;
    }
    pthread_rwlock_unlock(&cpl_arena.lock);
    if (!done)
        free(span);
    return done ? CPL_OK : CPL_OUT_OF_MEMORY;
}

int cpl_memory_adopt(int device, int kind, uint64_t base, uint64_t size_bytes)
{
    if (atomic_load(&cpl_child))
        return CPL_FORKED;
    if (!base || !size_bytes || base + size_bytes < base || device < 0 || device >= DEVICES)
        return CPL_INVALID;
    if (kind < 0 || kind > CPL_MEMORY_REGISTERED)
        return CPL_INVALID;
    struct span *span = calloc(1, sizeof *span);
    if (!span)
        return CPL_OUT_OF_MEMORY;
    span->allocation.base = base;
    pthread_rwlock_wrlock(&cpl_arena.lock);
    struct span *other = cpl_tree_floor(cpl_arena.spans, base + size_bytes - 1);
    bool taken = (other && other->allocation.base + other->allocation.size_bytes > base)
                 || (cpl_arena.large.high && base + size_bytes > cpl_arena.small.low && base < cpl_arena.ranges.high);
    if (!taken)
        cpl_arena_record(span, device, kind, size_bytes);
    pthread_rwlock_unlock(&cpl_arena.lock);
    if (taken)
        free(span);
    return taken ? CPL_INVALID : CPL_OK;
}

int cpl_memory_free(uint64_t base)
{
    if (atomic_load(&cpl_child))
        return CPL_FORKED;
    pthread_rwlock_wrlock(&cpl_arena.lock);
    struct span *span = cpl_tree_floor(cpl_arena.spans, base);
    if (span && span->allocation.kind == CPL_MEMORY_MAPPED)
        span = NULL;                  /* cpl_range_unmap ends those */
    span = span ? cpl_tree_remove(&cpl_arena.spans, base) : NULL;
    if (span) {
        cpl_arena_forget(span);
        if (span->high && span->guarded) {
            cpl_arena_unmap(span->low, span->high);
            cpl_vma_give(2);
        } else if (span->high && span->shared) {
            cpl_arena_unmap(span->low, span->high);
            mprotect((void *)(uintptr_t)span->low, span->high - span->low, PROT_READ | PROT_WRITE);
        } else if (span->high) {
            madvise((void *)(uintptr_t)span->low, span->high - span->low, MADV_DONTNEED);
        }
    }
    pthread_rwlock_unlock(&cpl_arena.lock);
    free(span);
    return span ? CPL_OK : CPL_INVALID;
}

int cpl_memory_find(uint64_t address, cpl_allocation *out)
{
    if (atomic_load(&cpl_child))
        return 0;
    pthread_rwlock_rdlock(&cpl_arena.lock);
    struct span *span = cpl_tree_floor(cpl_arena.spans, address);
    int found = span && address - span->allocation.base < span->allocation.size_bytes;
    if (found && out)
        *out = span->allocation;
    pthread_rwlock_unlock(&cpl_arena.lock);
    return found;
}

int cpl_memory_after(uint64_t base, cpl_allocation *out)
{
    if (atomic_load(&cpl_child))
        return 0;
    pthread_rwlock_rdlock(&cpl_arena.lock);
    struct span *span = cpl_tree_above(cpl_arena.spans, base);
    if (span)
        *out = span->allocation;
    pthread_rwlock_unlock(&cpl_arena.lock);
    return span != NULL;
}

void cpl_memory_charge(int device, int64_t bytes)
{
    if (device >= 0 && device < DEVICES)
        cpl_ledger_use(device, bytes);
}

uint64_t cpl_memory_used(int device)
{
    return device < 0 || device >= DEVICES ? 0 : cpl_ledger_used(device);
}

uint64_t cpl_memory_count(void) { return atomic_load(&live); }
