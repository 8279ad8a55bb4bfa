/* Texture fetches in lanes: of one level, of plain formats; anything else calls native/texture.c for each lane.
 *
 * Follows "Texture Fetching" of the CUDA C++ Programming Guide. What an object says is the same for all lanes of most
 * programs, so its branches are jumps and its fields scalars. Texels of less than a word are read as the word that they
 * lie in, which never leaves their allocation. Where CUDA leaves it open: fractions are rounded to 8 bits to nearest, a
 * coordinate that is NaN is one below the texture (with wrapping and mirroring NaN and infinities are 0), and
 * tex1Dfetch reads 0 outside. */
#include "base.h"
typedef unsigned char uint8_t;
#include "../../../../include/compatlayer/texture.h"

typedef uint32_t word4 __attribute__((ext_vector_type(4)));
typedef uint64_t word_pair __attribute__((aligned(4)));
typedef const cpl_texture *texture;
uint64_t __nv_texture_sample(uint64_t object, uint32_t what, float x, float y, float z, int32_t layer, float level);
uint64_t __nv_texture_fetch(uint64_t object, uint32_t what, int32_t x);
/* Fields do not change while a kernel runs; the build marks loads that are nontemporal here as invariant. */
#define CPL_FIELD(place) __builtin_nontemporal_load(&(place))
#define CPL_EACH(i, count) _Pragma("clang loop unroll(full)") for (int i = 0; i < (count); i++)

/* Where one axis is read: two texels, with the weight of the second in 256ths, and whether each is inside. */
typedef struct { int32_t first, second; float weight; int in_first, in_second; } span;

CPL_INLINE float folded(float x, uint32_t mode) {
    float whole = __builtin_floorf(x), part = x - whole;
    part = part >= 0.0f ? part : 0.0f; /* of NaN and infinities it is NaN */
    float half = whole * 0.5f;
    int odd = half > __builtin_floorf(half); /* not of NaN */
    float mirrored = odd ? 1.0f - part : part;
    return mode == CPL_TEXTURE_WRAP ? part : mode == CPL_TEXTURE_MIRROR ? mirrored : x;
}

CPL_INLINE int32_t placed(int32_t index, int32_t size, int32_t below, int32_t above) {
    int32_t high = index >= size ? above : index;
    return index < 0 ? below : high;
}

CPL_INLINE span spanned(float x, texture t, int axis) {
    int32_t size = CPL_FIELD(t->axis[axis].size), below = CPL_FIELD(t->axis[axis].below);
    int32_t above = CPL_FIELD(t->axis[axis].above);
    x = x * CPL_FIELD(t->axis[axis].scale) - CPL_FIELD(t->offset);
    float most = (float)size;
    x = x > -1.0f ? x : -1.0f;
    x = x < most ? x : most;
    float whole = __builtin_floorf(x);
    int32_t index = (int32_t)whole;
    span s;
    s.weight = __builtin_floorf((x - whole) * 256.0f + 0.5f) * 0x1p-8f;
    s.first = placed(index, size, below, above);
    s.second = placed(index + 1, size, below, above);
    s.in_first = (uint32_t)index < (uint32_t)size;
    s.in_second = (uint32_t)(index + 1) < (uint32_t)size;
    return s;
}

CPL_INLINE uint32_t word_at(const uint8_t *base, int32_t offset) {
    return *(const uint32_t *)(base + offset);
}

CPL_INLINE float half_value(uint32_t bits) {
#ifdef CPL_NO_FMA
    uint32_t size = bits & 0x7fffu, sign = (bits & 0x8000u) << 16;
    float subnormal = (float)(int32_t)size * 0x1p-24f, normal = float_of((size << 13) + (112u << 23));
    float special = float_of((size << 13) | 0x7f800000u);
    float result = pick_f(size >= 0x7c00u, special, pick_f(size < 0x400u, subnormal, normal));
    return float_of(bits_f(result) | sign);
#else
    return (float)__builtin_bit_cast(_Float16, (unsigned short)bits);
#endif
}

