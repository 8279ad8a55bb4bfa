/* Workers: each takes chunks of ready launches and copies, and turns among its blocks that wait for others. */
#include "native.h"
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A worker begins no further block of a launch while blocks of it with this many threads wait there. */
enum { RESIDENT_THREADS = 32768, RESIDENT_BLOCKS = 1024, CHUNK = 64, LARGE_CHUNK = 4096 };
/* Before that, a further block is begun only when those waiting had this many turns each: a loop over atomics looks
 * like waiting and would otherwise fill the memory with half-done blocks. */
enum { TURNS = 4 };
/* How long one idle worker looks out for work before it sleeps: waking a thread takes longer than most launches. */
static const uint64_t LOOKOUT_NS = 30000;
/* Nothing else begins on a worker within a chunk, however urgent. */
static const uint64_t CHUNK_NS = 200000;
static const uint64_t TURN_NS = 100000, PATIENCE_NS = 20000000, NAP_NS = 50000;

static struct worker *workers;
static int worker_count;
static struct task *ready;            /* most urgent first; under cpl_lock, like the next three */
static atomic_int ready_count;        /* read without the lock as a hint */
static int sleeping, busy;
static bool looking;                  /* one worker looks out without the lock */
static pthread_cond_t work = PTHREAD_COND_INITIALIZER;

int cpl_pool_workers(void) { return worker_count; }
struct worker *cpl_pool_worker(int index) { return &workers[index]; }
bool cpl_pool_quiet(void) { return !ready && !busy; }

void cpl_pool_submit(struct task *task)
{
    cpl_ledger_begin(task);
    struct task **at = &ready;
    while (*at && (*at)->priority <= task->priority)
        at = &(*at)->link;
    task->link = *at;
    *at = task;
    atomic_fetch_add(&ready_count, 1);
    uint64_t wanted = task->units - looking;
    if (task->only)           /* a signal might wake only workers that may not take it */
        pthread_cond_broadcast(&work);
    else
        for (int i = 0; i < sleeping && (uint64_t)i < wanted; i++)
            pthread_cond_signal(&work);
}

static bool may_take(const struct worker *worker, const struct task *task)
{
    const uint64_t *units = task->only;
    return !units || (units[worker->index / 64] >> worker->index % 64 & 1);
}

static bool full(const struct worker *worker, const struct task *task)
{
    if (task->kind != TASK_LAUNCH || task->launch.shape.cooperative)
        return false;
    uint32_t limit = RESIDENT_THREADS / task->launch.threads, resident = 0;
    if (limit > RESIDENT_BLOCKS)
        limit = RESIDENT_BLOCKS;
    bool early = worker->stalled && atomic_load(&task->stalls) && worker->resumes < worker->admit_at;
    if (!early && worker->stalled_count < limit)
        return false;
    for (const struct block *block = worker->stalled; block; block = block->next)
        resident += block->task == task;
    return resident >= limit || (early && resident);
}

static bool never_waits(const struct task *task)
{
    return task->kind == TASK_LAUNCH && (task->launch.flags & CPL_KERNEL_BLOCK);
}

/* Many tiny blocks are taken at once, few large ones one by one; ever fewer towards the end, so that no worker is left
 * with much when the others are done. */
static uint64_t share(const struct task *task)
{
    if (never_waits(task)) {
        if (task->launch.flags & CPL_KERNEL_RANGE)
            return (task->units + (uint64_t)worker_count - 1) / (uint64_t)worker_count;
        uint64_t count = (task->units - task->next_unit) / ((uint64_t)worker_count * 2);
        uint64_t least = task->units / ((uint64_t)worker_count * 8);     /* each taking costs as much as a few small blocks */
        uint64_t most = task->pace_ns ? CHUNK_NS / task->pace_ns : CHUNK;
        most = most < CHUNK ? CHUNK : most > LARGE_CHUNK ? LARGE_CHUNK : most;
        count = count < least ? least : count;
        return count < 1 ? 1 : count > most ? most : count;
    }
    uint64_t count = task->units / ((uint64_t)worker_count * 8);
    if (task->kind == TASK_LAUNCH && (atomic_load(&task->stalls) || task->next_unit < (uint64_t)worker_count))
        return 1;                     /* the first blocks show whether the launch's blocks wait for each other */
    return count < 1 ? 1 : count > CHUNK ? CHUNK : count;
}

