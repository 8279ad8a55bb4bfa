extern "C" __global__ void collatz(const int *in, int *steps)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    long long n = in[i];
    int count = 0;
    while (n != 1) {
        n = n % 2 ? 3 * n + 1 : n / 2;
        ++count;
    }
    steps[i] = count;
}

extern "C" __global__ void machine(const unsigned char *program, int *out, int length)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x, at = 0, a = i, b = 1, budget = 200;
next:
    if (at >= length || --budget == 0) {
        out[i] = a * 1000 + b;
        return;
    }
    switch (program[at++]) {
    case 0: ++a; goto next;
    case 1: a -= b; break;
    case 2: b = b * 3 % 101; // falls through
    case 3: a ^= b; break;
    case 4:
        if (a % 3 == 0)
            at += 2;
        break;
    case 5:
        for (int k = 0;; ++k) {
            if (k > a % 7)
                break;
            if (k == 2)
                continue;
            b += k;
        }
        break;
    case 6:
        if (a % 2)
            at = 0, a /= 2;
        break;
    default: a = -a;
    }
    goto next;
}
