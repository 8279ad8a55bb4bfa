// Structs whose fields lie side by side in memory, read and written whole, in part, in turn and through indices.
struct Mixed { float f; int i; };
struct Triple { double a, b, c; };
struct Five { float v[5]; };
struct Padded { float x, y; int unused[2]; };

static __device__ int number()
{
    int block = blockIdx.x + gridDim.x * blockIdx.y;
    return (block * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
}

template <typename T> static __device__ void swap(T &a, T &b) { T kept = a; a = b; b = kept; }

extern "C" __global__ void pairs(const float2 *floats, const double2 *doubles, const short2 *shorts,
                                 const Mixed *mixed, const uchar2 *bytes, float2 *floats_out, double2 *doubles_out,
                                 short2 *shorts_out, Mixed *mixed_out, uchar2 *bytes_out, int n)
{
    int i = number();
    if (i < n) {
        float2 f = floats[i];
        double2 d = doubles[i];
        short2 s = shorts[i];
        Mixed m = mixed[i];
        uchar2 b = bytes[i];
        floats_out[i] = make_float2(f.y, f.x);
        doubles_out[i] = make_double2(d.y * 2, d.x);
        shorts_out[i] = make_short2(s.y, s.x);
        m.f = -m.f;
        m.i += 7;
        mixed_out[i] = m;
        bytes_out[i] = make_uchar2(b.y, b.x);
    }
}

extern "C" __global__ void triples(const float3 *floats, const Triple *doubles, const short3 *shorts,
                                   const uchar3 *bytes, float3 *floats_out, Triple *doubles_out, short3 *shorts_out,
                                   uchar3 *bytes_out, int n)
{
    int i = number();
    if (i < n) {
        float3 f = floats[i];
        Triple d = doubles[i];
        short3 s = shorts[i];
        uchar3 b = bytes[i];
        floats_out[i] = make_float3(f.z, f.x, f.y);
        swap(d.a, d.c);
        doubles_out[i] = d;
        shorts_out[i] = make_short3(s.z, s.x, s.y);
        bytes_out[i] = make_uchar3(b.z, b.x, b.y);
    }
}

extern "C" __global__ void fours(const float4 *floats, const longlong4 *longs, const short4 *shorts,
                                 const uchar4 *bytes, float4 *floats_out, longlong4 *longs_out, short4 *shorts_out,
                                 uchar4 *bytes_out, int n)
{
    int i = number();
    if (i < n) {
        float4 f = floats[i];
        longlong4 l = longs[i];
        short4 s = shorts[i];
        uchar4 b = bytes[i];
        floats_out[i] = make_float4(f.w, f.x, f.y, f.z);
        longs_out[i] = make_longlong4(l.w, l.x, l.y, l.z);
        shorts_out[i] = make_short4(s.w, s.x, s.y, s.z);
        bytes_out[i] = make_uchar4(b.w, b.x, b.y, b.z);
    }
}

// Every lane has an index of its own; and indices that count down, by twos, or in unsigned arithmetic.
extern "C" __global__ void scattered(const float4 *in, const int *index, float4 *out, float3 *triples, Five *fives,
                                     uchar4 *bytes, int n)
{
    int i = number();
    if (i < n) {
        int to = index[i];
        float4 v = in[to];
        out[index[n - 1 - i]] = v;
        triples[to] = make_float3(v.x, v.y, v.z);
        Five five = fives[to];
        for (int k = 0; k < 5; k++)
            five.v[k] += v.y;
        fives[to] = five;
        uchar4 b = bytes[to];
        bytes[to] = make_uchar4(b.w, b.z, b.y, b.x);
    }
}

extern "C" __global__ void steps(const float2 *in, float2 *down, float2 *twos, Padded *padded, float2 *wrapping,
                                 int n, unsigned start)
{
    int i = number();
    if (i < n) {
        float2 v = in[i];
        down[n - 1 - i] = v;
        twos[2 * i] = v;
        padded[i].x = v.y;
        padded[i].y = v.x;
        wrapping[(unsigned)i * 1u + start] = v;  // as if start were negative where it is large
    }
}

// Some fields only, the others stay.
extern "C" __global__ void parts(const float4 *in, float4 *out, int n)
{
    int i = number();
    if (i < n && i % 3) {
        out[i].x = in[i].y + in[i].z;
        out[i].z = in[i].x;
        if (i % 2)
            out[i].w = in[i].w + in[i].z;
    }
}

// What was stored is read again through another pointer, a field further on: nothing may be read before it.
extern "C" __global__ void shifted(float3 *p, int shift, int n)
{
    int i = number();
    const float3 *q = (const float3 *)((const float *)p + shift);
    if (i < n) {
        p[i].y = p[i].x + 1;
        float y = q[i].x;
        p[i].z = q[i].y + y;
        p[i].x = q[i].y;
    }
}

// Neighbours of neighbours: the fields of one lane are the next lane's too.
extern "C" __global__ void overlapping(const float *in, float *out, int n)
{
    int i = number();
    if (i < n)
        out[i] = in[i] + 2 * in[i + 1] + 3 * in[i + 2] + 4 * in[i + 3];
}

extern "C" __global__ void turns(const float4 *in, float4 *out, int n)
{
    __shared__ float4 tile[128];
    int local = threadIdx.x + blockDim.x * threadIdx.y, count = blockDim.x * blockDim.y;
    float4 sum = make_float4(0, 0, 0, 0);
    for (int i = local; i < n; i += count) {
        float4 v = in[i];
        sum.x += v.x; sum.y += v.y; sum.z += v.z; sum.w += v.w;
    }
    tile[local] = sum;
    __syncthreads();
    float4 other = tile[count - 1 - local];
    out[number()] = make_float4(other.x, tile[local].y, other.z, sum.w);
}

// One field of two, three or four; what lies between stays as it is.
template <typename T> static __device__ void pick(const T *in, T *out, int i)
{
    out[4 * i + 2] = in[2 * i];
    out[4 * i] = in[3 * i + 1] + in[2 * i + 1];
}

extern "C" __global__ void some(const double *doubles, const int *ints, const short *shorts,
                                const unsigned char *bytes, double *doubles_out, int *ints_out, short *shorts_out,
                                unsigned char *bytes_out, float3 *triples, int n)
{
    int i = number();
    if (i < n) {
        pick(doubles, doubles_out, i);
        pick(ints, ints_out, i);
        pick(shorts, shorts_out, i);
        pick(bytes, bytes_out, i);
        triples[i].y = triples[i].x;
        if (i & 1)
            triples[i].z = triples[i].y + 1;
    }
}
