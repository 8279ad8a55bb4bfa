__device__ int mutex_word;
__device__ int ticket_next, ticket_serving;

// The form that worked before independent thread scheduling: the critical section is inside the loop.
extern "C" __global__ void locked_loop(int *cell, int rounds)
{
    for (int k = 0; k < rounds; ++k) {
        bool done = false;
        while (!done) {
            if (atomicCAS(&mutex_word, 0, 1) == 0) {
                volatile int *shown = cell;
                *shown = *shown + 1;
                __threadfence();
                atomicExch(&mutex_word, 0);
                done = true;
            }
        }
    }
}

// The plain form: a lane that holds the lock must go on while its neighbours spin.
extern "C" __global__ void locked_plain(int *cell, int rounds)
{
    for (int k = 0; k < rounds; ++k) {
        while (atomicCAS(&mutex_word, 0, 1) != 0)
            ;
        __threadfence();
        volatile int *shown = cell;
        *shown = *shown + 1;
        __threadfence();
        atomicExch(&mutex_word, 0);
    }
}

extern "C" __global__ void ticket(int *cell)
{
    int mine = atomicAdd(&ticket_next, 1);
    while (*(volatile int *)&ticket_serving != mine)
        ;
    __threadfence();
    volatile int *shown = cell;
    *shown = *shown * 3 + 1;
    __threadfence();
    atomicAdd(&ticket_serving, 1);
}
