// The parts of the C and C++ standard libraries that kernels include.
#include <algorithm>
#include <array>
#include <cassert>
#include <cfloat>
#include <climits>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <float.h>
#include <limits.h>
#include <limits>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <type_traits>
#include <utility>

static_assert(std::numeric_limits<float>::max() == FLT_MAX && std::numeric_limits<double>::min() == DBL_MIN, "");
static_assert(std::numeric_limits<int>::min() == INT_MIN && std::numeric_limits<int>::digits10 == 9, "");
static_assert(std::numeric_limits<unsigned long long>::max() == ULLONG_MAX, "");
static_assert(std::numeric_limits<signed char>::min() == SCHAR_MIN && std::numeric_limits<bool>::digits == 1, "");
static_assert(std::numeric_limits<float>::digits == FLT_MANT_DIG && !std::numeric_limits<float>::is_integer, "");
static_assert(std::is_same<std::make_unsigned_t<int>, unsigned>::value, "");
static_assert(std::is_same_v<std::decay_t<const int &>, int>, "");
static_assert(std::is_same_v<std::common_type_t<int, float>, float>, "");
static_assert(std::is_same_v<std::conditional_t<sizeof(void *) == 8, std::uint64_t, std::uint32_t>, uint64_t>, "");
static_assert(std::conjunction_v<std::is_integral<int>, std::negation<std::is_pointer<int>>>, "");
static_assert(std::is_trivially_copyable_v<float4> && std::is_base_of_v<float2, float2>, "");
static_assert(std::is_same_v<std::underlying_type_t<decltype(std::round_to_nearest)>, int>, "");

template <class T, std::enable_if_t<std::is_floating_point<T>::value, int> = 0>
__device__ T at_least_lowest(T x) { return std::max(x, std::numeric_limits<T>::lowest()); }
template <size_t... I> __device__ int total(std::index_sequence<I...>) { return (0 + ... + (int)I); }

extern "C" __global__ void uses(const float *in, float *out)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    std::array<float, 4> a;
    a.fill(2.0f);
    a[1] = in[i];
    std::pair<int, float> pair = std::make_pair(i, a.back());
    float left = 1.0f, right = 3.0f, sum = 0.0f;
    std::swap(left, right);
    for (float each : a) sum += each;
    int sorted[5] = {1, 3, 5, 7, 9};
    long place = std::lower_bound(sorted, sorted + 5, i % 11) - sorted;
    std::reverse(sorted, sorted + 5);
    sum += left + pair.second + pair.first + total(std::make_index_sequence<5>()) + place + sorted[0];
    sum += std::clamp(in[i], -1.0f, 1.0f) + std::abs(in[i]) + at_least_lowest(in[i]);
    sum += std::isinf(INFINITY) + std::isnan(NAN) + (std::numeric_limits<float>::infinity() > FLT_MAX);
    sum += *std::max_element(sorted, sorted + 5) + std::exchange(left, 5.0f) + left + std::abs(-3) + abs(-4ll);
    out[i] = sum + (float)M_PI + (clock() == (std::clock_t)-1);
}
