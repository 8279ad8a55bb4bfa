/* Kernels in the form that the vector engine gives them, lane by lane instead of in vectors. */
#include "compatlayer/kernel.h"
#include <stdbool.h>
#include <string.h>

#define KERNEL(name) CPL_EXPORT void name(cpl_thread *self, const void *args)
#define ARGS const basic *a = args
#define SITE(line_) (&(const cpl_site){__FILE__, __func__, (line_), 1})
#define HERE SITE(__LINE__)
/* Each gang of the call: `first` is its first thread, `lanes` has a bit for each of its threads. */
#define GANGS \
    for (uint32_t first = self->first, end = self->end, lanes; first < end && (lanes = enter(self, first, a->width, end)); \
         first += a->width)
#define LANES(mask) for (uint32_t left = (mask), lane; left && (lane = (uint32_t)__builtin_ctz(left), true); left &= left - 1)

typedef struct { uint32_t *out; uint32_t width, x; uint32_t *in; } basic;

static uint32_t enter(cpl_thread *self, uint32_t first, uint32_t width, uint32_t end)
{
    self->first = first;
    uint32_t count = end - first < width ? end - first : width;
    return count == 32 ? ~0u : (1u << count) - 1;
}
static uint32_t block_of(const cpl_thread *t)
{
    return t->block[0] + t->grid_size[0] * (t->block[1] + t->grid_size[1] * t->block[2]);
}
static uint32_t threads_of(const cpl_thread *t) { return t->block_size[0] * t->block_size[1] * t->block_size[2]; }
static uint32_t mix(uint32_t a, uint32_t b) { return ((a * 2654435761u) ^ (b * 40503u + 977u)) * 2246822519u >> 7; }

KERNEL(gang_identify)
{
    ARGS;
    GANGS LANES(lanes) {
        const cpl_thread *one = cpl_lane(self, first + lane);
        uint32_t *row = a->out + 10 * ((size_t)block_of(one) * threads_of(one) + first + lane);
        memcpy(row, one->thread, 12);
        memcpy(row + 3, one->block, 12);
        row[6] = one->lane;
        row[7] = one->warp;
        row[8] += 1;
        row[9] = one->end - one->first;
    }
}

KERNEL(gang_count) { ARGS; GANGS __atomic_fetch_add(a->out, (uint32_t)__builtin_popcount(lanes), __ATOMIC_RELAXED); }

/* Code that runs blocks, one after the other, as many as the call may; block i waits for block i - 1. */
KERNEL(gang_blocks)
{
    ARGS;
    uint32_t linear = block_of(self), count = self->blocks;
    for (uint32_t last = linear + count; linear < last; linear++)
        GANGS {
            while (linear && __atomic_load_n(a->out + linear - 1, __ATOMIC_ACQUIRE) == 0)
                cpl_yield(self);
            cpl_gang_barrier(self, 0, 0, lanes, HERE);
            if (first == 0)
                __atomic_fetch_add(a->out + linear, count, __ATOMIC_RELEASE);
        }
    self->blocks = 0;
}

/* What a gang sees of itself */
KERNEL(gang_self)
{
    ARGS;
    uint32_t *row = a->out + 8 * (self->first / a->width);
    memcpy(row, self->thread, 12);
    row[3] = self->lane;
    row[4] = self->warp;
    row[5] = self->first;
    row[6] = self->end;
    row[7] = self->warps;
}

KERNEL(gang_rotate)
{
    ARGS;
    uint32_t *shared = (uint32_t *)self->dynamic_shared, n = threads_of(self), value[32];
    GANGS {
        LANES(lanes) shared[first + lane] = first + lane;
        cpl_gang_barrier(self, 0, 0, lanes, HERE);
        for (uint32_t i = 0; i < a->x; i++) {
            LANES(lanes) value[lane] = shared[(first + lane + 1) % n];
            cpl_gang_barrier(self, 0, 0, lanes, HERE);
            LANES(lanes) shared[first + lane] = value[lane];
            cpl_gang_barrier(self, 0, 0, lanes, HERE);
        }
        LANES(lanes) a->out[(size_t)block_of(self) * n + first + lane] = shared[first + lane];
    }
}

