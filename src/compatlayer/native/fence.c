/* Fences: reference-counted points of a queue's work with the time at which they were reached. */
#include "native.h"
#include <limits.h>
#include <sched.h>
#include <stdlib.h>

static const uint64_t SPIN_NS = 20000;       /* waking a sleeping thread costs more than a short kernel */
static const uint64_t LOOK_NS = 100000000;
static cpl_fence *spare;                     /* under cpl_lock */

/* A pending fence with one reference; cpl_lock held. */
cpl_fence *cpl_fence_open(void)
{
    cpl_fence *fence = spare;
    if (fence)
        spare = fence->next_free;
    else
        fence = calloc(1, sizeof *fence);
    if (!fence)
        return NULL;
    atomic_store(&fence->references, 1);
    atomic_store(&fence->state, 0);
    atomic_store(&fence->time, 0);
    fence->waiters = NULL;
    return fence;
}

cpl_fence *cpl_fence_new(void)
{
    if (atomic_load(&cpl_child))
        return NULL;
    pthread_mutex_lock(&cpl_lock);
    cpl_fence *fence = cpl_fence_open();
    pthread_mutex_unlock(&cpl_lock);
    return fence;
}

/* cpl_lock held. */
void cpl_fence_drop(cpl_fence *fence)
{
    if (atomic_fetch_sub(&fence->references, 1) != 1)
        return;
    fence->next_free = spare;
    spare = fence;
}

void cpl_fence_reach(cpl_fence *fence, struct task **waiters)
{
    atomic_store(&fence->time, cpl_now());
    *waiters = fence->waiters;
    fence->waiters = NULL;
    if (atomic_exchange(&fence->state, 2) == 1)
        cpl_futex_wake(&fence->state, INT_MAX);
}

int cpl_fence_done(cpl_fence *fence)
{
    return !atomic_load(&cpl_child) && atomic_load(&fence->state) == 2;
}

int cpl_fence_wait(cpl_fence *fence, uint64_t timeout_ns)
{
    if (atomic_load(&cpl_child))
        return CPL_FORKED;
    if (atomic_load(&fence->state) == 2)
        return CPL_OK;
    uint64_t begin = cpl_now();
    uint64_t deadline = timeout_ns > UINT64_MAX - begin ? UINT64_MAX : begin + timeout_ns;
    while (cpl_now() - begin < (timeout_ns < SPIN_NS ? timeout_ns : SPIN_NS)) {
        for (int i = 0; i < 32; i++)
            if (atomic_load(&fence->state) == 2)
                return CPL_OK;
        sched_yield();
    }
    for (;;) {
        uint32_t pending = 0;
        if (!atomic_compare_exchange_strong(&fence->state, &pending, 1) && pending == 2)
            return CPL_OK;
        uint64_t now = cpl_now();
        if (atomic_load(&cpl_stopping) == 2 || now >= deadline)
            return CPL_TIMEOUT;
        /* In slices: after cpl_stop no one reaches this fence any more. */
        cpl_futex_wait(&fence->state, 1, deadline - now > LOOK_NS ? now + LOOK_NS : deadline);
    }
}

uint64_t cpl_fence_time(cpl_fence *fence) { return atomic_load(&cpl_child) ? 0 : atomic_load(&fence->time); }

void cpl_fence_release(cpl_fence *fence)
{
    if (!fence || atomic_load(&cpl_child))
        return;
    pthread_mutex_lock(&cpl_lock);
    cpl_fence_drop(fence);
    pthread_mutex_unlock(&cpl_lock);
}
