/* Queues: in-order work beside the host. Everything here runs under cpl_lock unless it says otherwise. */
#include "native.h"
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

enum { PENDING_LIMIT = 4096 };
static const uint64_t SPIN_NS = 20000;
static pthread_cond_t room = PTHREAD_COND_INITIALIZER;
static struct task *spare;
static cpl_queue *advancing;          /* queues whose head may move; a list, so that chains need no recursion */
static bool in_advance;

struct task *cpl_task_take(void)
{
    struct task *task = spare;
    if (task)
        spare = task->next;
    else if (!(task = aligned_alloc(64, cpl_round_up(sizeof *task, 64))))
        return NULL;
    memset(task, 0, offsetof(struct task, inline_args));
    return task;
}

void cpl_task_give(struct task *task)
{
    if (task->owns_args)
        free((void *)(uintptr_t)task->args);
    task->next = spare;
    spare = task;
}

cpl_queue *cpl_queue_open(cpl_domain *domain, int priority)
{
    if (atomic_load(&cpl_child) || !cpl_started())
        return NULL;
    cpl_queue *queue = calloc(1, sizeof *queue);
    if (!queue)
        return NULL;
    cpl_domain_keep(domain);
    queue->domain = domain;
    queue->priority = priority;
    queue->wake_at = UINT64_MAX;
    return queue;
}

int cpl_queue_restrict(cpl_queue *queue, const uint64_t *units, uint32_t words)
{
    uint64_t count = ((uint64_t)cpl_pool_workers() + 63) / 64;
    uint64_t *mask = calloc(count, sizeof *mask), usable = 0;
    if (!mask)
        return CPL_OUT_OF_MEMORY;
    for (uint64_t i = 0; i < count && i < words; i++) {
        uint64_t here = (uint64_t)cpl_pool_workers() - i * 64;
        mask[i] = here >= 64 ? units[i] : units[i] & ((UINT64_C(1) << here) - 1);
        usable |= mask[i];
    }
    pthread_mutex_lock(&cpl_lock);
    bool refused = !usable || queue->units || queue->enqueued;
    if (!refused)
        queue->units = mask;
    pthread_mutex_unlock(&cpl_lock);
    if (refused)
        free(mask);
    return refused ? CPL_INVALID : CPL_OK;
}

static void discard(cpl_queue *queue)
{
    free(queue->units);
    cpl_domain_drop(queue->domain);
    free(queue);
}

void cpl_queue_close(cpl_queue *queue)
{
    if (!queue || atomic_load(&cpl_child))
        return;
    pthread_mutex_lock(&cpl_lock);
    queue->closed = true;
    bool over = !queue->head && !queue->advancing;
    pthread_mutex_unlock(&cpl_lock);
    if (over)
        discard(queue);
}

void cpl_queue_pop(cpl_queue *queue)
{
    struct task *task = queue->head;
    queue->head = task->next;
    if (!queue->head)
        queue->tail = NULL;
    if (queue->pending-- == PENDING_LIMIT)
        pthread_cond_broadcast(&room);
    uint64_t completed = atomic_fetch_add(&queue->completed, 1) + 1;
    if (completed >= queue->wake_at) {
        queue->wake_at = UINT64_MAX;
        atomic_fetch_add(&queue->drains, 1);
        cpl_futex_wake(&queue->drains, INT_MAX);
    }
    cpl_task_give(task);
}

void cpl_queue_push(cpl_queue *queue)
{
    if (queue->advancing)
        return;
    queue->advancing = true;
    queue->advance_next = advancing;
    advancing = queue;
}

void cpl_queue_reach(cpl_fence *fence)
{
    struct task *waiter;
    cpl_fence_reach(fence, &waiter);
    while (waiter) {
        struct task *next = waiter->link;
        if (waiter->node)
            cpl_graph_done(waiter);
        else
            cpl_queue_push(waiter->queue);
        waiter = next;
    }
}

static bool runs(const cpl_queue *queue)
{
    return !queue->given_up && atomic_load(&queue->domain->faulted) == CPL_FAULT_NONE;
}

/* Runs the head if that takes no time; true: it is done and popped. */
static bool step(cpl_queue *queue)
{
    struct task *task = queue->head;
    switch (task->kind) {
    case TASK_SIGNAL:
        cpl_queue_reach(task->fence);
        cpl_fence_drop(task->fence);
        break;
    case TASK_WAIT:
        if (atomic_load(&task->fence->state) != 2) {
            task->link = task->fence->waiters;
            task->fence->waiters = task;
            return false;
        }
        cpl_fence_drop(task->fence);
        break;
    case TASK_STORE:
        if (runs(queue) || (task->value.operation == CPL_STORE_REACH && !queue->given_up))
            cpl_value_store(task);
        break;
    case TASK_WATCH:
        if (!cpl_watch_over(task)) {
            cpl_watch_add(task);
            return false;
        }
        break;
    case TASK_CALL:
        if (queue->given_up)
            break;
        queue->domain->running++;
        cpl_callback_submit(task);
        return false;
    case TASK_GRAPH:
        if (!cpl_graph_begin(task, !runs(queue)))
            return false;
        break;
    default:
        if (runs(queue) && task->units) {
            cpl_launch_submit(task);
            return false;
        }
    }
    cpl_queue_pop(queue);
    return true;
}

void cpl_queue_run(void)
{
    if (in_advance)
        return;
    in_advance = true;
    do {
        while (advancing) {
            cpl_queue *next = advancing;
            advancing = next->advance_next;
            while (next->head && step(next)) {
            }
            next->advancing = false;
            if (next->closed && !next->head)
                discard(next);
        }
        if (!cpl_graph_step())
            cpl_watch_look();         /* what was done may have written what others wait for */
    } while (advancing || cpl_graph_ready());
    in_advance = false;
}

