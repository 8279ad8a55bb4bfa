/* Calls the exported functions with what a broken or hostile program may pass. fuzz_table.py writes the tables.
 *
 * Pointers are null or lead to guarded memory that is large enough for what stands at their place; what they lead to,
 * every number and every handle is random: null, stale, of another kind, freed twice, sometimes right. Everything of a
 * batch follows from its seed, so a batch can be repeated up to the call that went wrong. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#define CPL_NO_NAME_MACROS
#include <cuda.h>
#include <cudaEGL.h>
#include <cudaGL.h>
#include <cudaProfiler.h>
#include <cudaVDPAU.h>
#include <nvrtc.h>

struct field { unsigned offset; int type, role, group, tag; };
struct type { const char *name; int kind; unsigned bytes; int target, first, count, tag_offset; };
struct parameter { const char *name; int type, role; };
struct function { const char *name; int (*call)(char **); int first, count, rare, tame, library; };
#include "fuzz_table.h"

#define LENGTH(array) (sizeof (array) / sizeof *(array))
#define PAGE 4096ul
#define RAW_BYTES 65536ul          /* of a buffer of plain bytes */
#define RAW_APART (1ul << 36)      /* so far from one to the next that a wrong pitch meets nothing */
#define RAW_COUNT 8
#define PLACES 16                  /* parameters of a call */
#define POOL 16
#define ELEMENTS 16                /* behind every pointer; no count is larger */
#define MADE 65536
#define THREADS 8

struct pool { uint64_t values[POOL]; unsigned count; };
struct made { int kind; uint64_t value, size; };
struct progress { int64_t batch, call, function, calls, busy; };

static struct pool pools[LENGTH(handle_names) + 1], addresses;
static struct made made[MADE];
static unsigned made_count;
static char *raw[RAW_COUNT];
static const void *image;
static struct progress *progress;
static uint64_t successes[LENGTH(functions)], calls[LENGTH(functions)];
static CUcontext primary[2];
static uint64_t waits;             /* calls that went well and may have a queue wait for memory */

struct thread {
    uint64_t random;
    char slots[PLACES][512];
    char *arguments[PLACES];
    char *typed[PLACES];           /* ends of guarded areas */
    char *nested, *nested_end, *next;
    int mild;                      /* this call is nearly right, so that it gets somewhere */
};
static struct thread threads[THREADS];

#define MILD_WORDS 8    /* the first so many are mostly right somewhere */
static const char *const words[] = {
    "empty", "add_one", "counter", "scale", "valid.bin", "-arch=sm_86", "--gpu-architecture=compute_80",
    "extern \"C\" __global__ void k(int *p) { *p = 1; }", "", "x", "missing", "file.bin", "here/file.bin",
    "-DX=1", "-I", "--std=c++17", "-arch=sm_1", "%s%n%d", "\xff\xfe\x80", "main.cu", "__global__ void f( {", "#error no", "#include \"x\"",
    ".version 8.0\n.target sm_80\n.address_size 64\n", "\x7f""ELF", "0000:00:00.0", "_Z1fv", "a b c", "\n", "{}",
};

static int callback_zero(void)
{
    return 0;
}

