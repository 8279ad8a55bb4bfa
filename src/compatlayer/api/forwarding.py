"""The functions of the runtime library that are a driver function under another name: the one table of them.

Both sides take the same parameters in the same order; handles are the same, enumerations have the same values and
structures the same layout (a test holds them to it). What differs is written by hand in native/cudart/.
A function that the driver does not support is not forwarded: it is not supported either, for the driver's reason.
"""

from __future__ import annotations

from compatlayer.api.reasons import REASONS

# Driver functions by the runtime functions that they answer. Where only the prefix differs, one name says it.
_SAME = """
DeviceGetByPCIBusId DeviceGetPCIBusId DeviceGetDefaultMemPool DeviceSetMemPool DeviceGetMemPool DeviceGetP2PAttribute
DeviceCanAccessPeer DeviceGraphMemTrim DeviceGetGraphMemAttribute DeviceSetGraphMemAttribute
DeviceGetHostAtomicCapabilities DeviceGetP2PAtomicCapabilities DeviceGetNvSciSyncAttributes
DeviceRegisterAsyncNotification DeviceUnregisterAsyncNotification DeviceGetDevResource DevSmResourceSplitByCount
DevSmResourceSplit DevResourceGenerateDesc StreamGetDevResource StreamCreateWithPriority StreamGetPriority
StreamGetFlags StreamGetId StreamGetDevice StreamCopyAttributes StreamGetAttribute StreamSetAttribute StreamWaitEvent
StreamAddCallback StreamSynchronize StreamQuery StreamAttachMemAsync StreamBeginCaptureToGraph StreamEndCapture
StreamIsCapturing ThreadExchangeStreamCaptureMode StreamBeginRecaptureToGraph EventRecord EventRecordWithFlags
EventQuery EventSynchronize IpcGetEventHandle IpcOpenEventHandle IpcGetMemHandle IpcCloseMemHandle MemPoolTrimTo
MemPoolSetAttribute MemPoolGetAttribute MemPoolSetAccess MemPoolGetAccess MemPoolCreate MemPoolDestroy
MemPoolExportToShareableHandle MemPoolImportFromShareableHandle MemPoolExportPointer MemPoolImportPointer
MemRangeGetAttribute MemRangeGetAttributes MemGetDefaultMemPool MemGetMemPool MemSetMemPool MemGetLocationInfo
MemPrefetchBatchAsync MemDiscardBatchAsync MemDiscardAndPrefetchBatchAsync Memcpy3DWithAttributesAsync
MemcpyWithAttributesAsync ArrayGetPlane ArrayGetMemoryRequirements MipmappedArrayGetMemoryRequirements
ArrayGetSparseProperties MipmappedArrayGetSparseProperties LaunchHostFunc LaunchHostFunc_v2 LibraryLoadData
LibraryLoadFromFile LibraryUnload LibraryGetKernel LibraryGetGlobal LibraryGetManaged LibraryGetUnifiedFunction
LibraryGetKernelCount LibraryEnumerateKernels LogsRegisterCallback LogsUnregisterCallback LogsCurrent LogsDumpToFile
LogsDumpToMemory ProfilerStart ProfilerStop GraphCreate GraphKernelNodeCopyAttributes GraphKernelNodeGetAttribute
GraphKernelNodeSetAttribute GraphMemsetNodeGetParams GraphMemsetNodeSetParams GraphAddHostNode GraphHostNodeGetParams
GraphHostNodeSetParams GraphAddChildGraphNode GraphChildGraphNodeGetGraph GraphAddEmptyNode GraphAddEventRecordNode
GraphEventRecordNodeGetEvent GraphEventRecordNodeSetEvent GraphAddEventWaitNode GraphEventWaitNodeGetEvent
GraphEventWaitNodeSetEvent GraphAddExternalSemaphoresSignalNode GraphExternalSemaphoresSignalNodeGetParams
GraphExternalSemaphoresSignalNodeSetParams GraphAddExternalSemaphoresWaitNode GraphExternalSemaphoresWaitNodeGetParams
GraphExternalSemaphoresWaitNodeSetParams GraphAddMemAllocNode GraphMemAllocNodeGetParams GraphAddMemFreeNode
GraphMemFreeNodeGetParams GraphClone GraphNodeFindInClone GraphNodeGetType GraphGetNodes GraphGetRootNodes
GraphDestroyNode GraphInstantiateWithFlags GraphInstantiateWithParams GraphExecGetFlags GraphExecHostNodeSetParams
GraphExecChildGraphNodeSetParams GraphExecEventRecordNodeSetEvent GraphExecEventWaitNodeSetEvent
GraphExecExternalSemaphoresSignalNodeSetParams GraphExecExternalSemaphoresWaitNodeSetParams GraphNodeSetEnabled
GraphNodeGetEnabled GraphUpload GraphLaunch GraphExecDestroy GraphDestroy GraphDebugDotPrint UserObjectCreate
UserObjectRetain UserObjectRelease GraphRetainUserObject GraphReleaseUserObject GraphNodeGetContainingGraph
GraphNodeGetLocalId GraphNodeGetToolsId GraphGetId GraphExecGetId ImportExternalMemory ExternalMemoryGetMappedBuffer
ExternalMemoryGetMappedMipmappedArray DestroyExternalMemory ImportExternalSemaphore DestroyExternalSemaphore
SignalExternalSemaphoresAsync WaitExternalSemaphoresAsync GraphicsUnregisterResource GraphicsResourceSetMapFlags
GraphicsMapResources GraphicsUnmapResources GraphicsSubResourceGetMappedArray GraphicsResourceGetMappedMipmappedArray
GraphicsEGLRegisterImage EGLStreamConsumerConnect EGLStreamConsumerConnectWithFlags EGLStreamConsumerDisconnect
EGLStreamConsumerAcquireFrame EGLStreamConsumerReleaseFrame EGLStreamProducerConnect EGLStreamProducerDisconnect
EGLStreamProducerPresentFrame EGLStreamProducerReturnFrame GraphicsResourceGetMappedEglFrame EventCreateFromEGLSync
GraphicsGLRegisterImage GraphicsGLRegisterBuffer VDPAUGetDevice GraphicsVDPAURegisterVideoSurface
GraphicsVDPAURegisterOutputSurface OccupancyMaxPotentialClusterSize OccupancyMaxActiveClusters
"""
_OTHER = {
    "cudaDeviceSynchronize": "cuCtxSynchronize",
    "cudaDeviceGetLimit": "cuCtxGetLimit",
    "cudaDeviceSetLimit": "cuCtxSetLimit",
    "cudaDeviceGetCacheConfig": "cuCtxGetCacheConfig",
    "cudaDeviceSetCacheConfig": "cuCtxSetCacheConfig",
    "cudaDeviceGetSharedMemConfig": "cuCtxGetSharedMemConfig",
    "cudaDeviceSetSharedMemConfig": "cuCtxSetSharedMemConfig",
    "cudaDeviceGetStreamPriorityRange": "cuCtxGetStreamPriorityRange",
    "cudaDeviceFlushGPUDirectRDMAWrites": "cuFlushGPUDirectRDMAWrites",
    "cudaGetDeviceCount": "cuDeviceGetCount",
    "cudaDeviceGetAttribute": "cuDeviceGetAttribute",
    "cudaCtxResetPersistingL2Cache": "cuCtxResetPersistingL2Cache",
    "cudaDriverGetVersion": "cuDriverGetVersion",
    "cudaStreamCreateWithFlags": "cuStreamCreate",
    "cudaStreamDestroy": "cuStreamDestroy_v2",
    "cudaStreamBeginCapture": "cuStreamBeginCapture_v2",
    "cudaStreamGetCaptureInfo": "cuStreamGetCaptureInfo_v3",
    "cudaStreamGetCaptureInfo_v12": "cuStreamGetCaptureInfo_v2",
    "cudaStreamGetCaptureInfo_v10": "cuStreamGetCaptureInfo",
    "cudaStreamUpdateCaptureDependencies": "cuStreamUpdateCaptureDependencies_v2",
    "cudaStreamUpdateCaptureDependencies_v12": "cuStreamUpdateCaptureDependencies",
    "cudaEventCreateWithFlags": "cuEventCreate",
    "cudaEventDestroy": "cuEventDestroy_v2",
    "cudaEventElapsedTime": "cuEventElapsedTime_v2",
    "cudaIpcOpenMemHandle": "cuIpcOpenMemHandle_v2",
    "cudaHostAlloc": "cuMemHostAlloc",
    "cudaHostRegister": "cuMemHostRegister_v2",
    "cudaHostUnregister": "cuMemHostUnregister",
    "cudaHostGetDevicePointer": "cuMemHostGetDevicePointer_v2",
    "cudaHostGetFlags": "cuMemHostGetFlags",
    "cudaMallocManaged": "cuMemAllocManaged",
    "cudaMallocAsync": "cuMemAllocAsync",
    "cudaFreeAsync": "cuMemFreeAsync",
    "cudaMallocFromPoolAsync": "cuMemAllocFromPoolAsync",
    "cudaMemGetInfo": "cuMemGetInfo_v2",
    "cudaMemPrefetchAsync": "cuMemPrefetchAsync_v2",
    "cudaMemPrefetchAsync_v12": "cuMemPrefetchAsync",
    "cudaMemAdvise": "cuMemAdvise_v2",
    "cudaMemAdvise_v12": "cuMemAdvise",
    "cudaMemcpyBatchAsync": "cuMemcpyBatchAsync_v2",
    "cudaMemcpyBatchAsync_v12": "cuMemcpyBatchAsync",
    "cudaMemcpy3DBatchAsync": "cuMemcpy3DBatchAsync_v2",
    "cudaMemcpy3DBatchAsync_v12": "cuMemcpy3DBatchAsync",
    "cudaGetMipmappedArrayLevel": "cuMipmappedArrayGetLevel",
    "cudaDestroyTextureObject": "cuTexObjectDestroy",
    "cudaDestroySurfaceObject": "cuSurfObjectDestroy",
    "cudaGetTextureObjectResourceViewDesc": "cuTexObjectGetResourceViewDesc",
    "cudaGraphInstantiate": "cuGraphInstantiateWithFlags",
    "cudaGraphExecUpdate": "cuGraphExecUpdate_v2",
    "cudaGraphGetEdges": "cuGraphGetEdges_v2",
    "cudaGraphGetEdges_v12": "cuGraphGetEdges",
    "cudaGraphNodeGetDependencies": "cuGraphNodeGetDependencies_v2",
    "cudaGraphNodeGetDependencies_v12": "cuGraphNodeGetDependencies",
    "cudaGraphNodeGetDependentNodes": "cuGraphNodeGetDependentNodes_v2",
    "cudaGraphNodeGetDependentNodes_v12": "cuGraphNodeGetDependentNodes",
    "cudaGraphAddDependencies": "cuGraphAddDependencies_v2",
    "cudaGraphAddDependencies_v12": "cuGraphAddDependencies",
    "cudaGraphRemoveDependencies": "cuGraphRemoveDependencies_v2",
    "cudaGraphRemoveDependencies_v12": "cuGraphRemoveDependencies",
    "cudaGraphicsResourceGetMappedPointer": "cuGraphicsResourceGetMappedPointer_v2",
    "cudaGLGetDevices": "cuGLGetDevices_v2",
    "cudaVDPAUSetVDPAUDevice": "cuVDPAUCtxCreate_v2",
    "cudaGetExportTable": "cuGetExportTable",
}
FORWARDS: dict[str, str] = {**{f"cuda{name}": f"cu{name}" for name in _SAME.split()}, **_OTHER}


def answered() -> frozenset[str]:
    """The runtime functions that are forwarded."""
    return frozenset(name for name, driver in FORWARDS.items() if driver not in REASONS)


def reason(name: str) -> str:
    """Why the runtime function `name` is not supported: the driver's reason for the function behind it, else ""."""
    return REASONS.get(FORWARDS.get(name, ""), "")
