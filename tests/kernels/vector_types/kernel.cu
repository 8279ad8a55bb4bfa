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
