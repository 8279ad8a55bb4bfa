"""OpenCL as Khronos documents it, bound by cffi when it is first needed: the loader, or a vendor's library directly.

A library is loaded in a child process before it is loaded in this one, because a vendor's driver may crash; what came
of it is kept on disk for as long as the file is the same.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import Any, NamedTuple

from cffi import FFI

from compatlayer.backends.base import BackendError

_DECLARATIONS = """
typedef struct _cl_platform *cl_platform; typedef struct _cl_device *cl_device; typedef struct _cl_context *cl_context;
typedef struct _cl_queue *cl_queue; typedef struct _cl_program *cl_program; typedef struct _cl_kernel *cl_kernel;
typedef struct _cl_event *cl_event; typedef struct _cl_mem *cl_mem;
int clGetPlatformIDs(unsigned, cl_platform *, unsigned *);
int clGetPlatformInfo(cl_platform, unsigned, size_t, void *, size_t *);
int clGetDeviceIDs(cl_platform, uint64_t, unsigned, cl_device *, unsigned *);
int clGetDeviceInfo(cl_device, unsigned, size_t, void *, size_t *);
void *clGetExtensionFunctionAddressForPlatform(cl_platform, const char *);
cl_context clCreateContext(const intptr_t *, unsigned, const cl_device *, void *, void *, int *);
int clReleaseContext(cl_context);
cl_queue clCreateCommandQueueWithProperties(cl_context, cl_device, const uint64_t *, int *);
int clReleaseCommandQueue(cl_queue);
int clFlush(cl_queue);
int clFinish(cl_queue);
cl_program clCreateProgramWithIL(cl_context, const void *, size_t, int *);
cl_program clCreateProgramWithSource(cl_context, unsigned, const char **, const size_t *, int *);
cl_program clCreateProgramWithBinary(cl_context, unsigned, const cl_device *, const size_t *, const unsigned char **,
                                     int *, int *);
int clBuildProgram(cl_program, unsigned, const cl_device *, const char *, void *, void *);
int clGetProgramBuildInfo(cl_program, cl_device, unsigned, size_t, void *, size_t *);
int clGetProgramInfo(cl_program, unsigned, size_t, void *, size_t *);
int clReleaseProgram(cl_program);
cl_kernel clCreateKernel(cl_program, const char *, int *);
int clReleaseKernel(cl_kernel);
int clSetKernelArg(cl_kernel, unsigned, size_t, const void *);
int clSetKernelExecInfo(cl_kernel, unsigned, size_t, const void *);
int clGetKernelWorkGroupInfo(cl_kernel, cl_device, unsigned, size_t, void *, size_t *);
int clEnqueueNDRangeKernel(cl_queue, cl_kernel, unsigned, const size_t *, const size_t *, const size_t *, unsigned,
                           const cl_event *, cl_event *);
int clEnqueueMarkerWithWaitList(cl_queue, unsigned, const cl_event *, cl_event *);
int clEnqueueBarrierWithWaitList(cl_queue, unsigned, const cl_event *, cl_event *);
cl_event clCreateUserEvent(cl_context, int *);
int clSetUserEventStatus(cl_event, int);
int clGetEventInfo(cl_event, unsigned, size_t, void *, size_t *);
int clGetEventProfilingInfo(cl_event, unsigned, size_t, void *, size_t *);
int clWaitForEvents(unsigned, const cl_event *);
int clReleaseEvent(cl_event);
void *clSVMAlloc(cl_context, uint64_t, size_t, unsigned);
void clSVMFree(cl_context, void *);
int clEnqueueSVMMemcpy(cl_queue, unsigned, void *, const void *, size_t, unsigned, const cl_event *, cl_event *);
int clEnqueueSVMMemFill(cl_queue, void *, const void *, size_t, size_t, unsigned, const cl_event *, cl_event *);
typedef void *(*alloc_device_fn)(cl_context, cl_device, const uint64_t *, size_t, unsigned, int *);
typedef void *(*alloc_host_fn)(cl_context, const uint64_t *, size_t, unsigned, int *);
typedef int (*free_fn)(cl_context, void *);
typedef int (*memcpy_fn)(cl_queue, unsigned, void *, const void *, size_t, unsigned, const cl_event *, cl_event *);
typedef int (*memfill_fn)(cl_queue, void *, const void *, size_t, size_t, unsigned, const cl_event *, cl_event *);
"""
_ERRORS = {
    -1: "DEVICE_NOT_FOUND", -2: "DEVICE_NOT_AVAILABLE", -3: "COMPILER_NOT_AVAILABLE",
    -4: "MEM_OBJECT_ALLOCATION_FAILURE", -5: "OUT_OF_RESOURCES", -6: "OUT_OF_HOST_MEMORY",
    -7: "PROFILING_INFO_NOT_AVAILABLE", -11: "BUILD_PROGRAM_FAILURE", -14: "EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST",
    -30: "INVALID_VALUE", -32: "INVALID_PLATFORM", -33: "INVALID_DEVICE", -34: "INVALID_CONTEXT",
    -36: "INVALID_COMMAND_QUEUE", -42: "INVALID_BINARY", -43: "INVALID_BUILD_OPTIONS", -44: "INVALID_PROGRAM",
    -45: "INVALID_PROGRAM_EXECUTABLE", -46: "INVALID_KERNEL_NAME", -48: "INVALID_KERNEL", -49: "INVALID_ARG_INDEX",
    -50: "INVALID_ARG_VALUE", -51: "INVALID_ARG_SIZE", -52: "INVALID_KERNEL_ARGS", -54: "INVALID_WORK_GROUP_SIZE",
    -55: "INVALID_WORK_ITEM_SIZE", -58: "INVALID_EVENT", -59: "INVALID_OPERATION", -61: "INVALID_BUFFER_SIZE",
    -63: "INVALID_GLOBAL_WORK_SIZE", -1001: "PLATFORM_NOT_FOUND_KHR",
}  # fmt: skip
NO_PLATFORM = -1001
_PROBE = """
import ctypes, sys
library = ctypes.CDLL(sys.argv[1])
count = ctypes.c_uint()
library.clGetPlatformIDs(0, None, ctypes.byref(count))
platforms = (ctypes.c_void_p * max(count.value, 1))()
if count.value:
    library.clGetPlatformIDs(count, platforms, None)
