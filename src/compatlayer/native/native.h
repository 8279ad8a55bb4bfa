/* What the files of the native runtime share. Lock order: direct.c's, then cpl_lock, then nothing; every other lock is a
 * leaf. */
#ifndef CPL_NATIVE_H
#define CPL_NATIVE_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "compatlayer/runtime.h"
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include "fiber.h"

#pragma GCC visibility push(hidden)

/* There are as many barriers of groups as programs can name. */
enum { CPL_LANES = 32, CPL_BARRIERS = 16, CPL_MAX_THREADS = 1024, CPL_MAX_WARPS = CPL_MAX_THREADS / CPL_LANES };

/* ---- process (process.c, clock.c) ----------------------------------------------------------- */
extern pthread_mutex_t cpl_lock;      /* queues, tasks, fences' waiters, the ready list */
extern atomic_int cpl_stopping;
extern atomic_int cpl_child;          /* 1: this is a forked child, nothing works any more */
bool cpl_started(void);
void cpl_process_watch_fork(void);    /* idempotent */
uint64_t cpl_now(void);               /* CLOCK_MONOTONIC, ns */
uint64_t cpl_page_bytes(void);        /* 4096, or up to 64 KiB on some ARM systems */
int cpl_thread_start(pthread_t *thread, void *(*main)(void *), void *data, const char *name);
static inline uint64_t cpl_round_up(uint64_t value, uint64_t unit) { return (value + unit - 1) / unit * unit; }

/* Futex on a 32-bit word. deadline in ns of CLOCK_MONOTONIC, UINT64_MAX = for ever; false on time-out. */
bool cpl_futex_wait(atomic_uint *word, uint32_t expected, uint64_t deadline);
void cpl_futex_wake(atomic_uint *word, int waiters);

/* ---- ordered set of allocations (tree.c); callers lock --------------------------------------- */
struct span {
    cpl_allocation allocation;
    uint64_t low, high;               /* pages it occupies in the arena; 0,0 for foreign memory */
    struct span *left, *right;
    uint32_t priority;
    bool guarded;
    bool shared;                      /* its pages lie in a file */
};
struct span *cpl_tree_floor(struct span *root, uint64_t address);   /* greatest base <= address */
struct span *cpl_tree_above(struct span *root, uint64_t address);   /* least base > address */
void cpl_tree_insert(struct span **root, struct span *span);
struct span *cpl_tree_remove(struct span **root, uint64_t base);

/* ---- domains and faults (domain.c) ------------------------------------------------------------ */
struct heap;
struct cpl_domain {
    atomic_int faulted;               /* CPL_FAULT_*; set last, so the record below is complete */
    atomic_uint references;
    int device;
    pthread_mutex_t lock;
    cpl_fault fault;
    _Atomic uint64_t limits[4];
    struct heap *heap;
    struct task *alone, *alone_next, *alone_last;    /* the cooperative launch that runs, and those that wait for it */
    uint32_t running;                 /* launches, copies and calls begun; under cpl_lock, like the next one */
    bool ending;                      /* waits for values that nothing in it can write any more are given up */
};
void cpl_domain_keep(cpl_domain *domain);
void cpl_domain_drop(cpl_domain *domain);
void cpl_domain_record(cpl_domain *domain, const cpl_fault *fault);          /* the first one stays */

/* ---- tasks and queues (queue.c, task.c) --------------------------------------------------------- */
enum task_kind { TASK_LAUNCH, TASK_COPY, TASK_FILL, TASK_STORE, TASK_WATCH, TASK_GRAPH, TASK_CHOICE, TASK_EMPTY,
                 TASK_CALL, TASK_SIGNAL, TASK_WAIT };
