/* Driver functions answered in C, whatever state Python is in: the texts of error codes, the version, the look-up of
 * functions by name. */
#include "compatlayer/slots.h"
#include "compatlayer/answers.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static const struct cpl_code *find_code(const struct cpl_code *codes, int count, int code)
{
    int low = 0, high = count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (codes[middle].code == code)
            return &codes[middle];
        if (codes[middle].code < code)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

CUresult cpl_answer_cuGetErrorName(CUresult error, const char **pStr)
{
    if (pStr == NULL)
        return CUDA_ERROR_INVALID_VALUE;
    const struct cpl_code *found = find_code(cpl_codes_cuda, cpl_codes_cuda_count, (int)error);
    *pStr = found != NULL ? found->name : NULL;
    return found != NULL ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cpl_answer_cuGetErrorString(CUresult error, const char **pStr)
{
    if (pStr == NULL)
        return CUDA_ERROR_INVALID_VALUE;
    const struct cpl_code *found = find_code(cpl_codes_cuda, cpl_codes_cuda_count, (int)error);
    *pStr = found != NULL ? found->text : NULL;
    return found != NULL ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cpl_answer_cuDriverGetVersion(int *driverVersion)
{
    if (driverVersion == NULL)
        return CUDA_ERROR_INVALID_VALUE;
    *driverVersion = CUDA_VERSION;
    return CUDA_SUCCESS;
}

/* The tables that this function hands out are not documented. */
CUresult cpl_answer_cuGetExportTable(const void **ppExportTable, const CUuuid *pExportTableId)
{
    (void)pExportTableId;
    if (ppExportTable == NULL)
        return CUDA_ERROR_INVALID_VALUE;
    *ppExportTable = NULL;
    return CUDA_ERROR_NOT_SUPPORTED;
}

const char *cpl_answer_nvrtcGetErrorString(nvrtcResult result)
{
    const struct cpl_code *found = find_code(cpl_codes_nvrtc, cpl_codes_nvrtc_count, (int)result);
    return found != NULL ? found->name : "NVRTC_ERROR unknown";
}

const char *cpl_answer_nvvmGetErrorString(nvvmResult result)
{
    const struct cpl_code *found = find_code(cpl_codes_nvvm, cpl_codes_nvvm_count, (int)result);
    return found != NULL ? found->name : "NVVM_ERROR unknown";
}

const char *cpl_answer_nvmlErrorString(nvmlReturn_t result)
{
    const struct cpl_code *found = find_code(cpl_codes_nvml, cpl_codes_nvml_count, (int)result);
    return found != NULL ? found->text : "Unknown Error";
}

/* The first row of `symbol`, or `count`. */
static int first_row(const struct cpl_entry_point *rows, int count, const char *symbol)
{
    int low = 0, high = count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (strcmp(rows[middle].base, symbol) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && strcmp(rows[low].base, symbol) == 0 ? low : count;
}

/* A per-thread variant is taken where there is one and `version` knows it; the others take no default stream, or
 * are older than the idea. */
static void *pick(const struct cpl_entry_point *row, int version, uint64_t flags)
{
    int wanted = (flags & CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM) != 0;
    return wanted && row->per_thread != NULL && row->per_thread_version <= version ? row->per_thread : row->function;
}

static atomic_int newest;    /* 0: all that include/ declares */

void cpl_entry_points_until(int version)
{
    atomic_store(&newest, version);
}

/* Passed through, what there is depends on the driver: it has to be loaded before anything is handed out. */
static void learn_newest(void)
{
    static atomic_int asked;
    if (atomic_exchange(&asked, 1) != 0)
        return;
    const char *devices = getenv("COMPATLAYER_DEVICES");
    if (devices != NULL && strcmp(devices, "nvidia") == 0)
        (void)cpl_boot(CPL_LIBRARY_CUDA, 0);
}

int cpl_entry_point_find(const struct cpl_entry_point *rows, int count, const char *symbol, void **function,
                         int version, uint64_t flags, int *status)
{
    uint64_t both = CU_GET_PROC_ADDRESS_LEGACY_STREAM | CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM;
    if (symbol == NULL || function == NULL || version > CUDA_VERSION || (flags & ~both) != 0 || flags == both)
        return CUDA_ERROR_INVALID_VALUE;
    learn_newest();
    int limit = atomic_load_explicit(&newest, memory_order_relaxed);
    if (limit != 0 && version > limit)
        version = limit;
    const struct cpl_entry_point *best = NULL;
    int first = first_row(rows, count, symbol);
    for (int row = first; row < count && strcmp(rows[row].base, symbol) == 0; row++)
        if (rows[row].version <= version)
            best = &rows[row];
    *function = best != NULL ? pick(best, version, flags) : NULL;
    if (status != NULL)
        *status = best != NULL    ? CU_GET_PROC_ADDRESS_SUCCESS
                  : first < count ? CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT
                                  : CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND;
    return best != NULL ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}
