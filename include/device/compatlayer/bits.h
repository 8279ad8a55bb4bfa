/* Integer intrinsics: counts, reversal, permutation, funnel shifts, wide products, sums of differences, dot products. */
#ifndef CPL_DEVICE_BITS_H
#define CPL_DEVICE_BITS_H
CPL_FN int __popc(unsigned int x) { return __builtin_popcount(x); }
CPL_FN int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
CPL_FN int __clz(int x) { return x ? __builtin_clz((unsigned int)x) : 32; }
CPL_FN int __clzll(long long x) { return x ? __builtin_clzll((unsigned long long)x) : 64; }
CPL_FN int __ffs(int x) { return __builtin_ffs(x); }
CPL_FN int __ffsll(long long x) { return __builtin_ffsll(x); }
CPL_FN unsigned int __brev(unsigned int x) { return __builtin_bitreverse32(x); }
CPL_FN unsigned long long __brevll(unsigned long long x) { return __builtin_bitreverse64(x); }
/* Position of the n-th set bit from `base`, upwards for positive and downwards for negative offsets; else ~0. */
CPL_FN unsigned int __fns(unsigned int mask, unsigned int base, int offset) {
    if (base > 31) return 0xffffffffu;
    if (offset == 0) return (mask >> base) & 1u ? base : 0xffffffffu;
    int step = offset > 0 ? 1 : -1, left = offset > 0 ? offset : -offset;
    for (int i = (int)base; i >= 0 && i < 32; i += step)
        if ((mask >> i) & 1u && --left == 0) return (unsigned int)i;
    return 0xffffffffu;
}
CPL_FN unsigned int __byte_perm(unsigned int x, unsigned int y, unsigned int s) {
    unsigned long long bytes = ((unsigned long long)y << 32) | x;
    return (unsigned int)((bytes >> (8 * (s & 7))) & 0xff) |
           (unsigned int)((bytes >> (8 * ((s >> 4) & 7))) & 0xff) << 8 |
           (unsigned int)((bytes >> (8 * ((s >> 8) & 7))) & 0xff) << 16 |
           (unsigned int)((bytes >> (8 * ((s >> 12) & 7))) & 0xff) << 24;
}
#define CPL_PAIR(hi, lo) (((unsigned long long)(hi) << 32) | (lo))
CPL_FN unsigned int __funnelshift_l(unsigned int lo, unsigned int hi, unsigned int shift) {
    return (unsigned int)((CPL_PAIR(hi, lo) << (shift & 31)) >> 32); }
CPL_FN unsigned int __funnelshift_lc(unsigned int lo, unsigned int hi, unsigned int shift) {
    return shift >= 32 ? lo : (unsigned int)((CPL_PAIR(hi, lo) << shift) >> 32); }
CPL_FN unsigned int __funnelshift_r(unsigned int lo, unsigned int hi, unsigned int shift) {
    return (unsigned int)(CPL_PAIR(hi, lo) >> (shift & 31)); }
CPL_FN unsigned int __funnelshift_rc(unsigned int lo, unsigned int hi, unsigned int shift) {
    return shift >= 32 ? hi : (unsigned int)(CPL_PAIR(hi, lo) >> shift); }
#undef CPL_PAIR
CPL_FN int __mul24(int x, int y) {
    return (int)((unsigned int)((int)((unsigned int)x << 8) >> 8) * (unsigned int)((int)((unsigned int)y << 8) >> 8)); }
CPL_FN unsigned int __umul24(unsigned int x, unsigned int y) { return (x & 0xffffffu) * (y & 0xffffffu); }
CPL_FN int mul24(int x, int y) { return __mul24(x, y); }
CPL_FN unsigned int umul24(unsigned int x, unsigned int y) { return __umul24(x, y); }
CPL_FN int __mulhi(int x, int y) { return (int)(((long long)x * y) >> 32); }
CPL_FN unsigned int __umulhi(unsigned int x, unsigned int y) {
    return (unsigned int)(((unsigned long long)x * y) >> 32); }
