/* Launches in a loop, as a C program makes them. */
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