/* What an object says of its texels, asked once for all of a fetch. */
CPL_INLINE void decode(uint32_t *words, int count, texture t) {
    uint32_t kind = CPL_FIELD(t->decode), shift = 32 - CPL_FIELD(t->channel_bits);
    if (kind == CPL_TEXTURE_HALF) {
        CPL_EACH(i, count) words[i] = bits_f(half_value(words[i] & 0xffffu));
        return;
    }
    int extends = CPL_FIELD(t->is_signed) != 0;
    CPL_EACH(i, count) {
        uint32_t up = words[i] << shift;
        words[i] = extends ? (uint32_t)((int32_t)up >> shift) : up >> shift;
    }
    if (kind == CPL_TEXTURE_NORMALISED) {
        float limit = CPL_FIELD(t->limit);
        CPL_EACH(i, count) {
            float quotient = (float)(int32_t)words[i] / limit;
            words[i] = bits_f(quotient > -1.0f ? quotient : -1.0f);
        }
    }
}

/* `count` texels at byte offsets: their first channels, or all four of each, as results. */
CPL_INLINE void read_one(texture t, const uint8_t *base, const int32_t *offset, int count, uint32_t *out) {
    CPL_EACH(i, count) out[i] = word_at(base, offset[i] & ~3);
    if (CPL_FIELD(t->decode) == CPL_TEXTURE_RAW) return;
    CPL_EACH(i, count) out[i] >>= (offset[i] & 3) * 8;
    decode(out, count, t);
}
CPL_INLINE void read_four(texture t, const uint8_t *base, const int32_t *offset, int count, uint32_t *out) {
    uint32_t bytes = CPL_FIELD(t->texel_bytes), bits = CPL_FIELD(t->channel_bits);
    if (bytes == 16) {
        CPL_EACH(i, count) {
            const uint32_t *texel = (const uint32_t *)(base + offset[i]);
            out[4 * i] = texel[0], out[4 * i + 1] = texel[1], out[4 * i + 2] = texel[2], out[4 * i + 3] = texel[3];
        }
    } else if (bytes == 8) {
        CPL_EACH(i, count) {
            const uint32_t *texel = (const uint32_t *)(base + offset[i]);
            out[4 * i] = texel[0], out[4 * i + 1] = texel[1], out[4 * i + 2] = out[4 * i + 3] = 0;
        }
    } else {
        uint32_t kept = ~0u >> (32 - bytes * 8);
        CPL_EACH(i, count) {
            out[4 * i] = word_at(base, offset[i] & ~3) >> ((offset[i] & 3) * 8) & kept;
            out[4 * i + 1] = out[4 * i + 2] = out[4 * i + 3] = 0;
        }
    }
    if (CPL_FIELD(t->decode) == CPL_TEXTURE_RAW) return;
    if (bits == 8) {
        CPL_EACH(i, count) {
            out[4 * i + 1] = out[4 * i] >> 8, out[4 * i + 2] = out[4 * i] >> 16, out[4 * i + 3] = out[4 * i] >> 24;
        }
    } else if (bits == 16) {
        CPL_EACH(i, count) {
            out[4 * i + 3] = out[4 * i + 1] >> 16, out[4 * i + 2] = out[4 * i + 1], out[4 * i + 1] = out[4 * i] >> 16;
        }
    }
    decode(out, 4 * count, t);
}

CPL_INLINE void read(texture t, const uint8_t *base, const int32_t *offset, int count, int channels, uint32_t *out) {
    if (channels == 1) read_one(t, base, offset, count, out);
    else read_four(t, base, offset, count, out);
}

/* Whether a texel of an axis is one of the texture's where the axis has a border. */
CPL_INLINE int shown(int inside, texture t, int axis) {
    return inside | (CPL_FIELD(t->axis[axis].mode) != CPL_TEXTURE_BORDER);
}
CPL_INLINE void bordered(uint32_t *out, int shown_, int channels, texture t) {
    CPL_EACH(i, channels) {
        uint32_t border = CPL_FIELD(t->border[i]);
        out[i] = shown_ ? out[i] : border;
    }
}

