/* Small kernels in the form that the compiler's naive engine gives them, for the tests of the runtime. */
#include "compatlayer/kernel.h"
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define KERNEL(name) CPL_EXPORT void name(cpl_thread *self, const void *args)
#define ARGS(type) const type *a = args
#define SITE(line_) (&(const cpl_site){__FILE__, __func__, (line_), 1})
#define HERE SITE(__LINE__)

static uint32_t linear(const cpl_thread *t)
{
    return t->thread[0] + t->block_size[0] * (t->thread[1] + t->block_size[1] * t->thread[2]);
}
static uint32_t block_of(const cpl_thread *t)
{
    return t->block[0] + t->grid_size[0] * (t->block[1] + t->grid_size[1] * t->block[2]);
}
static uint32_t threads_of(const cpl_thread *t) { return t->block_size[0] * t->block_size[1] * t->block_size[2]; }

typedef struct { uint32_t *out; uint32_t n; uint32_t x; uint32_t *in; } basic;

KERNEL(empty) { (void)self; (void)args; }

/* out[global] = a hash of every index a thread can see */
KERNEL(identify)
{
    ARGS(basic);
    uint32_t *row = a->out + 10 * ((size_t)block_of(self) * threads_of(self) + linear(self));
    memcpy(row, self->thread, 12);
    memcpy(row + 3, self->block, 12);
    row[6] = self->lane;
    row[7] = self->warp;
    row[8] = self->warps;
    row[9] = self->block_size[0] + 1000 * self->grid_size[1];
}

KERNEL(count) { ARGS(basic); (void)self; __atomic_fetch_add(a->out, 1, __ATOMIC_RELAXED); }

/* x rounds of a shared-memory rotation; threads with linear % 7 == 6 leave early when in != 0 */
KERNEL(rotate)
{
    ARGS(basic);
    uint32_t *shared = (uint32_t *)self->dynamic_shared, me = linear(self), n = threads_of(self);
    shared[me] = me;
    if (a->n && me % 7 == 6)
        return;
    cpl_barrier(self, 0, 0, HERE);
    for (uint32_t i = 0; i < a->x; i++) {
        uint32_t value = shared[(me + 1) % n];
        cpl_barrier(self, 0, 0, HERE);
        shared[me] = value;
        cpl_barrier(self, 0, 0, HERE);
    }
    a->out[(size_t)block_of(self) * n + me] = shared[me];
}

KERNEL(exit_early)
{
    ARGS(basic);
    if (linear(self) % 2)
        cpl_exit(self);
    a->out[linear(self)] = cpl_barrier_reduce(self, 0, 0, a->x, linear(self) % 4 == 0, HERE);
}

KERNEL(diverge)
{
    if (linear(self) < 32)
        cpl_barrier(self, 0, 0, SITE(1001));
    else
        cpl_barrier(self, 0, 0, SITE(1002));
    (void)args;
}
KERNEL(half_barrier)
{
    (void)args;
    if (linear(self) < 32)
        cpl_barrier(self, 1, 64, SITE(2001));
}
KERNEL(barrier_and_shuffle)
{
    (void)args;
    if (self->lane < 16)
        cpl_warp_sync(self, 0xffffffffu, SITE(3001));
    else
        cpl_barrier(self, 0, 0, SITE(3002));
}
KERNEL(named_pair)            /* producer arrives, consumer waits, twice */
{
    ARGS(basic);
    volatile uint32_t *shared = (uint32_t *)self->shared;
    for (uint32_t i = 0; i < 2; i++) {
        if (linear(self) < 32) {
            shared[self->lane] = 100 * (i + 1) + self->lane;
            cpl_barrier_arrive(self, 3, 64, SITE(4001));
            cpl_barrier(self, 4, 64, SITE(4002));
        } else {
            cpl_barrier(self, 3, 64, SITE(4003));
            a->out[32 * i + self->lane] = shared[31 - self->lane];
            cpl_barrier(self, 4, 64, SITE(4004));
        }
    }
}