CPL_FN long long __mul64hi(long long x, long long y) { return (long long)(((__int128)x * y) >> 64); }
CPL_FN unsigned long long __umul64hi(unsigned long long x, unsigned long long y) {
    return (unsigned long long)(((unsigned __int128)x * y) >> 64); }
CPL_FN int mulhi(int x, int y) { return __mulhi(x, y); }
CPL_FN unsigned int umulhi(unsigned int x, unsigned int y) { return __umulhi(x, y); }
CPL_FN long long mul64hi(long long x, long long y) { return __mul64hi(x, y); }
CPL_FN unsigned long long umul64hi(unsigned long long x, unsigned long long y) { return __umul64hi(x, y); }
CPL_FN unsigned int __sad(int x, int y, unsigned int z) {
    return z + (x > y ? (unsigned int)x - (unsigned int)y : (unsigned int)y - (unsigned int)x); }
CPL_FN unsigned int __usad(unsigned int x, unsigned int y, unsigned int z) { return z + (x > y ? x - y : y - x); }
CPL_FN int __hadd(int x, int y) { return (int)(((long long)x + y) >> 1); }
CPL_FN int __rhadd(int x, int y) { return (int)(((long long)x + y + 1) >> 1); }
CPL_FN unsigned int __uhadd(unsigned int x, unsigned int y) {
    return (unsigned int)(((unsigned long long)x + y) >> 1); }
CPL_FN unsigned int __urhadd(unsigned int x, unsigned int y) {
    return (unsigned int)(((unsigned long long)x + y + 1) >> 1); }

#define CPL_BYTE(x, i, type) ((type)((unsigned int)(x) >> (8 * (i))))
#define CPL_HALF(x, i, type) ((type)((unsigned int)(x) >> (16 * (i))))
CPL_FN int __dp4a(int a, int b, int c) {
    int sum = 0;
    for (int i = 0; i < 4; i++) sum += CPL_BYTE(a, i, signed char) * CPL_BYTE(b, i, signed char);
    return (int)((unsigned int)c + (unsigned int)sum);
}
CPL_FN unsigned int __dp4a(unsigned int a, unsigned int b, unsigned int c) {
    for (int i = 0; i < 4; i++) c += (unsigned int)CPL_BYTE(a, i, unsigned char) * CPL_BYTE(b, i, unsigned char);
    return c;
}
CPL_FN int __dp4a(char4 a, char4 b, int c) {
    return __dp4a(__builtin_bit_cast(int, a), __builtin_bit_cast(int, b), c); }
CPL_FN unsigned int __dp4a(uchar4 a, uchar4 b, unsigned int c) {
    return __dp4a(__builtin_bit_cast(unsigned int, a), __builtin_bit_cast(unsigned int, b), c); }
#define CPL_DP2A(name, first) \
    CPL_FN int name(int a, int b, int c) { \
        int sum = 0; \
        for (int i = 0; i < 2; i++) sum += CPL_HALF(a, i, short) * CPL_BYTE(b, i + first, signed char); \
        return (int)((unsigned int)c + (unsigned int)sum); } \
    CPL_FN unsigned int name(unsigned int a, unsigned int b, unsigned int c) { \
        for (int i = 0; i < 2; i++) \
            c += (unsigned int)CPL_HALF(a, i, unsigned short) * CPL_BYTE(b, i + first, unsigned char); \
        return c; } \
    CPL_FN int name(short2 a, char4 b, int c) { \
        return name(__builtin_bit_cast(int, a), __builtin_bit_cast(int, b), c); } \
    CPL_FN unsigned int name(ushort2 a, uchar4 b, unsigned int c) { \
        return name(__builtin_bit_cast(unsigned int, a), __builtin_bit_cast(unsigned int, b), c); }
CPL_DP2A(__dp2a_lo, 0)
CPL_DP2A(__dp2a_hi, 2)
#undef CPL_DP2A
#undef CPL_HALF
#undef CPL_BYTE
#endif
