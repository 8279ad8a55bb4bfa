/* Graphs: prepared work with dependencies. A start of one is one task of a queue; its nodes run as soon as those before
 * them are done, and starts of one graph run one after the other. Everything here runs under cpl_lock unless it says
 * otherwise; nothing is allocated while a graph runs. */
#include "native.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { NOBODY = UINT32_MAX };

struct scope {                        /* nodes that run together: the whole graph, or one body of a choice */
    uint32_t first, end, owner;       /* NOBODY: the whole graph */
    uint32_t unfinished;
};
struct node {
    struct task task;                 /* first: what runs it knows only the task */
    struct cpl_graph *graph;
    struct node *next_ready;
    uint32_t before, remaining;       /* nodes that it comes after */
    uint32_t scope, after, after_end; /* its own scope; its part of `successors` */
    uint32_t slot;                    /* of a fence */
    uint32_t condition, bodies, body_count;
    int32_t choice;
    bool paused;                      /* a loop that goes round again */
};
struct condition {
    uint64_t handle;
    uint32_t initial;
    bool assign;
    _Atomic uint32_t now;
};
/* The order of starts, which all versions of a graph share. */
struct line {
    uint32_t references;
    uint64_t tickets, turn;
    struct task *waiting;
};
struct cpl_graph {
    uint32_t references, pending;     /* starts that are not over */
    struct line *line;
    struct task *run;
    bool skip;
    uint32_t node_count, scope_count, value_count, fence_count;
    struct node *nodes;
    struct scope *scopes;
    struct condition *values;
    uint32_t *successors;
};

static struct node *ready, *ready_tail;

static void discard(cpl_graph *graph)
{
    if (--graph->references)
        return;
    if (--graph->line->references == 0)
        free(graph->line);
    for (uint32_t i = 0; i < graph->node_count; i++)
        if (graph->nodes[i].task.owns_args)
            free((void *)(uintptr_t)graph->nodes[i].task.args);
    free(graph->nodes);
    free(graph->scopes);
    free(graph->values);
    free(graph->successors);
    free(graph);
}

static bool fill_in(cpl_graph *graph, const cpl_graph_plan *plan)
{
    for (uint32_t i = 0; i < plan->nodes; i++) {
        struct node *node = &graph->nodes[i];
        node->graph = graph;
        node->task.node = node;
        node->task.kind = TASK_EMPTY;
        node->after = plan->after[i];
        node->after_end = plan->after[i + 1];
        if (node->after > node->after_end)
            return false;
        for (uint32_t k = node->after; k < node->after_end; k++) {
            if (plan->successors[k] >= plan->nodes)
                return false;
            graph->nodes[plan->successors[k]].before++;
        }
    }
    for (uint32_t i = 0; i < plan->scopes; i++) {
        const uint32_t *scope = &plan->bounds[3 * i];
        if (scope[0] > scope[1] || scope[1] > plan->nodes || (i && scope[2] >= plan->nodes))
            return false;
        graph->scopes[i] = (struct scope){scope[0], scope[1], i ? scope[2] : NOBODY, 0};
        for (uint32_t k = scope[0]; k < scope[1]; k++)
            graph->nodes[k].scope = i;
    }
    memcpy(graph->successors, plan->successors, plan->after[plan->nodes] * sizeof *plan->successors);
    return true;
}

cpl_graph *cpl_graph_open(const cpl_graph_plan *plan, cpl_graph *before)
{
    if (atomic_load(&cpl_child) || !plan->scopes || !plan->after)
        return NULL;
    cpl_graph *graph = calloc(1, sizeof *graph);
    if (!graph)
        return NULL;
    size_t nodes_bytes = cpl_round_up((plan->nodes + 1) * sizeof *graph->nodes, 64);
    graph->references = 1;
    graph->node_count = plan->nodes;
    graph->scope_count = plan->scopes;
    graph->value_count = plan->values;
    graph->nodes = aligned_alloc(64, nodes_bytes);
    graph->scopes = calloc(plan->scopes, sizeof *graph->scopes);
    graph->values = calloc(plan->values + 1, sizeof *graph->values);
    graph->successors = calloc(plan->after[plan->nodes] + 1, sizeof *graph->successors);
    struct line *line = before ? before->line : calloc(1, sizeof *line);
    if (graph->nodes)
        memset(graph->nodes, 0, nodes_bytes);
    bool made = graph->nodes && graph->scopes && graph->values && graph->successors && line && fill_in(graph, plan);
    pthread_mutex_lock(&cpl_lock);
    if (line)
        line->references++;
    graph->line = line;
    if (!made) {
        if (line)
            discard(graph);
        graph = NULL;
    }
    pthread_mutex_unlock(&cpl_lock);
    return graph;
}

