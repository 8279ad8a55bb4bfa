/* What the C++ language itself asks a library for: std::initializer_list, std::move and std::forward. */
#ifndef CPL_DEVICE_LANGUAGE_H
#define CPL_DEVICE_LANGUAGE_H
#if __cplusplus >= 201103L
namespace std {
#ifndef CPL_NO_INITIALIZER_LIST
#define __NV_BUILTIN_INITIALIZER_LIST 1
template <class T> class initializer_list {
    const T *first;
    size_t count;
    __host__ __device__ constexpr initializer_list(const T *p, size_t n) : first(p), count(n) {}

public:
    typedef T value_type;
    typedef const T &reference;
    typedef const T &const_reference;
    typedef size_t size_type;
    typedef const T *iterator;
    typedef const T *const_iterator;
    __host__ __device__ constexpr initializer_list() noexcept : first(nullptr), count(0) {}
    __host__ __device__ constexpr size_t size() const noexcept { return count; }
    __host__ __device__ constexpr const T *begin() const noexcept { return first; }
    __host__ __device__ constexpr const T *end() const noexcept { return first + count; }
};
template <class T> __host__ __device__ constexpr const T *begin(initializer_list<T> list) noexcept {
    return list.begin(); }
template <class T> __host__ __device__ constexpr const T *end(initializer_list<T> list) noexcept { return list.end(); }
#endif
#ifndef CPL_NO_MOVE_FORWARD
template <class T> struct cpl_plain { typedef T type; };
template <class T> struct cpl_plain<T &> { typedef T type; };
template <class T> struct cpl_plain<T &&> { typedef T type; };
template <class T> __host__ __device__ constexpr typename cpl_plain<T>::type &&move(T &&value) noexcept {
    return static_cast<typename cpl_plain<T>::type &&>(value); }
template <class T> __host__ __device__ constexpr T &&forward(typename cpl_plain<T>::type &value) noexcept {
    return static_cast<T &&>(value); }
template <class T> __host__ __device__ constexpr T &&forward(typename cpl_plain<T>::type &&value) noexcept {
    return static_cast<T &&>(value); }
#endif
}
#endif
#endif
