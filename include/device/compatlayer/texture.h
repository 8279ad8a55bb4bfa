/* Texture fetches from objects. The work is done by functions of the device library, which are inlined where the texture
 * has one level (compiler/library/texture.c) and called for mipmaps, cubemaps and gathers (native/texture.c). */
#ifndef CPL_DEVICE_TEXTURE_H
#define CPL_DEVICE_TEXTURE_H
typedef unsigned long long cudaTextureObject_t;
enum cudaTextureAddressMode {
    cudaAddressModeWrap = 0, cudaAddressModeClamp = 1, cudaAddressModeMirror = 2, cudaAddressModeBorder = 3 };
enum cudaTextureFilterMode { cudaFilterModePoint = 0, cudaFilterModeLinear = 1 };
enum cudaTextureReadMode { cudaReadModeElementType = 0, cudaReadModeNormalizedFloat = 1 };
#define cudaTextureType1D 0x01
#define cudaTextureType2D 0x02
#define cudaTextureType3D 0x03
#define cudaTextureTypeCubemap 0x0C
#define cudaTextureType1DLayered 0xF1
#define cudaTextureType2DLayered 0xF2
#define cudaTextureTypeCubemapLayered 0xFC

typedef unsigned int cpl_word4 __attribute__((ext_vector_type(4)));
/* Reads memory, and nothing but that. */
#define CPL_READS extern "C" __attribute__((device, pure, nothrow, noconvergent))
#define CPL_FETCHES(dims, ...) \
    CPL_READS unsigned int __nv_tex##dims##d_f1(unsigned long long, __VA_ARGS__); \
    CPL_READS unsigned int __nv_tex##dims##d_i1(unsigned long long, __VA_ARGS__); \
    CPL_READS cpl_word4 __nv_tex##dims##d_f4(unsigned long long, __VA_ARGS__); \
    CPL_READS cpl_word4 __nv_tex##dims##d_i4(unsigned long long, __VA_ARGS__);
CPL_FETCHES(1, float, int)
CPL_FETCHES(2, float, float, int)
CPL_FETCHES(3, float, float, float)
#undef CPL_FETCHES
CPL_READS unsigned int __nv_texfetch_1(unsigned long long, int);
CPL_READS cpl_word4 __nv_texfetch_4(unsigned long long, int);
/* Two channels of a fetch: `what` is 1 to 3 dimensions or 4 for cubes, and 16 for the third and fourth channel. */
CPL_READS unsigned long long __nv_texture_sample(unsigned long long, unsigned int what, float, float, float, int layer,
                                                 float level);
CPL_READS unsigned long long __nv_texture_gather(unsigned long long, unsigned int what, float, float, int layer);
CPL_READS float __nv_texture_level(unsigned long long, unsigned int what, float, float, float, float, float, float);

/* What a fetch answers for a type: how many channels, whether they are integers, and the type made of them. */
template <class T> struct cpl_texel { static const int channels = 0; };
template <class T> CPL_FN T cpl_channel(unsigned int word) { return (T)word; }
template <> __host__ __device__ inline __attribute__((always_inline, nodebug)) float cpl_channel<float>(unsigned int word) {
    return __builtin_bit_cast(float, word); }
#define CPL_TEXEL(name, type, whole) \
    template <> struct cpl_texel<type> { \
        static const int channels = 1; \
        static const bool integer = whole; \
        static CPL_TEXEL_FN type of(unsigned int a, unsigned int, unsigned int, unsigned int) { \
            return cpl_channel<type>(a); } \
    }; \
    CPL_TEXELS(name, type, whole)
#define CPL_TEXELS(name, type, whole) \
    template <> struct cpl_texel<name##1> { \
        static const int channels = 1; \
        static const bool integer = whole; \
        static CPL_TEXEL_FN name##1 of(unsigned int a, unsigned int, unsigned int, unsigned int) { \
            name##1 v = {cpl_channel<type>(a)}; return v; } \
    }; \
    template <> struct cpl_texel<name##2> { \
        static const int channels = 2; \
        static const bool integer = whole; \
        static CPL_TEXEL_FN name##2 of(unsigned int a, unsigned int b, unsigned int, unsigned int) { \
            name##2 v = {cpl_channel<type>(a), cpl_channel<type>(b)}; return v; } \
    }; \
    template <> struct cpl_texel<name##4> { \
        static const int channels = 4; \
        static const bool integer = whole; \
        static CPL_TEXEL_FN name##4 of(unsigned int a, unsigned int b, unsigned int c, unsigned int d) { \
            name##4 v = {cpl_channel<type>(a), cpl_channel<type>(b), cpl_channel<type>(c), cpl_channel<type>(d)}; \
            return v; } \
    };
