/* Result codes of the runtime interface; the text beside each is what cudaGetErrorString answers. */
#ifndef COMPATLAYER_CUDART_ERROR_H
#define COMPATLAYER_CUDART_ERROR_H

typedef enum cudaError {
    cudaSuccess = 0,    /* no error */
    cudaErrorInvalidValue = 1,    /* invalid argument */
    cudaErrorMemoryAllocation = 2,    /* out of memory */
    cudaErrorInitializationError = 3,    /* initialization error */
    cudaErrorCudartUnloading = 4,    /* driver shutting down */
    cudaErrorProfilerDisabled = 5,    /* profiler disabled while using external profiling tool */
    cudaErrorProfilerNotInitialized = 6,    /* profiler not initialized: call cuProfilerInitialize() */
    cudaErrorProfilerAlreadyStarted = 7,    /* profiler already started */
    cudaErrorProfilerAlreadyStopped = 8,    /* profiler already stopped */
    cudaErrorInvalidConfiguration = 9,    /* invalid configuration argument */
    cudaErrorVersionTranslation = 10,    /* version translation */
    cudaErrorInvalidPitchValue = 12,    /* invalid pitch argument */
    cudaErrorInvalidSymbol = 13,    /* invalid device symbol */
    cudaErrorInvalidHostPointer = 16,    /* invalid host pointer */
    cudaErrorInvalidDevicePointer = 17,    /* invalid device pointer */
    cudaErrorInvalidTexture = 18,    /* invalid texture reference */
    cudaErrorInvalidTextureBinding = 19,    /* texture is not bound to a pointer */
    cudaErrorInvalidChannelDescriptor = 20,    /* invalid channel descriptor */
    cudaErrorInvalidMemcpyDirection = 21,    /* invalid copy direction for memcpy */
    cudaErrorAddressOfConstant = 22,    /* taking the address of a constant */
    cudaErrorTextureFetchFailed = 23,    /* texture fetch failed */
    cudaErrorTextureNotBound = 24,    /* texture is not bound */
    cudaErrorSynchronizationError = 25,    /* synchronization failed */
    cudaErrorInvalidFilterSetting = 26,    /* linear filtering is not supported for that element type */
    cudaErrorInvalidNormSetting = 27,    /* normalized read of that element type is not supported */
    cudaErrorMixedDeviceExecution = 28,    /* emulation and device execution were mixed */
    cudaErrorNotYetImplemented = 31,    /* not yet implemented */
    cudaErrorMemoryValueTooLarge = 32,    /* memory value is too large */
    cudaErrorStubLibrary = 34,    /* CUDA driver is a stub library */
    cudaErrorInsufficientDriver = 35,    /* driver is older than the runtime needs */
    cudaErrorCallRequiresNewerDriver = 36,    /* call needs a newer driver */
    cudaErrorInvalidSurface = 37,    /* invalid surface reference */
    cudaErrorDuplicateVariableName = 43,    /* several variables share one name */
    cudaErrorDuplicateTextureName = 44,    /* several textures share one name */
    cudaErrorDuplicateSurfaceName = 45,    /* several surfaces share one name */
    cudaErrorDevicesUnavailable = 46,    /* device is busy or unavailable */
    cudaErrorIncompatibleDriverContext = 49,    /* the current driver context is not the runtime's */
    cudaErrorMissingConfiguration = 52,    /* a launch was not configured */
    cudaErrorPriorLaunchFailure = 53,    /* an earlier launch failed */
    cudaErrorLaunchMaxDepthExceeded = 65,    /* launches nest too deep */
    cudaErrorLaunchFileScopedTex = 66,    /* kernel uses file-scoped textures */
    cudaErrorLaunchFileScopedSurf = 67,    /* kernel uses file-scoped surfaces */
    cudaErrorSyncDepthExceeded = 68,    /* synchronisation nests too deep */
    cudaErrorLaunchPendingCountExceeded = 69,    /* too many pending launches */
    cudaErrorInvalidDeviceFunction = 98,    /* invalid device function */
    cudaErrorNoDevice = 100,    /* no CUDA-capable device is detected */
    cudaErrorInvalidDevice = 101,    /* invalid device ordinal */
    cudaErrorDeviceNotLicensed = 102,    /* device does not have a valid Grid license */
    cudaErrorSoftwareValidityNotEstablished = 103,    /* integrity was not established */
    cudaErrorStartupFailure = 127,    /* runtime cannot start */
    cudaErrorInvalidKernelImage = 200,    /* device kernel image is invalid */
    cudaErrorDeviceUninitialized = 201,    /* invalid device context */
    cudaErrorMapBufferObjectFailed = 205,    /* mapping of buffer object failed */
    cudaErrorUnmapBufferObjectFailed = 206,    /* unmapping of buffer object failed */
    cudaErrorArrayIsMapped = 207,    /* array is mapped */
    cudaErrorAlreadyMapped = 208,    /* resource already mapped */
    cudaErrorNoKernelImageForDevice = 209,    /* no kernel image is available for execution on the device */
    cudaErrorAlreadyAcquired = 210,    /* resource already acquired */
    cudaErrorNotMapped = 211,    /* resource not mapped */
    cudaErrorNotMappedAsArray = 212,    /* resource not mapped as array */
    cudaErrorNotMappedAsPointer = 213,    /* resource not mapped as pointer */
    cudaErrorECCUncorrectable = 214,    /* uncorrectable ECC error encountered */
    cudaErrorUnsupportedLimit = 215,    /* limit is not supported on this architecture */
    cudaErrorDeviceAlreadyInUse = 216,    /* exclusive-thread device already in use by a different thread */
    cudaErrorPeerAccessUnsupported = 217,    /* peer access is not supported between these two devices */
    cudaErrorInvalidPtx = 218,    /* a PTX JIT compilation failed */
    cudaErrorInvalidGraphicsContext = 219,    /* invalid OpenGL or DirectX context */
    cudaErrorNvlinkUncorrectable = 220,    /* uncorrectable NVLink error detected during the execution */
    cudaErrorJitCompilerNotFound = 221,    /* PTX JIT compiler library not found */
    cudaErrorUnsupportedPtxVersion = 222,    /* the provided PTX was compiled with an unsupported toolchain. */
    cudaErrorJitCompilationDisabled = 223,    /* PTX JIT compilation was disabled */
    cudaErrorUnsupportedExecAffinity = 224,    /* the provided execution affinity is not supported */
    cudaErrorUnsupportedDevSideSync = 225,    /* the provided PTX contains unsupported call to cudaDeviceSynchronize */
    cudaErrorContained = 226,    /* contained error: the device goes on, this context does not */
    cudaErrorInsufficientLoaderVersion = 227,    /* the loader is older than the code it was given */
    cudaErrorInvalidSource = 300,    /* device kernel image is invalid */
    cudaErrorFileNotFound = 301,    /* file not found */
    cudaErrorSharedObjectSymbolNotFound = 302,    /* shared object symbol not found */
    cudaErrorSharedObjectInitFailed = 303,    /* shared object initialization failed */
    cudaErrorOperatingSystem = 304,    /* OS call failed or operation not supported on this OS */
    cudaErrorInvalidResourceHandle = 400,    /* invalid resource handle */
    cudaErrorIllegalState = 401,    /* the operation cannot be performed in the present state */
    cudaErrorLossyQuery = 402,    /* query loses data */
    cudaErrorSymbolNotFound = 500,    /* named symbol not found */
    cudaErrorNotReady = 600,    /* device not ready */
    cudaErrorIllegalAddress = 700,    /* an illegal memory access was encountered */
    cudaErrorLaunchOutOfResources = 701,    /* too many resources requested for launch */
    cudaErrorLaunchTimeout = 702,    /* the launch timed out and was terminated */
    cudaErrorLaunchIncompatibleTexturing = 703,    /* launch uses incompatible texturing mode */
    cudaErrorPeerAccessAlreadyEnabled = 704,    /* peer access is already enabled */
    cudaErrorPeerAccessNotEnabled = 705,    /* peer access has not been enabled */
    cudaErrorSetOnActiveProcess = 708,    /* cannot set while device is active in this process */
    cudaErrorContextIsDestroyed = 709,    /* context is destroyed */
    cudaErrorAssert = 710,    /* device-side assert triggered */
    cudaErrorTooManyPeers = 711,    /* peer mapping resources exhausted */
    cudaErrorHostMemoryAlreadyRegistered = 712,    /* part or all of the requested memory range is already mapped */
    cudaErrorHostMemoryNotRegistered = 713,    /* pointer does not correspond to a registered memory region */
    cudaErrorHardwareStackError = 714,    /* hardware stack error */
    cudaErrorIllegalInstruction = 715,    /* an illegal instruction was encountered */
    cudaErrorMisalignedAddress = 716,    /* misaligned address */
    cudaErrorInvalidAddressSpace = 717,    /* operation not supported on global/shared address space */
    cudaErrorInvalidPc = 718,    /* invalid program counter */
    cudaErrorLaunchFailure = 719,    /* unspecified launch failure */
    cudaErrorCooperativeLaunchTooLarge = 720,    /* too many blocks in cooperative launch */
    cudaErrorTensorMemoryLeak = 721,    /* tensor memory was not freed before the kernel ended */
    cudaErrorNotPermitted = 800,    /* operation not permitted */
    cudaErrorNotSupported = 801,    /* operation not supported */
    cudaErrorSystemNotReady = 802,    /* system not yet initialized */
    cudaErrorSystemDriverMismatch = 803,    /* system has unsupported display driver / cuda driver combination */
    cudaErrorCompatNotSupportedOnDevice = 804,    /* forward compatibility was attempted on non supported HW */
    /* MPS client failed to connect to the MPS control daemon or the MPS server */
    cudaErrorMpsConnectionFailed = 805,
    cudaErrorMpsRpcFailure = 806,    /* the remote procedural call between the MPS server and the MPS client failed */
    cudaErrorMpsServerNotReady = 807,    /* MPS server is not ready to accept new MPS client requests */
    /* the hardware resources required to create MPS client have been exhausted */
    cudaErrorMpsMaxClientsReached = 808,
    /* the hardware resources required to support device connections have been exhausted */
    cudaErrorMpsMaxConnectionsReached = 809,
    cudaErrorMpsClientTerminated = 810,    /* the MPS client has been terminated by the server */
    cudaErrorCdpNotSupported = 811,    /* launching kernels from a kernel is not supported on this device */
    cudaErrorCdpVersionMismatch = 812,    /* device runtime versions of caller and library differ */
    cudaErrorStreamCaptureUnsupported = 900,    /* operation not permitted when stream is capturing */
    cudaErrorStreamCaptureInvalidated = 901,    /* operation failed due to a previous error during capture */
    cudaErrorStreamCaptureMerge = 902,    /* operation would result in a merge of separate capture sequences */
    cudaErrorStreamCaptureUnmatched = 903,    /* capture was not ended in the same stream as it began */
    cudaErrorStreamCaptureUnjoined = 904,    /* capturing stream has unjoined work */
    cudaErrorStreamCaptureIsolation = 905,    /* dependency created on uncaptured work in another stream */
    /* operation would make the legacy stream depend on a capturing blocking stream */
    cudaErrorStreamCaptureImplicit = 906,
    cudaErrorCapturedEvent = 907,    /* operation not permitted on an event last recorded in a capturing stream */
    /* attempt to terminate a thread-local capture sequence from another thread */
    cudaErrorStreamCaptureWrongThread = 908,
    cudaErrorTimeout = 909,    /* wait operation timed out */
    /* the graph update was not performed because it included changes which violated constraints specific to instantiated graph update */
    cudaErrorGraphExecUpdateFailure = 910,
    cudaErrorExternalDevice = 911,    /* an asynchronous error has occurred in an external entity outside of CUDA */
    cudaErrorInvalidClusterSize = 912,    /* a kernel launch error has occurred due to cluster misconfiguration */
    /* the function handle is not loaded when calling an API that requires a loaded function */
    cudaErrorFunctionNotLoaded = 913,
    /* one or more resources passed in are not valid resource types for the operation */
    cudaErrorInvalidResourceType = 914,
    /* one or more resources are insufficient or not applicable for the operation */
    cudaErrorInvalidResourceConfiguration = 915,
    cudaErrorStreamDetached = 917,    /* the stream is detached and cannot take this operation */
    cudaErrorGraphRecaptureFailure = 918,    /* capturing again did not give the same graph */
    cudaErrorFabricNotReady = 919,    /* the fabric is not ready */
    cudaErrorUnknown = 999,    /* unknown error */
    cudaErrorApiFailureBase = 10000    /* first of the codes of other libraries */
} cudaError_t;

#endif
