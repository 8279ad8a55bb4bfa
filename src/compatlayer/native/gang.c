/* Gangs: consecutive threads of a block that run as lanes of vectors, on one fiber together.
 *
 * Most kernels take all gangs of a block from barrier to barrier in step. Such gangs form a convoy: a ring in which each
 * hands over to the next one, with no list, state or count to keep. Whatever else happens (a gang yields, waits
 * elsewhere, leaves while others wait) breaks the convoy up into the block's lists, and the next barrier that all gangs
 * pass forms it again. A block that follows another one in its chunk begins as a convoy. */
#include "native.h"

const cpl_site cpl_nowhere;

/* ---- convoys ------------------------------------------------------------------------------------- */
static void spare_fibers(struct block *block)
{
    for (uint32_t i = 0; i < block->gangs; i++) {
        struct fiber *fiber = block->thread[i].fiber;
        if (!fiber || !fiber->idle)   /* the caller's own stays where it is */
            continue;
        fiber->next = block->spare;
        block->spare = fiber;
        block->thread[i].fiber = NULL;
    }
}

/* `gang` comes after `before`; the last one comes before the first. */
static void link_up(struct thread *before, struct thread *gang)
{
    gang->save = &before->resume;
    before->resume = gang->fiber->sp;
}

void cpl_convoy_begin(struct block *block)
{
    struct thread *before = &block->thread[block->gangs - 1];
    for (uint32_t i = 0; i < block->gangs; i++) {
        struct thread *gang = &block->thread[i];
        if (!gang->fiber) {
            gang->fiber = block->spare;
            if (!gang->fiber) {       /* the block before did not need a fiber for each */
                spare_fibers(block);
                return;
            }
            block->spare = gang->fiber->next;
        }
        if (!gang->fiber->guard_bytes) {
            spare_fibers(block);
            return;
        }
        cpl_thread_move(gang);
        gang->spins = 0;
        gang->arrived = 0;
        gang->next = gang + 1;
        link_up(before, gang);
        before = gang;
    }
    block->thread[block->gangs - 1].next = NULL;
    block->fresh = block->gangs;
    block->convoy = (struct convoy){.head = block->thread, .site = &cpl_nowhere, .fresh = true, .round.all = true};
}

bool cpl_convoy_form(struct block *block, struct barrier *barrier)
{
    if (block->width == 1 || barrier->waiters != block->live || barrier->arrived != block->live)
        return false;
    struct thread *before = barrier->waiting.tail;
    for (struct thread *gang = barrier->waiting.head; gang; gang = gang->next) {
        if (!gang->fiber->guard_bytes)
            return false;
        link_up(before, gang);
        before = gang;
    }
    block->convoy = (struct convoy){.head = barrier->waiting.head, .site = &cpl_nowhere, .round.all = true,
                                    .control = cpl_fiber_control()};
    return true;
}

void cpl_convoy_break(struct thread *gang)
{
    struct block *block = gang->block;
    struct convoy *convoy = &block->convoy;
    struct barrier *barrier = &block->barriers[0];
    struct thread *at = convoy->head, *next;
    for (; at != gang; at = next) {
        next = at->next;
        at->fiber->sp = *at->save;
        if (convoy->leaving) {
            at->state = THREAD_GONE;
            block->live--;
            continue;
        }
        at->state = THREAD_AT_BARRIER;
        at->site = convoy->where;
        at->barrier = 0;
        at->operation = CPL_REDUCE_POPC;
        cpl_list_append(&barrier->waiting, at);
        barrier->waiters++;
        barrier->arrived++;
        barrier->counted += CPL_LANES;
    }
    if (barrier->waiters) {
        block->barriers_used |= 1;
        barrier->site = convoy->where;
        barrier->came = convoy->round;
    }
    gang->state = THREAD_RUNNING;
    for (at = gang->next; at; at = next) {
        next = at->next;
        at->fiber->sp = *at->save;
        cpl_thread_ready(at);
    }
    block->progress = true;
    convoy->head = NULL;
    convoy->site = &cpl_nowhere;
}

