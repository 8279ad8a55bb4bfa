/* Threads that use every part of the runtime at once; built with a sanitizer. Prints "finished" when all is right. */
#include "compatlayer/runtime.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 4, ROUNDS = 80 };
static const uint64_t PATIENCE_NS = 40000000000u;
static cpl_domain *domain;
static _Atomic(cpl_fence *) published[THREADS];
static atomic_int calls;

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "line %d: %s\n", __LINE__, #condition); \
            exit(1); \
        } \
    } while (0)

static void called(void *data)
{
    (void)data;
    atomic_fetch_add(&calls, 1);
}

/* Sums lane numbers over barriers, a shuffle and an atomic: 64 threads a block. */
static void kernel(cpl_thread *self, const void *args)
{
    uint32_t *out;
    memcpy(&out, args, sizeof out);
    uint32_t *shared = (uint32_t *)self->shared, me = self->thread[0];
    shared[me] = me;
    cpl_barrier(self, 0, 0, NULL);
    uint32_t other = shared[63 - me];
    cpl_barrier(self, 0, 0, NULL);
    other += cpl_shuffle(self, CPL_SHUFFLE_BFLY, 0xffffffffu, other, 1, 31, NULL, NULL);
    cpl_yield(self);
    if (me % 3 == 0)
        cpl_exit(self);
    if (cpl_barrier_reduce(self, 0, 0, CPL_REDUCE_POPC, 1, NULL) == 42)
        __atomic_fetch_add(out, other, __ATOMIC_RELAXED);
}

static void faulty(cpl_thread *self, const void *args)
{
    (void)args;
    if (self->thread[0] == 5)
        cpl_trap(self, NULL);
    cpl_barrier(self, 0, 0, NULL);
}

/* The same for gangs of 32: a sum over barriers, with gangs that yield and leave. */
static void gang(cpl_thread *self, const void *args)
{
    uint32_t *out;
    memcpy(&out, args, sizeof out);
    uint32_t *shared = (uint32_t *)self->shared, first = self->first;
    for (uint32_t round = 0; round < 9; round++) {
        for (uint32_t i = first; i < self->end; i++)
            shared[i] = i + round;
        cpl_gang_barrier(self, 0, 0, 0xffffffffu, NULL);
        uint32_t other = 0;
        for (uint32_t i = first; i < self->end; i++)
            other += shared[63 - i];
        CHECK(other == (first ? 496 : 1520) + 32 * round);
        for (uint32_t i = 0; round == 5 + first / 32 && i < 64; i++)
            cpl_yield(cpl_lane(self, first + 3));
        if (round == 8 && first)
            return;
        CHECK(cpl_gang_barrier_reduce(self, 0, 0, CPL_REDUCE_POPC, ~0u, 0xff, NULL) == (round == 8 ? 8 : 16));
    }
    __atomic_fetch_add(out, 1, __ATOMIC_RELAXED);
}

static void whole(cpl_thread *self, const void *args)
{
    uint32_t *out;
    memcpy(&out, args, sizeof out);
    CHECK(self->end == 64);
    for (; self->first < self->end; self->first += 32)
        __atomic_fetch_add(out, 1, __ATOMIC_RELAXED);
}

static void launch_gangs(cpl_queue *queue, cpl_entry entry, uint32_t flags, const void *args)
{
    cpl_variant variants[CPL_SHAPES] = {[CPL_SHAPE_ROW32] = {entry, 32, flags, 0}};
    cpl_kernel described = {NULL, "gangs", 8, 256, 0, 0, variants};
    cpl_shape shape = {{70, 1, 1}, {64, 1, 1}, 0, 0};
    CHECK(cpl_queue_launch(queue, &described, &shape, args, 8) == CPL_OK);
    shape.block[0] = 33;
    CHECK(cpl_queue_launch(queue, &described, &shape, args, 8) == CPL_NOT_COMPILED);
}

static void launch(cpl_queue *queue, cpl_entry entry, const void *args, uint32_t args_bytes)
{
    cpl_kernel described = {entry, "kernel", args_bytes, 256, 0, 0, NULL};
    cpl_shape shape = {{3, 2, 1}, {64, 1, 1}, 0, 0};
    CHECK(cpl_queue_launch(queue, &described, &shape, args, args_bytes) == CPL_OK);
}