/* cpl_lock held. The rest of a launch whose domain has faulted is taken at once, to be skipped. */
static bool claim(struct worker *worker)
{
    for (struct task **at = &ready; *at; at = &(*at)->link) {
        struct task *task = *at;
        bool skip = atomic_load(&task->queue->domain->faulted) != CPL_FAULT_NONE || atomic_load(&cpl_stopping) == 2;
        if (!skip && (!may_take(worker, task) || full(worker, task)))
            continue;
        uint64_t left = task->units - task->next_unit, count = share(task);
        if (skip || count > left)
            count = left;
        bool timed = count >= CHUNK && !skip && never_waits(task);
        worker->chunk = (struct chunk){task, task->next_unit, task->next_unit + count, 0, timed ? cpl_now() : 0, skip};
        if (!task->next_unit)
            task->begun_ns = cpl_watchdog_limit() ? cpl_now() : 0;
        task->next_unit += count;
        if (task->next_unit == task->units) {
            *at = task->link;
            atomic_fetch_sub(&ready_count, 1);
        }
        return true;
    }
    return false;
}

/* `pace_ns`: how long each took, rounded up; 0 = unknown. */
static void finish(struct task *task, uint64_t units, uint64_t pace_ns)
{
    pthread_mutex_lock(&cpl_lock);
    if (pace_ns)
        task->pace_ns = pace_ns;
    task->unfinished -= units;
    bool over = task->unfinished == 0;
    if (over)
        cpl_ledger_end(task);
    pthread_mutex_unlock(&cpl_lock);
    if (!over)
        return;
    if (atomic_load(&task->print))
        cpl_print_flush(task);
    cpl_task_complete(task);
}

static void stall(struct worker *worker, struct block *block)
{
    block->next = NULL;
    if (worker->stalled)
        worker->stalled_tail->next = block;
    else
        worker->stalled = block;
    worker->stalled_tail = block;
    worker->stalled_count++;
}

static void begin_stall(struct worker *worker, struct block *block)
{
    atomic_store(&block->task->stalls, true);
    block->of_chunk = false;
    stall(worker, block);
    worker->admit_at = worker->resumes + (uint64_t)TURNS * worker->stalled_count;
}

/* One block of the chunk, or all its pieces of a copy. */
static void step(struct worker *worker)
{
    struct chunk *chunk = &worker->chunk;
    struct task *task = chunk->task;
    if (chunk->skip) {
        chunk->finished = chunk->end - chunk->next;
        chunk->next = chunk->end;
    } else if (task->kind == TASK_CHOICE) {
        chunk->finished = 1;
        chunk->next = chunk->end;
    } else if (task->kind != TASK_LAUNCH) {
        cpl_copy_run(task, chunk->next, chunk->end);
        chunk->finished = chunk->end - chunk->next;
        chunk->next = chunk->end;
    } else {
        struct block *block = cpl_block_open(worker, task, chunk->next++);
        if (!block) {
            cpl_fault fault = {.code = CPL_FAULT_MEMORY};
            snprintf(fault.message, sizeof fault.message,
                     "kernel \"%s\": no memory for a block of %u threads with %u bytes of shared memory",
                     task->launch.kernel.name, task->launch.threads,
                     task->launch.kernel.shared_bytes + task->launch.shape.dynamic_shared_bytes);
            cpl_domain_record(task->queue->domain, &fault);
            chunk->finished++;
        } else if (cpl_block_run(block)) {
            cpl_block_close(block);
            chunk->finished++;
            worker->spinning_since = 0;
        } else {
            begin_stall(worker, block);
        }
    }
    if (chunk->next == chunk->end) {
        chunk->task = NULL;
        if (chunk->finished)
            finish(task, chunk->finished, chunk->begun ? (cpl_now() - chunk->begun) / chunk->finished + 1 : 0);
    }
}

