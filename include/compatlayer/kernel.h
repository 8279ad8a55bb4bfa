/* The contract between compiled kernels and the native runtime.
 *
 * The naive engine compiles every device function to a native function whose hidden first parameter
 * is the CUDA thread that runs it. A kernel's entry takes the thread and the packed argument buffer.
 * The vector engine's entry runs a gang: up to 32 consecutive threads of a block as lanes of vectors, or
 * all gangs of a block one after the other; its cpl_thread stands for the gang.
 * Generated code reads the public fields of cpl_thread directly and calls the functions below for
 * everything that involves other threads. compiler/passes names the same fields; a test compares
 * the offsets. Names here are final symbols: kernels resolve them at dlopen from libcompatlayer.so. */
#ifndef COMPATLAYER_KERNEL_H
#define COMPATLAYER_KERNEL_H
#include <stdint.h>
#include <stddef.h>

#ifndef CPL_EXPORT
#define CPL_EXPORT __attribute__((visibility("default")))
#endif

/* A place in the user's source, emitted as a constant beside the kernel. Two sites are the same
 * place when file, line and column are equal: optimisers may duplicate the call, not the line. */
typedef struct cpl_site {
    const char *file;
    const char *function;
    uint32_t line;
    uint32_t column;
} cpl_site;

/* One CUDA thread, or a gang of them: then thread, lane and warp are those of its first thread. */
typedef struct cpl_thread {
    uint32_t thread[3];              /* threadIdx */
    uint32_t lane;                   /* 0..31, linear thread number % 32 */
    uint32_t block[3];               /* blockIdx */
    uint32_t warp;                   /* linear thread number / 32 */
    uint32_t block_size[3];          /* blockDim */
    uint32_t warps;                  /* warps in the block */
    uint32_t grid_size[3];           /* gridDim */
    uint32_t worker;                 /* reported as %smid */
    uint8_t *shared;                 /* base of the module's static shared memory, 128-byte aligned */
    uint8_t *dynamic_shared;         /* base of extern __shared__, 16-byte aligned or better */
    uint32_t dynamic_shared_bytes;
    uint32_t shared_bytes;           /* static + dynamic, contiguous from `shared` */
    uint32_t first, end;             /* linear numbers of the threads that this call runs: first <= n < end. Code that
                                      * runs a whole block stores the first thread of each gang as it goes. */
    uint32_t blocks;                 /* how many blocks this call may run, from `block` on, x first; code that runs them
                                      * all stores `block` as it goes, and 0 here at the end */
    uint32_t cooperative;            /* 1 when all blocks of the grid are there at once */
} cpl_thread;

/* Kernel entry: `args` is the packed argument buffer in CUDA's layout, read-only. It runs the threads first..end-1. */
typedef void (*cpl_entry)(cpl_thread *self, const void *args);

/* Barriers. id 0..15, and CPL_GROUP_BARRIER | 0..15 for what programs cannot name; count 0 means every thread of the block, else a multiple of 32 (bar.sync id, count).
 * Exited threads count as arrived. */
enum { CPL_GROUP_BARRIER = 0x100 };
CPL_EXPORT void cpl_barrier(cpl_thread *self, uint32_t id, uint32_t count, const cpl_site *site);
CPL_EXPORT void cpl_barrier_arrive(cpl_thread *self, uint32_t id, uint32_t count, const cpl_site *site);
enum { CPL_REDUCE_POPC = 0, CPL_REDUCE_AND = 1, CPL_REDUCE_OR = 2 };
CPL_EXPORT uint32_t cpl_barrier_reduce(cpl_thread *self, uint32_t id, uint32_t count, uint32_t op, uint32_t predicate,
                                       const cpl_site *site);

/* Warp operations: wait until every live thread named in `mask` is at the same kind of operation.
 * shuffle: PTX's `c` operand is (segment mask << 8) | clamp; *in_range (may be NULL) receives PTX's predicate. */