static void arena(int round)
{
    uint64_t memory;
    CHECK(cpl_memory_alloc(0, 0, 100 + (uint64_t)round * 77, 0, &memory) == CPL_OK);
    cpl_allocation found;
    CHECK(cpl_memory_find(memory + 50, &found) && found.base == memory);
    memset((void *)(uintptr_t)memory, 1, 100);
    CHECK(cpl_memory_free(memory) == CPL_OK);
}

static void *work(void *data)
{
    int number = (int)(intptr_t)data;
    cpl_queue *queue = cpl_queue_open(domain, number);
    uint64_t large, small;
    CHECK(cpl_memory_alloc(0, 0, 5 << 20, 0, &large) == CPL_OK && cpl_memory_alloc(0, 0, 64, 0, &small) == CPL_OK);
    for (int i = 0; i < ROUNDS; i++) {
        cpl_box box = {large + (2 << 20), 0, 0, large, 0, 0, (2 << 20) + 5, 1, 1};
        CHECK(cpl_queue_copy(queue, &box) == CPL_OK);
        CHECK(cpl_queue_fill(queue, large, 4096, (uint32_t)i, 4, 1000, 16) == CPL_OK);
        launch(queue, kernel, &small, sizeof small);
        if (i % 4 == 1) {
            CHECK(cpl_queue_drain(queue, PATIENCE_NS) == CPL_OK);
            uint32_t before = *(uint32_t *)(uintptr_t)small;
            launch_gangs(queue, gang, CPL_KERNEL_GANGS, &small);
            launch_gangs(queue, whole, CPL_KERNEL_BLOCK, &small);
            CHECK(cpl_queue_drain(queue, PATIENCE_NS) == CPL_OK);
            CHECK(*(uint32_t *)(uintptr_t)small - before == 70 + 140);
            *(uint32_t *)(uintptr_t)small = before;
        }
        cpl_fence *mine = cpl_queue_signal(queue);
        cpl_fence *old = atomic_exchange(&published[number], mine);
        cpl_fence *theirs = atomic_exchange(&published[(number + 1) % THREADS], NULL);
        if (theirs) {
            CHECK(cpl_queue_wait(queue, theirs) == CPL_OK);
            cpl_fence_done(theirs);
            cpl_fence_release(theirs);
        }
        if (old) {
            CHECK(cpl_fence_wait(old, PATIENCE_NS) == CPL_OK && cpl_fence_time(old));
            cpl_fence_release(old);
        }
        if (i % 7 == 3)
            CHECK(cpl_queue_call(queue, called, NULL) == CPL_OK);
        if (i % 10 == 9)
            CHECK(cpl_queue_drain(queue, PATIENCE_NS) == CPL_OK);
        for (int k = 0; k < 20; k++)
            arena(i + k);
    }
    CHECK(cpl_queue_drain(queue, PATIENCE_NS) == CPL_OK && cpl_queue_idle(queue));
    CHECK(*(uint32_t *)(uintptr_t)small % ROUNDS == 0 && *(uint32_t *)(uintptr_t)small);
    launch(queue, kernel, &small, sizeof small);
    cpl_queue_close(queue);
    return NULL;
}

static void *fault(void *data)
{
    (void)data;
    for (int i = 0; i < 20; i++) {
        cpl_domain *own = cpl_domain_open(0);
        cpl_queue *queue = cpl_queue_open(own, 0);
        launch(queue, faulty, NULL, 0);
        CHECK(cpl_queue_drain(queue, PATIENCE_NS) == CPL_OK);
        cpl_fault found;
        CHECK(cpl_domain_fault(own, &found) == CPL_FAULT_TRAP && found.thread[0] == 5);
        cpl_queue_close(queue);
        cpl_domain_close(own);
    }
    return NULL;
}

