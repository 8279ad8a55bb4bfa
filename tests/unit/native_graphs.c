/* Threads that start one graph, and graphs of their own, at once; built with a sanitizer. Prints "finished" when all is
 * right. Each start fills a counter, counts it down in a loop, copies it by two branches and calls a host function. */
#include "compatlayer/runtime.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 4, ROUNDS = 60, HANDLE = 77, LAPS = 5 };
static const uint64_t PATIENCE_NS = 40000000000u;
static cpl_domain *domain;
static cpl_queue *home;
static cpl_graph *shared;

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "line %d: %s\n", __LINE__, #condition); \
            exit(1); \
        } \
    } while (0)

struct state {
    uint32_t counter, left, right, calls;
    uint64_t laps;
};
static struct state common;

static void count_down(cpl_thread *self, const void *args)
{
    struct state *state;
    memcpy(&state, args, sizeof state);
    if (self->thread[0] == 0) {
        state->laps++;
        cpl_graph_set(self, HANDLE, --state->counter > 0);
    }
}

static void called(void *data)
{
    struct state *state = data;
    CHECK(state->counter == 0 && state->left == 0 && state->right == 0);
    state->calls++;
}

/* fill -> loop { kernel } -> two copies -> call -> signal */
static cpl_graph *make(struct state *state)
{
    const uint32_t after[] = {0, 1, 3, 4, 5, 6, 6, 6}, successors[] = {1, 2, 3, 4, 4, 5};
    const uint32_t bounds[] = {0, 6, 0, 6, 7, 1};
    cpl_graph_plan plan = {7, 2, 1, after, successors, bounds};
    cpl_graph *graph = cpl_graph_open(&plan, NULL);
    cpl_kernel kernel = {.entry = count_down, .name = "count_down", .args_bytes = 8};
    cpl_shape shape = {{1, 1, 1}, {4, 1, 1}, 0, 0};
    uint64_t at = (uint64_t)(uintptr_t)state;
    cpl_box left = {at + 4, 0, 0, at, 0, 0, 4, 1, 1}, right = {at + 8, 0, 0, at, 0, 0, 4, 1, 1};
    CHECK(graph && cpl_graph_value(graph, 0, HANDLE, 1, 1) == CPL_OK);
    CHECK(cpl_graph_fill(graph, 0, home, at, 0, LAPS, 4, 1, 1) == CPL_OK);
    CHECK(cpl_graph_choose(graph, 1, home, CPL_CHOICE_WHILE, 0, 1, 1) == CPL_OK);
    CHECK(cpl_graph_copy(graph, 2, home, &left) == CPL_OK && cpl_graph_copy(graph, 3, home, &right) == CPL_OK);
    CHECK(cpl_graph_call(graph, 4, home, called, state) == CPL_OK);
    CHECK(cpl_graph_signal(graph, 5, home, 0) == CPL_OK);
    CHECK(cpl_graph_launch(graph, 6, home, &kernel, &shape, &at, 8, 0) == CPL_OK);
    return graph;
}

static void *work(void *data)
{
    (void)data;
    cpl_queue *queue = cpl_queue_open(domain, 0);
    struct state own = {0};
    for (int i = 0; i < ROUNDS; i++) {
        cpl_graph *graph = make(&own);
        cpl_fence *fence = cpl_fence_new();
        CHECK(cpl_graph_start(shared, queue, &(cpl_fence *){NULL}, 1, 1) == CPL_OK);
        CHECK(cpl_graph_start(graph, queue, &fence, 1, 1) == CPL_OK);
        if (cpl_graph_pending(graph))
            CHECK(cpl_graph_empty(graph, 0, home) == CPL_TIMEOUT || !cpl_graph_pending(graph));
        CHECK(cpl_fence_wait(fence, PATIENCE_NS) == CPL_OK);
        cpl_fence_release(fence);
        CHECK(cpl_queue_drain(queue, PATIENCE_NS) == CPL_OK);
        cpl_graph_close(graph);
    }
    CHECK(own.calls == ROUNDS && own.laps == ROUNDS * LAPS);
    cpl_queue_close(queue);
    return NULL;
}

int main(void)
{
    CHECK(cpl_start(3) == CPL_OK);
    domain = cpl_domain_open(0);
    home = cpl_queue_open(domain, 0);
    shared = make(&common);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, work, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK(common.calls == THREADS * ROUNDS && common.laps == (uint64_t)THREADS * ROUNDS * LAPS);
    cpl_graph_close(shared);
    cpl_queue_close(home);
    cpl_domain_close(domain);
    cpl_stop(5000000000u);
    puts("finished");
    return 0;
}
