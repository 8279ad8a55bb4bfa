"""Builds the native parts: libcompatlayer.so, the stub libraries and the cffi extension."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
# The machine of a wheel to be given away (wheels/make.py); an option of build_ext would be forgotten by bdist_wheel.
WHEEL_FOR = os.environ.get("COMPATLAYER_WHEEL_FOR", "")
sys.path.insert(0, str(ROOT / "src"))
# An environment where `compatlayer enable` was used has imported the installed package by now; built is this tree.
for _name in [name for name in sys.modules if name.partition(".")[0] == "compatlayer"]:
    del sys.modules[_name]

from compatlayer.api.build import BuildError, build  # noqa: E402
from compatlayer.compiler.library import file_name, libdevice  # noqa: E402
from compatlayer.compiler.library.build import make as make_library  # noqa: E402
from compatlayer.errors import CompilerError  # noqa: E402


class BuildNative(build_ext):
    """Everything that a C compiler makes, in place or in the build folder; the device math library too."""

    def finalize_options(self) -> None:
        super().finalize_options()
        for extension in self.extensions:
            extension.py_limited_api = bool(WHEEL_FOR)

    def run(self) -> None:
        (extension,) = self.extensions
        target = Path(self.get_ext_fullpath(extension.name)).resolve()
        try:
            build(ROOT, target, WHEEL_FOR)
            make_library(target.parent / "_lib")
            # Beside the folder `include`: CUDA_HOME is the package once it is installed, this folder before.
            home = ROOT if target.parent == ROOT / "src" / "compatlayer" else target.parent
            libdevice.make(home, target.parent / "_lib" / file_name("fused"))
        except (BuildError, CompilerError) as error:
            sys.exit(f"compatlayer: {error}")


class BuildPackage(build_py):
    """The Python files, the headers beside them, and the start-up file of the launcher."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib)
        shutil.copytree(ROOT / "include", target / "compatlayer" / "include", dirs_exist_ok=True)
        shutil.copy2(ROOT / "src" / "compatlayer-launch.pth", target)


setup(
    ext_modules=[Extension("compatlayer._native", sources=[])],
    cmdclass={"build_ext": BuildNative, "build_py": BuildPackage},
)
