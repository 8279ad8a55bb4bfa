/* What a compiler makes of a CUDA program, by hand: device code in a wrapper, stand-ins for kernels and variables. */
#include <cuda_runtime_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOOD(call) check((int)(call), 0, #call, __LINE__)
#define IS(call, wanted) check((int)(call), wanted, #call, __LINE__)

static void check(int status, int wanted, const char *call, int line)
{
    if (status == wanted)
        return;
    printf("line %d: %s answered %d, not %d\n", line, call, status, wanted);
    exit(1);
}

static struct {
    int magic, version;
    const void *data;
    void *more;
} wrapper = {0x466243b1, 1, NULL, NULL};
static char counter, scale, stranger;    /* stand for the variables */

static void add_one(int *data, int n)    /* stands for the kernel, as a compiler writes it */
{
    dim3 grid, block;
    size_t shared;
    cudaStream_t stream;
    void *args[] = {&data, &n};
    GOOD(__cudaPopCallConfiguration(&grid, &block, &shared, &stream));
    GOOD(cudaLaunchKernel((const void *)add_one, grid, block, args, shared, stream));
}

static void mismatch(void)
{
}

static void register_all(const char *path)
{
    static char code[1 << 20];
    FILE *file = fopen(path, "rb");
    size_t bytes = file != NULL ? fread(code, 1, sizeof code, file) : 0;
    IS(bytes > 0 && bytes < sizeof code, 1);
    fclose(file);
    wrapper.data = code;
    void **handle = __cudaRegisterFatBinary(&wrapper);
    IS(__cudaInitModule(handle), 1);
    __cudaRegisterFunction(handle, (const char *)add_one, "add_one", "add_one", -1, NULL, NULL, NULL, NULL, NULL);
    __cudaRegisterFunction(handle, (const char *)mismatch, "missing", "missing", -1, NULL, NULL, NULL, NULL, NULL);
    __cudaRegisterVar(handle, &counter, "counter", "counter", 0, 4, 0, 0);
    __cudaRegisterVar(handle, &scale, "scale", "scale", 0, 12, 1, 0);
    __cudaRegisterFatBinaryEnd(handle);
}

static void launches(void)
{
    int values[64], back[64], *device;
    cudaFuncAttributes attributes;
    cudaKernel_t kernel;
    cudaFunction_t function;
    for (int i = 0; i < 64; i++)
        values[i] = i;
    GOOD(cudaMalloc((void **)&device, sizeof values));
    GOOD(cudaMemcpy(device, values, sizeof values, cudaMemcpyHostToDevice));
    for (int i = 0; i < 3; i++) {
        IS(__cudaPushCallConfiguration((dim3){2, 1, 1}, (dim3){32, 1, 1}, 0, NULL), 0);
        add_one(device, 64);
    }
    GOOD(cudaMemcpy(back, device, sizeof back, cudaMemcpyDeviceToHost));
    for (int i = 0; i < 64; i++)
        IS(back[i], i + 3);
    GOOD(cudaFuncGetAttributes(&attributes, (const void *)add_one));
    GOOD(cudaGetKernel(&kernel, (const void *)add_one));
    GOOD(cudaGetFuncBySymbol(&function, (const void *)add_one));
    IS(cudaLaunchKernel((const void *)mismatch, (dim3){1, 1, 1}, (dim3){1, 1, 1}, NULL, 0, NULL), 98);
    IS(cudaGetLastError(), 98);
    dim3 any;
    size_t shared;
    cudaStream_t stream;
    IS(__cudaPopCallConfiguration(&any, &any, &shared, &stream), cudaErrorMissingConfiguration);
}