void cpl_graph_close(cpl_graph *graph)
{
    if (!graph || atomic_load(&cpl_child))
        return;
    pthread_mutex_lock(&cpl_lock);
    discard(graph);
    pthread_mutex_unlock(&cpl_lock);
}

int cpl_graph_pending(cpl_graph *graph)
{
    if (atomic_load(&cpl_child))
        return 0;
    pthread_mutex_lock(&cpl_lock);
    int pending = graph->pending != 0;
    pthread_mutex_unlock(&cpl_lock);
    return pending;
}

/* ---- nodes: what each does. The lock is taken here and given back by `settle`. */

/* NULL with *status set: the graph has starts that are not over, or there is no such node. */
static struct task *begin(cpl_graph *graph, uint32_t index, cpl_queue *home, int *status)
{
    *status = CPL_FORKED;
    if (atomic_load(&cpl_child))
        return NULL;
    *status = CPL_INVALID;
    if (index >= graph->node_count || !home)
        return NULL;
    pthread_mutex_lock(&cpl_lock);
    if (graph->pending) {
        pthread_mutex_unlock(&cpl_lock);
        *status = CPL_TIMEOUT;
        return NULL;
    }
    struct task *task = &graph->nodes[index].task;
    if (task->owns_args)
        free((void *)(uintptr_t)task->args);
    task->owns_args = false;
    task->args = NULL;
    task->queue = home;
    task->units = 0;
    task->pace_ns = 0;
    *status = CPL_OK;
    return task;
}

static int settle(struct task *task, enum task_kind kind)
{
    task->kind = kind;
    pthread_mutex_unlock(&cpl_lock);
    return CPL_OK;
}

int cpl_graph_launch(cpl_graph *graph, uint32_t index, cpl_queue *home, const cpl_kernel *kernel,
                     const cpl_shape *shape, const void *args, size_t args_bytes, int priority)
{
    struct launch launch;
    int status = home ? cpl_launch_prepare(home, kernel, shape, args_bytes, &launch) : CPL_INVALID;
    if (status != CPL_OK)
        return status;
    void *large = NULL;
    if (args_bytes > sizeof ((struct task *)0)->inline_args
        && !(large = aligned_alloc(64, cpl_round_up(args_bytes, 64))))
        return CPL_OUT_OF_MEMORY;
    cpl_guard_install();
    struct task *task = begin(graph, index, home, &status);
    if (!task) {
        free(large);
        return status;
    }
    task->owns_args = large != NULL;
    task->args = large ? large : task->inline_args;
    if (args_bytes)
        memcpy(large ? large : task->inline_args, args, args_bytes);
    task->launch = launch;
    task->priority = priority;
    task->units = (uint64_t)shape->grid[0] * shape->grid[1] * shape->grid[2];
    return settle(task, TASK_LAUNCH);
}

int cpl_graph_copy(cpl_graph *graph, uint32_t index, cpl_queue *home, const cpl_box *box)
{
    int status;
    struct task *task = begin(graph, index, home, &status);
    if (!task)
        return status;
    task->box = *box;
    task->kind = TASK_COPY;
    task->units = box->width_bytes && box->height && box->depth ? cpl_copy_pieces(box) : 0;
    return settle(task, TASK_COPY);
}

