"""Makes a folder with Debian's Python for AArch64 and the packages that our wheel needs, to be run by qemu-aarch64.

    python wheels/aarch64_root.py FOLDER     on a Debian with apt and a network; the system itself is not changed
    COMPATLAYER_AARCH64_ROOT=FOLDER python -m pytest tests/wheels/test_wheel_aarch64.py
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

_DEBIAN = ("libc6", "libcrypt1", "libgcc-s1", "libstdc++6", "zlib1g", "libffi8", "libexpat1", "libssl3", "libbz2-1.0",
           "liblzma5", "libuuid1", "libsqlite3-0", "libpython3.11-minimal", "libpython3.11-stdlib",
           "python3.11-minimal")  # fmt: skip
_PACKAGES = ("numpy", "cffi", "pycparser")
_CONFIGURATION = """
APT::Architecture "arm64"; APT::Architectures {{ "arm64"; }};
Dir::State "{0}/state"; Dir::State::status "{0}/state/status"; Dir::Cache "{0}/cache";
"""


def main(folder: Path) -> None:
    """Download and unpack; what is there already is made again."""
    work, root, site = folder / "apt", folder / "root", folder / "site"
    lists, archives = work / "state" / "lists", work / "cache" / "archives"
    for each in (lists / "partial", archives / "partial", work / "debs", root, site):
        each.mkdir(parents=True, exist_ok=True)
    (work / "state" / "status").touch()
    (work / "apt.conf").write_text(_CONFIGURATION.format(work))
    variables = {**os.environ, "APT_CONFIG": str(work / "apt.conf")}
    subprocess.run(["apt-get", "-qq", "update"], env=variables, check=True)
    subprocess.run(["apt-get", "-qq", "download", *_DEBIAN], cwd=work / "debs", env=variables, check=True)
    for package in sorted((work / "debs").glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", str(package), str(root)], check=True)
    platforms = [f"--platform=manylinux{each}_aarch64" for each in ("_2_28", "_2_27", "_2_17", "2014")]
    subprocess.run([sys.executable, "-m", "pip", "--quiet", "download", "--no-deps", "-d", str(folder / "wheels"),
                    *platforms, "--python-version=3.11", "--only-binary=:all:", *_PACKAGES], check=True)
    for wheel in (folder / "wheels").glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(site)


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
