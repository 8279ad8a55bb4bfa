/* Texture fetches that are made for one thread at a time: mipmaps, cubemaps, gathers, sRGB, textures of 2 GiB and more.
 *
 * What compiler/library/texture.c fetches in lanes has the same results here, bit for bit. Follows "Texture Fetching" of
 * the CUDA C++ Programming Guide; cubemap faces are from its table. Where CUDA leaves it open: the level is rounded to
 * nearest, its fraction to 8 bits; a level that is NaN is 0; gradients ask for the level of the longer one
 * (no anisotropy); of equal directions x goes before y before z. */
#include "math_library.h"
#include <compatlayer/texture.h>
#include <string.h>

#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#endif

typedef const cpl_texture *texture;
typedef const cpl_texture_level *level;
typedef struct { int32_t index[2]; int inside[2]; float weight; } span;
typedef struct { uint32_t channel[4]; } texel;

static float value_of(uint32_t bits) { float x; memcpy(&x, &bits, sizeof x); return x; }
static uint32_t bits_of(float x) { uint32_t bits; memcpy(&bits, &x, sizeof bits); return bits; }

static float half_value(uint32_t bits) {
    uint32_t size = bits & 0x7fffu, sign = (bits & 0x8000u) << 16;
    if (size >= 0x7c00u) return value_of(sign | (size << 13) | 0x7f800000u | (size > 0x7c00u ? 0x400000u : 0));
    if (size < 0x400u) return value_of(sign | bits_of((float)size * 0x1p-24f));
    return value_of(sign | ((size << 13) + (112u << 23)));
}

static float linear_of_srgb(float x) {
    return x <= 0.04045f ? x / 12.92f : (float)pow(((double)x + 0.055) / 1.055, 2.4);
}

static uint32_t decoded(texture t, uint32_t bits, int channel) {
    uint32_t shift = 32 - t->channel_bits;
    if (t->decode == CPL_TEXTURE_RAW) return bits;
    if (t->decode == CPL_TEXTURE_HALF) return bits_of(half_value(bits));
    int32_t value = t->is_signed ? (int32_t)(bits << shift) >> shift : (int32_t)bits;
    if (t->decode == CPL_TEXTURE_INTEGER) return (uint32_t)value;
    float x = (float)value / t->limit;
    x = x > -1.0f ? x : -1.0f;
    return bits_of(t->decode == CPL_TEXTURE_SRGB && channel < 3 ? linear_of_srgb(x) : x);
}

static texel texel_at(texture t, const uint8_t *place) {
    texel found = {{0, 0, 0, 0}};
    if (t->decode == CPL_TEXTURE_10_10_10_2) {
        uint32_t word;
        memcpy(&word, place, sizeof word);
        for (int i = 0; i < 3; i++) found.channel[i] = bits_of((float)((word >> (10 * i)) & 0x3ff) / 1023.0f);
        found.channel[3] = bits_of((float)(word >> 30) / 3.0f);
        return found;
    }
    uint32_t bytes = t->channel_bits / 8;
    for (uint32_t i = 0; i < t->channels; i++) {
        uint32_t bits = 0;
        memcpy(&bits, place + i * bytes, bytes);
        found.channel[i] = decoded(t, bits, (int)i);
    }
    return found;
}

/* ---- where a coordinate is ------------------------------------------------------------------------ */
static float folded(float x, uint32_t mode) {
    if (mode != CPL_TEXTURE_WRAP && mode != CPL_TEXTURE_MIRROR) return x;
    float whole = floorf(x), part = x - whole, half = whole * 0.5f;
    part = part >= 0.0f ? part : 0.0f;
    return mode == CPL_TEXTURE_MIRROR && half > floorf(half) ? 1.0f - part : part;
}

static int32_t placed(int32_t index, int32_t size, uint32_t mode) {
    if (index < 0) return mode == CPL_TEXTURE_WRAP ? size - 1 : 0;
    return index < size ? index : mode == CPL_TEXTURE_WRAP ? 0 : size - 1;
}

