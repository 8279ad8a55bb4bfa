"""CUDA snippets that cover what clang emits, and a way to run entries one thread at a time."""

from __future__ import annotations

import ctypes
import functools
import tempfile
from collections.abc import Sequence
from pathlib import Path

from compatlayer.compiler import compile_cuda
from compatlayer.compiler.image import DeviceCode
from compatlayer.compiler.passes.contract import FIELDS
from compatlayer.compiler.targets import cpu

SNIPPETS: dict[str, str] = {
    "control_flow": """
extern "C" __global__ void k(const int *x, int *y, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    int v = x[i], acc = 0;
    for (int a = 0; a < v % 7; a++) {
        if (a == 3 && v % 2) continue;
        for (int b = 0; b < 10; b++) { if ((a * b + v) % 5 == 4) break; if (acc > 200) goto done; acc += a * b; }
    }
done:
    y[i] = acc;
}""",
    "switch": """
extern "C" __global__ void k(int *p, int n) {
    switch (n) {
    case 1: p[0] = 1; break;
    case 7: p[0] = 3;
    case 100: p[1] = 4; break;
    case -5: p[2] = 9; break;
    case 12: p[7] = p[1] / 3; break;
    default: p[3] = 5;
    }
}""",
    "vectors": """
typedef float v4 __attribute__((ext_vector_type(4)));
typedef int i4 __attribute__((ext_vector_type(4)));
extern "C" __global__ void k(v4 *p, i4 *q, int n) {
    v4 a = p[0] * p[1] + p[2].wzyx;
    p[3] = a;
    q[2] = q[0] / q[1];
    q[3] = __builtin_convertvector(a, i4);
    q[n] = q[0] > q[1];
    q[1][n] = 3;
}""",
    "structs": """
struct Inner { char c; double d; };
struct Outer { Inner in[2]; float4 f; short s; };
__device__ __noinline__ Outer make(Inner a, int i) { Outer o = {}; o.in[i & 1] = a; o.s = i; return o; }
extern "C" __global__ void k(Outer o, Outer *p, int i) { p[0] = o; o.s += 1; p[1] = make(o.in[0], i); p[2] = o; }""",
    "atomics": """
extern "C" __global__ void k(int *i, unsigned *u, float *f, double *d, unsigned long long *l, unsigned short *s) {
    atomicInc(u, 7); atomicDec(u + 1, 7); f[1] = atomicAdd(f, 1.f); d[1] = atomicAdd(d, 2.);
    l[1] = atomicCAS(l, 1ull, 2ull); i[1] = atomicExch(i, 3); atomicMax(i + 2, 5); atomicAnd(u + 2, 3u);
    __atomic_fetch_add(s, 1, __ATOMIC_SEQ_CST);
    __scoped_atomic_fetch_max(f + 2, 3.f, __ATOMIC_RELAXED, __MEMORY_SCOPE_SYSTEM);
    __atomic_store_n(i, 4, __ATOMIC_RELEASE);
    i[3] = __atomic_load_n(i, __ATOMIC_ACQUIRE);
    __threadfence_block(); __threadfence_system();
}""",
    "function_pointers": """
__device__ __noinline__ int twice(int x) { return 2 * x; }
__device__ __noinline__ int next(int x) { return x + 1; }
__device__ int (*table[2])(int) = {twice, next};
extern "C" __global__ void k(int *p, int n) { p[0] = table[n & 1](p[1]); }""",
    "virtual_calls": """
struct Shape { virtual __device__ int area(int) = 0; };
struct Square : Shape { __device__ int area(int x) override { return x * x; } };
struct Line : Shape { int n; __device__ int area(int x) override { return x * n; } };
extern "C" __global__ void k(int *p, int n) {
    Square a; Line b; b.n = n;
    Shape *both[2] = {&a, &b};
    p[0] = both[n & 1]->area(p[1]);
}""",
    "recursion": """
__device__ __noinline__ int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
extern "C" __global__ void k(int *p) { p[0] = fib(p[1]); }""",
    "printing": """
extern "C" __global__ void k(int n) { printf("%d %f %s\\n", n, 1.5, "text"); assert(n > 3); }""",
    "half": """
extern "C" __global__ void k(_Float16 *h, __bf16 *b, float x) {
    h[0] = (_Float16)x; h[1] = h[0] * h[2] + h[3]; b[0] = (__bf16)x; x = h[1]; h[5] = x > 1 ? h[1] : h[2];
}""",
    "wide_integers": """
extern "C" __global__ void k(__int128 *p) { p[2] = p[0] * p[1] + 1; p[3] = p[0] >> 3; p[4] = p[0] < p[1]; }""",
    "inline_ptx": """
extern "C" __global__ void k(unsigned *p) {
    unsigned lane, bit;
    asm volatile("mov.u32 %0, %%laneid;" : "=r"(lane));
    asm("bfind.u32 %0, %1;" : "=r"(bit) : "r"(p[0]));
    asm volatile("" ::: "memory");
    p[1] = lane; p[2] = bit;
}""",
    "shared_memory": """
__shared__ int fixed[10];
extern __shared__ double dynamic[];
__device__ int *kept[3];
extern "C" __global__ void k(int *p) {
    kept[0] = &fixed[3];
    fixed[p[1]] = dynamic[p[0]];
    __syncthreads();
    p[3] = *kept[0];
    unsigned a = (unsigned)__cvta_generic_to_shared(&fixed[2]);
    p[4] = a;
    p[5] = *(int *)__cvta_shared_to_generic(a);
}""",
    "constants": """
__constant__ float weights[5] = {1, 2, 3};
struct Record { int a; const char *name; };
__device__ Record record = {7, "seven"};
extern "C" __global__ void k(float *p, int i) { p[0] = weights[i] + record.a; p[1] = record.name[i]; }""",
    "warps": """
extern "C" __global__ void k(int *p, float *f) {
    int v = p[threadIdx.x];
    for (int o = 16; o; o >>= 1) v += __shfl_down_sync(~0u, v, o);
    f[0] = __shfl_xor_sync(~0u, f[1], 3);
    p[0] = v + __ballot_sync(~0u, v & 1) + __any_sync(~0u, v) + __match_any_sync(~0u, v) + __syncthreads_count(v);
}""",
    "intrinsics": """
extern "C" __global__ void k(int *p, float *f, double *d) {
    p[0] = __popc(p[1]) + __clz(p[2]) + __brev(p[3]) + __byte_perm(p[4], p[5], p[6]) + __mulhi(p[7], p[8]);
    f[0] = __fmaf_rn(f[1], f[2], f[3]) + __fadd_rz(f[4], f[5]) + sinf(f[6]) + fminf(f[7], f[8]);
    d[0] = __dsqrt_rn(d[1]) + pow(d[2], d[3]);
    p[9] = __float2int_rn(f[9]) + (int)f[10] + (int)d[4];
    __builtin_assume(p[0] > 3);
    if (p[10] > 100) __trap();
    int *q = (int *)__builtin_assume_aligned(p, 64);
    q[11] = clock64();
}""",
}


