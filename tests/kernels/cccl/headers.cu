// Something out of each public header of cuda/std and cuda that is for kernels: a row of numbers for each thread.
#include <cuda/access_property>
#include <cuda/algorithm>
#include <cuda/annotated_ptr>
#include <cuda/bit>
#include <cuda/cmath>
#include <cuda/discard_memory>
#include <cuda/functional>
#include <cuda/hierarchy>
#include <cuda/iterator>
#include <cuda/mdspan>
#include <cuda/memory>
#include <cuda/numeric>
#include <cuda/ptx>
#include <cuda/std/algorithm>
#include <cuda/std/array>
#include <cuda/std/bit>
#include <cuda/std/bitset>
#include <cuda/std/cassert>
#include <cuda/std/ccomplex>
#include <cuda/std/cfloat>
#include <cuda/std/charconv>
#include <cuda/std/chrono>
#include <cuda/std/climits>
#include <cuda/std/cmath>
#include <cuda/std/complex>
#include <cuda/std/concepts>
#include <cuda/std/cstddef>
#include <cuda/std/cstdint>
#include <cuda/std/cstdlib>
#include <cuda/std/cstring>
#include <cuda/std/ctime>
#include <cuda/std/execution>
#include <cuda/std/expected>
#include <cuda/std/functional>
#include <cuda/std/initializer_list>
#include <cuda/std/inplace_vector>
#include <cuda/std/iterator>
#include <cuda/std/limits>
#include <cuda/std/linalg>
#include <cuda/std/mdspan>
#include <cuda/std/memory>
#include <cuda/std/numbers>
#include <cuda/std/numeric>
#include <cuda/std/optional>
#include <cuda/std/random>
#include <cuda/std/ranges>
#include <cuda/std/ratio>
#include <cuda/std/source_location>
#include <cuda/std/span>
#include <cuda/std/string_view>
#include <cuda/std/tuple>
#include <cuda/std/type_traits>
#include <cuda/std/utility>
#include <cuda/std/variant>
#include <cuda/std/version>
#include <cuda/type_traits>
#include <cuda/utility>
#include <cuda/version>
#include <cuda/warp>

namespace s = cuda::std;
using Numbers = s::span<const int, 8>;

struct Row {
    double *at;
    __device__ void operator<<(double value) { *at++ = value; }
};

template <s::integral I> __device__ int kind(I) { return 1; }
template <s::floating_point F> __device__ int kind(F) { return 2; }

__device__ s::expected<int, char> root(int x)
{
    int r = (int)s::sqrt((double)s::abs(x));
    if (x < 0) return s::unexpected<char>('n');
    return r;
}

__device__ void values(Row &out, Numbers in)
{
    s::optional<int> first;
    if (auto found = s::find_if(in.begin(), in.end(), [](int x) { return x > 0; }); found != in.end()) first = *found;
    out << first.value_or(-1);
    out << first.transform([](int x) { return 2 * x; }).value_or(0);
    s::variant<int, double, s::tuple<int, char>> any = in[0];
    if (in[0] % 3 == 1 || in[0] % 3 == -2) any = in[0] / 4.0;
    if (in[0] % 3 == 2 || in[0] % 3 == -1) any = s::make_tuple(in[0], 'c');
    out << any.index();
    out << s::visit([](auto x) -> double {
        if constexpr (s::is_arithmetic_v<decltype(x)>) return x;
        else return s::get<0>(x) + s::get<1>(x);
    }, any);
    auto r = root(in[1]);
    out << (r ? *r : -r.error());
    out << kind(in[0]) + 10 * kind(0.5f);
    auto [low, high] = s::minmax_element(in.begin(), in.end());
    out << *low;
    out << *high;
    s::bitset<40> bits((unsigned)in[2]);
    out << bits.flip(39).count();
    s::string_view text = "seven of nine";
    out << text.find("of") + 100 * text.substr(9).size();
    char digits[12];
    auto end = s::to_chars(digits, digits + 12, in[3]);
    out << end.ptr - digits;
    int back = 0;
    (void)s::from_chars(digits, end.ptr, back);
    out << back;
    s::chrono::milliseconds time = s::chrono::seconds(in[4]) + s::chrono::minutes(1);
    out << time.count();
    out << s::ratio_add<s::ratio<1, 3>, s::ratio<1, 6>>::den;
    out << s::numeric_limits<short>::max() + s::numbers::pi + FLT_EPSILON + CHAR_BIT;
    s::complex<double> z(in[0] % 1000, in[1] % 1000);
    out << s::norm(z * s::conj(z));
    out << (s::source_location::current().line() > 0) + (__cccl_lib_span > 0) + (CCCL_VERSION > 0);
}

