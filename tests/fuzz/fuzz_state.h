/* What the fuzzer's parts share: tables, pools of handles that calls made, the state of a thread. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#define CPL_NO_NAME_MACROS
#include "fuzz_headers.h"

struct field { unsigned offset; int type, role, group, tag; };
struct type { const char *name; int kind; unsigned bytes; int target, first, count, tag_offset; };
struct parameter { const char *name; int type, role; };
struct function { const char *name; int (*call)(char **); int first, count, rare, tame, unknown; };
/* A function that only a library of another number has; looked up once. */
#define FUZZ_OLDER(function, library, name) \
    ((function) != NULL ? (void)0 : (void)(*(void **)&(function) = dlsym(dlopen(library, RTLD_NOW | RTLD_LOCAL), name)))
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
