"""Why functions of the driver API are not supported on a CPU device: the one table of reasons.

A function has a handler or a place here, never both; a test compares. The text is what programs see in the error log,
with COMPATLAYER_VERBOSE=1, in `compatlayer run --report` and on the coverage page.
"""

from __future__ import annotations

from compatlayer.api import reasons_nvml

_GROUPS: dict[str, str] = {
    "an OpenGL context shares its objects only with the GPU that draws them": """
        cuGLInit cuGLCtxCreate_v2 cuGLGetDevices_v2 cuGLRegisterBufferObject cuGLUnregisterBufferObject
        cuGLMapBufferObject_v2 cuGLMapBufferObjectAsync_v2 cuGLUnmapBufferObject cuGLUnmapBufferObjectAsync
        cuGLSetBufferObjectMapFlags cuGraphicsGLRegisterBuffer cuGraphicsGLRegisterImage""",
    "EGL shares its streams, images and sync objects only with the GPU that renders": """
        cuEGLStreamConsumerConnect cuEGLStreamConsumerConnectWithFlags cuEGLStreamConsumerDisconnect
        cuEGLStreamConsumerAcquireFrame cuEGLStreamConsumerReleaseFrame cuEGLStreamProducerConnect
        cuEGLStreamProducerDisconnect cuEGLStreamProducerPresentFrame cuEGLStreamProducerReturnFrame
        cuEventCreateFromEGLSync cuGraphicsEGLRegisterImage cuGraphicsResourceGetMappedEglFrame""",
    "VDPAU surfaces lie in the memory of the GPU that decodes video": """
        cuVDPAUGetDevice cuVDPAUCtxCreate_v2 cuGraphicsVDPAURegisterVideoSurface
        cuGraphicsVDPAURegisterOutputSurface""",
    "there is no graphics resource that could be mapped: none can be registered without a GPU that draws": """
        cuGraphicsMapResources cuGraphicsUnmapResources cuGraphicsUnregisterResource
        cuGraphicsResourceGetMappedPointer_v2 cuGraphicsResourceGetMappedMipmappedArray
        cuGraphicsSubResourceGetMappedArray cuGraphicsResourceSetMapFlags cuGraphicsResourceSetMapFlags_v2""",
    "memory of Vulkan, Direct3D or NvSciBuf belongs to a GPU's driver, which does not export it to a CPU device": """
        cuImportExternalMemory cuExternalMemoryGetMappedBuffer cuExternalMemoryGetMappedMipmappedArray
        cuDestroyExternalMemory""",
    "semaphores of Vulkan, Direct3D or NvSciSync belong to a GPU's driver, which does not export them to a CPU "
    "device": """
        cuImportExternalSemaphore cuSignalExternalSemaphoresAsync cuWaitExternalSemaphoresAsync
        cuDestroyExternalSemaphore cuGraphAddExternalSemaphoresSignalNode cuGraphAddExternalSemaphoresWaitNode
        cuGraphExternalSemaphoresSignalNodeGetParams cuGraphExternalSemaphoresSignalNodeSetParams
        cuGraphExternalSemaphoresWaitNodeGetParams cuGraphExternalSemaphoresWaitNodeSetParams
        cuGraphExecExternalSemaphoresSignalNodeSetParams cuGraphExecExternalSemaphoresWaitNodeSetParams""",
    "NvSciSync is the interface of another operating system's drivers": "cuDeviceGetNvSciSyncAttributes",
    "a locally unique identifier (LUID) exists on Windows only": "cuDeviceGetLuid",
    "multicast objects need the switches between GPUs (CU_DEVICE_ATTRIBUTE_MULTICAST_SUPPORTED is 0)": """
        cuMulticastCreate cuMulticastAddDevice cuMulticastBindMem cuMulticastBindMem_v2 cuMulticastBindAddr
        cuMulticastBindAddr_v2 cuMulticastUnbind cuMulticastGetGranularity""",
    "logical endpoints address memory across a fabric of GPUs, and there is none": """
        cuLogicalEndpointAddDevice cuLogicalEndpointBindAddr cuLogicalEndpointBindMem cuLogicalEndpointCreate
        cuLogicalEndpointDestroy cuLogicalEndpointExport cuLogicalEndpointGetLimits cuLogicalEndpointIdRelease
        cuLogicalEndpointIdReserve cuLogicalEndpointImport cuLogicalEndpointQuery cuLogicalEndpointUnbind""",
    "a CPU device is in no fabric of GPUs": """
        cuDeviceGetFabricClusterUuid cuDeviceGetCliqueCount cuDeviceGetCliqueInfo cuFabricCpyBatchAsync""",
    "no other device writes to this device's memory over PCI, so there are no such writes to flush": """
        cuFlushGPUDirectRDMAWrites""",
    "checkpoints take a process off its GPU; here all state is ordinary memory of the process": """
        cuCheckpointProcessGetRestoreThreadId cuCheckpointProcessGetState cuCheckpointProcessLock
        cuCheckpointProcessCheckpoint cuCheckpointProcessRestore cuCheckpointProcessUnlock
        cuCheckpointOperationComplete""",
    "no core dump is ever written (a fault's report names kernel, thread and line instead), so there is nothing to be "
    "told of": """
        cuCoredumpRegisterStartCallback cuCoredumpRegisterCompleteCallback cuCoredumpDeregisterStartCallback
        cuCoredumpDeregisterCompleteCallback""",
    "notifications are about the budget of memory that Windows gives; Linux has none": """
        cuDeviceRegisterAsyncNotification cuDeviceUnregisterAsyncNotification""",
    "CUDA in graphics (CIG) runs inside the queues of a Direct3D or Vulkan driver": """
        cuStreamBeginCaptureToCig cuStreamEndCaptureToCig""",
    "graphs are not changed by capturing into them again; capture another one and use cuGraphExecUpdate":
        "cuStreamBeginRecaptureToGraph",
    "tensor maps are for hardware of compute capability 9.0 (CU_DEVICE_ATTRIBUTE_TENSOR_MAP_ACCESS_SUPPORTED is 0)": """
        cuTensorMapEncodeTiled cuTensorMapEncodeIm2col cuTensorMapEncodeIm2colWide cuTensorMapReplaceAddress
        cuTensorMapSetAllocationClass""",
    "there is no decompression engine (CU_DEVICE_ATTRIBUTE_MEM_DECOMPRESS_ALGORITHM_MASK is 0)": """
        cuMemBatchDecompressAsync""",
    "no part of a cache can be set aside (CU_DEVICE_ATTRIBUTE_MAX_PERSISTING_L2_CACHE_SIZE is 0)": """
        cuCtxResetPersistingL2Cache""",
    "the profiler that this call sets up does not exist since CUDA 11": "cuProfilerInitialize",
    "cooperative launches over several devices were removed from CUDA": "cuLaunchCooperativeKernelMultiDevice",
    "this device has no thread block clusters (CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH is 0)": """
        cuOccupancyMaxPotentialClusterSize cuOccupancyMaxActiveClusters""",
    "functions of device code have no address on the host (CU_DEVICE_ATTRIBUTE_UNIFIED_FUNCTION_POINTERS is 0)": """
        cuLibraryGetUnifiedFunction""",
}

REASONS: dict[str, str] = {name: reason for reason, names in (_GROUPS | reasons_nvml.GROUPS).items()
                           for name in names.split()}
