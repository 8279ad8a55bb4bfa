/* Kernels that launch kernels, from several threads at once; built with a sanitizer. Prints "finished" when all is right. */
#include "compatlayer/runtime.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 3, ROUNDS = 12, TAIL = 3, FREE = 4, PER_THREAD = 2 };
static const uint64_t PATIENCE_NS = 40000000000u;
static cpl_domain *domain;
static cpl_launchable launchables[3];
static cpl_variant variants[CPL_SHAPES];
static atomic_int prepared;

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "line %d: %s\n", __LINE__, #condition); \
            exit(1); \
        } \
    } while (0)

struct args {
    uint32_t *out;
    uint32_t number;
};

static uint32_t launch(cpl_thread *self, int kernel, uint32_t *out, uint32_t number, uint32_t blocks, uint32_t threads,
                       uint64_t stream)
{
    struct args args = {out, number};
    void *buffer = cpl_device_buffer(self, sizeof args);
    if (!buffer)
        return 1;
    memcpy(buffer, &args, sizeof args);
    return cpl_device_launch(self, &launchables[kernel], buffer, blocks, 1, 1, threads, 1, 1, 0, stream);
}

/* out[0] counts; out[1] is the number of steps in their order. */
static void add(cpl_thread *self, const void *data)
{
    (void)self;
    const struct args *args = data;
    __atomic_fetch_add(args->out, args->number, __ATOMIC_RELAXED);
}

static void step(cpl_thread *self, const void *data)
{
    (void)self;
    const struct args *args = data;
    args->out[1] = args->out[1] == args->number ? args->number + 1 : 1000;
}

static void tree(cpl_thread *self, const void *data)
{
    const struct args *args = data;
    __atomic_fetch_add(args->out, 1, __ATOMIC_RELAXED);
    uint32_t depth = args->number;
    if (depth == 0)
        return;
    static const uint64_t streams[] = {0, FREE, PER_THREAD, TAIL};
    if (launch(self, 2, args->out, depth - 1, 1, 4, streams[self->thread[0] % 4]))
        __atomic_fetch_add(args->out, 1000000, __ATOMIC_RELAXED);
    if (launch(self, 0, args->out, 0, 0, 1, 0) != 9 || cpl_device_order(self, CPL_DEVICE_ERROR, 1) != 9)
        __atomic_fetch_add(args->out, 1000000, __ATOMIC_RELAXED);
}

static void parent(cpl_thread *self, const void *data)
{
    const struct args *args = data;
    tree(self, data);
    cpl_barrier(self, 0, 0, NULL);
    if (self->thread[0] == 0 && self->block[0] == 0) {
        uint64_t stream = cpl_device_order(self, CPL_DEVICE_STREAM, 0);
        for (uint32_t i = 0; i < 20; i++)
            launch(self, 1, args->out, i, 1, 1, stream);
        cpl_device_buffer(self, 100);
        launch(self, 0, args->out, 100, 2, 32, FREE);
    }
}

static int prepare(const cpl_kernel *kernel, uint32_t x, uint32_t y, uint32_t z, char *error, size_t error_bytes)
{
    (void)kernel, (void)y, (void)z, (void)error, (void)error_bytes;
    uint32_t block[3] = {x, 1, 1};
    cpl_variant *variant = &variants[cpl_shape_class(block, 0)];
    variant->width = 1;
    __atomic_store_n(&variant->entry, add, __ATOMIC_RELEASE);
    atomic_fetch_add(&prepared, 1);
    return 0;
}

static void *work(void *data)
{
    (void)data;
    cpl_kernel kernel = {.entry = parent, .name = "parent", .args_bytes = sizeof(struct args)};
    cpl_queue *queue = cpl_queue_open(domain, 0);
    CHECK(queue);
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t out[2] = {0, 0};
        struct args args = {out, 3};
        cpl_shape shape = {{2, 1, 1}, {4, 1, 1}, 0, 0};
        CHECK(cpl_queue_launch(queue, &kernel, &shape, &args, sizeof args) == CPL_OK);
        CHECK(cpl_queue_drain(queue, PATIENCE_NS) == CPL_OK);
        CHECK(out[0] == 2 * (4 + 16 + 64 + 256) + 6400);
        CHECK(out[1] == 20);
    }
    cpl_queue_close(queue);
    return NULL;
}

int main(void)
{
    static const cpl_kernel kernels[] = {
        {.entry = NULL, .name = "add", .args_bytes = sizeof(struct args), .variants = variants},
        {.entry = step, .name = "step", .args_bytes = sizeof(struct args)},
        {.entry = tree, .name = "tree", .args_bytes = sizeof(struct args)},
    };
    for (int i = 0; i < 3; i++)
        launchables[i] = (cpl_launchable){&kernels[i], &launchables[i], 1024, 0};
    CHECK(cpl_start(3) == CPL_OK);
    cpl_set_preparer(prepare);
    CHECK((domain = cpl_domain_open(0)));
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, work, NULL) == 0);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(atomic_load(&prepared) > 0 && cpl_domain_fault(domain, NULL) == CPL_FAULT_NONE);
    cpl_domain_close(domain);
    puts("finished");
    return 0;
}
