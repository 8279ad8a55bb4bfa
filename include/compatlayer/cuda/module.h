/* Modules, libraries, kernels, functions and the linker. */
#ifndef COMPATLAYER_CUDA_MODULE_H
#define COMPATLAYER_CUDA_MODULE_H
#include "api.h"
#include "types.h"

CPL_C_BEGIN

CPL_API(2000) CUresult cuModuleLoad(CUmodule *module, const char *fname);
CPL_API(2000) CUresult cuModuleLoadData(CUmodule *module, const void *image);
CPL_API(2010) CUresult cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned int numOptions,
    CUjit_option *options, void **optionValues);
CPL_API(2000) CUresult cuModuleLoadFatBinary(CUmodule *module, const void *fatCubin);
CPL_API(2000) CUresult cuModuleUnload(CUmodule hmod);
CPL_API(11070) CUresult cuModuleGetLoadingMode(CUmoduleLoadingMode *mode);
CPL_API(2000) CUresult cuModuleGetFunction(CUfunction *hfunc, CUmodule hmod, const char *name);
CPL_API(12040) CUresult cuModuleGetFunctionCount(unsigned int *count, CUmodule mod);
CPL_API(12040) CUresult cuModuleEnumerateFunctions(CUfunction *functions, unsigned int numFunctions, CUmodule mod);
CPL_API(3020) CUresult cuModuleGetGlobal_v2(CUdeviceptr *dptr, size_t *bytes, CUmodule hmod, const char *name);
CPL_API(6050) CUresult cuLinkCreate_v2(unsigned int numOptions, CUjit_option *options, void **optionValues,
    CUlinkState *stateOut);
CPL_API(6050) CUresult cuLinkAddData_v2(CUlinkState state, CUjitInputType type, void *data, size_t size,
    const char *name, unsigned int numOptions, CUjit_option *options, void **optionValues);
CPL_API(6050) CUresult cuLinkAddFile_v2(CUlinkState state, CUjitInputType type, const char *path,
    unsigned int numOptions, CUjit_option *options, void **optionValues);
CPL_API(5050) CUresult cuLinkComplete(CUlinkState state, void **cubinOut, size_t *sizeOut);
CPL_API(5050) CUresult cuLinkDestroy(CUlinkState state);
CPL_API(2000) CUresult cuModuleGetTexRef(CUtexref *pTexRef, CUmodule hmod, const char *name);
CPL_API(3000) CUresult cuModuleGetSurfRef(CUsurfref *pSurfRef, CUmodule hmod, const char *name);
CPL_API(12000) CUresult cuLibraryLoadData(CUlibrary *library, const void *code, CUjit_option *jitOptions,
    void **jitOptionsValues, unsigned int numJitOptions, CUlibraryOption *libraryOptions, void **libraryOptionValues,
    unsigned int numLibraryOptions);
CPL_API(12000) CUresult cuLibraryLoadFromFile(CUlibrary *library, const char *fileName, CUjit_option *jitOptions,
    void **jitOptionsValues, unsigned int numJitOptions, CUlibraryOption *libraryOptions, void **libraryOptionValues,
    unsigned int numLibraryOptions);
CPL_API(12000) CUresult cuLibraryUnload(CUlibrary library);
CPL_API(12000) CUresult cuLibraryGetKernel(CUkernel *pKernel, CUlibrary library, const char *name);
CPL_API(12040) CUresult cuLibraryGetKernelCount(unsigned int *count, CUlibrary lib);
CPL_API(12040) CUresult cuLibraryEnumerateKernels(CUkernel *kernels, unsigned int numKernels, CUlibrary lib);
CPL_API(12000) CUresult cuLibraryGetModule(CUmodule *pMod, CUlibrary library);
CPL_API(12000) CUresult cuKernelGetFunction(CUfunction *pFunc, CUkernel kernel);
CPL_API(12050) CUresult cuKernelGetLibrary(CUlibrary *pLib, CUkernel kernel);
CPL_API(12000) CUresult cuLibraryGetGlobal(CUdeviceptr *dptr, size_t *bytes, CUlibrary library, const char *name);
CPL_API(12000) CUresult cuLibraryGetManaged(CUdeviceptr *dptr, size_t *bytes, CUlibrary library, const char *name);
CPL_API(12000) CUresult cuLibraryGetUnifiedFunction(void **fptr, CUlibrary library, const char *symbol);
CPL_API(12000) CUresult cuKernelGetAttribute(int *pi, CUfunction_attribute attrib, CUkernel kernel, CUdevice dev);
CPL_API(12000) CUresult cuKernelSetAttribute(CUfunction_attribute attrib, int val, CUkernel kernel, CUdevice dev);
CPL_API(12000) CUresult cuKernelSetCacheConfig(CUkernel kernel, CUfunc_cache config, CUdevice dev);
CPL_API(12030) CUresult cuKernelGetName(const char **name, CUkernel hfunc);
CPL_API(12040) CUresult cuKernelGetParamInfo(CUkernel kernel, size_t paramIndex, size_t *paramOffset,
    size_t *paramSize);
CPL_API(2020) CUresult cuFuncGetAttribute(int *pi, CUfunction_attribute attrib, CUfunction hfunc);
CPL_API(9000) CUresult cuFuncSetAttribute(CUfunction hfunc, CUfunction_attribute attrib, int value);
CPL_API(3000) CUresult cuFuncSetCacheConfig(CUfunction hfunc, CUfunc_cache config);
CPL_API(11000) CUresult cuFuncGetModule(CUmodule *hmod, CUfunction hfunc);
CPL_API(12030) CUresult cuFuncGetName(const char **name, CUfunction hfunc);
CPL_API(12040) CUresult cuFuncGetParamInfo(CUfunction func, size_t paramIndex, size_t *paramOffset, size_t *paramSize);
CPL_API(12040) CUresult cuFuncIsLoaded(CUfunctionLoadingState *state, CUfunction function);
CPL_API(12040) CUresult cuFuncLoad(CUfunction function);
CPL_API(2000) CUresult cuFuncSetBlockShape(CUfunction hfunc, int x, int y, int z);
CPL_API(2000) CUresult cuFuncSetSharedSize(CUfunction hfunc, unsigned int bytes);
CPL_API(2000) CUresult cuParamSetSize(CUfunction hfunc, unsigned int numbytes);
CPL_API(2000) CUresult cuParamSeti(CUfunction hfunc, int offset, unsigned int value);
CPL_API(2000) CUresult cuParamSetf(CUfunction hfunc, int offset, float value);
CPL_API(2000) CUresult cuParamSetv(CUfunction hfunc, int offset, void *ptr, unsigned int numbytes);
CPL_API(2000) CUresult cuParamSetTexRef(CUfunction hfunc, int texunit, CUtexref hTexRef);
CPL_API(4020) CUresult cuFuncSetSharedMemConfig(CUfunction hfunc, CUsharedconfig config);
CPL_API(13020) CUresult cuKernelGetParamCount(CUkernel kernel, size_t *paramCount);
CPL_API(13020) CUresult cuFuncGetParamCount(CUfunction func, size_t *paramCount);

CPL_C_END

#endif
