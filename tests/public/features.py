"""Counts which features of the device language public CUDA programs use, and which programs use only what is there.

    COMPATLAYER_PUBLIC=checkouts python tests/public/features.py [--programs]

By text search, comments left out; a program is a folder of a checkout (llm.c: a file). A program's inline PTX counts by
the names of its instructions, which are looked up in the compiler's table. With --programs, names what is missing of
which.
"""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from compatlayer.compiler.passes.ptx_table import TABLE

PUBLIC = Path(os.environ.get("COMPATLAYER_PUBLIC", "."))
PROGRAMS = {"zjin-lcf+HeCBench": "src/*-cuda", "yuhc+gpu-rodinia": "cuda/*", "NVIDIA+cuda-samples": "Samples/*/*",
            "sgrauerg+polybenchGpu": "CUDA/*/*", "karpathy+llm.c": "dev/cuda/*.cu"}
_KERNELS = "\0"  # before a pattern that is sought in each function of the device
SUFFIXES = (".cu", ".cuh", ".h", ".hpp", ".inl", ".cpp")


class Feature(NamedTuple):
    """What programs use: `pattern` finds it; `there`: whether kernels of ours may."""

    name: str
    pattern: str
    there: bool = True


FEATURES = tuple(Feature(*each) for each in (
    ("__syncthreads", r"\b__syncthreads\s*\("),
    ("__syncthreads_count, _and, _or", r"\b__syncthreads_(count|and|or)\b"),
    ("static shared memory", r"(?<!extern )\b__shared__\b"),
    ("dynamic shared memory", r"\bextern\s+(__shared__|__align__|alignas)|\bextern\b[^;\n]*\b__shared__"),
    ("templates on kernels", r"template\s*<[^;{]*>\s*(static\s+|inline\s+)*__global__"
                             r"|template\s*<[^;{]*>\s*__launch_bounds__"),
    ("__launch_bounds__", r"\b__launch_bounds__\b"),
    ("atomics", r"\batomic(Add|Sub|Exch|Min|Max|Inc|Dec|CAS|And|Or|Xor)(_block|_system)?\s*\("),
    ("__constant__", r"\b__constant__\b"),
    ("__managed__", r"\b__managed__\b"),
    ("cooperative groups", r"\bcooperative_groups\b"),
    ("cooperative groups: reduce, scan", r"\bcg::(reduce|inclusive_scan|exclusive_scan)\b"
                                         r"|cooperative_groups/(reduce|scan)\.h"),
    ("cooperative groups: grid", r"\bthis_grid\s*\(|\bgrid_group\b"),
    ("cooperative groups: memcpy_async", r"cooperative_groups/memcpy_async\.h|\bcg::memcpy_async\b"),
    ("shuffles", r"\b__shfl(_up|_down|_xor)?_sync\b"),
    ("shuffles without a mask", r"\b__shfl(_up|_down|_xor)?\s*\("),
    ("votes, matches", r"\b__(all|any|ballot|uni|match_any|match_all)_sync\b|\b__activemask\b"
                       r"|\b__(all|any|ballot)\s*\("),
    ("__reduce_*_sync", r"\b__reduce_\w+_sync\b"),
    ("__syncwarp", r"\b__syncwarp\b"),
    ("bit intrinsics", r"\b__(popc|popcll|clz|clzll|ffs|ffsll|brev|brevll|byte_perm|funnelshift_\w+)\s*\("),
    ("rounding and fast intrinsics", r"\b__(f|d)(add|sub|mul|ma|div|sqrt|rcp)_r[nzud]\b"
                                     r"|\b__(exp|log|sin|cos|tan|pow|fdivide)\w*f\b"),
    ("dp4a, dp2a, SIMD in a word", r"\b__dp[24]a\b|\b__v(add|sub|abs|max|min|set|cmp)\w*[24]\b"),
    ("__ldg and cached loads and stores", r"\b__(ldg|ldcs|ldca|ldcg|ldcv|stcs|stcg|stwb|stwt)\s*\("),
    ("fences", r"\b__threadfence(_block|_system)?\b"),
    ("half", r"\b__half2?\b|\bhalf2?\b(?=\s+\w+\s*[;=,)\[])|cuda_fp16\.h"),
    ("bfloat16", r"\b__nv_bfloat16\w*|cuda_bf16\.h"),
    ("fp8", r"\b__nv_fp8\w*|cuda_fp8\.h"),
    ("fp6, fp4", r"\b__nv_fp[64]\w*|cuda_fp[64]\.h"),
    ("__int128", r"\b__int128\b"),
    ("cuComplex", r"\bcu(Double|Float)?Complex\b"),
    ("printf in kernels", _KERNELS + r"\bprintf\s*\("),
    ("assert in kernels", _KERNELS + r"\bassert\s*\("),
    ("clocks, __nanosleep", r"\bclock64\s*\(|\b__nanosleep\b|\bglobaltimer\b"),
    ("new, malloc in kernels", _KERNELS + r"(\bmalloc\s*\(|=\s*new\s)"),
    ("function pointers of the device", r"__device__[^;(){}]*\(\s*\*\s*\w+\s*\)\s*\("),
    ("dynamic parallelism", _KERNELS + r"<<<"),
    ("texture objects", r"\bcudaTextureObject_t\b"),
    ("texture references", r"\btexture\s*<", False),
    ("surfaces", r"\bcudaSurfaceObject_t\b|\bsurf[123]D\w*\s*[<(]"),
    ("surface references", r"\bsurface\s*<", False),
    ("wmma", r"\bwmma::"),
    ("wmma of 4 or 1 bit", r"experimental::precision|\bbmma_sync\b", False),
    ("random numbers in kernels", r"\bcurand_(init|uniform|normal|log_normal|poisson)\w*\s*\("),
    ("MTGP32 in kernels", r"\bcurandStateMtgp32", False),
    ("cub in kernels", r"\bcub::(Block|Warp)\w+"),
    ("cuda::atomic, cuda::barrier, cuda::std", r"\bcuda::(atomic|barrier|pipeline|std|memcpy_async|atomic_ref)\b"),
    ("inline PTX", r"\basm\s*(volatile|__volatile__)?\s*\("),
    ("clusters of several blocks", r"__cluster_dims__|\bcluster_group\b|\bthis_cluster\b"
                                   r"|cudaLaunchAttributeClusterDimension", False),
    ("several devices in one grid", r"\bmulti_grid_group\b|\bthis_multi_grid\b"
                                    r"|cudaLaunchCooperativeKernelMultiDevice", False),
    ("waiting for children in kernels", _KERNELS + r"<<<[^\0]*\bcudaDeviceSynchronize\s*\(", False),
    ("tensor maps, bulk copies, wgmma", r"\bCUtensorMap\b|cp\.async\.bulk|\bwgmma\b|\btcgen05\b|cuda/ptx|cuda::ptx",
     False),
))  # fmt: skip
_COMMENT = re.compile(r"""//[^\n]*|/\*.*?\*/|("(?:\\.|[^"\\\n])*")""", re.DOTALL)
_ASSEMBLY = re.compile(r'\basm\s*(?:volatile|__volatile__)?\s*\(((?:\s*"(?:\\.|[^"\\])*")+)')
_STRING = re.compile(r'"((?:\\.|[^"\\])*)"')
_HOST = frozenset(("mrc", "rdtsc", "sethi"))  # of host code: clocks of ARM, x86 and SPARC
_DIRECTIVE = re.compile(r"^(\.|\$|[\w$]+:)")


