/* Block barriers, and the report when one can never be passed. */
#include "native.h"
#include <stdio.h>
#include <string.h>

bool cpl_same_site(const cpl_site *a, const cpl_site *b)
{
    if (a == b)
        return true;
    return a && b && a->line == b->line && a->column == b->column && a->file && b->file
           && (a->file == b->file || strcmp(a->file, b->file) == 0);
}

const char *cpl_site_text(const cpl_site *site, char *text, size_t bytes)
{
    if (!site || !site->file)
        snprintf(text, bytes, "an unknown line (compile with line information to see it)");
    else
        snprintf(text, bytes, "%s:%u", site->file, site->line);
    return text;
}

static void reset(struct block *block, struct barrier *barrier)
{
    if (barrier->passers)             /* forget those that went on without waiting */
        for (uint32_t i = 0; i < block->fresh; i++)
            block->thread[i].arrived &= ~(1u << (barrier - block->barriers));
    memset(barrier, 0, sizeof *barrier);
    block->barriers_used &= ~(1u << (barrier - block->barriers));
}

static bool complete(const struct block *block, const struct barrier *barrier)
{
    return barrier->expected ? barrier->counted >= barrier->expected : barrier->arrived >= block->live;
}

/* `standing`: the last one came to wait, which lets gangs go on as a convoy. */
static void release(struct block *block, struct barrier *barrier, bool standing)
{
    if (barrier->mixed)               /* stays shut: the deadlock report names the sites */
        return;
    struct thread *thread = barrier->waiting.head;
    struct arrival came = barrier->came;
    bool whole = barrier == block->barriers && !barrier->expected;
    bool convoy = whole && standing && cpl_convoy_form(block, barrier);
    reset(block, barrier);
    block->progress = true;
    if (whole)
        block->passed = came;
    if (convoy)
        return;
    while (thread) {
        struct thread *next = thread->next;
        thread->result = thread->operation == CPL_REDUCE_POPC  ? came.popc
                         : thread->operation == CPL_REDUCE_AND ? came.all
                                                               : came.any;
        cpl_thread_ready(thread);
        thread = next;
    }
}

static void count(struct block *block, struct barrier *barrier, const struct thread *thread)
{
    uint32_t warp = thread->self.warp;
    barrier->arrived++;
    if (block->width > 1) {           /* a gang that waits for a number of threads is a warp */
        barrier->counted += CPL_LANES;
        return;
    }
    /* Warps arrive whole: lanes that are gone or never were count with the first that comes. */
    if (barrier->of_warp[warp]++ == 0)
        barrier->counted += (uint32_t)__builtin_popcount(block->warps[warp].gone);
    barrier->counted++;
}

/* Common to all arrivals: finds the barrier's phase and refuses what contradicts it. */
static struct barrier *enter(struct thread *thread, uint32_t id, uint32_t wanted, const cpl_site *site)
{
    struct block *block = thread->block;
    if ((id & ~(uint32_t)CPL_GROUP_BARRIER) >= CPL_BARRIERS)
        cpl_thread_fault(thread, CPL_FAULT_BARRIER, site, "barrier %u does not exist: use 0 to 15", id);
    if (wanted % CPL_LANES)
        cpl_thread_fault(thread, CPL_FAULT_BARRIER, site,
                         "barrier %u asks for %u threads, which is not a multiple of the warp size 32", id, wanted);
    uint32_t expected = wanted >= block->threads ? 0 : wanted;
    uint32_t place = id & CPL_GROUP_BARRIER ? CPL_BARRIERS + (id & (CPL_BARRIERS - 1)) : id;
    struct barrier *barrier = &block->barriers[place];
    if (!(block->barriers_used & 1u << place)) {
        block->barriers_used |= 1u << place;
        barrier->expected = expected;
        barrier->came.all = true;
    } else if (barrier->expected != expected) {
        cpl_thread_fault(thread, CPL_FAULT_BARRIER, site, "barrier %u is awaited with %u and with %u threads at once",
                         id, barrier->expected ? barrier->expected : block->threads,
                         expected ? expected : block->threads);
    }
    return barrier;
}

static inline void reach(struct thread *thread, uint32_t id, uint32_t wanted, uint32_t operation,
                         struct arrival arrival, const cpl_site *site)
{
    struct block *block = thread->block;
    struct barrier *barrier = enter(thread, id, wanted, site);
    thread->operation = operation;
    thread->site = site;
    thread->barrier = (uint8_t)(barrier - block->barriers);
    barrier->came.popc += arrival.popc;
    barrier->came.any |= arrival.any;
    barrier->came.all &= arrival.all;
    /* __syncthreads at two places are two barriers; named ones pair producers with consumers by number alone. */
    if (barrier->waiters && id == 0 && !barrier->expected && !cpl_same_site(barrier->site, site))
        barrier->mixed = true;
    if (!barrier->waiters++)
        barrier->site = site;
    count(block, barrier, thread);
    thread->state = THREAD_AT_BARRIER;
    cpl_list_append(&barrier->waiting, thread);
    if (complete(block, barrier))
        release(block, barrier, true);
}

