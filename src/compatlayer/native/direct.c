/* Direct launches: a C caller's launch goes to the queue without Python, while core lets it (docs/adr/0005).
 *
 * One mutex covers the tables and every door, from the look-up to the enqueue: whoever takes a row away, or tells of
 * work that orders, knows that later launches see it. It is taken before cpl_lock, never after, and no Python runs and
 * nothing waits under it. Time is a count of events (`tick`), so that "nothing has happened since" is one comparison. */
#include "native.h"
#include <stdlib.h>
#include <string.h>

enum { ROLES = 3, ARGS_LIMIT = 4096, FIRST_ROWS = 64 };

struct cpl_doors {
    uint64_t id;                      /* never used twice, never 0 */
    bool over;
    uint64_t changed[ROLES];          /* the tick of the last work of each role */
};
struct door {
    cpl_door shown;                   /* first: Python reads the counter without the lock */
    cpl_doors *doors;
    cpl_queue *queue;
    uint64_t handle;                  /* 0: the barrier queue, which callers know by their thread's domain */
    uint64_t seen, shut;              /* ticks: all work until then is ordered; no ticket before it opens the door */
    int role;
    bool open, ended;
};
struct callable {
    cpl_callable facts;
    cpl_kernel kernel;
    bool gaps;
    uint32_t block[3];                /* what cuFuncSetBlockShape left here; 0: nothing */
    struct {
        uint32_t offset, bytes;
    } parameters[];
};
struct row {
    uint64_t handle, scope;
    void *value;
    bool used;                        /* a value was here: the search goes on */
};
struct table {
    struct row *rows;
    size_t size, used, live;          /* size: a power of two, or 0 */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct table queues, callables, graphs;    /* by (handle, 0) or (0, doors' id); by (handle, doors' id) */
static uint64_t tick, last_id;
static __thread uint64_t here;            /* id of the doors behind the thread's default queue; 0: unknown */

static struct row *seek(const struct table *table, uint64_t handle, uint64_t scope)
{
    uint64_t mixed = (handle ^ scope << 20) * 0x9E3779B97F4A7C15u;
    size_t place = (size_t)(mixed >> 20) & (table->size - 1);
    struct row *row = &table->rows[place];
    while (row->used && (row->handle != handle || row->scope != scope))
        row = &table->rows[place = (place + 1) & (table->size - 1)];
    return row;
}

static void *find(const struct table *table, uint64_t handle, uint64_t scope)
{
    return table->size ? seek(table, handle, scope)->value : NULL;
}

static bool grow(struct table *table)
{
    size_t size = FIRST_ROWS;
    while (size < table->live * 4)
        size *= 2;
    struct table fresh = {calloc(size, sizeof *fresh.rows), size, table->live, table->live};
    if (!fresh.rows)
        return false;
    for (size_t i = 0; i < table->size; i++)
        if (table->rows[i].value)
            *seek(&fresh, table->rows[i].handle, table->rows[i].scope) = table->rows[i];
    free(table->rows);
    *table = fresh;
    return true;
}

/* The value that was there before; `value` itself without memory. NULL as value removes. */
static void *put(struct table *table, uint64_t handle, uint64_t scope, void *value)
{
    if (!value && !table->size)
        return NULL;
    if (value && table->used + 1 > table->size / 4 * 3 && !grow(table))
        return value;
    struct row *row = seek(table, handle, scope);
    void *before = row->value;
    if (!value && !before)
        return NULL;
    table->used += !row->used;
    table->live += (value != NULL) - (before != NULL);
    *row = (struct row){handle, scope, value, true};
    return before;
}

/* False in a forked child, where another thread may have held the lock for ever. */
static bool enter(void)
{
    if (atomic_load(&cpl_child))
        return false;
    pthread_mutex_lock(&lock);
    return true;
}

cpl_doors *cpl_doors_open(void)
{
    cpl_doors *doors = calloc(1, sizeof *doors);
    if (!doors || !enter()) {
        free(doors);
        return NULL;
    }
    doors->id = ++last_id;
    pthread_mutex_unlock(&lock);
    return doors;
}

void cpl_doors_end(cpl_doors *doors)
{
    if (!enter())
        return;
    doors->over = true;
    pthread_mutex_unlock(&lock);
}

void cpl_doors_close(cpl_doors *doors)
{
    if (!atomic_load(&cpl_child))
        free(doors);
}

void cpl_doors_changed(cpl_doors *doors, int role)
{
    if (!enter())
        return;
    doors->changed[role] = ++tick;
    pthread_mutex_unlock(&lock);
}

void cpl_doors_enter(cpl_doors *doors)
{
    here = doors ? doors->id : 0;
}

static struct callable *describe(const cpl_callable *facts, const uint32_t *offsets, const uint32_t *sizes)
{
    struct callable *made = malloc(sizeof *made + facts->parameters * sizeof *made->parameters);
    if (!made)
        return NULL;
    made->facts = *facts;
    memset(made->block, 0, sizeof made->block);
    made->kernel = *facts->kernel;
    uint64_t total = 0;
    for (uint32_t i = 0; i < facts->parameters; i++) {
        made->parameters[i].offset = offsets[i];
        made->parameters[i].bytes = sizes[i];
        total += sizes[i];
    }
    made->gaps = total != made->kernel.args_bytes;
    return made;
}

int cpl_doors_accept(cpl_doors *doors, uint64_t handle, const cpl_callable *facts, const uint32_t *offsets,
                     const uint32_t *sizes)
{
    for (uint32_t i = 0; i < facts->parameters; i++)
        if (offsets[i] > facts->kernel->args_bytes || sizes[i] > facts->kernel->args_bytes - offsets[i])
            return CPL_INVALID;
    if (facts->kernel->args_bytes > ARGS_LIMIT)
        return CPL_INVALID;
    struct callable *made = describe(facts, offsets, sizes);
    if (!made)
        return CPL_OUT_OF_MEMORY;
    if (!enter()) {
        free(made);
        return CPL_FORKED;
    }
    void *before = put(&callables, handle, doors->id, made);
    pthread_mutex_unlock(&lock);
    free(before);
    return before == made ? CPL_OUT_OF_MEMORY : CPL_OK;
}

/* Takes the block out of a row. */
static bool take(struct callable *callable, uint32_t *block)
{
    if (!callable || !callable->block[0])
        return false;
    memcpy(block, callable->block, sizeof callable->block);
    memset(callable->block, 0, sizeof callable->block);
    return true;
}

int cpl_doors_forget(cpl_doors *doors, uint64_t handle, uint32_t *block)
{
    if (!enter())
        return false;
    struct callable *before = put(&callables, handle, doors->id, NULL);
    pthread_mutex_unlock(&lock);
    bool found = take(before, block);
    free(before);
    return found;
}

int cpl_doors_take_block(cpl_doors *doors, uint64_t handle, uint32_t *block)
{
    if (!enter())
        return false;
    bool found = take(find(&callables, handle, doors->id), block);
    pthread_mutex_unlock(&lock);
    return found;
}

int cpl_doors_accept_graph(cpl_doors *doors, uint64_t handle, cpl_graph *graph)
{
    if (!enter())
        return CPL_FORKED;
    bool stored = put(&graphs, handle, doors->id, graph) != graph;
    pthread_mutex_unlock(&lock);
    return stored ? CPL_OK : CPL_OUT_OF_MEMORY;
}

void cpl_doors_forget_graph(cpl_doors *doors, uint64_t handle)
{
    if (!enter())
        return;
    put(&graphs, handle, doors->id, NULL);
    pthread_mutex_unlock(&lock);
}

cpl_door *cpl_door_make(cpl_doors *doors, cpl_queue *queue, int role, uint64_t handle)
{
    struct door *door = calloc(1, sizeof *door);
    if (!door || !enter()) {
        free(door);
        return NULL;
    }
    door->doors = doors;
    door->queue = queue;
    door->role = role;
    door->handle = handle;
    bool stored = put(&queues, handle, handle ? 0 : doors->id, door) != door;
    pthread_mutex_unlock(&lock);
    if (stored)
        return &door->shown;
    free(door);
    return NULL;
}

uint64_t cpl_door_ticket(void)
{
    if (!enter())
        return 0;
    uint64_t now = tick;
    pthread_mutex_unlock(&lock);
    return now;
}

void cpl_door_open(cpl_door *shown, uint64_t ticket)
{
    struct door *door = (struct door *)shown;
    if (!enter())
        return;
    if (ticket >= door->shut) {
        door->open = true;
        door->seen = ticket;
    }
    pthread_mutex_unlock(&lock);
}

void cpl_door_shut(cpl_door *shown)
{
    struct door *door = (struct door *)shown;
    if (!enter())
        return;
    door->open = false;
    door->shut = ++tick;
    pthread_mutex_unlock(&lock);
}

void cpl_door_end(cpl_door *shown)
{
    struct door *door = (struct door *)shown;
    if (!enter())
        return;
    if (!door->ended)
        put(&queues, door->handle, door->handle ? 0 : door->doors->id, NULL);
    door->ended = true;
    pthread_mutex_unlock(&lock);
}

void cpl_door_close(cpl_door *shown)
{
    if (atomic_load(&cpl_child))
        return;
    cpl_door_end(shown);
    free(shown);
}

static bool fits(const cpl_callable *facts, const cpl_shape *shape)
{
    for (int i = 0; i < 3; i++)
        if (!shape->grid[i] || shape->grid[i] > facts->grid[i] || !shape->block[i] || shape->block[i] > facts->block[i])
            return false;
    return (uint64_t)shape->block[0] * shape->block[1] * shape->block[2] <= facts->threads
           && shape->dynamic_shared_bytes <= facts->dynamic_shared_bytes;
}

/* True when every launch may go at once: core has ordered all that the door's work has to come after. Doors of JOINED
 * queues and the one of the BARRIER queue are never passable at the same time: core opens a door behind a launch of its
 * own, which is work that closes the other side. So direct launches need not be told to the other side. */
static bool passable(const struct door *door)
{
    if (!door->open || door->doors->over)
        return false;
    switch (door->role) {
    case CPL_DOOR_JOINED:
        return door->doors->changed[CPL_DOOR_BARRIER] <= door->seen;
    case CPL_DOOR_BARRIER:
        return door->doors->changed[CPL_DOOR_JOINED] <= door->seen;
    default:
        return true;
    }
}

static bool pack(const struct callable *callable, void **arguments, uint8_t *packed)
{
    uint32_t count = callable->facts.parameters;
    if (count && !arguments)
        return false;
    if (callable->gaps)
        memset(packed, 0, callable->kernel.args_bytes);
    for (uint32_t i = 0; i < count; i++) {
        const void *source = arguments[i];
        uint8_t *target = packed + callable->parameters[i].offset;
        if (!source)
            return false;
        switch (callable->parameters[i].bytes) {
        case 8: memcpy(target, source, 8); break;
        case 4: memcpy(target, source, 4); break;
        default: memcpy(target, source, callable->parameters[i].bytes);
        }
    }
    return true;
}

static int launch(uint64_t function, uint64_t queue, const cpl_shape *shape, void **arguments, const void *given,
                  size_t given_bytes)
{
    struct door *door = find(&queues, queue, queue ? 0 : here);
    if (!door || !passable(door))
        return CPL_INVALID;
    const struct callable *callable = find(&callables, function, door->doors->id);
    if (!callable || (callable->facts.needs_domain && here != door->doors->id) || !fits(&callable->facts, shape))
        return CPL_INVALID;
    _Alignas(16) uint8_t packed[ARGS_LIMIT];
    if (given ? given_bytes < callable->kernel.args_bytes : !pack(callable, arguments, packed))
        return CPL_INVALID;
    int status = cpl_queue_launch_now(door->queue, &callable->kernel, shape, given ? given : packed,
                                      callable->kernel.args_bytes);
    if (status == CPL_OK)
        __atomic_store_n(&door->shown.launches, door->shown.launches + 1, __ATOMIC_RELEASE);
    return status;
}

static int start(uint64_t handle, uint64_t queue)
{
    struct door *door = find(&queues, queue, queue ? 0 : here);
    if (!door || !passable(door))
        return CPL_INVALID;
    cpl_graph *graph = find(&graphs, handle, door->doors->id);
    int status = graph ? cpl_graph_start(graph, door->queue, NULL, 0, false) : CPL_INVALID;
    if (status == CPL_OK)
        __atomic_store_n(&door->shown.launches, door->shown.launches + 1, __ATOMIC_RELEASE);
    return status;
}

int cpl_direct_start(uint64_t graph, uint64_t queue)
{
    if (!enter())
        return CPL_FORKED;
    int status = start(graph, queue);
    pthread_mutex_unlock(&lock);
    return status;
}

int cpl_direct_launch(uint64_t function, uint64_t queue, const cpl_shape *shape, void **arguments)
{
    if (!enter())
        return CPL_FORKED;
    int status = launch(function, queue, shape, arguments, NULL, 0);
    pthread_mutex_unlock(&lock);
    return status;
}

int cpl_direct_launch_packed(uint64_t function, uint64_t queue, const cpl_shape *shape, const void *packed,
                             size_t packed_bytes)
{
    if (!packed)
        return CPL_INVALID;
    if (!enter())
        return CPL_FORKED;
    int status = launch(function, queue, shape, NULL, packed, packed_bytes);
    pthread_mutex_unlock(&lock);
    return status;
}

int cpl_direct_block(uint64_t function, const int block[3])
{
    if (block[0] < 1 || block[1] < 1 || block[2] < 1 || !here)
        return CPL_INVALID;
    if (!enter())
        return CPL_FORKED;
    struct callable *callable = find(&callables, function, here);
    if (callable && callable->facts.needs_domain)
        callable = NULL;              /* a library's kernel: which function is meant, core knows */
    for (int i = 0; callable && i < 3; i++)
        callable->block[i] = (uint32_t)block[i];
    pthread_mutex_unlock(&lock);
    return callable ? CPL_OK : CPL_INVALID;
}
