/* The native runtime, as Python binds it (cffi) and as the generated stubs use it.
 * Ownership: *_open returns an object that the matching *_close or *_release ends; close twice is not allowed
 * here (core guards that). All functions are thread-safe. Functions that can wait say so. Statuses are CPL_OK or
 * a negative cpl_status. Sizes in bytes, times in nanoseconds of CLOCK_MONOTONIC unless named otherwise. */
#ifndef COMPATLAYER_RUNTIME_H
#define COMPATLAYER_RUNTIME_H
#include "kernel.h"

typedef enum cpl_status {
    CPL_OK = 0,
    CPL_OUT_OF_MEMORY = -1,
    CPL_INVALID = -2,      /* an argument is out of range; nothing happened */
    CPL_FORKED = -3,       /* the runtime was started before a fork and this is the child */
    CPL_FAULTED = -4,      /* the domain holds a sticky fault; nothing was enqueued */
    CPL_SYSTEM = -5,       /* an operating-system call failed; errno is set */
    CPL_TIMEOUT = -6,
    CPL_NOT_COMPILED = -7  /* the kernel has no code yet for blocks of this shape; nothing happened */
} cpl_status;

/* ---- process life -------------------------------------------------------------------------- */
/* Starts `workers` worker threads and the host-callback thread; a second call is a no-op returning CPL_OK.
 * workers 0 = one per CPU this process may run on. */
CPL_EXPORT int cpl_start(int workers);
CPL_EXPORT int cpl_workers(void);
/* Kernels that run for longer than this are ended with CPL_FAULT_TIMEOUT; 0, as at first: they may run for ever. */
CPL_EXPORT int cpl_watchdog(uint64_t limit_ns);
/* Rate of cpl_clock in kHz; may wait 2 ms after cpl_start. 0 before cpl_start. */
CPL_EXPORT uint64_t cpl_clock_khz(void);
/* Stops accepting work and lets running work go; called once at interpreter exit. Never waits longer than
 * `timeout_ns`. Worker threads are left parked: joining them could hang on a kernel that never ends. */
CPL_EXPORT void cpl_stop(uint64_t timeout_ns);
CPL_EXPORT int cpl_forked(void);
/* Installs (or re-installs, when another library replaced it) the SIGSEGV/SIGBUS/SIGFPE/SIGILL guard; chains to the
 * handler it found for faults that are not a kernel's. Called before every launch by the runtime itself. */
CPL_EXPORT void cpl_guard_install(void);

/* ---- memory -------------------------------------------------------------------------------- */
enum { CPL_MEMORY_DEVICE = 0, CPL_MEMORY_HOST = 1, CPL_MEMORY_MANAGED = 2, CPL_MEMORY_MODULE = 3,
       CPL_MEMORY_REGISTERED = 4, CPL_MEMORY_MAPPED = 5 };
typedef struct cpl_allocation {
    uint64_t base;
    uint64_t size_bytes;
    uint64_t id;           /* unique over the process's life */
    int32_t device;
    int32_t kind;
} cpl_allocation;
/* Zero-filled on first use, aligned to `alignment_bytes` (power of two, at least 512 is given), guard pages around. */
CPL_EXPORT int cpl_memory_alloc(int device, int kind, uint64_t size_bytes, uint64_t alignment_bytes, uint64_t *pointer);
CPL_EXPORT int cpl_memory_free(uint64_t base);
/* Records memory that others own (module globals, registered host memory); cpl_memory_free forgets it. */
CPL_EXPORT int cpl_memory_adopt(int device, int kind, uint64_t base, uint64_t size_bytes);
/* The live allocation that contains `address`; returns 1 and fills *out, or 0. */
CPL_EXPORT int cpl_memory_find(uint64_t address, cpl_allocation *out);
CPL_EXPORT uint64_t cpl_memory_used(int device);   /* bytes of kinds DEVICE and MANAGED */
CPL_EXPORT uint64_t cpl_memory_count(void);        /* live allocations of every kind */
CPL_EXPORT int cpl_memory_after(uint64_t base, cpl_allocation *out);    /* the live allocation that follows; 0: none */
#include "mapping.h"
#include "ledger.h"

/* ---- fault domains: a CUDA context has one; a fault in it is sticky until it is closed ------- */
enum { CPL_FAULT_NONE = 0, CPL_FAULT_ADDRESS, CPL_FAULT_ASSERT, CPL_FAULT_TRAP, CPL_FAULT_BARRIER, CPL_FAULT_STACK,
       CPL_FAULT_INSTRUCTION, CPL_FAULT_MEMORY, CPL_FAULT_COPY, CPL_FAULT_TIMEOUT,
       CPL_FAULT_WRITER };
