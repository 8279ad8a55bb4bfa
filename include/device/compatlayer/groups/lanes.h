/* What groups within a warp are made of: ranks in a mask of lanes, and values that travel between lanes. */
#ifndef CPL_GROUPS_LANES_H
#define CPL_GROUPS_LANES_H
namespace cooperative_groups {
inline namespace __v1 { /* CCCL's headers declare groups in it */
namespace details {
CPL_CG unsigned int lane() { return __nvvm_read_ptx_sreg_laneid(); }
CPL_CG unsigned int block_rank() { return (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x; }
CPL_CG unsigned int block_threads() { return blockDim.x * blockDim.y * blockDim.z; }
CPL_CG unsigned int below() { return (1u << lane()) - 1; }

/* The lane of the set bit number `rank`; without branches, as ranks differ from lane to lane. */
CPL_CG unsigned int nth(unsigned int mask, unsigned int rank) {
    unsigned int place = 0;
#pragma unroll
    for (unsigned int half = 16; half; half /= 2) {
        unsigned int low = __popc(mask >> place & ((1u << half) - 1));
        bool above = rank >= low;
        place += above ? half : 0;
        rank -= above ? low : 0;
    }
    return place & 31; }

/* The bits of `lanes` at the set bits of `mask`, moved together: a parallel suffix in each of five rounds. */
CPL_CG unsigned int packed(unsigned int lanes, unsigned int mask) {
    lanes &= mask;
    unsigned int zeros = ~mask << 1;
#pragma unroll
    for (unsigned int round = 0; round < 5; round++) {
        unsigned int odd = zeros;
#pragma unroll
        for (unsigned int by = 1; by < 32; by *= 2) odd ^= odd << by;
        unsigned int move = odd & mask, moved = lanes & move;
        mask = (mask ^ move) | (move >> (1u << round));
        lanes = (lanes ^ moved) | (moved >> (1u << round));
        zeros &= ~odd;
    }
    return lanes; }

/* Values of any size travel in words of the size that shuffles take. */
template <unsigned int Size> struct carrier {
    template <typename T, typename Move> static CPL_CG_MEMBER T moved(T value, Move move) {
        constexpr int words = (Size + 3) / 4;
        union Words { unsigned int word[words]; char bytes[Size]; __device__ Words() {} } buffer;
        union Result { T value; __device__ Result() {} } result;
        buffer.word[words - 1] = 0;
        __builtin_memcpy(buffer.bytes, &value, Size);
#pragma unroll
        for (int i = 0; i < words; i++) buffer.word[i] = move(buffer.word[i]);
        __builtin_memcpy(&result.value, buffer.bytes, Size);
        return result.value; }
};
template <> struct carrier<4> {
    template <typename T, typename Move> static CPL_CG_MEMBER T moved(T value, Move move) {
        return __builtin_bit_cast(T, move(__builtin_bit_cast(unsigned int, value))); }
};
template <typename T, typename Move> CPL_CG T moved(T value, Move move) {
    static_assert(sizeof(T) <= 32 && __is_trivially_copyable(T),
                  "groups exchange values of trivially copyable types up to 32 bytes");
    return carrier<sizeof(T)>::moved(value, move); }

template <typename T> struct plain { typedef T type; };
template <typename R, typename... A> struct plain<R(A...)> { typedef R (*type)(A...); }; /* a function decays */
template <typename T> struct plain<T &> : plain<T> {};
template <typename T> struct plain<T &&> : plain<T> {};
template <typename T> struct plain<const T> { typedef T type; };
}
}
}
#endif
