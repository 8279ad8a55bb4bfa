/* Device memory that lies in files: reserved ranges of addresses with mappings in them, allocations that several
 * processes share, and the move of an ordinary allocation's pages into a file while it is in use. */
#include "arena.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The arena's pages that were moved last. A thread that wrote to one while it was read-only goes on when the move is
 * over: the guard asks cpl_arena_moved. */
enum { MOVES = 16 };
static _Atomic uint64_t moved_low[MOVES], moved_high[MOVES];
static atomic_uint moves;             /* odd: one is under way */

static bool protect(uint64_t low, uint64_t high, int protection)
{
    return mprotect((void *)(uintptr_t)low, high - low, protection) == 0;
}

static bool map_file(uint64_t low, uint64_t bytes, int protection, int file, uint64_t offset)
{
    void *address = (void *)(uintptr_t)low;
    if (mmap(address, bytes, protection, MAP_SHARED | MAP_FIXED, file, (off_t)offset) == MAP_FAILED)
        return false;
    if (bytes >= CPL_HUGE_BYTES)
        madvise(address, bytes, MADV_HUGEPAGE);
    return true;
}

int cpl_file_open(const char *name, uint64_t size_bytes)
{
    if (size_bytes > INT64_MAX)
        return -1;
    int file = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0)
        return -1;
    /* Sealed: a process that cut it short would end all others by SIGBUS. */
    if (ftruncate(file, (off_t)size_bytes) || fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)) {
        int error = errno;
        close(file);
        errno = error;
        return -1;
    }
    return file;
}

int cpl_file_discard(int file, uint64_t offset, uint64_t size_bytes)
{
    int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    return fallocate(file, mode, (off_t)offset, (off_t)size_bytes) ? CPL_SYSTEM : CPL_OK;
}

/* ---- allocations in files ---------------------------------------------------------------------- */
int cpl_memory_map(int device, int kind, uint64_t size_bytes, int file, uint64_t offset, uint64_t inner, uint64_t *pointer)
{
    if (atomic_load(&cpl_child))
        return CPL_FORKED;
    uint64_t page = cpl_page_bytes();
    if (!pointer || !size_bytes || size_bytes > 1ull << 46 || inner >= page || offset % page || file < 0)
        return CPL_INVALID;
    if (device < 0 || device >= CPL_ARENA_DEVICES || kind < 0 || kind > CPL_MEMORY_MAPPED)
        return CPL_INVALID;
    struct span *span = calloc(1, sizeof *span);
    if (!span)
        return CPL_OUT_OF_MEMORY;
    uint64_t bytes = cpl_round_up(inner + size_bytes, page), low = 0;
    bool is_large = bytes >= CPL_HUGE_BYTES, done = false;
    pthread_rwlock_wrlock(&cpl_arena.lock);
    if (cpl_arena_reserve() && cpl_vma_take(2)) {
        low = cpl_arena_place(is_large ? &cpl_arena.large : &cpl_arena.small, bytes, is_large ? CPL_HUGE_BYTES : page,
                              CPL_GUARD_BYTES);
        done = low && map_file(low, bytes, PROT_READ | PROT_WRITE, file, offset);
        if (!done)
            cpl_vma_give(2);
    }
    if (done) {
        span->low = low;
        span->high = low + bytes;
        span->guarded = span->shared = true;
        span->allocation.base = *pointer = low + inner;
        cpl_arena_record(span, device, kind, size_bytes);
    }
    pthread_rwlock_unlock(&cpl_arena.lock);
    if (!done)
        free(span);
    return done ? CPL_OK : CPL_OUT_OF_MEMORY;
}

/* Holes of the file stay holes where nothing was written. */
static bool copy_pages(uint64_t low, uint64_t high, int file, uint64_t offset)
{
    enum { PIECE = 64 << 10 };
    static const uint8_t zeros[PIECE];
    for (uint64_t at = low; at < high; at += PIECE) {
        size_t bytes = high - at < PIECE ? high - at : PIECE, done = 0;
        const char *data = (const char *)(uintptr_t)at;
        if (memcmp(data, zeros, bytes) == 0)
            continue;
        while (done < bytes) {
            ssize_t written = pwrite(file, data + done, bytes - done, (off_t)(offset + at - low + done));
            if (written <= 0 && errno != EINTR)
                return false;
            done += written > 0 ? (size_t)written : 0;
        }
    }
    return true;
}