static void symbols(void)
{
    int value = 41, back = 0;
    float scales[3] = {0};
    void *address;
    size_t bytes;
    GOOD(cudaGetSymbolAddress(&address, &counter));
    GOOD(cudaGetSymbolSize(&bytes, &scale));
    IS(bytes, 12);
    GOOD(cudaMemcpyToSymbol(&counter, &value, 4, 0, cudaMemcpyHostToDevice));
    GOOD(cudaMemcpyFromSymbol(&back, &counter, 4, 0, cudaMemcpyDeviceToHost));
    IS(back, 41);
    value = 42;
    GOOD(cudaMemcpyToSymbolAsync(&counter, &value, 4, 0, cudaMemcpyDefault, NULL));
    GOOD(cudaMemcpyFromSymbolAsync(&back, &counter, 4, 0, cudaMemcpyDefault, NULL));
    GOOD(cudaDeviceSynchronize());
    IS(back, 42);
    GOOD(cudaMemcpyFromSymbol(scales, &scale, 8, 4, cudaMemcpyDeviceToHost));
    IS(scales[0] == 2.0f && scales[1] == 3.0f, 1);
    IS(cudaMemcpyToSymbol(&counter, &value, 4, 1, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
    IS(cudaMemcpyToSymbol(&counter, &value, 4, 0, cudaMemcpyDeviceToHost), cudaErrorInvalidMemcpyDirection);
    IS(cudaMemcpyFromSymbol(&value, &counter, 4, 0, cudaMemcpyHostToDevice), cudaErrorInvalidMemcpyDirection);
    IS(cudaGetSymbolAddress(&address, &stranger), cudaErrorInvalidSymbol);
    IS(cudaGetSymbolSize(&bytes, (const void *)add_one), cudaErrorInvalidSymbol);
    IS(cudaMemcpy(&value, address, 4, (cudaMemcpyKind)9), cudaErrorInvalidMemcpyDirection);
}

static void graphs(void)
{
    int value = 7, back = 0, other = 9;
    cudaGraph_t graph;
    cudaGraphNode_t write, read;
    cudaGraphExec_t executable;
    GOOD(cudaGraphCreate(&graph, 0));
    GOOD(cudaGraphAddMemcpyNodeToSymbol(&write, graph, NULL, 0, &counter, &value, 4, 0, cudaMemcpyHostToDevice));
    GOOD(cudaGraphAddMemcpyNodeFromSymbol(&read, graph, &write, 1, &back, &counter, 4, 0, cudaMemcpyDeviceToHost));
    GOOD(cudaGraphInstantiate(&executable, graph, 0));
    GOOD(cudaGraphLaunch(executable, NULL));
    GOOD(cudaDeviceSynchronize());
    IS(back, 7);
    GOOD(cudaGraphExecMemcpyNodeSetParamsToSymbol(executable, write, &counter, &other, 4, 0, cudaMemcpyHostToDevice));
    GOOD(cudaGraphExecMemcpyNodeSetParamsFromSymbol(executable, read, &back, &counter, 4, 0, cudaMemcpyDeviceToHost));
    GOOD(cudaGraphLaunch(executable, NULL));
    GOOD(cudaDeviceSynchronize());
    IS(back, 9);
    GOOD(cudaGraphMemcpyNodeSetParamsToSymbol(write, &counter, &other, 4, 0, cudaMemcpyHostToDevice));
    GOOD(cudaGraphMemcpyNodeSetParamsFromSymbol(read, &value, &counter, 4, 0, cudaMemcpyDeviceToHost));
    IS(cudaGraphAddMemcpyNodeToSymbol(&write, graph, NULL, 0, &stranger, &value, 4, 0, cudaMemcpyHostToDevice),
       cudaErrorInvalidSymbol);
    cudaKernelNodeParams params = {(void *)add_one, {1, 1, 1}, {1, 1, 1}, 0, NULL, NULL}, found;
    int *none = NULL, zero = 0;
    void *args[] = {&none, &zero};
    params.kernelParams = args;
    GOOD(cudaGraphAddKernelNode(&write, graph, NULL, 0, &params));
    GOOD(cudaGraphKernelNodeGetParams(write, &found));
    IS(found.func == (void *)add_one, 1);
}

/* What differs between the two libraries. */
#if LIBRARY == 12
cudaError_t cudaGetDeviceProperties_v2(cudaDeviceProp_v12 *, int);
cudaError_t properties_of_11(void *, int) __asm__("cudaGetDeviceProperties");
cudaError_t advise(const void *, size_t, cudaMemoryAdvise, int) __asm__("cudaMemAdvise");
cudaError_t prefetch(const void *, size_t, int, cudaStream_t) __asm__("cudaMemPrefetchAsync");
cudaError_t choose(int *, const cudaDeviceProp_v12 *) __asm__("cudaChooseDevice");
cudaError_t edges(cudaGraph_t, cudaGraphNode_t *, cudaGraphNode_t *, size_t *) __asm__("cudaGraphGetEdges");
cudaError_t before(cudaGraphNode_t, cudaGraphNode_t *, size_t *) __asm__("cudaGraphNodeGetDependencies");
cudaError_t after(cudaGraphNode_t, cudaGraphNode_t *, size_t *) __asm__("cudaGraphNodeGetDependentNodes");
cudaError_t join(cudaGraph_t, const cudaGraphNode_t *, const cudaGraphNode_t *, size_t)
    __asm__("cudaGraphAddDependencies");
cudaError_t part(cudaGraph_t, const cudaGraphNode_t *, const cudaGraphNode_t *, size_t)
    __asm__("cudaGraphRemoveDependencies");
cudaError_t add(cudaGraphNode_t *, cudaGraph_t, const cudaGraphNode_t *, size_t, cudaGraphNodeParams *)
    __asm__("cudaGraphAddNode");
cudaError_t captured(cudaStream_t, cudaStreamCaptureStatus *, unsigned long long *) __asm__("cudaStreamGetCaptureInfo");
cudaError_t captured_2(cudaStream_t, cudaStreamCaptureStatus *, unsigned long long *, cudaGraph_t *,
                       const cudaGraphNode_t **, size_t *) __asm__("cudaStreamGetCaptureInfo_v2");
cudaError_t update(cudaStream_t, cudaGraphNode_t *, size_t, unsigned) __asm__("cudaStreamUpdateCaptureDependencies");
cudaError_t batch(void **, void **, size_t *, size_t, cudaMemcpyAttributes *, size_t *, size_t, size_t *, cudaStream_t)
    __asm__("cudaMemcpyBatchAsync");
cudaError_t boxes(size_t, cudaMemcpy3DBatchOp *, size_t *, unsigned long long, cudaStream_t)
    __asm__("cudaMemcpy3DBatchAsync");

static void edges_of_12(void)
{
    cudaGraph_t graph;
    cudaGraphNode_t nodes[2], from, to;
    size_t count = 1;
    cudaGraphNodeParams params = {.type = cudaGraphNodeTypeEmpty};
    GOOD(cudaGraphCreate(&graph, 0));
    GOOD(cudaGraphAddEmptyNode(&nodes[0], graph, NULL, 0));
    GOOD(add(&nodes[1], graph, NULL, 0, &params));
    GOOD(join(graph, &nodes[0], &nodes[1], 1));
    GOOD(edges(graph, &from, &to, &count));
    IS(count == 1 && from == nodes[0] && to == nodes[1], 1);
    GOOD(before(nodes[1], &from, &count));
    GOOD(after(nodes[0], &to, &count));
    IS(from == nodes[0] && to == nodes[1], 1);
    GOOD(part(graph, &nodes[0], &nodes[1], 1));
    GOOD(edges(graph, NULL, NULL, &count));
    IS(count, 0);
}

static void capture_of_12(void)
{
    cudaStream_t stream;
    cudaStreamCaptureStatus status;
    unsigned long long id;
    cudaGraph_t graph;
    const cudaGraphNode_t *nodes;
    size_t count = 9;
    GOOD(cudaStreamCreate(&stream));
    GOOD(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed));
    GOOD(captured(stream, &status, &id));
    IS(status, cudaStreamCaptureStatusActive);
    GOOD(captured_2(stream, &status, &id, &graph, &nodes, &count));
    IS(count, 0);
    GOOD(update(stream, NULL, 0, cudaStreamSetCaptureDependencies));
    GOOD(cudaStreamEndCapture(stream, &graph));
}

static void versions(void)
{
    struct {
        cudaDeviceProp_v12 found;
        int guard;
    } prop = {.guard = 77};
    cudaDeviceProp thirteen;
    int version, device, *managed, back[4];
    void *host, *target;
    size_t bytes = 16, first = 0, failed;
    GOOD(cudaRuntimeGetVersion(&version));
    IS(version, 12090);
    GOOD(cudaGetDeviceProperties_v2(&prop.found, 0));
    IS(prop.guard, 77);
    cudaDeviceProp_v12 older;
    memset(&older, 0x55, sizeof older);
    GOOD(properties_of_11(&older, 0));
    IS(older.multiProcessorCount, prop.found.multiProcessorCount);
    IS(offsetof(cudaDeviceProp_v12, hostRegisterSupported), 728);
    IS(older.hostRegisterSupported, 0x55555555);
    GOOD(cudaDeviceGetAttribute(&version, cudaDevAttrMultiProcessorCount, 0));
    IS(prop.found.multiProcessorCount, version);
    GOOD(cudaDeviceGetAttribute(&version, cudaDevAttrClockRate, 0));
    IS(prop.found.clockRate, version);
    IS(prop.found.unifiedFunctionPointers, 0);
    (void)thirteen;
    prop.found.major = 8;
    GOOD(choose(&device, &prop.found));
    IS(device, 0);
    GOOD(cudaMallocManaged((void **)&managed, 4096, cudaMemAttachGlobal));
    GOOD(advise(managed, 4096, cudaMemAdviseSetReadMostly, 0));
    GOOD(prefetch(managed, 4096, 0, NULL));
    GOOD(cudaMalloc(&target, 16));
    managed[0] = 5;
    host = managed;
    cudaMemcpyAttributes attributes = {.srcAccessOrder = cudaMemcpySrcAccessOrderStream};
    cudaStream_t stream;
    GOOD(cudaStreamCreate(&stream));
    GOOD(batch(&target, &host, &bytes, 1, &attributes, &first, 1, &failed, stream));
    GOOD(cudaStreamSynchronize(stream));
    GOOD(cudaMemcpy(back, target, 16, cudaMemcpyDeviceToHost));
    IS(back[0], 5);
    IS(boxes(1, NULL, &failed, 0, stream), cudaErrorInvalidValue);
    edges_of_12();
    capture_of_12();
}
#else
static void versions(void)
{
    struct {
        cudaDeviceProp found;
        int guard;
    } prop = {.guard = 77};
    int version, device;
    GOOD(cudaRuntimeGetVersion(&version));
    IS(version, 13050);
    GOOD(cudaGetDeviceProperties(&prop.found, 0));
    IS(prop.guard, 77);
    GOOD(cudaChooseDevice(&device, &prop.found));
    IS(device, 0);
    int devices[] = {0}, wrong[] = {0, 99};
    GOOD(cudaSetValidDevices(devices, 1));
    IS(cudaSetValidDevices(wrong, 2), cudaErrorInvalidDevice);
}
#endif

int main(int argc, char **argv)
{
    IS(argc, 2);
    register_all(argv[1]);
    launches();
    symbols();
    graphs();
    versions();
    void **other = __cudaRegisterFatBinary(&wrapper);
    __cudaRegisterVar(other, &stranger, "counter", "counter", 0, 4, 0, 0);
    void *address, *pointer = NULL;
    GOOD(cudaGetSymbolAddress(&address, &stranger));
    __cudaRegisterManagedVar(other, &pointer, "counter", "nothing", 0, 4, 0, 0);
    IS(pointer == NULL, 1);
    __cudaUnregisterFatBinary(other);
    IS(cudaGetSymbolAddress(&address, &stranger), cudaErrorInvalidSymbol);
    puts("all good");
    return 0;
}