/* Odd threads have left; x is the operation. */
KERNEL(gang_reduce)
{
    ARGS;
    GANGS {
        uint32_t stay = lanes & 0x55555555u;
        uint32_t result = cpl_gang_barrier_reduce(self, 0, 0, a->x, stay, 0x11111111u, HERE);
        LANES(stay) a->out[first + lane] = result;
    }
}

/* Rounds of a sum over the block, in which gangs yield, take other barriers, and leave, each at times of its own. */
KERNEL(gang_mixed)
{
    ARGS;
    uint32_t rounds = a->x, gangs = (threads_of(self) + a->width - 1) / a->width, block = block_of(self);
    GANGS {
        uint32_t gang = first / a->width, last = mix(gang + 31 * block, 5) % (rounds + rounds / 2);
        for (uint32_t r = 0; r < rounds && r < last; r++) {
            uint32_t chance = mix(gang * 64 + r, block);
            for (uint32_t i = 0; chance % 5 == 0 && i < 100; i++)
                cpl_yield(self);
            if (mix(r, block) % 4 == 0)
                cpl_gang_barrier(self, 0, 0, lanes, HERE);
            if (mix(r, block) % 7 == 0)
                cpl_gang_barrier(self, 2, 0, lanes, HERE);
            uint32_t result = cpl_gang_barrier_reduce(self, 0, 0, CPL_REDUCE_POPC, lanes, mix(gang, r), HERE);
            if (chance % 3 == 0)
                cpl_yield(cpl_lane(self, first));
            a->out[((size_t)block * gangs + gang) * rounds + r] = result;
        }
    }
}

KERNEL(gang_pair)             /* producer arrives, consumer waits, twice */
{
    ARGS;
    volatile uint32_t *shared = (uint32_t *)self->shared;
    for (uint32_t i = 0; i < 2; i++) {
        if (self->first == 0) {
            for (uint32_t lane = 0; lane < 32; lane++)
                shared[lane] = 100 * (i + 1) + lane;
            cpl_gang_barrier_arrive(self, 3, 64, ~0u, SITE(4001));
            cpl_gang_barrier(self, 4, 64, ~0u, SITE(4002));
        } else {
            uint32_t result = cpl_gang_barrier_reduce(self, 3, 64, CPL_REDUCE_POPC, ~0u, 0xf0u, SITE(4003));
            for (uint32_t lane = 0; lane < 32; lane++)
                a->out[32 * i + lane] = shared[31 - lane] + result - 4;
            cpl_gang_barrier(self, 4, 64, ~0u, SITE(4004));
        }
    }
}

