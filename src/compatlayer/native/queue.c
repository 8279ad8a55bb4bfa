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

void cpl_task_complete(struct task *task)
{
    pthread_mutex_lock(&cpl_lock);
    cpl_queue *queue = task->queue;
    queue->domain->running--;
    if (task == queue->domain->alone)
        leave_alone(queue->domain);
    if (task->node) {
        cpl_graph_done(task);
    } else {
        cpl_queue_pop(queue);
        cpl_queue_push(queue);
    }
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
    *status = CPL_OK;
    return task;
}

static struct task *begin(cpl_queue *queue, enum task_kind kind, int *status)
{
    return cpl_queue_begin(queue, kind, true, status);
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

int cpl_queue_copy(cpl_queue *queue, const cpl_box *box)
{
    int status;
    struct task *task = begin(queue, TASK_COPY, &status);
    if (!task)
        return status;
    task->box = *box;
    task->units = box->width_bytes && box->height && box->depth ? cpl_copy_pieces(box) : 0;
    return cpl_queue_commit(task);
}

int cpl_queue_fill(cpl_queue *queue, uint64_t destination, uint64_t pitch_bytes, uint32_t pattern,
                   uint32_t element_bytes, uint64_t width, uint64_t height)
{
    if ((element_bytes != 1 && element_bytes != 2 && element_bytes != 4) || destination % element_bytes
        || (height > 1 && pitch_bytes % element_bytes))
        return CPL_INVALID;
    int status;
    struct task *task = begin(queue, TASK_FILL, &status);
    if (!task)
        return status;
    task->fill = (struct fill){destination, pitch_bytes, width, height, pattern, element_bytes};
    task->units = width && height ? cpl_fill_pieces(&task->fill) : 0;
    return cpl_queue_commit(task);
}

static int on_value(cpl_queue *queue, enum task_kind kind, uint64_t address, uint32_t bytes, int operation,
                    uint64_t operand)
{
    int status;
    cpl_guard_install();
    struct task *task = begin(queue, kind, &status);
    if (!task)
        return status;
    task->value = (struct value){address, operand, bytes, (uint32_t)operation, false};
    return cpl_queue_commit(task);
}

int cpl_queue_watch(cpl_queue *queue, uint64_t address, uint32_t bytes, int condition, uint64_t value)
{
    if ((bytes != 4 && bytes != 8) || address % bytes || condition < CPL_WATCH_GEQ || condition > CPL_WATCH_NOR)
        return CPL_INVALID;
    int status = atomic_load(&cpl_child) ? CPL_FORKED : cpl_watch_start();
    return status == CPL_OK ? on_value(queue, TASK_WATCH, address, bytes, condition, value) : status;
}

int cpl_queue_store(cpl_queue *queue, uint64_t address, uint32_t bytes, int operation, uint64_t value)
{
    if ((bytes != 4 && bytes != 8) || address % bytes || operation < CPL_STORE_SET || operation > CPL_STORE_REACH)
        return CPL_INVALID;
    return on_value(queue, TASK_STORE, address, bytes, operation, value);
}

static bool valid(const cpl_kernel *kernel, const cpl_shape *shape, size_t args_bytes)
{
    for (int i = 0; i < 3; i++)
        if (!shape->grid[i] || !shape->block[i] || shape->block[i] > CPL_MAX_THREADS)
            return false;
    if ((uint64_t)shape->grid[1] * shape->grid[2] > UINT64_MAX / shape->grid[0])
        return false;
    return shape->block[0] * shape->block[1] * shape->block[2] <= CPL_MAX_THREADS
           && args_bytes >= kernel->args_bytes;
}

uint32_t cpl_shape_class(const uint32_t block[3], uint32_t flags)
{
    uint32_t threads = block[0] * block[1] * block[2];
    if (threads <= 4)
        return CPL_SHAPE_TINY;
    if (block[0] % 32 == 0)
        return CPL_SHAPE_ROW32;
    if (!(flags & CPL_KERNEL_WARP) && block[0] % 8 == 0)
        return block[0] % 16 == 0 ? CPL_SHAPE_ROW16 : CPL_SHAPE_ROW8;
    if (block[1] * block[2] == 1)
        return CPL_SHAPE_LINE;
    return threads % 32 == 0 ? CPL_SHAPE_WHOLE : CPL_SHAPE_PART;
}

/* The code for the block's shape, and the stack class it needs. */
static int choose(const cpl_queue *queue, const cpl_kernel *kernel, const cpl_shape *shape, cpl_variant *code,
                  int *stack_class)
{
    uint64_t stack = atomic_load(&queue->domain->limits[CPL_LIMIT_STACK]);
    if (kernel->variants) {
        const cpl_variant *variant = &kernel->variants[cpl_shape_class(shape->block, kernel->flags)];
        cpl_entry entry = __atomic_load_n(&variant->entry, __ATOMIC_ACQUIRE);
        if (!entry)
            return CPL_NOT_COMPILED;
        *code = (cpl_variant){entry, variant->width, variant->flags, variant->stack_bytes};
    } else {
        *code = (cpl_variant){kernel->entry, 1, 0, kernel->stack_bytes};
    }
    uint32_t width = code->width;
    bool gangs = code->flags & (CPL_KERNEL_GANGS | CPL_KERNEL_BLOCK);
    if (!code->entry || (gangs ? width != 8 && width != 16 && width != 32 : width != 1))
        return CPL_INVALID;
    if (!gangs || !code->stack_bytes)
        stack = code->stack_bytes > stack ? code->stack_bytes : stack * width;
    else
        stack += code->stack_bytes;
    *stack_class = cpl_stack_class(stack);
    return *stack_class < 0 ? CPL_INVALID : CPL_OK;
}

int cpl_launch_prepare(const cpl_queue *queue, const cpl_kernel *kernel, const cpl_shape *shape, size_t args_bytes,
                       struct launch *out)
{
    if (!valid(kernel, shape, args_bytes))
        return CPL_INVALID;
    cpl_variant code;
    int stack_class, status = choose(queue, kernel, shape, &code, &stack_class);
    if (status == CPL_OK)
        *out = (struct launch){*kernel, *shape, code.entry, stack_class,
                               shape->block[0] * shape->block[1] * shape->block[2], code.width, code.flags};
    return status;
}

static int launch(cpl_queue *queue, const cpl_kernel *kernel, const cpl_shape *shape, const void *args,
                  size_t args_bytes, bool patient)
{
    struct launch prepared;
    int status = cpl_launch_prepare(queue, kernel, shape, args_bytes, &prepared);
    if (status != CPL_OK)
        return status;
    void *large = NULL;
    if (args_bytes > sizeof ((struct task *)0)->inline_args) {
        large = aligned_alloc(64, cpl_round_up(args_bytes, 64));
        if (!large)
            return CPL_OUT_OF_MEMORY;
    }
    cpl_guard_install();
    struct task *task = cpl_queue_begin(queue, TASK_LAUNCH, patient, &status);
    if (!task) {
        free(large);
        return status;
    }
    task->owns_args = large != NULL;
    task->args = large ? large : task->inline_args;
    if (args_bytes)
        memcpy(large ? large : task->inline_args, args, args_bytes);
    task->launch = prepared;
    task->units = (uint64_t)shape->grid[0] * shape->grid[1] * shape->grid[2];
    return cpl_queue_commit(task);
}

int cpl_queue_launch(cpl_queue *queue, const cpl_kernel *kernel, const cpl_shape *shape, const void *args,
                     size_t args_bytes)
{
    return launch(queue, kernel, shape, args, args_bytes, true);
}

int cpl_queue_launch_now(cpl_queue *queue, const cpl_kernel *kernel, const cpl_shape *shape, const void *args,
                         size_t args_bytes)
{
    return launch(queue, kernel, shape, args, args_bytes, false);
}

int cpl_queue_call(cpl_queue *queue, void (*function)(void *), void *data)
{
    int status;
    struct task *task = begin(queue, TASK_CALL, &status);
    if (!task)
        return status;
    task->call.function = function;
    task->call.data = data;
    return cpl_queue_commit(task);
}

cpl_fence *cpl_queue_signal(cpl_queue *queue)
{
    int status;
    struct task *task = begin(queue, TASK_SIGNAL, &status);
    if (!task)
        return NULL;
    cpl_fence *fence = task->fence = cpl_fence_open();
    if (!fence) {
        cpl_task_give(task);
        pthread_mutex_unlock(&cpl_lock);
        return NULL;
    }
    atomic_fetch_add(&fence->references, 1);
    cpl_queue_commit(task);
    return fence;
}

int cpl_queue_wait(cpl_queue *queue, cpl_fence *fence)
{
    int status;
    struct task *task = begin(queue, TASK_WAIT, &status);
    if (!task)
        return status;
    atomic_fetch_add(&fence->references, 1);
    task->fence = fence;
    return cpl_queue_commit(task);
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
