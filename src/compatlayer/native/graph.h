/* A graph as graph.c makes it and graph_run.c runs it. */
#ifndef CPL_GRAPH_H
#define CPL_GRAPH_H
#include "native.h"

#pragma GCC visibility push(hidden)

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
    int priority;                     /* 0: that of the queue which the graph is started on */
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
void cpl_graph_drop(cpl_graph *graph);               /* cpl_lock held: one reference less */

#pragma GCC visibility pop
#endif