static span spanned(float x, int32_t size, uint32_t mode, int normalised, float offset) {
    x = folded(x, mode) * (normalised ? (float)size : 1.0f) - offset;
    x = x > -1.0f ? x : -1.0f;
    x = x < (float)size ? x : (float)size;
    float whole = floorf(x);
    int32_t index = (int32_t)whole;
    span s;
    s.weight = floorf((x - whole) * 256.0f + 0.5f) * 0x1p-8f;
    for (int i = 0; i < 2; i++) {
        s.index[i] = placed(index + i, size, mode);
        s.inside[i] = mode != CPL_TEXTURE_BORDER || (uint32_t)(index + i) < (uint32_t)size;
    }
    return s;
}

static const uint8_t *place_of(texture t, level l, int32_t x, int32_t y, int64_t z) {
    return l->base + (uint64_t)z * l->slice_bytes + (uint64_t)(uint32_t)y * l->pitch_bytes
           + (uint64_t)(uint32_t)x * t->texel_bytes;
}

static void add(float *sum, texel found, float share) {
    for (int i = 0; i < 4; i++) sum[i] += share * value_of(found.channel[i]);
}

static texel of_sums(const float *sum) {
    texel found;
    for (int i = 0; i < 4; i++) found.channel[i] = bits_of(sum[i]);
    return found;
}

/* ---- one level ------------------------------------------------------------------------------------ */
static int32_t layer_of(texture t, int32_t layer) {
    return layer < 0 ? 0 : layer >= t->layers ? t->layers - 1 : layer;
}

static texel plain_level(texture t, level l, int dims, const float *at, int32_t layer) {
    span s[3];
    for (int i = 0; i < 3; i++)
        s[i] = i < dims ? spanned(at[i], l->size[i], t->axis[i].mode, (int)t->normalised, t->offset)
                        : (span){{0, 0}, {1, 1}, 0.0f};
    float sum[4] = {-0.0f, -0.0f, -0.0f, -0.0f};
    texel border;
    memcpy(border.channel, t->border, sizeof border.channel);
    for (int corner = 0; corner < (t->linear ? 1 << dims : 1); corner++) {
        int i = corner & 1, j = corner >> 1 & 1, k = corner >> 2;
        int64_t z = dims < 3 ? layer_of(t, layer) : s[2].index[k];
        int inside = s[0].inside[i] && s[1].inside[j] && s[2].inside[k];
        texel found = inside ? texel_at(t, place_of(t, l, s[0].index[i], s[1].index[j], z)) : border;
        if (!t->linear) return found;
        float share = dims < 3 ? 1.0f : k ? s[2].weight : 1.0f - s[2].weight;
        if (dims > 1) share *= j ? s[1].weight : 1.0f - s[1].weight;
        add(sum, found, share * (i ? s[0].weight : 1.0f - s[0].weight));
    }
    return of_sums(sum);
}

/* ---- cubemaps: a face and two coordinates of it within [-1, 1] -------------------------------------- */
typedef struct { int face; float s, t; } on_face;

static on_face faced(float x, float y, float z) {
    float ax = fabsf(x), ay = fabsf(y), az = fabsf(z);
    if (ax >= ay && ax >= az) return (on_face){x < 0, (x < 0 ? z : -z) / ax, -y / ax};
    if (ay >= az) return (on_face){2 + (y < 0), x / ay, (y < 0 ? -z : z) / ay};
    return (on_face){4 + (z < 0), (z < 0 ? -x : x) / az, -y / az};
}

static void direction(int face, float s, float t, float *to) {
    const float all[6][3] = {{1, -t, -s}, {-1, -t, s}, {s, 1, t}, {s, -1, -t}, {s, -t, 1}, {-s, -t, -1}};
    memcpy(to, all[face], sizeof all[face]);
}

