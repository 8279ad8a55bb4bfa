/* What kernels call to launch kernels: each call is checked and recorded here; family.c runs what was recorded when the
 * kernel has ended. That is allowed because a kernel cannot wait for its children ("CUDA Dynamic Parallelism" in the CUDA
 * Programming Guide). No call waits for others, and no lock is held while memory of the kernel's is read. */
#include "native.h"
#include <stdlib.h>
#include <string.h>

/* cudaError_t */
enum { INVALID_VALUE = 1, NO_MEMORY = 2, INVALID_CONFIGURATION = 9, TOO_DEEP = 65, TOO_MANY = 69, NO_KERNEL = 98,
       NO_STREAM = 400 };
/* Streams that every kernel has; 0 is that of the block. */
enum { STREAM_BLOCK = 0, STREAM_THREAD = 2, STREAM_TAIL = 3, STREAM_FREE = 4, FIRST_STREAM = 16, STREAM_BITS = 24 };
enum { DEPTH = 24, MANY = 1 << 18 };
static const uint32_t most_blocks[] = {0x7fffffff, 0xffff, 0xffff}, most_threads[] = {1024, 1024, 64};

struct trouble {
    uint64_t family, block;           /* whose error it is; those of others are none */
    uint32_t error;
};
static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;
static _Atomic uint64_t families;     /* so far */

static struct family *family_of(cpl_thread *self)
{
    struct task *task = cpl_thread_of(self)->block->task;
    struct family *family = atomic_load_explicit(&task->family, memory_order_acquire);
    if (family)
        return family;
    pthread_mutex_lock(&making);
    family = atomic_load(&task->family);
    if (!family && (family = calloc(1, sizeof *family))) {
        pthread_mutex_init(&family->lock, NULL);
        family->parent = task;
        family->id = atomic_fetch_add(&families, 1) + 1;
        atomic_store_explicit(&task->family, family, memory_order_release);
    }
    pthread_mutex_unlock(&making);
    return family;
}

static uint64_t block_of(const cpl_thread *self)
{
    return self->block[0] + (uint64_t)self->grid_size[0] * (self->block[1] + (uint64_t)self->grid_size[1] * self->block[2]);
}

static uint32_t thread_of(const cpl_thread *self)
{
    return self->thread[0] + self->block_size[0] * (self->thread[1] + self->block_size[1] * self->thread[2]);
}

/* ---- errors: each thread has its last one ------------------------------------------------------------ */
static uint32_t fail(cpl_thread *self, uint32_t error)
{
    struct block *block = cpl_thread_of(self)->block;
    struct family *family = family_of(self);
    if (!block->troubles)
        block->troubles = calloc(CPL_MAX_THREADS, sizeof *block->troubles);
    if (block->troubles && family)
        block->troubles[thread_of(self)] = (struct trouble){family->id, block_of(self), error};
    return error;
}

static uint32_t last_error(cpl_thread *self, bool forget)
{
    struct block *block = cpl_thread_of(self)->block;
    struct family *family = atomic_load_explicit(&block->task->family, memory_order_acquire);
    struct trouble *trouble = block->troubles ? &block->troubles[thread_of(self)] : NULL;
    if (!trouble || !family || trouble->family != family->id || trouble->block != block_of(self))
        return 0;
    if (forget)
        trouble->family = 0;
    return trouble->error;
}

/* ---- records ------------------------------------------------------------------------------------------- */
static struct child *record(cpl_thread *self, enum child_kind kind, uint64_t args_bytes)
{
    struct family *family = family_of(self);
    struct child *child = NULL;
    if (family && args_bytes < 1 << 20)
        child = aligned_alloc(64, cpl_round_up(sizeof *child + args_bytes, 64));
    if (!child) {
        fail(self, NO_MEMORY);
        return NULL;
    }
    memset(child, 0, sizeof *child);
    child->family = family;
    child->kind = kind;
    child->args_bytes = args_bytes;
    uint64_t limit = atomic_load(&cpl_thread_of(self)->block->domain->limits[CPL_LIMIT_LAUNCHES]);
    pthread_mutex_lock(&family->lock);
    /* A device counts those that it has not begun; here none begins before the kernel ends, so more must fit. */
    bool full = family->count >= (limit > MANY ? limit : MANY);
    if (!full) {
        family->count++;
        child->next = family->open;
        if (child->next)
            child->next->before = child;
        family->open = child;
    }
    pthread_mutex_unlock(&family->lock);
    if (!full)
        return child;
    free(child);
    fail(self, TOO_MANY);
    return NULL;
}

static void unlink_open(struct family *family, struct child *child)
{
    if (child->before)
        child->before->next = child->next;
    else
        family->open = child->next;
    if (child->next)
        child->next->before = child->before;
    child->next = child->before = NULL;
}

static void forget(struct child *child)
{
    pthread_mutex_lock(&child->family->lock);
    unlink_open(child->family, child);
    child->family->count--;
    pthread_mutex_unlock(&child->family->lock);
    free(child);
}

static uint32_t unknown_stream(cpl_thread *self, uint64_t stream)
{
    struct family *family = family_of(self);
    if (stream == STREAM_BLOCK || (stream >= STREAM_THREAD && stream <= STREAM_FREE))
        return 0;
    uint64_t number = stream & ((UINT64_C(1) << STREAM_BITS) - 1);
    if (!family || stream >> STREAM_BITS != family->id || number < FIRST_STREAM)
        return NO_STREAM;
    pthread_mutex_lock(&family->lock);
    bool made = number - FIRST_STREAM < family->streams;
    pthread_mutex_unlock(&family->lock);
    return made ? 0 : NO_STREAM;
}