KERNEL(gang_diverge)
{
    (void)args;
    cpl_gang_barrier(self, 0, 0, ~0u, SITE(1000));
    if (self->first == 0)
        cpl_gang_barrier(self, 0, 0, ~0u << 5, SITE(1001));
    else
        cpl_gang_barrier(self, 0, 0, ~0u, SITE(1002));
}
KERNEL(gang_half)
{
    (void)args;
    if (self->first < 32)
        cpl_gang_barrier(self, 1, 64, ~0u, SITE(2001));
}
KERNEL(gang_divergent)
{
    ARGS;
    GANGS if (first <= 40 && 40 < first + a->width)
        cpl_gang_divergent(self, CPL_GANG_SHUFFLE, 1u << (40 - first) | 1u << 12, 0x30, SITE(3001));
}
KERNEL(gang_trap)
{
    ARGS;
    GANGS if (first <= 35 && 35 < first + a->width)
        cpl_trap(cpl_lane(self, 35), SITE(77));
}
KERNEL(gang_assert)
{
    ARGS;
    GANGS if (first <= 35 && 35 < first + a->width)
        cpl_assert_fail(cpl_lane(self, 35), "x < 3", "prog.cu", 42, "void k(int)");
}
KERNEL(gang_store)            /* thread x writes to `in`, after a barrier that changes who runs when */
{
    ARGS;
    bool whole = self->end - self->first > a->width;
    GANGS {
        if (!whole)
            cpl_gang_barrier(self, 0, 0, lanes, HERE);
        if (first <= a->x && a->x < first + a->width)
            *(volatile uint32_t *)a->in = 5;
    }
}
KERNEL(gang_print)
{
    ARGS;
    GANGS LANES(lanes) {
        struct { uint32_t block, thread; } record = {block_of(self), first + lane};
        cpl_vprintf(cpl_lane(self, first + lane), "<%u|%u>\n", &record);
    }
}
KERNEL(gang_lane_waits) { ARGS; (void)a; cpl_barrier(cpl_lane(self, self->first + 1), 0, 0, SITE(9)); }
KERNEL(gang_heap)
{
    ARGS;
    GANGS LANES(lanes) {
        uint32_t *memory = cpl_malloc(cpl_lane(self, first + lane), 16);
        *memory = first + lane;
        a->out[first + lane] = *memory + cpl_is_local(cpl_lane(self, first + lane), &first);
        cpl_free(cpl_lane(self, first + lane), memory);
    }
}
static uint32_t __attribute__((noinline)) recurse(uint32_t depth)
{
    volatile char room[1024];
    room[0] = (char)depth;
    return depth ? recurse(depth - 1) + (uint32_t)room[0] : 0;
}
KERNEL(gang_recursion)
{
    ARGS;
    GANGS {
        cpl_gang_barrier(self, 0, 0, lanes, HERE);
        a->out[first] = recurse(a->x);
        cpl_gang_barrier(self, 0, 0, lanes, HERE);
    }
}
KERNEL(gang_chain)            /* block i waits for block i + 1 */
{
    ARGS;
    volatile uint32_t *flags = a->out;
    uint32_t me = block_of(self);
    bool whole = self->end - self->first > a->width;
    GANGS {
        while (me + 1 < self->grid_size[0] && !flags[me + 1])
            cpl_yield(self);
        if (!whole)
            cpl_gang_barrier(self, 0, 0, lanes, HERE);
        flags[me] = 1;
    }
}
KERNEL(gang_forever) { (void)args; for (;;) cpl_gang_barrier(self, 0, 0, ~0u, HERE); }
KERNEL(gang_spill)            /* callee-saved registers live across barriers */
{
    ARGS;
    GANGS {
        uint32_t v[12];
        for (uint32_t i = 0; i < 12; i++)
            v[i] = mix(first, i);
        for (uint32_t r = 0; r < a->x; r++) {
            cpl_gang_barrier(self, 0, 0, lanes, HERE);
            for (uint32_t i = 0; i < 12; i++)
                v[i] = mix(v[i], v[(i + 1) % 12]);
        }
        uint32_t sum = 0;
        for (uint32_t i = 0; i < 12; i++)
            sum ^= v[i];
        a->out[first / a->width] = sum;
    }
}

#if defined(__x86_64__)
#include <xmmintrin.h>
static uint32_t control(void) { return _mm_getcsr() & 0xffc0; }
static void set_control(uint32_t value) { _mm_setcsr(value); }
enum { PLAIN = 0x1f80, FLUSHING = 0x9fc0 };
#else
static __thread uint32_t mode;
static uint32_t control(void) { return mode; }
static void set_control(uint32_t value) { mode = value; }
enum { PLAIN = 0, FLUSHING = 0 };
#endif
KERNEL(gang_flushing)         /* as kernels do that flush subnormals: the mode is theirs from begin to end */
{
    ARGS;
    GANGS {
        uint32_t before = control(), wrong = before != PLAIN;
        set_control(FLUSHING);
        for (uint32_t r = 0; r < a->x; r++) {
            if (mix(first, r + block_of(self)) % 9 == 0)
                for (int i = 0; i < 64; i++)
                    cpl_yield(self);
            cpl_gang_barrier(self, 0, 0, lanes, HERE);
            wrong += control() != FLUSHING;
            if (mix(first, r) % 13 == 0)
                break;
        }
        set_control(before);
        __atomic_fetch_add(a->out, wrong, __ATOMIC_RELAXED);
    }
}
