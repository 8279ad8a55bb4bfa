"""The house rules that a machine can check."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import compatlayer
from compatlayer.cli.command import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "compatlayer"

# What a layer may import from this package, beside itself.
FOUNDATION = {"errors", "config", "board", "digest", "paths", "_native", ""}
MAY_IMPORT = {
    "compiler": FOUNDATION,
    "backends": FOUNDATION | {"compiler.image"},
    "core": FOUNDATION | {"compiler", "backends"},
    "api": FOUNDATION | {"core"},
    "frontends": FOUNDATION | {"api", "boot", "core", "compiler", "backends.base"},
    "nvcc": FOUNDATION | {"compiler"},
    # Only for the report at exit; see launcher/__init__.py.
    "launcher": {"board", "api.library", "api.reasons", "api.forwarding"},
}
LINE_LIMIT = 500


def sources(*suffixes: str) -> list[Path]:
    """Hand-written sources below src/."""
    found = [path for path in PACKAGE.rglob("*") if path.suffix in suffixes]
    return sorted(path for path in found if not {"_generated", "_lib", "__pycache__"} & set(path.parts))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported(path: Path) -> Iterator[str]:
    """Names of this package's modules that a file imports anywhere, relative to the package; typing ones too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            around = path.relative_to(PACKAGE.parent).parts[: -node.level] if node.level else ()
            home = ".".join([*around, *filter(None, [node.module])])
            modules = [f"{home}.{alias.name}" for alias in node.names]
        else:
            continue
        for module in modules:
            if module.split(".")[0] == "compatlayer":
                yield module.removeprefix("compatlayer").lstrip(".")


@pytest.mark.parametrize("layer", sorted(MAY_IMPORT))
def test_imports_go_one_way(layer: str) -> None:
    allowed = MAY_IMPORT[layer] | {layer}
    for path in sorted((PACKAGE / layer).rglob("*.py")):
        for module in imported(path):
            fits = any(module == place or module.startswith(f"{place}.") for place in allowed if place)
            assert fits or module in allowed, f"{name(path)} imports compatlayer.{module}"


def test_files_are_short() -> None:
    long = {name(path): count for path in sources(".py", ".c", ".h")
            if (count := path.read_text(encoding="utf-8").count("\n")) > LINE_LIMIT}
    assert not long


def test_files_have_names_that_say_something() -> None:
    for path in sources(".py", ".c", ".h"):
        assert not re.search(r"manager|helper|utils?\b|misc", path.stem), name(path)


def test_every_python_file_says_what_it_is() -> None:
    for path in sources(".py"):
        text = path.read_text(encoding="utf-8")
        assert not text.strip() or ast.get_docstring(ast.parse(text)), name(path)


def test_texts_do_not_name_places_of_one_machine() -> None:
    here = re.compile(r"(?<![\w.])/(?:work|root|tmp/\w)/")
    for path in [*sources(".py", ".c", ".h"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "tests").rglob("*.py")]:
        assert not here.search(path.read_text(encoding="utf-8")), name(path)


def test_no_vendor_product_is_claimed() -> None:
    products = re.compile(r"GeForce|Quadro|\bTesla\b|\bRTX\b")
    for path in sources(".py", ".c", ".h"):
        assert not products.search(path.read_text(encoding="utf-8")), name(path)


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == compatlayer.__version__


def test_every_public_name_resolves() -> None:
    for public in compatlayer.__all__:
        assert getattr(compatlayer, public) is not None
        assert public in dir(compatlayer)


def test_the_documentation_covers_every_public_name() -> None:
    page = (ROOT / "docs" / "python-api.md").read_text(encoding="utf-8")
    missing = [public for public in compatlayer.__all__ if not re.search(rf"`{public}\b", page)]
    assert not missing


def test_the_documentation_covers_every_command() -> None:
    page = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    missing = [command for command in COMMANDS if f"compatlayer {command}" not in page]
    assert not missing


def test_the_documentation_covers_every_variable() -> None:
    page = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    variable = re.compile(r"COMPATLAYER_[A-Z_]+[A-Z]")
    used = {word for path in sources(".py") for word in variable.findall(path.read_text(encoding="utf-8"))}
    assert not sorted(word for word in used if word not in page)