void cpl_barrier_reach(struct thread *thread, uint32_t id, uint32_t wanted, uint32_t operation, struct arrival arrival,
                       const cpl_site *site)
{
    reach(thread, id, wanted, operation, arrival, site);
}

uint32_t cpl_barrier_reduce(cpl_thread *self, uint32_t id, uint32_t count, uint32_t op, uint32_t predicate,
                            const cpl_site *site)
{
    struct thread *thread = cpl_thread_of(self);
    cpl_thread_alone(thread, site, "a barrier");
    bool set = predicate != 0;
    reach(thread, id, count, op, (struct arrival){set, set, set}, site);
    cpl_thread_out(thread);
    return thread->result;
}

void cpl_barrier(cpl_thread *self, uint32_t id, uint32_t count, const cpl_site *site)
{
    cpl_barrier_reduce(self, id, count, CPL_REDUCE_POPC, 0, site);
}

void cpl_barrier_pass(struct thread *thread, uint32_t id, uint32_t wanted, const cpl_site *site)
{
    struct block *block = thread->block;
    struct barrier *barrier = enter(thread, id, wanted, site);
    uint32_t bit = 1u << (barrier - block->barriers);
    if (thread->arrived & bit)
        cpl_thread_fault(thread, CPL_FAULT_BARRIER, site, "the thread arrives twice at barrier %u before it is passed", id);
    thread->arrived |= bit;
    barrier->passers++;
    count(block, barrier, thread);
    if (complete(block, barrier))
        release(block, barrier, false);
}

void cpl_barrier_arrive(cpl_thread *self, uint32_t id, uint32_t count, const cpl_site *site)
{
    cpl_thread_alone(cpl_thread_of(self), site, "a barrier");
    cpl_barrier_pass(cpl_thread_of(self), id, count, site);
}

void cpl_barriers_leave(struct thread *thread)
{
    struct block *block = thread->block;
    for (uint32_t id = 0; id < 2 * CPL_BARRIERS; id++) {
        if (!(block->barriers_used & 1u << id))
            continue;
        struct barrier *barrier = &block->barriers[id];
        if (thread->arrived & 1u << id)
            barrier->arrived--;       /* it was counted when it arrived */
        else if (barrier->of_warp[thread->self.warp])
            barrier->counted++;
        if (complete(block, barrier))
            release(block, barrier, false);
    }
}

/* ---- deadlock ------------------------------------------------------------------------------------ */
static void describe(struct thread *thread, char *text, size_t bytes)
{
    char site[320];
    const struct barrier *barrier = &thread->block->barriers[thread->barrier];
    cpl_site_text(thread->site, site, sizeof site);
    const uint32_t *at = cpl_gang_first(thread)->self.thread;
    int used = snprintf(text, bytes, "thread (%u,%u,%u) waits at ", at[0], at[1], at[2]);
    text += used;
    bytes -= (size_t)used;
    if (thread->state != THREAD_AT_BARRIER)
        snprintf(text, bytes, "%s with mask 0x%x at %s", cpl_warp_operation(thread), thread->mask, site);
    else if (thread->barrier || barrier->expected)
        snprintf(text, bytes, "barrier %u (%u of %u threads came) at %s", thread->barrier, barrier->counted,
                 barrier->expected ? barrier->expected : thread->block->threads, site);
    else
        snprintf(text, bytes, "the barrier at %s", site);
}

static bool alike(const struct thread *a, const struct thread *b)
{
    if (a->state != b->state || !cpl_same_site(a->site, b->site))
        return false;
    return a->state == THREAD_AT_BARRIER ? a->barrier == b->barrier
                                         : a->operation == b->operation && a->mask == b->mask
                                               && a->self.warp == b->self.warp;
}

void cpl_block_deadlock(struct block *block)
{
    enum { GROUPS = 3 };
    struct thread *group[GROUPS] = {&block->thread[0]};
    uint32_t groups = 0, more = 0;
    for (uint32_t i = 0; i < block->fresh; i++) {
        struct thread *thread = &block->thread[i];
        if (thread->state == THREAD_GONE)
            continue;
        bool known = false;
        for (uint32_t g = 0; g < groups && !known; g++)
            known = alike(group[g], thread);
        if (!known && groups < GROUPS)
            group[groups++] = thread;
        else if (!known)
            more++;
    }
    cpl_fault fault;
    cpl_fault_at(&fault, cpl_gang_first(group[0]), CPL_FAULT_BARRIER, group[0]->site);
    char *text = fault.message;
    size_t room = sizeof fault.message;
    int used = snprintf(text, room, "kernel \"%s\": threads of block (%u,%u,%u) wait for each other for ever: ",
                        block->task->launch.kernel.name, block->pattern.block[0], block->pattern.block[1],
                        block->pattern.block[2]);
    for (uint32_t g = 0; g < groups && used < (int)room - 1; g++) {
        char line[512];
        describe(group[g], line, sizeof line);
        used += snprintf(text + used, room - (size_t)used, "%s%s", g ? "; " : "", line);
    }
    if (more && used < (int)room - 1)
        snprintf(text + used, room - (size_t)used, "; %u more", more);
    cpl_domain_record(block->domain, &fault);
}