/* every thread takes one lock in turn: lanes of one warp must make progress separately */
KERNEL(spin_lock)
{
    ARGS(basic);
    for (uint32_t i = 0; i < a->x; i++) {
        uint32_t none = 0;
        while (!__atomic_compare_exchange_n(&a->out[0], &none, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
            none = 0;
            cpl_yield(self);
        }
        uint32_t old = *(volatile uint32_t *)&a->out[1];
        for (int k = 0; k < 200; k++)
            cpl_yield(self);
        *(volatile uint32_t *)&a->out[1] = old + 1;
        __atomic_store_n(&a->out[0], 0, __ATOMIC_RELEASE);
    }
}

/* block i waits for the flag of block i + 1 (x = 1) or i - 1 (x = 0), then raises its own */
KERNEL(chain)
{
    ARGS(basic);
    uint32_t me = block_of(self), last = self->grid_size[0] - 1;
    volatile uint32_t *flags = a->out;
    if (a->x ? me < last : me > 0)
        while (!flags[a->x ? me + 1 : me - 1])
            cpl_yield(self);
    flags[me] = 1;
}

KERNEL(wait_flag)
{
    ARGS(basic);
    volatile uint32_t *flag = a->out;
    while (*flag != a->x)
        cpl_yield(self);
    if (linear(self) == 0)
        ((volatile uint32_t *)a->out)[1] = 77;
}
KERNEL(tickets)               /* draws x numbers in a loop that looks like waiting */
{
    ARGS(basic);
    for (uint32_t i = 0; i < a->x; i++) {
        if (__atomic_fetch_add(a->out, 1, __ATOMIC_RELAXED) == 0xffffffffu)
            return;
        cpl_yield(self);
    }
}
KERNEL(set_flag) { ARGS(basic); (void)self; __atomic_store_n(a->out, a->x, __ATOMIC_SEQ_CST); }
KERNEL(forever) { (void)args; for (;;) cpl_yield(self); }

KERNEL(store_at) { ARGS(basic); if (linear(self) == a->n) *(volatile uint32_t *)a->in = 5; }
static uint32_t __attribute__((noinline)) recurse(uint32_t depth)
{
    volatile char room[1024];
    room[0] = (char)depth;
    return depth ? recurse(depth - 1) + (uint32_t)room[0] : 0;
}
KERNEL(recursion) { ARGS(basic); a->out[linear(self)] = recurse(a->x); }
KERNEL(recursion_after_barrier)
{
    ARGS(basic);
    cpl_barrier(self, 0, 0, HERE);
    a->out[linear(self)] = recurse(a->x);
    cpl_barrier(self, 0, 0, HERE);
}
KERNEL(trap) { (void)args; if (linear(self) == 3) cpl_trap(self, SITE(77)); }
KERNEL(illegal) { (void)args; (void)self; __builtin_trap(); }
KERNEL(call_null)
{
    ARGS(basic);
    void (*function)(void) = (void (*)(void))(uintptr_t)a->in;
    if (linear(self) == a->n)
        function();
}
KERNEL(assertion)
{
    (void)args;
    if (linear(self) == 2)
        cpl_assert_fail(self, "x < 3", "prog.cu", 42, "void k(int)");
}

typedef struct { uint32_t *result, *pred; const uint32_t *value, *b; uint32_t kind, mask, c; } shuffle_args;
KERNEL(shuffles)
{
    ARGS(shuffle_args);
    uint32_t me = linear(self);
    if (!(a->mask >> self->lane & 1))
        return;
    a->result[me] = cpl_shuffle(self, a->kind, a->mask, a->value[me], a->b[me], a->c, &a->pred[me], HERE);
}
typedef struct { uint32_t *out; const uint64_t *value; uint32_t kind, mask; } vote_args;
KERNEL(votes)
{
    ARGS(vote_args);
    uint32_t me = linear(self), *out = a->out + 6 * me;
    if (!(a->mask >> self->lane & 1))
        return;
    for (uint32_t k = 0; k < 4; k++)
        out[k] = cpl_vote(self, k, a->mask, a->value[me] & 1, HERE);
    out[4] = cpl_match_any(self, a->mask, a->value[me], HERE);
    uint32_t all = 9;
    out[5] = cpl_match_all(self, a->mask, a->value[me], &all, HERE) ^ (all << 31 | all);
}
KERNEL(reduces)
{
    ARGS(vote_args);
    uint32_t me = linear(self);
    if (a->mask >> self->lane & 1)
        a->out[me] = cpl_redux(self, a->kind, a->mask, (uint32_t)a->value[me], HERE);
}
KERNEL(wrong_mask) { (void)args; cpl_warp_sync(self, 1, SITE(5)); }
KERNEL(active)
{
    ARGS(basic);
    if (self->lane % 3 == 0)
        a->out[linear(self)] = cpl_active_mask(self, SITE(1));
    else
        a->out[linear(self)] = cpl_active_mask(self, SITE(2));
    cpl_warp_sync(self, 0xffffffffu, HERE);
}
KERNEL(shared_bounds) { ARGS(basic); ((volatile uint8_t *)self->shared)[a->x] = 1; }

typedef struct { const char *format; uint8_t record[200]; } print_args;
KERNEL(print) { ARGS(print_args); cpl_vprintf(self, a->format, a->record); }
KERNEL(print_many)
{
    struct { uint32_t block, thread; } r = {block_of(self), linear(self)};
    (void)args;
    cpl_vprintf(self, "<%u|%u>\n", &r);
}
KERNEL(heap_use)
{
    ARGS(basic);
    uint32_t sum = 0;
    uint32_t *list[8];
    for (uint32_t i = 0; i < 8; i++) {
        list[i] = cpl_malloc(self, 4 * (i + 1));
        if (list[i])
            list[i][i] = linear(self) + i;
    }
    cpl_barrier(self, 0, 0, HERE);
    for (uint32_t i = 0; i < 8; i++) {
        sum += list[i] ? list[i][i] : 0;
        cpl_free(self, list[i]);
    }
    a->out[linear(self)] = sum;
}
KERNEL(heap_double_free) { (void)args; void *p = cpl_malloc(self, 8); cpl_free(self, p); cpl_free(self, p); }

CPL_EXPORT uint32_t module_global = 5;
KERNEL(bump) { ARGS(basic); (void)self; a->out[0] = ++module_global; }
