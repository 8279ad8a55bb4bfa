"""The module fuzzer: damaged images of every form, given to every function that loads or links code.

    python tests/fuzz/fuzz_modules.py --images 20000 --seed 1

Each damaged image must be refused with an error that is documented for it, or load and then compute what the intact one
does. It lies at the end of mapped memory, so reading past it is noticed. PTX text and images with checksums forged to
fit their damage are each a program of its own: they may compute anything, fault, or never end (COMPATLAYER_WATCHDOG_S
ends them), but their launch must answer with what CUDA documents, and afterwards the device must compute. A child that
crashes or hangs is named with the image that did it.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import mmap
import os
import random
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE)]

from fuzz_damage import DAMAGES, forged  # noqa: E402

HANG_S = 60.0
# OUT_OF_MEMORY, INVALID_VALUE, NO_BINARY_FOR_GPU, INVALID_PTX, UNSUPPORTED_PTX_VERSION, INVALID_SOURCE, FILE_NOT_FOUND,
# SHARED_OBJECT_SYMBOL_NOT_FOUND, SHARED_OBJECT_INIT_FAILED, NOT_SUPPORTED, INVALID_IMAGE, NOT_FOUND
REFUSALS = {1, 2, 200, 209, 218, 222, 300, 301, 302, 303, 500, 801}
# What a launch of a program that nobody wrote may come to: OUT_OF_MEMORY, INVALID_VALUE, NO_BINARY_FOR_GPU,
# INVALID_PTX, UNSUPPORTED_PTX_VERSION, INVALID_HANDLE, ILLEGAL_ADDRESS, LAUNCH_OUT_OF_RESOURCES, LAUNCH_TIMEOUT,
# ASSERT, HARDWARE_STACK_ERROR, ILLEGAL_INSTRUCTION, MISALIGNED_ADDRESS, LAUNCH_FAILED, NOT_SUPPORTED
ENDINGS = {0, 1, 2, 209, 218, 222, 400, 700, 701, 702, 710, 714, 715, 716, 719, 801}
WATCHDOG_S = "0.5"
FORMS = ("CUBIN", "PTX", "LTOIR")
COUNT = 64
PLAIN_PTX = "foreign PTX"  # without an image of ours in it: the text is what runs


def damaged(rng: random.Random, images: dict[str, bytes]) -> tuple[bytes, bool]:
    """A damaged image, and whether it may be a program of its own: text, or its checksum was forged."""
    rare = [name.startswith("foreign") and name != PLAIN_PTX for name in images]
    form = rng.choices(list(images), [1 if each else 6 for each in rare])[0]
    image = images[form]
    if form in ("CUBIN", "LTOIR") and rng.randrange(8) == 0:
        made = forged(rng, image)
        return made, True
    data = bytearray(image)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        if data:
            rng.choice(DAMAGES)(rng, data)
    return bytes(data), form.endswith("PTX")


def intact_images() -> dict[str, bytes]:
    from fuzz_image import compile_image

    images = {
        "CUBIN": compile_image(),
        "PTX": compile_image(form="PTX"),
        "LTOIR": compile_image(SOURCE_LTO, "LTOIR", b"-dlto"),
    }
    plain = images["PTX"].split(b"// compatlayer-image")[0] + b"\0"
    images[PLAIN_PTX] = plain
    images["foreign ELF"] = (
        b"\x7fELF\x02\x01\x01\x33\x07" + bytes(7) + struct.pack("<HHIQQQ", 2, 190, 1, 0, 64, 128) + bytes(200)
    )
    images["foreign fatbin"] = struct.pack("<IHHQ", 0xBA55ED50, 1, 16, 400) + bytes(400)
    images["foreign wrapper"] = struct.pack("<IIQQ", 0x466243B1, 1, 0, 0)
    return images


SOURCE_LTO = b"""
extern "C" __global__ void add_one(unsigned *p, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        p[i] += 1;
}
"""


# ---- the child -------------------------------------------------------------------------------------------------
class Loader:
    """Gives images to the driver in every way there is."""

    def __init__(self, folder: Path, intact: bytes) -> None:
        import compatlayer

        self.intact, self.endings = intact, Counter[int]()

        self.c: Any = ctypes.CDLL(str(Path(compatlayer.__file__).parent / "_lib" / "libcuda.so.1"))
        self.folder = folder
        self.context, self.memory = ctypes.c_void_p(), ctypes.c_void_p()
        assert self.c.cuInit(0) == 0
        self.open()
        libc = ctypes.CDLL(None, use_errno=True)
        libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
        self.room = mmap.mmap(-1, (1 << 20) + mmap.PAGESIZE)
        self.start = ctypes.addressof(ctypes.c_char.from_buffer(self.room))
        assert libc.mprotect(self.start + (1 << 20), mmap.PAGESIZE, 0) == 0

    def open(self) -> None:
        assert self.c.cuDevicePrimaryCtxRetain(ctypes.byref(self.context), 0) == 0
        assert self.c.cuCtxSetCurrent(self.context) == 0
        assert self.c.cuMemAlloc_v2(ctypes.byref(self.memory), ctypes.c_size_t(4 * COUNT)) == 0

    def place(self, data: bytes) -> ctypes.c_void_p:
        """The data right before memory that cannot be read."""
        data = data[: 1 << 20]
        self.room[(1 << 20) - len(data) : 1 << 20] = data
        return ctypes.c_void_p(self.start + (1 << 20) - len(data))

    def load(self, rng: random.Random, data: bytes, is_program: bool) -> int:
        """Load and launch it; what the load answered. A program of its own may do what it likes."""
        way = rng.randrange(6)
        if way == 0:
            return self._library(data, is_program)
        if way == 1:
            return self._link(rng, data)
        module = ctypes.c_void_p()
        if way == 2:
            path = self.folder / "image"
            path.write_bytes(data)
            status = self.c.cuModuleLoad(ctypes.byref(module), bytes(path))
        elif way == 3:
            status = self._with_options(module, data)
        else:
            status = self.c.cuModuleLoadData(ctypes.byref(module), self.place(data))
        if status == 0:
            faulted = self._try(module) if is_program else self._use(module)
            assert faulted or self.c.cuModuleUnload(module) == 0, "a module that was loaded cannot be unloaded"
        return int(status)

    def _with_options(self, module: ctypes.c_void_p, data: bytes) -> int:
        log = ctypes.create_string_buffer(512)
        values = (ctypes.c_void_p * 2)(ctypes.addressof(log), 512)
        status = self.c.cuModuleLoadDataEx(ctypes.byref(module), self.place(data), 2, (ctypes.c_int * 2)(5, 6), values)
        assert status == 0 or 0 < (values[1] or 0) < 512, "a refusal without a text in the log"
        return int(status)

    def _library(self, data: bytes, is_program: bool) -> int:
        library, module = ctypes.c_void_p(), ctypes.c_void_p()
        status = self.c.cuLibraryLoadData(ctypes.byref(library), self.place(data), None, None, 0, None, None, 0)
        if status == 0:
            status = self.c.cuLibraryGetModule(ctypes.byref(module), library)
            if status == 0:
                self._try(module) if is_program else self._use(module)
            assert self.c.cuLibraryUnload(library) == 0
        return int(status)

    def _link(self, rng: random.Random, data: bytes) -> int:
        linker, module, image, size = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_size_t()
        assert self.c.cuLinkCreate_v2(0, None, None, ctypes.byref(linker)) == 0
        kind = rng.choice((0, 1, 1, 2, 4, 5, 6, 77))
        status = self.c.cuLinkAddData_v2(
            linker, kind, self.place(data), ctypes.c_size_t(len(data)), b"it", 0, None, None
        )
        if status == 0:
            status = self.c.cuLinkComplete(linker, ctypes.byref(image), ctypes.byref(size))
        if status == 0:
            status = self.c.cuModuleLoadData(ctypes.byref(module), image)
            if status == 0:
                assert self.c.cuModuleUnload(module) == 0
        assert self.c.cuLinkDestroy(linker) == 0
        return int(status)

    def _try(self, module: ctypes.c_void_p) -> bool:
        """Launch each kernel of a program that nobody wrote; True when that cost the context, which is new now."""
        count = ctypes.c_uint()
        assert self.c.cuModuleGetFunctionCount(ctypes.byref(count), module) == 0
        kernels = (ctypes.c_void_p * max(1, count.value))()
        assert self.c.cuModuleEnumerateFunctions(kernels, count.value, module) == 0
        number = ctypes.c_int(COUNT)
        arguments = (ctypes.c_void_p * 16)(*[ctypes.addressof(self.memory), *[ctypes.addressof(number)] * 15])
        for kernel in kernels[: count.value]:
            if self._takes_too_much(kernel):
                continue
            status = self.c.cuLaunchKernel(ctypes.c_void_p(kernel), 1, 1, 1, COUNT, 1, 1, 0, None, arguments, None)
            assert status in ENDINGS, f"a launch answers {status}"
            status = self.c.cuCtxSynchronize()
            assert status in ENDINGS, f"the work of a launch answers {status}"
            self.endings[status] += 1
            if status:
                self._start_again()
                return True
        return False

    def _takes_too_much(self, kernel: int) -> bool:
        """Whether a kernel wants parameters that the launch does not have: a launch would read past the list's end."""
        offset, size = ctypes.c_size_t(), ctypes.c_size_t()
        for place in range(17):
            if self.c.cuFuncGetParamInfo(
                ctypes.c_void_p(kernel), ctypes.c_size_t(place), ctypes.byref(offset), ctypes.byref(size)
            ):
                return False
            if size.value > (8 if place == 0 else 4):
                return True
        return True

    def _start_again(self) -> None:
        """After a fault: the context anew, which must compute."""
        assert self.c.cuDevicePrimaryCtxReset_v2(0) == 0
        assert self.c.cuDevicePrimaryCtxRelease_v2(0) == 0
        self.open()
        module = ctypes.c_void_p()
        assert self.c.cuModuleLoadData(ctypes.byref(module), self.intact) == 0
        self._use(module)
        assert self.c.cuModuleUnload(module) == 0

    def _use(self, module: ctypes.c_void_p) -> bool:
        kernel = ctypes.c_void_p()
        if self.c.cuModuleGetFunction(ctypes.byref(kernel), module, b"add_one"):
            return False
        numbers = (ctypes.c_uint32 * COUNT)(*range(COUNT))
        self.c.cuMemcpyHtoD_v2(self.memory, numbers, ctypes.c_size_t(4 * COUNT))
        count = ctypes.c_int(COUNT)
        arguments = (ctypes.c_void_p * 2)(ctypes.addressof(self.memory), ctypes.addressof(count))
        assert self.c.cuLaunchKernel(kernel, 1, 1, 1, COUNT, 1, 1, 0, None, arguments, None) == 0
        assert self.c.cuMemcpyDtoH_v2(numbers, self.memory, ctypes.c_size_t(4 * COUNT)) == 0
        assert list(numbers) == list(range(1, COUNT + 1)), "a damaged module was loaded and computes something else"
        return False


