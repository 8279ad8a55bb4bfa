/* Barriers, fences, address spaces. __syncthreads itself is a builtin of clang. */
#ifndef CPL_DEVICE_SYNC_H
#define CPL_DEVICE_SYNC_H
CPL_FN int __syncthreads_count(int predicate) { return __nvvm_bar0_popc(predicate); }
CPL_FN int __syncthreads_and(int predicate) { return __nvvm_bar0_and(predicate); }
CPL_FN int __syncthreads_or(int predicate) { return __nvvm_bar0_or(predicate); }
CPL_FN void __syncwarp(unsigned int mask = 0xffffffffu) { __nvvm_bar_warp_sync(mask); }
CPL_FN void __barrier_sync(unsigned int id) { __nvvm_barrier_sync(id); }
CPL_FN void __barrier_sync_count(unsigned int id, unsigned int count) { __nvvm_barrier_sync_cnt(id, count); }
CPL_FN void __threadfence_block() { __nvvm_membar_cta(); }
CPL_FN void __threadfence() { __nvvm_membar_gl(); }
CPL_FN void __threadfence_system() { __nvvm_membar_sys(); }

CPL_FN unsigned int __isGlobal(const void *p) { return __nvvm_isspacep_global(p); }
CPL_FN unsigned int __isShared(const void *p) { return __nvvm_isspacep_shared(p); }
CPL_FN unsigned int __isConstant(const void *p) { return __nvvm_isspacep_const(p); }
CPL_FN unsigned int __isLocal(const void *p) { return __nvvm_isspacep_local(p); }
/* Declared for sources that mention it; a kernel whose code really calls it is refused by name. */
extern "C" __device__ unsigned int __isGridConstant(const void *p);
CPL_FN size_t __cvta_generic_to_global(const void *p) {
    return (size_t)(__attribute__((address_space(1))) const void *)p; }
CPL_FN size_t __cvta_generic_to_shared(const void *p) {
    return (size_t)(__attribute__((address_space(3))) const void *)p; }
CPL_FN size_t __cvta_generic_to_constant(const void *p) {
    return (size_t)(__attribute__((address_space(4))) const void *)p; }
CPL_FN size_t __cvta_generic_to_local(const void *p) {
    return (size_t)(__attribute__((address_space(5))) const void *)p; }
CPL_FN void *__cvta_global_to_generic(size_t p) { return (void *)(__attribute__((address_space(1))) void *)p; }
CPL_FN void *__cvta_shared_to_generic(size_t p) { return (void *)(__attribute__((address_space(3))) void *)p; }
CPL_FN void *__cvta_constant_to_generic(size_t p) { return (void *)(__attribute__((address_space(4))) void *)p; }
CPL_FN void *__cvta_local_to_generic(size_t p) { return (void *)(__attribute__((address_space(5))) void *)p; }
#endif
