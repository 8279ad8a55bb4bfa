/* threadIdx and friends, lane numbers, lane masks and clocks. */
#ifndef CPL_DEVICE_REGISTERS_H
#define CPL_DEVICE_REGISTERS_H
#define CPL_REGISTER(name, sreg, conversions) \
    struct cpl_##name { \
        __declspec(property(get = get_x)) unsigned int x; \
        __declspec(property(get = get_y)) unsigned int y; \
        __declspec(property(get = get_z)) unsigned int z; \
        static __device__ __forceinline__ __attribute__((nodebug)) unsigned int get_x() { \
            return __nvvm_read_ptx_sreg_##sreg##_x(); } \
        static __device__ __forceinline__ __attribute__((nodebug)) unsigned int get_y() { \
            return __nvvm_read_ptx_sreg_##sreg##_y(); } \
        static __device__ __forceinline__ __attribute__((nodebug)) unsigned int get_z() { \
            return __nvvm_read_ptx_sreg_##sreg##_z(); } \
        __device__ __forceinline__ __attribute__((nodebug)) operator uint3() const { \
            return make_uint3(get_x(), get_y(), get_z()); } \
        conversions \
    }; \
    extern const __device__ __attribute__((weak)) cpl_##name name;
#define CPL_AS_DIM3 \
    __device__ __forceinline__ __attribute__((nodebug)) operator dim3() const { return dim3(get_x(), get_y(), get_z()); }
CPL_REGISTER(threadIdx, tid, CPL_AS_DIM3)
CPL_REGISTER(blockIdx, ctaid, CPL_AS_DIM3)
CPL_REGISTER(blockDim, ntid, CPL_AS_DIM3)
CPL_REGISTER(gridDim, nctaid, CPL_AS_DIM3)
#undef CPL_AS_DIM3
#undef CPL_REGISTER
static __device__ const int warpSize __attribute__((unused)) = 32;

CPL_FN clock_t clock() { return (clock_t)__nvvm_read_ptx_sreg_clock(); }
CPL_FN long long clock64() { return (long long)__nvvm_read_ptx_sreg_clock64(); }
CPL_FN unsigned long long __globaltimer() { return __nvvm_read_ptx_sreg_globaltimer(); }
CPL_FN unsigned int __laneid() { return __nvvm_read_ptx_sreg_laneid(); }
CPL_FN void __nanosleep(unsigned int ns) { __nvvm_nanosleep(ns); }
CPL_FN void __brkpt() { __builtin_debugtrap(); }
CPL_FN void __trap() { __builtin_trap(); }
CPL_FN void __prof_trigger(int) {}
#endif
