/* Calls the exported functions with what a broken or hostile program may pass. fuzz_table.py writes the tables.
 *
 * Pointers are null or lead to guarded memory that is large enough for what stands at their place; what they lead to,
 * every number and every handle is random: null, stale, of another kind, freed twice, sometimes right. Everything of a
 * batch follows from its seed, so a batch can be repeated up to the call that went wrong. */
#include "fuzz_handles.h"

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
    int many = lists || has_counts(function) || function->tame == TAME_PARTS;
    unsigned room = many || types[target].bytes == 1 ? ELEMENTS : 1;
    if (strstr(function->name, "nvrtcGetSupportedArchs") != NULL)
        room = 64;
    if (strstr(function->name, "BorderColor") != NULL)    /* four numbers, whatever its type says */
        room = ELEMENTS;
    char *at = t->typed[place] - (size_t)room * types[target].bytes;
    at = (char *)((uintptr_t)at & ~7ul);
    if (types[target].bytes == 1)
        at -= 4096;
    /* A count behind a pointer is the room of an array beside it: never more than there is. */
    int role = parameters[function->first + place].role;
    fill_elements(t, target, at, room, role == ROLE_COUNT ? ROLE_COUNT : ROLE_PLAIN, 0);
    return at;
}

static int is_of_graphs(const struct function *function)
{
    return strncmp(function->name, "cuGraph", 7) == 0 || strncmp(function->name, "cudaGraph", 9) == 0;
}

static int wants_image(const struct function *function, const struct parameter *parameter)
{
    return strcmp(parameter->name, "image") == 0 || strcmp(parameter->name, "code") == 0 ||
           strcmp(parameter->name, "fatCubin") == 0 ||
           (strcmp(parameter->name, "data") == 0 && (strncmp(function->name, "cuLinkAdd", 9) == 0 || strncmp(function->name, "nvJitLinkAdd", 12) == 0));
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
        if (call < first || (thread != 0 && is_of_graphs(function)))
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
        } else if (function->unknown >= 0 && (result == function->unknown || result < 0 || result > 999)) {
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