#define CPL_TEXEL_FN __host__ __device__ inline __attribute__((always_inline, nodebug))
CPL_TEXEL(char, signed char, true)
CPL_TEXEL(uchar, unsigned char, true)
CPL_TEXEL(short, short, true)
CPL_TEXEL(ushort, unsigned short, true)
CPL_TEXEL(int, int, true)
CPL_TEXEL(uint, unsigned int, true)
CPL_TEXEL(float, float, false)
#undef CPL_TEXEL
/* char is a type of its own; long is as wide as int in no CUDA program for Linux, and textures have no 64-bit channels. */
template <> struct cpl_texel<char> {
    static const int channels = 1;
    static const bool integer = true;
    static CPL_TEXEL_FN char of(unsigned int a, unsigned int, unsigned int, unsigned int) { return (char)a; }
};
#undef CPL_TEXELS
#undef CPL_TEXEL_FN

#define CPL_CHECK_TEXEL(T) \
    _Static_assert(cpl_texel<T>::channels != 0, "a texture fetch answers 8-, 16- or 32-bit integers or float, with 1, 2 or 4 channels")
#define CPL_FETCH(T, dims, ...) \
    CPL_CHECK_TEXEL(T); \
    if (cpl_texel<T>::channels == 1) \
        return cpl_texel<T>::of(cpl_texel<T>::integer ? __nv_tex##dims##d_i1(__VA_ARGS__) \
                                                      : __nv_tex##dims##d_f1(__VA_ARGS__), 0, 0, 0); \
    cpl_word4 v = cpl_texel<T>::integer ? __nv_tex##dims##d_i4(__VA_ARGS__) : __nv_tex##dims##d_f4(__VA_ARGS__); \
    return cpl_texel<T>::of(v.x, v.y, v.z, v.w);
#define CPL_DEVICE static __inline__ __attribute__((device, always_inline, nodebug, unused))
#define CPL_TEXTURE(name, dims, parameters, stored, arguments, ...) \
    template <class T> CPL_DEVICE T name parameters { CPL_FETCH(T, dims, __VA_ARGS__) } \
    template <class T> CPL_DEVICE void name stored { *to = name<T> arguments; }
CPL_TEXTURE(tex1D, 1, (cudaTextureObject_t t, float x), (T *to, cudaTextureObject_t t, float x), (t, x), t, x, 0)
CPL_TEXTURE(tex2D, 2, (cudaTextureObject_t t, float x, float y), (T *to, cudaTextureObject_t t, float x, float y),
            (t, x, y), t, x, y, 0)
CPL_TEXTURE(tex3D, 3, (cudaTextureObject_t t, float x, float y, float z),
            (T *to, cudaTextureObject_t t, float x, float y, float z), (t, x, y, z), t, x, y, z)
CPL_TEXTURE(tex1DLayered, 1, (cudaTextureObject_t t, float x, int layer),
            (T *to, cudaTextureObject_t t, float x, int layer), (t, x, layer), t, x, layer)
CPL_TEXTURE(tex2DLayered, 2, (cudaTextureObject_t t, float x, float y, int layer),
            (T *to, cudaTextureObject_t t, float x, float y, int layer), (t, x, y, layer), t, x, y, layer)
#undef CPL_TEXTURE
template <class T> CPL_DEVICE T tex1Dfetch(cudaTextureObject_t t, int x) {
    CPL_CHECK_TEXEL(T);
    if (cpl_texel<T>::channels == 1) return cpl_texel<T>::of(__nv_texfetch_1(t, x), 0, 0, 0);
    cpl_word4 v = __nv_texfetch_4(t, x);
    return cpl_texel<T>::of(v.x, v.y, v.z, v.w);
}
template <class T> CPL_DEVICE void tex1Dfetch(T *to, cudaTextureObject_t t, int x) { *to = tex1Dfetch<T>(t, x); }

/* Levels, cubes and gathers. */
template <class T> CPL_DEVICE T cpl_sampled(cudaTextureObject_t t, unsigned int what, float x, float y, float z, int layer,
                                            float level) {
    CPL_CHECK_TEXEL(T);
    unsigned long long low = __nv_texture_sample(t, what, x, y, z, layer, level), high = 0;
    if (cpl_texel<T>::channels == 4) high = __nv_texture_sample(t, what | 16, x, y, z, layer, level);
    return cpl_texel<T>::of((unsigned int)low, (unsigned int)(low >> 32), (unsigned int)high, (unsigned int)(high >> 32));
}
#define CPL_SAMPLED(name, parameters, stored, arguments, ...) \
    template <class T> CPL_DEVICE T name parameters { return cpl_sampled<T>(__VA_ARGS__); } \
    template <class T> CPL_DEVICE void name stored { *to = name<T> arguments; }
#define CPL_LEVELLED(name, what, x, y, z, layer, arguments, ...) \
    CPL_SAMPLED(name##Lod, (cudaTextureObject_t t, __VA_ARGS__, float level), \
                (T *to, cudaTextureObject_t t, __VA_ARGS__, float level), arguments, t, what, x, y, z, layer, level)
CPL_LEVELLED(tex1D, 1, x, 0.0f, 0.0f, 0, (t, x, level), float x)
CPL_LEVELLED(tex2D, 2, x, y, 0.0f, 0, (t, x, y, level), float x, float y)
CPL_LEVELLED(tex3D, 3, x, y, z, 0, (t, x, y, z, level), float x, float y, float z)
CPL_LEVELLED(tex1DLayered, 1, x, 0.0f, 0.0f, layer, (t, x, layer, level), float x, int layer)
CPL_LEVELLED(tex2DLayered, 2, x, y, 0.0f, layer, (t, x, y, layer, level), float x, float y, int layer)
CPL_LEVELLED(texCubemap, 4, x, y, z, 0, (t, x, y, z, level), float x, float y, float z)
CPL_LEVELLED(texCubemapLayered, 4, x, y, z, layer, (t, x, y, z, layer, level), float x, float y, float z, int layer)
#define CPL_CUBE(name, layer, arguments, ...) \
    CPL_SAMPLED(name, (cudaTextureObject_t t, __VA_ARGS__), (T *to, cudaTextureObject_t t, __VA_ARGS__), arguments, t, 4, \
                x, y, z, layer, 0.0f)
CPL_CUBE(texCubemap, 0, (t, x, y, z), float x, float y, float z)
CPL_CUBE(texCubemapLayered, layer, (t, x, y, z, layer), float x, float y, float z, int layer)
/* The level at which a step of the gradients is a texel. */
#define CPL_GRADED(name, what, x, y, z, layer, arguments, G, level, ...) \
    CPL_SAMPLED(name##Grad, (cudaTextureObject_t t, __VA_ARGS__, G dx, G dy), \
                (T *to, cudaTextureObject_t t, __VA_ARGS__, G dx, G dy), arguments, t, what, x, y, z, layer, \
                __nv_texture_level level)
CPL_GRADED(tex1D, 1, x, 0.0f, 0.0f, 0, (t, x, dx, dy), float, (t, 1, dx, 0, 0, dy, 0, 0), float x)
CPL_GRADED(tex2D, 2, x, y, 0.0f, 0, (t, x, y, dx, dy), float2, (t, 2, dx.x, dx.y, 0, dy.x, dy.y, 0), float x, float y)
CPL_GRADED(tex3D, 3, x, y, z, 0, (t, x, y, z, dx, dy), float4, (t, 3, dx.x, dx.y, dx.z, dy.x, dy.y, dy.z), float x,
           float y, float z)
CPL_GRADED(tex1DLayered, 1, x, 0.0f, 0.0f, layer, (t, x, layer, dx, dy), float, (t, 1, dx, 0, 0, dy, 0, 0), float x,
           int layer)
CPL_GRADED(tex2DLayered, 2, x, y, 0.0f, layer, (t, x, y, layer, dx, dy), float2, (t, 2, dx.x, dx.y, 0, dy.x, dy.y, 0),
           float x, float y, int layer)
#undef CPL_GRADED
#undef CPL_CUBE
#undef CPL_LEVELLED
#undef CPL_SAMPLED
/* One channel of the four texels that filtering would weight: lower left, lower right, upper right, upper left. */
template <class T> CPL_DEVICE T tex2Dgather(cudaTextureObject_t t, float x, float y, int channel = 0) {
    CPL_CHECK_TEXEL(T);
    unsigned int what = (unsigned int)channel & 3;
    unsigned long long low = __nv_texture_gather(t, what, x, y, 0), high = __nv_texture_gather(t, what | 16, x, y, 0);
    return cpl_texel<T>::of((unsigned int)low, (unsigned int)(low >> 32), (unsigned int)high, (unsigned int)(high >> 32));
}
template <class T> CPL_DEVICE void tex2Dgather(T *to, cudaTextureObject_t t, float x, float y, int channel = 0) {
    *to = tex2Dgather<T>(t, x, y, channel); }
#undef CPL_FETCH
#undef CPL_CHECK_TEXEL
#undef CPL_READS
#endif
