/* Copies by a whole group. They are done when the call returns; wait() is the group's barrier, as documented. */
#ifndef CPL_COOPERATIVE_GROUPS_MEMCPY_ASYNC_H
#define CPL_COOPERATIVE_GROUPS_MEMCPY_ASYNC_H
#include "../cooperative_groups.h"
namespace cooperative_groups {
template <typename Group, typename T>
CPL_CG void memcpy_async(const Group &group, T *to, const T *from, size_t size_bytes) {
    for (size_t i = group.thread_rank(); i < size_bytes; i += group.size())
        ((char *)to)[i] = ((const char *)from)[i]; }
template <typename Group> CPL_CG void wait(const Group &group) { group.sync(); }
template <unsigned int Left, typename Group> CPL_CG void wait_prior(const Group &group) { group.sync(); }
}
#endif
