/* Cached loads and stores, memcpy and friends, the device heap, printf, assert. */
#ifndef CPL_DEVICE_MEMORY_H
#define CPL_DEVICE_MEMORY_H
typedef unsigned long long cudaGraphConditionalHandle;

/* The cache hints of loads and stores have no meaning here; __ldcv must really read again. */
template <class T> CPL_FN T __ldg(const T *p) { return *p; }
template <class T> CPL_FN T __ldcg(const T *p) { return *p; }
template <class T> CPL_FN T __ldca(const T *p) { return *p; }
template <class T> CPL_FN T __ldcs(const T *p) { return *p; }
template <class T> CPL_FN T __ldlu(const T *p) { return *p; }
template <class T> CPL_FN T __ldcv(const T *p) { __atomic_signal_fence(__ATOMIC_SEQ_CST); return *p; }
template <class T> CPL_FN void __stwb(T *p, T value) { *p = value; }
template <class T> CPL_FN void __stcg(T *p, T value) { *p = value; }
template <class T> CPL_FN void __stcs(T *p, T value) { *p = value; }
template <class T> CPL_FN void __stwt(T *p, T value) { *p = value; __atomic_signal_fence(__ATOMIC_SEQ_CST); }

extern "C" {
__device__ void *malloc(size_t size);
__device__ void free(void *pointer);
__device__ int printf(const char *format, ...);
/* Sets the value behind a conditional handle of the graph that the kernel runs in. */
__device__ void cudaGraphSetConditional(cudaGraphConditionalHandle handle, unsigned int value);
__device__ int vprintf(const char *format, const char *arguments);
__device__ __attribute__((noreturn)) void __assertfail(const char *message, const char *file, unsigned int line,
                                                       const char *function, size_t char_size);
}
CPL_FN void *memcpy(void *to, const void *from, size_t size) { return __builtin_memcpy(to, from, size); }
CPL_FN void *memmove(void *to, const void *from, size_t size) { return __builtin_memmove(to, from, size); }
CPL_FN void *memset(void *to, int value, size_t size) { return __builtin_memset(to, value, size); }
CPL_FN void *cpl_new(size_t size) { return malloc(size ? size : 1); }
__device__ inline __attribute__((nodebug)) void *operator new(size_t size) { return cpl_new(size); }
__device__ inline __attribute__((nodebug)) void *operator new[](size_t size) { return cpl_new(size); }
__device__ inline __attribute__((nodebug)) void operator delete(void *p) CPL_NOEXCEPT { free(p); }
__device__ inline __attribute__((nodebug)) void operator delete[](void *p) CPL_NOEXCEPT { free(p); }
__device__ inline __attribute__((nodebug)) void operator delete(void *p, size_t) CPL_NOEXCEPT { free(p); }
__device__ inline __attribute__((nodebug)) void operator delete[](void *p, size_t) CPL_NOEXCEPT { free(p); }
#if __cplusplus >= 201103L
namespace std {
enum class align_val_t : size_t {};
}
/* What malloc gave lies in front of what is aligned beyond its 16 bytes. */
CPL_FN void *cpl_new(size_t size, std::align_val_t alignment) {
    size_t align = (size_t)alignment < 16 ? 16 : (size_t)alignment;
    char *got = (char *)malloc(size + align + sizeof(void *));
    if (!got) return got;
    char *place = (char *)(((size_t)got + sizeof(void *) + align - 1) & ~(align - 1));
    ((void **)place)[-1] = got;
    return place; }
CPL_FN void cpl_delete(void *p, std::align_val_t) { if (p) free(((void **)p)[-1]); }
__device__ inline __attribute__((nodebug)) void *operator new(size_t n, std::align_val_t a) { return cpl_new(n, a); }
__device__ inline __attribute__((nodebug)) void *operator new[](size_t n, std::align_val_t a) { return cpl_new(n, a); }
__device__ inline __attribute__((nodebug)) void operator delete(void *p, std::align_val_t a) noexcept { cpl_delete(p, a); }
__device__ inline __attribute__((nodebug)) void operator delete[](void *p, std::align_val_t a) noexcept { cpl_delete(p, a); }
__device__ inline __attribute__((nodebug)) void operator delete(void *p, size_t, std::align_val_t a) noexcept {
    cpl_delete(p, a); }
__device__ inline __attribute__((nodebug)) void operator delete[](void *p, size_t, std::align_val_t a) noexcept {
    cpl_delete(p, a); }
#endif
__host__ __device__ inline __attribute__((nodebug)) void *operator new(size_t, void *p) CPL_NOEXCEPT { return p; }
__host__ __device__ inline __attribute__((nodebug)) void *operator new[](size_t, void *p) CPL_NOEXCEPT { return p; }
__host__ __device__ inline __attribute__((nodebug)) void operator delete(void *, void *) CPL_NOEXCEPT {}
__host__ __device__ inline __attribute__((nodebug)) void operator delete[](void *, void *) CPL_NOEXCEPT {}
#endif
