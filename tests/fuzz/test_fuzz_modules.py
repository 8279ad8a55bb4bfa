"""A short run of the module fuzzer; `make fuzz` damages 20,000 images."""

from __future__ import annotations

import os
from pathlib import Path

import fuzz_modules

IMAGES = int(os.environ.get("FUZZ_IMAGES", "700"))
SEED = int(os.environ.get("FUZZ_SEED", "7"))


def test_damaged_images_are_refused_or_work(tmp_path: Path) -> None:
    report = fuzz_modules.run(tmp_path, SEED, IMAGES)
    assert report["findings"] == []
    launched = {name: count for name, count in report["statuses"].items() if name.startswith("launched")}
    assert sum(report["statuses"].values()) - sum(launched.values()) == IMAGES
    assert launched.get("launched 0", 0) > 2, "no program of its own is launched"
    assert len(report["statuses"]) > 5, "the damage is always of one kind"
    assert report["statuses"].get("damaged 0", 0) > 2, "no image survives its damage: nothing is launched"
