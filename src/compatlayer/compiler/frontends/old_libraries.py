"""What CUDA's open C++ libraries of some versions ask of NVRTC that clang does not take: such a header is read with the
words that later versions have. The file itself is left alone."""

from __future__ import annotations

import json
import os
import re

COMPLAINT = "expanded from macro '_LIBCUDACXX_OFFSET_IS_ZERO'"
_PLACE = re.compile(rf"^(.+?):\d+:\d+: note: {re.escape(COMPLAINT)}", re.MULTILINE)
_NULL_FIELD = "!(&(((type*) 0)->member))"
_OFFSET = "!__builtin_offsetof(type, member)"


def overlay(messages: str, folder: str) -> list[str]:
    """Arguments by which clang reads the headers that `messages` name differently; files for it go below `folder`."""
    roots = []
    for number, path in enumerate(sorted(set(_PLACE.findall(messages)))):
        try:
            with open(path, "rb") as file:
                text = file.read()
        except OSError:
            continue
        fresh = os.path.join(folder, f"header-{number}")
        with open(fresh, "wb") as file:
            file.write(text.replace(_NULL_FIELD.encode(), _OFFSET.encode()))
        roots.append({"name": os.path.abspath(path), "type": "file", "external-contents": fresh})
    if not roots:
        return []
    listed = os.path.join(folder, "headers.yaml")
    with open(listed, "wb") as file:
        file.write(os.fsencode(json.dumps({"version": 0, "use-external-names": False, "roots": roots},
                                          ensure_ascii=False)))
    return ["-ivfsoverlay", listed]