static uint64_t next(struct thread *t)
{
    uint64_t z = (t->random += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

static unsigned below(struct thread *t, unsigned limit)
{
    return (unsigned)(((next(t) >> 32) * limit) >> 32);
}

static int one_in(struct thread *t, unsigned many)
{
    return below(t, many) == 0;
}

static void remember(struct thread *t, struct pool *pool, uint64_t value)
{
    unsigned place = pool->count < POOL ? pool->count : below(t, POOL);
    pool->values[place] = value;
    if (pool->count < POOL)
        pool->count++;
}

static uint64_t from_pool(struct thread *t, const struct pool *pool)
{
    return pool->count != 0 ? pool->values[below(t, pool->count)] : 0;
}

static void keep(int kind, uint64_t value, uint64_t size)
{
    unsigned place = __atomic_fetch_add(&made_count, 1, __ATOMIC_RELAXED);
    if (place < MADE)
        made[place] = (struct made){kind, value, size};
}

static const char *word(struct thread *t)
{
    return words[below(t, t->mild && one_in(t, 2) ? MILD_WORDS : LENGTH(words))];
}

/* ---- values -------------------------------------------------------------------------------------------------- */
static char *bytes_at(struct thread *t)
{
    char *at = raw[below(t, RAW_COUNT)];
    uint64_t *word = (uint64_t *)at;
    switch (below(t, 8)) {
    case 0: word[0] = next(t); word[1] = next(t); break;
    case 1: word[0] = below(t, 64); break;
    case 2: word[0] = below(t, 2) << 20; word[1] = 0; break;
    case 3: strcpy(at, words[below(t, LENGTH(words))]); break;
    case 4: word[0] = from_pool(t, &addresses); word[1] = below(t, 8); break;
    case 5: word[0] = from_pool(t, &pools[below(t, LENGTH(handle_names))]); break;
    default: break;
    }
    return at + (one_in(t, 8) ? below(t, 512) : 0);
}

static uint64_t address(struct thread *t)
{
    switch (below(t, t->mild ? 100 : 16)) {
    case 0: return 0;
    case 1: return next(t);
    case 2: return below(t, 4096);
    case 3: return from_pool(t, &addresses) + below(t, 4096);
    case 4: return from_pool(t, &addresses) - below(t, 64);
    case 5: return (uint64_t)(uintptr_t)raw[below(t, RAW_COUNT)];
    case 6: return ~0ull - below(t, 256);
    default: return from_pool(t, &addresses);
    }
}

static uint64_t handle(struct thread *t, int kind)
{
    switch (below(t, t->mild ? 100 : 16)) {
    case 0: return 0;
    case 1: return below(t, 4);
    case 2: return next(t);
    case 3: return from_pool(t, &pools[below(t, LENGTH(handle_names))]);
    case 4: return from_pool(t, &pools[kind]) + (one_in(t, 2) ? 16 : 8);
    case 5: return address(t);
    default: return from_pool(t, &pools[kind]);
    }
}

static uint64_t size(struct thread *t)
{
    static const uint64_t odd[] = {4095, 4096, 65535, 65536, 1 << 20, (1 << 20) + 1, 2 << 20, 16 << 20, 1ull << 44,
                                   (1ull << 44) + 1, 1ull << 62, 1ull << 63, ~0ull, ~0ull - 4095};
    switch (below(t, t->mild ? 40 : 8)) {
    case 0: return 0;
    case 1: return odd[below(t, LENGTH(odd))];
    case 2: return below(t, 65536);
    case 3: return 1ull << below(t, 17);
    default: return below(t, 512);
    }
}

static uint64_t extent(struct thread *t)
{
    return !t->mild && one_in(t, 8) ? (one_in(t, 2) ? 0 : 0x80000000u + below(t, 16)) : 1 + below(t, 4);
}

static uint64_t number(struct thread *t, int role)
{
    switch (role) {
    case ROLE_COUNT: return t->mild ? below(t, 3) : below(t, 3) != 0 ? below(t, 4) : below(t, ELEMENTS + 1);
    case ROLE_SIZE: return size(t);
    case ROLE_BOUNDED: return t->mild && one_in(t, 2) ? 0 : one_in(t, 2) ? below(t, 64) : below(t, 60000);
    case ROLE_EXTENT: return extent(t);
    case ROLE_RESERVED: return one_in(t, 32) ? below(t, 4) : 0;
    }
    if (t->mild)
        return one_in(t, 2) ? 0 : below(t, 4);
    switch (below(t, 8)) {
    case 0: return next(t);
    case 1: return 1ull << below(t, 64);
    case 2: return (uint64_t)-(int64_t)(1 + below(t, 3));
    case 3: return below(t, 4096);
    case 4: return below(t, 64);
    default: return below(t, 4);
    }
}

static void fill(struct thread *t, int row, char *at, int role, int depth);

/* From the area of nested data, zeroed; null when that is full. */
static char *nested(struct thread *t, size_t bytes)
{
    bytes = (bytes + 15) & ~15ul;
    if ((size_t)(t->nested_end - t->next) < bytes)
        return NULL;
    char *at = t->next;
    t->next += bytes;
    memset(at, 0, bytes);
    return at;
}

static void fill_elements(struct thread *t, int row, char *at, unsigned room, int role, int depth)
{
    const struct type *type = &types[row];
    memset(at, 0, (size_t)room * type->bytes);
    int all = type->kind == KIND_BYTES || type->kind == KIND_TEXT;    /* kernelParams and the like: none may be null */
    unsigned count = all || one_in(t, 8) ? room : room < 2 ? room : 2;
    for (unsigned i = 0; i < count; i++)
        fill(t, row, at + (size_t)i * type->bytes, role, depth + 1);
}

static char *text(struct thread *t)
{
    char *at = nested(t, 4096);
    if (at == NULL)
        return NULL;
    if (one_in(t, 16))
        memset(at, 'a', 1 + below(t, 4000));
    else if (one_in(t, 16))
        for (unsigned i = below(t, 32); i > 0; i--)
            at[i - 1] = (char)(1 + below(t, 255));
    else
        strcpy(at, word(t));
    return at;
}

static char *pointer(struct thread *t, int target, int depth)
{
    if (one_in(t, t->mild ? 6 : 3) || depth > 3)
        return NULL;
    char *at = nested(t, (size_t)ELEMENTS * types[target].bytes);
    if (at != NULL)
        fill_elements(t, target, at, ELEMENTS, ROLE_PLAIN, depth);
    return at;
}

static void fill_structure(struct thread *t, const struct type *type, char *at, int depth)
{
    for (int i = type->first; i < type->first + type->count;) {
        int last = i + 1;
        while (fields[i].group >= 0 && last < type->first + type->count && fields[last].group == fields[i].group)
            last++;
        int chosen = i + (last - i > 1 ? (int)below(t, (unsigned)(last - i)) : 0);
        if (fields[i].group >= 0 && type->tag_offset >= 0) {
            int tag;
            memcpy(&tag, at + type->tag_offset, sizeof tag);
            for (chosen = i; chosen < last && fields[chosen].tag != tag; chosen++)
                ;
        }
        if (chosen < last)
            fill(t, fields[chosen].type, at + fields[chosen].offset, fields[chosen].role, depth);
        i = last;
    }
}

/* A batch of memory operations may wait for ever: what waits, waits for a value that is there. */
static void fill_operation(struct thread *t, char *at)
{
    CUstreamBatchMemOpParams *one = (CUstreamBatchMemOpParams *)at;
    memset(one, 0, sizeof *one);
    one->operation = (CUstreamBatchMemOpType)number(t, ROLE_PLAIN);
    one->writeValue.address = address(t);
    if (one->operation != CU_STREAM_MEM_OP_WAIT_VALUE_32 && one->operation != CU_STREAM_MEM_OP_WAIT_VALUE_64) {
        one->writeValue.value64 = next(t);
        one->writeValue.flags = (unsigned)number(t, ROLE_PLAIN);
    } else {
        one->waitValue.flags = 3;
    }
}

static void store(char *at, unsigned bytes, uint64_t value)
{
    memcpy(at, &value, bytes < 8 ? bytes : 8);
}

static void fill(struct thread *t, int row, char *at, int role, int depth)
{
    const struct type *type = &types[row];
    switch (type->kind) {
    case KIND_NUMBER:
        store(at, type->bytes, number(t, role));
        break;
    case KIND_ENUM:
        store(at, type->bytes, t->mild ? below(t, 8) : one_in(t, 16) ? next(t) : below(t, 160));
        break;
    case KIND_FLOAT:
        if (type->bytes == 4)
            *(float *)at = (float)below(t, 100) / 7;
        else
            *(double *)at = (double)below(t, 100) / 7;
        break;
    case KIND_HANDLE:
        store(at, type->bytes, handle(t, type->target));
        break;
    case KIND_ADDRESS:
        store(at, 8, address(t));
        break;
    case KIND_FUNCTION:
        *(void **)at = one_in(t, 3) ? NULL : (void *)callback_zero;
        break;
    case KIND_BYTES:
        *(void **)at = bytes_at(t);
        break;
    case KIND_TEXT:
        *(void **)at = text(t);
        break;
    case KIND_POINTER:
        *(void **)at = pointer(t, type->target, depth);
        break;
    case KIND_ARRAY:
        for (unsigned i = 0, each = types[type->target].bytes; i < type->bytes / each; i++)
            fill(t, type->target, at + (size_t)i * each, role, depth);
        break;
    case KIND_STRUCT:
        if (strcmp(type->name, "CUstreamBatchMemOpParams") == 0 || strstr(type->name, "CUstreamBatchMemOpParams_") != NULL)
            fill_operation(t, at);
        else
            fill_structure(t, type, at, depth);
        break;
    }
}

/* ---- calls --------------------------------------------------------------------------------------------------- */
static int has_counts(const struct function *function)
{
    for (int i = 0; i < function->count; i++)
        if (parameters[function->first + i].role == ROLE_COUNT || parameters[function->first + i].role == ROLE_SIZE)
            return 1;
    return 0;
}

/* A pointer argument: its data ends where its memory does, so that a handler that writes too much is caught. */
static char *outer_pointer(struct thread *t, const struct function *function, int place, int row)
{
    /* A callback that nobody can name stays for good. */
    int needed = strcmp(parameters[function->first + place].name, "callback_out") == 0;
    if (!needed && one_in(t, t->mild ? 100 : 12))
        return NULL;
    int target = types[row].target;
    int lists = types[target].kind == KIND_BYTES || types[target].kind == KIND_TEXT;
    unsigned room = lists || has_counts(function) || types[target].bytes == 1 ? ELEMENTS : 1;
    if (strstr(function->name, "nvrtcGetSupportedArchs") != NULL)
        room = 64;
    char *at = t->typed[place] - (size_t)room * types[target].bytes;
    at = (char *)((uintptr_t)at & ~7ul);
    if (types[target].bytes == 1)
        at -= 4096;
    /* A count behind a pointer is the room of an array beside it: never more than there is. */
    int role = parameters[function->first + place].role;
    fill_elements(t, target, at, room, role == ROLE_COUNT ? ROLE_COUNT : ROLE_PLAIN, 0);
    return at;
}

static int wants_image(const struct function *function, const struct parameter *parameter)
{
    return strcmp(parameter->name, "image") == 0 || strcmp(parameter->name, "code") == 0 ||
           strcmp(parameter->name, "fatCubin") == 0 ||
           (strcmp(parameter->name, "data") == 0 && strncmp(function->name, "cuLinkAdd", 9) == 0);
}

static void argument(struct thread *t, const struct function *function, int place)
{
    const struct parameter *parameter = &parameters[function->first + place];
    const struct type *type = &types[parameter->type];
    char *slot = t->slots[place];
    memset(slot, 0, type->bytes);
    t->arguments[place] = slot;
    switch (type->kind) {
    case KIND_POINTER:
        *(void **)slot = outer_pointer(t, function, place, parameter->type);
        break;
    case KIND_BYTES:
        if (wants_image(function, parameter) && one_in(t, 2))
            *(const void **)slot = image;
        else
            *(void **)slot = one_in(t, t->mild ? 100 : 12) ? NULL : bytes_at(t);
        break;
    case KIND_TEXT:    /* read as a string or written to: either way long enough */
        *(void **)slot = one_in(t, t->mild ? 100 : 12) ? NULL : strcpy(raw[below(t, RAW_COUNT)], word(t));
        break;
    default:
        fill(t, parameter->type, slot, parameter->role, 0);
    }
    if (t->mild && strcmp(parameter->name, "extra") == 0)
        memset(slot, 0, 8);
    if (function->tame == TAME_WAIT_VALUE && strncmp(parameter->name, "value", 5) == 0)
        memset(slot, 0, 8);
    if (function->tame == TAME_WAIT_VALUE && strcmp(parameter->name, "flags") == 0)
        store(slot, 4, 3);    /* true of every value but one of all ones */
    if (function->tame == TAME_CONDITIONAL && strcmp(parameter->name, "defaultLaunchValue") == 0)
        memset(slot, 0, 8);
    if (function->tame == TAME_KEEPS && strcmp(parameter->name, "numOptions") == 0)
        memset(slot, 0, 8);
    if (function->tame == TAME_PARTS && strcmp(parameter->name, "summaryGranularity") == 0) {
        uint64_t all, part;
        memcpy(&all, t->slots[place - 1], 8);
        memcpy(&part, slot, 8);
        if (part != 0 && all / part >= ELEMENTS)
            store(slot, 8, all);
    }
    if (function->tame == TAME_LAUNCH && parameter->role == ROLE_PLAIN && type->kind == KIND_NUMBER)
        store(slot, type->bytes, extent(t));
}

/* What a call that went well handed out. */
static void harvest(struct thread *t, const struct function *function)
{
    uint64_t bytes = 0;
    for (int i = 0; i < function->count; i++) {
        const struct parameter *parameter = &parameters[function->first + i];
        const struct type *type = &types[parameter->type];
        if (parameter->role == ROLE_SIZE && bytes == 0)
            memcpy(&bytes, t->slots[i], 8);
        char *at = *(char **)t->slots[i];
        if (type->kind != KIND_POINTER || at == NULL)
            continue;
        const struct type *target = &types[type->target];
        uint64_t value = 0;
        memcpy(&value, at, target->bytes < 8 ? target->bytes : 8);
        if (target->kind == KIND_HANDLE && value != 0) {
            remember(t, &pools[target->target], value);
            keep(target->target, value, 0);
        } else if ((target->kind == KIND_ADDRESS || target->kind == KIND_BYTES) && value > 4096) {
            int of_raw = 0;
            for (int r = 0; r < RAW_COUNT; r++)
                of_raw |= value - (uint64_t)(uintptr_t)raw[r] < RAW_BYTES;
            if (!of_raw)
                remember(t, &addresses, value);
            keep(-1, value, bytes);
        }
    }
    if (function->tame == TAME_EXPORTS_FILE) {
        for (int i = 0; i < function->count; i++) {
            const struct type *type = &types[parameters[function->first + i].type];
            char *at = *(char **)t->slots[i];
            if (type->kind == KIND_BYTES && at != NULL && *(int *)at > 2)
                close(*(int *)at);
        }
    }
}

static void describe(struct thread *t, const struct function *function, int64_t batch, int64_t call)
{
    fprintf(stderr, "FUZZ batch %ld call %ld: %s(", (long)batch, (long)call, function->name);
    for (int i = 0; i < function->count; i++) {
        const struct parameter *parameter = &parameters[function->first + i];
        uint64_t value = 0;
        memcpy(&value, t->slots[i], 8);
        fprintf(stderr, "%s%s=%#lx", i ? ", " : "", parameter->name, (unsigned long)value);
        if (types[parameter->type].kind == KIND_POINTER && value != 0) {
            const struct type *target = &types[types[parameter->type].target];
            const uint64_t *data = (const uint64_t *)(uintptr_t)value;
            fprintf(stderr, "->{");
            for (unsigned word = 0; word < 10 && word * 8 < target->bytes; word++)
                fprintf(stderr, "%s%lx", word ? " " : "", (unsigned long)data[word]);
            fprintf(stderr, "}");
        } else if (types[parameter->type].kind == KIND_TEXT && value != 0) {
            fprintf(stderr, "\"%.40s\"", (const char *)(uintptr_t)value);
        }
    }
    fprintf(stderr, ")\n");
}

/* ---- something to work with ---------------------------------------------------------------------------------- */
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
    } else if (strcmp(name, "_nvrtcProgram") == 0) {
        nvrtcProgram program = object;
        nvrtcDestroyProgram(&program);
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
        }
    }
    made_count = 0;
    memset(pools, 0, sizeof pools);
    memset(&addresses, 0, sizeof addresses);
}