int cpl_graph_fill(cpl_graph *graph, uint32_t index, cpl_queue *home, uint64_t destination, uint64_t pitch_bytes,
                   uint32_t pattern, uint32_t element_bytes, uint64_t width, uint64_t height)
{
    if ((element_bytes != 1 && element_bytes != 2 && element_bytes != 4) || destination % element_bytes
        || (height > 1 && pitch_bytes % element_bytes))
        return CPL_INVALID;
    int status;
    struct task *task = begin(graph, index, home, &status);
    if (!task)
        return status;
    task->fill = (struct fill){destination, pitch_bytes, width, height, pattern, element_bytes};
    task->units = width && height ? cpl_fill_pieces(&task->fill) : 0;
    return settle(task, TASK_FILL);
}

int cpl_graph_call(cpl_graph *graph, uint32_t index, cpl_queue *home, void (*function)(void *), void *data)
{
    int status;
    struct task *task = begin(graph, index, home, &status);
    if (!task)
        return status;
    task->call.function = function;
    task->call.data = data;
    return settle(task, TASK_CALL);
}

static int value(cpl_graph *graph, uint32_t index, cpl_queue *home, const struct value *what, enum task_kind kind)
{
    if ((what->bytes != 4 && what->bytes != 8) || !what->address || what->address % what->bytes)
        return CPL_INVALID;
    int status;
    struct task *task = begin(graph, index, home, &status);
    if (!task)
        return status;
    task->value = *what;
    return settle(task, kind);
}

int cpl_graph_watch(cpl_graph *graph, uint32_t index, cpl_queue *home, uint64_t address, uint32_t bytes, int condition,
                    uint64_t wanted)
{
    if (condition < CPL_WATCH_GEQ || condition > CPL_WATCH_NOR)
        return CPL_INVALID;
    int status = cpl_watch_start();
    struct value what = {address, wanted, bytes, (uint32_t)condition, false};
    return status == CPL_OK ? value(graph, index, home, &what, TASK_WATCH) : status;
}

int cpl_graph_store(cpl_graph *graph, uint32_t index, cpl_queue *home, uint64_t address, uint32_t bytes, int operation,
                    uint64_t operand)
{
    if (operation < CPL_STORE_SET || operation > CPL_STORE_OR)
        return CPL_INVALID;
    struct value what = {address, operand, bytes, (uint32_t)operation, false};
    return value(graph, index, home, &what, TASK_STORE);
}

int cpl_graph_empty(cpl_graph *graph, uint32_t index, cpl_queue *home)
{
    int status;
    struct task *task = begin(graph, index, home, &status);
    return task ? settle(task, TASK_EMPTY) : status;
}

static int fence(cpl_graph *graph, uint32_t index, cpl_queue *home, uint32_t slot, enum task_kind kind)
{
    int status;
    struct task *task = begin(graph, index, home, &status);
    if (!task)
        return status;
    task->node->slot = slot;
    if (slot >= graph->fence_count)
        graph->fence_count = slot + 1;
    return settle(task, kind);
}

int cpl_graph_signal(cpl_graph *graph, uint32_t index, cpl_queue *home, uint32_t slot)
{
    return fence(graph, index, home, slot, TASK_SIGNAL);
}

int cpl_graph_wait(cpl_graph *graph, uint32_t index, cpl_queue *home, uint32_t slot)
{
    return fence(graph, index, home, slot, TASK_WAIT);
}

int cpl_graph_choose(cpl_graph *graph, uint32_t index, cpl_queue *home, int choice, uint32_t value,
                     uint32_t first_scope, uint32_t scopes)
{
    if (choice < CPL_CHOICE_IF || choice > CPL_CHOICE_SWITCH || value >= graph->value_count || !first_scope
        || first_scope > graph->scope_count || scopes > graph->scope_count - first_scope)
        return CPL_INVALID;
    int status;
    struct task *task = begin(graph, index, home, &status);
    if (!task)
        return status;
    struct node *node = task->node;
    node->choice = choice;
    node->condition = value;
    node->bodies = first_scope;
    node->body_count = scopes;
    task->units = 1;                  /* between two rounds of a loop it passes through a worker */
    return settle(task, TASK_CHOICE);
}

