void spmv_scalar(float *restrict y, const int *restrict start, const int *restrict column,
                 const float *restrict value, const float *restrict x, int rows)
{
#pragma omp parallel for schedule(guided)
    for (int row = 0; row < rows; row++) {
        float sum = 0;
        for (int i = start[row]; i < start[row + 1]; i++)
            sum += value[i] * x[column[i]];
        y[row] = sum;
    }
}

void spmv_vector(float *restrict y, const int *restrict start, const int *restrict column,
                 const float *restrict value, const float *restrict x, int rows)
{
#pragma omp parallel for schedule(guided)
    for (int row = 0; row < rows; row++) {
        float sums[32] = {0};
        for (int first = start[row]; first < start[row + 1]; first += 32)
            for (int lane = 0; lane < 32 && first + lane < start[row + 1]; lane++)
                sums[lane] += value[first + lane] * x[column[first + lane]];
        for (int offset = 16; offset > 0; offset >>= 1)
            for (int lane = 0; lane < offset; lane++)
                sums[lane] += sums[lane + offset];
        y[row] = sums[0];
    }
}
