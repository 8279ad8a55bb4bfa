/* Functions of the emulated libraries that are answered in C, and the generated tables they read. */
#ifndef COMPATLAYER_ANSWERS_H
#define COMPATLAYER_ANSWERS_H
#ifndef CPL_NO_NAME_MACROS
#define CPL_NO_NAME_MACROS
#endif
#include "../cuda.h"
#include "../nvrtc.h"
#include "../nvvm.h"
#include "../nvml.h"

struct cpl_code {
    int code;
    const char *name;
    const char *text;
};
/* Generated from the headers' enumerations; sorted by code. */
extern const struct cpl_code cpl_codes_cuda[], cpl_codes_nvrtc[], cpl_codes_nvvm[];
extern const int cpl_codes_cuda_count, cpl_codes_nvrtc_count, cpl_codes_nvvm_count;
extern const struct cpl_code cpl_codes_nvml[];
extern const int cpl_codes_nvml_count;
extern const struct cpl_code cpl_codes_cudart[];
extern const int cpl_codes_cudart_count;

CUresult cpl_answer_cuGetErrorName(CUresult error, const char **pStr);
CUresult cpl_answer_cuGetErrorString(CUresult error, const char **pStr);
CUresult cpl_answer_cuDriverGetVersion(int *driverVersion);
CUresult cpl_answer_cuGetExportTable(const void **ppExportTable, const CUuuid *pExportTableId);
const char *cpl_answer_nvrtcGetErrorString(nvrtcResult result);
const char *cpl_answer_nvvmGetErrorString(nvvmResult result);
const char *cpl_answer_nvmlErrorString(nvmlReturn_t result);

#endif
