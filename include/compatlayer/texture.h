/* What a texture or surface object is to device code: its handle is the address of a cpl_texture.
 *
 * core/texture_descriptor.py writes it; the inlined fetches (compiler/library/texture.c), those that are called lane by
 * lane (native/texture.c) and the surface functions of include/device read it. A test compares the offsets. It never
 * changes while the object lives; that of a destroyed object has an address that faults. The includer has uint32_t. */
#ifndef COMPATLAYER_TEXTURE_H
#define COMPATLAYER_TEXTURE_H

/* How a channel's bits become a result. */
enum { CPL_TEXTURE_RAW, CPL_TEXTURE_INTEGER, CPL_TEXTURE_NORMALISED, CPL_TEXTURE_HALF, CPL_TEXTURE_SRGB,
       CPL_TEXTURE_10_10_10_2 };
enum { CPL_TEXTURE_WRAP, CPL_TEXTURE_CLAMP, CPL_TEXTURE_MIRROR, CPL_TEXTURE_BORDER };

/* Whether the inlined fetches serve a texture: it has one level, offsets of 31 bits and a plain format. Pairs are of
 * texels of a word that are filtered with the one to the right of them, or with themselves. */
enum { CPL_TEXTURE_SLOW, CPL_TEXTURE_QUICK, CPL_TEXTURE_PAIRS };

typedef struct cpl_texture_axis {
    float scale;     /* what a coordinate is multiplied with: the extent of normalised ones, else 1 */
    int32_t size;    /* texels */
    int32_t below;   /* the texel read for -1: 0, or the last one where the axis wraps */
    int32_t above;   /* the texel read for `size` */
    uint32_t mode;   /* CPL_TEXTURE_WRAP, ... */
} cpl_texture_axis;

typedef struct cpl_texture_level {
    const uint8_t *base;
    int32_t size[3];
    uint32_t pitch_bytes;
    uint64_t slice_bytes;
} cpl_texture_level;

typedef struct cpl_texture {
    const uint8_t *base;          /* of the finest level */
    uint32_t quick;               /* CPL_TEXTURE_SLOW, ... */
    uint32_t linear;
    uint32_t decode;              /* CPL_TEXTURE_RAW, ... */
    uint32_t texel_bytes;
    uint32_t channel_bits;
    uint32_t is_signed;
    float limit;                  /* what normalised integers are divided by */
    float offset;                 /* 0.5 where neighbours are weighted, else 0 */
    uint32_t folds;               /* whether an axis wraps or mirrors */
    uint32_t has_border;          /* whether an axis has a border */
    cpl_texture_axis axis[3];
    uint32_t pitch_bytes;
    uint64_t slice_bytes;         /* of one slice, layer or face */
    int32_t layers;               /* layers or faces; 1 without */
    uint32_t channels;
    uint32_t border[4];           /* as results */
    uint32_t levels;
    uint32_t level_linear;        /* whether neighbouring levels are weighted */
    float level_bias, level_least, level_most;
    uint32_t seamless;
    uint32_t is_cube;
    uint32_t normalised;          /* coordinates */
    const cpl_texture_level *level;
} cpl_texture;

#endif