struct fill {
    uint64_t destination, pitch_bytes, width, height;
    uint32_t pattern, element_bytes;
};
struct value {
    uint64_t address, operand;
    uint32_t bytes, operation;        /* 4 or 8; CPL_WATCH_* or CPL_STORE_* */
    bool passed;                      /* the wait is over */
    uint64_t writer, process;         /* where the number of the process stands that will write it; what stood there */
    uint64_t look_ns, dead;           /* when to look after that process again; the one that was gone the last time */
};
struct launch {
    cpl_kernel kernel;
    cpl_shape shape;
    cpl_entry entry;
    int stack_class;
    uint32_t threads, width, flags;   /* of a block; of one call of the entry; CPL_KERNEL_* of the variant */
};
struct print;
struct node;
struct family;
struct strand;
struct task {
    struct task *next;                /* in its queue */
    struct task *link;                /* in the ready list, the callback list, a fence's or a graph's waiters */
    struct cpl_queue *queue;          /* of a graph's node: one of the context that it belongs to */
    struct node *node;                /* of a graph; NULL: the task is in its queue */
    enum task_kind kind;
    int priority;                     /* the queue's, or the node's */
    const uint64_t *only;             /* the workers that may take it, as the queue's units; NULL: all */
    bool owns_args;
    uint64_t units, next_unit, unfinished;   /* blocks of a launch, pieces of a copy; under cpl_lock */
    uint64_t pace_ns;                 /* how long one of them takes; 0 = unknown; under cpl_lock */
    uint64_t begun_ns;                /* when the first one was taken, if a watchdog asks */
    union {
        struct launch launch;
        cpl_box box;
        struct fill fill;
        struct value value;
        struct {
            void (*function)(void *);
            void *data;
        } call;
        struct {
            cpl_graph *graph;
            uint64_t ticket;
        } graph;
        cpl_fence *fence;
    };
    struct task *parent;              /* whose kernel launched it; NULL: the host's */
    struct strand *strand;            /* of the parent's family */
    const cpl_kernel *origin;         /* of a launch by a kernel */
    uint32_t depth;                   /* how many kernels above it */
    _Atomic(struct family *) family;  /* what its kernel launched */
    atomic_bool stalls;               /* a block of it was set aside with only spinning threads */
    _Atomic(struct print *) print;
    const void *args;
    _Alignas(64) uint8_t inline_args[512];
};
struct cpl_queue {
    cpl_domain *domain;
    int priority;
    bool closed;
    bool given_up;                    /* a wait for a value was: the rest is skipped */
    uint64_t *units;                  /* the workers that may run its work, one bit each; NULL: all. Set once */
    struct task *head, *tail;
    uint32_t pending;
    uint64_t enqueued;
    uint64_t wake_at;                 /* least `completed` that a drain waits for; UINT64_MAX = nobody waits */
    _Atomic uint64_t completed;
    atomic_uint drains;               /* futex word, bumped for waiting drains */
    struct cpl_queue *advance_next;
    bool advancing;
};
struct cpl_fence {
    atomic_uint references;
    atomic_uint state;                /* 0 pending, 1 pending with waiting threads, 2 done */
    _Atomic uint64_t time;
    struct task *waiters;             /* under cpl_lock */
    cpl_fence *next_free;
};
struct task *cpl_task_take(void);                    /* cpl_lock held, like the next five */
void cpl_task_give(struct task *task);
cpl_fence *cpl_fence_open(void);
void cpl_fence_drop(cpl_fence *fence);
void cpl_fence_reach(cpl_fence *fence, struct task **waiters);
void cpl_queue_advance(cpl_queue *queue);
void cpl_queue_pop(cpl_queue *queue);
void cpl_queue_reach(cpl_fence *fence);
/* To the workers: cooperative launches of a domain one after the other, as each needs the device and one counter of its
 * module to itself. */
void cpl_launch_submit(struct task *task);
void cpl_task_complete(struct task *task);           /* takes cpl_lock; the task was its queue's head, or is a node */
/* Takes the lock and a task at the queue's end, see queue.c; the second enqueues it and gives the lock back. */
struct task *cpl_queue_begin(cpl_queue *queue, enum task_kind kind, bool patient, int *status);
int cpl_queue_commit(struct task *task);
/* No lock: what a launch needs to know, but for its arguments. */
int cpl_launch_prepare(const cpl_queue *queue, const cpl_kernel *kernel, const cpl_shape *shape, size_t args_bytes,
                       struct launch *out);
void cpl_queue_wake_all(void);
void cpl_queue_push(cpl_queue *queue);               /* cpl_lock held: its head may move at the next cpl_queue_run */
void cpl_queue_run(void);                            /* cpl_lock held */
/* As cpl_queue_launch, and never waits: CPL_TIMEOUT when the queue is full. */
int cpl_queue_launch_now(cpl_queue *queue, const cpl_kernel *kernel, const cpl_shape *shape, const void *args,
                         size_t args_bytes);

