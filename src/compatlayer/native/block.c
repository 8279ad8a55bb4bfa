/* One block of a launch: its threads take turns on fibers.
 *
 * Order: threads released from a wait first (few stacks stay live), then fresh ones, then those that yielded.
 * A thread that never waits runs on a fiber that the next fresh thread goes on using: no switch at all.
 * When a whole round of yielded threads changed nothing, the block is set aside so that others can run. */
#include "native.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { SPINS = 64, PASSES = 16, STREAK = 4096 };
static const uint64_t SHARED_ALIGN = 128;

static void append(struct list *list, struct thread *thread)
{
    thread->next = NULL;
    if (list->head)
        list->tail->next = thread;
    else
        list->head = thread;
    list->tail = thread;
}

static struct thread *take(struct list *list)
{
    struct thread *thread = list->head;
    if (thread)
        list->head = thread->next;
    return thread;
}

/* ---- life -------------------------------------------------------------------------------------- */
static void discard(struct block *block)
{
    if (block->shared_map)
        munmap(block->shared_map, block->shared_map_bytes);
    free(block);
}

/* Shared memory ends at a guard page, so an overrun faults instead of meeting a neighbour. */
static bool provide_shared(struct block *block, uint64_t bytes)
{
    uint64_t page = cpl_page_bytes(), wanted = cpl_round_up(bytes, page) + 2 * page;
    if (block->shared_map_bytes >= wanted)
        return true;
    if (block->shared_map) {
        munmap(block->shared_map, block->shared_map_bytes);
        block->shared_map = NULL;
        block->shared_map_bytes = 0;
    }
    uint8_t *map = mmap(NULL, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return false;
    /* Without a mapping to spare the guard is missing, nothing else. */
    mprotect(map, page, PROT_NONE);
    mprotect(map + wanted - page, page, PROT_NONE);
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
                          - cpl_round_up(shared_bytes, SHARED_ALIGN);
    pattern->dynamic_shared = pattern->shared + static_bytes;
    pattern->dynamic_shared_bytes = shape->dynamic_shared_bytes;
    pattern->shared_bytes = (uint32_t)shared_bytes;
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
    memset(block->warps, 0, (threads + CPL_LANES - 1) / CPL_LANES * sizeof *block->warps);
    block->worker = worker;
    block->task = task;
    block->domain = task->queue->domain;
    block->entry = task->launch.entry;
    block->args = task->args;
    block->threads = threads;
    block->width = task->launch.width;
    block->gangs = block->live = gangs;
    fill_pattern(block, task, linear, shared_bytes, static_bytes);
    if (threads % CPL_LANES)
        block->warps[threads / CPL_LANES].gone = ~0u << threads % CPL_LANES;
    return block;
}

static void fiber_main(struct fiber *fiber);

static void return_fiber(struct fiber *fiber)
{
    cpl_fiber_reset(fiber, fiber_main);
    fiber->idle = false;
    cpl_fiber_give(fiber);
}

void cpl_block_close(struct block *block)
{
    for (uint32_t i = 0; block->live && i < block->fresh; i++) {
        struct thread *thread = &block->thread[i];
        if (thread->fiber)
            return_fiber(thread->fiber);
    }
    if (block->spare)
        return_fiber(block->spare);
    block->spare = NULL;
    if (block->barriers_used)
        memset(block->barriers, 0, sizeof block->barriers);
    struct worker *worker = block->worker;
    block->next = worker->spare_blocks;
    worker->spare_blocks = block;
}

/* ---- threads ------------------------------------------------------------------------------------ */
void cpl_thread_ready(struct thread *thread)
{
    thread->state = THREAD_READY;
    append(&thread->block->ready, thread);
}

static bool over(const struct block *block)
{
    return atomic_load_explicit(&block->domain->faulted, memory_order_relaxed) != CPL_FAULT_NONE
           || atomic_load_explicit(&cpl_stopping, memory_order_relaxed) == 2;
}

void cpl_thread_out(struct thread *thread)
{
    struct block *block = thread->block;
    struct worker *worker = block->worker;
    struct fiber *fiber = thread->fiber;
    struct thread *next = block->ready.head;
    if (!next || block->streak >= STREAK || !fiber->guard_bytes || over(block)) {
        CPL_SANITIZER_SWITCH(worker->sanitizer);
        cpl_fiber_switch(&fiber->sp, worker->scheduler_sp);
        return;
    }
    /* What the scheduler would pick, without the way through it. */
    block->ready.head = next->next;
    block->streak++;
    next->state = THREAD_RUNNING;
    worker->current = next;
    worker->running = next->fiber;
    if (next != thread) {
        CPL_SANITIZER_SWITCH(next->fiber->sanitizer);
        cpl_fiber_switch(&fiber->sp, next->fiber->sp);
    }
}

void cpl_thread_place(struct thread *thread, uint32_t index)
{
    const uint32_t *size = thread->self.block_size;
    thread->self.thread[0] = index % size[0];
    thread->self.thread[1] = index / size[0] % size[1];
    thread->self.thread[2] = index / size[0] / size[1];
    thread->self.lane = index % CPL_LANES;
    thread->self.warp = index / CPL_LANES;
    thread->self.first = index;
}

static struct thread *next_fresh(struct block *block)
{
    uint32_t index = block->fresh++;
    struct thread *thread = &block->thread[index];
    thread->self = block->pattern;
    cpl_thread_place(thread, index * block->width);
    uint32_t end = thread->self.first + block->width;
    thread->self.end = block->gangs == 1 || end > block->threads ? block->threads : end;
    thread->fiber = NULL;
    thread->gang = thread;
    thread->spins = 0;
    thread->arrived = 0;
    thread->state = THREAD_FRESH;
    thread->block = block;
    thread->index = index;
    block->progress = true;
    return thread;
}

static void leave(struct thread *thread)
{
    struct block *block = thread->block;
    thread->state = THREAD_GONE;
    thread->fiber = NULL;
    block->live--;
    block->progress = true;
    if (block->barriers_used)
        cpl_barriers_leave(thread);
    if (block->width > 1)
        return;
    block->warps[thread->self.warp].gone |= 1u << thread->self.lane;
    if (block->warps[thread->self.warp].waiting)
        cpl_warp_leave(thread);
}

static void fiber_main(struct fiber *fiber)
{
    struct worker *worker = fiber->worker;
    for (;;) {
        struct thread *thread = worker->current;
        struct block *block = thread->block;
        for (;;) {
            block->entry(&thread->self, block->args);
            leave(thread);
            if (block->ready.head || block->fresh == block->gangs || over(block) || cpl_fiber_overran(fiber))
                break;
            thread = worker->current = next_fresh(block);
            thread->state = THREAD_RUNNING;
            thread->fiber = fiber;
        }
        fiber->idle = true;
        CPL_SANITIZER_SWITCH(worker->sanitizer);
        cpl_fiber_switch(&fiber->sp, worker->scheduler_sp);
    }
}

void cpl_exit(cpl_thread *self)
{
    struct thread *thread = cpl_thread_of(self);
    cpl_thread_alone(thread, NULL, "exit");
    struct fiber *fiber = thread->fiber;
    struct worker *worker = thread->block->worker;
    leave(thread);
    void *abandoned;
    fiber->idle = true;               /* reset below, by the scheduler: it sees that the thread is gone */
    fiber->sp = NULL;
    CPL_SANITIZER_SWITCH(worker->sanitizer);
    cpl_fiber_switch(&abandoned, worker->scheduler_sp);
    __builtin_unreachable();
}

void cpl_yield(cpl_thread *self)
{
    struct thread *thread = cpl_thread_of(self);
    /* A switch costs more than a look at memory: most spins are short, most loops over atomics do not spin. */
    if (++thread->spins % SPINS)
        return;
    thread = thread->gang;
    thread->state = THREAD_YIELDED;
    append(&thread->block->yielded, thread);
    thread->block->yielded_count++;
    cpl_thread_out(thread);
}

void cpl_nanosleep(cpl_thread *self, uint32_t duration_ns)
{
    struct thread *thread = cpl_thread_of(self);
    uint64_t limit = duration_ns < 1000000 ? duration_ns : 1000000;      /* CUDA's longest sleep is 1 ms */
    uint64_t begin = cpl_now();
    do {
        thread->spins = SPINS - 1;
        cpl_yield(self);
    } while (cpl_now() - begin < limit);
}

/* ---- the scheduler of a block ---------------------------------------------------------------------- */
enum { NOBODY_NOW, NOBODY_EVER };

/* The next thread to run; NULL with *why set when there is none. */
static struct thread *pick(struct block *block, int *why)
{
    for (;;) {
        bool others = block->fresh < block->gangs || block->yielded.head;
        if (block->ready.head && (block->streak < STREAK || !others)) {
            block->streak = others ? block->streak + 1 : 0;
            return take(&block->ready);
        }
        block->streak = 0;
        if (block->fresh < block->gangs)
            return next_fresh(block);
        if (block->active_waiters && cpl_active_resolve(block, false))
            continue;
        if (!block->yielded.head) {
            *why = NOBODY_EVER;
            return NULL;
        }
        if (block->pass_left == 0) {
            if (!block->progress && block->active_waiters && cpl_active_resolve(block, true))
                continue;
            if (!block->progress || ++block->passes >= PASSES) {
                *why = NOBODY_NOW;
                return NULL;
            }
            block->progress = false;
            block->pass_left = block->yielded_count;
        }
        block->pass_left--;
        block->yielded_count--;
        return take(&block->yielded);
    }
}

static void report_overrun(struct thread *thread, uint64_t address)
{
    cpl_fault fault;
    cpl_fault_at(&fault, thread, CPL_FAULT_STACK, NULL);
    fault.address = address;
    char *text = fault.message;
    size_t used = strlen(text);
    snprintf(text + used, sizeof fault.message - used,
             ": stack overflow: the thread needs more than %zu bytes; raise the stack limit (cuCtxSetLimit)",
             (size_t)(thread->fiber->top - thread->fiber->low));
    cpl_domain_record(thread->block->domain, &fault);
}

/* The guard caught a hardware fault in `thread` and left its stack. */
static void report_signal(struct worker *worker, struct thread *thread)
{
    uint64_t address = worker->signal_address;
    int number = worker->signal;
    worker->signal = 0;
    const struct fiber *fiber = thread->fiber;
    uint64_t low = (uint64_t)(uintptr_t)fiber->low;
    if ((number == SIGSEGV || number == SIGBUS) && address < low && address >= low - fiber->guard_bytes) {
        report_overrun(thread, address);
        return;
    }
    cpl_fault fault;
    bool memory = number == SIGSEGV || number == SIGBUS;
    cpl_fault_at(&fault, thread, memory ? CPL_FAULT_ADDRESS : CPL_FAULT_INSTRUCTION, NULL);
    fault.address = address;
    size_t used = strlen(fault.message), room = sizeof fault.message - used;
    if (number == SIGSEGV && worker->signal_code == 0x80)      /* SI_KERNEL: the processor names no address */
        snprintf(fault.message + used, room, ": illegal or misaligned address");
    else if (memory)
        snprintf(fault.message + used, room, ": illegal address 0x%llx", (unsigned long long)address);
    else
        snprintf(fault.message + used, room, ": %s", number == SIGFPE ? "arithmetic fault" : "illegal instruction");
    cpl_domain_record(thread->block->domain, &fault);
}

static void run_thread(struct block *block, struct thread *thread)
{
    struct worker *worker = block->worker;
    thread->state = THREAD_RUNNING;
    worker->current = thread;
    worker->running = thread->fiber;
    worker->in_kernel = 1;
    CPL_SANITIZER_SWITCH(thread->fiber->sanitizer);
    cpl_fiber_switch(&worker->scheduler_sp, thread->fiber->sp);
    worker->in_kernel = 0;
    thread = worker->current;         /* others may have run meanwhile, see cpl_thread_out and fiber_main */
    struct fiber *fiber = worker->running;
    if (worker->signal) {
        report_signal(worker, thread);
        return;
    }
    if (cpl_fiber_overran(fiber)) {
        thread->fiber = fiber;
        report_overrun(thread, (uint64_t)(uintptr_t)fiber->low);
        thread->fiber = thread->state == THREAD_GONE ? NULL : fiber;
    }
    if (fiber->idle) {
        fiber->idle = false;
        if (!fiber->sp || cpl_fiber_overran(fiber))
            cpl_fiber_reset(fiber, fiber_main);
        if (block->spare)
            return_fiber(block->spare);
        block->spare = fiber;
    }
}

static bool give_fiber(struct block *block, struct thread *thread)
{
    if (block->spare) {
        thread->fiber = block->spare;
        block->spare = NULL;
        return true;
    }
    thread->fiber = cpl_fiber_take(block->worker, block->task->launch.stack_class);
    if (thread->fiber) {
        cpl_fiber_reset(thread->fiber, fiber_main);
        return true;
    }
    cpl_fault fault;
    cpl_fault_at(&fault, thread, CPL_FAULT_MEMORY, NULL);
    size_t used = strlen(fault.message);
    snprintf(fault.message + used, sizeof fault.message - used, ": no memory for the thread's stack");
    cpl_domain_record(block->domain, &fault);
    return false;
}

bool cpl_block_run(struct block *block)
{
    block->progress = false;
    block->passes = 0;
    block->pass_left = block->yielded_count;
    for (;;) {
        if (block->live == 0 || over(block))
            return true;
        int why = NOBODY_EVER;
        struct thread *thread = pick(block, &why);
        if (!thread) {
            if (why == NOBODY_NOW)
                return false;
            cpl_block_deadlock(block);
            return true;
        }
        if (!thread->fiber && !give_fiber(block, thread))
            return true;
        run_thread(block, thread);
    }
}
