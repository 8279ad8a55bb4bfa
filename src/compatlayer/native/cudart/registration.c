/* Device code, kernels and variables that compiled programs hand in before main.
 *
 * Nothing is loaded then: a process that never launches must not start the device. Look-ups take no lock: a table is
 * only ever added to, a larger one takes its place, and the older ones stay (each is half the size of the next). */
#include "symbol.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { WRAPPER_MAGIC = 0x466243b1, FIRST_SIZE = 256 };

struct wrapper {
    int magic, version;
    const void *data;
    void *more;
};
struct binary {
    const void *data;
    _Atomic(CUlibrary) library;
    _Atomic bool gone;
};
struct symbol {
    const void *address;
    struct binary *binary;
    const char *name;
    bool is_kernel;
    size_t bytes;
    _Atomic(CUkernel) kernel;
};
struct table {
    size_t size;
    _Atomic(struct symbol *) rows[];
};

static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(struct table *) symbols;
static size_t used;

static size_t place_of(const void *address, size_t size)
{
    return (size_t)(((uint64_t)(uintptr_t)address * 0x9E3779B97F4A7C15u) >> 20) & (size - 1);
}

static struct symbol *find(const void *address)
{
    struct table *table = atomic_load_explicit(&symbols, memory_order_acquire);
    if (table == NULL)
        return NULL;
    for (size_t at = place_of(address, table->size);; at = (at + 1) & (table->size - 1)) {
        struct symbol *symbol = atomic_load_explicit(&table->rows[at], memory_order_acquire);
        if (symbol == NULL)
            return NULL;
        if (symbol->address == address && !atomic_load(&symbol->binary->gone))
            return symbol;
    }
}

/* Under `writing`. A library that is loaded again at the same address takes the place of the one that went. */
static void insert(struct table *table, struct symbol *symbol)
{
    size_t at = place_of(symbol->address, table->size);
    struct symbol *there;
    while ((there = atomic_load(&table->rows[at])) != NULL && there->address != symbol->address)
        at = (at + 1) & (table->size - 1);
    used += there == NULL;
    atomic_store_explicit(&table->rows[at], symbol, memory_order_release);
}

static bool make_room(void)
{
    struct table *now = atomic_load(&symbols);
    if (now != NULL && used * 2 < now->size)
        return true;
    size_t size = now != NULL ? now->size * 2 : FIRST_SIZE;
    struct table *next = calloc(1, sizeof *next + size * sizeof *next->rows);
    if (next == NULL)
        return false;
    next->size = size;
    used = 0;
    for (size_t i = 0; now != NULL && i < now->size; i++)
        if (atomic_load(&now->rows[i]) != NULL)
            insert(next, atomic_load(&now->rows[i]));
    atomic_store_explicit(&symbols, next, memory_order_release);
    return true;
}

static struct symbol *add(void **handle, const void *address, const char *name, bool is_kernel, size_t bytes)
{
    struct symbol *symbol = handle != NULL ? calloc(1, sizeof *symbol) : NULL;
    if (symbol == NULL)
        return NULL;
    symbol->address = address;
    symbol->binary = (struct binary *)handle;
    symbol->name = name;
    symbol->is_kernel = is_kernel;
    symbol->bytes = bytes;
    pthread_mutex_lock(&writing);
    bool fits = make_room();
    if (fits)
        insert(atomic_load(&symbols), symbol);
    pthread_mutex_unlock(&writing);
    if (!fits)
        free(symbol);
    return fits ? symbol : NULL;
}

void **cpl_answer___cudaRegisterFatBinary(void *fatCubin)
{
    const struct wrapper *wrapper = fatCubin;
    struct binary *binary = calloc(1, sizeof *binary);
    if (binary == NULL)
        return NULL;
    if (wrapper != NULL && wrapper->magic == WRAPPER_MAGIC)
        binary->data = wrapper->data;
    else
        fprintf(stderr, "compatlayer: a program hands in device code in a form that is not known; its kernels fail\n");
    return (void **)binary;
}

void cpl_answer___cudaRegisterFatBinaryEnd(void **fatCubinHandle)
{
    (void)fatCubinHandle;
}

char cpl_answer___cudaInitModule(void **fatCubinHandle)
{
    (void)fatCubinHandle;
    return 1;
}

/* The records stay: another thread may be reading one. */
void cpl_answer___cudaUnregisterFatBinary(void **fatCubinHandle)
{
    struct binary *binary = (struct binary *)fatCubinHandle;
    if (binary == NULL || atomic_exchange(&binary->gone, true))
        return;
    CUlibrary library = atomic_exchange(&binary->library, NULL);
    if (library != NULL)
        drv_cuLibraryUnload(library);
}

void cpl_answer___cudaRegisterFunction(void **fatCubinHandle, const char *hostFun, char *deviceFun,
                                       const char *deviceName, int thread_limit, void *tid, void *bid, void *bDim,
                                       void *gDim, int *wSize)
{
    (void)deviceFun, (void)thread_limit, (void)tid, (void)bid, (void)bDim, (void)gDim, (void)wSize;
    add(fatCubinHandle, hostFun, deviceName, true, 0);
}

