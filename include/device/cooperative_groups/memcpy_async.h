/* Copies by a whole group. They are done when the call returns; the waits are the group's barrier, as documented. */
#ifndef CPL_COOPERATIVE_GROUPS_MEMCPY_ASYNC_H
#define CPL_COOPERATIVE_GROUPS_MEMCPY_ASYNC_H
#include "../cooperative_groups.h"
namespace cooperative_groups {
inline namespace __v1 {
namespace details {
template <typename Word, typename Group>
CPL_CG void copy_words(const Group &group, void *to, const void *from, size_t count) {
    Word *words = static_cast<Word *>(to);
    const Word *source = static_cast<const Word *>(from);
    for (size_t i = group.thread_rank(), step = group.size(); i < count; i += step) words[i] = source[i]; }
template <typename Group> CPL_CG void copy(const Group &group, void *to, const void *from, size_t bytes) {
    size_t together = (size_t)to | (size_t)from | bytes;
    if (together % 4 == 0) copy_words<unsigned int>(group, to, from, bytes / 4);
    else copy_words<unsigned char>(group, to, from, bytes); }
}
/* `size` counts bytes; it may be a cuda::aligned_size_t. */
template <typename Group, typename T, typename Size>
CPL_CG void memcpy_async(const Group &group, T *to, const T *from, const Size &size) {
    details::copy(group, to, from, (size_t)size); }
/* These count elements; the smaller is copied. */
template <typename Group, typename T, typename Wanted, typename There>
CPL_CG void memcpy_async(const Group &group, T *to, const Wanted &wanted, const T *from, const There &there) {
    size_t a = wanted, b = there;
    details::copy(group, to, from, (a < b ? a : b) * sizeof(T)); }
template <typename Group> CPL_CG void wait(const Group &group) { group.sync(); }
template <unsigned int Left, typename Group> CPL_CG void wait_prior(const Group &group) { group.sync(); }
}
}
#endif