def child(options: argparse.Namespace) -> None:
    import faulthandler

    faulthandler.enable()
    images = {name: bytes.fromhex(text) for name, text in json.loads(Path(options.child).read_text()).items()}
    with tempfile.TemporaryDirectory() as folder:
        loader = Loader(Path(folder), images["CUBIN"])
        from fuzz_child import census

        for number in range(options.start, options.images):
            rng = random.Random(f"{options.seed}/{number}")
            data, is_forged = damaged(rng, images)
            print(json.dumps({"number": number}), flush=True)
            try:
                status = loader.load(rng, data, is_forged)
                problem = "" if status == 0 or status in REFUSALS else f"answers {status}"
            except AssertionError as error:
                status, problem = (
                    -1,
                    f"{error or 'assertion'} {error.__traceback__.tb_lineno if error.__traceback__ else 0}",
                )
            print(json.dumps({"done": number, "status": status, "problem": problem, "forged": is_forged}), flush=True)
            if number - options.start in (300, 1000) or number == options.images - 1:
                print(json.dumps({"census": census()}), flush=True)
        print(json.dumps({"endings": loader.endings}), flush=True)


# ---- the parent ------------------------------------------------------------------------------------------------
def run(folder: Path, seed: int, images: int) -> dict[str, Any]:
    """All images, in as many children as it takes; the report with its findings."""
    from fuzz_api import FLAT

    stored = folder / "images.json"
    stored.write_text(json.dumps({name: data.hex() for name, data in intact_images().items()}))
    began = time.monotonic()
    findings: list[str] = []
    statuses: Counter[str] = Counter()
    censuses: list[dict[str, int]] = []
    number = 0
    while number < images:
        errors = folder / "stderr"
        command = [
            sys.executable,
            str(HERE / "fuzz_modules.py"),
            f"--child={stored}",
            f"--seed={seed}",
            f"--start={number}",
            f"--images={images}",
        ]
        with open(errors, "w") as stderr:
            process = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                env={**os.environ, "COMPATLAYER_WATCHDOG_S": WATCHDOG_S},
            )
            killer = _Killer(process)
            now = number
            for line in process.stdout or ():
                killer.alive()
                message = json.loads(line)
                now = message.get("number", now)
                for status, count in message.get("endings", {}).items():
                    statuses[f"launched {status}"] += count
                if "census" in message:
                    censuses.append(message["census"])
                if "done" in message:
                    number = message["done"] + 1
                    statuses[("program " if message["forged"] else "damaged ") + str(message["status"])] += 1
                    if message["problem"]:
                        findings.append(f"image {message['done']}: {message['problem']}")
            status = process.wait()
            killer.stop()
        if status:
            findings.append(
                f"image {now}: the process ended with {status} {'(no answer)' if killer.killed else ''}\n"
                + errors.read_text(errors="replace")[-3000:]
            )
            number = now + 1
        text = errors.read_text(errors="replace")
        if "Traceback" in text or "unexpected error" in text:
            findings.append(text[:6000])
    findings += [
        f"more {kind}: {count}, not {censuses[0].get(kind, 0)}"
        for kind, count in (censuses[-1] if censuses else {}).items()
        if count > censuses[0].get(kind, 0) + FLAT.get(kind, 0)
    ]
    return {
        "seed": seed,
        "images": images,
        "seconds": round(time.monotonic() - began, 1),
        "statuses": dict(statuses),
        "findings": findings,
        "first": censuses[:1],
        "last": censuses[-1:],
    }


class _Killer:
    """Ends a child from which nothing is heard."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        import threading

        self.killed, self._heard, self._over = False, time.monotonic(), threading.Event()
        self._process = process
        threading.Thread(target=self._watch, daemon=True).start()

    def alive(self) -> None:
        self._heard = time.monotonic()

    def stop(self) -> None:
        self._over.set()

    def _watch(self) -> None:
        while not self._over.wait(1):
            if time.monotonic() - self._heard > HANG_S:
                self.killed = True
                self._process.send_signal(6)
                return


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 1_000_000)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options)
        return 0
    import compatlayer

    compatlayer.install()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        report = run(Path(folder), options.seed, options.images)
    for text in report["findings"][:50]:
        print("FOUND", text)
    print({key: value for key, value in report.items() if key != "findings"}, len(report["findings"]), "findings")
    return 1 if report["findings"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
