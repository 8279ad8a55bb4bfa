void floyd_warshall(int *distance, const int *from, int n)
{
#pragma omp parallel for
    for (int i = 0; i < n * n; i++)
        distance[i] = from[i];
    for (int k = 0; k < n; k++) {
#pragma omp parallel for
        for (int row = 0; row < n; row++) {
            for (int column = 0; column < n; column++) {
                int through = distance[row * n + k] + distance[k * n + column];
                if (through < distance[row * n + column])
                    distance[row * n + column] = through;
            }
        }
    }
}