/* Two queues and this thread hand a value round; then a domain ends while a queue of it waits for what never comes. */
static void *values(void *data)
{
    (void)data;
    static _Atomic uint64_t turn;
    static _Atomic uint32_t never, after;
    uint64_t at = (uint64_t)(uintptr_t)&turn, units = 1;
    cpl_domain *own = cpl_domain_open(0);
    cpl_queue *queues[2] = {cpl_queue_open(own, 0), cpl_queue_open(own, 0)};
    CHECK(cpl_queue_restrict(queues[0], &units, 1) == CPL_OK);
    uint64_t small;
    CHECK(cpl_memory_alloc(0, 0, 64, 0, &small) == CPL_OK);
    for (uint64_t i = 0; i < ROUNDS * 3; i += 3)
        for (int place = 0; place < 2; place++) {
            CHECK(cpl_queue_watch(queues[place], at, 8, CPL_WATCH_GEQ, i + (uint64_t)place + 1) == CPL_OK);
            launch(queues[place], kernel, &small, sizeof small);
            CHECK(cpl_queue_store(queues[place], at, 8, CPL_STORE_ADD, 1) == CPL_OK);
        }
    for (uint64_t i = 0; i < ROUNDS * 3; i += 3) {
        while (atomic_load(&turn) != i) {
        }
        atomic_fetch_add(&turn, 1);
    }
    for (int place = 0; place < 2; place++)
        CHECK(cpl_queue_drain(queues[place], PATIENCE_NS) == CPL_OK);
    CHECK(atomic_load(&turn) == ROUNDS * 3);
    CHECK(cpl_queue_watch(queues[1], (uint64_t)(uintptr_t)&never, 4, CPL_WATCH_EQ, 1) == CPL_OK);
    CHECK(cpl_queue_store(queues[1], (uint64_t)(uintptr_t)&after, 4, CPL_STORE_SET, 1) == CPL_OK);
    CHECK(cpl_queue_drain(queues[1], 1000000) == CPL_TIMEOUT);
    cpl_domain_end_waits(own);
    CHECK(cpl_queue_drain(queues[1], PATIENCE_NS) == CPL_OK && !atomic_load(&after));
    for (int place = 0; place < 2; place++)
        cpl_queue_close(queues[place]);
    cpl_domain_close(own);
    return NULL;
}

/* Callers launch through doors while core opens, shuts, ends and renames them, and takes the kernel away. */
static cpl_doors *doors;
static atomic_bool callers_stop;
static _Atomic uint64_t direct_launches, counted[2];

static void counting(cpl_thread *self, const void *args)
{
    uint64_t *where;
    memcpy(&where, args, sizeof where);
    if (self->thread[0] == 0)
        __atomic_fetch_add(where, 1, __ATOMIC_RELAXED);
}

static void *call_directly(void *data)
{
    cpl_shape shape = {{1, 1, 1}, {2, 1, 1}, 0, 0};
    uint64_t place = (uint64_t)(intptr_t)data % 2;
    _Atomic uint64_t *target = &counted[place];
    void *arguments[] = {&target};
    cpl_doors_enter(doors);
    for (int i = 0; !atomic_load(&callers_stop); i++)
        if (cpl_direct_launch(7, (uint64_t)(i % 3) * 16, &shape, arguments) == CPL_OK)
            atomic_fetch_add(&direct_launches, 1);
    cpl_doors_enter(NULL);
    return NULL;
}

static void direct_variants(cpl_queue *queue)
{
    static cpl_variant variants[CPL_SHAPES];
    static const cpl_kernel described = {NULL, "later", 8, 0, 0, 0, variants};
    cpl_callable facts = {&described, {9, 9, 9}, {99, 9, 9}, 99, 0, 0, 1};
    uint32_t offset = 0, bytes = 8, count = 0;
    uint32_t *target = &count;
    void *arguments[] = {&target};
    cpl_shape shape = {{5, 1, 1}, {64, 1, 1}, 0, 0};
    cpl_door *door = cpl_door_make(doors, queue, CPL_DOOR_FREE, 48);
    cpl_door_open(door, cpl_door_ticket());
    CHECK(cpl_doors_accept(doors, 8, &facts, &offset, &bytes) == CPL_OK);
    CHECK(cpl_direct_launch(8, 48, &shape, arguments) == CPL_NOT_COMPILED && door->launches == 0);
    variants[CPL_SHAPE_ROW32] = (cpl_variant){NULL, 32, CPL_KERNEL_BLOCK, 0};
    __atomic_store_n(&variants[CPL_SHAPE_ROW32].entry, whole, __ATOMIC_RELEASE);
    CHECK(cpl_direct_launch(8, 48, &shape, arguments) == CPL_OK && door->launches == 1);
    CHECK(cpl_queue_drain(queue, PATIENCE_NS) == CPL_OK && count == 10);
    uint32_t left[3] = {0};
    CHECK(cpl_direct_launch_packed(8, 48, &shape, &target, 7) != CPL_OK);
    CHECK(cpl_direct_launch_packed(8, 48, &shape, &target, 8) == CPL_OK && door->launches == 2);
    CHECK(cpl_queue_drain(queue, PATIENCE_NS) == CPL_OK && count == 20);
    cpl_doors_enter(doors);
    CHECK(cpl_direct_block(8, (int[]){4, 2, 1}) == CPL_OK && cpl_direct_block(9, (int[]){1, 1, 1}) != CPL_OK);
    CHECK(cpl_direct_block(8, (int[]){0, 1, 1}) != CPL_OK);
    CHECK(cpl_doors_take_block(doors, 8, left) && left[0] == 4 && left[1] == 2 && left[2] == 1);
    CHECK(!cpl_doors_take_block(doors, 8, left));
    CHECK(cpl_direct_block(8, (int[]){3, 1, 1}) == CPL_OK);
    cpl_doors_enter(NULL);
    CHECK(cpl_direct_block(8, (int[]){5, 1, 1}) != CPL_OK);
    CHECK(cpl_doors_forget(doors, 8, left) && left[0] == 3);
    cpl_door_close(door);
}

