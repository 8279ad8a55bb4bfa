/* The CUDA runtime interface as C sees it and as compatlayer serves it: libcudart.so.13 (and, where that library
 * differs, libcudart.so.12: the functions of compatlayer/cudart/older.h). Our own text of documented names, values and
 * layouts. */
#ifndef COMPATLAYER_CUDA_RUNTIME_API_H
#define COMPATLAYER_CUDA_RUNTIME_API_H
#include "cuda.h"

#define CUDART_VERSION CUDA_VERSION
#define cudaStreamLegacy ((cudaStream_t)1)
#define cudaStreamPerThread ((cudaStream_t)2)

#include "compatlayer/cudart/constants.h"
#include "compatlayer/cudart/types.h"

#include "compatlayer/cudart/device.h"
#include "compatlayer/cudart/memory.h"
#include "compatlayer/cudart/copy.h"
#include "compatlayer/cudart/array.h"
#include "compatlayer/cudart/stream.h"
#include "compatlayer/cudart/launch.h"
#include "compatlayer/cudart/graph.h"
#include "compatlayer/cudart/symbol.h"
#include "compatlayer/cudart/interop.h"
#include "compatlayer/cudart/registration.h"
#ifdef CPL_NO_NAME_MACROS
#include "compatlayer/cudart/older.h"
#endif

#endif
