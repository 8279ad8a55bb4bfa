/* Shuffles, votes, matches and reductions of a warp. */
#ifndef CPL_DEVICE_WARP_H
#define CPL_DEVICE_WARP_H
/* PTX operand c: segment mask in bits 8..12, clamp in bits 0..4. */
#define CPL_SHUFFLE(name, kind, clamp, second) \
    CPL_FN int name(unsigned int mask, int value, second lane, int width = 32) { \
        return __nvvm_shfl_sync_##kind##_i32(mask, value, (int)lane, ((32 - width) << 8) | clamp); } \
    CPL_FN unsigned int name(unsigned int mask, unsigned int value, second lane, int width = 32) { \
        return (unsigned int)name(mask, (int)value, lane, width); } \
    CPL_FN float name(unsigned int mask, float value, second lane, int width = 32) { \
        return __builtin_bit_cast(float, name(mask, __builtin_bit_cast(int, value), lane, width)); } \
    CPL_FN unsigned long long name(unsigned int mask, unsigned long long value, second lane, int width = 32) { \
        unsigned int low = name(mask, (unsigned int)value, lane, width); \
        unsigned int high = name(mask, (unsigned int)(value >> 32), lane, width); \
        return ((unsigned long long)high << 32) | low; } \
    CPL_FN long long name(unsigned int mask, long long value, second lane, int width = 32) { \
        return (long long)name(mask, (unsigned long long)value, lane, width); } \
    CPL_FN long name(unsigned int mask, long value, second lane, int width = 32) { \
        return (long)name(mask, (unsigned long long)value, lane, width); } \
    CPL_FN unsigned long name(unsigned int mask, unsigned long value, second lane, int width = 32) { \
        return (unsigned long)name(mask, (unsigned long long)value, lane, width); } \
    CPL_FN double name(unsigned int mask, double value, second lane, int width = 32) { \
        return __builtin_bit_cast(double, name(mask, __builtin_bit_cast(unsigned long long, value), lane, width)); }
CPL_SHUFFLE(__shfl_sync, idx, 31, int)
CPL_SHUFFLE(__shfl_up_sync, up, 0, unsigned int)
CPL_SHUFFLE(__shfl_down_sync, down, 31, unsigned int)
CPL_SHUFFLE(__shfl_xor_sync, bfly, 31, int)
#undef CPL_SHUFFLE

CPL_FN int __all_sync(unsigned int mask, int predicate) { return __nvvm_vote_all_sync(mask, predicate); }
CPL_FN int __any_sync(unsigned int mask, int predicate) { return __nvvm_vote_any_sync(mask, predicate); }
CPL_FN int __uni_sync(unsigned int mask, int predicate) { return __nvvm_vote_uni_sync(mask, predicate); }
CPL_FN unsigned int __ballot_sync(unsigned int mask, int predicate) {
    return __nvvm_vote_ballot_sync(mask, predicate); }
CPL_FN unsigned int __activemask() { return __nvvm_activemask(); }

#define CPL_MATCH32(type) \
    CPL_FN unsigned int __match_any_sync(unsigned int mask, type value) { \
        return __nvvm_match_any_sync_i32(mask, __builtin_bit_cast(int, value)); } \
    CPL_FN unsigned int __match_all_sync(unsigned int mask, type value, int *predicate) { \
        return __nvvm_match_all_sync_i32p(mask, __builtin_bit_cast(int, value), predicate); }
#define CPL_MATCH64(type) \
    CPL_FN unsigned int __match_any_sync(unsigned int mask, type value) { \
        return __nvvm_match_any_sync_i64(mask, __builtin_bit_cast(long long, value)); } \
    CPL_FN unsigned int __match_all_sync(unsigned int mask, type value, int *predicate) { \
        return __nvvm_match_all_sync_i64p(mask, __builtin_bit_cast(long long, value), predicate); }
CPL_MATCH32(int)
CPL_MATCH32(unsigned int)
CPL_MATCH32(float)
CPL_MATCH64(long)
CPL_MATCH64(unsigned long)
CPL_MATCH64(long long)
CPL_MATCH64(unsigned long long)
CPL_MATCH64(double)
#undef CPL_MATCH32
#undef CPL_MATCH64

CPL_FN int __reduce_add_sync(unsigned int mask, int value) { return __nvvm_redux_sync_add(value, (int)mask); }
CPL_FN int __reduce_min_sync(unsigned int mask, int value) { return __nvvm_redux_sync_min(value, (int)mask); }
CPL_FN int __reduce_max_sync(unsigned int mask, int value) { return __nvvm_redux_sync_max(value, (int)mask); }
CPL_FN unsigned int __reduce_add_sync(unsigned int mask, unsigned int value) {
    return (unsigned int)__nvvm_redux_sync_add((int)value, (int)mask); }
CPL_FN unsigned int __reduce_min_sync(unsigned int mask, unsigned int value) {
    return (unsigned int)__nvvm_redux_sync_umin(value, (int)mask); }
CPL_FN unsigned int __reduce_max_sync(unsigned int mask, unsigned int value) {
    return (unsigned int)__nvvm_redux_sync_umax(value, (int)mask); }
CPL_FN unsigned int __reduce_and_sync(unsigned int mask, unsigned int value) {
    return (unsigned int)__nvvm_redux_sync_and((int)value, (int)mask); }
CPL_FN unsigned int __reduce_or_sync(unsigned int mask, unsigned int value) {
    return (unsigned int)__nvvm_redux_sync_or((int)value, (int)mask); }
CPL_FN unsigned int __reduce_xor_sync(unsigned int mask, unsigned int value) {
    return (unsigned int)__nvvm_redux_sync_xor((int)value, (int)mask); }
#endif
