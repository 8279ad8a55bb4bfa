/* Cooperative groups: the block, its tiles, the threads that run together, the grid.
 * Follows "Cooperative Groups" of the CUDA C++ programming guide. */
#ifndef CPL_COOPERATIVE_GROUPS_H
#define CPL_COOPERATIVE_GROUPS_H
#if __cplusplus < 201103L
#error "cooperative groups need C++11 or later"
#endif
#define _CG_HAS_OP_REDUCE 1
#define CPL_CG static __inline__ __attribute__((device, always_inline, nodebug, unused))
#define CPL_CG_MEMBER __inline__ __attribute__((device, always_inline, nodebug))
#define CPL_CG_LAMBDA __attribute__((nodebug))
#include "compatlayer/groups/lanes.h"
#include "compatlayer/groups/block.h"
#include "compatlayer/groups/grid.h"
#include "compatlayer/groups/coalesced.h"
#include "compatlayer/groups/tile.h"
#include "compatlayer/groups/wide_tile.h"
#include "compatlayer/groups/partition.h"
#endif
