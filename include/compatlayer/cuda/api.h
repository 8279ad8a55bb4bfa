/* How a function of the interface is declared: CPL_API(version) RESULT name(parameters);
 *
 * version            CUDA version (1000 * major + 10 * minor) that brought this variant
 * CPL_API_PTDS(v, p) has also a variant name_ptds, since version p, that takes the per-thread default stream: the copies
 *                    and fills that wait
 * CPL_API_PTSZ(v, p) likewise name_ptsz: functions whose stream argument may be the default stream
 *
 * The generator of the exported libraries reads the declarations with CPL_API_READ defined. */
#ifndef COMPATLAYER_CUDA_API_H
#define COMPATLAYER_CUDA_API_H

#ifdef CPL_API_READ
#define CPL_API(version) __cpl_api(version, 0, none)
#define CPL_API_PTDS(version, per_thread) __cpl_api(version, per_thread, ptds)
#define CPL_API_PTSZ(version, per_thread) __cpl_api(version, per_thread, ptsz)
#ifndef CPL_NO_NAME_MACROS
#define CPL_NO_NAME_MACROS
#endif
#else
#ifndef CPL_API_EXPORT
#define CPL_API_EXPORT
#endif
#define CPL_API(version) CPL_API_EXPORT
#define CPL_API_PTDS(version, per_thread) CPL_API_EXPORT
#define CPL_API_PTSZ(version, per_thread) CPL_API_EXPORT
#endif

#ifdef __cplusplus
#define CPL_C_BEGIN extern "C" {
#define CPL_C_END }
#else
#define CPL_C_BEGIN
#define CPL_C_END
#endif

/* The calling convention's name in sources written for several systems; empty on Linux. */
#ifndef CUDAAPI
#define CUDAAPI
#endif
#ifndef CUDA_CB
#define CUDA_CB
#endif

#endif