__device__ void algorithms(Row &out, Numbers in)
{
    s::array<int, 8> a;
    s::copy(in.begin(), in.end(), a.begin());
    s::make_heap(a.begin(), a.end());
    s::sort_heap(a.begin(), a.end());
    for (int x : a) out << x;
    out << s::lower_bound(a.begin(), a.end(), in[0]) - a.begin();
    out << s::accumulate(in.begin(), in.end(), 0);
    out << s::inner_product(in.begin(), in.end(), a.begin(), 0);
    out << s::transform_reduce(in.begin(), in.end(), 1, s::plus<>(), [](int x) { return x * x % 7; });
    s::inclusive_scan(in.begin(), in.end(), a.begin());
    out << a[7];
    s::rotate(a.begin(), a.begin() + 3, a.end());
    out << a[0];
    out << s::count_if(a.begin(), a.end(), [](int x) { return x % 2 == 0; });
    out << s::gcd(in[0], in[1]);
    out << s::midpoint(in[0] % 1000, 8);
    s::inplace_vector<int, 8> kept;
    for (int x : in)
        if (x & 1) kept.push_back(x);
    out << kept.size();
    out << s::reduce(kept.begin(), kept.end());
    out << (s::ranges::min_element(in) - s::ranges::begin(in));
    out << s::distance(s::make_reverse_iterator(in.end()), s::make_reverse_iterator(in.begin()));
    out << s::invoke(s::bind_front(s::minus<>(), 10), 4);
    s::mdspan<const int, s::extents<int, 2, 4>> m(in.data());
    out << m(1, 2) + 10.0 * m.extent(1);
    s::mdspan<const int, s::dextents<int, 2>, s::layout_left> left(in.data(), 2, 4);
    out << left(1, 2);
    out << s::linalg::transposed(m)(2, 1);
    s::minstd_rand random(in[5] == 0 ? 1 : s::abs(in[5]));
    random();
    out << random();
    s::uniform_int_distribution<int> die(1, 6);
    int rolled = die(random);
    out << (rolled >= 1 && rolled <= 6);
    int raw[3] = {in[0], in[1], in[2]}, moved[3];
    s::memcpy(moved, raw, sizeof raw);
    out << s::memcmp(moved, raw, sizeof raw);
    out << s::exchange(moved[0], 5) + s::to_underlying(s::byte(3));
}

__device__ void extensions(Row &out, Numbers in)
{
    out << cuda::ceil_div(s::abs(in[0]) % 100000, 7);
    out << cuda::round_up(s::abs(in[0]) % 100000, 8);
    out << cuda::ilog2(s::abs(in[1]) + 1);
    out << cuda::isqrt((unsigned)s::abs(in[1]));
    out << cuda::is_power_of_two((unsigned)s::abs(in[2]) + 1u);
    out << cuda::bitmask<unsigned>(4, 8);
    out << cuda::bit_reverse((unsigned)in[3]);
    out << s::popcount((unsigned)in[3]) + 100 * s::countl_zero((unsigned)in[3]) + 10000 * s::bit_width((unsigned)in[4]);
    out << cuda::maximum<>()(in[0], in[1]);
    out << cuda::proclaim_return_type<int>([](int x) { return x - 1; })(in[0]);
    auto counting = cuda::counting_iterator<int>(5);
    auto twice = cuda::make_transform_iterator(counting, [](int x) { return 2 * x; });
    out << s::accumulate(twice, twice + 4, 0);
    out << cuda::add_overflow<int>(in[0], in[1]).overflow;
    out << s::abs(in[0]) / cuda::fast_mod_div<int>(7);
    out << cuda::device::is_address_from(in.data(), cuda::device::address_space::global);
    out << cuda::is_aligned(in.data(), 4);
    cuda::annotated_ptr<const int, cuda::access_property::streaming> hinted(in.data());
    out << hinted[6];
    out << cuda::ptx::get_sreg_laneid();
    out << cuda::device::warp_shuffle_xor<32>(in[7], 1).data;
    out << cuda::gpu_thread.rank(cuda::block);
}

extern "C" __global__ void uses(const int *in, double *out, int width)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    Row row{out + (long)i * width};
    Numbers numbers(in + 8 * i, 8);
    values(row, numbers);
    algorithms(row, numbers);
    extensions(row, numbers);
    row << row.at - out - (long)i * width;
}