static void direct(void)
{
    uint32_t left[3];
    static const cpl_kernel described = {counting, "counting", 8, 0, 0, 0, NULL};
    cpl_callable facts = {&described, {9, 9, 9}, {9, 9, 9}, 9, 0, 0, 1};
    uint32_t offset = 0, bytes = 8;
    pthread_t callers[3];
    doors = cpl_doors_open();
    cpl_queue *queues[3];
    cpl_door *made[3];
    uint64_t gone = 0;
    for (int i = 0; i < 3; i++) {
        queues[i] = cpl_queue_open(domain, 0);
        made[i] = cpl_door_make(doors, queues[i], i == 0 ? CPL_DOOR_BARRIER : i, (uint64_t)i * 16);
    }
    direct_variants(queues[1]);
    for (intptr_t i = 0; i < 3; i++)
        pthread_create(&callers[i], NULL, call_directly, (void *)i);
    for (int i = 0; i < 2000 || atomic_load(&direct_launches) < 1000; i++) {
        int place = i % 3;
        uint64_t ticket = cpl_door_ticket();
        CHECK(cpl_doors_accept(doors, 7, &facts, &offset, &bytes) == CPL_OK);
        cpl_door_open(made[place], ticket);
        cpl_doors_changed(doors, i % 5 == 0 ? CPL_DOOR_JOINED : CPL_DOOR_BARRIER);
        cpl_door_open(made[place], cpl_door_ticket());
        if (i % 7 == 0) {
            cpl_door_shut(made[place]);
            uint64_t before = made[place]->launches;
            CHECK(cpl_queue_drain(queues[place], PATIENCE_NS) == CPL_OK && made[place]->launches == before);
            cpl_door_open(made[place], ticket);
            CHECK(cpl_queue_idle(queues[place]));
        }
        if (i % 11 == 0)
            cpl_doors_forget(doors, 7, left);
        if (i % 50 == 0) {
            cpl_door_end(made[place]);
            gone += made[place]->launches;
            cpl_door_close(made[place]);
            cpl_queue_close(queues[place]);
            queues[place] = cpl_queue_open(domain, 0);
            made[place] = cpl_door_make(doors, queues[place], place == 0 ? CPL_DOOR_BARRIER : place,
                                        (uint64_t)place * 16);
        }
    }
    cpl_doors_end(doors);
    atomic_store(&callers_stop, true);
    for (int i = 0; i < 3; i++)
        pthread_join(callers[i], NULL);
    for (int i = 0; i < 3; i++) {
        CHECK(cpl_queue_drain(queues[i], PATIENCE_NS) == CPL_OK);
        gone += made[i]->launches;
        cpl_door_close(made[i]);
        cpl_queue_close(queues[i]);
    }
    cpl_doors_forget(doors, 7, left);
    cpl_doors_close(doors);
    CHECK(gone == atomic_load(&direct_launches));
}

int main(void)
{
    CHECK(cpl_start(3) == CPL_OK);
    domain = cpl_domain_open(0);
    pthread_t threads[THREADS + 2];
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, work, (void *)(intptr_t)i);
    pthread_create(&threads[THREADS], NULL, fault, NULL);
    pthread_create(&threads[THREADS + 1], NULL, values, NULL);
    for (int i = 0; i <= THREADS + 1; i++)
        pthread_join(threads[i], NULL);
    direct();
    cpl_domain_close(domain);
    cpl_stop(5000000000u);
    CHECK(atomic_load(&calls) == THREADS * 11);
    CHECK(counted[0] + counted[1] == direct_launches && direct_launches > 0);
    puts("finished");
    return 0;
}