static void resume(struct worker *worker)
{
    struct block *block = worker->stalled;
    worker->stalled = block->next;
    worker->stalled_count--;
    worker->resumes++;
    if (cpl_block_run(block)) {
        struct task *task = block->task;
        cpl_block_close(block);
        finish(task, 1, 0);
        worker->spinning_since = 0;
    } else {
        stall(worker, block);
    }
}

/* Every block spins: leave the processor to others now and then, and rest once this has lasted. */
static void relax(struct worker *worker)
{
    uint64_t now = cpl_now();
    if (!worker->spinning_since)
        worker->spinning_since = worker->relaxed_at = now;
    if (now - worker->relaxed_at < TURN_NS)
        return;
    if (now - worker->spinning_since < PATIENCE_NS)
        sched_yield();
    else
        nanosleep(&(struct timespec){0, (long)NAP_NS}, NULL);
    worker->relaxed_at = cpl_now();
}

/* cpl_lock held, and given up meanwhile. */
static void look_out(void)
{
    looking = true;
    busy--;
    pthread_mutex_unlock(&cpl_lock);
    uint64_t until = cpl_now() + LOOKOUT_NS;
    while (!atomic_load_explicit(&ready_count, memory_order_relaxed) && cpl_now() < until) {
        for (int i = 0; i < 16; i++)
#if defined(__x86_64__)
            __builtin_ia32_pause();
#else
            atomic_signal_fence(memory_order_seq_cst);
#endif
    }
    pthread_mutex_lock(&cpl_lock);
    busy++;
    looking = false;
}

static void *worker_main(void *data)
{
    struct worker *worker = data;
    cpl_guard_thread(worker);
    bool looked = true;               /* not before the first work */
    pthread_mutex_lock(&cpl_lock);
    for (;;) {
        bool have = worker->chunk.task || claim(worker);
        if (!have && !worker->stalled)
            cpl_ledger_rest();
        if (!have && !worker->stalled && !looked && !looking) {
            look_out();
            looked = true;
            continue;
        }
        if (!have && !worker->stalled
            && (worker->fibers_peak > CPL_FIBERS_KEPT || worker->spare_count > CPL_BLOCKS_KEPT)) {
            pthread_mutex_unlock(&cpl_lock);
            cpl_fibers_trim(worker);
            cpl_blocks_trim(worker);
            pthread_mutex_lock(&cpl_lock);
            continue;
        }
        if (!have && !worker->stalled) {
            sleeping++;
            busy--;
            pthread_cond_wait(&work, &cpl_lock);
            sleeping--;
            busy++;
            continue;
        }
        looked = false;
        pthread_mutex_unlock(&cpl_lock);
        if (worker->stalled)
            resume(worker);
        if (have)
            step(worker);
        else
            relax(worker);
        /* The lock is needed only to take new work. */
        while (worker->chunk.task || (worker->stalled && !atomic_load_explicit(&ready_count, memory_order_relaxed))) {
            if (worker->stalled)
                resume(worker);
            if (worker->chunk.task)
                step(worker);
            else if (worker->stalled)
                relax(worker);
        }
        pthread_mutex_lock(&cpl_lock);
    }
    return NULL;
}

int cpl_pool_start(int count)
{
    workers = calloc((size_t)count, sizeof *workers);
    if (!workers)
        return CPL_OUT_OF_MEMORY;
    for (int i = 0; i < count; i++) {
        char name[16];
        snprintf(name, sizeof name, "cpl-worker-%d", i % 1000);
        workers[i].index = (uint32_t)i;
        pthread_mutex_lock(&cpl_lock);
        busy++;
        pthread_mutex_unlock(&cpl_lock);
        if (cpl_thread_start(&workers[i].pthread, worker_main, &workers[i], name)) {
            int error = errno;
            pthread_mutex_lock(&cpl_lock);
            busy--;
            pthread_mutex_unlock(&cpl_lock);
            if (i > 0)
                break;                /* fewer workers than asked for still serve */
            free(workers);
            workers = NULL;
            errno = error;
            return CPL_SYSTEM;
        }
        worker_count = i + 1;
    }
    return CPL_OK;
}
