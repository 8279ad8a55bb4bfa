/* Objects to work with at the start of a batch, and their end after it. */
#include "fuzz_values.h"

static int kind_of(const char *name)
{
    for (unsigned i = 0; i < LENGTH(handle_names); i++)
        if (strcmp(handle_names[i], name) == 0)
            return (int)i;
    return (int)LENGTH(handle_names);
}

static void own(struct thread *t, const char *kind, void *value)
{
    if (value == NULL)
        return;
    remember(t, &pools[kind_of(kind)], (uint64_t)(uintptr_t)value);
    keep(kind_of(kind), (uint64_t)(uintptr_t)value, 0);
}

static void prepare(struct thread *t)
{
    for (int device = 0; device < 2; device++) {
        primary[device] = NULL;
        if (cuDevicePrimaryCtxRetain(&primary[device], device) == CUDA_SUCCESS && primary[device] != NULL) {
            remember(t, &pools[kind_of("CUctx_st")], (uint64_t)(uintptr_t)primary[device]);
            if (device == 0)
                cuCtxSetCurrent(primary[0]);
        }
    }
    CUstream stream = NULL;
    CUevent event = NULL;
    CUmodule module = NULL;
    CUfunction function = NULL;
    CUgraph graph = NULL;
    CUgraphExec exec = NULL;
    CUgraphNode node = NULL;
    CUdeviceptr memory = 0;
    void *host = NULL;
    if (cuStreamCreate(&stream, below(t, 2)) == CUDA_SUCCESS)
        own(t, "CUstream_st", stream);
    if (cuEventCreate(&event, one_in(t, 2) ? 2 : 0) == CUDA_SUCCESS)
        own(t, "CUevent_st", event);
    if (cuMemAlloc_v2(&memory, 65536) == CUDA_SUCCESS) {
        remember(t, &addresses, memory);
        keep(-1, memory, 65536);
    }
    if (cuMemAllocHost_v2(&host, 65536) == CUDA_SUCCESS) {
        remember(t, &addresses, (uint64_t)(uintptr_t)host);
        keep(-1, (uint64_t)(uintptr_t)host, 65536);
    }
    if (cuModuleLoadData(&module, image) == CUDA_SUCCESS) {
        own(t, "CUmod_st", module);
        if (cuModuleGetFunction(&function, module, one_in(t, 4) ? "add_one" : "empty") == CUDA_SUCCESS)
            own(t, "CUfunc_st", function);
    }
    if (cuGraphCreate(&graph, 0) == CUDA_SUCCESS) {
        own(t, "CUgraph_st", graph);
        if (cuGraphAddEmptyNode(&node, graph, NULL, 0) == CUDA_SUCCESS)
            own(t, "CUgraphNode_st", node);
        if (cuGraphInstantiateWithFlags(&exec, graph, 0) == CUDA_SUCCESS)
            own(t, "CUgraphExec_st", exec);
    }
}

