// Types of the C++ standard library for devices.
#include <cuda/std/array>
#include <cuda/std/bit>
#include <cuda/std/complex>
#include <cuda/std/functional>
#include <cuda/std/limits>
#include <cuda/std/optional>
#include <cuda/std/span>
#include <cuda/std/tuple>
#include <cuda/std/utility>
#include <cuda/std/variant>

__device__ cuda::std::optional<int> half_of(int x)
{
    if (x % 2) return cuda::std::nullopt;
    return x / 2;
}

extern "C" __global__ void standard(const int *in, double *out, int count)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count) return;
    cuda::std::array<int, 4> four{in[i], 2, 3, 4};
    four.fill(four[0] + 1);
    cuda::std::tuple<int, double> pair = cuda::std::make_tuple(four[3], 0.5);
    cuda::std::complex<double> z(in[i], 1.0);
    z = z * z + cuda::std::conj(z);
    cuda::std::variant<int, double> either = in[i] > 0 ? cuda::std::variant<int, double>(in[i]) : 0.25;
    cuda::std::span<const int> all(in, count);
    double *mine = out + 7 * i;
    mine[0] = cuda::std::get<0>(pair) + cuda::std::get<1>(pair);
    mine[1] = z.real();
    mine[2] = z.imag();
    mine[3] = half_of(in[i]).value_or(-1);
    mine[4] = cuda::std::visit([](auto x) { return double(x) + 1; }, either);
    mine[5] = all.back() + cuda::std::popcount((unsigned)in[i]) + cuda::std::countl_zero((unsigned)in[i]);
    mine[6] = cuda::std::numeric_limits<float>::max() + cuda::std::abs(cuda::std::complex<double>(3, 4));
}
