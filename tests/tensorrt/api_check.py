"""Prints where the module tensorrt of this process differs from the documented names; nothing when it does not."""

from __future__ import annotations

import json
import os
import re
import sys
from enum import Enum
from pathlib import Path
from types import CodeType
from typing import Any

import tensorrt as trt

HERE = Path(__file__).parent
PROFILE = os.environ.get("COMPATLAYER_TENSORRT") or "10"
API = json.loads((HERE / f"api_{PROFILE}.json").read_text())
PAGE = (HERE.parents[1] / "docs" / "tensorrt-api.md").read_text()
MORE = {"8": {"DataType": {"BF16": 7, "INT64": 8, "INT4": 9, "FP4": 10}}, "10": API["later"]}[PROFILE]
# Functions of the documented module that are written in Python, its inner module, what pybind11 makes of lists, and
# names of later 10.x.
OTHER = {"nptype", "volume", "tensorrt", "PluginFieldCollection", "fp4", "ICumulativeLayer", "ISqueezeLayer",
         "IUnsqueezeLayer", "IStreamReaderV2", "IStreamWriter"}


def table(title: str) -> set[str]:
    """The names in the first column of a table of the page; in the table of absent ones, those of this generation."""
    rows = [row.split("|") for row in PAGE.split(f"## {title}")[1].split("\n## ")[0].splitlines() if row[:3] == "| `"]
    return {name for row in rows if len(row) < 5 or PROFILE in row[2].replace(",", " ").split()
            for name in re.findall(r"`([^`]+)`", row[1])}


def assigned(kind: type) -> set[str]:
    """Attributes that the constructors of a class give its objects."""
    found: set[str] = set()

    def walk(code: CodeType) -> None:
        found.update(code.co_names)
        for each in code.co_consts:
            if isinstance(each, CodeType):
                walk(each)

    for place in kind.__mro__[:-1]:
        for name in ("__init__", "reset"):
            method: Any = vars(place).get(name)
            if hasattr(method, "__code__"):
                walk(method.__code__)
    return found


def find_enum(name: str) -> Any:
    """An enumeration of the module, or of one of its classes."""
    kinds = [getattr(trt, each) for each in dir(trt) if isinstance(getattr(trt, each), type)]
    return getattr(trt, name, None) or next((vars(kind)[name] for kind in kinds if name in vars(kind)), None)


def enums(absent: set[str]) -> list[str]:
    problems = []
    for name, members in API["enums"].items():
        kind = find_enum(name)
        if kind is None:
            problems += [] if name in absent else [f"the enumeration {name} is missing"]
            continue
        ours = {key: int(value) for key, value in kind.__members__.items()}
        for key in members.keys() | ours.keys():
            right = members.get(key, MORE.get(name, {}).get(key))
            if ours.get(key) != right and (key in ours or key in members):
                problems.append(f"{name}.{key} is {ours.get(key)}, and {right} is documented")
    return problems


def classes(absent: set[str]) -> list[str]:
    problems = []
    for name, members in API["classes"].items():
        kind = getattr(trt, name, None)
        if kind is None:
            problems += [] if name in absent else [f"the class {name} is missing"]
            continue
        there = {each for each in members if hasattr(kind, each)} | assigned(kind)
        problems += [f"{name}.{each} is missing" for each in members
                     if each not in there and f"{name}.{each}" not in absent]
    return problems


def extras() -> list[str]:
    known = API["enums"].keys() | API["classes"].keys() | set(API["names"]) | OTHER | API["later"].keys()
    return [f"{name} is not documented" for name in dir(trt) if not name.startswith("_") and name not in known]


def listed() -> list[str]:
    """Every name that the page says has no effect has to be one."""
    problems = []
    for name in table("What is accepted without effect"):
        kind, _, member = name.partition(".")
        found = getattr(trt, kind)
        there = member in found.__members__ if issubclass(found, Enum) else (
            hasattr(found, member) or member in assigned(found))
        if not there and PROFILE == "10":
            problems.append(f"the page lists {name}, which is not there")
    return problems


if __name__ == "__main__":
    missing = table("What is not there")
    found = enums(missing) + classes(missing) + extras() + listed()
    found += [f"the page says that {name} is absent, and it is there" for name in missing
              if "." not in name and hasattr(trt, name)]
    print("\n".join(found), end="")
    sys.exit(bool(found))