CPL_INLINE void nearest(texture t, const uint8_t *base, const span *s, int dims, int channels, uint32_t *out) {
    int32_t pitch = (int32_t)CPL_FIELD(t->pitch_bytes), slice = (int32_t)CPL_FIELD(t->slice_bytes);
    int32_t offset = s[0].first * (int32_t)CPL_FIELD(t->texel_bytes);
    if (dims > 1) offset += s[1].first * pitch;
    if (dims > 2) offset += s[2].first * slice;
    read(t, base, &offset, 1, channels, out);
    if (!CPL_FIELD(t->has_border)) return;
    int all = shown(s[0].in_first, t, 0);
    if (dims > 1) all &= shown(s[1].in_first, t, 1);
    if (dims > 2) all &= shown(s[2].in_first, t, 2);
    bordered(out, all, channels, t);
}

CPL_INLINE float share(int second, const span *s) { return second ? s->weight : 1.0f - s->weight; }

/* Adds the texels of two rows (of a line in 1-D), weighted, to the sum: first channels, all read at once. */
CPL_INLINE float add_plane(texture t, const uint8_t *base, const span *s, int dims, int32_t start, float weight,
                           int shown_, float sum) {
    int32_t pitch = (int32_t)CPL_FIELD(t->pitch_bytes), bytes = (int32_t)CPL_FIELD(t->texel_bytes);
    int corners = dims > 1 ? 4 : 2;
    int32_t left = start + s[0].first * bytes, right = start + s[0].second * bytes, offset[4] = {left, right};
    if (dims > 1) {
        int32_t upper = s[1].first * pitch, lower = s[1].second * pitch;
        offset[0] = left + upper, offset[1] = right + upper, offset[2] = left + lower, offset[3] = right + lower;
    }
    uint32_t texels[4];
    if (dims > 1 && CPL_FIELD(t->quick) == CPL_TEXTURE_PAIRS) {
        /* Neighbours in one access, from the last but one texel at most: lanes' addresses are what gathers cost. */
        int32_t last = (CPL_FIELD(t->axis[0].size) - 2) * 4, at = s[0].first * 4 < last ? s[0].first * 4 : last;
        int is_low = s[0].first * 4 == at, is_next_low = s[0].second * 4 == at;
        CPL_EACH(i, 2) {
            uint64_t two = *(const word_pair *)(base + (offset[2 * i] - s[0].first * 4 + at));
            uint32_t low = (uint32_t)two, high = (uint32_t)(two >> 32);
            texels[2 * i] = is_low ? low : high, texels[2 * i + 1] = is_next_low ? low : high;
        }
    } else {
        read_one(t, base, offset, corners, texels);
    }
    if (CPL_FIELD(t->has_border)) {
        CPL_EACH(i, corners) {
            int here = shown_ & shown(i & 1 ? s[0].in_second : s[0].in_first, t, 0);
            if (dims > 1) here &= shown(i & 2 ? s[1].in_second : s[1].in_first, t, 1);
            bordered(texels + i, here, 1, t);
        }
    }
    CPL_EACH(i, corners) {
        float part = dims > 1 ? weight * share(i & 2, &s[1]) : weight;
        sum += part * share(i & 1, &s[0]) * float_of(texels[i]);
    }
    return sum;
}
CPL_INLINE uint32_t weighted_one(texture t, const uint8_t *base, const span *s, int dims) {
    float sum = -0.0f; /* which adds to nothing, not even to -0 */
    if (dims < 3) return bits_f(add_plane(t, base, s, dims, 0, 1.0f, 1, sum));
    int32_t slice = (int32_t)CPL_FIELD(t->slice_bytes);
#pragma clang loop unroll(disable)
    for (int i = 0; i < 2; i++)
        sum = add_plane(t, base, s, 2, (i ? s[2].second : s[2].first) * slice, share(i, &s[2]),
                        shown(i ? s[2].in_second : s[2].in_first, t, 2), sum);
    return bits_f(sum);
}

