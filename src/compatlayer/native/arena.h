/* What the files about memory share: arena.c (allocations) and mapping.c (memory that lies in files). */
#ifndef CPL_ARENA_H
#define CPL_ARENA_H
#include "native.h"

#pragma GCC visibility push(hidden)
struct region {
    uint64_t low, high, limit, cursor;
    struct span **spans;              /* what lies in it */
};
/* `guarded`: where memory of that size belongs; `ranges`: reserved addresses, whose mappings come and go. */
struct arena {
    pthread_rwlock_t lock;
    struct span *spans;               /* by base, of every kind */
    struct span *reserved;            /* the ranges in `ranges` */
    struct region small, large, dense, ranges;
};
extern struct arena cpl_arena;

enum { CPL_ARENA_DEVICES = 64 };
#define CPL_GUARD_BYTES (64ull << 10)
#define CPL_HUGE_BYTES (2ull << 20)

/* All with the lock held for writing. */
bool cpl_arena_reserve(void);         /* the addresses, once; false without them */
/* First place at or after `from` where `bytes` (a multiple of a page) and a guard fit, start aligned; 0 if none. */
uint64_t cpl_arena_fit(const struct region *region, uint64_t from, uint64_t bytes, uint64_t alignment, uint64_t guard);
uint64_t cpl_arena_place(struct region *region, uint64_t bytes, uint64_t alignment, uint64_t guard);
void cpl_arena_unmap(uint64_t low, uint64_t high);   /* back to reserved addresses; what was there is gone */
void cpl_arena_record(struct span *span, int device, int kind, uint64_t size_bytes);
void cpl_arena_forget(const struct span *span);      /* of one that is no longer in `spans` */
#pragma GCC visibility pop
#endif
