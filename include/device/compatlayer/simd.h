/* Two halves or four bytes in one word ("SIMD Intrinsics" of the CUDA math API). */
#ifndef CPL_DEVICE_SIMD_H
#define CPL_DEVICE_SIMD_H

template <int Bits, typename Lane, typename Apply>
static __inline__ __attribute__((host, device, always_inline, nodebug)) unsigned int cpl_lanes(
    unsigned int a, unsigned int b, Apply apply)
{
    unsigned int result = 0, mask = (1u << Bits) - 1;
    for (int shift = 0; shift < 32; shift += Bits)
        result |= ((unsigned int)apply((int)(Lane)(a >> shift), (int)(Lane)(b >> shift)) & mask) << shift;
    return result;
}

template <int Bits, typename Lane, typename Apply>
static __inline__ __attribute__((host, device, always_inline, nodebug)) unsigned int cpl_lane_sum(
    unsigned int a, unsigned int b, Apply apply)
{
    unsigned int result = 0;
    for (int shift = 0; shift < 32; shift += Bits)
        result += (unsigned int)apply((int)(Lane)(a >> shift), (int)(Lane)(b >> shift));
    return result;
}

#define CPL_TWO(name, count, bits, lane, expression) \
    CPL_FN unsigned int name##count(unsigned int a, unsigned int b) { \
        return cpl_lanes<bits, lane>(a, b, [](int x, int y) __attribute__((nodebug)) { return expression; }); }
#define CPL_ONE(name, count, bits, lane, expression) \
    CPL_FN unsigned int name##count(unsigned int a) { \
        return cpl_lanes<bits, lane>(a, a, [](int x, int) __attribute__((nodebug)) { return expression; }); }
#define CPL_SUM(name, count, bits, lane, expression) \
    CPL_FN unsigned int name##count(unsigned int a, unsigned int b) { \
        return cpl_lane_sum<bits, lane>(a, b, [](int x, int y) __attribute__((nodebug)) { return expression; }); }
/* All ones or one where the comparison holds. */
#define CPL_COMPARE(name, count, bits, lane, operation) \
    CPL_TWO(__vcmp##name, count, bits, lane, (x operation y) ? -1 : 0) \
    CPL_TWO(__vset##name, count, bits, lane, (x operation y) ? 1 : 0)
#define CPL_CLAMP(value, low, high) ((value) < (low) ? (low) : (value) > (high) ? (high) : (value))

#define CPL_SIMD(count, bits, slane, ulane, smin, smax, umax) \
    CPL_ONE(__vabs, count, bits, slane, x < 0 ? -x : x) \
    CPL_ONE(__vabsss, count, bits, slane, CPL_CLAMP(x < 0 ? -x : x, smin, smax)) \
    CPL_ONE(__vneg, count, bits, slane, -x) \
    CPL_ONE(__vnegss, count, bits, slane, CPL_CLAMP(-x, smin, smax)) \
    CPL_TWO(__vabsdiffs, count, bits, slane, x > y ? x - y : y - x) \
    CPL_TWO(__vabsdiffu, count, bits, ulane, x > y ? x - y : y - x) \
    CPL_TWO(__vadd, count, bits, ulane, x + y) \
    CPL_TWO(__vaddss, count, bits, slane, CPL_CLAMP(x + y, smin, smax)) \
    CPL_TWO(__vaddus, count, bits, ulane, CPL_CLAMP(x + y, 0, umax)) \
    CPL_TWO(__vsub, count, bits, ulane, x - y) \
    CPL_TWO(__vsubss, count, bits, slane, CPL_CLAMP(x - y, smin, smax)) \
    CPL_TWO(__vsubus, count, bits, ulane, CPL_CLAMP(x - y, 0, umax)) \
    CPL_TWO(__vavgs, count, bits, slane, x + y >= 0 ? (x + y + 1) >> 1 : (x + y) >> 1) \
    CPL_TWO(__vavgu, count, bits, ulane, (x + y + 1) >> 1) \
    CPL_TWO(__vhaddu, count, bits, ulane, (x + y) >> 1) \
    CPL_TWO(__vmaxs, count, bits, slane, x > y ? x : y) \
    CPL_TWO(__vmaxu, count, bits, ulane, x > y ? x : y) \
    CPL_TWO(__vmins, count, bits, slane, x < y ? x : y) \
    CPL_TWO(__vminu, count, bits, ulane, x < y ? x : y) \
    CPL_SUM(__vsads, count, bits, slane, x > y ? x - y : y - x) \
    CPL_SUM(__vsadu, count, bits, ulane, x > y ? x - y : y - x) \
    CPL_COMPARE(eq, count, bits, ulane, ==) \
    CPL_COMPARE(ne, count, bits, ulane, !=) \
    CPL_COMPARE(ges, count, bits, slane, >=) \
    CPL_COMPARE(geu, count, bits, ulane, >=) \
    CPL_COMPARE(gts, count, bits, slane, >) \
    CPL_COMPARE(gtu, count, bits, ulane, >) \
    CPL_COMPARE(les, count, bits, slane, <=) \
    CPL_COMPARE(leu, count, bits, ulane, <=) \
    CPL_COMPARE(lts, count, bits, slane, <) \
    CPL_COMPARE(ltu, count, bits, ulane, <)

CPL_SIMD(2, 16, short, unsigned short, -32768, 32767, 65535)
CPL_SIMD(4, 8, signed char, unsigned char, -128, 127, 255)

#undef CPL_SIMD
#undef CPL_CLAMP
#undef CPL_COMPARE
#undef CPL_SUM
#undef CPL_ONE
#undef CPL_TWO
#endif
