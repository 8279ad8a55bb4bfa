/* Single values in memory: queues whose head waits for one, and writes of them. A waiting queue occupies no worker: its
 * value is looked at whenever work is done, and by a thread that exists from the first such wait on. Everything here runs
 * under cpl_lock unless it says otherwise. */
#include "native.h"
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/prctl.h>

/* How the thread looks: without a pause at first, then after an eighth of the time that the youngest wait has lasted, at
 * most EAGER_NS while no worker is busy and for the first EAGER_FOR_NS, at most LAZY_NS otherwise. */
static const uint64_t SPIN_NS = 20000, EAGER_NS = 30000, EAGER_FOR_NS = 200000000, LAZY_NS = 1000000;
static const uint64_t LIVES_NS = 100000000;    /* how often the process that will write a value is looked after */

static struct task *watching;         /* heads of their queues, linked by `link` */
static uint64_t youngest;             /* when the last of them began to wait */
static atomic_uint bell;              /* futex word, bumped when one begins */
static pthread_mutex_t start_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool started;

static bool compare(uint32_t condition, uint32_t bytes, uint64_t found, uint64_t wanted)
{
    uint64_t mask = bytes == 4 ? UINT32_MAX : UINT64_MAX;
    switch (condition) {
    case CPL_WATCH_GEQ:
        return bytes == 4 ? (int32_t)(uint32_t)(found - wanted) >= 0 : (int64_t)(found - wanted) >= 0;
    case CPL_WATCH_EQ: return ((found ^ wanted) & mask) == 0;
    case CPL_WATCH_AND: return (found & wanted & mask) != 0;
    default: return (~(found | wanted) & mask) != 0;
    }
}

static void report(struct task *task, uint64_t address)
{
    cpl_fault fault;
    memset(&fault, 0, sizeof fault);
    fault.code = CPL_FAULT_COPY;
    fault.address = address;
    snprintf(fault.message, sizeof fault.message,
             "%s of %u bytes at 0x%" PRIx64 " in a stream: the address is not accessible memory",
             task->kind == TASK_WATCH ? "wait for a value" : "write", task->value.bytes, task->value.address);
    cpl_domain_record(task->queue->domain, &fault);
}

static void store(const struct value *value)
{
    if (value->bytes == 4) {
        uint32_t *at = (uint32_t *)(uintptr_t)value->address, operand = (uint32_t)value->operand;
        switch (value->operation) {
        case CPL_STORE_ADD: __atomic_fetch_add(at, operand, __ATOMIC_SEQ_CST); break;
        case CPL_STORE_AND: __atomic_fetch_and(at, operand, __ATOMIC_SEQ_CST); break;
        case CPL_STORE_OR: __atomic_fetch_or(at, operand, __ATOMIC_SEQ_CST); break;
        default: __atomic_store_n(at, operand, __ATOMIC_SEQ_CST);
        }
        return;
    }
    uint64_t *at = (uint64_t *)(uintptr_t)value->address, operand = value->operand;
    switch (value->operation) {
    case CPL_STORE_ADD: __atomic_fetch_add(at, operand, __ATOMIC_SEQ_CST); break;
    case CPL_STORE_AND: __atomic_fetch_and(at, operand, __ATOMIC_SEQ_CST); break;
    case CPL_STORE_OR: __atomic_fetch_or(at, operand, __ATOMIC_SEQ_CST); break;
    default: __atomic_store_n(at, operand, __ATOMIC_SEQ_CST);
    }
}

/* Reads or writes the task's value; the memory may be gone by now, which is the domain's fault. */
static bool touch(struct task *task)
{
    struct guard *guard = cpl_guard_self();
    volatile bool result = false;
    jmp_buf back;
    if (setjmp(back)) {
        report(task, guard->address);
        return true;
    }
    guard->copying = &back;
    atomic_signal_fence(memory_order_seq_cst);
    if (task->value.writer)
        task->value.process = __atomic_load_n((uint64_t *)(uintptr_t)task->value.writer, __ATOMIC_ACQUIRE);
    if (task->kind == TASK_STORE)
        store(&task->value);
    else if (task->value.bytes == 4)
        result = compare(task->value.operation, 4,
                         __atomic_load_n((uint32_t *)(uintptr_t)task->value.address, __ATOMIC_ACQUIRE),
                         task->value.operand);
    else
        result = compare(task->value.operation, 8,
                         __atomic_load_n((uint64_t *)(uintptr_t)task->value.address, __ATOMIC_ACQUIRE),
                         task->value.operand);
    atomic_signal_fence(memory_order_seq_cst);
    guard->copying = NULL;
    return result;
}

