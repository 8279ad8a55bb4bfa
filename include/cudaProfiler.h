/* Profiler control. */
#ifndef COMPATLAYER_CUDAPROFILER_H
#define COMPATLAYER_CUDAPROFILER_H
#include <cuda.h>

typedef enum CUoutput_mode_enum {
    CU_OUT_KEY_VALUE_PAIR = 0,
    CU_OUT_CSV = 1
} CUoutput_mode;

CPL_C_BEGIN

CPL_API(4000) CUresult cuProfilerInitialize(const char *configFile, const char *outputFile, CUoutput_mode outputMode);
CPL_API(4000) CUresult cuProfilerStart(void);
CPL_API(4000) CUresult cuProfilerStop(void);

CPL_C_END

#endif
