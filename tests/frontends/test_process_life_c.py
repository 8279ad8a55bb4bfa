"""Programs in C, with no Python in them, that link or open our libcuda.so.1."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from c_compiler import compile_c

from compatlayer.launcher import environment, libraries

INCLUDE = environment.toolkit_folder()

PROGRAM = r"""
#include <cuda.h>
#include <stdio.h>
#include <string.h>
#define CHECK(call) \
    do { CUresult status = call; if (status) { printf("%s: %d\n", #call, status); return 1; } } while (0)
int main(void) {
    int count = 0, values[16], index;
    CUdevice device; CUcontext context; CUdeviceptr memory;
    CHECK(cuInit(0));
    CHECK(cuDeviceGetCount(&count));
    CHECK(cuDeviceGet(&device, 0));
    CHECK(cuDevicePrimaryCtxRetain(&context, device));
    CHECK(cuCtxSetCurrent(context));
    CHECK(cuMemAlloc(&memory, sizeof values));
    CHECK(cuMemsetD32(memory, 7, 16));
    CHECK(cuMemcpyDtoH(values, memory, sizeof values));
    for (index = 0; index < 16; index++) if (values[index] != 7) return 2;
    CHECK(cuMemFree(memory));
    printf("%d device, values right\n", count);
    return 0;
}
"""


def build(folder: Path, *flags: str, source: str = PROGRAM) -> Path:
    return compile_c(source, folder / "program", f"-I{INCLUDE}/include", *flags)


def run(path: Path, **extra: str) -> subprocess.CompletedProcess[str]:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("COMPATLAYER_A")}
    variables["LD_LIBRARY_PATH"] = libraries.FOLDER
    return subprocess.run([str(path)], capture_output=True, text=True, timeout=60, env={**variables, **extra})


def succeeded_or_said_why(done: subprocess.CompletedProcess[str]) -> None:
    """An embedded interpreter served it, or the first call said in one sentence why not."""
    if done.returncode == 0:
        assert "values right" in done.stdout
    else:
        assert "cuInit(0): 801" in done.stdout, done
        assert done.stderr.count("\n") == 1 and "Python" in done.stderr, done


def test_a_linked_program_gets_devices_or_one_sentence(tmp_path: Path) -> None:
    succeeded_or_said_why(run(build(tmp_path, f"-L{libraries.FOLDER}", "-l:libcuda.so.1")))


def test_a_program_that_opens_the_library_gets_devices_or_one_sentence(tmp_path: Path) -> None:
    source = r"""
#include <dlfcn.h>
#include <stdio.h>
int main(void) {
    void *library = dlopen("libcuda.so.1", RTLD_NOW);
    int (*init)(unsigned) = library ? (int (*)(unsigned))dlsym(library, "cuInit") : 0;
    int (*get_count)(int *) = library ? (int (*)(int *))dlsym(library, "cuDeviceGetCount") : 0;
    int status, count = 0;
    if (!init || !get_count) return 3;
    status = init(0);
    if (status) { printf("cuInit(0): %d\n", status); return 1; }
    if (get_count(&count) || count < 1) return 2;
    printf("values right\n");
    return 0;
}
"""
    succeeded_or_said_why(run(build(tmp_path, "-ldl", source=source)))
