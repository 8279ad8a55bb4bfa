/* The jump tables: what each exported function calls now. Rows are read without a lock by the stubs; writers hold
 * `writing`, under which no Python runs. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "compatlayer/slots.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;
static atomic_int states[CPL_LIBRARIES];
static __thread int per_thread;
static char promised;    /* its address stands for a handler that the first call imports */

static int known(int library, int index)
{
    return library >= 0 && library < CPL_LIBRARIES && index >= 0 && index < cpl_slot_tables[library]->count;
}

int cpl_slot_count(int library)
{
    return library >= 0 && library < CPL_LIBRARIES ? cpl_slot_tables[library]->count : 0;
}

const char *cpl_slot_name(int library, int index)
{
    return known(library, index) ? cpl_slot_tables[library]->facts[index].name : NULL;
}

const char *cpl_slot_parameters(int library, int index)
{
    return known(library, index) ? cpl_slot_tables[library]->facts[index].parameters : NULL;
}

/* Rows are sorted by name. */
int cpl_slot_find(int library, const char *name)
{
    int low = 0, high = cpl_slot_count(library);
    while (name != NULL && low < high) {
        int middle = low + (high - low) / 2;
        int order = strcmp(name, cpl_slot_tables[library]->facts[middle].name);
        if (order == 0)
            return middle;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

enum cpl_slots_state cpl_slots_state(int library)
{
    return (enum cpl_slots_state)atomic_load(&states[library]);
}

/* What row `index` holds in `state`. */
static void *choose(const struct cpl_slot_table *table, int index, enum cpl_slots_state state)
{
    const struct cpl_slot_facts *facts = &table->facts[index];
    if (state == CPL_SLOTS_READY && table->handlers[index] != NULL && table->handlers[index] != &promised)
        return table->handlers[index];
    if (facts->fixed != NULL)
        return facts->fixed;
    if (state == CPL_SLOTS_READY && table->handlers[index] == &promised)
        return facts->asleep;
    switch (state) {
    case CPL_SLOTS_READY: return facts->missing;
    case CPL_SLOTS_FAILED: return table->answer_unknown;
    case CPL_SLOTS_SHUT: return table->answer_deinitialized;
    case CPL_SLOTS_FORKED: return table->answer_not_initialized;
    case CPL_SLOTS_ASLEEP: break;
    }
    return facts->asleep;
}

static void write_row(int library, int index)
{
    const struct cpl_slot_table *table = cpl_slot_tables[library];
    void *function = choose(table, index, cpl_slots_state(library));
    __atomic_store_n(&table->slots[index].function, function, __ATOMIC_RELEASE);
}

static void enter(int library, enum cpl_slots_state state)
{
    atomic_store(&states[library], (int)state);
    for (int index = 0; index < cpl_slot_tables[library]->count; index++) {
        if (state != CPL_SLOTS_READY)
            __atomic_store_n(&cpl_slot_tables[library]->slots[index].per_thread, NULL, __ATOMIC_RELEASE);
        write_row(library, index);
    }
}

void cpl_slot_set(int library, int index, void *function)
{
    if (!known(library, index))
        return;
    pthread_mutex_lock(&writing);
    __atomic_store_n(&cpl_slot_tables[library]->handlers[index], function, __ATOMIC_RELEASE);
    write_row(library, index);
    pthread_mutex_unlock(&writing);
}

void cpl_slot_set_per_thread(int library, int index, void *function)
{
    if (!known(library, index))
        return;
    pthread_mutex_lock(&writing);
    __atomic_store_n(&cpl_slot_tables[library]->slots[index].per_thread, function, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&writing);
}

void cpl_slot_promise(int library, int index)
{
    if (known(library, index) && cpl_slot_tables[library]->handlers[index] == NULL)
        cpl_slot_set(library, index, &promised);
}

int cpl_slot_asleep(int library, int index)
{
    if (!known(library, index))
        return 0;
    enum cpl_slots_state state = cpl_slots_state(library);
    if (state != CPL_SLOTS_READY)
        return state == CPL_SLOTS_ASLEEP;
    return __atomic_load_n(&cpl_slot_tables[library]->handlers[index], __ATOMIC_ACQUIRE) == &promised;
}

uint64_t cpl_slot_calls(int library, int index)
{
    return known(library, index) ? __atomic_load_n(&cpl_slot_tables[library]->slots[index].calls, __ATOMIC_RELAXED) : 0;
}

int cpl_slot_missing(int library, int index)
{
    if (!known(library, index))
        return 0;
    const struct cpl_slot_table *table = cpl_slot_tables[library];
    return table->handlers[index] == NULL && table->facts[index].fixed == NULL;
}

/* A library that was shut, or whose process forked, stays so. */
static void enter_unless_ended(int library, enum cpl_slots_state state)
{
    if (library < 0 || library >= CPL_LIBRARIES)
        return;
    pthread_mutex_lock(&writing);
    enum cpl_slots_state now = cpl_slots_state(library);
    if (now != CPL_SLOTS_SHUT && now != CPL_SLOTS_FORKED)
        enter(library, state);
    pthread_mutex_unlock(&writing);
}

void cpl_slots_ready(int library)
{
    enter_unless_ended(library, CPL_SLOTS_READY);
}

void cpl_slots_failed(int library)
{
    enter_unless_ended(library, CPL_SLOTS_FAILED);
}

void cpl_slots_shut(void)
{
    pthread_mutex_lock(&writing);
    for (int library = 0; library < CPL_LIBRARIES; library++)
        enter(library, CPL_SLOTS_SHUT);
    pthread_mutex_unlock(&writing);
}

/* The child has one thread, and another one may have held the lock at the fork: start with a fresh lock. The
 * compiler library needs no runtime and goes on working. */
void cpl_slots_forked(void)
{
    pthread_mutex_init(&writing, NULL);
    if (cpl_slots_state(CPL_LIBRARY_CUDA) != CPL_SLOTS_SHUT)
        enter(CPL_LIBRARY_CUDA, CPL_SLOTS_FORKED);
}

static int (*_Atomic tell_missing)(int library, int index);

void cpl_slots_tell_missing(int (*tell)(int library, int index))
{
    atomic_store(&tell_missing, tell);
}

int cpl_missing(int library, int index)
{
    int (*tell)(int, int) = atomic_load(&tell_missing);
    if (tell != NULL)
        return tell(library, index);
    static _Atomic unsigned char told[CPL_LIBRARIES][2048];
    const struct cpl_slot_table *table = cpl_slot_tables[library];
    const char *verbose = getenv("COMPATLAYER_VERBOSE");
    if (verbose != NULL && *verbose != '\0' && strcmp(verbose, "0") != 0 && index < 2048 &&
        atomic_exchange(&told[library][index], 1) == 0)
        fprintf(stderr, "compatlayer: %s is not supported\n", table->facts[index].name);
    return table->not_supported;
}

int cpl_per_thread_enter(void)
{
    int before = per_thread;
    per_thread = 1;
    return before;
}

void cpl_per_thread_leave(int before)
{
    per_thread = before;
}

int cpl_per_thread_default(void)
{
    return per_thread;
}