void cpl_queue_advance(cpl_queue *queue)
{
    cpl_queue_push(queue);
    cpl_queue_run();
}

void cpl_launch_submit(struct task *task)
{
    cpl_domain *domain = task->queue->domain;
    domain->running++;
    if (task->kind == TASK_LAUNCH && task->launch.shape.cooperative) {
        if (domain->alone) {
            task->link = NULL;
            if (domain->alone_next)
                domain->alone_last->link = task;
            else
                domain->alone_next = task;
            domain->alone_last = task;
            return;
        }
        domain->alone = task;
    }
    cpl_pool_submit(task);
}

static void leave_alone(cpl_domain *domain)
{
    struct task *next = domain->alone = domain->alone_next;
    if (!next)
        return;
    domain->alone_next = next->link;
    cpl_pool_submit(next);
}

void cpl_task_end(struct task *task)
{
    cpl_queue *queue = task->queue;
    queue->domain->running--;
    if (task == queue->domain->alone)
        leave_alone(queue->domain);
    if (task->parent) {
        cpl_family_child_over(task);
    } else if (task->node) {
        cpl_graph_done(task);
    } else {
        cpl_queue_pop(queue);
        cpl_queue_push(queue);
    }
}

void cpl_task_complete(struct task *task)
{
    bool children = atomic_load_explicit(&task->family, memory_order_relaxed) != NULL;
    if (children)
        cpl_family_sort(task);
    pthread_mutex_lock(&cpl_lock);
    if (children)
        cpl_family_begin(task);
    else
        cpl_task_end(task);
    cpl_family_turn();
    cpl_queue_run();
    pthread_mutex_unlock(&cpl_lock);
}

/* Takes the lock and a task at the queue's end; NULL with *status set and the lock given back on failure. A full queue
 * is waited for, or not: CPL_TIMEOUT. */
struct task *cpl_queue_begin(cpl_queue *queue, enum task_kind kind, bool patient, int *status)
{
    *status = CPL_FORKED;
    if (atomic_load(&cpl_child))
        return NULL;
    pthread_mutex_lock(&cpl_lock);
    /* The callback thread must not wait for room: the queue may wait for its very call. */
    while (patient && queue->pending >= PENDING_LIMIT && !atomic_load(&cpl_stopping) && !cpl_callback_here())
        pthread_cond_wait(&room, &cpl_lock);
    struct task *task = NULL;
    if (atomic_load(&cpl_stopping))
        *status = CPL_INVALID;
    else if (!patient && queue->pending >= PENDING_LIMIT)
        *status = CPL_TIMEOUT;
    else if (kind < TASK_CALL && atomic_load(&queue->domain->faulted) != CPL_FAULT_NONE)
        *status = CPL_FAULTED;
    else if (!(task = cpl_task_take()))
        *status = CPL_OUT_OF_MEMORY;
    if (!task) {
        pthread_mutex_unlock(&cpl_lock);
        return NULL;
    }
    task->queue = queue;
    task->kind = kind;
    task->priority = queue->priority;
    task->only = queue->units;
    *status = CPL_OK;
    return task;
}

int cpl_queue_commit(struct task *task)
{
    cpl_queue *queue = task->queue;
    task->unfinished = task->units;
    if (queue->tail)
        queue->tail->next = task;
    else
        queue->head = task;
    queue->tail = task;
    queue->pending++;
    queue->enqueued++;
    if (queue->head == task)
        cpl_queue_advance(queue);
    pthread_mutex_unlock(&cpl_lock);
    return CPL_OK;
}

int cpl_queue_idle(cpl_queue *queue)
{
    if (atomic_load(&cpl_child))
        return 0;
    pthread_mutex_lock(&cpl_lock);
    int idle = queue->pending == 0;
    pthread_mutex_unlock(&cpl_lock);
    return idle;
}

int cpl_queue_drain(cpl_queue *queue, uint64_t timeout_ns)
{
    if (atomic_load(&cpl_child))
        return CPL_FORKED;
    pthread_mutex_lock(&cpl_lock);
    uint64_t target = queue->enqueued;
    pthread_mutex_unlock(&cpl_lock);
    if (atomic_load(&queue->completed) >= target)
        return CPL_OK;
    uint64_t start = cpl_now(), deadline = timeout_ns > UINT64_MAX - start ? UINT64_MAX : start + timeout_ns;
    while (cpl_now() - start < (timeout_ns < SPIN_NS ? timeout_ns : SPIN_NS)) {
        for (int i = 0; i < 32; i++)
            if (atomic_load(&queue->completed) >= target)
                return CPL_OK;
        sched_yield();
    }
    for (;;) {
        pthread_mutex_lock(&cpl_lock);
        bool done = atomic_load(&queue->completed) >= target;
        if (!done && target < queue->wake_at)
            queue->wake_at = target;
        uint32_t word = atomic_load(&queue->drains);
        pthread_mutex_unlock(&cpl_lock);
        if (done)
            return CPL_OK;
        uint64_t now = cpl_now();
        if (now >= deadline || atomic_load(&cpl_stopping) == 2)
            return CPL_TIMEOUT;
        uint64_t look = now + 100000000;      /* after cpl_stop nobody wakes this thread */
        cpl_futex_wait(&queue->drains, word, look < deadline ? look : deadline);
    }
}

void cpl_queue_wake_all(void)
{
    pthread_mutex_lock(&cpl_lock);
    pthread_cond_broadcast(&room);
    pthread_mutex_unlock(&cpl_lock);
}