bool cpl_convoy_leave(struct thread *gang, struct thread **next)
{
    struct block *block = gang->block;
    struct convoy *convoy = &block->convoy;
    if (!convoy->leaving && gang != convoy->head) {
        cpl_convoy_break(gang);
        return false;
    }
    convoy->leaving = true;
    *next = gang->next;
    if (!*next) {
        for (struct thread *at = convoy->head; at != gang; at = at->next)
            at->fiber->sp = *at->save;
        block->live = 0;
        convoy->head = NULL;
    }
    return true;
}

/* Hands over to the next gang of the convoy. */
static void hand_over(struct thread *gang, struct thread *next)
{
    struct block *block = gang->block;
    block->worker->current = next;
    CPL_SANITIZER_SWITCH(next->fiber->sanitizer);
    if (block->convoy.fresh)
        cpl_fiber_switch(gang->save, *next->save);
    else
        cpl_fiber_jump(gang->save, *next->save, block->convoy.control);
}

/* The last gang of a round: all have come to the barrier. */
static void turn_round(struct thread *gang)
{
    struct block *block = gang->block;
    struct convoy *convoy = &block->convoy;
    struct thread *head = convoy->head;
    if (cpl_block_given_up(block)) {
        cpl_thread_out(gang);
        return;
    }
    block->passed = convoy->round;
    convoy->round = (struct arrival){0, false, true};
    convoy->site = &cpl_nowhere;
    if (convoy->fresh) {
        convoy->fresh = false;
        convoy->control = cpl_fiber_control();
    }
    if (head != gang)
        hand_over(gang, head);
}

/* In a convoy, at barrier 0 of the whole block, which those before it wait at too. */
static bool in_step(struct thread *gang, uint32_t id, uint32_t count, const cpl_site *site)
{
    struct block *block = gang->block;
    struct convoy *convoy = &block->convoy;
    if (!convoy->head || convoy->leaving || id || (count && (count < block->threads || count % CPL_LANES)))
        return false;
    if (gang == convoy->head) {
        convoy->where = site;
        convoy->site = convoy->fresh ? &cpl_nowhere : site;
        return true;
    }
    return cpl_same_site(convoy->where, site);
}

/* A call that runs a whole block has nobody to wait for: passing would be silent and wrong. */
static void may_wait(struct thread *gang, const cpl_site *site)
{
    if (gang->block->solo)
        cpl_thread_fault(gang, CPL_FAULT_BARRIER, site, "a barrier in code that was compiled as never waiting");
}

/* ---- barriers -------------------------------------------------------------------------------------- */
static void stand(struct thread *gang, uint32_t id, uint32_t count, uint32_t op, struct arrival arrival,
                  const cpl_site *site)
{
    may_wait(gang, site);
    if (gang->block->convoy.head)
        cpl_convoy_break(gang);
    cpl_barrier_reach(gang, id, count, op, arrival, site);
    struct thread *head = gang->block->convoy.head;
    if (!head)
        cpl_thread_out(gang);
    else if (head != gang)
        hand_over(gang, head);
}

static __attribute__((noinline)) void barrier(struct thread *gang, uint32_t id, uint32_t count, uint32_t lanes,
                                              const cpl_site *site)
{
    gang->mask = lanes;
    if (!in_step(gang, id, count, site))
        stand(gang, id, count, CPL_REDUCE_POPC, (struct arrival){0, false, false}, site);
    else if (gang->next)
        hand_over(gang, gang->next);
    else
        turn_round(gang);
}

/* The short way ends in a jump to the next gang: nothing may come after it. The processor runs ahead of it only as fast
 * as it finds the next gang's stack, hence `resume`. */
void cpl_gang_barrier(cpl_thread *self, uint32_t id, uint32_t count, uint32_t lanes, const cpl_site *site)
{
    struct thread *gang = cpl_thread_of(self);
    struct block *block = gang->block;
    struct thread *next = gang->next;
    if (__builtin_expect(block->convoy.site != site || (id | count) || !next, 0)) {
        barrier(gang, id, count, lanes, site);
        return;
    }
    gang->mask = lanes;
    block->worker->current = next;
    CPL_SANITIZER_SWITCH(next->fiber->sanitizer);
    cpl_fiber_jump(gang->save, gang->resume, block->convoy.control);
}