for platform in platforms[:count.value]:
    devices = (ctypes.c_void_p * 64)()
    library.clGetDeviceIDs(ctypes.c_void_p(platform), ctypes.c_ulong(0xFFFFFFFF), 64, devices, ctypes.byref(count))
sys.stdout.write("fine")
sys.stdout.flush()
"""
_PROBE_S = 60


class Found(NamedTuple):
    """What came of a library: `problem` is empty, or one sentence."""

    path: str
    problem: str


@cache
def ffi() -> Any:
    """The declarations; reading them takes some milliseconds."""
    made = FFI()
    made.cdef(_DECLARATIONS)
    return made


@cache
def load(path: str) -> Any:
    """The library at `path`, which stays loaded. Raises OSError."""
    return ffi().dlopen(path)


def check(status: int, what: str) -> None:
    """Raise what a status of OpenCL's means."""
    if status < 0:
        raise BackendError(f"{what}: OpenCL answered {told(status)}")


def told(status: int) -> str:
    """A status with its name."""
    return f"{status} (CL_{_ERRORS[status]})" if status in _ERRORS else str(status)


def candidates() -> list[str]:
    """Where OpenCL may be: what COMPATLAYER_OPENCL names, the loader, and the library of Intel's wheel."""
    chosen = os.environ.get("COMPATLAYER_OPENCL")
    if chosen:
        return [each for each in chosen.split(os.pathsep) if each]
    found = ["libOpenCL.so.1"]
    packages = [os.path.abspath(os.path.join(each, "..", "..", "..")) for each in sys.path
                if each.endswith("-packages")]
    for folder in dict.fromkeys((sys.prefix, *packages)):
        path = os.path.join(folder, "lib", "libintelocl.so")
        if os.path.exists(path):
            found.append(path)
    return found


@cache
def look() -> tuple[Found, ...]:
    """Every candidate that is installed."""
    found = []
    for path in candidates():
        real = _file_of(path)
        if real is not None:
            found.append(Found(path, _probe(path, real)))
        elif os.sep in path or os.environ.get("COMPATLAYER_OPENCL"):
            found.append(Found(path, f"{path} cannot be loaded: no such library"))
    return tuple(found)


def _file_of(path: str) -> str | None:
    if os.sep in path:
        return path if os.path.exists(path) else None
    from ctypes.util import find_library

    name = path.removeprefix("lib").partition(".so")[0]
    for folder in ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib",
                   "/usr/local/lib", *os.environ.get("LD_LIBRARY_PATH", "").split(":")):
        if folder and os.path.exists(os.path.join(folder, path)):
            return os.path.join(folder, path)
    return find_library(name)


def _probe(path: str, real: str) -> str:
    """Load the library in a child process; what is wrong with it, or nothing."""
    import subprocess

    from compatlayer.compiler.image import keep_for_driver, kept_by_driver
    from compatlayer.digest import key as key_of

    state = ""
    try:
        facts = os.stat(real)
        state = f"{os.path.realpath(real)} {facts.st_size} {facts.st_mtime_ns}"
    except OSError:
        pass
    icd = [os.environ.get(name, "") for name in ("OCL_ICD_VENDORS", "OCL_ICD_FILENAMES", "LD_LIBRARY_PATH")]
    key = key_of("opencl probe 1", _PROBE, state, *icd)
    kept = kept_by_driver(key) if state else None
    if kept is not None:
        return kept.decode("utf-8", "replace")
    try:
        done = subprocess.run([sys.executable, "-I", "-S", "-c", _PROBE, path], capture_output=True, timeout=_PROBE_S,
                              check=False)
        problem = "" if done.stdout.endswith(b"fine") else _why(path, done.returncode, done.stderr)
    except subprocess.TimeoutExpired:
        return f"{path} did not answer within {_PROBE_S} s"
    except OSError as error:
        return f"{path} could not be tried in a process of its own: {error.strerror}"
    if state and not problem:
        keep_for_driver(key, b"")
    return problem


def _why(path: str, status: int, errors: bytes) -> str:
    if status < 0:
        import signal

        return f"{path} crashed with {signal.Signals(-status).name} when it was loaded in a process of its own"
    lines = errors.decode("utf-8", "replace").strip().splitlines()
    return f"{path} cannot be loaded: {lines[-1] if lines else f'its process ended with status {status}'}"
