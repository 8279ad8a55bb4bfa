/* Graphs that run. A start is one task of a queue; nodes run as soon as those before them are done, and starts of one graph
 * follow each other. Everything here runs under cpl_lock unless it says otherwise; nothing is allocated. */
#include "graph.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static struct node *ready, *ready_tail;

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
    cpl_graph_drop(graph);
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
    const cpl_queue *starter = node->graph->run->queue;
    task->priority = node->priority ? node->priority : starter->priority;
    task->only = starter->units;
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
