/* Threads take turns on fibers. What is said of threads here holds for gangs too.
 *
 * Order: threads released from a wait first (few stacks stay live), then fresh ones, then those that yielded.
 * A thread that never waits runs on a fiber that the next fresh thread goes on using: no switch at all, and none from
 * the last thread of a block to the first one of the next in the chunk.
 * When a whole round of yielded threads changed nothing, the block is set aside so that others can run. */
#include "native.h"
#include <stdio.h>
#include <string.h>

enum { SPINS = 64, PASSES = 16, STREAK = 4096, WHOLE_RUN = 64 };

static struct thread *take(struct list *list)
{
    struct thread *thread = list->head;
    if (thread)
        list->head = thread->next;
    return thread;
}

void cpl_thread_ready(struct thread *thread)
{
    thread->state = THREAD_READY;
    cpl_list_append(&thread->block->ready, thread);
}

void cpl_thread_out(struct thread *thread)
{
    struct block *block = thread->block;
    struct worker *worker = block->worker;
    struct fiber *fiber = thread->fiber;
    struct thread *next = block->ready.head;
    if (!next || block->streak >= STREAK || !fiber->guard_bytes || cpl_block_given_up(block)) {
        CPL_SANITIZER_SWITCH(worker->sanitizer);
        cpl_fiber_switch(&fiber->sp, worker->scheduler_sp);
        return;
    }
    /* What the scheduler would pick, without the way through it. */
    block->ready.head = next->next;
    block->streak++;
    next->state = THREAD_RUNNING;
    worker->current = next;
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

static void make(struct block *block, uint32_t index)
{
    struct thread *thread = &block->thread[index];
    thread->self = block->pattern;
    cpl_thread_place(thread, index * block->width);
    uint32_t end = thread->self.first + block->width;
    thread->self.end = block->solo || end > block->threads ? block->threads : end;
    thread->fiber = NULL;
    thread->gang = thread;
    thread->block = block;
    thread->index = index;
    thread->mask = 0;
    block->made = index + 1;
}

void cpl_thread_move(struct thread *thread)
{
    memcpy(thread->self.block, thread->block->pattern.block, sizeof thread->self.block);
    thread->self.blocks = 1;          /* code that runs blocks has counted them down */
}

static struct thread *next_fresh(struct block *block)
{
    uint32_t index = block->fresh++;
    struct thread *thread = &block->thread[index];
    if (index == block->made)
        make(block, index);
    else
        cpl_thread_move(thread);
    thread->spins = 0;
    thread->arrived = 0;
    thread->state = THREAD_FRESH;
    block->progress = true;
    return thread;
}

static void leave(struct thread *thread)
{
    struct block *block = thread->block;
    thread->state = THREAD_GONE;
    block->live--;
    block->progress = true;
    if (block->barriers_used)
        cpl_barriers_leave(thread);
    if (block->width > 1)
        return;
    struct warp *warp = &block->warps[thread->self.warp];
    warp->gone |= 1u << thread->self.lane;
    if (warp->waiting)
        cpl_warp_leave(thread);
}

/* The fiber's thread has returned: the next one to run on it, as soon as there is one. */
static struct thread *next_thread(struct fiber *fiber, struct thread *thread)
{
    struct block *block = thread->block;
    struct worker *worker = fiber->worker;
    struct thread *next = NULL;
    if (!block->convoy.head || !cpl_convoy_leave(thread, &next))
        leave(thread);
    if (!next && block->live == 0 && cpl_block_advance(block))
        next = block->convoy.head;
    if (!next && !block->ready.head && block->fresh < block->gangs && !cpl_block_given_up(block)
        && !cpl_fiber_overran(fiber)) {
        thread->fiber = NULL;
        next = next_fresh(block);
        next->fiber = fiber;
        next->state = THREAD_RUNNING;
    }
    if (next)
        worker->current = next;
    if (next && next->fiber == fiber)
        return next;
    fiber->idle = true;
    CPL_SANITIZER_SWITCH(next ? next->fiber->sanitizer : worker->sanitizer);
    if (next) {                       /* in a convoy */
        cpl_fiber_switch(thread->save, *next->save);
    } else {
        worker->parked = fiber;
        cpl_fiber_switch(&fiber->sp, worker->scheduler_sp);
    }
    fiber->idle = false;
    return worker->current;
}

/* Blocks that never wait, as many in one call as the chunk has, but not so many that nobody looks up for long. */
static void run_whole(struct block *block, struct thread *thread)
{
    struct chunk *chunk = &block->worker->chunk;
    do {
        memcpy(thread->self.block, block->pattern.block, sizeof thread->self.block);
        thread->self.first = 0;
        uint64_t more = block->of_chunk && !block->worker->stalled ? chunk->end - chunk->next : 0;
        uint32_t others = more < WHOLE_RUN ? (uint32_t)more : WHOLE_RUN - 1;
        thread->self.blocks = 1 + others;
        block->fresh = 1;
        block->entry(&thread->self, block->args);
        if (thread->self.blocks)      /* code that knows one block only */
            continue;
        chunk->next += others;
        chunk->finished += others;
        memcpy(block->pattern.block, thread->self.block, sizeof thread->self.block);
    } while (cpl_block_advance(block));
}

static void fiber_main(struct fiber *fiber)
{
    struct thread *thread = fiber->worker->current;
    fiber->idle = false;
    for (;;) {
        struct block *block = thread->block;
        if (block->solo)
            run_whole(block, thread);
        else
            block->entry(&thread->self, block->args);
        thread = next_thread(fiber, thread);
    }
}

static void renew(struct fiber *fiber)
{
    cpl_fiber_reset(fiber, fiber_main);
    fiber->idle = true;
}

void cpl_exit(cpl_thread *self)
{
    struct thread *thread = cpl_thread_of(self);
    cpl_thread_alone(thread, NULL, "exit");
    struct worker *worker = thread->block->worker;
    leave(thread);
    void *abandoned;
    worker->parked = thread->fiber;   /* not idle: the scheduler lays it out anew */
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
    thread = thread->gang;            /* a lane's code takes the whole gang along */
    if (thread->block->convoy.head)
        cpl_convoy_break(thread);
    thread->state = THREAD_YIELDED;
    cpl_list_append(&thread->block->yielded, thread);
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

static void run_thread(struct block *block, struct thread *thread)
{
    struct worker *worker = block->worker;
    uint64_t deadline = cpl_watchdog_deadline(block->task);
    thread->state = THREAD_RUNNING;
    worker->current = thread;
    if (deadline && cpl_now() > deadline) {
        cpl_report_timeout(thread, 0);
        return;
    }
    atomic_store_explicit(&worker->deadline, deadline, memory_order_relaxed);
    worker->in_kernel = 1;
    CPL_SANITIZER_SWITCH(thread->fiber->sanitizer);
    cpl_fiber_switch(&worker->scheduler_sp, thread->fiber->sp);
    worker->in_kernel = 0;
    atomic_store_explicit(&worker->deadline, 0, memory_order_relaxed);
    thread = worker->current;         /* others may have run meanwhile, see cpl_thread_out and next_thread */
    if (worker->signal) {
        cpl_report_signal(worker, thread);
        return;
    }
    struct fiber *fiber = thread->fiber;
    bool overran = cpl_fiber_overran(fiber);
    if (overran)
        cpl_report_overrun(thread, (uint64_t)(uintptr_t)fiber->low, 0);
    if (!worker->parked)
        return;
    worker->parked = NULL;
    thread->fiber = NULL;
    if (!fiber->idle || overran)
        renew(fiber);
    fiber->next = block->spare;
    block->spare = fiber;
}

static bool give_fiber(struct block *block, struct thread *thread)
{
    thread->fiber = block->spare;
    if (thread->fiber) {
        block->spare = thread->fiber->next;
        return true;
    }
    thread->fiber = cpl_fiber_take(block->worker, block->task->launch.stack_class);
    if (thread->fiber) {
        if (!thread->fiber->idle)
            renew(thread->fiber);
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
        if (cpl_block_given_up(block) || (block->live == 0 && !cpl_block_advance(block)))
            return true;
        int why = NOBODY_EVER;
        struct thread *thread = block->convoy.head ? block->convoy.head : pick(block, &why);
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
