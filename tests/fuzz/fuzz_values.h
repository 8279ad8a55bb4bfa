/* Random values for parameters: numbers, handles, texts, structures and what pointers lead to. */
#include "fuzz_state.h"

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