int cpl_graph_value(cpl_graph *graph, uint32_t index, uint64_t handle, uint32_t initial, int assign)
{
    if (index >= graph->value_count || atomic_load(&cpl_child))
        return CPL_INVALID;
    graph->values[index].handle = handle;
    graph->values[index].initial = initial;
    graph->values[index].assign = assign != 0;
    return CPL_OK;
}

/* ---- running ---- */

static void make_ready(struct node *node)
{
    node->next_ready = NULL;
    if (ready)
        ready_tail->next_ready = node;
    else
        ready = node;
    ready_tail = node;
}

/* False: it has no nodes, so it is over. */
static bool begin_scope(cpl_graph *graph, uint32_t index)
{
    struct scope *scope = &graph->scopes[index];
    scope->unfinished = scope->end - scope->first;
    for (uint32_t i = scope->first; i < scope->end; i++)
        graph->nodes[i].remaining = graph->nodes[i].before;
    for (uint32_t i = scope->first; i < scope->end; i++)
        if (!graph->nodes[i].before)
            make_ready(&graph->nodes[i]);
    return scope->unfinished != 0;
}

/* The next start may begin. */
static void end_run(cpl_graph *graph)
{
    struct task *task = graph->run;
    graph->run = NULL;
    graph->line->turn++;
    cpl_fence **fences = (cpl_fence **)(uintptr_t)task->args;
    for (uint32_t i = 0; i < graph->fence_count; i++)
        if (fences[i])
            cpl_fence_drop(fences[i]);
    for (struct task **at = &graph->line->waiting; *at; at = &(*at)->link) {
        struct task *waiter = *at;
        if (waiter->graph.ticket == graph->line->turn) {
            *at = waiter->link;
            cpl_queue_push(waiter->queue);
            break;
        }
    }
    graph->pending--;
    discard(graph);
}

bool cpl_graph_begin(struct task *task, bool skip)
{
    cpl_graph *graph = task->graph.graph;
    if (task->graph.ticket != graph->line->turn) {
        task->link = graph->line->waiting;
        graph->line->waiting = task;
        return false;
    }
    graph->run = task;
    graph->skip = skip;
    for (uint32_t i = 0; i < graph->value_count; i++)
        if (graph->values[i].assign)
            atomic_store(&graph->values[i].now, graph->values[i].initial);
    if (begin_scope(graph, 0))
        return false;
    end_run(graph);
    return true;
}

static bool skips(const struct node *node)
{
    return node->graph->skip || atomic_load(&node->task.queue->domain->faulted) != CPL_FAULT_NONE
           || atomic_load(&cpl_stopping) == 2;
}

/* The next round begins when a worker has taken notice: an endless loop must not hold the lock. */
static void pause_loop(struct node *node)
{
    node->paused = true;
    node->task.next_unit = 0;
    node->task.unfinished = 1;
    cpl_launch_submit(&node->task);
}

/* True: a body was begun. */
static bool choose(struct node *node)
{
    cpl_graph *graph = node->graph;
    uint32_t value = atomic_load(&graph->values[node->condition].now);
    uint32_t body = node->choice == CPL_CHOICE_SWITCH ? value : value ? 0 : node->choice == CPL_CHOICE_IF ? 1 : NOBODY;
    if (skips(node) || body >= node->body_count)
        return false;
    if (begin_scope(graph, node->bodies + body))
        return true;
    if (node->choice != CPL_CHOICE_WHILE)
        return false;
    pause_loop(node);
    return true;
}

/* The node is done, and with it maybe what it is part of. */
static void complete(struct node *node)
{
    for (;;) {
        cpl_graph *graph = node->graph;
        for (uint32_t i = node->after; i < node->after_end; i++) {
            struct node *successor = &graph->nodes[graph->successors[i]];
            if (--successor->remaining == 0)
                make_ready(successor);
        }
        struct scope *scope = &graph->scopes[node->scope];
        if (--scope->unfinished)
            return;
        if (scope->owner == NOBODY) {
            struct cpl_queue *queue = graph->run->queue;
            end_run(graph);
            cpl_queue_pop(queue);
            cpl_queue_push(queue);
            return;
        }
        node = &graph->nodes[scope->owner];
        if (node->choice == CPL_CHOICE_WHILE && !skips(node) && atomic_load(&graph->values[node->condition].now)) {
            pause_loop(node);
            return;
        }
    }
}

