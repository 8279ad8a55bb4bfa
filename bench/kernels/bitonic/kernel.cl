// n is a power of two. One launch for each step of the network: pairs `distance` apart, ascending in runs of `run`.
__kernel void copy(__global int *to, __global const int *from, int n)
{
    int i = get_global_id(0);
    if (i < n)
        to[i] = from[i];
}

__kernel void bitonic_step(__global int *data, int distance, int run, int n)
{
    int i = get_global_id(0);
    int other = i ^ distance;
    if (i < n && other > i) {
        int here = data[i], there = data[other];
        bool ascending = (i & run) == 0;
        if ((here > there) == ascending) {
            data[i] = there;
            data[other] = here;
        }
    }
}
