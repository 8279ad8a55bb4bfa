/* The run-time compiler interface, as compatlayer serves it. Our own text of documented names, values and layouts. */
#ifndef COMPATLAYER_NVRTC_H
#define COMPATLAYER_NVRTC_H
#include <stddef.h>
#include "compatlayer/cuda/api.h"

typedef enum {
    NVRTC_SUCCESS = 0,
    NVRTC_ERROR_OUT_OF_MEMORY = 1,
    NVRTC_ERROR_PROGRAM_CREATION_FAILURE = 2,
    NVRTC_ERROR_INVALID_INPUT = 3,
    NVRTC_ERROR_INVALID_PROGRAM = 4,
    NVRTC_ERROR_INVALID_OPTION = 5,
    NVRTC_ERROR_COMPILATION = 6,
    NVRTC_ERROR_BUILTIN_OPERATION_FAILURE = 7,
    NVRTC_ERROR_NO_NAME_EXPRESSIONS_AFTER_COMPILATION = 8,
    NVRTC_ERROR_NO_LOWERED_NAMES_BEFORE_COMPILATION = 9,
    NVRTC_ERROR_NAME_EXPRESSION_NOT_VALID = 10,
    NVRTC_ERROR_INTERNAL_ERROR = 11,
    NVRTC_ERROR_TIME_FILE_WRITE_FAILED = 12,
    NVRTC_ERROR_NO_PCH_CREATE_ATTEMPTED = 13,
    NVRTC_ERROR_PCH_CREATE_HEAP_EXHAUSTED = 14,
    NVRTC_ERROR_PCH_CREATE = 15,
    NVRTC_ERROR_CANCELLED = 16,
    NVRTC_ERROR_TIME_TRACE_FILE_WRITE_FAILED = 17,
    NVRTC_ERROR_BUSY = 18
} nvrtcResult;

#define NVRTC_INSTALL_HEADERS_SKIP_IF_EXISTS 0
#define NVRTC_INSTALL_HEADERS_FORCE_OVERWRITE 1
#define NVRTC_INSTALL_HEADERS_NO_WAIT 2

typedef struct _nvrtcProgram *nvrtcProgram;

typedef struct {
    int available;
    size_t compressedSize;
    size_t uncompressedSize;
    int cudaVersionMajor;
    int cudaVersionMinor;
    unsigned int numFiles;
} nvrtcBundledHeadersInfo;

CPL_C_BEGIN

CPL_API(7000) const char *nvrtcGetErrorString(nvrtcResult result);
CPL_API(7000) nvrtcResult nvrtcVersion(int *major, int *minor);
CPL_API(11020) nvrtcResult nvrtcGetNumSupportedArchs(int *numArchs);
CPL_API(11020) nvrtcResult nvrtcGetSupportedArchs(int *supportedArchs);
CPL_API(7000) nvrtcResult nvrtcCreateProgram(nvrtcProgram *prog, const char *src, const char *name, int numHeaders,
    const char *const *headers, const char *const *includeNames);
CPL_API(7000) nvrtcResult nvrtcDestroyProgram(nvrtcProgram *prog);
CPL_API(7000) nvrtcResult nvrtcCompileProgram(nvrtcProgram prog, int numOptions, const char *const *options);
CPL_API(7000) nvrtcResult nvrtcGetPTXSize(nvrtcProgram prog, size_t *ptxSizeRet);
CPL_API(7000) nvrtcResult nvrtcGetPTX(nvrtcProgram prog, char *ptx);
CPL_API(11010) nvrtcResult nvrtcGetCUBINSize(nvrtcProgram prog, size_t *cubinSizeRet);
CPL_API(11010) nvrtcResult nvrtcGetCUBIN(nvrtcProgram prog, char *cubin);
CPL_API(12000) nvrtcResult nvrtcGetLTOIRSize(nvrtcProgram prog, size_t *LTOIRSizeRet);
CPL_API(12000) nvrtcResult nvrtcGetLTOIR(nvrtcProgram prog, char *LTOIR);
CPL_API(12000) nvrtcResult nvrtcGetOptiXIRSize(nvrtcProgram prog, size_t *optixirSizeRet);
CPL_API(12000) nvrtcResult nvrtcGetOptiXIR(nvrtcProgram prog, char *optixir);
CPL_API(7000) nvrtcResult nvrtcGetProgramLogSize(nvrtcProgram prog, size_t *logSizeRet);
CPL_API(7000) nvrtcResult nvrtcGetProgramLog(nvrtcProgram prog, char *log);
CPL_API(8000) nvrtcResult nvrtcAddNameExpression(nvrtcProgram prog, const char *name_expression);
CPL_API(8000) nvrtcResult nvrtcGetLoweredName(nvrtcProgram prog, const char *name_expression,
    const char **lowered_name);
CPL_API(12080) nvrtcResult nvrtcGetPCHHeapSize(size_t *ret);
CPL_API(12080) nvrtcResult nvrtcSetPCHHeapSize(size_t size);
CPL_API(12080) nvrtcResult nvrtcGetPCHCreateStatus(nvrtcProgram prog);
CPL_API(12080) nvrtcResult nvrtcGetPCHHeapSizeRequired(nvrtcProgram prog, size_t *size);
CPL_API(12080) nvrtcResult nvrtcSetFlowCallback(nvrtcProgram prog, int (*callback)(void *payload, void *reserved),
    void *payload);
CPL_API(13010) nvrtcResult nvrtcGetTileIRSize(nvrtcProgram prog, size_t *TileIRSizeRet);
CPL_API(13010) nvrtcResult nvrtcGetTileIR(nvrtcProgram prog, char *TileIR);
CPL_API(13030) nvrtcResult nvrtcInstallBundledHeaders(const char *installPath, unsigned int flags,
    const char **errorLog);
CPL_API(13030) nvrtcResult nvrtcGetBundledHeadersInfo(nvrtcBundledHeadersInfo *info, const char **errorLog);
CPL_API(13030) nvrtcResult nvrtcRemoveBundledHeaders(const char *installPath, const char **errorLog);

CPL_C_END

#endif