static void end_one(int kind, uint64_t value, uint64_t bytes)
{
    void *object = (void *)(uintptr_t)value;
    const char *name = kind >= 0 && kind < (int)LENGTH(handle_names) ? handle_names[kind] : "";
    if (kind == -1) {
        cuMemUnmap(value, bytes);
        cuMemAddressFree(value, bytes);
        cuIpcCloseMemHandle(value);
        cuMemFree_v2(value);
        cuMemFreeHost(object);
        cuMemHostUnregister(object);
    } else if (strcmp(name, "CUgraphExec_st") == 0) {
        cuGraphExecDestroy(object);
    } else if (strcmp(name, "CUgraph_st") == 0) {
        cuGraphDestroy(object);
    } else if (strcmp(name, "CUuserObject_st") == 0) {
        for (int i = 0; i < 64 && cuUserObjectRelease(object, 1) == CUDA_SUCCESS; i++)
            ;
    } else if (strcmp(name, "CUlinkState_st") == 0) {
        cuLinkDestroy(object);
    } else if (strcmp(name, "CUlib_st") == 0) {
        cuLibraryUnload(object);
    } else if (strcmp(name, "CUmod_st") == 0) {
        cuModuleUnload(object);
    } else if (strcmp(name, "CUctx_st") == 0) {
        cuCtxDestroy_v2(object);
    } else if (strcmp(name, "CUgreenCtx_st") == 0) {
        cuGreenCtxDestroy(object);
    } else if (strcmp(name, "cudaExecutionContext_st") == 0) {
        cudaExecutionCtxDestroy(object);
    } else if (strcmp(name, "CUstream_st") == 0) {
        cuStreamDestroy_v2(object);
    } else if (strcmp(name, "CUevent_st") == 0) {
        cuEventDestroy_v2(object);
    } else if (strcmp(name, "CUmemPoolHandle_st") == 0) {
        cuuint64_t nothing = 0;    /* a default pool keeps its attributes for the life of the process */
        cuMemPoolSetAttribute(object, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &nothing);
        cuMemPoolTrimTo(object, 0);
        cuMemPoolDestroy(object);
    } else if (strcmp(name, "CUarray_st") == 0) {
        cuArrayDestroy(object);
    } else if (strcmp(name, "CUmipmappedArray_st") == 0) {
        cuMipmappedArrayDestroy(object);
    } else if (strcmp(name, "CUtexObject") == 0) {
        cuTexObjectDestroy(value);
    } else if (strcmp(name, "CUsurfObject") == 0) {
        cuSurfObjectDestroy(value);
    } else if (strcmp(name, "CUmemGenericAllocationHandle") == 0) {
        for (int i = 0; i < 64 && cuMemRelease(value) == CUDA_SUCCESS; i++)
            ;
    } else if (strcmp(name, "CUextMemory_st") == 0) {
        cuDestroyExternalMemory(object);
    } else if (strcmp(name, "CUextSemaphore_st") == 0) {
        cuDestroyExternalSemaphore(object);
    } else if (strcmp(name, "CUlogsCallbackEntry_st") == 0) {
        cuLogsUnregisterCallback(object);
    } else if (strcmp(name, "CUasyncCallbackEntry_st") == 0) {
        cuDeviceUnregisterAsyncNotification(0, object);
        cuDeviceUnregisterAsyncNotification(1, object);
    } else if (strcmp(name, "CUcoredumpCallbackEntry_st") == 0) {
        cuCoredumpDeregisterStartCallback(object);
        cuCoredumpDeregisterCompleteCallback(object);
    } else if (strcmp(name, "CUtexref_st") == 0) {
        cuTexRefDestroy(object);
    } else if (strcmp(name, "_nvrtcProgram") == 0) {
        nvrtcProgram program = object;
        nvrtcDestroyProgram(&program);
    } else if (strcmp(name, "_nvvmProgram") == 0) {
        nvvmProgram program = object;
        nvvmDestroyProgram(&program);
    } else if (strcmp(name, "nvJitLink") == 0) {
        nvJitLinkHandle linker = object;
        nvJitLinkDestroy(&linker);
    }
}

static void end_all(unsigned count)
{
    for (int pass = -1; pass < 3; pass++)    /* streams, whose captures refuse to be waited for; memory, pools, contexts */
        for (unsigned i = count; i-- > 0;) {
            const char *name = made[i].kind >= 0 && made[i].kind < (int)LENGTH(handle_names) ?
                               handle_names[made[i].kind] : "";
            int its = strcmp(name, "CUctx_st") == 0 ? 2 : strcmp(name, "CUmemPoolHandle_st") == 0 ? 1 :
                      strcmp(name, "CUstream_st") == 0 ? -1 : 0;
            if (its == pass)
                end_one(made[i].kind, made[i].value, made[i].size);
        }
}

/* The end of a batch, on one thread: everything that was made is destroyed. Twice, since a capture in a per-thread stream
 * that ends with its context keeps other things from ending before. */
void fuzz_clean(void)
{
    CUcontext context = NULL;
    CUmemoryPool pool = NULL;
    for (int device = 0; device < 2; device++)
        if (cuDeviceGetDefaultMemPool(&pool, device) == CUDA_SUCCESS)
            keep(kind_of("CUmemPoolHandle_st"), (uint64_t)(uintptr_t)pool, 0);
    unsigned count = made_count < MADE ? made_count : MADE;
    for (int round = 0; round < 2; round++) {
        while (cuCtxPopCurrent_v2(&context) == CUDA_SUCCESS)
            ;
        if (cuDevicePrimaryCtxRetain(&context, 0) == CUDA_SUCCESS)
            cuCtxPushCurrent_v2(context);
        end_all(count);
        while (cuCtxPopCurrent_v2(&context) == CUDA_SUCCESS)
            ;
        for (int device = 0; device < 2; device++) {
            cuDevicePrimaryCtxReset_v2(device);
            while (cuDevicePrimaryCtxRelease_v2(device) == CUDA_SUCCESS)
                ;
            cuDeviceGraphMemTrim(device);    /* memory of ended graphs stays with the device until then */
        }
    }
    made_count = 0;
    memset(pools, 0, sizeof pools);
    memset(&addresses, 0, sizeof addresses);
}
