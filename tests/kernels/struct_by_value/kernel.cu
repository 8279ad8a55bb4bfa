struct Three { unsigned char b[3]; };
struct Odd { char tag; double weight; short tail[3]; };
struct Inner { int grid[2][3]; char mark; };
struct Outer { Inner inner[2]; long long wide; float4 vector; };
struct __align__(32) Aligned { int value; };
struct Empty {};
struct Pointing { const int *data; unsigned char count; };

extern "C" __global__ void mixed(char c, Three three, short s, Odd odd, bool flag, Outer outer, Three again,
                                 Aligned aligned, Empty, Pointing pointing, double *out)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    double sum = c + three.b[0] * 2 + three.b[1] * 3 + three.b[2] * 4 + s;
    sum += odd.tag + odd.weight + odd.tail[0] + odd.tail[2];
    sum += flag ? 0.25 : 0.5;
    sum += outer.inner[1].grid[i % 2][i % 3] + outer.inner[0].mark + (double)outer.wide + outer.vector.w;
    sum += again.b[i % 3] + aligned.value;
    for (int k = 0; k < pointing.count; ++k)
        sum += pointing.data[k];
    out[i] = sum;
}

struct Big { int values[256]; };

extern "C" __global__ void big(Big a, Big b, int *out)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    a.values[i % 256] += 1;
    out[i] = a.values[i % 256] * 2 + b.values[255 - i % 256];
}
