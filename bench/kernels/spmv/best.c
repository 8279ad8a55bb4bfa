static void spmv(float *restrict y, const int *restrict start, const int *restrict column, const float *restrict value,
                 const float *restrict x, int rows)
{
#pragma omp parallel for schedule(dynamic, 512)
    for (int row = 0; row < rows; row++) {
        float sum = 0;
        int end = start[row + 1];
        if (end - start[row] < 32) {
            for (int i = start[row]; i < end; i++)
                sum += value[i] * x[column[i]];
        } else {
#pragma omp simd reduction(+ : sum)
            for (int i = start[row]; i < end; i++)
                sum += value[i] * x[column[i]];
        }
        y[row] = sum;
    }
}

void spmv_scalar(float *y, const int *start, const int *column, const float *value, const float *x, int rows)
{
    spmv(y, start, column, value, x, rows);
}

void spmv_vector(float *y, const int *start, const int *column, const float *value, const float *x, int rows)
{
    spmv(y, start, column, value, x, rows);
}
