extern "C" __global__ void wide_loads(const float4 *in, float4 *out)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    float4 v = in[i];
    out[i] = make_float4(v.w, v.z + v.x, v.y * 2.0f, v.x);
}

extern "C" __global__ void assorted(const uchar4 *bytes, const short2 *shorts, const int3 *triples,
                                    const double2 *doubles, const longlong2 *longs, double *out)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    uchar4 b = bytes[i];
    short2 s = shorts[i];
    int3 t = triples[i];
    double2 d = doubles[i];
    longlong2 l = longs[i];
    uint3 built = make_uint3(1, 2, 3);
    dim3 extent(4, 5);
    out[i] = b.x + b.y * 2 + b.z * 3 + b.w * 4 + s.x - s.y + t.x + t.y - t.z + d.x * d.y + (double)l.x - (double)l.y +
             built.z + extent.x * extent.y * extent.z;
}

static_assert(sizeof(float4) == 16 && alignof(float4) == 16, "");
static_assert(sizeof(float3) == 12 && alignof(float3) == 4, "");
static_assert(sizeof(uchar4) == 4 && alignof(uchar4) == 4, "");
static_assert(sizeof(double2) == 16 && alignof(double2) == 16, "");
static_assert(sizeof(short3) == 6 && sizeof(longlong2) == 16 && sizeof(dim3) == 12, "");

// Every vector type with its documented size and alignment ("Built-in Vector Types" of the CUDA C++ Programming Guide).
#define SIZED(type, size, align) static_assert(sizeof(type) == size && alignof(type) == align, #type);
#define OF_BYTES(name, n, align2, align4) \
    SIZED(name##1, n, n) SIZED(name##2, 2 * n, align2) SIZED(name##3, 3 * n, n) SIZED(name##4, 4 * n, align4)
OF_BYTES(char, 1, 2, 4) OF_BYTES(uchar, 1, 2, 4) OF_BYTES(short, 2, 4, 8) OF_BYTES(ushort, 2, 4, 8)
OF_BYTES(int, 4, 8, 16) OF_BYTES(uint, 4, 8, 16) OF_BYTES(float, 4, 8, 16) OF_BYTES(long, 8, 16, 16)
OF_BYTES(ulong, 8, 16, 16) OF_BYTES(longlong, 8, 16, 16) OF_BYTES(ulonglong, 8, 16, 16) OF_BYTES(double, 8, 16, 16)
#define WIDE(name) SIZED(name##4_16a, 32, 16) SIZED(name##4_32a, 32, 32)
WIDE(long) WIDE(ulong) WIDE(longlong) WIDE(ulonglong) WIDE(double)

template <class V> __device__ double sum1(V v) { return (double)v.x; }
template <class V> __device__ double sum2(V v) { return (double)v.x + 2.0 * v.y; }
template <class V> __device__ double sum3(V v) { return (double)v.x + 2.0 * v.y + 4.0 * v.z; }
template <class V> __device__ double sum4(V v) { return (double)v.x + 2.0 * v.y + 4.0 * v.z + 8.0 * v.w; }
#define ADD(name) \
    total += sum1(make_##name##1(x)) + sum2(make_##name##2(x, 3)) + sum3(make_##name##3(5, x, 7)) + \
             sum4(make_##name##4(x, 1, 2, x));
#define ADD_WIDE(name) total += sum4(make_##name##4_16a(x, 1, 2, x)) + sum4(make_##name##4_32a(x, 1, 2, x));

extern "C" __global__ void every_type(const signed char *in, double *out, double4_32a *wide, long4_16a *pairs)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    signed char x = in[i] & 63;
    double total = 0;
    ADD(char) ADD(uchar) ADD(short) ADD(ushort) ADD(int) ADD(uint) ADD(long) ADD(ulong) ADD(longlong) ADD(ulonglong)
    ADD(float) ADD(double)
    ADD_WIDE(long) ADD_WIDE(ulong) ADD_WIDE(longlong) ADD_WIDE(ulonglong) ADD_WIDE(double)
    out[i] = total;
    wide[i] = make_double4_32a(x, x + 1, x + 2, x + 3);
    pairs[i] = make_long4_16a(x, -x, x * 2, 9);
    dim3 grid = gridDim;
    uint3 where = threadIdx;
    if (grid.x * grid.y * grid.z != gridDim.x || where.x != threadIdx.x || dim3(2).z != 1) out[i] = -1;
}
