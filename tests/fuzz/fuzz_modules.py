"""The module fuzzer: damaged images of every form, given to every function that loads or links code.

    python tests/fuzz/fuzz_modules.py --images 20000 --seed 1

Each damaged image must be refused with an error that is documented for it, or load and then compute what the intact one
does. It lies at the end of mapped memory, so reading past it is noticed. PTX text and images with checksums forged
to fit their damage are only loaded, not launched: each is a program of its own. A child that crashes or hangs is named
with the image that did it.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import mmap
import random
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE)]

HANG_S = 60.0
# OUT_OF_MEMORY, INVALID_VALUE, NO_BINARY_FOR_GPU, INVALID_PTX, UNSUPPORTED_PTX_VERSION, INVALID_SOURCE, FILE_NOT_FOUND,
# SHARED_OBJECT_SYMBOL_NOT_FOUND, SHARED_OBJECT_INIT_FAILED, NOT_SUPPORTED, INVALID_IMAGE, NOT_FOUND
REFUSALS = {1, 2, 200, 209, 218, 222, 300, 301, 302, 303, 500, 801}
FORMS = ("CUBIN", "PTX", "LTOIR")
COUNT = 64


# ---- damage ----------------------------------------------------------------------------------------------------
def flip_bits(rng: random.Random, data: bytearray) -> None:
    for _ in range(rng.choice((1, 1, 1, 3, 20))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def overwrite(rng: random.Random, data: bytearray) -> None:
    start = rng.randrange(len(data))
    size = min(rng.choice((1, 4, 8, 64, 500)), len(data) - start)
    data[start : start + size] = rng.choice((bytes(size), b"\xff" * size, rng.randbytes(size), b"A" * size))


def truncate(rng: random.Random, data: bytearray) -> None:
    del data[rng.randrange(len(data)) :]


def drop(rng: random.Random, data: bytearray) -> None:
    start = rng.randrange(len(data))
    del data[start : start + rng.choice((1, 2, 16, 300))]


def swap(rng: random.Random, data: bytearray) -> None:
    size = rng.choice((1, 8, 64))
    if len(data) <= 2 * size:
        return
    first, second = rng.randrange(len(data) - size), rng.randrange(len(data) - size)
    data[first : first + size], data[second : second + size] = data[second : second + size], data[first : first + size]


def repeat(rng: random.Random, data: bytearray) -> None:
    start = rng.randrange(len(data))
    data[start:start] = data[start : start + rng.choice((1, 16, 300))]


def lie_in_header(rng: random.Random, data: bytearray) -> None:
    """Sizes, versions and kinds that the header of a binary image says."""
    odd = (
        0,
        1,
        63,
        64,
        65,
        len(data) - 1,
        len(data) + 1,
        2 * len(data),
        1 << 20,
        (1 << 31) - 1,
        1 << 31,
        1 << 32,
        (1 << 64) - 1,
    )
    offset, form = rng.choice(((8, "<I"), (12, "<I"), (16, "<Q"), (24, "<I"), (28, "<I")))
    value = rng.choice(odd) & (1 << 8 * struct.calcsize(form)) - 1
    if len(data) >= 64:
        struct.pack_into(form, data, offset, value)


DAMAGES: tuple[Callable[[random.Random, bytearray], None], ...] = (
    flip_bits,
    overwrite,
    truncate,
    drop,
    swap,
    repeat,
    lie_in_header,
    lie_in_header,
)


def forged(rng: random.Random, image: bytes) -> bytes:
    """A cubin or LTO image with damaged content and a checksum that fits: what is behind the checksum must bear it."""
    from compatlayer.compiler import container

    code, _ = container.unpack(image)
    record: Any = {"ir": code.ir, "architecture": code.architecture, "names": dict(code.lowered_names)}
    way = rng.randrange(8)
    if way == 0:
        key = rng.choice(list(record))
        record[key] = rng.choice((None, 1, "", [], {}, "x", "sm_", "sm_999", {"a": 1}, [record[key]], True, 1e308))
    elif way == 1:
        del record[rng.choice(list(record))]
    elif way == 2:
        record = rng.choice((None, [], 1, "text", [record], {"ir": {}}))
    else:
        record["ir"] = _damaged_text(rng, record["ir"])
    text = json.dumps(record).encode("utf-8", "surrogateescape")
    if way == 7:
        text = text[: rng.randrange(len(text))]
    payload = zlib.compress(text, 1)
    if rng.randrange(40) == 0:
        payload = payload[:-3]
    header = list(container._HEADER.unpack(image[: container._HEADER.size]))
    header[3], header[6] = container._HEADER.size + len(payload), container.checksum_of(payload)
    return container._HEADER.pack(*header) + payload


def _damaged_text(rng: random.Random, text: str) -> str:
    lines = text.split("\n")
    for _ in range(rng.choice((1, 1, 2, 5))):
        at = rng.randrange(len(lines))
        way = rng.randrange(6)
        if way == 0:
            del lines[at]
        elif way == 1:
            lines.insert(at, rng.choice(lines))
        elif way == 2:
            other = rng.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        elif way == 3:
            words = lines[at].split(" ")
            words[rng.randrange(len(words))] = rng.choice(
                (
                    "i32",
                    "i1",
                    "ptr",
                    "%0",
                    "-1",
                    "0",
                    "undef",
                    "label",
                    "x",
                    "i99999999",
                    "[4294967296 x i64]",
                    "void",
                    "@k",
                    "!0",
                )
            )
            lines[at] = " ".join(words)
        elif way == 4:
            lines[at] = lines[at][: rng.randrange(len(lines[at]) + 1)]
        else:
            lines[at] = "".join(rng.sample(lines[at], len(lines[at])))
        if not lines:
            lines = [""]
    return "\n".join(lines)


def damaged(rng: random.Random, images: dict[str, bytes]) -> tuple[bytes, bool]:
    """A damaged image, and whether it may be a program of its own: text, or its checksum was forged."""
    form = rng.choices(list(images), [1 if name.startswith("foreign") else 6 for name in images])[0]
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
    images["foreign PTX"] = plain
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

    def __init__(self, folder: Path) -> None:
        import compatlayer

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

    def load(self, rng: random.Random, data: bytes, launch: bool) -> int:
        way = rng.randrange(6)
        if way == 0:
            return self._library(data, launch)
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
            if launch:
                self._use(module)
            assert self.c.cuModuleUnload(module) == 0, "a module that was loaded cannot be unloaded"
        return int(status)

    def _with_options(self, module: ctypes.c_void_p, data: bytes) -> int:
        log = ctypes.create_string_buffer(512)
        values = (ctypes.c_void_p * 2)(ctypes.addressof(log), 512)
        status = self.c.cuModuleLoadDataEx(ctypes.byref(module), self.place(data), 2, (ctypes.c_int * 2)(5, 6), values)
        assert status == 0 or 0 < (values[1] or 0) < 512, "a refusal without a text in the log"
        return int(status)

    def _library(self, data: bytes, launch: bool) -> int:
        library, module = ctypes.c_void_p(), ctypes.c_void_p()
        status = self.c.cuLibraryLoadData(ctypes.byref(library), self.place(data), None, None, 0, None, None, 0)
        if status == 0:
            status = self.c.cuLibraryGetModule(ctypes.byref(module), library)
            if status == 0 and launch:
                self._use(module)
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

    def _use(self, module: ctypes.c_void_p) -> None:
        kernel = ctypes.c_void_p()
        if self.c.cuModuleGetFunction(ctypes.byref(kernel), module, b"add_one"):
            return
        numbers = (ctypes.c_uint32 * COUNT)(*range(COUNT))
        self.c.cuMemcpyHtoD_v2(self.memory, numbers, ctypes.c_size_t(4 * COUNT))
        count = ctypes.c_int(COUNT)
        arguments = (ctypes.c_void_p * 2)(ctypes.addressof(self.memory), ctypes.addressof(count))
        assert self.c.cuLaunchKernel(kernel, 1, 1, 1, COUNT, 1, 1, 0, None, arguments, None) == 0
        assert self.c.cuMemcpyDtoH_v2(numbers, self.memory, ctypes.c_size_t(4 * COUNT)) == 0
        assert list(numbers) == list(range(1, COUNT + 1)), "a damaged module was loaded and computes something else"


def child(options: argparse.Namespace) -> None:
    import faulthandler

    faulthandler.enable()
    images = {name: bytes.fromhex(text) for name, text in json.loads(Path(options.child).read_text()).items()}
    with tempfile.TemporaryDirectory() as folder:
        loader = Loader(Path(folder))
        from fuzz_child import census

        for number in range(options.start, options.images):
            rng = random.Random(f"{options.seed}/{number}")
            data, is_forged = damaged(rng, images)
            print(json.dumps({"number": number}), flush=True)
            try:
                status = loader.load(rng, data, not is_forged)
                problem = "" if status == 0 or status in REFUSALS else f"answers {status}"
            except AssertionError as error:
                status, problem = (
                    -1,
                    f"{error or 'assertion'} {error.__traceback__.tb_lineno if error.__traceback__ else 0}",
                )
            print(json.dumps({"done": number, "status": status, "problem": problem, "forged": is_forged}), flush=True)
            if number - options.start in (300, 1000) or number == options.images - 1:
                print(json.dumps({"census": census()}), flush=True)


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
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True)
            killer = _Killer(process)
            now = number
            for line in process.stdout or ():
                killer.alive()
                message = json.loads(line)
                now = message.get("number", now)
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