enum { CPL_SHUFFLE_UP = 0, CPL_SHUFFLE_DOWN = 1, CPL_SHUFFLE_BFLY = 2, CPL_SHUFFLE_IDX = 3 };
CPL_EXPORT uint32_t cpl_shuffle(cpl_thread *self, uint32_t kind, uint32_t mask, uint32_t value, uint32_t b, uint32_t c,
                                uint32_t *in_range, const cpl_site *site);
CPL_EXPORT uint64_t cpl_shuffle_wide(cpl_thread *self, uint32_t kind, uint32_t mask, uint64_t value, uint32_t b,
                                     uint32_t c, uint32_t *in_range, const cpl_site *site);
enum { CPL_VOTE_ALL = 0, CPL_VOTE_ANY = 1, CPL_VOTE_UNI = 2, CPL_VOTE_BALLOT = 3 };
CPL_EXPORT uint32_t cpl_vote(cpl_thread *self, uint32_t kind, uint32_t mask, uint32_t predicate, const cpl_site *site);
CPL_EXPORT uint32_t cpl_match_any(cpl_thread *self, uint32_t mask, uint64_t value, const cpl_site *site);
CPL_EXPORT uint32_t cpl_match_all(cpl_thread *self, uint32_t mask, uint64_t value, uint32_t *all, const cpl_site *site);
enum { CPL_REDUX_ADD = 0, CPL_REDUX_UMIN, CPL_REDUX_UMAX, CPL_REDUX_SMIN, CPL_REDUX_SMAX, CPL_REDUX_AND, CPL_REDUX_OR,
       CPL_REDUX_XOR };
CPL_EXPORT uint32_t cpl_redux(cpl_thread *self, uint32_t op, uint32_t mask, uint32_t value, const cpl_site *site);
CPL_EXPORT void cpl_warp_sync(cpl_thread *self, uint32_t mask, const cpl_site *site);
/* The largest converged set: parks until no thread of the warp can run, then answers the threads at the same site. */
CPL_EXPORT uint32_t cpl_active_mask(cpl_thread *self, const cpl_site *site);

/* Gangs. `lanes` and `predicates` have one bit per lane, bit 0 for the thread self->first. A gang arrives once, with the
 * lanes it still has; for a barrier with a count it is a whole warp. A gang whose entry returned has exited. */
CPL_EXPORT void cpl_gang_barrier(cpl_thread *self, uint32_t id, uint32_t count, uint32_t lanes, const cpl_site *site);
CPL_EXPORT void cpl_gang_barrier_arrive(cpl_thread *self, uint32_t id, uint32_t count, uint32_t lanes,
                                        const cpl_site *site);
CPL_EXPORT uint32_t cpl_gang_barrier_reduce(cpl_thread *self, uint32_t id, uint32_t count, uint32_t op, uint32_t lanes,
                                            uint32_t predicates, const cpl_site *site);
/* Ends the launch: `lanes` wait at an operation that needs the lanes `missing`, which can never come. */
enum { CPL_GANG_BARRIER = 0, CPL_GANG_SHUFFLE, CPL_GANG_VOTE, CPL_GANG_MATCH, CPL_GANG_REDUCTION, CPL_GANG_WARP_BARRIER };
/* The gang waits at the block's barrier at `here`, others of the block at `there`: a fault unless that is the same place
 * of the source. */
CPL_EXPORT void cpl_gang_barriers_meet(cpl_thread *self, const cpl_site *here, const cpl_site *there);
CPL_EXPORT _Noreturn void cpl_gang_divergent(cpl_thread *self, uint32_t operation, uint32_t lanes, uint32_t missing,
                                             const cpl_site *site);
/* Thread number `index` of the block as a cpl_thread of its own, for calls that take one thread and do not wait for
 * others. Valid until the next call for this gang. */
CPL_EXPORT cpl_thread *cpl_lane(cpl_thread *self, uint32_t index);

