/* Runs what kernels launched. The children of a kernel are sorted into strands, one for each stream; those of a strand run
 * one after the other, strands beside each other, the tail after all. A kernel is over when its children are. Only so many
 * children are given to the workers at once, those of the family that came last first: whole trees never wait in memory.
 * Everything here runs under cpl_lock unless it says otherwise. */
#include "native.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STREAM_TAIL = 3, STREAM_FREE = 4, FEW = 16, FOR_EACH_WORKER = 4 };

static struct family *hungry;         /* with strands that are ready; the last that came first */
static struct task *over, *over_last; /* their families are done */
static uint64_t in_flight;            /* children given to the workers or to the callback thread */
static bool turning;
static _Atomic(cpl_preparer *) preparer;

void cpl_set_preparer(cpl_preparer *function) { atomic_store(&preparer, function); }

static void drop_children(struct child *child)
{
    while (child) {
        struct child *next = child->next;
        free(child);
        child = next;
    }
}

void cpl_family_drop(struct family *family)
{
    drop_children(family->open);
    drop_children(family->first);
    drop_children(family->tails.first);
    pthread_mutex_destroy(&family->lock);
    free(family);
}

/* ---- strands ------------------------------------------------------------------------------------------- */
static void append(struct strand *strand, struct child *child)
{
    child->next = NULL;
    if (strand->first)
        strand->last->next = child;
    else
        strand->first = child;
    strand->last = child;
}

static void make_ready(struct family *family, struct strand *strand)
{
    strand->next = NULL;
    if (family->ready)
        family->ready_last->next = strand;
    else
        family->ready = strand;
    family->ready_last = strand;
    if (family->hungry)
        return;
    family->hungry = true;
    family->hungry_next = hungry;
    hungry = family;
}

static struct strand *strand_for(struct strand **table, uint64_t mask, const struct child *child, struct strand **all)
{
    uint64_t hash = ((child->stream << 40 | child->stream >> 24) ^ child->owner) * UINT64_C(0x9e3779b97f4a7c15) >> 32;
    for (struct strand *each = table[hash & mask]; each && child->stream != STREAM_FREE; each = each->next)
        if (each->stream == child->stream && each->owner == child->owner)
            return each;
    struct strand *made = calloc(1, sizeof *made + sizeof(struct strand *));
    if (!made)
        return NULL;
    made->stream = child->stream;
    made->owner = child->owner;
    if (child->stream != STREAM_FREE) {
        made->next = table[hash & mask];
        table[hash & mask] = made;
    }
    /* Behind the strand lies the next of all, in the order of their first launches. */
    *(struct strand **)(made + 1) = NULL;
    *(struct strand **)((*all) + 1) = made;
    *all = made;
    return made;
}

/* No lock. One strand in the order of launches is right too, and what is left to do without memory. */
void cpl_family_sort(struct task *task)
{
    struct family *family = atomic_load(&task->family);
    drop_children(family->open);
    family->open = NULL;
    uint64_t buckets = 16;
    while (buckets < family->count)
        buckets *= 2;
    struct strand **table = family->first ? calloc(buckets, sizeof *table) : NULL;
    struct {
        struct strand strand;
        struct strand *next;
    } head = {0};
    struct strand *all = &head.strand, *one = NULL;
    struct child *child = family->first;
    family->first = family->last = NULL;
    while (child) {
        struct child *next = child->next;
        struct strand *strand = one;
        if (!strand && (!table || family->in_order)) {
            struct strand *only[1] = {NULL};
            strand = one = strand_for(only, 0, child, &all);
        } else if (!strand) {
            strand = strand_for(table, buckets - 1, child, &all);
        }
        if (!strand)
            strand = &family->tails;  /* they come first there: tails are put behind */
        append(strand, child);
        child = next;
    }
    free(table);
    for (struct strand *each = head.next; each; each = *(struct strand **)(each + 1)) {
        each->next = NULL;
        if (family->ready)
            family->ready_last->next = each;
        else
            family->ready = each;
        family->ready_last = each;
        family->unfinished++;
    }
}

/* ---- the life of a family --------------------------------------------------------------------------------- */
static bool skips(const struct task *task)
{
    return task->queue->given_up || atomic_load(&task->queue->domain->faulted) != CPL_FAULT_NONE
           || atomic_load(&cpl_stopping) == 2;
}

/* The kernel of `task` was launched into a tail, and what it put into its own comes before the rest of that one. */
static void hand_tail_up(struct task *task, struct family *family)
{
    struct strand *tails = &family->tails, *outer = task->strand;
    tails->last->next = outer->first;
    if (!outer->first)
        outer->last = tails->last;
    outer->first = tails->first;
    tails->first = tails->last = NULL;
}

/* Nothing but the tail is left, or nothing. */
static void go_on(struct family *family)
{
    struct task *task = family->parent;
    if (family->tails.first && task->parent && task->strand->stream == STREAM_TAIL)
        hand_tail_up(task, family);
    if (family->tails.first) {
        family->tails.stream = STREAM_TAIL;
        family->unfinished = 1;
        make_ready(family, &family->tails);
        return;
    }
    task->link = NULL;
    if (over)
        over_last->link = task;
    else
        over = task;
    over_last = task;
}

void cpl_family_begin(struct task *task)
{
    struct family *family = atomic_load(&task->family);
    if (task->parent)
        in_flight--;
    if (!family->unfinished) {
        go_on(family);
        return;
    }
    family->hungry = true;
    family->hungry_next = hungry;
    hungry = family;
}

static void finish_strand(struct family *family, struct strand *strand)
{
    if (strand->first) {
        make_ready(family, strand);
        return;
    }
    if (strand != &family->tails)
        free(strand);
    if (--family->unfinished == 0)
        go_on(family);
}

