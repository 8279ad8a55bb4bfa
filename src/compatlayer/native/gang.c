/* Gangs: consecutive threads of a block that run as lanes of vectors, on one fiber together. */
#include "native.h"

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

uint32_t cpl_gang_barrier_reduce(cpl_thread *self, uint32_t id, uint32_t count, uint32_t op, uint32_t lanes,
                                 uint32_t predicates, const cpl_site *site)
{
    struct thread *gang = cpl_thread_of(self);
    uint32_t set = predicates & lanes;
    struct arrival arrival = {(uint32_t)__builtin_popcount(set), set != 0, set == lanes};
    gang->mask = lanes;
    return cpl_barrier_wait(gang, id, count, op, arrival, site);
}

void cpl_gang_barrier(cpl_thread *self, uint32_t id, uint32_t count, uint32_t lanes, const cpl_site *site)
{
    cpl_gang_barrier_reduce(self, id, count, CPL_REDUCE_POPC, lanes, 0, site);
}

void cpl_gang_barrier_arrive(cpl_thread *self, uint32_t id, uint32_t count, uint32_t lanes, const cpl_site *site)
{
    struct thread *gang = cpl_thread_of(self);
    gang->mask = lanes;
    cpl_barrier_pass(gang, id, count, site);
}

void cpl_gang_divergent(cpl_thread *self, uint32_t operation, uint32_t lanes, uint32_t missing, const cpl_site *site)
{
    static const char *const names[] = {"a barrier", "a warp shuffle", "a warp vote", "a warp match",
                                        "a warp reduction", "a warp barrier"};
    struct thread *gang = cpl_thread_of(self);
    gang->mask = lanes;
    cpl_thread_fault(cpl_gang_first(gang), CPL_FAULT_BARRIER, site,
                     "lanes 0x%x wait at %s for lanes 0x%x, which are elsewhere and cannot come", lanes,
                     operation < sizeof names / sizeof *names ? names[operation] : "an operation", missing);
}
