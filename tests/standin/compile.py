"""What a stand-in library calls to make native code of device code: python compile.py IMAGE LIST.

The list says, a line each: N kernels; M the shared library; V bytes name; K args shared stack flags stack path entry
name; of the kernel before: P offset and size of a parameter, I a name that it imports from the shared library.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

# The list outlives the cache of a test, so what it names must too.
os.environ.update(COMPATLAYER_CACHE_DIR=os.environ["STANDIN_CACHE"], COMPATLAYER_CACHE="1")

from compatlayer import compiler
from compatlayer.compiler import container, variants
from compatlayer.compiler.image import NAIVE, TINY

WARP = 4  # CPL_KERNEL_WARP


def main(image: Path, target: Path) -> None:
    """Compile every kernel in the naive engine, which is the same for all blocks."""
    code, _ = container.unpack(image.read_bytes())
    native = compiler.build_native(code)
    lines = [f"N {len(native.kernels)}"]
    if native.path is not None:
        lines.append(f"M {native.path}")
    lines += [f"V {each.size_bytes} {each.symbol}" for each in native.globals]
    for kernel in native.kernels:
        made = variants.compile_variant(native, kernel, TINY, NAIVE)
        lines.append(f"K {kernel.args_bytes} {kernel.shared_extent_bytes} {kernel.local_bytes} "
                     f"{WARP if kernel.warp else 0} {made.stack_bytes} {made.path} {made.entry} {kernel.name}")
        lines += [f"P {each.offset} {each.size_bytes}" for each in kernel.parameters]
        lines += [f"I {name}" for name in made.imports]
    temporary = target.with_suffix(f".{os.getpid()}")
    temporary.write_text("\n".join(lines) + "\n")
    os.replace(temporary, target)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
