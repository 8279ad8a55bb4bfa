/* The __nv_atomic functions ("Atomic APIs" of the CUDA C++ Programming Guide): orders and scopes as arguments. One
 * machine's memory tells scopes apart in nothing but time, so only the order matters. */
#ifndef CPL_DEVICE_ATOMIC_API_H
#define CPL_DEVICE_ATOMIC_API_H
#define __NV_ATOMIC_RELAXED 0
#define __NV_ATOMIC_CONSUME 1
#define __NV_ATOMIC_ACQUIRE 2
#define __NV_ATOMIC_RELEASE 3
#define __NV_ATOMIC_ACQ_REL 4
#define __NV_ATOMIC_SEQ_CST 5
#define __NV_THREAD_SCOPE_THREAD 0
#define __NV_THREAD_SCOPE_BLOCK 1
#define __NV_THREAD_SCOPE_CLUSTER 2
#define __NV_THREAD_SCOPE_DEVICE 3
#define __NV_THREAD_SCOPE_SYSTEM 4
#define CPL_SCOPE int = __NV_THREAD_SCOPE_SYSTEM
template <class T> struct cpl_exactly { typedef T type; };
#define CPL_VALUE typename cpl_exactly<T>::type

CPL_FN void __nv_atomic_thread_fence(int order, CPL_SCOPE) { __atomic_thread_fence(order); }
template <class T> CPL_FN T __nv_atomic_load_n(const T *p, int order, CPL_SCOPE) { return __atomic_load_n(p, order); }
template <class T> CPL_FN void __nv_atomic_load(const T *p, T *result, int order, CPL_SCOPE) {
    __atomic_load(p, result, order); }
template <class T> CPL_FN void __nv_atomic_store_n(T *p, CPL_VALUE value, int order, CPL_SCOPE) {
    __atomic_store_n(p, value, order); }
template <class T> CPL_FN void __nv_atomic_store(T *p, T *value, int order, CPL_SCOPE) {
    __atomic_store(p, value, order); }
template <class T> CPL_FN T __nv_atomic_exchange_n(T *p, CPL_VALUE value, int order, CPL_SCOPE) {
    return __atomic_exchange_n(p, value, order); }
template <class T> CPL_FN void __nv_atomic_exchange(T *p, T *value, T *result, int order, CPL_SCOPE) {
    __atomic_exchange(p, value, result, order); }
template <class T> CPL_FN bool __nv_atomic_compare_exchange_n(T *p, T *expected, CPL_VALUE value, bool weak, int success,
                                                              int failure, CPL_SCOPE) {
    return __atomic_compare_exchange_n(p, expected, value, weak, success, failure); }
template <class T> CPL_FN bool __nv_atomic_compare_exchange(T *p, T *expected, T *value, bool weak, int success,
                                                            int failure, CPL_SCOPE) {
    return __atomic_compare_exchange(p, expected, value, weak, success, failure); }
#define CPL_FETCH(word) \
    template <class T> CPL_FN T __nv_atomic_fetch_##word(T *p, CPL_VALUE value, int order, CPL_SCOPE) { \
        return __atomic_fetch_##word(p, value, order); } \
    template <class T> CPL_FN void __nv_atomic_##word(T *p, CPL_VALUE value, int order, CPL_SCOPE) { \
        __atomic_fetch_##word(p, value, order); }
CPL_FETCH(add)
CPL_FETCH(sub)
CPL_FETCH(and)
CPL_FETCH(or)
CPL_FETCH(xor)
CPL_FETCH(min)
CPL_FETCH(max)
#undef CPL_FETCH
#undef CPL_VALUE
#undef CPL_SCOPE
#endif
