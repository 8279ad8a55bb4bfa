/* The management interface (NVML), as compatlayer serves it. Our own text of documented names, values and layouts.
 * Functions for hardware that a device here can never be (vGPU hosts, MIG instances, NVLink fabrics, confidential
 * computing) are not declared: looking one up fails, which clients know as NVML_ERROR_FUNCTION_NOT_FOUND. */
#ifndef COMPATLAYER_NVML_H
#define COMPATLAYER_NVML_H
#include <stddef.h>
#include "compatlayer/cuda/api.h"

#define NVML_API_VERSION 13

typedef enum nvmlReturn_enum {
    NVML_SUCCESS = 0,                      /* Success */
    NVML_ERROR_UNINITIALIZED = 1,          /* Uninitialized */
    NVML_ERROR_INVALID_ARGUMENT = 2,       /* Invalid Argument */
    NVML_ERROR_NOT_SUPPORTED = 3,          /* Not Supported */
    NVML_ERROR_NO_PERMISSION = 4,          /* Insufficient Permissions */
    NVML_ERROR_ALREADY_INITIALIZED = 5,    /* Already Initialized */
    NVML_ERROR_NOT_FOUND = 6,              /* Not Found */
    NVML_ERROR_INSUFFICIENT_SIZE = 7,      /* Insufficient Size */
    NVML_ERROR_INSUFFICIENT_POWER = 8,     /* Insufficient External Power */
    NVML_ERROR_DRIVER_NOT_LOADED = 9,      /* Driver Not Loaded */
    NVML_ERROR_TIMEOUT = 10,               /* Timeout */
    NVML_ERROR_IRQ_ISSUE = 11,             /* Interrupt Request Issue */
    NVML_ERROR_LIBRARY_NOT_FOUND = 12,     /* NVML Shared Library Not Found */
    NVML_ERROR_FUNCTION_NOT_FOUND = 13,    /* Function Not Found */
    NVML_ERROR_CORRUPTED_INFOROM = 14,     /* Corrupted infoROM */
    NVML_ERROR_GPU_IS_LOST = 15,           /* GPU is lost */
    NVML_ERROR_RESET_REQUIRED = 16,        /* GPU requires reset */
    NVML_ERROR_OPERATING_SYSTEM = 17,      /* The operating system has blocked the request */
    NVML_ERROR_LIB_RM_VERSION_MISMATCH = 18,    /* The versions of the library and of the driver do not fit */
    NVML_ERROR_IN_USE = 19,                /* In use by another client */
    NVML_ERROR_MEMORY = 20,                /* Insufficient Memory */
    NVML_ERROR_NO_DATA = 21,               /* No data */
    NVML_ERROR_VGPU_ECC_NOT_SUPPORTED = 22,     /* Not Supported on a vGPU with ECC enabled */
    NVML_ERROR_INSUFFICIENT_RESOURCES = 23,     /* Insufficient resources */
    NVML_ERROR_FREQ_NOT_SUPPORTED = 24,    /* Frequency not supported */
    NVML_ERROR_ARGUMENT_VERSION_MISMATCH = 25,  /* The version of a structure is not known */
    NVML_ERROR_DEPRECATED = 26,            /* Deprecated */
    NVML_ERROR_NOT_READY = 27,             /* Not ready */
    NVML_ERROR_GPU_NOT_FOUND = 28,         /* No GPUs were found */
    NVML_ERROR_INVALID_STATE = 29,         /* Invalid state */
    NVML_ERROR_RESET_TYPE_NOT_SUPPORTED = 30,   /* This type of reset is not supported */
    NVML_ERROR_UNKNOWN = 999               /* Unknown Error */
} nvmlReturn_t;

#include "compatlayer/nvml/types.h"

CPL_C_BEGIN
#define CPL_NVML CPL_API(0)

#include "compatlayer/nvml/system.h"
#include "compatlayer/nvml/identity.h"
#include "compatlayer/nvml/use.h"
#include "compatlayer/nvml/clocks.h"
#include "compatlayer/nvml/power.h"
#include "compatlayer/nvml/modes.h"
#include "compatlayer/nvml/health.h"
#include "compatlayer/nvml/links.h"

#undef CPL_NVML
CPL_C_END

/* The names without a version mean the newest one. The generator of the exported libraries, which exports both, and
 * clients that ask for the older ones do not want that. */
#if !defined(CPL_NO_NAME_MACROS) && !defined(NVML_NO_UNVERSIONED_FUNC_DEFS)
#define nvmlInit nvmlInit_v2
#define nvmlDeviceGetCount nvmlDeviceGetCount_v2
#define nvmlDeviceGetHandleByIndex nvmlDeviceGetHandleByIndex_v2
#define nvmlDeviceGetHandleByPciBusId nvmlDeviceGetHandleByPciBusId_v2
#define nvmlDeviceGetPciInfo nvmlDeviceGetPciInfo_v3
#define nvmlDeviceGetComputeRunningProcesses nvmlDeviceGetComputeRunningProcesses_v3
#define nvmlDeviceGetGraphicsRunningProcesses nvmlDeviceGetGraphicsRunningProcesses_v3
#define nvmlDeviceGetMPSComputeRunningProcesses nvmlDeviceGetMPSComputeRunningProcesses_v3
#define nvmlEventSetWait nvmlEventSetWait_v2
#define nvmlDeviceGetAttributes nvmlDeviceGetAttributes_v2
#endif

#endif
