__kernel void copy(__global int *to, __global const int *from, int n)
{
    int column = get_global_id(0), row = get_global_id(1);
    if (column < n && row < n)
        to[row * n + column] = from[row * n + column];
}

// All paths through node k; one launch for each k.
__kernel void floyd_warshall(__global int *distance, int k, int n)
{
    int column = get_global_id(0), row = get_global_id(1);
    if (column >= n || row >= n)
        return;
    int through = distance[row * n + k] + distance[k * n + column];
    if (through < distance[row * n + column])
        distance[row * n + column] = through;
}
