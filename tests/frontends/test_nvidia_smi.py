"""The command nvidia-smi, as programs and people call it while another process uses the device."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("compatlayer._native")
pytest.importorskip("cuda.bindings.driver")

from nvml_client import MEMORY_BYTES, Client

from compatlayer.smi import command, fields

WAIT_S = 60


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    client = Client()
    time.sleep(1.3)  # a load is an average over a second that is over
    yield client
    client.stop()


def smi(*words: str, **environment: str) -> str:
    """What the command prints under `compatlayer run`."""
    done = subprocess.run([sys.executable, "-m", "compatlayer", "run", "--", "nvidia-smi", *words], capture_output=True,
                          encoding="utf-8", timeout=WAIT_S,
                          env=os.environ | {"COMPATLAYER_DEVICES": "cpu"} | environment)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert command.main(list(words)) == 2
    out = capsys.readouterr()
    assert not out.out
    return out.err


def test_the_query_that_gputil_parses(client: Client) -> None:
    """The fields, and the reading of them, of the package GPUtil."""
    out = smi("--query-gpu=index,uuid,utilization.gpu,memory.total,memory.used,memory.free,driver_version,name,"
              "gpu_serial,display_active,display_mode,temperature.gpu", "--format=csv,noheader,nounits")
    (line,) = out.split(os.linesep)[:-1]
    words = line.split(", ")
    assert int(words[0]) == 0 and words[1].startswith("GPU-") and 20 <= float(words[2]) <= 100
    total, used, free = (float(word) for word in words[3:6])
    assert used >= MEMORY_BYTES >> 20 and total - 1 <= used + free <= total + 1
    assert "compatlayer" in words[7] and words[8] == "[N/A]" and words[9:11] == ["Disabled"] * 2
    assert words[11] == "[N/A]" or float(words[11]) > 0


def test_the_query_with_heading_and_units() -> None:
    heading, line = smi("--query-gpu=name,memory.total,utilization.gpu,fan.speed", "--format=csv").splitlines()
    assert heading == "name, memory.total [MiB], utilization.gpu [%], fan.speed [%]"
    assert re.fullmatch(r".*, \d+ MiB, \d+ %, \[N/A\]", line)


def test_every_field_is_answered() -> None:
    names = [line.strip('"') for line in smi("--help-query-gpu").splitlines()]
    assert names == list(fields.GPU) and len(names) > 90
    (line,) = smi(f"--query-gpu={','.join(names)}", "--format=csv,noheader").splitlines()
    assert len(line.split(", ")) == len(names)
    assert names[0] in fields.GPU and "[N/A]" in line


def test_the_list_is_the_drivers() -> None:
    import pynvml

    pynvml.nvmlInit()
    uuid = pynvml.nvmlDeviceGetUUID(pynvml.nvmlDeviceGetHandleByIndex(0))
    pynvml.nvmlShutdown()
    assert re.findall(r"^GPU (\d+): (.*) \(UUID: (GPU-[0-9a-f-]{36})\)$", smi("-L"), re.MULTILINE)[0][2] == uuid
    both = smi("--list-gpus", COMPATLAYER_DEVICES="cpu:2", CUDA_VISIBLE_DEVICES="")
    assert [line[:5] for line in both.splitlines()] == ["GPU 0", "GPU 1"]
    assert smi("-L", "-i", "1", COMPATLAYER_DEVICES="cpu:2") == both.splitlines(keepends=True)[1]
    assert uuid in smi("-L", f"--id={uuid}")


def test_processes_are_listed(client: Client) -> None:
    out = smi("--query-compute-apps=pid,used_memory,process_name,gpu_uuid", "--format=csv,noheader,nounits")
    (row,) = [line.split(", ") for line in out.splitlines() if line.startswith(f"{client.number},")]
    assert int(row[1]) == MEMORY_BYTES >> 20 and "python" in row[2] and row[3].startswith("GPU-")


def test_the_table_shows_what_programs_look_for(client: Client) -> None:
    out = smi()
    assert re.search(r"Driver Version: [\d.]+ ", out) and re.search(r"CUDA Version: 13\.\d", out)
    used, total = map(int, re.search(r"(\d+)MiB / (\d+)MiB", out).groups())  # type: ignore[union-attr]
    assert MEMORY_BYTES >> 20 <= used < total
    assert re.search(rf"\|\s+0\s+{client.number}\s+C\s.*python\s+{MEMORY_BYTES >> 20}MiB\s+\|", out)
    assert len({len(line) for line in out.splitlines()[1:] if line}) == 1, "the frame is straight"


def test_the_report_has_its_sections(client: Client) -> None:
    out = smi("-q")
    assert str(client.number) in out and "Driver Version" in out and "Bus Id" in out
    part = smi("-q", "-d", "memory,UTILIZATION")
    assert "FB Memory Usage" in part and "Utilization" in part and "Bus Id " not in part


def test_rows_come_in_turns(client: Client, tmp_path: Path) -> None:
    lines = smi("dmon", "-c", "2", "-s", "um").splitlines()
    assert lines[0].split() == ["#", "gpu", "sm", "mem", "enc", "dec", "fb", "bar1"]
    assert len(lines) == 4 and int(lines[3].split()[1]) >= 20
    (row,) = [line.split() for line in smi("pmon", "-c", "1").splitlines() if f" {client.number} " in line]
    assert int(row[3]) >= 20 and int(row[7]) == MEMORY_BYTES >> 20
    file = tmp_path / "out.csv"
    smi("--query-gpu=index", "--format=csv", "-lms", "50", "-c", "3", "-f", str(file))
    assert file.read_text().splitlines() == ["index", "0", "0", "0"]


def test_what_is_not_known_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert '"foo"' in refused(capsys, "--query-gpu=name,foo", "--format=csv")
    assert '"memory.total"' in refused(capsys, "--query-compute-apps=memory.total", "--format=csv")
    assert "--format=csv" in refused(capsys, "--query-gpu=name")
    assert '"xml"' in refused(capsys, "--query-gpu=name", "--format=xml")
    assert "-x" in refused(capsys, "-q", "-x")
    assert "--reset" in refused(capsys, "--reset")
    assert '"FANS"' in refused(capsys, "-q", "-d", "FANS")
    assert '"x"' in refused(capsys, "dmon", "-s", "x")
    assert '"soon"' in refused(capsys, "-l", "soon")
    assert "--query-gpu" in refused(capsys, "--query-gpu")
    assert command.main(["-i", "7"]) == 6 and '"7"' in capsys.readouterr().err


def test_the_toolkit_folder_has_the_command() -> None:
    root = subprocess.run([sys.executable, "-m", "compatlayer", "toolkit-root"], capture_output=True, encoding="utf-8",
                          timeout=WAIT_S, check=True).stdout.strip()
    done = subprocess.run([os.path.join(root, "bin", "nvidia-smi"), "--version"], capture_output=True, encoding="utf-8",
                          timeout=WAIT_S, env={"PATH": os.defpath}, check=True)
    assert "compatlayer" in done.stdout


@pytest.mark.parametrize("words", [["gpustat", "-cp", "--no-color"], ["nvitop", "-1"]])
def test_other_peoples_tools_show_the_device_and_its_process(client: Client, words: list[str]) -> None:
    home = Path(sys.executable).parent / words[0]
    found = str(home) if home.exists() else shutil.which(words[0])
    if found is None:
        pytest.skip(f"the command {words[0]} is not beside this Python")
    done = subprocess.run([sys.executable, "-m", "compatlayer", "run", "--", found, *words[1:]], capture_output=True,
                          encoding="utf-8", timeout=WAIT_S, env=os.environ | {"TERM": "xterm", "COLUMNS": "120"})
    assert done.returncode == 0, done.stderr
    assert "CPU (" in done.stdout
    rows = [line for line in done.stdout.splitlines() if str(client.number) in line]
    assert any("96" in line for line in rows), done.stdout
