/* The base of device code: included before every kernel source. */
#ifndef COMPATLAYER_DEVICE_H
#define COMPATLAYER_DEVICE_H
#include "compatlayer/attributes.h"
#include "compatlayer/types.h"
#include "compatlayer/registers.h"
#include "compatlayer/sync.h"
#include "compatlayer/warp.h"
#include "compatlayer/warp_legacy.h"
#include "compatlayer/atomics.h"
#include "compatlayer/atomic_api.h"
#include "compatlayer/bits.h"
#include "compatlayer/simd.h"
#include "compatlayer/casts.h"
#include "compatlayer/math.h"
#include "compatlayer/dpx.h"
#include "compatlayer/memory.h"
#include "compatlayer/texture.h"
#include "compatlayer/surface.h"
#include "compatlayer/language.h"
#include "assert.h"
/* Kernels launch kernels in relocatable code only, as with NVCC. */
#if defined(__CUDACC_RDC__)
#include "compatlayer/launch.h"
#endif
#endif