typedef struct cpl_fault {
    int32_t code;                  /* CPL_FAULT_* */
    uint32_t thread[3];
    uint32_t block[3];
    uint32_t line;
    uint64_t address;
    char kernel[256];
    char file[256];
    char message[1024];            /* one sentence for the user; `kernel "name"`, then the place if that is known */
    uint64_t offset;               /* of the instruction from the first byte of the library that is mapped, */
    char library[1024];            /* as cpl_module_open got its path; empty: not the processor's, or not in a module */
} cpl_fault;
typedef struct cpl_domain cpl_domain;
CPL_EXPORT cpl_domain *cpl_domain_open(int device);
CPL_EXPORT int cpl_domain_fault(cpl_domain *domain, cpl_fault *out);   /* the code; out may be NULL */
CPL_EXPORT void cpl_domain_close(cpl_domain *domain);                  /* queues must be closed before */
/* Limits of the domain: default stack per thread, device heap, printf buffer (bytes). */
enum { CPL_LIMIT_STACK = 0, CPL_LIMIT_PRINTF = 1, CPL_LIMIT_HEAP = 2,
       CPL_LIMIT_LAUNCHES = 3 };      /* of one kernel that wait for it to end; as a number of launches */
CPL_EXPORT int cpl_domain_set_limit(cpl_domain *domain, int limit, uint64_t bytes);
CPL_EXPORT uint64_t cpl_domain_limit(cpl_domain *domain, int limit);

/* ---- code ---------------------------------------------------------------------------------- */
typedef struct cpl_module cpl_module;
/* dlopen of a compiled kernel library, always a fresh instance (its globals are its own). On failure returns NULL
 * and writes one sentence to `error`. */
CPL_EXPORT cpl_module *cpl_module_open(const char *path, char *error, size_t error_bytes);
CPL_EXPORT uint64_t cpl_module_symbol(cpl_module *module, const char *name);   /* 0 if absent */
CPL_EXPORT void cpl_module_close(cpl_module *module);                          /* no launch of it may be pending */

/* The shapes of blocks that kernels are compiled for, the first that fits. */
enum {
    CPL_SHAPE_TINY = 0,            /* at most 4 threads */
    CPL_SHAPE_ROW32 = 1,           /* block.x % 32 == 0 */
    CPL_SHAPE_ROW16 = 2,           /* block.x % 16 == 0; not for kernels with CPL_KERNEL_WARP, like the next one */
    CPL_SHAPE_ROW8 = 3,            /* block.x % 8 == 0 */
    CPL_SHAPE_LINE = 4,            /* block.y * block.z == 1 */
    CPL_SHAPE_WHOLE = 5,           /* threads % 32 == 0 */
    CPL_SHAPE_PART = 6,
    CPL_SHAPES = 7
};
enum {
    CPL_KERNEL_GANGS = 1,          /* of a variant: each call of the entry runs one gang, which may wait for others */
    CPL_KERNEL_BLOCK = 2,          /* of a variant: one call runs a block; it never waits */
    CPL_KERNEL_WARP = 4,           /* of a kernel: gangs must be whole warps */
    CPL_KERNEL_RANGE = 8           /* of a variant with CPL_KERNEL_BLOCK: blocks of one call read neighbouring memory in
                                    * turns, so each worker had better get one range of them */
};
CPL_EXPORT uint32_t cpl_shape_class(const uint32_t block[3], uint32_t flags);
typedef struct cpl_variant {
    cpl_entry entry;               /* NULL: not compiled yet. Stored last, with release order */
    uint32_t width;                /* threads of a gang: 8, 16 or 32; 1 for one call per thread */
    uint32_t flags;                /* CPL_KERNEL_GANGS or CPL_KERNEL_BLOCK; neither for one call per thread */
    uint32_t stack_bytes;          /* of one gang, beside the domain's limit; 0 = that limit times the width */
} cpl_variant;
typedef struct cpl_kernel {
    cpl_entry entry;               /* one call per thread; not used with variants */
    const char *name;              /* owned by the caller, outlives every launch */
    uint32_t args_bytes;
    uint32_t shared_bytes;         /* extent of static shared memory to provide */
    uint32_t stack_bytes;          /* local memory the kernel's frames may need; 0 = the domain's limit */
    uint32_t flags;                /* CPL_KERNEL_WARP */
    const cpl_variant *variants;   /* CPL_SHAPES of them, which outlive every launch, or NULL */
} cpl_kernel;
/* Compiles `kernel` for blocks of a size, for a launch by another kernel: on the host-callback thread, holding no lock.
 * 0, or not and one clause in `error`. Set once, before the first launch of a kernel that can do so. */
