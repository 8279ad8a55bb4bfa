"""Random numbers in kernels: published values, the sequences of models in Python, and the shapes of distributions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import lgamma, log
from statistics import NormalDist

import numpy as np
import pytest
import random_numbers as model
from engines import ENGINES, engine_of
from hypothesis import example, given, settings
from hypothesis import strategies as st

from compatlayer import CompileError, Device, LaunchConfig, Program, launch

HEAD = "#include <curand_kernel.h>\n"
GENERATORS = {"XORWOW": model.xorwow, "MRG32k3a": model.mrg32k3a, "Philox4_32_10": model.philox}
THREADS = 40
_LONG = st.integers(0, (1 << 64) - 1)
Run = Callable[..., np.ndarray]
pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module", params=ENGINES)
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """Runs a body once in each of some threads; it stores `count` results, numbered by i, into `out`."""
    device = Device(0)
    programs: dict[str, Program] = {}

    def on(body: str, type_: str, dtype: type, count: int, *words: int, threads: int = THREADS,
           data: np.ndarray | None = None) -> np.ndarray:
        source = (f'{HEAD}extern "C" __global__ void k({type_} *out, int count, unsigned long long a, '
                  "unsigned long long b, unsigned long long c, const void *data) {\n"
                  f"int i = blockIdx.x * blockDim.x + threadIdx.x; out += (size_t)i * count;\n{body}\n}}")
        if source not in programs:
            programs[source] = Program(device, source)
        given_ = np.array([*words, 0, 0, 0][:3], np.uint64)
        out = device.upload(np.zeros(threads * count, dtype))
        extra = device.upload(np.zeros(1, np.uint64) if data is None else data)
        block = min(threads, 128)
        with engine_of(device, request.param):
            launch(device.default_stream, LaunchConfig((threads // block,), (block,)), programs[source].kernel("k"),
                   out, np.int32(count), *given_, extra)
        device.default_stream.synchronize()
        found = out.copy_to().view(dtype).reshape(threads, count)
        out.close()
        extra.close()
        return found

    yield on
    for each in programs.values():
        each.close()
    device.close()


@pytest.fixture(scope="module", params=GENERATORS)
def generator(request: pytest.FixtureRequest) -> str:
    return request.param


def drawn(generator: str, what: str = "curand(&state)") -> str:
    return (f"curandState{generator}_t state; curand_init(a, b, c + i, &state);\n"
            f"for (int j = 0; j < count; ++j) out[j] = {what};")


def numbers_of(generator: str, raw: list[int]) -> list[int]:
    """What curand answers; MRG32k3a's numbers are stretched over 32 bits."""
    return [min(int(each * 1.000000048662), model.WORD) for each in raw] if generator == "MRG32k3a" else raw


# ---- published values ------------------------------------------------------------------------------
def test_xorwow_begins_its_subsequences_as_curand_does(run: Run) -> None:
    """cuRAND's host generator with seed 0 takes the first number of each subsequence; an owner of a GPU published ten:
    https://forums.developer.nvidia.com/t/xorwow-generator-understanding-in-curand/44909"""
    body = "curandState state; curand_init(a, i, 0, &state); out[0] = curand(&state);"
    found = run(body, "unsigned int", np.uint32, 1)
    assert found[:10, 0].tolist() == [3179217846, 3955638199, 167591721, 4161663997, 3973448494, 1917059131, 2866113984,
                                      472148682, 2019573489, 2204150021]


