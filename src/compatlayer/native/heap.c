/* The device heap: malloc and free of kernels. Power-of-two classes in one guarded range per domain.
 * Headers are checked before use: a kernel that wrote past its memory gets a fault, not a broken runtime. */
#include "native.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { CLASSES = 48, HEADER = 16, SMALLEST = 5 };
static const uint64_t LIVE = 0x11fe, DEAD = 0xdead;

struct header {
    uint64_t tag;                     /* state << 32 | class */
    uint64_t next;                    /* offset of the next free one, 0 = none */
};
struct heap {
    uint8_t *base, *map;
    uint64_t bytes, used, map_bytes;
    uint64_t free[CLASSES];
};

static struct heap *heap_of(cpl_domain *domain)
{
    if (domain->heap)
        return domain->heap;
    struct heap *heap = calloc(1, sizeof *heap);
    if (!heap)
        return NULL;
    uint64_t page = cpl_page_bytes();
    heap->bytes = cpl_round_up(atomic_load(&domain->limits[CPL_LIMIT_HEAP]), page);
    heap->map_bytes = heap->bytes + 2 * page;
    heap->map = mmap(NULL, heap->map_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (heap->map == MAP_FAILED || mprotect(heap->map + page, heap->bytes, PROT_READ | PROT_WRITE)) {
        if (heap->map != MAP_FAILED)
            munmap(heap->map, heap->map_bytes);
        free(heap);
        return NULL;
    }
    heap->base = heap->map + page;
    heap->used = HEADER;              /* offset 0 means none */
    domain->heap = heap;
    return heap;
}

void cpl_heap_close(struct heap *heap)
{
    munmap(heap->map, heap->map_bytes);
    free(heap);
}

static struct header *at(struct heap *heap, uint64_t offset) { return (struct header *)(void *)(heap->base + offset); }

static uint64_t take(struct heap *heap, unsigned size_class)
{
    uint64_t offset = heap->free[size_class], bytes = 1ull << size_class;
    if (offset) {
        struct header *header = at(heap, offset);
        uint64_t next = header->next;
        bool sane = header->tag == (DEAD << 32 | size_class) && next < heap->used && next % HEADER == 0;
        heap->free[size_class] = sane ? next : 0;      /* a damaged list is dropped, not followed */
        if (sane)
            return offset;
    }
    if (bytes > heap->bytes - heap->used)
        return 0;
    offset = heap->used;
    heap->used += bytes;
    return offset;
}

void *cpl_malloc(cpl_thread *self, uint64_t size_bytes)
{
    cpl_domain *domain = cpl_thread_of(self)->block->domain;
    if (!size_bytes || size_bytes > 1ull << 46)
        return NULL;
    unsigned size_class = SMALLEST;
    while (1ull << size_class < size_bytes + HEADER)
        size_class++;
    void *memory = NULL;
    pthread_mutex_lock(&domain->lock);
    struct heap *heap = heap_of(domain);
    uint64_t offset = heap ? take(heap, size_class) : 0;
    if (offset) {
        at(heap, offset)->tag = LIVE << 32 | size_class;
        memory = heap->base + offset + HEADER;
    }
    pthread_mutex_unlock(&domain->lock);
    return memory;
}

void cpl_free(cpl_thread *self, void *pointer)
{
    struct thread *thread = cpl_thread_of(self);
    cpl_domain *domain = thread->block->domain;
    if (!pointer)
        return;
    bool good = false;
    pthread_mutex_lock(&domain->lock);
    struct heap *heap = domain->heap;
    uint64_t offset = heap ? (uint64_t)((uintptr_t)pointer - (uintptr_t)heap->base) - HEADER : 0;
    if (heap && offset % HEADER == 0 && offset >= HEADER && offset < heap->used) {
        struct header *header = at(heap, offset);
        uint64_t size_class = header->tag & 0xffffffff;
        good = header->tag >> 32 == LIVE && size_class >= SMALLEST && size_class < CLASSES;
        if (good) {
            header->tag = DEAD << 32 | size_class;
            header->next = heap->free[size_class];
            heap->free[size_class] = offset;
        }
    }
    pthread_mutex_unlock(&domain->lock);
    if (!good)
        cpl_thread_fault(thread, CPL_FAULT_TRAP, NULL, "free(%p): not memory from the device heap, or freed before", pointer);
}