int cpl_memory_share(uint64_t base, int file, uint64_t offset)
{
    if (atomic_load(&cpl_child))
        return CPL_FORKED;
    cpl_guard_install();
    pthread_rwlock_wrlock(&cpl_arena.lock);
    struct span *span = cpl_tree_floor(cpl_arena.spans, base);
    int status = span && span->allocation.base == base && span->high && !span->shared ? CPL_OK : CPL_INVALID;
    if (status == CPL_OK) {
        uint64_t low = span->low, high = span->high;
        unsigned turn = atomic_load(&moves) / 2 % MOVES;
        atomic_store(&moved_low[turn], low);
        atomic_store(&moved_high[turn], high);
        atomic_fetch_add(&moves, 1);
        span->shared = protect(low, high, PROT_READ) && copy_pages(low, high, file, offset)
                       && map_file(low, high - low, PROT_READ | PROT_WRITE, file, offset);
        if (!span->shared) {
            protect(low, high, PROT_READ | PROT_WRITE);
            status = CPL_OUT_OF_MEMORY;
        }
        atomic_fetch_add(&moves, 1);
    }
    pthread_rwlock_unlock(&cpl_arena.lock);
    return status;
}

bool cpl_arena_moved(uint64_t address)
{
    /* initial-exec: see guard.c. What this thread tried last; a second fault of the same write is a fault. */
    static _Thread_local uint64_t tried __attribute__((tls_model("initial-exec")));
    static _Thread_local unsigned tried_at __attribute__((tls_model("initial-exec")));
    unsigned now = atomic_load(&moves);
    bool found = false;
    for (int i = 0; now && i < MOVES; i++)
        found |= address >= atomic_load(&moved_low[i]) && address < atomic_load(&moved_high[i]);
    if (!found)
        return false;
    int error = errno;
    while ((now = atomic_load(&moves)) & 1)
        nanosleep(&(struct timespec){0, 50000}, NULL);
    errno = error;
    if (tried == address && tried_at == now)
        return false;
    tried = address;
    tried_at = now;
    return true;
}

int cpl_memory_pages(uint64_t base, uint64_t *low, uint64_t *high)
{
    if (atomic_load(&cpl_child))
        return CPL_FORKED;
    pthread_rwlock_rdlock(&cpl_arena.lock);
    struct span *span = cpl_tree_floor(cpl_arena.spans, base);
    bool found = span && span->allocation.base == base && span->high;
    if (found) {
        *low = span->low;
        *high = span->high;
    }
    pthread_rwlock_unlock(&cpl_arena.lock);
    return found ? CPL_OK : CPL_INVALID;
}

/* ---- reserved ranges and the mappings in them --------------------------------------------------- */
int cpl_range_reserve(uint64_t size_bytes, uint64_t alignment_bytes, uint64_t wanted, uint64_t *base)
{
    if (atomic_load(&cpl_child))
        return CPL_FORKED;
    if (!base || !size_bytes || size_bytes % cpl_page_bytes() || alignment_bytes & (alignment_bytes - 1))
        return CPL_INVALID;
    if (size_bytes > 1ull << 46 || alignment_bytes > 1ull << 40)
        return CPL_OUT_OF_MEMORY;
    uint64_t alignment = alignment_bytes < CPL_HUGE_BYTES ? CPL_HUGE_BYTES : alignment_bytes, at = 0;
    struct span *span = calloc(1, sizeof *span);
    if (!span)
        return CPL_OUT_OF_MEMORY;
    pthread_rwlock_wrlock(&cpl_arena.lock);
    if (cpl_arena_reserve()) {
        struct region *ranges = &cpl_arena.ranges;
        /* A wish may be next to another range: programs that grow theirs ask for that. */
        if (wanted >= ranges->low && wanted < ranges->high && wanted % alignment == 0
            && cpl_arena_fit(ranges, wanted, size_bytes, alignment, 0) == wanted)
            at = wanted;
        if (!at)
            at = cpl_arena_place(ranges, size_bytes, alignment, CPL_HUGE_BYTES);
    }
    if (at) {
        span->low = span->allocation.base = *base = at;
        span->high = at + size_bytes;
        span->allocation.size_bytes = size_bytes;
        cpl_tree_insert(&cpl_arena.reserved, span);
    }
    pthread_rwlock_unlock(&cpl_arena.lock);
    if (!at)
        free(span);
    return at ? CPL_OK : CPL_OUT_OF_MEMORY;
}