/* The child and all below it are done. */
void cpl_family_child_over(struct task *task)
{
    struct family *family = atomic_load(&task->parent->family);
    struct strand *strand = task->strand;
    if (!atomic_load(&task->family))
        in_flight--;                  /* others were taken off when their kernels ended */
    else
        cpl_family_drop(atomic_load(&task->family));
    cpl_task_give(task);
    finish_strand(family, strand);
}

/* ---- starting a child ------------------------------------------------------------------------------------- */
static void fault(struct task *task, const char *format, const char *reason)
{
    cpl_fault fault = {.code = CPL_FAULT_MEMORY};
    const char *name = task->launch.kernel.name;
    snprintf(fault.kernel, sizeof fault.kernel, "%s", name);
    int used = snprintf(fault.message, sizeof fault.message, "kernel \"%s\", launched by a kernel: ", fault.kernel);
    snprintf(fault.message + used, sizeof fault.message - (size_t)used, format, reason);
    cpl_domain_record(task->queue->domain, &fault);
}

/* A launch whose code is there goes to the workers, another to whoever compiles it. */
static void launch(struct task *task, const char *reason)
{
    cpl_shape shape = task->launch.shape;
    int status = cpl_launch_prepare(task->queue, task->origin, &shape, task->origin->args_bytes, &task->launch);
    if (status == CPL_OK) {
        task->units = (uint64_t)shape.grid[0] * shape.grid[1] * shape.grid[2];
        task->unfinished = task->units;
        cpl_launch_submit(task);
    } else if (status == CPL_NOT_COMPILED && !reason && atomic_load(&preparer)) {
        cpl_callback_submit(task);
    } else {
        fault(task, status == CPL_NOT_COMPILED ? "%s" : "its stack does not fit%s", reason && *reason ? reason : "");
        task->queue->domain->running++;
        cpl_task_end(task);
    }
}

void cpl_family_prepare(struct task *task)
{
    char error[768] = "";
    const uint32_t *block = task->launch.shape.block;
    atomic_load(&preparer)(task->origin, block[0], block[1], block[2], error, sizeof error);
    pthread_mutex_lock(&cpl_lock);
    if (skips(task)) {
        task->queue->domain->running++;
        cpl_task_end(task);
    } else {
        launch(task, error);
    }
    cpl_family_turn();
    cpl_queue_run();
    pthread_mutex_unlock(&cpl_lock);
}

static struct task *task_for(const struct family *family, struct strand *strand, struct child *child)
{
    struct task *task = cpl_task_take(), *parent = family->parent;
    if (!task)
        return NULL;
    task->args = task->inline_args;
    if (child->args_bytes > sizeof task->inline_args) {
        void *large = aligned_alloc(64, cpl_round_up(child->args_bytes, 64));
        if (!large) {
            cpl_task_give(task);
            return NULL;
        }
        task->args = large;
        task->owns_args = true;
    }
    memcpy((void *)(uintptr_t)task->args, child->args, child->args_bytes);
    task->queue = parent->queue;
    task->priority = parent->priority;
    task->only = parent->only;
    task->parent = family->parent;
    task->strand = strand;
    task->depth = parent->depth + (strand != &family->tails);
    return task;
}

/* Gives the strand's first child to the workers; false when it is not to run. */
static bool start(struct family *family, struct strand *strand, struct child *child)
{
    if (skips(family->parent))
        return false;
    struct task *task = task_for(family, strand, child);
    if (!task) {
        cpl_fault fault = {.code = CPL_FAULT_MEMORY, .message = "no memory for a launch by a kernel"};
        cpl_domain_record(family->parent->queue->domain, &fault);
        return false;
    }
    in_flight++;
    if (child->kind == CHILD_LAUNCH) {
        task->kind = TASK_LAUNCH;
        task->origin = child->kernel;
        task->launch.kernel = *child->kernel;
        task->launch.shape = child->shape;
        launch(task, NULL);
        return true;
    }
    if (child->kind == CHILD_COPY) {
        task->kind = TASK_COPY;
        task->box = child->box;
        task->units = child->box.width_bytes ? cpl_copy_pieces(&child->box) : 0;
    } else {
        task->kind = TASK_FILL;
        task->fill = child->fill;
        task->units = child->fill.width ? cpl_fill_pieces(&child->fill) : 0;
    }
    task->unfinished = task->units;
    if (task->units) {
        cpl_launch_submit(task);
    } else {
        task->queue->domain->running++;
        cpl_task_end(task);
    }
    return true;
}

static void feed(struct family *family)
{
    struct strand *strand = family->ready;
    family->ready = strand->next;
    if (!family->ready) {
        hungry = family->hungry_next;
        family->hungry = false;
    }
    struct child *child = strand->first;
    strand->first = child->next;
    bool started = start(family, strand, child);
    free(child);
    if (!started)
        finish_strand(family, strand);
}

void cpl_family_turn(void)
{
    if (turning)
        return;
    turning = true;
    uint64_t most = FEW + FOR_EACH_WORKER * (uint64_t)cpl_pool_workers();
    for (;;) {
        struct task *task = over;
        if (task) {
            over = task->link;
            struct family *family = task->parent ? NULL : atomic_load(&task->family);
            if (family) {
                atomic_store(&task->family, NULL);       /* a graph's node runs again */
                cpl_family_drop(family);
            }
            cpl_task_end(task);
        } else if (hungry && (in_flight < most || skips(hungry->parent))) {
            feed(hungry);
        } else {
            break;
        }
    }
    turning = false;
}