void cpl_value_store(struct task *task) { touch(task); }

/* Twice gone, and the value still not written: nobody will. Once could be a process that is just about to name itself. */
static void look_after_writer(struct task *task)
{
    struct value *value = &task->value;
    uint64_t now = cpl_now();
    if (now < value->look_ns)
        return;
    bool first = value->look_ns == 0, lives = first || value->process == 0 || cpl_process_lives(value->process);
    value->look_ns = now + LIVES_NS;
    if (lives) {
        value->dead = 0;
    } else if (value->dead != value->process) {
        value->dead = value->process;
    } else if (!touch(task)) {
        cpl_fault fault;
        memset(&fault, 0, sizeof fault);
        fault.code = CPL_FAULT_WRITER;
        snprintf(fault.message, sizeof fault.message, "process %" PRIu64 " recorded an event and ended before its work "
                 "came to it; a stream of this context waits for that", value->process);
        cpl_domain_record(task->queue->domain, &fault);
    }
}

bool cpl_watch_over(struct task *task)
{
    cpl_queue *queue = task->queue;
    if (task->value.passed || queue->given_up || atomic_load(&queue->domain->faulted) != CPL_FAULT_NONE || touch(task)) {
        task->value.passed = true;
    } else if (queue->domain->ending && !queue->domain->running) {
        /* Nobody in there can write the value any more, and what comes after it must not run without. */
        queue->given_up = task->value.passed = true;
    } else if (task->value.writer) {
        look_after_writer(task);
    }
    return task->value.passed;
}

void cpl_watch_add(struct task *task)
{
    task->link = watching;
    watching = task;
    youngest = cpl_now();
    atomic_fetch_add(&bell, 1);
    cpl_futex_wake(&bell, 1);
}

void cpl_watch_look(void)
{
    for (struct task **at = &watching; *at;) {
        struct task *task = *at;
        if (!cpl_watch_over(task)) {
            at = &task->link;
            continue;
        }
        *at = task->link;
        if (task->node)
            cpl_graph_done(task);
        else
            cpl_queue_push(task->queue);
    }
}

static uint64_t pause_ns(void)
{
    uint64_t waited = cpl_now() - youngest;
    if (waited < SPIN_NS)
        return 0;
    uint64_t most = waited < EAGER_FOR_NS && cpl_pool_quiet() ? EAGER_NS : LAZY_NS;
    return waited / 8 < most ? waited / 8 : most;
}

static void *run(void *data)
{
    (void)data;
    prctl(PR_SET_TIMERSLACK, 1000UL);
    for (;;) {
        pthread_mutex_lock(&cpl_lock);
        bool asleep = !watching || atomic_load(&cpl_stopping) == 2;
        uint64_t pause = asleep ? 0 : pause_ns();
        uint32_t heard = atomic_load(&bell);
        pthread_mutex_unlock(&cpl_lock);
        if (asleep)
            cpl_futex_wait(&bell, heard, UINT64_MAX);
        else if (pause)
            cpl_futex_wait(&bell, heard, cpl_now() + pause);
        else
            for (int i = 0; i < 32; i++)
#if defined(__x86_64__)
                __builtin_ia32_pause();
#else
                atomic_signal_fence(memory_order_seq_cst);
#endif
        pthread_mutex_lock(&cpl_lock);
        if (watching && atomic_load(&cpl_stopping) != 2) {
            cpl_watch_look();
            cpl_queue_run();
        }
        pthread_mutex_unlock(&cpl_lock);
    }
    return NULL;
}

/* Without cpl_lock. */
int cpl_watch_start(void)
{
    if (atomic_load(&started))
        return CPL_OK;
    pthread_mutex_lock(&start_lock);
    int status = CPL_OK;
    pthread_t thread;
    if (!atomic_load(&started)) {
        status = cpl_thread_start(&thread, run, NULL, "cpl-watch");
        atomic_store(&started, status == CPL_OK);
    }
    pthread_mutex_unlock(&start_lock);
    return status;
}

/* Without cpl_lock. */
void cpl_domain_end_waits(cpl_domain *domain)
{
    if (!domain || atomic_load(&cpl_child))
        return;
    pthread_mutex_lock(&cpl_lock);
    domain->ending = true;
    cpl_watch_look();
    cpl_queue_run();
    pthread_mutex_unlock(&cpl_lock);
}
