/* Operations among the lanes of a warp. The last lane of the mask to come computes for all. */
#include "native.h"

/* thread->operation: the family in the high half, its kind in the low half. */
enum { SHUFFLE = 0x10000, VOTE = 0x20000, MATCH_ANY = 0x30000, MATCH_ALL = 0x40000, REDUX = 0x50000, SYNC = 0x60000,
       ACTIVE = 0x70000, FAMILY = 0xff0000 };

const char *cpl_warp_operation(const struct thread *thread)
{
    static const char *const names[] = {"", "a warp shuffle", "a warp vote", "a warp match", "a warp match",
                                        "a warp reduction", "a warp barrier", "an active-mask query"};
    return names[thread->operation >> 16 & 7];
}

static struct thread *lane_of(struct block *block, uint32_t warp, uint32_t lane)
{
    return &block->thread[warp * CPL_LANES + lane];
}

static uint32_t lowest(uint32_t *mask)
{
    uint32_t lane = (uint32_t)__builtin_ctz(*mask);
    *mask &= *mask - 1;
    return lane;
}

/* PTX's definition of shfl.sync, lane by lane. */
static void shuffle(struct block *block, uint32_t warp, uint32_t mask)
{
    for (uint32_t left = mask; left;) {
        uint32_t lane = lowest(&left);
        struct thread *thread = lane_of(block, warp, lane);
        uint32_t b = thread->b & 31, clamp = thread->c & 31, segment = thread->c >> 8 & 31;
        int top = (int)((lane & segment) | (clamp & ~segment)), from = 0;
        bool inside = false;
        switch (thread->operation & 0xffff) {
        case CPL_SHUFFLE_UP:
            from = (int)lane - (int)b;
            inside = from >= top;
            break;
        case CPL_SHUFFLE_DOWN:
            from = (int)(lane + b);
            inside = from <= top;
            break;
        case CPL_SHUFFLE_BFLY:
            from = (int)(lane ^ b);
            inside = from <= top;
            break;
        default:
            from = (int)((lane & segment) | (b & ~segment));
            inside = from <= top;
        }
        if (!inside)
            from = (int)lane;
        /* A lane that takes no part has no value: the caller keeps its own. */
        bool there = mask & 1u << (from & 31);
        thread->result = (uint32_t)lane_of(block, warp, there ? (uint32_t)from : lane)->value;
        thread->flag = inside;
    }
}

static void vote(struct block *block, uint32_t warp, uint32_t mask)
{
    uint32_t ballot = 0;
    for (uint32_t left = mask; left;) {
        uint32_t lane = lowest(&left);
        ballot |= (uint32_t)(lane_of(block, warp, lane)->value != 0) << lane;
    }
    for (uint32_t left = mask; left;) {
        struct thread *thread = lane_of(block, warp, lowest(&left));
        switch (thread->operation & 0xffff) {
        case CPL_VOTE_ALL:
            thread->result = ballot == mask;
            break;
        case CPL_VOTE_ANY:
            thread->result = ballot != 0;
            break;
        case CPL_VOTE_UNI:
            thread->result = ballot == mask || ballot == 0;
            break;
        default:
            thread->result = ballot;
        }
    }
}

static void match(struct block *block, uint32_t warp, uint32_t mask)
{
    for (uint32_t left = mask; left;) {
        struct thread *thread = lane_of(block, warp, lowest(&left));
        uint32_t same = 0;
        for (uint32_t others = mask; others;) {
            uint32_t lane = lowest(&others);
            same |= (uint32_t)(lane_of(block, warp, lane)->value == thread->value) << lane;
        }
        thread->flag = same == mask;
        thread->result = (thread->operation & FAMILY) == MATCH_ANY || thread->flag ? same : 0;
    }
}