def programs() -> Iterator[tuple[str, str]]:
    """Each program's name and the text of its files."""
    for checkout, pattern in PROGRAMS.items():
        for place in sorted((PUBLIC / checkout).glob(pattern)):
            files = [place] if place.is_file() else [each for each in place.rglob("*") if each.suffix in SUFFIXES]
            if any(each.suffix == ".cu" for each in files):
                text = "\n".join(each.read_text(encoding="utf-8", errors="replace") for each in sorted(files))
                yield str(place.relative_to(PUBLIC)), _COMMENT.sub(lambda found: found[1] or " ", text)


def device_functions(text: str) -> str:
    """The bodies of what is marked __device__ or __global__, each after a \\0."""
    found: list[str] = []
    for mark in re.finditer(r"__(?:global|device)__[^;{]*\{", text):
        depth, end = 1, mark.end()
        for brace in re.finditer(r"[{}]", text[mark.end() :]):
            depth += 1 if brace[0] == "{" else -1
            end = mark.end() + brace.end()
            if depth == 0 or text[mark.end() + brace.start() - 1 :].startswith("\n}"):  # or a branch of #if hid one
                break
        found.append(text[mark.end() : end])
    return "".join("\0" + each for each in found)


def uses_feature(feature: Feature, text: str, functions: str) -> bool:
    """Whether a program does, by its text and that of its functions of the device."""
    if feature.pattern.startswith(_KERNELS):
        return re.search(feature.pattern.removeprefix(_KERNELS), functions) is not None
    return re.search(feature.pattern, text) is not None


def instructions(text: str) -> set[str]:
    """The names of a program's inline PTX instructions, without their modifiers."""
    found: set[str] = set()
    for assembly in _ASSEMBLY.findall(text):
        body = "".join(_STRING.findall(assembly)).replace("\\n", "\n").replace("\\t", " ")
        for statement in re.split(r"[;{}\n]", re.sub(r"\{[^{};]*\}", "", body)):
            words = statement.strip().split(None, 1)
            if words and words[0].startswith("@"):
                words = words[1].split(None, 1) if len(words) > 1 else []
            if words and not _DIRECTIVE.match(words[0]):
                found.add(words[0].split(".")[0])
    return {each for each in found if re.fullmatch(r"[a-z]\w*", each) and each not in _HOST}


def main() -> None:
    """Prints a line for each feature, and the programs that use only what is there."""
    uses: Counter[str] = Counter()
    names: Counter[str] = Counter()
    lacking: dict[str, list[str]] = {}
    count = 0
    for program, text in programs():
        if "__global__" not in text:
            continue
        count += 1
        lacks, functions = [], device_functions(text)
        for feature in FEATURES:
            if uses_feature(feature, text, functions):
                uses[feature.name] += 1
                if not feature.there:
                    lacks.append(feature.name)
        ptx = instructions(text)
        names.update(ptx)
        lacks += [f"PTX {each}" for each in sorted(ptx) if each not in TABLE]
        if lacks:
            lacking[program] = lacks
    for feature in FEATURES:
        print(f"{uses[feature.name]:4} {'yes' if feature.there else 'no ':3} {feature.name}")
    print("PTX:", *(f"{name} {times}" for name, times in names.most_common()))
    print(f"{count - len(lacking)} of {count} programs ({1 - len(lacking) / max(1, count):.1%}) use only what is there")
    if "--programs" in sys.argv:
        print(*(f"{program}: {', '.join(lacks)}" for program, lacks in lacking.items()), sep="\n")


if __name__ == "__main__":
    main()