/* A texel of a face, or the one of the neighbouring face behind its edge. */
static texel across(texture t, level l, int32_t cube, int face, int32_t x, int32_t y) {
    int32_t size = l->size[0];
    if ((uint32_t)x >= (uint32_t)size || (uint32_t)y >= (uint32_t)size) {
        float to[3];
        direction(face, 2.0f * ((float)x + 0.5f) / (float)size - 1.0f, 2.0f * ((float)y + 0.5f) / (float)size - 1.0f, to);
        on_face other = faced(to[0], to[1], to[2]);
        face = other.face;
        x = placed((int32_t)floorf((other.s + 1.0f) * 0.5f * (float)size), size, CPL_TEXTURE_CLAMP);
        y = placed((int32_t)floorf((other.t + 1.0f) * 0.5f * (float)size), size, CPL_TEXTURE_CLAMP);
    }
    return texel_at(t, place_of(t, l, x, y, (int64_t)cube * 6 + face));
}

/* Filtering over the edges of a face; a corner has three texels, and their mean is the fourth. */
static texel seamless(texture t, level l, int32_t cube, on_face at) {
    int32_t size = l->size[0], x[2], y[2];
    float coordinate[2] = {(at.s + 1.0f) * 0.5f * (float)size - 0.5f, (at.t + 1.0f) * 0.5f * (float)size - 0.5f};
    float weight[2];
    for (int i = 0; i < 2; i++) {
        float whole = floorf(coordinate[i]);
        weight[i] = floorf((coordinate[i] - whole) * 256.0f + 0.5f) * 0x1p-8f;
        (i ? y : x)[0] = (int32_t)whole, (i ? y : x)[1] = (int32_t)whole + 1;
    }
    texel found[4];
    int lost = -1;
    for (int i = 0; i < 4; i++) {
        int32_t cx = x[i & 1], cy = y[i >> 1];
        if ((uint32_t)cx >= (uint32_t)size && (uint32_t)cy >= (uint32_t)size) lost = i;
        else found[i] = across(t, l, cube, at.face, cx, cy);
    }
    if (lost >= 0) {
        float mean[4] = {0, 0, 0, 0};
        for (int i = 0; i < 4; i++)
            if (i != lost) add(mean, found[i], 1.0f);
        for (int i = 0; i < 4; i++) mean[i] /= 3.0f;
        found[lost] = of_sums(mean);
    }
    float sum[4] = {-0.0f, -0.0f, -0.0f, -0.0f};
    for (int i = 0; i < 4; i++)
        add(sum, found[i], (i & 2 ? weight[1] : 1.0f - weight[1]) * (i & 1 ? weight[0] : 1.0f - weight[0]));
    return of_sums(sum);
}

static texel cube_level(texture t, level l, const float *at, int32_t layer) {
    on_face found = faced(at[0], at[1], at[2]);
    int32_t cubes = t->layers / 6, cube = layer < 0 ? 0 : layer >= cubes ? cubes - 1 : layer;
    if (found.s != found.s || found.t != found.t) found.s = found.t = 0.0f; /* of no direction at all */
    if (t->seamless && t->linear) return seamless(t, l, cube, found);
    float sum[4] = {-0.0f, -0.0f, -0.0f, -0.0f}, place[2] = {(found.s + 1.0f) * 0.5f, (found.t + 1.0f) * 0.5f};
    span s[2];
    for (int i = 0; i < 2; i++)
        s[i] = spanned(place[i], l->size[i], t->seamless ? CPL_TEXTURE_CLAMP : t->axis[i].mode, 1, t->offset);
    texel border;
    memcpy(border.channel, t->border, sizeof border.channel);
    for (int corner = 0; corner < (t->linear ? 4 : 1); corner++) {
        int i = corner & 1, j = corner >> 1;
        texel here = s[0].inside[i] && s[1].inside[j]
            ? texel_at(t, place_of(t, l, s[0].index[i], s[1].index[j], (int64_t)cube * 6 + found.face)) : border;
        if (!t->linear) return here;
        add(sum, here, (j ? s[1].weight : 1.0f - s[1].weight) * (i ? s[0].weight : 1.0f - s[0].weight));
    }
    return of_sums(sum);
}

/* ---- levels ---------------------------------------------------------------------------------------- */
static texel one_level(texture t, uint32_t number, uint32_t kind, const float *at, int32_t layer) {
    level l = &t->level[number];
    return kind == 4 ? cube_level(t, l, at, layer) : plain_level(t, l, (int)kind, at, layer);
}