typedef int cpl_preparer(const cpl_kernel *kernel, uint32_t x, uint32_t y, uint32_t z, char *error, size_t error_bytes);
CPL_EXPORT void cpl_set_preparer(cpl_preparer *preparer);
typedef struct cpl_shape {
    uint32_t grid[3];
    uint32_t block[3];
    uint32_t dynamic_shared_bytes;
    uint32_t cooperative;          /* every block must be resident at once */
} cpl_shape;

/* ---- queues: in-order, beside the host; every call below returns without waiting unless it says so ------------- */
typedef struct cpl_queue cpl_queue;
typedef struct cpl_fence cpl_fence;
/* A lower priority number is more urgent. NULL before cpl_start, in a forked child, or without memory. */
CPL_EXPORT cpl_queue *cpl_queue_open(cpl_domain *domain, int priority);
/* Before the queue's first work: only the workers whose bits are set run it (worker 0 is the lowest bit of the first of
 * `words` words). CPL_INVALID when no worker is left. */
CPL_EXPORT int cpl_queue_restrict(cpl_queue *queue, const uint64_t *units, uint32_t words);
CPL_EXPORT void cpl_queue_close(cpl_queue *queue);         /* returns at once; enqueued work still runs */
CPL_EXPORT int cpl_queue_idle(cpl_queue *queue);
/* Waits until all work enqueued so far is done, at most timeout_ns (0 = poll): CPL_OK or CPL_TIMEOUT. */
CPL_EXPORT int cpl_queue_drain(cpl_queue *queue, uint64_t timeout_ns);
/* Box copy: `depth` slices of `height` rows of `width_bytes`. Linear copy: height = depth = 1. */
typedef struct cpl_box {
    uint64_t destination, destination_pitch, destination_slice;
    uint64_t source, source_pitch, source_slice;
    uint64_t width_bytes, height, depth;
} cpl_box;
CPL_EXPORT int cpl_queue_copy(cpl_queue *queue, const cpl_box *box);
/* Fills `height` rows of `width` elements of `element_bytes` (1, 2, 4) with `pattern`. */
CPL_EXPORT int cpl_queue_fill(cpl_queue *queue, uint64_t destination, uint64_t pitch_bytes, uint32_t pattern,
                              uint32_t element_bytes, uint64_t width, uint64_t height);
/* Later work starts once the value of 4 or 8 bytes at `address`, a multiple of that, is as wanted: at or after `value` in
 * cyclic order, equal to it, a common bit set, a bit of neither set. Whoever writes it must write it whole. The address
 * has to stay valid; one that is not is a fault of the domain. */
enum { CPL_WATCH_GEQ = 0, CPL_WATCH_EQ = 1, CPL_WATCH_AND = 2, CPL_WATCH_NOR = 3 };
CPL_EXPORT int cpl_queue_watch(cpl_queue *queue, uint64_t address, uint32_t bytes, int condition, uint64_t value);
/* As that for 8 bytes that reach `value`. They are written by the process whose number stands in the 8 bytes at `writer`
 * (0: not known): that it ended first is a fault of the domain. */
CPL_EXPORT int cpl_queue_watch_writer(cpl_queue *queue, uint64_t address, uint64_t value, uint64_t writer);
/* Whether a process of this machine can still do anything; 0 for one that ended and was not waited for. */
CPL_EXPORT int cpl_process_lives(uint64_t process);
/* Writes such a value, or changes it atomically. */
enum { CPL_STORE_SET = 0, CPL_STORE_ADD = 1, CPL_STORE_AND = 2, CPL_STORE_OR = 3,
       CPL_STORE_REACH = 4 };         /* writes it also when a fault makes the work before it be skipped */
CPL_EXPORT int cpl_queue_store(cpl_queue *queue, uint64_t address, uint32_t bytes, int operation, uint64_t value);
/* The domain is about to end: from now on its queues give up a wait for a value (and skip what comes after it) once none
 * of them has anything running. */
