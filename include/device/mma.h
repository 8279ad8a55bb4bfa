/* Products of small matrices by a warp: nvcuda::wmma ("Warp Matrix Functions" of the CUDA C++ Programming Guide).
 *
 * Products are exact in float for half, bfloat16 and tf32, and are added in float one after the other with rising k, also
 * where the result is rounded to half at the end; CUDA leaves the order open. Doubles are added with fma, integers wrap
 * unless the result is to be saturated. */
#ifndef CPL_DEVICE_MMA_H
#define CPL_DEVICE_MMA_H
#include "cuda_fp16.h"
#include "cuda_bf16.h"
#include "compatlayer/wmma/tile.h"

namespace nvcuda {
namespace wmma {
enum layout_t { mem_row_major, mem_col_major };
struct row_major;
struct col_major;
struct matrix_a;
struct matrix_b;
struct accumulator;
namespace precision { struct tf32; }
namespace experimental {
namespace precision { struct u4; struct s4; struct b1; }
enum bmmaBitOp { bmmaBitOpXOR = 1, bmmaBitOpAND = 2 };
enum bmmaAccumulateOp { bmmaAccumulateOpPOPC = 1 };
}

/* How an element lies in a fragment (`type`), in memory (`bits`), and how it is multiplied (`wide`). `group` is the set of
 * shapes that it may have: 1 with k = 16, 2 with k = 8, 3 doubles; 0 for what is not there. */
template <class T> struct cpl_element { typedef T type; typedef unsigned int bits; typedef float wide; enum { group = 0 }; };
#define CPL_ELEMENT(name, stored, raw, multiplied, shapes) \
    template <> struct cpl_element<name> { \
        typedef stored type; typedef raw bits; typedef multiplied wide; enum { group = shapes }; };
CPL_ELEMENT(__half, __half, unsigned short, float, 1)
CPL_ELEMENT(__nv_bfloat16, __nv_bfloat16, unsigned short, float, 1)
CPL_ELEMENT(signed char, signed char, unsigned char, unsigned int, 1)
CPL_ELEMENT(unsigned char, unsigned char, unsigned char, unsigned int, 1)
CPL_ELEMENT(precision::tf32, float, unsigned int, float, 2)
CPL_ELEMENT(double, double, unsigned long long, double, 3)
CPL_ELEMENT(float, float, unsigned int, float, 4)
CPL_ELEMENT(int, int, unsigned int, unsigned int, 5)
#undef CPL_ELEMENT

CPL_FN float cpl_wide(__half x) { return __half2float(x); }
CPL_FN float cpl_wide(__nv_bfloat16 x) { return __bfloat162float(x); }
CPL_FN unsigned int cpl_wide(signed char x) { return (unsigned int)(int)x; }
CPL_FN unsigned int cpl_wide(unsigned char x) { return x; }
CPL_FN unsigned int cpl_wide(int x) { return (unsigned int)x; }
CPL_FN float cpl_wide(float x) { return x; }
CPL_FN double cpl_wide(double x) { return x; }
template <class T> struct cpl_factor {
    template <class S> static CPL_NARROW_FN typename cpl_element<T>::wide of(S x) { return cpl_wide(x); } };
template <> struct cpl_factor<precision::tf32> { /* the low bits are not looked at */
    static CPL_NARROW_FN float of(float x) { return __uint_as_float(__float_as_uint(x) & 0xffffe000u); } };

/* A sum as the result has it; `finite` is what mma_sync calls satf. */
template <class T> struct cpl_sum;
template <> struct cpl_sum<float> {
    static CPL_NARROW_FN float of(float x, bool finite) {
        const float largest = 3.402823466e+38f;
        return !finite ? x : x != x ? 0.0f : x > largest ? largest : x < -largest ? -largest : x; } };
template <> struct cpl_sum<__half> {
    static CPL_NARROW_FN __half of(float x, bool finite) {
        x = !finite ? x : x != x ? 0.0f : x > 65504.0f ? 65504.0f : x < -65504.0f ? -65504.0f : x;
        return __float2half(x); } };
template <> struct cpl_sum<double> {
    static CPL_NARROW_FN double of(double x, bool) { return x; } };
template <> struct cpl_sum<int> {
    static CPL_NARROW_FN int of(unsigned int x, bool) { return (int)x; } };

template <class Use, int m, int n, int k> struct cpl_extent;
template <int m, int n, int k> struct cpl_extent<matrix_a, m, n, k> { enum { rows = m, columns = k }; };
template <int m, int n, int k> struct cpl_extent<matrix_b, m, n, k> { enum { rows = k, columns = n }; };
template <int m, int n, int k> struct cpl_extent<accumulator, m, n, k> { enum { rows = m, columns = n }; };

constexpr bool cpl_is_shape(int group, bool sum, int m, int n, int k) {
    return (((m == 16 && n == 16) || (m == 32 && n == 8) || (m == 8 && n == 32)) && k == 16 &&
            (group == 1 || (sum && (group == 4 || group == 5)))) ||
           (m == 16 && n == 16 && k == 8 && (group == 2 || (sum && group == 4))) ||
           (m == 8 && n == 8 && k == 4 && group == 3);
}

template <class Use, int m, int n, int k, class T, class Layout = void> class fragment {
    typedef cpl_extent<Use, m, n, k> cpl_size;
    static_assert(!__is_same(T, experimental::precision::u4) && !__is_same(T, experimental::precision::s4) &&
                      !__is_same(T, experimental::precision::b1),
                  "wmma: elements of 4 bits and of 1 bit are not there; use signed char or unsigned char");
    static_assert(cpl_is_shape(cpl_element<T>::group, __is_same(Use, accumulator), m, n, k),
                  "wmma: this shape is not there for this type: 16x16x16, 32x8x16 and 8x32x16 are for __half, "
                  "__nv_bfloat16, signed char and unsigned char, 16x16x8 for precision::tf32, 8x8x4 for double");
    static_assert(!__is_same(Use, accumulator) || (!__is_same(T, __nv_bfloat16) && !__is_same(T, signed char) &&
                                                   !__is_same(T, unsigned char)),
                  "wmma: an accumulator holds float, __half, int or double");

public:
    typedef typename cpl_element<T>::type element_type;
    typedef element_type storage_element_type;
    enum { num_elements = cpl_size::rows * cpl_size::columns / 32, num_storage_elements = num_elements };
    element_type x[num_elements];
};

CPL_FN float __float_to_tf32(float x) { /* to the nearest, ties away from zero, like PTX's cvt.rna */
    unsigned int bits = __float_as_uint(x);
    return (bits & 0x7f800000u) == 0x7f800000u ? x : __uint_as_float((bits + 0x1000u) & 0xffffe000u);
}

template <bool down, class Use, int m, int n, int k, class T, class L>
CPL_NARROW_FN void cpl_load(fragment<Use, m, n, k, T, L> &to, const typename cpl_element<T>::type *p, unsigned int pitch) {
    typedef typename cpl_element<T>::bits Bits;
    typedef cpl_extent<Use, m, n, k> Size;
    __syncwarp();
    CPL_ROW(Bits, Size::rows, Size::columns)
    tile = cpl_tile_load<Bits, Size::rows, Size::columns, down>((const Bits *)p, pitch);
#pragma unroll
    for (int i = 0; i < to.num_elements; ++i)
        to.x[i] = __builtin_bit_cast(typename cpl_element<T>::type, (Bits)tile[i]);
}
template <bool down, int m, int n, int k, class T>
CPL_NARROW_FN void cpl_store(T *p, const fragment<accumulator, m, n, k, T> &from, unsigned int pitch) {
    typedef typename cpl_element<T>::bits Bits;
    CPL_ROW(Bits, m, n) tile;
#pragma unroll
    for (int i = 0; i < from.num_elements; ++i) tile[i] = __builtin_bit_cast(Bits, from.x[i]);
    __syncwarp();
    cpl_tile_store<Bits, m, n, down>((Bits *)p, pitch, tile);
    __syncwarp();
}

template <class Use, int m, int n, int k, class T>
CPL_NARROW_FN void load_matrix_sync(fragment<Use, m, n, k, T, row_major> &to,
                                    const typename cpl_element<T>::type *p, unsigned int pitch) {
    cpl_load<false>(to, p, pitch); }
template <class Use, int m, int n, int k, class T>
CPL_NARROW_FN void load_matrix_sync(fragment<Use, m, n, k, T, col_major> &to,
                                    const typename cpl_element<T>::type *p, unsigned int pitch) {
    cpl_load<true>(to, p, pitch); }
template <int m, int n, int k, class T>
CPL_NARROW_FN void load_matrix_sync(fragment<accumulator, m, n, k, T> &to, const T *p, unsigned int pitch,
                                    layout_t layout) {
    if (layout == mem_row_major) cpl_load<false>(to, p, pitch);
    else cpl_load<true>(to, p, pitch);
}
template <int m, int n, int k, class T>
CPL_NARROW_FN void store_matrix_sync(T *p, const fragment<accumulator, m, n, k, T> &from, unsigned int pitch,
                                     layout_t layout) {
    if (layout == mem_row_major) cpl_store<false>(p, from, pitch);
    else cpl_store<true>(p, from, pitch);
}
template <class Use, int m, int n, int k, class T, class L, class V>
CPL_NARROW_FN void fill_fragment(fragment<Use, m, n, k, T, L> &to, const V &value) {
    const typename cpl_element<T>::type each = value;
#pragma unroll
    for (int i = 0; i < to.num_elements; ++i) to.x[i] = each;
}

template <int m, int n, int k, class D, class T, class U, class C, class LA, class LB>
CPL_NARROW_FN void mma_sync(fragment<accumulator, m, n, k, D> &d, const fragment<matrix_a, m, n, k, T, LA> &a,
                            const fragment<matrix_b, m, n, k, U, LB> &b, const fragment<accumulator, m, n, k, C> &c,
                            bool satf = false) {
    typedef typename cpl_element<T>::wide W;
    static_assert(__is_same(T, U), "wmma: both factors have the same type");
    static_assert(__is_same(W, typename cpl_element<D>::wide) && __is_same(W, typename cpl_element<C>::wide) ||
                      __is_same(T, __half) && cpl_element<D>::group <= 4 && cpl_element<C>::group <= 4,
                  "wmma: the accumulators do not fit to the factors: half goes with half and float, bfloat16 and tf32 "
                  "with float, signed and unsigned char with int, double with double");
    static_assert(__is_same(T, __half) || (!__is_same(D, __half) && !__is_same(C, __half)),
                  "wmma: accumulators of half are for factors of half");
    CPL_ROW(W, m, k) left;
    CPL_ROW(W, k, n) right;
    CPL_ROW(W, m, n) sum;
#pragma unroll
    for (int i = 0; i < a.num_elements; ++i) left[i] = cpl_factor<T>::of(a.x[i]);
#pragma unroll
    for (int i = 0; i < b.num_elements; ++i) right[i] = cpl_factor<T>::of(b.x[i]);
    const bool apart = satf && __is_same(D, int); /* integers: the sum of the products fits, the sum with C may not */
#pragma unroll
    for (int i = 0; i < c.num_elements; ++i) sum[i] = apart ? W(0) : cpl_wide(c.x[i]);
    __syncwarp();
    sum = cpl_tile_multiply<W, m, n, k>(left, right, sum);
#pragma unroll
    for (int i = 0; i < d.num_elements; ++i) {
        if (apart)
            d.x[i] = (D)__builtin_elementwise_add_sat((int)(unsigned int)(W)sum[i], (int)(unsigned int)cpl_wide(c.x[i]));
        else
            d.x[i] = cpl_sum<D>::of(sum[i], satf);
    }
}

namespace experimental {
template <class D, class A, class B, class C, class... More>
CPL_NARROW_FN void bmma_sync(D &, const A &, const B &, const C &, More...) {
    static_assert(sizeof(D) == 0, "wmma: products of single bits (bmma_sync) are not there");
}
}
}
}
#undef CPL_ROW
#endif
