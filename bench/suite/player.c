// Plays a case's launches many times without Python in the loop: the calls are the public interfaces' own.
#include <stddef.h>
#include <time.h>

typedef int cuda_launch(void *kernel, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned shared_bytes,
                        void *stream, void **arguments, void **extra);
typedef int opencl_launch(void *queue, void *kernel, unsigned dimensions, const size_t *offset, const size_t *global,
                          const size_t *local, unsigned waits, const void *wait_list, void *event);
typedef int wait_for(void *stream);
typedef void repeated(void **arguments, int repeats);

typedef struct {
    void *kernel;
    unsigned grid[3], block[3];
    void **arguments;
} record;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec * 1e-9;
}

// Seconds for `repeats` rounds of all launches and one synchronisation; negative: the status that failed.
double play_cuda(cuda_launch *launch, wait_for *wait, void *stream, const record *records, int count, int repeats)
{
    double start = now();
    for (int repeat = 0; repeat < repeats; repeat++) {
        for (int i = 0; i < count; i++) {
            const record *r = &records[i];
            int status = launch(r->kernel, r->grid[0], r->grid[1], r->grid[2], r->block[0], r->block[1], r->block[2], 0,
                                stream, r->arguments, NULL);
            if (status)
                return -status;
        }
    }
    int status = wait(stream);
    return status ? -status : now() - start;
}

double play_opencl(opencl_launch *launch, wait_for *wait, void *queue, const record *records, int count, int repeats)
{
    double start = now();
    for (int repeat = 0; repeat < repeats; repeat++) {
        for (int i = 0; i < count; i++) {
            const record *r = &records[i];
            size_t global[3], local[3];
            for (int d = 0; d < 3; d++) {
                local[d] = r->block[d];
                global[d] = (size_t)r->grid[d] * r->block[d];
            }
            int status = launch(queue, r->kernel, 3, NULL, global, local, 0, NULL, NULL);
            if (status)
                return status < 0 ? status : -status;
        }
    }
    int status = wait(queue);
    return status ? (status < 0 ? status : -status) : now() - start;
}

double play_native(repeated *function, void **arguments, int repeats)
{
    double start = now();
    function(arguments, repeats);
    return now() - start;
}
