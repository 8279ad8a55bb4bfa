void bitonic(int *restrict data, const int *restrict from, int n)
{
#pragma omp parallel for
    for (int i = 0; i < n; i++)
        data[i] = from[i];
    for (int run = 2; run <= n; run *= 2) {
        for (int distance = run / 2; distance > 0; distance /= 2) {
#pragma omp parallel for
            for (int i = 0; i < n; i++) {
                int other = i ^ distance;
                if (other > i) {
                    int here = data[i], there = data[other], ascending = (i & run) == 0;
                    if ((here > there) == ascending) {
                        data[i] = there;
                        data[other] = here;
                    }
                }
            }
        }
    }
}