def test_philox_has_the_known_answers_of_random123(run: Run) -> None:
    cases = [([0] * 6, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
             ([model.WORD] * 6, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
             ([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0],
              "d16cfe09 94fdcceb 5001e420 24126ea1")]
    body = """const unsigned int *w = (const unsigned int *)data + i % 3 * 6;
        uint4 x = curand_Philox4x32_10(make_uint4(w[0], w[1], w[2], w[3]), make_uint2(w[4], w[5]));
        out[0] = x.x; out[1] = x.y; out[2] = x.z; out[3] = x.w;"""
    found = run(body, "unsigned int", np.uint32, 4, data=np.array([each for each, _ in cases], np.uint32))
    for row, (_, wanted) in zip(found, cases, strict=False):
        assert [f"{each:08x}" for each in row] == wanted.split()


def test_mrg32k3a_begins_as_lecuyers_package_does(run: Run) -> None:
    found = run("curandStateMRG32k3a_t state; curand_init(0, 0, 0, &state);\n"
                "for (int j = 0; j < count; ++j) out[j] = curand_uniform_double(&state);", "double", np.float64, 5)
    np.testing.assert_allclose(found[0], [0.127011122046577, 0.318527565396794, 0.309186015583270, 0.825846862927114,
                                          0.221629915782023], rtol=1e-12)


# ---- sequences ---------------------------------------------------------------------------------------
@settings(max_examples=12, deadline=None, database=None)
@given(seed=_LONG, subsequence=_LONG, offset=st.integers(0, (1 << 64) - 100))
@example(seed=0, subsequence=0, offset=0)
@example(seed=1234, subsequence=5, offset=(1 << 32) - 10)
def test_generators_start_anywhere_in_their_sequences(run: Run, generator: str, seed: int, subsequence: int,
                                                      offset: int) -> None:
    found = run(drawn(generator), "unsigned int", np.uint32, 6, seed, subsequence, offset)
    for thread in (0, 1, 31, 39):
        raw = GENERATORS[generator](seed, subsequence, offset + thread, 6)
        assert found[thread].tolist() == numbers_of(generator, raw)


def test_skipping_ahead_is_drawing_and_starting_elsewhere(run: Run, generator: str) -> None:
    step = "skipahead_subsequence" if generator == "MRG32k3a" else "skipahead_sequence"
    body = (f"curandState{generator}_t state, other; curand_init(a, 3, i, &state); curand_init(a, 1, 0, &other);\n"
            f"for (int j = 0; j < 5; ++j) curand(&other);\n{step}(2, &other); skipahead(i, &other);\n"
            "skipahead(5, &state); for (int j = 0; j < count; ++j) out[j] = curand(&state) - curand(&other);")
    assert not run(body, "unsigned int", np.uint32, 9, 77).any()


def test_sequences_of_mrg32k3a_are_2_to_the_127_apart(run: Run) -> None:
    body = ("curandStateMRG32k3a_t state, other; curand_init(a, i, 0, &state); other = state;\n"
            "skipahead_sequence(1, &state);\n"
            "for (int j = 0; j < 8; ++j) skipahead_subsequence(1ull << 48, &other);\n"  # 2^127 is 8 * 2^48 * 2^76
            "out[0] = curand(&state) - curand(&other);")
    assert not run(body, "unsigned int", np.uint32, 1, 99).any()


def test_four_numbers_of_philox_are_the_next_four(run: Run) -> None:
    body = """curandStatePhilox4_32_10_t state; curand_init(a, 0, i, &state);
        for (int j = 0; j < count; j += 5) { uint4 x = curand4(&state);
            out[j] = x.x; out[j + 1] = x.y; out[j + 2] = x.z; out[j + 3] = x.w; out[j + 4] = curand(&state); }"""
    found = run(body, "unsigned int", np.uint32, 20, 5)
    for thread in range(8):
        assert found[thread].tolist() == model.philox(5, 0, thread, 20)


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("scramble", [None, 0x9E3779B97F4A7C15])
@pytest.mark.parametrize(("coefficients", "first"), [(0, []), (0, [1]), (1, [1, 3]), (1, [1, 3, 1]), (2, [1, 1, 1])])
def test_sobol_sequences_follow_their_direction_vectors(run: Run, bits: int, scramble: int | None, coefficients: int,
                                                        first: list[int]) -> None:
    vectors = model.directions(bits, coefficients, first)
    word, dtype = ("unsigned int", np.uint32) if bits == 32 else ("unsigned long long", np.uint64)
    name, extra = ("", "") if scramble is None else ("Scrambled", f"({word})b, ")
    body = (f"curandState{name}Sobol{bits}_t state, other; {word} *v = ({word} *)data;\n"
            f"curand_init(v, {extra}({word})a + i, &state); curand_init(v, {extra}0, &other);\n"
            f"skipahead(({word})a, &other); skipahead(({word})i, &other);\n"
            "for (int j = 0; j < count; ++j) { out[j] = curand(&state); if (curand(&other) != out[j]) out[j] = 1; }")
    scrambling = (scramble or 0) & (1 << bits) - 1
    for start in (0, 1000, (1 << bits) - 20):
        found = run(body, word, dtype, 7, start, scramble or 0, data=np.array(vectors, dtype))
        for thread in (0, 1, 38):
            assert found[thread].tolist() == model.sobol(vectors, scrambling, start + thread, 7)


# ---- distributions -----------------------------------------------------------------------------------
def test_uniform_numbers_are_the_bits_between_zero_and_one(run: Run, generator: str) -> None:
    raw = np.array(GENERATORS[generator](9, 0, 0, 200), np.float64)
    single = run(drawn(generator, "curand_uniform(&state)"), "float", np.float32, 200, 9)[0]
    double = run(drawn(generator, "curand_uniform_double(&state)"), "double", np.float64, 100, 9)[0]
    if generator == "MRG32k3a":
        np.testing.assert_array_equal(single, (raw * 2.328306549295728e-10).astype(np.float32))
        np.testing.assert_array_equal(double, raw[:100] * 2.328306549295728e-10)
        return
    np.testing.assert_array_equal(single, raw.astype(np.float32) * np.float32(2.0**-32) + np.float32(2.0**-33))
    words = raw.astype(np.uint64)
    wide = (words[::2] ^ words[1::2] << np.uint64(21)).astype(np.float64)
    np.testing.assert_array_equal(double, wide * 2.0**-53 + 2.0**-54)


def test_uniform_numbers_leave_zero_out_and_take_one_in(run: Run) -> None:
    body = """curandStateSobol32_t s = {}; curandStateSobol64_t t = {};
        s.x = i == 0 ? 0 : ~0u; t.x = i == 0 ? 0 : ~0ull;
        out[0] = curand_uniform(&s); out[2] = curand_uniform(&t);
        s.x = i == 0 ? 0 : ~0u; t.x = i == 0 ? 0 : ~0ull;
        out[1] = curand_uniform_double(&s); out[3] = curand_uniform_double(&t);"""
    found = run(body, "double", np.float64, 4)
    assert found[0].tolist() == [2.0**-33, 2.0**-33, 2.0**-33, 2.0**-54]
    assert found[1].tolist() == [1.0, 1 - 2.0**-33, 1.0, 1 - 2.0**-54]


def pairs(u: np.ndarray) -> np.ndarray:
    """Box and Muller's transform of the rows (radius, turns)."""
    radius, turns = u[:, 0], u[:, 1] * 2 * np.pi
    length = np.sqrt(-2 * np.log(radius))
    return np.stack([np.sin(turns) * length, np.cos(turns) * length], axis=1).ravel()


def test_normal_numbers_come_in_pairs_of_two_uniform_ones(run: Run, generator: str) -> None:
    uniform = run(drawn(generator, "curand_uniform(&state)"), "float", np.float32, 60, 4)[0].astype(np.float64)
    wide = run(drawn(generator, "curand_uniform_double(&state)"), "double", np.float64, 60, 4)[0]
    found = run(drawn(generator, "curand_normal(&state)"), "float", np.float32, 60, 4)[0]
    np.testing.assert_allclose(found, pairs(uniform.reshape(-1, 2)), rtol=2e-5, atol=3e-6)
    found = run(drawn(generator, "curand_normal_double(&state)"), "double", np.float64, 60, 4)[0]
    np.testing.assert_allclose(found, pairs(wide.reshape(-1, 2)), rtol=1e-12, atol=1e-12)
    found = run(drawn(generator, "curand_log_normal(&state, 1.5f, 0.5f)"), "float", np.float32, 60, 4)[0]
    np.testing.assert_allclose(found, np.exp(1.5 + 0.5 * pairs(uniform.reshape(-1, 2))), rtol=2e-5)
    found = run(drawn(generator, "curand_log_normal_double(&state, 1.5, 0.5)"), "double", np.float64, 60, 4)[0]
    np.testing.assert_allclose(found, np.exp(1.5 + 0.5 * pairs(wide.reshape(-1, 2))), rtol=1e-12)


def test_several_numbers_at_once_are_those_one_by_one(run: Run, generator: str) -> None:
    checks = ["curand_normal2(&s); out[0] = both.x == curand_normal(&t) && both.y == curand_normal(&t)",
              "curand_normal2_double(&s); out[1] = both.x == curand_normal_double(&t) && both.y == "
              "curand_normal_double(&t)",
              "curand_log_normal2(&s, 1, 2); out[2] = both.x == curand_log_normal(&t, 1, 2) && both.y == "
              "curand_log_normal(&t, 1, 2)"]
    if generator == "Philox4_32_10":
        for one, arguments in (("uniform", ""), ("normal", ""), ("log_normal", ", 1, 2")):
            for wide in ("", "_double"):
                tests = " && ".join(f"both.{axis} == curand_{one}{wide}(&t{arguments})" for axis in "xyzw")
                checks.append(f"curand_{one}4{wide}(&s{arguments}); out[{len(checks)}] = {tests}")
    body = f"curandState{generator}_t s, t; curand_init(a, i, 0, &s); t = s;\n"
    body += "\n".join(f"{{ auto both = {each}; }}" for each in checks)
    assert run(body, "int", np.int32, len(checks), 8).all()


def test_normal_numbers_of_sobol_sequences_invert_the_distribution(run: Run) -> None:
    for bits, word in ((32, "unsigned int"), (64, "unsigned long long")):
        vectors = np.array(model.directions(bits, 0, []), np.uint32 if bits == 32 else np.uint64)
        start = f"curandStateSobol{bits}_t s; curand_init(({word} *)data, ({word})i, &s);"
        single, double = (run(f"{start} out[0] = curand_normal{wide}(&s);", type_, dtype, 1, threads=512,
                              data=vectors)[:, 0]
                          for wide, type_, dtype in (("", "float", np.float32), ("_double", "double", np.float64)))
        x = np.array(model.sobol(vectors.tolist(), 0, 0, 512), np.float64) * 2.0**-bits
        for found, half, close in ((single, 2.0**-33, 2e-6), (double, 2.0**(-33 if bits == 32 else -54), 1e-9)):
            wanted = [NormalDist().inv_cdf(each + half) for each in x.tolist()]
            np.testing.assert_allclose(found, wanted, rtol=close, atol=close)


def test_samples_have_the_moments_of_their_distributions(run: Run, generator: str) -> None:
    size = 128 * 400
    own = f"curandState{generator}_t state; curand_init(a, i, 0, &state);\nfor (int j = 0; j < count; ++j) out[j] = "
    uniform, normal = (run(f"{own}curand_{which}(&state);", "float", np.float32, 400, 1, threads=128).astype(
        np.float64).ravel() for which in ("uniform", "normal"))
    assert abs(uniform.mean() - 0.5) < 6 * np.sqrt(1 / 12 / size)
    assert abs(uniform.var() - 1 / 12) < 6 * np.sqrt(1 / 180 / size)
    for power, moment in ((1, 0), (2, 1), (3, 0), (4, 3)):
        spread = {1: 1, 2: 2, 3: 15, 4: 96}[power]
        assert abs((normal**power).mean() - moment) < 6 * np.sqrt(spread / size), power


@pytest.mark.parametrize("rate", [0.3, 5.0, 63.5, 64.0, 200.0, 3999.0, 20000.0])
def test_poisson_numbers_have_their_distribution(run: Run, rate: float) -> None:
    body = ("curandState state; curand_init(a, i, 0, &state);\n"
            "for (int j = 0; j < count; ++j) out[j] = curand_poisson(&state, *(const double *)data);")
    found = run(body, "unsigned int", np.uint32, 200, 17, threads=128, data=np.array([rate])).astype(np.float64).ravel()
    size = len(found)
    assert abs(found.mean() - rate) < 6 * np.sqrt(rate / size)
    assert abs(found.var() - rate) < 6 * np.sqrt((2 * rate**2 + rate) / size)
    counts = np.arange(int(rate + 12 * np.sqrt(rate) + 20))
    below = np.cumsum(np.exp([k * log(rate) - rate - lgamma(k + 1) for k in counts]))
    edges = np.unique(np.searchsorted(below, np.linspace(0.02, 0.98, 25)))
    wanted = np.diff([0, *below[edges], 1]) * size
    seen = np.bincount(np.searchsorted(edges, found), minlength=len(wanted))
    assert (((seen - wanted) ** 2) / wanted).sum() < len(wanted) + 8 * np.sqrt(2 * len(wanted))


# ---- the rest ----------------------------------------------------------------------------------------
def test_states_are_as_large_as_documented(run: Run) -> None:
    body = ("out[0] = sizeof(curandState); out[1] = sizeof(curandStatePhilox4_32_10_t);"
            "out[2] = sizeof(curandStateSobol32_t);")
    assert run(body, "int", np.int32, 3)[0].tolist() == [48, 64, 140]


def test_the_mersenne_twister_is_an_error_that_says_so() -> None:
    device = Device(0)
    with pytest.raises(CompileError, match="MTGP32 in kernels is not there"):
        Program(device, f"{HEAD}__global__ void k(curandStateMtgp32_t *s) {{ }}")
    device.close()


@pytest.mark.parametrize("rate", [0.3, 5.0, 200.0, 3999.0])
def test_poisson_numbers_of_sobol_sequences_invert_the_distribution(run: Run, rate: float) -> None:
    vectors = np.array(model.directions(32, 0, []), np.uint32)
    rates = np.frombuffer(vectors.tobytes() + np.float64(rate).tobytes(), np.uint32)
    body = ("curandStateSobol32_t s; curand_init((unsigned int *)data, i, &s);\n"
            "out[0] = curand_poisson(&s, *(const double *)((unsigned int *)data + 32));")
    found = run(body, "unsigned int", np.uint32, 1, threads=512, data=rates)[:, 0]
    counts = np.arange(int(rate + 12 * np.sqrt(rate) + 20))
    below = np.cumsum(np.exp([k * log(rate) - rate - lgamma(k + 1) for k in counts]))
    uniform = np.array(model.sobol(vectors.tolist(), 0, 0, 512), np.float64) * 2.0**-32 + 2.0**-33
    assert (np.abs(found - np.searchsorted(below, uniform).astype(np.int64)) <= (rate > 1000)).all()
    assert np.mean(found == np.searchsorted(below, uniform)) > 0.99