/* ---- launches from kernels (device.c records them, family.c runs them) ------------------------------- */
enum child_kind { CHILD_LAUNCH, CHILD_COPY, CHILD_FILL };
/* One launch, or a copy or fill of memory. */
struct child {
    struct family *family;            /* what got its memory */
    struct child *next, *before;      /* in the strand, or among those that were not launched yet */
    enum child_kind kind;
    uint64_t stream;
    uint64_t owner;                   /* the block or the thread, where that makes streams of one name different */
    union {
        struct {
            const cpl_kernel *kernel;
            cpl_shape shape;
        };
        cpl_box box;
        struct fill fill;
    };
    uint64_t args_bytes;
    _Alignas(64) uint8_t args[];
};
/* Children that run one after the other. */
struct strand {
    struct strand *next;              /* of those ready, or with the same hash */
    struct child *first, *last;
    uint64_t stream, owner;
};
/* What one kernel launched, and what became of it. */
struct family {
    pthread_mutex_t lock;
    struct task *parent;
    uint64_t id, streams;
    uint64_t count;                   /* launched and not begun, or with memory for arguments */
    struct child *open;               /* not launched yet */
    struct child *first, *last;       /* in the order of their launches */
    struct strand tails;
    bool in_order;                    /* streams wait for each other, so all go one after the other */
    struct family *hungry_next;       /* from here on under cpl_lock, once the kernel has ended */
    struct strand *ready, *ready_last;
    uint64_t unfinished;              /* strands */
    bool hungry;
};
void cpl_family_sort(struct task *task);             /* no lock; the task's kernel has ended */
/* cpl_lock held, like the next two: the task will be over when its children are. */
void cpl_family_begin(struct task *task);
void cpl_family_child_over(struct task *child);      /* the child, and all that it launched */
void cpl_family_turn(void);
void cpl_family_prepare(struct task *child);         /* on the callback thread, no lock */
void cpl_family_drop(struct family *family);
void cpl_task_end(struct task *task);                /* cpl_lock held: the task is over */

/* ---- values in memory (watch.c); cpl_lock held except for the first ------------------------------- */
int cpl_watch_start(void);                           /* before the first wait for a value */
bool cpl_watch_over(struct task *task);              /* the value is as wanted, or nobody is to wait for it */
void cpl_watch_add(struct task *task);               /* a queue's head begins to wait */
void cpl_watch_look(void);                           /* pushes the queues whose wait is over */
void cpl_value_store(struct task *task);

/* ---- graphs (graph.c); cpl_lock held ------------------------------------------------------------------- */
bool cpl_graph_begin(struct task *task, bool skip);  /* true: it is over */
bool cpl_graph_ready(void);                          /* true: a node is ready */
bool cpl_graph_step(void);                           /* starts one node that is ready; false: there is none */
void cpl_graph_done(struct task *task);              /* a node's work is done */

/* ---- workers (pool.c) and the callback thread (callback.c) -------------------------------------- */
struct block;
struct thread;
struct chunk {
    struct task *task;
    uint64_t next, end, finished;
    uint64_t begun;                   /* when, if its pace is of interest; otherwise 0 */
    bool skip;
};
struct worker {
    uint32_t index;
    void *scheduler_sp, *sanitizer;
    volatile sig_atomic_t in_kernel;
    volatile sig_atomic_t signal;     /* a fault the guard caught, 0 = none */
    int signal_code;
    uint64_t signal_address;
    uintptr_t signal_pc, signal_caller;   /* the instruction; the stack pointer, or the link register where there is one */
    struct thread *current;
    struct fiber *parked;             /* the fiber that came back because its thread has ended */
    struct block *stalled, *stalled_tail, *spare_blocks;
    struct fiber *fibers[CPL_STACK_CLASSES];
    uint32_t fibers_out, fibers_peak; /* in use now, and at most since the last trim */
    uint32_t stalled_count, spare_count;
    uint64_t resumes, admit_at;       /* turns given to waiting blocks; no new block of their launch before admit_at */
    struct chunk chunk;
    uint64_t spinning_since, relaxed_at;
    char *text;                       /* scratch of device printf */
    size_t text_bytes;
    _Atomic uint64_t deadline;        /* of the kernel that runs; 0: none */
    pthread_t pthread;
};
int cpl_pool_start(int workers);
int cpl_pool_workers(void);
struct worker *cpl_pool_worker(int index);
void cpl_pool_submit(struct task *task);             /* cpl_lock held */
bool cpl_pool_quiet(void);                           /* cpl_lock held */
int cpl_callback_start(void);
void cpl_callback_submit(struct task *task);         /* cpl_lock held */
bool cpl_callback_quiet(void);                       /* cpl_lock held */
bool cpl_callback_here(void);                        /* 1 on the callback thread */

/* ---- what others are told (ledger.c) ------------------------------------------------------------------ */
void cpl_ledger_use(int device, int64_t bytes);
uint64_t cpl_ledger_used(int device);
void cpl_ledger_contexts(int device, int change);
void cpl_ledger_begin(const struct task *task);      /* cpl_lock held, like the next two: the workers get a task */
void cpl_ledger_end(const struct task *task);        /* its last piece is done */
void cpl_ledger_rest(void);                          /* a worker finds nothing to do */