static void start(struct node *node)
{
    struct task *task = &node->task;
    cpl_fence **fences = (cpl_fence **)(uintptr_t)node->graph->run->args;
    switch (task->kind) {
    case TASK_SIGNAL:
        task->fence = fences[node->slot];
        if (task->fence)
            cpl_queue_reach(task->fence);
        break;
    case TASK_WAIT:
        task->fence = fences[node->slot];
        if (task->fence && !skips(node) && atomic_load(&task->fence->state) != 2) {
            task->link = task->fence->waiters;
            task->fence->waiters = task;
            return;
        }
        break;
    case TASK_STORE:
        if (!skips(node))
            cpl_value_store(task);
        break;
    case TASK_WATCH:
        task->value.passed = skips(node);
        if (cpl_watch_over(task))
            break;
        cpl_watch_add(task);
        return;
    case TASK_CALL:
        if (skips(node))
            break;
        task->queue->domain->running++;
        cpl_callback_submit(task);
        return;
    case TASK_CHOICE:
        if (choose(node))
            return;
        break;
    case TASK_EMPTY:
        break;
    default:
        if (skips(node) || !task->units)
            break;
        task->next_unit = 0;
        task->unfinished = task->units;
        atomic_store_explicit(&task->stalls, false, memory_order_relaxed);
        atomic_store_explicit(&task->print, NULL, memory_order_relaxed);
        cpl_launch_submit(task);
        return;
    }
    complete(node);
}

bool cpl_graph_ready(void) { return ready != NULL; }

bool cpl_graph_step(void)
{
    struct node *node = ready;
    if (!node)
        return false;
    ready = node->next_ready;
    start(node);
    return true;
}

void cpl_graph_done(struct task *task)
{
    struct node *node = task->node;
    if (node->paused) {
        node->paused = false;
        if (choose(node))
            return;
    }
    complete(node);
}

int cpl_graph_start(cpl_graph *graph, cpl_queue *queue, cpl_fence *const *fences, uint32_t count, int patient)
{
    if (count < graph->fence_count)
        return CPL_INVALID;
    int status;
    size_t bytes = count * sizeof *fences;
    void *large = NULL;
    if (bytes > sizeof ((struct task *)0)->inline_args && !(large = malloc(bytes)))
        return CPL_OUT_OF_MEMORY;
    cpl_guard_install();
    struct task *task = cpl_queue_begin(queue, TASK_GRAPH, patient, &status);
    if (!task) {
        free(large);
        return status;
    }
    task->owns_args = large != NULL;
    task->args = large ? large : task->inline_args;
    for (uint32_t i = 0; i < count; i++) {
        ((cpl_fence **)(uintptr_t)task->args)[i] = i < graph->fence_count ? fences[i] : NULL;
        if (i < graph->fence_count && fences[i])
            atomic_fetch_add(&fences[i]->references, 1);
    }
    task->graph.graph = graph;
    task->graph.ticket = graph->line->tickets++;
    graph->references++;
    graph->pending++;
    return cpl_queue_commit(task);
}

/* From a kernel of a graph; no lock. */
void cpl_graph_set(cpl_thread *self, uint64_t handle, uint32_t value)
{
    struct thread *thread = cpl_thread_of(self);
    struct node *node = thread->block->task->node;
    if (node)
        for (uint32_t i = 0; i < node->graph->value_count; i++)
            if (node->graph->values[i].handle == handle) {
                atomic_store(&node->graph->values[i].now, value);
                return;
            }
    cpl_thread_fault(thread, CPL_FAULT_TRAP, NULL, "cudaGraphSetConditional(%#llx): %s", (unsigned long long)handle,
                     node ? "no conditional node of the running graph has this handle" : "this launch is no node of a graph");
}
