/* One block of a launch: its memory, and its change into the next one of the chunk. */
#include "native.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static const uint64_t SHARED_ALIGN = 128;

static void drop_shared(struct block *block)
{
    if (!block->shared_map)
        return;
    munmap(block->shared_map, block->shared_map_bytes);
    if (block->shared_guarded)
        cpl_vma_give(2);
    block->shared_map = NULL;
    block->shared_map_bytes = 0;
}

static void discard(struct block *block)
{
    drop_shared(block);
    free(block->troubles);
    free(block);
}

/* The compiler makes the size of static shared memory a multiple of its strictest alignment. */
static uint64_t shared_alignment(uint64_t static_bytes)
{
    uint64_t given = static_bytes & -static_bytes;
    if (given <= SHARED_ALIGN)
        return SHARED_ALIGN;
    return given < cpl_page_bytes() ? given : cpl_page_bytes();
}

/* Shared memory ends at a guard page, so an overrun faults instead of meeting a neighbour. */
static bool provide_shared(struct block *block, uint64_t bytes)
{
    uint64_t page = cpl_page_bytes(), wanted = cpl_round_up(bytes, page) + 2 * page;
    if (block->shared_map_bytes >= wanted)
        return true;
    drop_shared(block);
    uint8_t *map = mmap(NULL, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return false;
    /* Without a mapping to spare the guard is missing, nothing else. */
    block->shared_guarded = cpl_vma_take(2);
    if (block->shared_guarded) {
        mprotect(map, page, PROT_NONE);
        mprotect(map + wanted - page, page, PROT_NONE);
    }
    block->shared_map = map;
    block->shared_map_bytes = wanted;
    return true;
}

static struct block *recycle(struct worker *worker, uint32_t threads)
{
    for (struct block **at = &worker->spare_blocks; *at; at = &(*at)->next)
        if ((*at)->capacity >= threads) {
            struct block *block = *at;
            *at = block->next;
            worker->spare_count--;
            return block;
        }
    uint32_t capacity = CPL_LANES;
    while (capacity < threads)
        capacity *= 2;
    struct block *block = aligned_alloc(64, cpl_round_up(sizeof *block + capacity * sizeof(struct thread), 64));
    if (block) {
        memset(block, 0, sizeof *block);
        block->capacity = capacity;
    }
    return block;
}

static void fill_pattern(struct block *block, const struct task *task, uint64_t linear, uint64_t shared_bytes,
                         uint64_t static_bytes)
{
    const cpl_shape *shape = &task->launch.shape;
    cpl_thread *pattern = &block->pattern;
    memset(pattern, 0, sizeof *pattern);
    pattern->block[0] = (uint32_t)(linear % shape->grid[0]);
    pattern->block[1] = (uint32_t)(linear / shape->grid[0] % shape->grid[1]);
    pattern->block[2] = (uint32_t)(linear / shape->grid[0] / shape->grid[1]);
    memcpy(pattern->block_size, shape->block, sizeof pattern->block_size);
    memcpy(pattern->grid_size, shape->grid, sizeof pattern->grid_size);
    pattern->warps = (block->threads + CPL_LANES - 1) / CPL_LANES;
    pattern->worker = block->worker->index;
    if (block->shared_map)
        pattern->shared = block->shared_map + block->shared_map_bytes - cpl_page_bytes()
                          - cpl_round_up(shared_bytes, shared_alignment(static_bytes));
    pattern->dynamic_shared = pattern->shared + static_bytes;
    pattern->dynamic_shared_bytes = shape->dynamic_shared_bytes;
    pattern->shared_bytes = (uint32_t)shared_bytes;
    pattern->blocks = 1;
    pattern->cooperative = shape->cooperative != 0;
}

static void clear_warps(struct block *block)
{
    if (block->width > 1)             /* warps are within gangs */
        return;
    memset(block->warps, 0, block->pattern.warps * sizeof *block->warps);
    if (block->threads % CPL_LANES)
        block->warps[block->threads / CPL_LANES].gone = ~0u << block->threads % CPL_LANES;
}

/* How many struct threads run a block. */
static uint32_t gangs_of(const struct task *task)
{
    if (task->launch.flags & CPL_KERNEL_BLOCK)
        return 1;
    return (task->launch.threads + task->launch.width - 1) / task->launch.width;
}

struct block *cpl_block_open(struct worker *worker, struct task *task, uint64_t linear)
{
    uint32_t threads = task->launch.threads, gangs = gangs_of(task);
    /* Behind the gangs lies a lane for each, see cpl_lane. */
    struct block *block = recycle(worker, task->launch.width > 1 ? 2 * gangs : gangs);
    if (!block)
        return NULL;
    uint64_t static_bytes = cpl_round_up(task->launch.kernel.shared_bytes, 16);
    uint64_t shared_bytes = static_bytes + task->launch.shape.dynamic_shared_bytes;
    if (shared_bytes > UINT32_MAX || !provide_shared(block, shared_bytes)) {
        discard(block);
        return NULL;
    }
    /* What lies behind this field stays (memory) or is clean already (barriers, see cpl_block_close). */
    memset(block, 0, offsetof(struct block, capacity));
    block->worker = worker;
    block->task = task;
    block->domain = task->queue->domain;
    block->entry = task->launch.entry;
    block->args = task->args;
    block->threads = threads;
    block->width = task->launch.width;
    block->gangs = block->live = gangs;
    block->solo = task->launch.flags & CPL_KERNEL_BLOCK;
    block->of_chunk = true;
    block->convoy.site = &cpl_nowhere;
    fill_pattern(block, task, linear, shared_bytes, static_bytes);
    clear_warps(block);
    return block;
}

bool cpl_block_advance(struct block *block)
{
    struct worker *worker = block->worker;
    struct chunk *chunk = &worker->chunk;
    /* Blocks that were set aside get a turn between two blocks of a chunk. */
    if (!block->of_chunk || chunk->next == chunk->end || worker->stalled || cpl_block_given_up(block))
        return false;
    chunk->finished++;
    chunk->next++;
    cpl_thread *pattern = &block->pattern;
    if (++pattern->block[0] == pattern->grid_size[0]) {
        pattern->block[0] = 0;
        if (++pattern->block[1] == pattern->grid_size[1]) {
            pattern->block[1] = 0;
            pattern->block[2]++;
        }
    }
    block->live = block->gangs;
    block->fresh = 0;
    if (block->solo)
        return true;
    if (block->barriers_used) {
        memset(block->barriers, 0, sizeof block->barriers);
        block->barriers_used = 0;
    }
    clear_warps(block);
    if (block->width > 1)
        cpl_convoy_begin(block);
    return true;
}

void cpl_block_close(struct block *block)
{
    bool attached = block->live || block->width > 1;      /* otherwise each was taken from its thread at its end */
    for (uint32_t i = 0; attached && i < block->made; i++) {
        struct fiber *fiber = block->thread[i].fiber;
        if (!fiber)
            continue;
        if (block->convoy.head)       /* a fault ended it, and its stack pointers are elsewhere */
            fiber->idle = false;
        cpl_fiber_give(fiber);
    }
    while (block->spare) {
        struct fiber *next = block->spare->next;
        cpl_fiber_give(block->spare);
        block->spare = next;
    }
    if (block->barriers_used)
        memset(block->barriers, 0, sizeof block->barriers);
    struct worker *worker = block->worker;
    block->next = worker->spare_blocks;
    worker->spare_blocks = block;
    worker->spare_count++;
}

void cpl_blocks_trim(struct worker *worker)
{
    while (worker->spare_count > CPL_BLOCKS_KEPT) {
        struct block *block = worker->spare_blocks;
        worker->spare_blocks = block->next;
        worker->spare_count--;
        discard(block);
    }
}
