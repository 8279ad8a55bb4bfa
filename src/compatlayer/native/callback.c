/* The thread on which the program's host functions run: one may block for long without stopping a worker. */
#include "native.h"

static struct task *first, *last;     /* under cpl_lock */
static pthread_cond_t work = PTHREAD_COND_INITIALIZER;
static bool running;
static _Thread_local bool here;

static void *run(void *data)
{
    (void)data;
    here = true;
    pthread_mutex_lock(&cpl_lock);
    for (;;) {
        while (!first || atomic_load(&cpl_stopping) == 2)
            pthread_cond_wait(&work, &cpl_lock);
        struct task *task = first;
        first = task->link;
        running = true;
        pthread_mutex_unlock(&cpl_lock);
        if (task->kind == TASK_LAUNCH) {
            cpl_family_prepare(task);
        } else {
            task->call.function(task->call.data);
            cpl_task_complete(task);
        }
        pthread_mutex_lock(&cpl_lock);
        running = false;
    }
    return NULL;
}

int cpl_callback_start(void)
{
    pthread_t thread;
    return cpl_thread_start(&thread, run, NULL, "cpl-callback");
}

void cpl_callback_submit(struct task *task)
{
    task->link = NULL;
    if (first)
        last->link = task;
    else
        first = task;
    last = task;
    pthread_cond_signal(&work);
}

bool cpl_callback_quiet(void) { return !first && !running; }
bool cpl_callback_here(void) { return here; }