/* Lets other threads of the block, other blocks and other streams make progress; called on back edges
 * that read volatile or atomic memory. */
CPL_EXPORT void cpl_yield(cpl_thread *self);

/* Ends. None returns. */
CPL_EXPORT _Noreturn void cpl_exit(cpl_thread *self);
CPL_EXPORT _Noreturn void cpl_trap(cpl_thread *self, const cpl_site *site);
CPL_EXPORT _Noreturn void cpl_assert_fail(cpl_thread *self, const char *message, const char *file, uint32_t line,
                                          const char *function);

/* vprintf of the device: `args` is the packed argument record that clang's CUDA mode builds
 * (each argument at its natural alignment, float promoted to double). Returns the number of arguments
 * or -1. */
CPL_EXPORT int32_t cpl_vprintf(cpl_thread *self, const char *format, const void *args);

/* Device heap (malloc, free, new, delete in kernels). */
CPL_EXPORT void *cpl_malloc(cpl_thread *self, uint64_t size_bytes);
CPL_EXPORT void cpl_free(cpl_thread *self, void *pointer);

/* cudaGraphSetConditional: sets the value behind a conditional handle of the graph that the kernel is a node of. */
CPL_EXPORT void cpl_graph_set(cpl_thread *self, uint64_t handle, uint32_t value);

/* Launches from kernels. What a kernel launches runs when all of its blocks have ended, and before whatever comes after the
 * kernel. `buffer` is memory for a kernel's packed arguments, which belongs to the launch that it is given to; NULL when
 * there is no memory or too much waits already. `kernel` is the address of a cpl_launchable. The others answer a
 * cudaError_t, as does CPL_DEVICE_ERROR: the thread's last error, which it forgets when `argument` is 1. */
typedef struct cpl_launchable {
    const void *kernel;              /* a cpl_kernel */
    const void *self;                /* its own address: anything else is no kernel */
    uint64_t max_threads, max_dynamic_shared_bytes;
} cpl_launchable;
CPL_EXPORT void *cpl_device_buffer(cpl_thread *self, uint64_t size_bytes);
CPL_EXPORT uint32_t cpl_device_launch(cpl_thread *self, const void *kernel, void *buffer, uint32_t grid_x, uint32_t grid_y,
                                      uint32_t grid_z, uint32_t block_x, uint32_t block_y, uint32_t block_z,
                                      uint32_t dynamic_shared_bytes, uint64_t stream);
CPL_EXPORT uint32_t cpl_device_copy(cpl_thread *self, uint64_t destination, uint64_t source, uint64_t size_bytes,
                                    uint64_t stream);
CPL_EXPORT uint32_t cpl_device_fill(cpl_thread *self, uint64_t destination, uint32_t value, uint64_t size_bytes,
                                    uint64_t stream);
enum { CPL_DEVICE_ERROR = 0,         /* argument: whether to forget it */
       CPL_DEVICE_FAIL = 1,          /* argument: the error that the thread has met */
       CPL_DEVICE_STREAM = 2,        /* a new stream's handle; 0: no memory */
       CPL_DEVICE_KNOWN = 3,         /* the error that using the stream `argument` is */
       CPL_DEVICE_WAIT = 4 };        /* a stream waits for what another has been given */
CPL_EXPORT uint64_t cpl_device_order(cpl_thread *self, uint32_t operation, uint64_t argument);

/* 1 if `address` is in the thread's own stack, which is CUDA's local memory. */
CPL_EXPORT uint32_t cpl_is_local(cpl_thread *self, const void *address);

/* Clocks: clock64() in ticks of the time-stamp counter's rate reported as the device clock; globaltimer in ns. */
CPL_EXPORT uint64_t cpl_clock(cpl_thread *self);
CPL_EXPORT uint64_t cpl_global_timer(cpl_thread *self);
CPL_EXPORT void cpl_nanosleep(cpl_thread *self, uint32_t duration_ns);

#endif