/* The record is the family's from here on. */
static void launch(cpl_thread *self, struct child *child, uint64_t stream)
{
    struct family *family = child->family;
    child->stream = stream;
    child->owner = stream == STREAM_BLOCK ? block_of(self) : 0;
    if (stream == STREAM_THREAD)
        child->owner = block_of(self) * CPL_MAX_THREADS + thread_of(self);
    pthread_mutex_lock(&family->lock);
    unlink_open(family, child);
    struct child **first = stream == STREAM_TAIL ? &family->tails.first : &family->first;
    struct child **last = stream == STREAM_TAIL ? &family->tails.last : &family->last;
    if (*first)
        (*last)->next = child;
    else
        *first = child;
    *last = child;
    pthread_mutex_unlock(&family->lock);
}

/* ---- what kernels call ----------------------------------------------------------------------------------- */
void *cpl_device_buffer(cpl_thread *self, uint64_t size_bytes)
{
    struct child *child = record(self, CHILD_LAUNCH, size_bytes);
    return child ? child->args : NULL;
}

static uint32_t refused(cpl_thread *self, const cpl_launchable *kernel, const struct child *child, uint64_t stream)
{
    const cpl_shape *shape = &child->shape;
    if (!kernel || (uintptr_t)kernel % _Alignof(cpl_launchable) || kernel->self != kernel)
        return NO_KERNEL;
    uint64_t threads = 1;
    for (int i = 0; i < 3; i++) {
        if (!shape->grid[i] || shape->grid[i] > most_blocks[i] || !shape->block[i] || shape->block[i] > most_threads[i])
            return INVALID_CONFIGURATION;
        threads *= shape->block[i];
    }
    if (threads > kernel->max_threads || shape->dynamic_shared_bytes > kernel->max_dynamic_shared_bytes)
        return INVALID_CONFIGURATION;
    if (((const cpl_kernel *)kernel->kernel)->args_bytes > child->args_bytes)
        return INVALID_VALUE;
    /* The tail comes in the place of the kernel, not below it. */
    if (stream != STREAM_TAIL && cpl_thread_of(self)->block->task->depth >= DEPTH)
        return TOO_DEEP;
    return unknown_stream(self, stream);
}

uint32_t cpl_device_launch(cpl_thread *self, const void *kernel, void *buffer, uint32_t grid_x, uint32_t grid_y,
                           uint32_t grid_z, uint32_t block_x, uint32_t block_y, uint32_t block_z,
                           uint32_t dynamic_shared_bytes, uint64_t stream)
{
    const cpl_launchable *launchable = kernel;
    struct family *family = family_of(self);
    if (!buffer || !family)
        return fail(self, INVALID_VALUE);
    struct child *child = (struct child *)((uint8_t *)buffer - offsetof(struct child, args));
    if ((uintptr_t)buffer % 64 || child->family != family)
        return fail(self, INVALID_VALUE);
    child->shape = (cpl_shape){{grid_x, grid_y, grid_z}, {block_x, block_y, block_z}, dynamic_shared_bytes, 0};
    uint32_t error = refused(self, launchable, child, stream);
    if (error) {
        forget(child);
        return fail(self, error);
    }
    child->kernel = launchable->kernel;
    launch(self, child, stream);
    return 0;
}

static uint32_t memory_work(cpl_thread *self, struct child *child, uint64_t stream)
{
    if (!child)
        return last_error(self, false);
    uint32_t error = unknown_stream(self, stream);
    if (error) {
        forget(child);
        return fail(self, error);
    }
    launch(self, child, stream);
    return 0;
}

uint32_t cpl_device_copy(cpl_thread *self, uint64_t destination, uint64_t source, uint64_t size_bytes, uint64_t stream)
{
    struct child *child = record(self, CHILD_COPY, 0);
    if (child)
        child->box = (cpl_box){.destination = destination, .source = source, .width_bytes = size_bytes, .height = 1,
                               .depth = 1};
    return memory_work(self, child, stream);
}

uint32_t cpl_device_fill(cpl_thread *self, uint64_t destination, uint32_t value, uint64_t size_bytes, uint64_t stream)
{
    struct child *child = record(self, CHILD_FILL, 0);
    if (child)
        child->fill = (struct fill){.destination = destination, .width = size_bytes, .height = 1,
                                    .pattern = value & 0xff, .element_bytes = 1};
    return memory_work(self, child, stream);
}

static uint64_t new_stream(cpl_thread *self)
{
    struct family *family = family_of(self);
    if (!family)
        return 0;
    pthread_mutex_lock(&family->lock);
    uint64_t number = family->streams < (UINT64_C(1) << STREAM_BITS) - FIRST_STREAM ? FIRST_STREAM + family->streams++ : 0;
    pthread_mutex_unlock(&family->lock);
    return number ? family->id << STREAM_BITS | number : 0;
}

uint64_t cpl_device_order(cpl_thread *self, uint32_t operation, uint64_t argument)
{
    struct family *family;
    switch (operation) {
    case CPL_DEVICE_ERROR:
        return last_error(self, argument == 1);
    case CPL_DEVICE_FAIL:
        return fail(self, (uint32_t)argument);
    case CPL_DEVICE_STREAM:
        argument = new_stream(self);
        if (!argument)
            fail(self, NO_MEMORY);
        return argument;
    case CPL_DEVICE_KNOWN:
        return unknown_stream(self, argument) ? fail(self, NO_STREAM) : 0;
    case CPL_DEVICE_WAIT:
        if (!(family = family_of(self)))
            return fail(self, NO_MEMORY);
        pthread_mutex_lock(&family->lock);
        family->in_order = true;
        pthread_mutex_unlock(&family->lock);
        return 0;
    }
    return fail(self, INVALID_VALUE);
}
