"""-arch, -code and -gencode: which architecture a kernel is compiled for."""

from __future__ import annotations

from compatlayer import config
from compatlayer.nvcc.options import Command, Fatal

NUMBERS = tuple(int(one.replace(".", "")) for one in config.CAPABILITIES)
_DEFAULT = "75"


def listed(phase: str) -> str:
    """The text of --list-gpu-arch and --list-gpu-code."""
    kind = "compute" if phase.endswith("arch") else "sm"
    return "".join(f"{kind}_{number}\n" for number in NUMBERS)


def architectures(command: Command) -> list[str]:
    """Every architecture that code is wanted for, as sm_86 or compute_86; Fatal for one that there is not."""
    if command.architecture and command.pairs:
        raise Fatal("Option '--gpu-architecture' and '--generate-code' may not both be given")
    if command.pairs:
        for virtual, code in command.pairs:
            _known(virtual)
            if _number(_known(code)) < _number(virtual):
                raise Fatal(f"Incompatible code generation requested: arch='{virtual}', code='{code}'")
        return [code for _, code in command.pairs]
    chosen = command.architecture
    if chosen in ("native", "all", "all-major"):
        return [f"sm_{device_number()}"]
    if not chosen:
        chosen = f"sm_{_DEFAULT}"
    _known(chosen)
    return [_known(code) for code in command.codes] or [chosen]


def single(command: Command) -> str:
    """The one architecture to compile for. A fatbin for several holds the code that fits this machine's device."""
    wanted = architectures(command)
    if len(wanted) == 1:
        return wanted[0]
    if command.phase != "fatbin":
        raise Fatal(f"Option '--{command.phase} (-{command.phase})' is not allowed when compiling for multiple GPU "
                    "architectures")
    device = device_number()
    real = [one for one in wanted if one.startswith("sm_") and _number(one) <= device
            and _number(one) // 10 == device // 10]
    virtual = [one for one in wanted if one.startswith("compute_") and _number(one) <= device]
    return max(real or virtual or wanted[:1], key=_number)


def device_number() -> int:
    """86 for a device of compute capability 8.6."""
    major, minor = config.from_environment().compute_capability
    return major * 10 + minor


def _number(name: str) -> int:
    return int(name.partition("_")[2].rstrip("af"))


def _known(name: str) -> str:
    kind, _, number = name.partition("_")
    digits = number.rstrip("af")
    if kind not in ("sm", "compute", "lto") or not digits.isdigit():
        raise Fatal(f"Value '{name}' is not defined for option 'gpu-architecture'")
    if int(digits) not in NUMBERS or (number != digits and int(digits) < 90):
        raise Fatal(f"Unsupported gpu architecture '{name}'; this toolkit is CUDA 13.0's, which has "
                    f"{kind}_{NUMBERS[0]} to {kind}_{NUMBERS[-1]}")
    return name
