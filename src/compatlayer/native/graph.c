/* Graphs: prepared work with dependencies, made and changed; graph_run.c runs them. */
#include "graph.h"
#include <stdlib.h>
#include <string.h>

void cpl_graph_drop(cpl_graph *graph)
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
            cpl_graph_drop(graph);
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
    cpl_graph_drop(graph);
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
    task->node->priority = priority;
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
    struct value what = {.address = address, .operand = wanted, .bytes = bytes, .operation = (uint32_t)condition};
    return status == CPL_OK ? value(graph, index, home, &what, TASK_WATCH) : status;
}

int cpl_graph_store(cpl_graph *graph, uint32_t index, cpl_queue *home, uint64_t address, uint32_t bytes, int operation,
                    uint64_t operand)
{
    if (operation < CPL_STORE_SET || operation > CPL_STORE_OR)
        return CPL_INVALID;
    struct value what = {.address = address, .operand = operand, .bytes = bytes, .operation = (uint32_t)operation};
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