static uint32_t combine(uint32_t operation, uint32_t a, uint32_t b)
{
    switch (operation) {
    case CPL_REDUX_ADD:
        return a + b;
    case CPL_REDUX_UMIN:
        return a < b ? a : b;
    case CPL_REDUX_UMAX:
        return a > b ? a : b;
    case CPL_REDUX_SMIN:
        return (int32_t)a < (int32_t)b ? a : b;
    case CPL_REDUX_SMAX:
        return (int32_t)a > (int32_t)b ? a : b;
    case CPL_REDUX_AND:
        return a & b;
    case CPL_REDUX_OR:
        return a | b;
    default:
        return a ^ b;
    }
}

static void reduce(struct block *block, uint32_t warp, uint32_t mask)
{
    uint32_t left = mask;
    const struct thread *first = lane_of(block, warp, lowest(&left));
    uint32_t total = (uint32_t)first->value;
    while (left)
        total = combine(first->operation & 0xffff, total, (uint32_t)lane_of(block, warp, lowest(&left))->value);
    for (left = mask; left;)
        lane_of(block, warp, lowest(&left))->result = total;
}

static void compute(struct block *block, uint32_t warp, uint32_t mask, uint32_t family)
{
    switch (family) {
    case SHUFFLE:
        shuffle(block, warp, mask);
        break;
    case VOTE:
        vote(block, warp, mask);
        break;
    case MATCH_ANY:
    case MATCH_ALL:
        match(block, warp, mask);
        break;
    case REDUX:
        reduce(block, warp, mask);
        break;
    default:
        break;
    }
}

/* Ends the operation that `thread` waits at if every live lane of its mask has come to the same one. */
static bool resolve(struct thread *thread)
{
    struct block *block = thread->block;
    uint32_t index = thread->self.warp;
    struct warp *warp = &block->warps[index];
    uint32_t live = thread->mask & ~warp->gone;
    if (live & ~warp->waiting)
        return false;
    for (uint32_t left = live; left;) {
        const struct thread *other = lane_of(block, index, lowest(&left));
        if (other->operation != thread->operation || other->mask != thread->mask)
            return false;
    }
    compute(block, index, live, thread->operation & FAMILY);
    warp->waiting &= ~live;
    while (live)
        cpl_thread_ready(lane_of(block, index, lowest(&live)));
    return true;
}

static void meet(struct thread *thread, uint32_t operation, uint32_t mask, const cpl_site *site)
{
    cpl_thread_alone(thread, site, "a warp operation");
    if (!(mask & 1u << thread->self.lane))
        cpl_thread_fault(thread, CPL_FAULT_TRAP, site, "the mask 0x%x of a warp operation does not name the calling lane %u",
                         mask, thread->self.lane);
    struct warp *warp = &thread->block->warps[thread->self.warp];
    thread->operation = operation;
    thread->mask = mask;
    thread->site = site;
    thread->state = THREAD_AT_WARP;
    warp->waiting |= 1u << thread->self.lane;
    if ((mask & ~warp->gone) == 1u << thread->self.lane) {       /* alone: no need to switch */
        compute(thread->block, thread->self.warp, 1u << thread->self.lane, operation & FAMILY);
        warp->waiting &= ~(1u << thread->self.lane);
        thread->state = THREAD_RUNNING;
        return;
    }
    resolve(thread);
    cpl_thread_out(thread);
}

void cpl_warp_leave(struct thread *thread)
{
    struct warp *warp = &thread->block->warps[thread->self.warp];
    for (uint32_t left = warp->waiting; left;) {
        if (resolve(lane_of(thread->block, thread->self.warp, lowest(&left))))
            left &= warp->waiting;
    }
}

uint32_t cpl_shuffle(cpl_thread *self, uint32_t kind, uint32_t mask, uint32_t value, uint32_t b, uint32_t c,
                     uint32_t *in_range, const cpl_site *site)
{
    struct thread *thread = cpl_thread_of(self);
    thread->value = value;
    thread->b = b;
    thread->c = c;
    meet(thread, SHUFFLE | kind, mask, site);
    if (in_range)
        *in_range = thread->flag;
    return thread->result;
}

