enum class Mode : unsigned char { Copy, Square, Negate };

template <typename T> struct is_floating { static constexpr bool value = false; };
template <> struct is_floating<float> { static constexpr bool value = true; };

template <typename T> __device__ T half_of(T x)
{
    if constexpr (is_floating<T>::value)
        return x * T(0.5);
    else
        return x >> 1;
}

template <typename... Ts> __device__ auto sum(Ts... values) { return (values + ... + 0); }

struct Table {
    int squares[16];
    constexpr Table() : squares() { for (int i = 0; i < 16; ++i) squares[i] = i * i; }
};

template <typename T> struct Box { T value; };
template <typename T> Box(T) -> Box<T>;

struct Parts { int quotient, remainder; };
__device__ Parts split(int a, int b) { return {a / b, a % b}; }

inline constexpr int offset = 7;

extern "C" __global__ void modern(const int *in, int *out, float *halves, Mode mode)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    constexpr Table table;
    static_assert(Table().squares[5] == 25);
    auto [quotient, remainder] = split(in[i], 16);
    int result = sum(quotient, table.squares[remainder], offset, short(1));
    if (int changed = result; mode == Mode::Square)
        result = changed * changed;
    else if (mode == Mode::Negate)
        result = -changed;
    Box box{result};
    auto twice = [=](auto x) constexpr { return x + x; };
    using Number = decltype(twice(box.value));
    out[i] = Number(twice(box.value)) + 0b101 + 1'000;
    halves[i] = half_of(float(in[i])) + half_of(in[i]);
    int digits[] = {1, 2, 3};
    for (int digit : digits)
        out[i] += digit;
}
