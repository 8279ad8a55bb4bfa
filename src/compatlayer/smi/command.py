"""The command line: options as the documented command has them; what is not known is named and refused."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from compatlayer.config import SettingsError
from compatlayer.core import monitor
from compatlayer.smi import fields, report, rows, table
from compatlayer.smi.reading import Reading, read

USAGE = """\
nvidia-smi of compatlayer: the devices that programs are shown, and who uses them

  nvidia-smi                             a table
  nvidia-smi -L, --list-gpus             one line for each device
  nvidia-smi -q [-d SECTION,...]         a report; sections: {sections}
  nvidia-smi --query-gpu=FIELD,... --format=csv[,noheader][,nounits]
  nvidia-smi --query-compute-apps=FIELD,... --format=csv[,noheader][,nounits]
  nvidia-smi dmon [-s pucm] [-d SECONDS] [-c COUNT] [-i ID]
  nvidia-smi pmon [-d SECONDS] [-c COUNT] [-i ID]

  -i, --id=ID,...          these devices: index, UUID or PCI bus id
  -l, --loop=SECONDS       again and again until Ctrl-C (-lms, --loop-ms: in milliseconds)
  -f, --filename=FILE      write there
  --version, -h, --help, --help-query-gpu, --help-query-compute-apps
"""
_HEADING_EVERY = 10  # turns of dmon


class UsageError(Exception):
    """The command line makes no sense; the text says why."""


@dataclass
class Options:
    """What was asked for."""

    mode: str = ""  # "", list, report, gpu, apps, dmon, pmon, or a help text to print
    text: str = ""
    query: list[str] = field(default_factory=list)
    format: list[str] = field(default_factory=list)
    sections: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    period_s: float = 0.0  # 0: once
    turns: int = 0  # 0: for ever
    groups: str = rows.DEFAULT
    file: str = ""


def main(words: list[str] | None = None) -> int:
    """Run the command; 0, or 2 for wrong usage, 6 when a device that was asked for is not there, 9 for no device."""
    try:
        options = parse(sys.argv[1:] if words is None else words)
        cards = monitor.cards()
        if options.mode == "help":
            sys.stdout.write(options.text)
            return 0
        if not cards:
            sys.stderr.write("No devices were found\n")
            return 9
        return _run(options, _chosen(cards, options.ids), len(cards))
    except (UsageError, fields.UnknownField, SettingsError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except LookupError as error:
        sys.stderr.write(f"{error.args[0]}\n")
        return 6
    except KeyboardInterrupt:
        return 0
    except BrokenPipeError:  # nvidia-smi | head
        sys.stderr.close()
        return 1


def parse(words: Sequence[str]) -> Options:
    """Options from words. Raises UsageError and UnknownField."""
    options = Options()
    rest = list(words)
    if rest and rest[0] in ("dmon", "pmon"):
        options.mode, options.period_s = rest.pop(0), 1.0
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        action = _OPTIONS.get(name)
        if action is None:
            raise UsageError(f"Invalid option: {name}. nvidia-smi -h lists those that there are.")
        takes, does = action
        if takes and not equals:
            optional = name in ("-l", "--loop") and (not rest or rest[0].startswith("-"))
            if not rest and not optional:
                raise UsageError(f"Option {name} needs a value.")
            value = "5" if optional else rest.pop(0)
        elif equals and not takes:
            raise UsageError(f"Option {name} takes no value.")
        does(options, value)
    if options.mode in ("gpu", "apps") and "csv" not in options.format:
        raise UsageError("Option --format=csv is needed with a query; noheader and nounits may follow it.")
    if options.format and options.mode not in ("gpu", "apps"):
        raise UsageError("Option --format is for --query-gpu and --query-compute-apps.")
    return options


def _mode(name: str) -> Callable[[Options, str], None]:
    def does(options: Options, value: str) -> None:
        options.mode = name

    return does


def _query(mode: str) -> Callable[[Options, str], None]:
    def does(options: Options, value: str) -> None:
        options.mode = mode
        options.query = fields.names(value, fields.GPU if mode == "gpu" else fields.APPS)

    return does


def _help(text: Callable[[], str]) -> Callable[[Options, str], None]:
    def does(options: Options, value: str) -> None:
        options.mode, options.text = "help", text()

    return does


def _format(options: Options, value: str) -> None:
    options.format = value.split(",")
    unknown = set(options.format) - {"csv", "noheader", "nounits"}
    if unknown:
        raise UsageError(f'Format "{min(unknown)}" is not known; csv, noheader and nounits are.')


def _display(options: Options, value: str) -> None:
    """-d: the sections of -q, or the period of dmon and pmon."""
    if options.mode in ("dmon", "pmon"):
        options.period_s = _number(value, 1, 600)
        return
    options.sections = value.upper().split(",")
    for name in options.sections:
        if name not in report.SECTIONS:
            raise UsageError(f'Section "{name}" is not known; there are {", ".join(report.SECTIONS)}.')


def _groups(options: Options, value: str) -> None:
    for letter in value:
        if letter not in rows.DEVICE:
            raise UsageError(f'Metric "{letter}" is not known; there are {", ".join(rows.DEVICE)}.')
    options.groups = value


def _number(text: str, least: float, most: float) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not least <= number <= most:
        raise UsageError(f'"{text}" is not a number from {least:g} to {most:g}.')
    return number


def _period(scale: float) -> Callable[[Options, str], None]:
    def does(options: Options, value: str) -> None:
        options.period_s = _number(value, 1, 86400 / scale) * scale

    return does


def _set(name: str, made: Callable[[str], object]) -> Callable[[Options, str], None]:
    def does(options: Options, value: str) -> None:
        setattr(options, name, made(value))

    return does


def _listing(known: Sequence[str]) -> Callable[[], str]:
    return lambda: "".join(f'"{name}"\n' for name in known)


# Whether it takes a value, and what it does.
_OPTIONS: dict[str, tuple[bool, Callable[[Options, str], None]]] = {
    "-L": (False, _mode("list")), "--list-gpus": (False, _mode("list")),
    "-q": (False, _mode("report")), "--query": (False, _mode("report")),
    "-d": (True, _display), "--display": (True, _display), "--delay": (True, _display),
    "--query-gpu": (True, _query("gpu")),
    "--query-compute-apps": (True, _query("apps")), "--query-apps": (True, _query("apps")),
    "--format": (True, _format),
    "-i": (True, _set("ids", lambda text: text.split(","))), "--id": (True, _set("ids", lambda text: text.split(","))),
    "-l": (True, _period(1.0)), "--loop": (True, _period(1.0)),
    "-lms": (True, _period(0.001)), "--loop-ms": (True, _period(0.001)),
    "-s": (True, _groups), "--select": (True, _groups),
    "-c": (True, _set("turns", lambda text: int(_number(text, 1, 1e9)))),
    "--count": (True, _set("turns", lambda text: int(_number(text, 1, 1e9)))),
    "-f": (True, _set("file", str)), "--filename": (True, _set("file", str)),
    "-h": (False, _help(lambda: USAGE.format(sections=", ".join(report.SECTIONS)))),
    "--help": (False, _help(lambda: USAGE.format(sections=", ".join(report.SECTIONS)))),
    "--version": (False, _help(lambda: f"nvidia-smi of compatlayer; driver version {monitor.driver_version()}, "
                                       f"CUDA version {fields.cuda_version()}\n")),
    "--help-query-gpu": (False, _help(_listing(list(fields.GPU)))),
    "--help-query-compute-apps": (False, _help(_listing(list(fields.APPS)))),
}


def _chosen(cards: list[monitor.Card], ids: list[str]) -> list[monitor.Card]:
    """The devices that -i names, or all. Raises LookupError."""
    if not ids:
        return cards
    found = []
    for name in ids:
        same = [card for card in cards
                if name in (str(card.index), card.uuid) or name.lower().lstrip("0") == card.pci_bus_id.lstrip("0")]
        if not same:
            raise LookupError(f'No device is "{name}"; nvidia-smi -L lists them.')
        found += same
    return found


def _run(options: Options, cards: list[monitor.Card], count: int) -> int:
    if not options.file:
        return _write(options, cards, count, sys.stdout)
    try:
        with open(options.file, "w", encoding="utf-8") as out:
            return _write(options, cards, count, out)
    except OSError as error:
        raise UsageError(f"{options.file} cannot be written: {error.strerror}.") from None


def _write(options: Options, cards: list[monitor.Card], count: int, out: TextIO) -> int:
    for turn, text in enumerate(_turns(options, cards, count)):
        out.write(text)
        out.flush()
        if not options.period_s or turn + 1 == options.turns:
            break
        time.sleep(options.period_s)
    return 0


def _turns(options: Options, cards: list[monitor.Card], count: int) -> Iterator[str]:
    """The text of each turn, for ever."""
    turn = 0
    while True:
        if options.mode == "list":
            yield "".join(f"GPU {card.index}: {card.caps.name} (UUID: {card.uuid})\n" for card in cards)
        elif options.mode == "gpu":
            yield _query_gpu(options, cards, turn)
        elif options.mode == "apps":
            yield _query_apps(options, [read(card, sensors=False) for card in cards], turn)
        elif options.mode == "dmon":
            heading = rows.device_heading(options.groups) if turn % _HEADING_EVERY == 0 else ""
            yield heading + rows.device_rows([read(card) for card in cards], options.groups)
        elif options.mode == "pmon":
            heading = rows.PROCESS_HEADING if turn % _HEADING_EVERY == 0 else ""
            yield heading + rows.process_rows([read(card, sensors=False) for card in cards])
        elif options.mode == "report":
            yield report.text([read(card) for card in cards], options.sections, count)
        else:
            yield table.text([read(card) for card in cards])
        turn += 1


def _query_gpu(options: Options, cards: list[monitor.Card], turn: int) -> str:
    units = [fields.GPU[name][0] for name in options.query]
    wants_sensors = any(name.startswith(("temp", "power", "enforced", "clocks")) for name in options.query)
    lines = [[fields.GPU[name][1](reading) for name in options.query]
             for reading in (read(card, wants_sensors) for card in cards)]
    return _csv(options, units, lines, turn)


def _query_apps(options: Options, readings: list[Reading], turn: int) -> str:
    units = [fields.APPS[name][0] for name in options.query]
    lines = [[fields.APPS[name][1](reading, client) for name in options.query]
             for reading in readings for client in reading.clients]
    return _csv(options, units, lines, turn)


def _csv(options: Options, units: list[str], lines: list[list[fields.Value]], turn: int) -> str:
    with_units = "nounits" not in options.format
    head = [] if "noheader" in options.format or turn else [fields.heading(options.query, units)]
    return "".join(f"{text}\n" for text in [*head, *(fields.line(values, units, with_units) for values in lines)])