CPL_EXPORT void cpl_domain_end_waits(cpl_domain *domain);
/* A kernel with variants runs the one for the block's shape; CPL_NOT_COMPILED when that has no entry yet. */
CPL_EXPORT int cpl_queue_launch(cpl_queue *queue, const cpl_kernel *kernel, const cpl_shape *shape, const void *args,
                                size_t args_bytes);
/* Runs function(data) on the host-callback thread; the queue goes on when it returns. It also runs in a domain with a
 * fault (whoever must not be called then asks cpl_domain_fault), but not after cpl_stop. */
CPL_EXPORT int cpl_queue_call(cpl_queue *queue, void (*function)(void *), void *data);
/* Reached also when a fault makes the work before it be skipped; ask cpl_domain_fault. NULL after cpl_stop, in a forked
 * child, or without memory. */
CPL_EXPORT cpl_fence *cpl_queue_signal(cpl_queue *queue);
/* Later work of `queue` starts after `fence` is done; the queue takes a reference of its own. */
CPL_EXPORT int cpl_queue_wait(cpl_queue *queue, cpl_fence *fence);
CPL_EXPORT int cpl_fence_done(cpl_fence *fence);
CPL_EXPORT int cpl_fence_wait(cpl_fence *fence, uint64_t timeout_ns);     /* waits: CPL_OK or CPL_TIMEOUT */
CPL_EXPORT uint64_t cpl_fence_time(cpl_fence *fence);                     /* when it was reached; 0 = not yet */
CPL_EXPORT void cpl_fence_release(cpl_fence *fence);
/* Copy on the calling thread (waits), guarded: CPL_OK, or CPL_FAULTED when either side is not mapped. */
CPL_EXPORT int cpl_copy_now(const cpl_box *box);

/* ---- graphs: prepared work with dependencies, started as one piece of work of a queue --------- */
/* A graph's nodes do nothing at first; each is set by its index, with a queue that says whose fault domain it belongs to
 * and must outlive the graph. While starts are not over nothing can be set: CPL_TIMEOUT. Starts run one after the other in
 * the order of their calls, also those of graphs opened with `before`. */
typedef struct cpl_graph cpl_graph;
typedef struct cpl_graph_plan {
    uint32_t nodes, scopes, values;
    const uint32_t *after;         /* nodes + 1: where each node's successors begin */
    const uint32_t *successors;    /* of the same scope */
    const uint32_t *bounds;        /* scopes * 3: first node, end, and the node whose body it is; the first is the graph */
} cpl_graph_plan;
CPL_EXPORT cpl_graph *cpl_graph_open(const cpl_graph_plan *plan, cpl_graph *before);   /* NULL without memory */
CPL_EXPORT void cpl_graph_close(cpl_graph *graph);         /* starts that are not over still run */
CPL_EXPORT int cpl_graph_pending(cpl_graph *graph);        /* 1: starts are not over */
CPL_EXPORT int cpl_graph_launch(cpl_graph *graph, uint32_t index, cpl_queue *home, const cpl_kernel *kernel,
                                const cpl_shape *shape, const void *args, size_t args_bytes, int priority);
CPL_EXPORT int cpl_graph_copy(cpl_graph *graph, uint32_t index, cpl_queue *home, const cpl_box *box);
CPL_EXPORT int cpl_graph_fill(cpl_graph *graph, uint32_t index, cpl_queue *home, uint64_t destination,
                              uint64_t pitch_bytes, uint32_t pattern, uint32_t element_bytes, uint64_t width,
                              uint64_t height);
CPL_EXPORT int cpl_graph_call(cpl_graph *graph, uint32_t index, cpl_queue *home, void (*function)(void *), void *data);
CPL_EXPORT int cpl_graph_empty(cpl_graph *graph, uint32_t index, cpl_queue *home);
/* As cpl_queue_watch and cpl_queue_store. */
CPL_EXPORT int cpl_graph_watch(cpl_graph *graph, uint32_t index, cpl_queue *home, uint64_t address, uint32_t bytes,
                               int condition, uint64_t value);
CPL_EXPORT int cpl_graph_store(cpl_graph *graph, uint32_t index, cpl_queue *home, uint64_t address, uint32_t bytes,
                               int operation, uint64_t value);
/* Reaches, or waits for, fence number `slot` of the start. */
CPL_EXPORT int cpl_graph_signal(cpl_graph *graph, uint32_t index, cpl_queue *home, uint32_t slot);
CPL_EXPORT int cpl_graph_wait(cpl_graph *graph, uint32_t index, cpl_queue *home, uint32_t slot);
/* Runs a body by the value: IF body 0 when it is not 0, else body 1 if there is one; WHILE body 0 for as long as it is
 * not 0; SWITCH the body of that number. The bodies are the scopes from `first_scope` on. */