/* ---- the watchdog (watchdog.c) ------------------------------------------------------------------ */
enum { CPL_WATCHDOG_SIGNAL = SIGURG };      /* ignored where nobody handles it */
uint64_t cpl_watchdog_limit(void);          /* 0: none */
uint64_t cpl_watchdog_deadline(const struct task *task);
bool cpl_watchdog_covers(uintptr_t pc);     /* whether it is an instruction of a kernel; for the signal handler */
void cpl_guard_watchdog(void);              /* installs the handler */
bool cpl_module_is(uintptr_t base);         /* whether a library loaded there is one of kernels */

/* ---- guarded access (guard.c) -------------------------------------------------------------------- */
struct guard {
    struct worker *worker;
    jmp_buf *copying;                 /* not NULL: a guarded copy is running */
    uint64_t address;
};
struct guard *cpl_guard_self(void);
bool cpl_arena_moved(uint64_t address);              /* mapping.c: the access may be tried again; can wait */
int cpl_guard_thread(struct worker *worker);         /* gives a worker its signal stack */

/* ---- copies (copy.c): whole boxes cut into pieces -------------------------------------------------- */
uint64_t cpl_copy_pieces(const cpl_box *box);
uint64_t cpl_fill_pieces(const struct fill *fill);
void cpl_copy_run(struct task *task, uint64_t begin, uint64_t end);

/* ---- blocks (block.c, thread.c, barrier.c, warp.c, gang.c) ------------------------------------------------------------ */
enum thread_state { THREAD_FRESH, THREAD_READY, THREAD_RUNNING, THREAD_YIELDED, THREAD_AT_BARRIER, THREAD_AT_WARP,
                    THREAD_AT_ACTIVE, THREAD_GONE };
/* Whatever runs on a fiber of its own: one CUDA thread, a gang of them, or all gangs of a block in turn. */
struct thread {
    cpl_thread self;                  /* first: generated code holds a pointer to it */
    struct block *block;
    struct fiber *fiber;
    struct thread *next;
    void *resume, **save;             /* in a convoy: the next gang's stack pointer, and where this one's belongs */
    struct thread *gang;              /* itself, or the gang that this is a lane of (cpl_lane) */
    const cpl_site *site;
    uint64_t value;
    uint32_t index;
    uint32_t spins;
    uint32_t operation, mask, b, c;   /* of a warp operation; of a gang's barrier the mask of its lanes */
    uint32_t result, flag;
    uint32_t arrived;                 /* barriers it arrived at without waiting, one bit each */
    uint8_t state;
    uint8_t barrier;
};
struct list {
    struct thread *head, *tail;
};
/* What a thread or a gang brings to a barrier's reduction. */
struct arrival {
    uint32_t popc;
    bool any, all;
};
struct barrier {
    struct list waiting;
    const cpl_site *site;
    uint32_t waiters, arrived;        /* `arrived`: live threads that are here or passed by cpl_barrier_arrive */
    uint32_t counted, expected;       /* for a barrier of some warps; expected 0 = the whole block */
    uint32_t passers;
    struct arrival came;
    bool mixed;
    uint8_t of_warp[CPL_MAX_WARPS];
};
struct warp {
    uint32_t waiting, active, gone;   /* lanes at warp operations, at cpl_active_mask, exited or absent */
};
/* All gangs of a block that are not gone go round in one order from barrier to barrier (gang.c). Those before the one
 * that runs have reached `where`, or have left; those behind it stand where they did a round ago. */