/* ---- entry points for fuzz_child.py -------------------------------------------------------------------------- */
static char *guarded(size_t bytes)
{
    char *at = mmap(NULL, bytes + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED || mprotect(at + PAGE, bytes, PROT_READ | PROT_WRITE) != 0)
        abort();
    return at + PAGE;
}

void fuzz_open(const void *valid_image, size_t image_bytes, struct progress *shared)
{
    size_t room = ((image_bytes + PAGE) & ~(PAGE - 1)) + RAW_BYTES;    /* calls that name a size may read so far */
    char *copy = guarded(room);
    memcpy(copy, valid_image, image_bytes);
    mprotect(copy, room, PROT_READ);
    image = copy;
    progress = shared;
    char *far = mmap(NULL, (RAW_COUNT + 1) * RAW_APART, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (far == MAP_FAILED)
        abort();
    for (int i = 0; i < RAW_COUNT; i++) {
        raw[i] = far + (size_t)(i + 1) * RAW_APART;
        if (i == RAW_COUNT - 1)
            raw[i] -= RAW_APART / 2;
        if (mprotect(raw[i], RAW_BYTES, PROT_READ | PROT_WRITE) != 0)
            abort();
    }
    for (int each = 0; each < THREADS; each++) {
        struct thread *t = &threads[each];
        for (int i = 0; i < PLACES; i++)
            t->typed[i] = guarded(RAW_BYTES) + RAW_BYTES;
        t->nested = guarded(1 << 20);
        t->nested_end = t->nested + (1 << 20);
    }
}

/* Ends waits for memory that nobody will write, as destroying a context does; how many there may have been. */
uint64_t fuzz_rescue(void)
{
    unsigned count = made_count < MADE ? made_count : MADE;
    uint64_t before = __atomic_exchange_n(&waits, 0, __ATOMIC_RELAXED);
    cuDevicePrimaryCtxReset_v2(0);
    cuDevicePrimaryCtxReset_v2(1);
    for (unsigned i = 0; i < count; i++)
        if (made[i].kind == kind_of("CUctx_st"))
            cuCtxDestroy_v2((CUcontext)(uintptr_t)made[i].value);
    return before;
}

int fuzz_count(void)
{
    return (int)LENGTH(functions);
}

const char *fuzz_name(int function)
{
    return functions[function].name;
}

uint64_t fuzz_calls_of(int function, int good)
{
    return good ? successes[function] : calls[function];
}

int fuzz_kinds(void)
{
    return (int)LENGTH(handle_names);
}

/* Runs calls 0 to `count` of a batch; those before `first` are generated and not made. `describe_from` prints. */
void fuzz_run(uint64_t seed, int64_t batch, int thread, int64_t count, int64_t first, int64_t describe_from)
{
    struct thread *t = &threads[thread];
    struct progress *mine = &progress[thread];
    t->random = seed * 0x2545f4914f6cdd1dull + (uint64_t)batch * 0x9e3779b97f4a7c15ull + (uint64_t)thread;
    mine->batch = batch;
    for (int64_t call = 0; call < count; call++) {
        if (call % 256 == 0) {
            if (cuCtxSynchronize() != CUDA_SUCCESS && call != 0)
                cuDevicePrimaryCtxReset_v2(0);
            prepare(t);
        } else if (call % 32 == 0) {
            cuCtxSetCurrent(primary[0]);
        }
        unsigned index;
        do
            index = below(t, LENGTH(functions));
        while (!one_in(t, (unsigned)functions[index].rare));
        const struct function *function = &functions[index];
        t->next = t->nested;
        t->mild = !one_in(t, 4);
        for (int place = 0; place < function->count; place++)
            argument(t, function, place);
        mine->call = call;
        mine->function = (int64_t)index;
        if (call >= describe_from)
            describe(t, function, batch, call);
        /* Graphs are documented as not thread-safe: one thread has them all. */
        if (call < first || (thread != 0 && strncmp(function->name, "cuGraph", 7) == 0))
            continue;
        mine->busy = 1;
        int result = function->call(t->arguments);
        mine->busy = 0;
        mine->calls++;
        __atomic_fetch_add(&calls[index], 1, __ATOMIC_RELAXED);
        if (result == 0) {
            __atomic_fetch_add(&successes[index], 1, __ATOMIC_RELAXED);
            harvest(t, function);
            if (strstr(function->name, "WaitValue") != NULL || strstr(function->name, "BatchMemOp") != NULL)
                __atomic_fetch_add(&waits, 1, __ATOMIC_RELAXED);
        } else if (function->library == 0 && (result == 999 || result < 0 || result > 999)) {
            fprintf(stderr, "FUZZ-UNKNOWN %d %s batch %ld thread %d call %ld\n", result, function->name, (long)batch,
                    thread, (long)call);
            describe(t, function, batch, call);
        }
    }
    CUcontext context;
    if (thread != 0)
        while (cuCtxPopCurrent_v2(&context) == CUDA_SUCCESS)
            ;
}