enum { CPL_CHOICE_IF = 0, CPL_CHOICE_WHILE = 1, CPL_CHOICE_SWITCH = 2 };
CPL_EXPORT int cpl_graph_choose(cpl_graph *graph, uint32_t index, cpl_queue *home, int choice, uint32_t value,
                                uint32_t first_scope, uint32_t scopes);
/* A value that kernels set by `handle`; with `assign` each start begins with `initial`. Before the first start. */
CPL_EXPORT int cpl_graph_value(cpl_graph *graph, uint32_t index, uint64_t handle, uint32_t initial, int assign);
/* As one piece of work of `queue`, which takes references to the fences; a null one is reached. A full queue is waited
 * for if `patient`, otherwise CPL_TIMEOUT. */
CPL_EXPORT int cpl_graph_start(cpl_graph *graph, cpl_queue *queue, cpl_fence *const *fences, uint32_t count, int patient);
CPL_EXPORT cpl_fence *cpl_fence_new(void);                 /* for a start to reach; NULL without memory */

/* ---- direct launches: a C caller's launch without Python ------------------------------------- */
/* A door leads to a queue for callers who know it by a handle; the doors of one fault domain belong together. Core says
 * by a door's role which queues' work comes after each other's: BARRIER work comes after all JOINED work so far, and the
 * other way round; FREE work after neither. A door is passable while nothing has happened that its launches would have
 * to wait for: core takes a ticket, orders and enqueues a launch of its own, then opens the door with that ticket. */
typedef struct cpl_doors cpl_doors;
typedef struct cpl_door {
    uint64_t launches;             /* direct ones so far; written atomically */
} cpl_door;
enum { CPL_DOOR_FREE = 0, CPL_DOOR_JOINED = 1, CPL_DOOR_BARRIER = 2 };
CPL_EXPORT cpl_doors *cpl_doors_open(void);                    /* NULL without memory */
CPL_EXPORT void cpl_doors_end(cpl_doors *doors);               /* from now on no door of it is passable */
CPL_EXPORT void cpl_doors_close(cpl_doors *doors);             /* after all of its doors */
/* Work that did not come through a door was enqueued on a queue of `role`. */
CPL_EXPORT void cpl_doors_changed(cpl_doors *doors, int role);
/* The calling thread's queue 0 is the BARRIER queue of `doors`; NULL: it has none. */
CPL_EXPORT void cpl_doors_enter(cpl_doors *doors);
typedef struct cpl_callable {
    const cpl_kernel *kernel;      /* copied; its name has to outlive every launch */
    uint32_t grid[3], block[3];    /* the most of each */
    uint32_t threads;              /* the most of a block */
    uint32_t dynamic_shared_bytes; /* the most */
    uint32_t needs_domain;         /* 1: the caller must have entered the doors (the handle is of no one domain) */
    uint32_t parameters;
} cpl_callable;
/* Callers may launch the kernel by `handle`, with `offsets` and `sizes` of its parameters in bytes: CPL_OK, CPL_INVALID
 * (not a kernel for direct launches) or CPL_OUT_OF_MEMORY. */
CPL_EXPORT int cpl_doors_accept(cpl_doors *doors, uint64_t handle, const cpl_callable *callable,
                                const uint32_t *offsets, const uint32_t *sizes);
/* Before the kernel's code goes away. 1 with the block shape that was left for the handle, which is then forgotten. */
CPL_EXPORT int cpl_doors_forget(cpl_doors *doors, uint64_t handle, uint32_t *block);
CPL_EXPORT int cpl_doors_take_block(cpl_doors *doors, uint64_t handle, uint32_t *block);
/* Callers may start a graph without fences by `handle`, which is not known yet; forgotten before the graph is closed. */
CPL_EXPORT int cpl_doors_accept_graph(cpl_doors *doors, uint64_t handle, cpl_graph *graph);
CPL_EXPORT void cpl_doors_forget_graph(cpl_doors *doors, uint64_t handle);
/* A shut door to `queue`; handle 0 with the role BARRIER: the queue that threads enter. NULL without memory. */
CPL_EXPORT cpl_door *cpl_door_make(cpl_doors *doors, cpl_queue *queue, int role, uint64_t handle);
CPL_EXPORT uint64_t cpl_door_ticket(void);
CPL_EXPORT void cpl_door_open(cpl_door *door, uint64_t ticket);    /* nothing when it was shut after the ticket */
CPL_EXPORT void cpl_door_shut(cpl_door *door);                     /* afterwards no launch is under way */
CPL_EXPORT void cpl_door_end(cpl_door *door);                      /* shut for ever, its handle unknown; twice is fine */
CPL_EXPORT void cpl_door_close(cpl_door *door);                    /* before its queue */
/* CPL_OK, or a negative status when nothing was enqueued: ask core then. `queue` 0 is the one of the thread's doors. */
CPL_EXPORT int cpl_direct_launch(uint64_t function, uint64_t queue, const cpl_shape *shape, void **arguments);
CPL_EXPORT int cpl_direct_launch_packed(uint64_t function, uint64_t queue, const cpl_shape *shape, const void *packed,
                                        size_t packed_bytes);
