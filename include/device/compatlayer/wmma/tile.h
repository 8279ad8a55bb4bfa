/* Small matrices spread over a warp: element r * columns + c of a matrix lies in lane `that % 32`, as number `that / 32`
 * there. CUDA leaves open which lane holds what.
 *
 * These three functions are what the naive engine runs. The vector engine knows them by name and makes code of whole rows
 * in their place (passes/vector/tiles.py): their names, parameters and results are a contract with it. All lanes come
 * together before and after; the callers see to that. */
#ifndef CPL_DEVICE_WMMA_TILE_H
#define CPL_DEVICE_WMMA_TILE_H
template <class T, int N> struct cpl_row { typedef T type __attribute__((ext_vector_type(N))); };
#define CPL_ROW(T, rows, columns) typename cpl_row<T, (rows) * (columns) / 32>::type
#define CPL_TILE_FN __device__ __attribute__((noinline))

__device__ inline float cpl_tile_add(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
__device__ inline double cpl_tile_add(double a, double b, double c) { return __builtin_fma(a, b, c); }
__device__ inline unsigned int cpl_tile_add(unsigned int a, unsigned int b, unsigned int c) { return a * b + c; }

/* Where elements of a line follow each other: rows, or columns where `down`; the next line is `pitch` elements on. */
template <class T, int R, int C, bool down>
CPL_TILE_FN CPL_ROW(T, R, C) cpl_tile_load(const T *p, unsigned int pitch) {
    CPL_ROW(T, R, C) tile;
#pragma unroll
    for (int i = 0; i < R * C / 32; ++i) {
        unsigned int place = i * 32 + __nvvm_read_ptx_sreg_laneid();
        size_t row = place / C, column = place % C;
        tile[i] = p[down ? column * pitch + row : row * pitch + column];
    }
    return tile;
}

template <class T, int R, int C, bool down>
CPL_TILE_FN void cpl_tile_store(T *p, unsigned int pitch, CPL_ROW(T, R, C) tile) {
#pragma unroll
    for (int i = 0; i < R * C / 32; ++i) {
        unsigned int place = i * 32 + __nvvm_read_ptx_sreg_laneid();
        size_t row = place / C, column = place % C;
        p[down ? column * pitch + row : row * pitch + column] = tile[i];
    }
}

/* a b + c with products added one after the other with rising k, each with one rounding (fma). */
template <class T, int M, int N, int K>
CPL_TILE_FN CPL_ROW(T, M, N) cpl_tile_multiply(CPL_ROW(T, M, K) a, CPL_ROW(T, K, N) b, CPL_ROW(T, M, N) c) {
    const int apart = K > N ? K / N : 1; /* registers in which the rows of A that one register of C needs may lie */
    int lane = __nvvm_read_ptx_sreg_laneid(), column = lane % N;
    for (int k = 0; k < K; ++k) {
        T right = __shfl_sync(0xffffffffu, b[k * N / 32], k * N % 32 + column);
        for (int i = 0; i < M * N / 32; ++i) {
            int place = (i * (32 / N) + lane / N) * K + k, first = i * (32 / N) * K / 32;
            T left = __shfl_sync(0xffffffffu, a[first], place % 32);
            for (int j = first + 1; j < first + apart; ++j) {
                T other = __shfl_sync(0xffffffffu, a[j], place % 32);
                left = place / 32 == j ? other : left;
            }
            c[i] = cpl_tile_add(left, right, c[i]);
        }
    }
    return c;
}
#undef CPL_TILE_FN
#endif
