/* The jump tables, as the generated stubs and the generated tables see them. One row per function and library.
 *
 * A stub counts the call and jumps through its row. What a row holds follows the library's state:
 *   asleep    a generated function that boots Python, then calls again
 *   ready     the handler, or (promised: its module is not imported yet) the same as asleep, or a generated function
 *             that names and counts what is missing
 *   failed, shut, forked    a function that answers one status
 * Functions answered in C (`fixed`) hold in every state: they need neither Python nor a device. */
#ifndef COMPATLAYER_SLOTS_H
#define COMPATLAYER_SLOTS_H
#include "runtime.h"

struct cpl_slot {
    void *function;
    uint64_t calls;
    void *per_thread;          /* what the variant for the per-thread default stream calls instead; usually NULL */
};

struct cpl_slot_facts {
    const char *name;
    const char *parameters;    /* names with commas; "*" follows a pointer to data that must not be null */
    void *asleep;
    void *missing;
    void *fixed;               /* NULL for most */
};

struct cpl_slot_table {
    struct cpl_slot *slots;
    const struct cpl_slot_facts *facts;
    void **handlers;
    int count;
    int not_supported, not_initialized, deinitialized, unknown;    /* the library's own codes */
    void *answer_unknown, *answer_deinitialized, *answer_not_initialized;
};

/* Generated. */
extern const struct cpl_slot_table *const cpl_slot_tables[CPL_LIBRARIES];
CPL_EXPORT extern struct cpl_slot cpl_slots_cuda[];
CPL_EXPORT extern struct cpl_slot cpl_slots_nvrtc[];
CPL_EXPORT extern struct cpl_slot cpl_slots_nvvm[];
CPL_EXPORT extern struct cpl_slot cpl_slots_nvJitLink[];
CPL_EXPORT extern struct cpl_slot cpl_slots_curand[];
CPL_EXPORT extern struct cpl_slot cpl_slots_nvml[];
CPL_EXPORT extern struct cpl_slot cpl_slots_cudart[];

/* One more call. Two threads at once may count one call: the counter is for reports, the call must be cheap. */
#define CPL_COUNT(row) __atomic_store_n(&(row).calls, __atomic_load_n(&(row).calls, __ATOMIC_RELAXED) + 1, __ATOMIC_RELAXED)

/* The recording of calls (record.c); cpl_record answers `status` again. */
CPL_EXPORT extern int cpl_recording;
CPL_EXPORT int cpl_record(int library, int index, int status);

/* Brings a library up on its first call, and a function's handler on the function's: 0, or the status to answer.
 * Waits for Python. */
int cpl_boot(int library, int index);
/* Keeps what a function of the runtime library answers as its thread's last error; answers it again. */
int cpl_cudart_failed(int status);
/* What a missing function answers; names it once on stderr when COMPATLAYER_VERBOSE is set. */
int cpl_missing(int library, int index);

enum cpl_slots_state { CPL_SLOTS_ASLEEP = 0, CPL_SLOTS_READY, CPL_SLOTS_FAILED, CPL_SLOTS_SHUT, CPL_SLOTS_FORKED };
enum cpl_slots_state cpl_slots_state(int library);

/* Around the call of a per-thread variant. */
CPL_EXPORT int cpl_per_thread_enter(void);
CPL_EXPORT void cpl_per_thread_leave(int before);

/* cuGetProcAddress: one row per exported variant, sorted by base name, then version. */
struct cpl_entry_point {
    const char *base;
    int32_t version;
    int32_t per_thread_version;    /* 0: there is no per-thread variant */
    void *function;
    void *per_thread;
};
/* Returns the CUresult; *status receives CUdriverProcAddressQueryResult. `function` and `status` may be NULL. */
CPL_EXPORT int cpl_entry_point_find(const struct cpl_entry_point *rows, int count, const char *symbol, void **function,
                                    int version, uint64_t flags, int *status);

#endif