/* All channels: one texel after the other, in a loop because so much is to be read of each. */
CPL_INLINE void weighted_four(texture t, const uint8_t *base, const span *s, int dims, uint32_t *out) {
    int32_t pitch = (int32_t)CPL_FIELD(t->pitch_bytes), slice = (int32_t)CPL_FIELD(t->slice_bytes);
    int32_t bytes = (int32_t)CPL_FIELD(t->texel_bytes);
    float sum[4] = {-0.0f, -0.0f, -0.0f, -0.0f};
    if (dims == 2 && bytes == 16 && !CPL_FIELD(t->has_border)) { /* four floats: nothing but accesses */
        int32_t row[2] = {s[1].first * pitch, s[1].second * pitch};
        int32_t column[2] = {s[0].first * 16, s[0].second * 16};
        CPL_EACH(corner, 4) {
            uint32_t texels[4];
            const uint32_t *texel = (const uint32_t *)(base + (row[corner >> 1] + column[corner & 1]));
            CPL_EACH(c, 4) texels[c] = texel[c];
            float part = share(corner & 2, &s[1]) * share(corner & 1, &s[0]);
            CPL_EACH(c, 4) sum[c] += part * float_of(texels[c]);
        }
        CPL_EACH(c, 4) out[c] = bits_f(sum[c]);
        return;
    }
#pragma clang loop unroll(disable)
    for (int corner = 0; corner < 1 << dims; corner++) {
        int i = corner & 1, j = corner & 2, k = corner & 4;
        int32_t offset = (i ? s[0].second : s[0].first) * bytes;
        float part = 1.0f;
        int here = shown(i ? s[0].in_second : s[0].in_first, t, 0);
        if (dims > 1) {
            offset += (j ? s[1].second : s[1].first) * pitch;
            here &= shown(j ? s[1].in_second : s[1].in_first, t, 1);
        }
        if (dims > 2) {
            offset += (k ? s[2].second : s[2].first) * slice;
            here &= shown(k ? s[2].in_second : s[2].in_first, t, 2);
            part = share(k, &s[2]);
        }
        uint32_t texels[4];
        read_four(t, base, &offset, 1, texels);
        if (CPL_FIELD(t->has_border)) bordered(texels, here, 4, t);
        if (dims > 1) part *= share(j, &s[1]);
        part *= share(i, &s[0]);
        CPL_EACH(c, 4) sum[c] += part * float_of(texels[c]);
    }
    CPL_EACH(c, 4) out[c] = bits_f(sum[c]);
}

/* A fetch at floating-point coordinates. `filters` is 0 where the result is integers, which are never weighted. */
CPL_INLINE void sample(uint64_t object, float x, float y, float z, int32_t layer, int dims, int channels, int filters,
                       uint32_t *out) {
    texture t = (texture)object;
    if (CPL_RARE(!CPL_FIELD(t->quick))) {
        for (int pair = 0; pair * 2 < channels; pair++) {
            uint64_t two = __nv_texture_sample(object, (uint32_t)(dims | pair << 4), x, y, z, layer, 0.0f);
            out[2 * pair] = (uint32_t)two;
            if (channels > 1) out[2 * pair + 1] = (uint32_t)(two >> 32);
        }
        return;
    }
    if (CPL_FIELD(t->folds)) {
        x = folded(x, CPL_FIELD(t->axis[0].mode));
        if (dims > 1) y = folded(y, CPL_FIELD(t->axis[1].mode));
        if (dims > 2) z = folded(z, CPL_FIELD(t->axis[2].mode));
    }
    const uint8_t *base = CPL_FIELD(t->base);
    span s[3];
    s[0] = spanned(x, t, 0);
    if (dims > 1) s[1] = spanned(y, t, 1);
    if (dims > 2) s[2] = spanned(z, t, 2);
    if (dims < 3) {
        int32_t last = CPL_FIELD(t->layers) - 1;
        layer = __builtin_elementwise_max(__builtin_elementwise_min(layer, last), 0);
        base += (int64_t)layer * (int64_t)CPL_FIELD(t->slice_bytes);
    }
    if (!filters || !CPL_FIELD(t->linear)) nearest(t, base, s, dims, channels, out);
    else if (channels == 1) out[0] = weighted_one(t, base, s, dims);
    else weighted_four(t, base, s, dims, out);
}

