/* The CUDA driver interface, as compatlayer serves it. Our own text of documented names, values and layouts.
 *
 * CPL_NO_NAME_MACROS leaves every name as it is exported; without it the unsuffixed names mean the newest variants. */
#ifndef COMPATLAYER_CUDA_H
#define COMPATLAYER_CUDA_H

/* The version of the interface, and the driver version that cuDriverGetVersion answers. */
#define CUDA_VERSION 13050

#include "compatlayer/cuda/api.h"
#ifndef CPL_NO_NAME_MACROS
#include "compatlayer/cuda/names.h"
#endif
#include "compatlayer/cuda/constants.h"
#include "compatlayer/cuda/types.h"

#include "compatlayer/cuda/context.h"
#include "compatlayer/cuda/module.h"
#include "compatlayer/cuda/copy.h"
#include "compatlayer/cuda/array.h"
#include "compatlayer/cuda/memory.h"
#include "compatlayer/cuda/graph.h"
#include "compatlayer/cuda/stream.h"
#include "compatlayer/cuda/launch.h"
#include "compatlayer/cuda/tools.h"
#include "compatlayer/cuda/interop.h"
#ifdef CPL_NO_NAME_MACROS
#include "compatlayer/cuda/legacy.h"
#endif

#endif
