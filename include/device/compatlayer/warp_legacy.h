/* Shuffles and votes of CUDA 8, without a mask: the lanes that are here together take part. */
#ifndef CPL_DEVICE_WARP_LEGACY_H
#define CPL_DEVICE_WARP_LEGACY_H
/* Programs define these names themselves where CUDA lacks them. An argument that has to be converted to a class makes
 * ours the worse choice for every call that a program's own function can take. */
struct cpl_any_lane {
    int value;
    __device__ __attribute__((always_inline, nodebug)) cpl_any_lane(int lane) : value(lane) {}
};
struct cpl_any_flag {
    int value;
    template <class T> __device__ __attribute__((always_inline, nodebug)) cpl_any_flag(T flag) : value(flag ? 1 : 0) {}
};
#define CPL_LEGACY(to) \
    __attribute__((deprecated("use " #to ", which names the lanes that take part, or cooperative groups")))
#define CPL_LEGACY_SHUFFLE(name) \
    template <class T> __device__ __inline__ __attribute__((always_inline, nodebug)) CPL_LEGACY(name##_sync) \
    T name(T value, cpl_any_lane lane, int width = 32) { \
        return name##_sync(__activemask(), value, lane.value, width); }
CPL_LEGACY_SHUFFLE(__shfl)
CPL_LEGACY_SHUFFLE(__shfl_up)
CPL_LEGACY_SHUFFLE(__shfl_down)
CPL_LEGACY_SHUFFLE(__shfl_xor)
#define CPL_LEGACY_VOTE(type, name) \
    CPL_LEGACY(name##_sync) CPL_FN type name(cpl_any_flag flag) { return name##_sync(__activemask(), flag.value); }
CPL_LEGACY_VOTE(int, __all)
CPL_LEGACY_VOTE(int, __any)
CPL_LEGACY_VOTE(unsigned int, __ballot)
#undef CPL_LEGACY_VOTE
#undef CPL_LEGACY_SHUFFLE
#undef CPL_LEGACY
#endif