#define CPL_FETCHES(dims, suffix, filters, x, y, z, layer, ...) \
    CPL_MATH(uint32_t, tex##dims##d_##suffix##1, uint64_t object, __VA_ARGS__) { \
        uint32_t out[4]; \
        sample(object, x, y, z, layer, dims, 1, filters, out); \
        return out[0]; \
    } \
    CPL_MATH(word4, tex##dims##d_##suffix##4, uint64_t object, __VA_ARGS__) { \
        uint32_t out[4]; \
        sample(object, x, y, z, layer, dims, 4, filters, out); \
        return (word4){out[0], out[1], out[2], out[3]}; \
    }
CPL_FETCHES(1, f, 1, x, 0.0f, 0.0f, layer, float x, int32_t layer)
CPL_FETCHES(1, i, 0, x, 0.0f, 0.0f, layer, float x, int32_t layer)
CPL_FETCHES(2, f, 1, x, y, 0.0f, layer, float x, float y, int32_t layer)
CPL_FETCHES(2, i, 0, x, y, 0.0f, layer, float x, float y, int32_t layer)
CPL_FETCHES(3, f, 1, x, y, z, 0, float x, float y, float z)
CPL_FETCHES(3, i, 0, x, y, z, 0, float x, float y, float z)

/* tex1Dfetch. Lanes that read words or four words one after the other read a range of memory. */
CPL_MATH(uint32_t, texfetch_1, uint64_t object, int32_t x) {
    texture t = (texture)object;
    if (CPL_RARE(!CPL_FIELD(t->quick))) return (uint32_t)__nv_texture_fetch(object, 0, x);
    const uint8_t *base = CPL_FIELD(t->base);
    uint32_t out = 0;
    if ((uint32_t)x >= (uint32_t)CPL_FIELD(t->axis[0].size)) return 0;
    if (CPL_FIELD(t->decode) == CPL_TEXTURE_RAW && CPL_FIELD(t->texel_bytes) == 4) return ((const uint32_t *)base)[x];
    int32_t offset = x * (int32_t)CPL_FIELD(t->texel_bytes);
    read_one(t, base, &offset, 1, &out);
    return out;
}
CPL_MATH(word4, texfetch_4, uint64_t object, int32_t x) {
    texture t = (texture)object;
    if (CPL_RARE(!CPL_FIELD(t->quick))) {
        uint64_t low = __nv_texture_fetch(object, 0, x), high = __nv_texture_fetch(object, 16, x);
        return (word4){(uint32_t)low, (uint32_t)(low >> 32), (uint32_t)high, (uint32_t)(high >> 32)};
    }
    const uint8_t *base = CPL_FIELD(t->base);
    if ((uint32_t)x >= (uint32_t)CPL_FIELD(t->axis[0].size)) return 0;
    if (CPL_FIELD(t->texel_bytes) == 16) {
        const uint32_t *texel = (const uint32_t *)base + 4 * (int64_t)x;
        return (word4){texel[0], texel[1], texel[2], texel[3]};
    }
    uint32_t out[4];
    int32_t offset = x * (int32_t)CPL_FIELD(t->texel_bytes);
    read_four(t, base, &offset, 1, out);
    return (word4){out[0], out[1], out[2], out[3]};
}