static texel all_levels(texture t, uint32_t kind, const float *at, int32_t layer, float wanted) {
    if (t->levels == 1) return one_level(t, 0, kind, at, layer);
    float last = (float)(t->levels - 1), least = t->level_least;
    wanted = (wanted == wanted ? wanted : 0.0f) + t->level_bias;
    wanted = wanted < t->level_most ? wanted : t->level_most;
    wanted = wanted > least ? wanted : least;
    wanted = wanted > 0.0f ? wanted : 0.0f;
    wanted = wanted < last ? wanted : last;
    if (!t->level_linear) return one_level(t, (uint32_t)floorf(wanted + 0.5f), kind, at, layer);
    float whole = floorf(wanted), weight = floorf((wanted - whole) * 256.0f + 0.5f) * 0x1p-8f;
    texel fine = one_level(t, (uint32_t)whole, kind, at, layer);
    if (weight == 0.0f) return fine;
    texel coarse = one_level(t, (uint32_t)whole + 1, kind, at, layer);
    for (int i = 0; i < 4; i++)
        fine.channel[i] = bits_of((1.0f - weight) * value_of(fine.channel[i]) + weight * value_of(coarse.channel[i]));
    return fine;
}

/* ---- what device code calls ------------------------------------------------------------------------ */
static texture at_address(uint64_t object) { return (texture)(uintptr_t)object; }

static uint64_t two_of(texel found, uint32_t what) {
    int first = what & 16 ? 2 : 0;
    return found.channel[first] | (uint64_t)found.channel[first + 1] << 32;
}

/* `what`: 1 to 3 dimensions or 4 for a cube; 16: the third and fourth channel, else the first two. */
CPL_MATH(uint64_t, texture_sample, uint64_t object, uint32_t what, float x, float y, float z, int32_t layer,
         float wanted) {
    float at[3] = {x, y, z};
    return two_of(all_levels(at_address(object), what & 7, at, layer, wanted), what);
}

CPL_MATH(uint64_t, texture_fetch, uint64_t object, uint32_t what, int32_t x) {
    texture t = at_address(object);
    texel none = {{0, 0, 0, 0}};
    if ((uint32_t)x >= (uint32_t)t->axis[0].size) return 0;
    return two_of(t->levels ? texel_at(t, place_of(t, t->level, x, 0, 0)) : none, what);
}

/* `what`: the channel, and 16 as above. Of the texels that filtering would weight: (0,1) (1,1) (1,0) (0,0). */
CPL_MATH(uint64_t, texture_gather, uint64_t object, uint32_t what, float x, float y, int32_t layer) {
    texture t = at_address(object);
    level l = t->level;
    span sx = spanned(x, l->size[0], t->axis[0].mode, (int)t->normalised, 0.5f);
    span sy = spanned(y, l->size[1], t->axis[1].mode, (int)t->normalised, 0.5f);
    const int columns[4] = {0, 1, 1, 0}, rows[4] = {1, 1, 0, 0};
    texel gathered;
    for (int n = 0; n < 4; n++) {
        int i = columns[n], j = rows[n];
        gathered.channel[n] = sx.inside[i] && sy.inside[j]
            ? texel_at(t, place_of(t, l, sx.index[i], sy.index[j], layer_of(t, layer))).channel[what & 3]
            : t->border[what & 3];
    }
    return two_of(gathered, what);
}

/* The level at which the longer of two steps is one texel; coordinates as the texture has them. */
CPL_MATH(float, texture_level, uint64_t object, uint32_t what, float xx, float xy, float xz, float yx, float yy,
         float yz) {
    texture t = at_address(object);
    float steps[2][3] = {{xx, xy, xz}, {yx, yy, yz}}, longest = 0.0f;
    for (int n = 0; n < 2; n++) {
        float length = 0.0f;
        for (uint32_t i = 0; i < (what & 7) && i < 3; i++) {
            float step = steps[n][i] * (t->normalised ? (float)t->level->size[i] : 1.0f);
            length += step * step;
        }
        longest = length > longest ? length : longest;
    }
    return longest > 0.0f ? 0.5f * log2f(longest) : -INFINITY;
}