void cpl_answer___cudaRegisterVar(void **fatCubinHandle, char *hostVar, char *deviceAddress, const char *deviceName,
                                  int ext, size_t size, int constant, int global)
{
    (void)deviceAddress, (void)ext, (void)constant, (void)global;
    add(fatCubinHandle, hostVar, deviceName, false, size);
}

/* The binary's code, loaded when first needed. Two threads may both load it; one of them takes its own back. */
static int library_of(struct binary *binary, CUlibrary *library)
{
    int status;
    *library = atomic_load(&binary->library);
    if (*library != NULL)
        return 0;
    if (binary->data == NULL)
        return cudaErrorInvalidKernelImage;
    CPL_TRY(status, drv_cuLibraryLoadData(library, binary->data, NULL, NULL, 0, NULL, NULL, 0));
    CUlibrary first = NULL;
    if (status == 0 && !atomic_compare_exchange_strong(&binary->library, &first, *library)) {
        drv_cuLibraryUnload(*library);
        *library = first;
    }
    return status;
}

int cpl_symbol_kernel(const void *address, CUkernel *kernel)
{
    struct symbol *symbol = find(address);
    CUlibrary library;
    if (symbol == NULL || !symbol->is_kernel)
        return -1;
    *kernel = atomic_load_explicit(&symbol->kernel, memory_order_acquire);
    if (*kernel != NULL)
        return 0;
    int status = library_of(symbol->binary, &library);
    if (status == 0)
        CPL_TRY(status, drv_cuLibraryGetKernel(kernel, library, symbol->name));
    if (status == 0)
        atomic_store_explicit(&symbol->kernel, *kernel, memory_order_release);
    return status == CUDA_ERROR_NOT_FOUND ? (int)cudaErrorInvalidDeviceFunction : status;
}

const void *cpl_symbol_of(CUkernel kernel)
{
    struct table *table = atomic_load_explicit(&symbols, memory_order_acquire);
    for (size_t i = 0; table != NULL && i < table->size; i++) {
        struct symbol *symbol = atomic_load_explicit(&table->rows[i], memory_order_acquire);
        if (symbol != NULL && atomic_load(&symbol->kernel) == kernel)
            return symbol->address;
    }
    return NULL;
}

int cpl_symbol_variable(const void *address, CUdeviceptr *found, size_t *bytes)
{
    struct symbol *symbol = find(address);
    CUlibrary library;
    if (symbol == NULL || symbol->is_kernel)
        return cudaErrorInvalidSymbol;
    int status = library_of(symbol->binary, &library);
    if (status == 0)
        CPL_TRY(status, drv_cuLibraryGetGlobal(found, bytes, library, symbol->name));
    return status == CUDA_ERROR_NOT_FOUND ? (int)cudaErrorInvalidSymbol : status;
}

/* The program reads a managed variable through a pointer of its own, which must be right before any other call. */
void cpl_answer___cudaRegisterManagedVar(void **fatCubinHandle, void **hostVarPtrAddress, char *deviceAddress,
                                         const char *deviceName, int ext, size_t size, int constant, int global)
{
    CUlibrary library;
    CUdeviceptr found;
    (void)deviceAddress, (void)ext, (void)constant, (void)global;
    struct symbol *symbol = add(fatCubinHandle, hostVarPtrAddress, deviceName, false, size);
    if (symbol == NULL || library_of(symbol->binary, &library) != 0)
        return;
    int status;
    CPL_TRY(status, drv_cuLibraryGetManaged(&found, NULL, library, deviceName));
    if (status == 0)
        *hostVarPtrAddress = (void *)(uintptr_t)found;
}

/* `kernel<<<...>>>(...)` pushes its configuration; the stand-in of the kernel pops it. */
enum { CONFIGURATIONS = 16 };
static __thread struct configuration {
    dim3 grid, block;
    size_t shared;
    cudaStream_t stream;
} configurations[CONFIGURATIONS];
static __thread int pushed;

unsigned int cpl_answer___cudaPushCallConfiguration(dim3 gridDim, dim3 blockDim, size_t sharedMem, cudaStream_t stream)
{
    if (pushed == CONFIGURATIONS)
        return 1;
    configurations[pushed++] = (struct configuration){gridDim, blockDim, sharedMem, stream};
    return 0;
}

cudaError_t cpl_answer___cudaPopCallConfiguration(dim3 *gridDim, dim3 *blockDim, size_t *sharedMem, void *stream)
{
    if (gridDim == NULL || blockDim == NULL || sharedMem == NULL || stream == NULL)
        return cpl_cudart_done(cudaErrorInvalidValue);
    if (pushed == 0)
        return cpl_cudart_done(cudaErrorMissingConfiguration);
    const struct configuration *top = &configurations[--pushed];
    *gridDim = top->grid;
    *blockDim = top->block;
    *sharedMem = top->shared;
    *(cudaStream_t *)stream = top->stream;
    return cudaSuccess;
}