/* The first mapping that touches [low, high), or NULL. */
static struct span *mapped_in(uint64_t low, uint64_t high)
{
    struct span *last = cpl_tree_floor(cpl_arena.spans, high - 1), *first = cpl_tree_floor(cpl_arena.spans, low);
    if (first && first->allocation.base + first->allocation.size_bytes > low)
        return first;
    return last && last->allocation.base >= low ? last : NULL;
}

int cpl_range_release(uint64_t base)
{
    if (atomic_load(&cpl_child))
        return CPL_FORKED;
    pthread_rwlock_wrlock(&cpl_arena.lock);
    struct span *span = cpl_tree_floor(cpl_arena.reserved, base);
    if (span && (span->low != base || mapped_in(span->low, span->high)))
        span = NULL;
    if (span)
        cpl_tree_remove(&cpl_arena.reserved, base);
    pthread_rwlock_unlock(&cpl_arena.lock);
    free(span);
    return span ? CPL_OK : CPL_INVALID;
}

int cpl_range_map(int device, uint64_t address, uint64_t size_bytes, int file, uint64_t offset)
{
    if (atomic_load(&cpl_child))
        return CPL_FORKED;
    uint64_t page = cpl_page_bytes();
    if (!size_bytes || (address | size_bytes | offset) % page || device < 0 || device >= CPL_ARENA_DEVICES || file < 0)
        return CPL_INVALID;
    struct span *span = calloc(1, sizeof *span);
    if (!span)
        return CPL_OUT_OF_MEMORY;
    pthread_rwlock_wrlock(&cpl_arena.lock);
    struct span *range = cpl_tree_floor(cpl_arena.reserved, address);
    bool fits = range && address < range->high && size_bytes <= range->high - address
                && !mapped_in(address, address + size_bytes);
    bool done = fits && cpl_vma_take(2);
    if (done && !map_file(address, size_bytes, PROT_NONE, file, offset)) {
        cpl_vma_give(2);
        done = false;
    }
    if (done) {
        span->allocation.base = address;
        cpl_arena_record(span, device, CPL_MEMORY_MAPPED, size_bytes);
    }
    pthread_rwlock_unlock(&cpl_arena.lock);
    if (!done)
        free(span);
    return done ? CPL_OK : fits ? CPL_OUT_OF_MEMORY : CPL_INVALID;
}

int cpl_range_unmap(uint64_t address)
{
    if (atomic_load(&cpl_child))
        return CPL_FORKED;
    pthread_rwlock_wrlock(&cpl_arena.lock);
    struct span *span = cpl_tree_floor(cpl_arena.spans, address);
    if (span && (span->allocation.base != address || span->allocation.kind != CPL_MEMORY_MAPPED))
        span = NULL;
    if (span) {
        cpl_tree_remove(&cpl_arena.spans, address);
        cpl_arena_forget(span);
        cpl_arena_unmap(address, address + span->allocation.size_bytes);
        cpl_vma_give(2);
    }
    pthread_rwlock_unlock(&cpl_arena.lock);
    free(span);
    return span ? CPL_OK : CPL_INVALID;
}

int cpl_range_protect(uint64_t address, int access)
{
    static const int protections[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE};
    if (atomic_load(&cpl_child))
        return CPL_FORKED;
    if (access < 0 || access > 3)
        return CPL_INVALID;
    pthread_rwlock_wrlock(&cpl_arena.lock);
    struct span *span = cpl_tree_floor(cpl_arena.spans, address);
    int status = CPL_INVALID;
    if (span && span->allocation.base == address && span->allocation.kind == CPL_MEMORY_MAPPED)
        status = protect(address, address + span->allocation.size_bytes, protections[access]) ? CPL_OK : CPL_OUT_OF_MEMORY;
    pthread_rwlock_unlock(&cpl_arena.lock);
    return status;
}

/* ---- words that processes share ----------------------------------------------------------------- */
uint64_t cpl_word_next(uint64_t address) { return atomic_fetch_add((_Atomic uint64_t *)(uintptr_t)address, 1) + 1; }

uint64_t cpl_word_read(uint64_t address) { return atomic_load((_Atomic uint64_t *)(uintptr_t)address); }
