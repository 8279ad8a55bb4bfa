/* Giving work to queues: what each kind needs, prepared outside of the lock. */
#include "native.h"
#include <stdlib.h>
#include <string.h>

static struct task *begin(cpl_queue *queue, enum task_kind kind, int *status)
{
    return cpl_queue_begin(queue, kind, true, status);
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
                    uint64_t operand, uint64_t writer)
{
    int status;
    cpl_guard_install();
    struct task *task = begin(queue, kind, &status);
    if (!task)
        return status;
    task->value = (struct value){.address = address, .operand = operand, .bytes = bytes,
                                 .operation = (uint32_t)operation, .writer = writer};
    return cpl_queue_commit(task);
}

int cpl_queue_watch(cpl_queue *queue, uint64_t address, uint32_t bytes, int condition, uint64_t value)
{
    if ((bytes != 4 && bytes != 8) || address % bytes || condition < CPL_WATCH_GEQ || condition > CPL_WATCH_NOR)
        return CPL_INVALID;
    int status = atomic_load(&cpl_child) ? CPL_FORKED : cpl_watch_start();
    return status == CPL_OK ? on_value(queue, TASK_WATCH, address, bytes, condition, value, 0) : status;
}

int cpl_queue_watch_writer(cpl_queue *queue, uint64_t address, uint64_t value, uint64_t writer)
{
    if (address % 8 || !writer || writer % 8)
        return CPL_INVALID;
    int status = atomic_load(&cpl_child) ? CPL_FORKED : cpl_watch_start();
    return status == CPL_OK ? on_value(queue, TASK_WATCH, address, 8, CPL_WATCH_GEQ, value, writer) : status;
}

int cpl_queue_store(cpl_queue *queue, uint64_t address, uint32_t bytes, int operation, uint64_t value)
{
    if ((bytes != 4 && bytes != 8) || address % bytes || operation < CPL_STORE_SET || operation > CPL_STORE_REACH)
        return CPL_INVALID;
    return on_value(queue, TASK_STORE, address, bytes, operation, value, 0);
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
