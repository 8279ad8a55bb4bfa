/* size_t and the vector types with CUDA's alignments. */
#ifndef CPL_DEVICE_TYPES_H
#define CPL_DEVICE_TYPES_H
typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ptrdiff_t;
#ifdef __CUDACC_RTC__
typedef long long clock_t;
typedef long long time_t;
#else
typedef long clock_t;
typedef long time_t;
typedef unsigned short ushort; /* as the C library, which nvcc includes, has them */
typedef unsigned int uint;
typedef unsigned long ulong;
#endif
#ifndef NULL
#define NULL __null
#endif

#define CPL_VECTOR1(name, type) \
    struct name##1 { type x; }; \
    CPL_FN name##1 make_##name##1(type x) { name##1 v = {x}; return v; }
#define CPL_VECTOR2(name, type, align) \
    struct __attribute__((aligned(align))) name##2 { type x, y; }; \
    CPL_FN name##2 make_##name##2(type x, type y) { name##2 v = {x, y}; return v; }
#define CPL_VECTOR3(name, type) \
    struct name##3 { type x, y, z; }; \
    CPL_FN name##3 make_##name##3(type x, type y, type z) { name##3 v = {x, y, z}; return v; }
#define CPL_VECTOR4(name, suffix, type, align) \
    struct __attribute__((aligned(align))) name##4##suffix { type x, y, z, w; }; \
    CPL_FN name##4##suffix make_##name##4##suffix(type x, type y, type z, type w) { \
        name##4##suffix v = {x, y, z, w}; return v; }
#define CPL_VECTORS(name, type, align2, align4) \
    CPL_VECTOR1(name, type) CPL_VECTOR2(name, type, align2) CPL_VECTOR3(name, type) CPL_VECTOR4(name, , type, align4)
CPL_VECTORS(char, signed char, 2, 4)
CPL_VECTORS(uchar, unsigned char, 2, 4)
CPL_VECTORS(short, short, 4, 8)
CPL_VECTORS(ushort, unsigned short, 4, 8)
CPL_VECTORS(int, int, 8, 16)
CPL_VECTORS(uint, unsigned int, 8, 16)
CPL_VECTORS(long, long, 16, 16)
CPL_VECTORS(ulong, unsigned long, 16, 16)
CPL_VECTORS(longlong, long long, 16, 16)
CPL_VECTORS(ulonglong, unsigned long long, 16, 16)
CPL_VECTORS(float, float, 8, 16)
CPL_VECTORS(double, double, 16, 16)
/* CUDA 13 names the alignment of the 32-byte vectors. */
#define CPL_WIDE(name, type) CPL_VECTOR4(name, _16a, type, 16) CPL_VECTOR4(name, _32a, type, 32)
CPL_WIDE(long, long)
CPL_WIDE(ulong, unsigned long)
CPL_WIDE(longlong, long long)
CPL_WIDE(ulonglong, unsigned long long)
CPL_WIDE(double, double)
#undef CPL_WIDE
#undef CPL_VECTORS
#undef CPL_VECTOR4
#undef CPL_VECTOR3
#undef CPL_VECTOR2
#undef CPL_VECTOR1

struct dim3 {
    unsigned int x, y, z;
    __host__ __device__ CPL_CONSTEXPR dim3(unsigned int vx = 1, unsigned int vy = 1, unsigned int vz = 1)
        : x(vx), y(vy), z(vz) {}
    __host__ __device__ CPL_CONSTEXPR dim3(uint3 v) : x(v.x), y(v.y), z(v.z) {}
    __host__ __device__ operator uint3() const { return make_uint3(x, y, z); }
};
/* Kernels name the result type without including anything; its values are in runtime_enumerations.h. */
enum cudaError : unsigned int;
typedef enum cudaError cudaError_t;
#endif
