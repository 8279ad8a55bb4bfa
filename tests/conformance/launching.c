/* Launches in a loop, as a C program makes them. */
#include <pthread.h>

typedef int launch(void *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void *, void **,
                   void **);

/* How many of `count` launches were accepted; stops at the first refusal and stores its status. */
__attribute__((visibility("default"))) int launches(launch *call, void *kernel, void *stream, void **arguments,
                                                    int count, int *status)
{
    *status = 0;
    for (int i = 0; i < count; i++) {
        *status = call(kernel, 1, 1, 1, 1, 1, 1, 0, stream, arguments, 0);
        if (*status != 0)
            return i;
    }
    return count;
}

typedef int set_current(void *);
typedef int get_current(void **);

struct foreign {
    launch *call;
    set_current *set;
    get_current *get;
    void *context, *kernel, **arguments;
    int count;
    int before, is_current, accepted, status, after;
};

static void *work(void *data)
{
    struct foreign *it = data;
    void *found = 0;
    launches(it->call, it->kernel, 0, it->arguments, 1, &it->before);
    it->set(it->context);
    it->get(&found);
    it->is_current = found == it->context;
    it->accepted = launches(it->call, it->kernel, 0, it->arguments, it->count, &it->status);
    it->set(0);
    launches(it->call, it->kernel, 0, it->arguments, 1, &it->after);
    return 0;
}

/* On a thread that Python has never seen: launches before, while and after a context is current. */
__attribute__((visibility("default"))) void on_foreign_thread(struct foreign *it)
{
    pthread_t thread;
    if (pthread_create(&thread, 0, work, it) == 0)
        pthread_join(thread, 0);
}
