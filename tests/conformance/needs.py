"""What a conformance test needs beside a libcuda, read from its text: COMPATLAYER_TEST_LIBCUDA names a libcuda alone.

The text of a test is its own, that of its fixtures, and that of what these use of the files beside them. A test that
names another library, or looks into this package, cannot be asked of just any libcuda.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
# Other libraries of CUDA that a test may call. Who calls libnvrtc has it: `compiled` needs a compiler for every kernel.
LIBRARIES = {
    r"runtime_calls|libcudart|CUDART": "libcudart",
    r"libnvidia-ml": "libnvidia-ml",
    r"libnvJitLink|nvjitlink": "libnvJitLink",
    r"libnvvm": "libnvvm",
    r"libcurand": "libcurand",
}
OWN = re.compile(r"\bcompatlayer\b")


def missing(item: pytest.Item, named: str) -> str:
    """Why `item` cannot be asked of the libcuda of the path `named`; "" when it can."""
    text = "\n".join(_texts(item))
    for pattern, library in LIBRARIES.items():
        if re.search(pattern, text):
            return f"calls {library}, and COMPATLAYER_TEST_LIBCUDA names a libcuda"
    if _is_ours(named):
        return ""
    if item.get_closest_marker("own_images"):
        return "damages an image of this package's own form, and another libcuda is tested"
    return "looks into compatlayer, and another libcuda is tested" if OWN.search(text) else ""


def _is_ours(library: str) -> bool:
    from compatlayer.oracle.programs import is_ours

    return is_ours(Path(library))


def _texts(item: pytest.Item) -> Iterator[str]:
    """The text of a test, of its fixtures, and of all that they use of the tests' files."""
    waiting: list[Any] = [getattr(item, "function", None)]
    for fixtures in getattr(item, "_fixtureinfo").name2fixturedefs.values():  # noqa: B009  (private to mypy)
        waiting += [each.func for each in fixtures]
    seen: set[int] = set()
    while waiting:
        one = inspect.unwrap(waiting.pop()) if callable(waiting[-1]) else waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, ModuleType):
            yield one.__name__
        elif isinstance(one, str):
            yield one
        elif callable(one):
            yield f"{getattr(one, '__module__', '')}.{getattr(one, '__name__', '')}"
            if _is_of_tests(one):
                yield inspect.getsource(one)
                waiting += _used(one)


def _is_of_tests(one: Callable[..., Any]) -> bool:
    try:
        return Path(inspect.getfile(one)).resolve().parent == HERE
    except TypeError:  # built in
        return False


def _used(one: Callable[..., Any]) -> Iterator[Any]:
    """The globals that a function, or the functions of a class, name."""
    functions = [one] if inspect.isfunction(one) else [each for each in vars(one).values() if inspect.isfunction(each)]
    for function in functions:
        for name in _names(function.__code__):
            if name in function.__globals__:
                yield function.__globals__[name]


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def register(config: pytest.Config) -> None:
    """Make the marker known that this file understands."""
    config.addinivalue_line("markers", "own_images: damages an image of this package's own form")

