/* Texture and surface references, which CUDA's C++ had until CUDA 11: variables that hold an object, which the driver
 * API binds (cuTexRef*, cuSurfRef*). Sources that declare one get this header and the variables get their space
 * (compiler/frontends/references.py). The mark tells the driver API that a variable is one. */
#ifndef CPL_DEVICE_REFERENCES_H
#define CPL_DEVICE_REFERENCES_H
/* CUDA 11.8 was the last to take such a source, and headers ask which CUDA they are in. */
#undef __CUDACC_VER_MAJOR__
#undef __CUDACC_VER_MINOR__
#undef CUDA_VERSION
#undef CUDART_VERSION
#define __CUDACC_VER_MAJOR__ 11
#define __CUDACC_VER_MINOR__ 8
#define CUDA_VERSION 11080
#define CUDART_VERSION 11080

/* The first CUDAs had these by names without underscores, too. A program's own are preferred. */
template <int = 0> static __inline__ __attribute__((device, always_inline)) float int_as_float(int i) {
    return __int_as_float(i); }
template <int = 0> static __inline__ __attribute__((device, always_inline)) int float_as_int(float f) {
    return __float_as_int(f); }

template <class T, int dims = cudaTextureType1D, cudaTextureReadMode mode = cudaReadModeElementType>
struct texture {
    cudaTextureObject_t object = 0;
    unsigned int mark = 0x46525854;
    unsigned short kind = dims, normalised_floats = mode;
    unsigned int flags, filter, address, spare = 0;
    constexpr __host__ __device__ texture(int normalised = 0, cudaTextureFilterMode filtering = cudaFilterModePoint,
                                          cudaTextureAddressMode addressing = cudaAddressModeClamp)
        : flags(normalised ? 2 : 0), filter(filtering), address(addressing) {}
};
template <class T, int dims = cudaSurfaceType1D> struct surface {
    cudaSurfaceObject_t object = 0;
    unsigned int mark = 0x46525553;
    unsigned short kind = dims, unused = 0;
    unsigned int spare[4] = {};
    constexpr __host__ __device__ surface() {}
};

template <class T, cudaTextureReadMode mode> struct cpl_fetched { typedef T type; };
#define CPL_FETCHED(from, to) template <> struct cpl_fetched<from, cudaReadModeNormalizedFloat> { typedef to type; };
#define CPL_FETCHED_ALL(type, name) \
    CPL_FETCHED(type, float) CPL_FETCHED(name##1, float1) CPL_FETCHED(name##2, float2) CPL_FETCHED(name##4, float4)
CPL_FETCHED_ALL(signed char, char)
CPL_FETCHED_ALL(unsigned char, uchar)
CPL_FETCHED_ALL(short, short)
CPL_FETCHED_ALL(unsigned short, ushort)
CPL_FETCHED(char, float)
#undef CPL_FETCHED_ALL
#undef CPL_FETCHED

#define CPL_REFERENCE_FN static __inline__ __attribute__((device, always_inline, nodebug, unused))
#define CPL_TEXTURE_REFERENCE(name, dims) \
    template <class T, cudaTextureReadMode mode, class... A> \
    CPL_REFERENCE_FN typename cpl_fetched<T, mode>::type name(const texture<T, dims, mode> &t, A... a) { \
        return name<typename cpl_fetched<T, mode>::type>(t.object, a...); }
CPL_TEXTURE_REFERENCE(tex1Dfetch, cudaTextureType1D)
#define CPL_TEXTURE_REFERENCES(name, dims) \
    CPL_TEXTURE_REFERENCE(name, dims) CPL_TEXTURE_REFERENCE(name##Lod, dims) CPL_TEXTURE_REFERENCE(name##Grad, dims)
CPL_TEXTURE_REFERENCES(tex1D, cudaTextureType1D)
CPL_TEXTURE_REFERENCES(tex2D, cudaTextureType2D)
CPL_TEXTURE_REFERENCES(tex3D, cudaTextureType3D)
CPL_TEXTURE_REFERENCES(tex1DLayered, cudaTextureType1DLayered)
CPL_TEXTURE_REFERENCES(tex2DLayered, cudaTextureType2DLayered)
CPL_TEXTURE_REFERENCES(texCubemap, cudaTextureTypeCubemap)
CPL_TEXTURE_REFERENCES(texCubemapLayered, cudaTextureTypeCubemapLayered)
CPL_TEXTURE_REFERENCE(tex2Dgather, cudaTextureType2D)
#undef CPL_TEXTURE_REFERENCES
#undef CPL_TEXTURE_REFERENCE

#define CPL_SURFACE_REFERENCE(name, dims) \
    template <class R, class T, class... A> CPL_REFERENCE_FN R name##read(const surface<T, dims> &s, A... a) { \
        return name##read<R>(s.object, a...); } \
    template <class R, class T, class... A> CPL_REFERENCE_FN void name##read(R *to, const surface<T, dims> &s, A... a) { \
        *to = name##read<R>(s.object, a...); } \
    template <class R, class T, class... A> CPL_REFERENCE_FN void name##write(R value, const surface<T, dims> &s, A... a) { \
        name##write<R>(value, s.object, a...); }
CPL_SURFACE_REFERENCE(surf1D, cudaSurfaceType1D)
CPL_SURFACE_REFERENCE(surf2D, cudaSurfaceType2D)
CPL_SURFACE_REFERENCE(surf3D, cudaSurfaceType3D)
CPL_SURFACE_REFERENCE(surf1DLayered, cudaSurfaceType1DLayered)
CPL_SURFACE_REFERENCE(surf2DLayered, cudaSurfaceType2DLayered)
CPL_SURFACE_REFERENCE(surfCubemap, cudaSurfaceTypeCubemap)
CPL_SURFACE_REFERENCE(surfCubemapLayered, cudaSurfaceTypeCubemapLayered)
#undef CPL_SURFACE_REFERENCE
#undef CPL_REFERENCE_FN
#endif
