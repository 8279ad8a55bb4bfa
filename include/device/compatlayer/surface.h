/* Surface loads and stores: x counts bytes, nothing is converted. An object's handle is the address of a cpl_texture
 * (include/compatlayer/texture.h), whose offsets are named here. */
#ifndef CPL_DEVICE_SURFACE_H
#define CPL_DEVICE_SURFACE_H
typedef unsigned long long cudaSurfaceObject_t;
enum cudaSurfaceBoundaryMode { cudaBoundaryModeZero = 0, cudaBoundaryModeClamp = 1, cudaBoundaryModeTrap = 2 };
enum cudaSurfaceFormatMode { cudaFormatModeForced = 0, cudaFormatModeAuto = 1 };
#define cudaSurfaceType1D 0x01
#define cudaSurfaceType2D 0x02
#define cudaSurfaceType3D 0x03
#define cudaSurfaceTypeCubemap 0x0C
#define cudaSurfaceType1DLayered 0xF1
#define cudaSurfaceType2DLayered 0xF2
#define cudaSurfaceTypeCubemapLayered 0xFC

#define CPL_SURFACE_FN static __inline__ __attribute__((device, always_inline, nodebug, unused))
struct cpl_surface {
    char *base;
    unsigned int before_bytes[3];
    unsigned int texel_bytes;
    unsigned int before_width[7];
    int width;
    unsigned int before_height[4];
    int height;
    unsigned int before_depth[4];
    int depth;
    unsigned int before_pitch[3];
    unsigned int pitch_bytes;
    unsigned long long slice_bytes;
    int layers;
};

/* Where an element is; null where the mode is zero and it is outside. An x that is no multiple of the element's size
 * traps: addresses are aligned. */
template <class T> CPL_SURFACE_FN char *cpl_surface_place(cudaSurfaceObject_t s, int x, int y, int z, int dims,
                                                          bool layered, cudaSurfaceBoundaryMode mode) {
    _Static_assert(sizeof(T) <= 16 && (sizeof(T) & (sizeof(T) - 1)) == 0,
                   "a surface is read and written in elements of 1, 2, 4, 8 or 16 bytes");
    const cpl_surface *surface = (const cpl_surface *)s;
    int size = (int)sizeof(T);
    int width = surface->width * (int)surface->texel_bytes - size;
    int height = surface->height - 1, depth = (layered ? surface->layers : surface->depth) - 1;
    if (mode == cudaBoundaryModeClamp) {
        x = x < 0 ? 0 : x > width ? width : x;
        if (dims > 1) y = y < 0 ? 0 : y > height ? height : y;
        if (dims > 2 || layered) z = z < 0 ? 0 : z > depth ? depth : z;
    } else {
        bool inside = (unsigned int)x <= (unsigned int)width;
        if (dims > 1) inside = inside && (unsigned int)y <= (unsigned int)height;
        if (dims > 2 || layered) inside = inside && (unsigned int)z <= (unsigned int)depth;
        if (mode == cudaBoundaryModeTrap) {
            if (!inside) __builtin_trap();
        } else if (!inside) {
            return 0;
        }
    }
    if (width < 0 || (sizeof(T) > 1 && (x & (size - 1)))) __builtin_trap();
    char *base = surface->base;
    if (dims > 2 || layered) base += (long long)z * surface->slice_bytes;
    if (dims > 1) base += (long long)y * surface->pitch_bytes;
    return base + x;
}

template <class T> CPL_SURFACE_FN T cpl_surface_read(const char *place) {
    if (place) return *(const T *)place;
    T none;
    __builtin_memset(&none, 0, sizeof none);
    return none;
}
template <class T> CPL_SURFACE_FN void cpl_surface_write(char *place, const T &value) {
    if (place) *(T *)place = value;
}

#define CPL_SURFACE(name, dims, layered, px, py, pz, ...) \
    template <class T> CPL_SURFACE_FN T name##read(cudaSurfaceObject_t s, __VA_ARGS__, \
                                                   cudaSurfaceBoundaryMode mode = cudaBoundaryModeTrap) { \
        return cpl_surface_read<T>(cpl_surface_place<T>(s, px, py, pz, dims, layered, mode)); } \
    template <class T> CPL_SURFACE_FN void name##read(T *to, cudaSurfaceObject_t s, __VA_ARGS__, \
                                                      cudaSurfaceBoundaryMode mode = cudaBoundaryModeTrap) { \
        *to = cpl_surface_read<T>(cpl_surface_place<T>(s, px, py, pz, dims, layered, mode)); } \
    template <class T> CPL_SURFACE_FN void name##write(T value, cudaSurfaceObject_t s, __VA_ARGS__, \
                                                       cudaSurfaceBoundaryMode mode = cudaBoundaryModeTrap) { \
        cpl_surface_write<T>(cpl_surface_place<T>(s, px, py, pz, dims, layered, mode), value); }
CPL_SURFACE(surf1D, 1, false, x, 0, 0, int x)
CPL_SURFACE(surf2D, 2, false, x, y, 0, int x, int y)
CPL_SURFACE(surf3D, 3, false, x, y, z, int x, int y, int z)
CPL_SURFACE(surf1DLayered, 1, true, x, 0, layer, int x, int layer)
CPL_SURFACE(surf2DLayered, 2, true, x, y, layer, int x, int y, int layer)
CPL_SURFACE(surfCubemap, 2, true, x, y, face, int x, int y, int face)
CPL_SURFACE(surfCubemapLayered, 2, true, x, y, layer_and_face, int x, int y, int layer_and_face)
#undef CPL_SURFACE
#undef CPL_SURFACE_FN
#endif