struct convoy {
    struct thread *head;              /* linked by `next`; NULL: the block's gangs are in the lists below */
    const cpl_site *site;             /* `where` while a gang that comes there may go the short way, else cpl_nowhere */
    const cpl_site *where;
    uint64_t control;                 /* floating-point control word of all gangs at barriers */
    bool fresh;                       /* the gangs behind the one that runs have not begun */
    bool leaving;                     /* this round they return */
    struct arrival round;
};
extern const cpl_site cpl_nowhere;
struct block {
    struct block *next;
    struct worker *worker;
    struct task *task;
    cpl_domain *domain;
    cpl_entry entry;
    const void *args;
    cpl_thread pattern;               /* what all threads of the block share */
    uint32_t threads, width;          /* CUDA threads; of one gang */
    uint32_t gangs, live, fresh;      /* struct threads: in all, not gone, begun */
    uint32_t made;                    /* struct threads that hold what no further block of the launch changes */
    bool solo;                        /* one call of the entry runs the block */
    bool of_chunk;                    /* goes on with the next block of the worker's chunk */
    struct convoy convoy;
    struct arrival passed;            /* what the last barrier 0 of the whole block came to */
    struct list ready, yielded;
    uint32_t yielded_count, pass_left, passes, streak;
    bool progress;
    uint32_t active_waiters, barriers_used;
    struct fiber *spare;              /* idle fibers, for fresh threads */
    uint32_t capacity;                /* slots in `thread`; from here on kept when the block is used again */
    uint8_t *shared_map;              /* guard page, memory, guard page */
    uint64_t shared_map_bytes;
    bool shared_guarded;
    struct trouble *troubles;         /* the last error of each thread, once one had any */
    struct barrier barriers[2 * CPL_BARRIERS];
    struct warp warps[CPL_MAX_WARPS];
    struct thread thread[];
};
struct block *cpl_block_open(struct worker *worker, struct task *task, uint64_t linear);   /* NULL: out of memory */
bool cpl_block_advance(struct block *block);         /* a block that is over becomes the next one of its chunk, or not */
void cpl_block_close(struct block *block);           /* back into the worker's cache */
void cpl_blocks_trim(struct worker *worker);         /* drops cached blocks beyond CPL_BLOCKS_KEPT */
bool cpl_block_run(struct block *block);             /* true: over; false: only spinning threads are left for now */
void cpl_thread_out(struct thread *thread);          /* switches to the block's scheduler */
void cpl_thread_ready(struct thread *thread);
static inline bool cpl_block_given_up(const struct block *block)
{
    return atomic_load_explicit(&block->domain->faulted, memory_order_relaxed) != CPL_FAULT_NONE
           || atomic_load_explicit(&cpl_stopping, memory_order_relaxed) == 2;
}
static inline void cpl_list_append(struct list *list, struct thread *thread)
{
    thread->next = NULL;
    if (list->head)
        list->tail->next = thread;
    else
        list->head = thread;
    list->tail = thread;
}
_Noreturn void cpl_thread_fault(struct thread *thread, int code, const cpl_site *site, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
bool cpl_same_site(const cpl_site *a, const cpl_site *b);
const char *cpl_site_text(const cpl_site *site, char *text, size_t bytes);
void cpl_barriers_leave(struct thread *thread);      /* the thread is gone */
/* The thread stands at the barrier, or has been released already: it must give way then too. */
void cpl_barrier_reach(struct thread *thread, uint32_t id, uint32_t wanted, uint32_t operation, struct arrival arrival,
                       const cpl_site *site);
void cpl_barrier_pass(struct thread *thread, uint32_t id, uint32_t wanted, const cpl_site *site);
void cpl_warp_leave(struct thread *thread);
const char *cpl_warp_operation(const struct thread *thread);
bool cpl_active_resolve(struct block *block, bool force);
void cpl_block_deadlock(struct block *block);
void cpl_thread_place(struct thread *thread, uint32_t index);    /* sets its coordinates by linear number */
void cpl_thread_move(struct thread *thread);        /* to the block that its slot stands for now */
/* Refuses operations of one thread where a gang or one of its lanes runs: they cannot wait on their own. */
void cpl_thread_alone(struct thread *thread, const cpl_site *site, const char *operation);
void cpl_convoy_begin(struct block *block);          /* for the block's gangs, all fresh; nothing without their fibers */
bool cpl_convoy_form(struct block *block, struct barrier *barrier);      /* of all gangs, which the barrier lets go */
void cpl_convoy_break(struct thread *gang);          /* the one that runs: puts all others into the block's lists */
/* A gang has returned: *next is the one to go on with, NULL after the last. False: the convoy is no more. */
bool cpl_convoy_leave(struct thread *gang, struct thread **next);
struct thread *cpl_gang_first(struct thread *thread);  /* of a gang the first lane that waits, otherwise the thread */
const char *cpl_thread_text(const struct thread *thread, char *text, size_t bytes);
void cpl_fault_at(cpl_fault *fault, const struct thread *thread, int code, const cpl_site *site);
void cpl_report_overrun(struct thread *thread, uint64_t address, uintptr_t pc);    /* pc 0: nobody knows where */
void cpl_report_timeout(struct thread *thread, uintptr_t pc);
/* Fills offset and library with where `address` lies, if a module has it. */
bool cpl_module_locate(uintptr_t address, cpl_fault *fault);
void cpl_report_signal(struct worker *worker, struct thread *thread);    /* what the guard caught: its stack is left */

/* ---- device printf and heap -------------------------------------------------------------------------- */
void cpl_print_flush(struct task *task);
void cpl_heap_close(struct heap *heap);

static inline struct thread *cpl_thread_of(cpl_thread *self) { return (struct thread *)self; }

#pragma GCC visibility pop
#endif
