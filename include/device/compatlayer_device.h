/* The base of device code: included before every kernel source. */
#ifndef COMPATLAYER_DEVICE_H
#define COMPATLAYER_DEVICE_H
#pragma clang system_header
#include "base/attributes.h"
#include "base/types.h"
#include "base/registers.h"
#include "base/sync.h"
#include "base/warp.h"
#include "base/atomics.h"
#include "base/bits.h"
#include "base/casts.h"
#include "base/math.h"
#include "base/memory.h"
#include "assert.h"
#endif