CPL_EXPORT int cpl_direct_start(uint64_t graph, uint64_t queue);
/* Leaves a block shape for cuLaunch, which takes it from the doors; CPL_INVALID where the handle is not known here. */
CPL_EXPORT int cpl_direct_block(uint64_t function, const int block[3]);
/* The C function to put before the handler `handler` of a driver function; NULL when there is none. */
CPL_EXPORT void *cpl_direct_front(const char *name, void *handler);

/* ---- jump tables: the generated stubs call through them -------------------------------------- */
enum {
    CPL_LIBRARY_CUDA = 0,
    CPL_LIBRARY_NVRTC = 1,
    CPL_LIBRARY_NVVM = 2,
    CPL_LIBRARY_NVJITLINK = 3,
    CPL_LIBRARY_CURAND = 4,
    CPL_LIBRARY_NVML = 5,
    CPL_LIBRARY_CUDART = 6,
    CPL_LIBRARIES = 7
};
CPL_EXPORT int cpl_slot_count(int library);
CPL_EXPORT const char *cpl_slot_name(int library, int index);
CPL_EXPORT int cpl_slot_find(int library, const char *name);     /* the index, or -1 */
/* The parameters' names with commas between; "*" follows a pointer to data that must not be null by default. */
CPL_EXPORT const char *cpl_slot_parameters(int library, int index);
/* Fills a slot; NULL restores the "not supported" default. Takes effect when the library is ready. */
CPL_EXPORT void cpl_slot_set(int library, int index, void *function);
/* While the library is ready, the function's variant for the per-thread default stream is `function` itself. */
CPL_EXPORT void cpl_slot_set_per_thread(int library, int index, void *function);
/* cuGetProcAddress hands out the variants that this version of the driver has, instead of the newest; 0: all. */
CPL_EXPORT void cpl_entry_points_until(int version);
CPL_EXPORT uint64_t cpl_slot_calls(int library, int index);      /* times the exported function was called */
/* How often the function answered success (or "not ready"), or an error, since this was asked last; counted while
 * COMPATLAYER_RECORD_CALLS names a folder. */
CPL_EXPORT uint64_t cpl_record_take(int library, int index, int badly);
/* What a function without a handler does once the library is ready: `tell` answers its status. */
CPL_EXPORT void cpl_slots_tell_missing(int (*tell)(int library, int index));
/* Says that a handler exists and is put in place when the function is called first. */
CPL_EXPORT void cpl_slot_promise(int library, int index);
CPL_EXPORT int cpl_slot_asleep(int library, int index);          /* 1: its handler is still to be put in place */
CPL_EXPORT int cpl_slot_missing(int library, int index);         /* 1: the slot is the "not supported" default */
/* Called by Python when the handlers are in place, and at interpreter exit. After shut every function answers
 * "deinitialised" in C. */
CPL_EXPORT void cpl_slots_ready(int library);
CPL_EXPORT void cpl_slots_failed(int library);                   /* every function answers "unknown" in C */
CPL_EXPORT void cpl_slots_shut(void);
/* In the child of a fork, when the runtime was started: every driver function answers "not initialised" in C. */
CPL_EXPORT void cpl_slots_forked(void);
/* 1 while the calling thread is inside a per-thread-default-stream variant (_ptds, _ptsz). */
CPL_EXPORT int cpl_per_thread_default(void);
/* Destructors for objects of the interpreter: the first shuts the slots and stops the runtime, the second has
 * Python raise its interrupt again. `data` is not used. */
CPL_EXPORT void cpl_python_gone(void *data);
CPL_EXPORT void cpl_python_interrupt(void *data);

#endif