uint64_t cpl_shuffle_wide(cpl_thread *self, uint32_t kind, uint32_t mask, uint64_t value, uint32_t b, uint32_t c,
                          uint32_t *in_range, const cpl_site *site)
{
    uint64_t low = cpl_shuffle(self, kind, mask, (uint32_t)value, b, c, in_range, site);
    return (uint64_t)cpl_shuffle(self, kind, mask, (uint32_t)(value >> 32), b, c, in_range, site) << 32 | low;
}

uint32_t cpl_vote(cpl_thread *self, uint32_t kind, uint32_t mask, uint32_t predicate, const cpl_site *site)
{
    struct thread *thread = cpl_thread_of(self);
    thread->value = predicate;
    meet(thread, VOTE | kind, mask, site);
    return thread->result;
}

uint32_t cpl_match_any(cpl_thread *self, uint32_t mask, uint64_t value, const cpl_site *site)
{
    struct thread *thread = cpl_thread_of(self);
    thread->value = value;
    meet(thread, MATCH_ANY, mask, site);
    return thread->result;
}

uint32_t cpl_match_all(cpl_thread *self, uint32_t mask, uint64_t value, uint32_t *all, const cpl_site *site)
{
    struct thread *thread = cpl_thread_of(self);
    thread->value = value;
    meet(thread, MATCH_ALL, mask, site);
    if (all)
        *all = thread->flag;
    return thread->result;
}

uint32_t cpl_redux(cpl_thread *self, uint32_t op, uint32_t mask, uint32_t value, const cpl_site *site)
{
    struct thread *thread = cpl_thread_of(self);
    thread->value = value;
    meet(thread, REDUX | op, mask, site);
    return thread->result;
}

void cpl_warp_sync(cpl_thread *self, uint32_t mask, const cpl_site *site)
{
    meet(cpl_thread_of(self), SYNC, mask, site);
}

uint32_t cpl_active_mask(cpl_thread *self, const cpl_site *site)
{
    struct thread *thread = cpl_thread_of(self);
    cpl_thread_alone(thread, site, "an active-mask query");
    thread->operation = ACTIVE;
    thread->mask = 0;
    thread->site = site;
    thread->state = THREAD_AT_ACTIVE;
    thread->block->warps[self->warp].active |= 1u << self->lane;
    thread->block->active_waiters++;
    cpl_thread_out(thread);
    return thread->result;
}

/* Answers the queries of a warp, one group per site. */
static void answer(struct block *block, uint32_t index)
{
    struct warp *warp = &block->warps[index];
    while (warp->active) {
        uint32_t left = warp->active, group = 0;
        const cpl_site *site = lane_of(block, index, (uint32_t)__builtin_ctz(left))->site;
        while (left) {
            uint32_t lane = lowest(&left);
            group |= (uint32_t)cpl_same_site(site, lane_of(block, index, lane)->site) << lane;
        }
        warp->active &= ~group;
        for (left = group; left;) {
            struct thread *thread = lane_of(block, index, lowest(&left));
            thread->result = group;
            block->active_waiters--;
            cpl_thread_ready(thread);
        }
    }
}

/* No thread is ready or fresh. Without `force`, warps whose other lanes only yielded wait a little longer. */
bool cpl_active_resolve(struct block *block, bool force)
{
    bool any = false;
    for (uint32_t i = 0; i < block->pattern.warps; i++) {
        bool moving = false;
        if (!block->warps[i].active)
            continue;
        for (uint32_t lane = 0; lane < CPL_LANES && !moving && !force; lane++)
            moving = i * CPL_LANES + lane < block->threads && lane_of(block, i, lane)->state == THREAD_YIELDED;
        if (moving)
            continue;
        answer(block, i);
        any = true;
    }
    return any;
}
