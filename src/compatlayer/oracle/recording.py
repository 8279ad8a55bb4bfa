"""Recordings: what a library answered; how our answers differ from that, and which differences are known."""

from __future__ import annotations

import ctypes
import json
import tomllib
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from compatlayer.oracle.calls import Step

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Recording:
    """Answers of one library; `programs` are steps by the program's name."""

    driver: int  # as cuDriverGetVersion says it, 13020
    device: str
    capability: str
    ours: bool
    programs: dict[str, list[Step]]

    def save(self, path: Path) -> None:
        """Write JSON, a line for each step, so that a change can be read."""
        head = {"format": FORMAT, "driver": self.driver, "device": self.device, "capability": self.capability,
                "ours": self.ours}
        parts = [f"  {json.dumps(name)}: [\n    " + ",\n    ".join(json.dumps(step) for step in steps) + "\n  ]"
                 for name, steps in sorted(self.programs.items())]
        text = json.dumps(head)[:-1] + ', "programs": {\n' + ",\n".join(parts) + "\n}}\n"
        path.write_text(text, encoding="utf-8")


def load(path: Path) -> Recording:
    """Read a recording. Raises ValueError, with the path, for what is none."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            raise ValueError(f"format {data['format']} instead of {FORMAT}: record it again")
        return Recording(data["driver"], data["device"], data["capability"], data["ours"], data["programs"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is no recording of `compatlayer record`: {error}") from None


def identify(library: Path) -> tuple[int, str, str]:
    """Driver version, name and compute capability of device 0; for a process that may initialise the library."""
    cuda = ctypes.CDLL(str(library))
    version, name = ctypes.c_int(), ctypes.create_string_buffer(256)
    major, minor = ctypes.c_int(), ctypes.c_int()
    cuda.cuInit(0)
    cuda.cuDriverGetVersion(ctypes.byref(version))
    cuda.cuDeviceGetName(name, 256, 0)
    cuda.cuDeviceGetAttribute(ctypes.byref(major), 75, 0)
    cuda.cuDeviceGetAttribute(ctypes.byref(minor), 76, 0)
    return version.value, name.value.decode(errors="replace"), f"{major.value}.{minor.value}"


@dataclass(frozen=True, slots=True)
class Difference:
    """One step that is not the same. `step` counts from 0; an absent step is None."""

    program: str
    step: int
    theirs: Step | None
    ours: Step | None

    def __str__(self) -> str:
        return (f'program = "{self.program}", step = {self.step}: the recording has {json.dumps(self.theirs)}, '
                f"we have {json.dumps(self.ours)}")


def compare(theirs: dict[str, list[Step]], ours: dict[str, list[Step]]) -> list[Difference]:
    """Where programs of both differ: the first step of each that does, as all later ones may follow from it, and every
    later one whose call is the same. A program that was skipped by either is not compared."""
    found = []
    for name in sorted(theirs.keys() & ours.keys()):
        pairs = list(zip_longest(theirs[name], ours[name]))
        if any(step is not None and step[0] == "skipped" for pair in pairs for step in pair):
            continue
        for index, (one, other) in enumerate(pairs):
            if one != other:
                found.append(Difference(name, index, one, other))
                if one is None or other is None or one[0] != other[0]:
                    break  # the programs went different ways
    return found


@dataclass(frozen=True, slots=True)
class Expected:
    """A known difference from the file of them; empty recording: of every one."""

    program: str
    step: int
    theirs: Step
    reason: str
    recording: str = ""

    def covers(self, recording: str, difference: Difference) -> bool:
        """Whether this is that difference."""
        return (self.recording in ("", recording)
                and (self.program, self.step, self.theirs)
                == (difference.program, difference.step, difference.theirs))


def load_expected(path: Path) -> list[Expected]:
    """The known differences. Raises ValueError for one without a reason."""
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("difference", [])
    found = [Expected(each["program"], each["step"], each["theirs"], each.get("reason", ""),
                      each.get("recording", "")) for each in entries]
    for each in found:
        if len(each.reason.split()) < 3:
            raise ValueError(f"{path}: the difference at step {each.step} of {each.program} has no reason")
    return found


def judge(recording: str, differences: list[Difference], expected: list[Expected]) -> list[str]:
    """What is wrong: differences that nobody explained, and explanations of what is the same now."""
    unexplained = [str(each) for each in differences if not any(one.covers(recording, each) for one in expected)]
    unused = [f"step {one.step} of {one.program} does not differ any more: take it out of the expected differences"
              for one in expected
              if one.recording == recording and not any(one.covers(recording, each) for each in differences)]
    return unexplained + unused
