"""Runs the programs of one file on one library: `python -m compatlayer.oracle.child FILE LIBRARY PTX [NAME]`.

Prints lines of JSON: ["all", names] first, with those that want a process of their own last; ["started", name] and
[name, steps] for each program that is run, so that one that ends the process is known.
"""

from __future__ import annotations

import ctypes
import importlib.util
import json
import os
import sys
from pathlib import Path

from compatlayer.oracle import calls


def main(words: list[str]) -> int:
    """Run all programs that can share a process, or the one named."""
    file, library, kernels, *only = words
    spec = importlib.util.spec_from_file_location(Path(file).stem, file)
    assert spec is not None and spec.loader is not None
    sys.path.insert(0, str(Path(file).parent))
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    cuda = calls.Cuda(ctypes.CDLL(library), Path(kernels).read_bytes())
    status = cuda.quietly("cuInit", 0)
    if status:
        print(json.dumps(["", [["cuInit", cuda.status_name(status)]]]), flush=True)
        return 1
    if not only:
        print(json.dumps(["all", [each.name for each in calls.programs()]]), flush=True)
    for each in calls.programs():
        if each.name in only or not (only or each.alone):
            print(json.dumps(["started", each.name]), flush=True)
            print(json.dumps([each.name, each.run(cuda)]), flush=True)
    sys.stdout.flush()
    os._exit(0)  # destructors of a library in trouble are nobody's concern


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