uint32_t cpl_gang_barrier_reduce(cpl_thread *self, uint32_t id, uint32_t count, uint32_t op, uint32_t lanes,
                                 uint32_t predicates, const cpl_site *site)
{
    struct thread *gang = cpl_thread_of(self);
    struct block *block = gang->block;
    uint32_t set = predicates & lanes;
    struct arrival arrival = {(uint32_t)__builtin_popcount(set), set != 0, set == lanes};
    gang->mask = lanes;
    if (in_step(gang, id, count, site)) {
        struct arrival *round = &block->convoy.round;
        round->popc += arrival.popc;
        round->any |= arrival.any;
        round->all &= arrival.all;
        if (gang->next)
            hand_over(gang, gang->next);
        else
            turn_round(gang);
    } else {
        stand(gang, id, count, op, arrival, site);
        if (id || (count && count < block->threads))
            return gang->result;
    }
    /* Of barrier 0: no other round of it can end before this gang comes to it again. */
    return op == CPL_REDUCE_POPC ? block->passed.popc : op == CPL_REDUCE_AND ? block->passed.all : block->passed.any;
}

void cpl_gang_barrier_arrive(cpl_thread *self, uint32_t id, uint32_t count, uint32_t lanes, const cpl_site *site)
{
    struct thread *gang = cpl_thread_of(self);
    gang->mask = lanes;
    may_wait(gang, site);
    if (gang->block->convoy.head)
        cpl_convoy_break(gang);
    cpl_barrier_pass(gang, id, count, site);
}

/* ---- lanes ------------------------------------------------------------------------------------------- */
/* A lane's slot lies behind those of the gangs, so that it is as valid as its gang. */
static struct thread *lane_of(struct thread *gang, uint32_t index)
{
    struct thread *lane = &gang->block->thread[gang->block->gangs + gang->index];
    lane->self = gang->self;
    cpl_thread_place(lane, index);
    lane->self.end = index + 1;
    lane->block = gang->block;
    lane->fiber = gang->fiber;
    lane->gang = gang;
    lane->spins = 0;
    lane->index = index;
    lane->arrived = 0;
    lane->state = THREAD_RUNNING;
    return lane;
}

cpl_thread *cpl_lane(cpl_thread *self, uint32_t index)
{
    return &lane_of(cpl_thread_of(self)->gang, index)->self;
}

struct thread *cpl_gang_first(struct thread *thread)
{
    if (thread->block->width == 1 || !thread->mask)
        return thread;
    return lane_of(thread, thread->self.first + (uint32_t)__builtin_ctz(thread->mask));
}

void cpl_gang_divergent(cpl_thread *self, uint32_t operation, uint32_t lanes, uint32_t missing, const cpl_site *site)
{
    static const char *const names[] = {"a barrier", "a warp shuffle", "a warp vote", "a warp match",
                                        "a warp reduction", "a warp barrier"};
    struct thread *gang = cpl_thread_of(self);
    const char *name = operation < sizeof names / sizeof *names ? names[operation] : "an operation";
    gang->mask = lanes;
    if (!missing)
        cpl_thread_fault(cpl_gang_first(gang), CPL_FAULT_BARRIER, site,
                         "lanes 0x%x come to %s with a mask that does not name them", lanes, name);
    cpl_thread_fault(cpl_gang_first(gang), CPL_FAULT_BARRIER, site,
                     "lanes 0x%x wait at %s for lanes 0x%x, which are elsewhere and cannot come", lanes, name,
                     missing);
}

void cpl_gang_barriers_meet(cpl_thread *self, const cpl_site *here, const cpl_site *there)
{
    struct thread *gang = cpl_thread_of(self);
    if (cpl_same_site(here, there))
        return;
    char one[320], other[320];
    cpl_thread_fault(cpl_gang_first(gang), CPL_FAULT_BARRIER, here,
                     "threads of the block wait for each other for ever: this one waits at the barrier at %s, others wait "
                     "at the barrier at %s", cpl_site_text(here, one, sizeof one), cpl_site_text(there, other, sizeof other));
}
