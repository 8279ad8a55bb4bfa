/* The compiler of NVVM IR, as compatlayer serves it. Our own text of documented names and values. */
#ifndef COMPATLAYER_NVVM_H
#define COMPATLAYER_NVVM_H
#include <stddef.h>
#include "compatlayer/cuda/api.h"

typedef enum {
    NVVM_SUCCESS = 0,
    NVVM_ERROR_OUT_OF_MEMORY = 1,
    NVVM_ERROR_PROGRAM_CREATION_FAILURE = 2,
    NVVM_ERROR_IR_VERSION_MISMATCH = 3,
    NVVM_ERROR_INVALID_INPUT = 4,
    NVVM_ERROR_INVALID_PROGRAM = 5,
    NVVM_ERROR_INVALID_IR = 6,
    NVVM_ERROR_INVALID_OPTION = 7,
    NVVM_ERROR_NO_MODULE_IN_PROGRAM = 8,
    NVVM_ERROR_COMPILATION = 9,
    NVVM_ERROR_CANCELLED = 10
} nvvmResult;

typedef struct _nvvmProgram *nvvmProgram;

CPL_C_BEGIN

CPL_API(5050) const char *nvvmGetErrorString(nvvmResult result);
CPL_API(5050) nvvmResult nvvmVersion(int *major, int *minor);
CPL_API(7000) nvvmResult nvvmIRVersion(int *majorIR, int *minorIR, int *majorDbg, int *minorDbg);
CPL_API(13000) nvvmResult nvvmLLVMVersion(const char *arch, int *major);
CPL_API(5050) nvvmResult nvvmCreateProgram(nvvmProgram *prog);
CPL_API(5050) nvvmResult nvvmDestroyProgram(nvvmProgram *prog);
CPL_API(5050) nvvmResult nvvmAddModuleToProgram(nvvmProgram prog, const char *buffer, size_t size, const char *name);
CPL_API(10000) nvvmResult nvvmLazyAddModuleToProgram(nvvmProgram prog, const char *buffer, size_t size,
    const char *name);
CPL_API(5050) nvvmResult nvvmCompileProgram(nvvmProgram prog, int numOptions, const char **options);
CPL_API(5050) nvvmResult nvvmVerifyProgram(nvvmProgram prog, int numOptions, const char **options);
CPL_API(5050) nvvmResult nvvmGetCompiledResultSize(nvvmProgram prog, size_t *bufferSizeRet);
CPL_API(5050) nvvmResult nvvmGetCompiledResult(nvvmProgram prog, char *buffer);
CPL_API(5050) nvvmResult nvvmGetProgramLogSize(nvvmProgram prog, size_t *bufferSizeRet);
CPL_API(5050) nvvmResult nvvmGetProgramLog(nvvmProgram prog, char *buffer);

CPL_C_END

#endif