@functools.cache
def compiled(name: str) -> DeviceCode:
    """A snippet's device code."""
    return device_code(SNIPPETS[name])


def device_code(source: str, *options: str) -> DeviceCode:
    return compile_cuda(source, "snippet.cu", ["--gpu-architecture=sm_86", "--device-int128", *options])


def library_bytes(code: DeviceCode, skip: Sequence[str] = ()) -> bytes:
    """The shared object of `code`, with some passes left out."""
    text, _, _ = cpu.lower(code, frozenset(skip))
    with tempfile.TemporaryDirectory() as folder:
        return cpu.assemble(text, Path(folder))


class Threads:
    """Runs an entry for a number of threads, one after the other; no call of the runtime may be needed."""

    def __init__(self, library: Path) -> None:
        runtime = cpu.runtime_path()
        if runtime is not None:
            ctypes.CDLL(str(runtime))
        self.library = ctypes.CDLL(str(library))

    def run(self, kernel: str, arguments: bytes, threads: int, shared_bytes: int = 0) -> None:
        entry = self.library[f"cpl.entry.{kernel}"]
        entry.argtypes, entry.restype = [ctypes.c_void_p, ctypes.c_char_p], None
        shared = ctypes.create_string_buffer(shared_bytes + 128)
        base = -(-ctypes.addressof(shared) // 128) * 128
        for index in range(threads):
            thread = (ctypes.c_uint64 * 64)()
            words = ctypes.cast(thread, ctypes.POINTER(ctypes.c_uint32))
            for field, value in {"thread.x": index, "lane": index % 32, "warp": index // 32, "block_size.x": threads,
                                 "block_size.y": 1, "block_size.z": 1, "grid_size.x": 1, "grid_size.y": 1,
                                 "grid_size.z": 1}.items():
                words[FIELDS[field] // 4] = value
            thread[FIELDS["shared"] // 8] = base
            entry(ctypes.addressof(thread), arguments)
