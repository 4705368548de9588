"""Nothing is told to anybody, nothing is left behind: seen from outside the process."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import good_pictures, write_pictures

KENPIN = [sys.executable, "-m", "kenpin"]
INTERNET = re.compile(r"socket\(AF_INET|connect\(.*sin6?_port|resolv\.conf|sendto\(.*sin6?_port")
OPENED = re.compile(r'open(?:at)?\([^"]*"([^"]+)", [^)]*O_(?:CREAT|WRONLY|RDWR)')
MADE = re.compile(r'mkdir\w*\([^"]*"([^"]+)"')
SOMEWHERE = ("/dev/", "/proc/", "/sys/")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Pictures of good and of NG pieces; what may be written lies in out/."""
    place = tmp_path_factory.mktemp("place")
    place.chmod(0o755)
    size = (96, 128)
    good = good_pictures(22, 0, size)
    write_pictures(place / "good", good[:16])
    write_pictures(place / "set/test/good", good[16:])
    struck = [pixels.copy() for pixels in good_pictures(6, 50, size)]
    for pixels in struck:
        pixels[40:54, 50:64] = 255
    write_pictures(place / "set/test/struck", struck)
    (place / "out").mkdir()
    return place


def commands(place, model="feature"):
    """The main job, one command after the other, with what each may end with; in an empty out/."""
    shutil.rmtree(place / "out")
    (place / "out").mkdir()
    part, out = place / f"out/{model}.kenpin", place / "out"
    tested = place / "set/test/struck"
    return {
        "learn": ((0,), ["learn", place / "good", "-o", part, "--model", model]),
        "show": ((0,), ["show", part]),
        "inspect": (
            (1,),
            ["inspect", part, tested, "--csv", out / f"{model}.csv",
             "--pictures", out / f"{model}-shown", "--record", out / f"{model}-record"],
        ),
        "evaluate": ((0,), ["evaluate", part, place / "set", "--report", out / f"{model}-report"]),
        "export": ((0,), ["export", part, place / "set/test/good", "-o", out / f"{model}-graph"]),
        "bench": ((0,), ["bench", part, place / "set/test/good"]),
        "master": ((0,), ["master", "add", part, "--ng", tested / "000.png"]),
    }  # fmt: skip


def traced(place, environment, command, trace):
    strace = ["strace", "-f", "-qq", "-o", trace, "-e", "trace=network,open,openat,mkdir,mkdirat"]
    return subprocess.run(
        [str(a) for a in (*strace, *command)],
        env=environment, cwd=place, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def strace():
    if not shutil.which("strace"):
        pytest.skip("strace is not installed, so the network was not watched")
    try:
        subprocess.run(["strace", "-o", os.devnull, "true"], check=True, capture_output=True)
    except subprocess.CalledProcessError:
        pytest.skip("strace may not trace here, so the network was not watched")


def test_no_command_asks_the_network_or_leaves_a_file_elsewhere(place, strace, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    for name, (statuses, arguments) in commands(place).items():
        trace = tmp_path / f"{name}.trace"
        done = traced(place, environment, [*KENPIN, *arguments], trace)
        assert done.returncode in statuses, (name, done.stderr)
        lines = trace.read_text("utf-8", "replace").splitlines()
        assert len(lines) > 100, name  # it did watch
        assert not [line for line in lines if INTERNET.search(line)], name
        named = (OPENED.search(line) or MADE.search(line) for line in lines)
        written = {found[1] for found in named if found}
        left = {path for path in written if (place / path).exists()}  # not what was scratch
        elsewhere = {p for p in left if not p.startswith((*SOMEWHERE, str(place / "out")))}
        assert not elsewhere, name
    assert not list(home.rglob("*"))


def test_the_exported_example_asks_nobody_either(place, strace, tmp_path):
    import kenpin  # noqa: PLC0415

    bundle = kenpin.learn(str(place / "good"), kenpin.Recipe(model="pca"))
    kenpin.export(bundle, tmp_path / "graph", good_pictures(2, 80, (96, 128)))
    home = tmp_path / "home"
    home.mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
    trace = tmp_path / "trace"
    done = traced(tmp_path, environment, [sys.executable, tmp_path / "graph/example.py"], trace)
    assert done.returncode == 0, done.stderr
    lines = trace.read_text("utf-8", "replace").splitlines()
    assert len(lines) > 100
    assert not [line for line in lines if INTERNET.search(line)]
    assert not list(home.rglob("*"))


@pytest.fixture(scope="module")
def read_only():
    """What begins a command that may write into one folder only: nowhere else, /tmp included."""
    if not shutil.which("unshare"):
        pytest.skip("unshare is not installed, so no file system was made read-only")
    if subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode:
        pytest.skip("needs root, so no file system was made read-only")

    def begin(folder):
        inside = (
            f"mount --bind '{folder}' '{folder}' && mount -o remount,ro,bind / && "
            "for m in /tmp /dev/shm /var/tmp; "
            "do mountpoint -q $m && mount -o remount,ro,bind $m; done; "
            'cd / && exec env -i PATH=/usr/bin "$@"'
        )
        return ["unshare", "-m", "bash", "-c", inside, "_"]

    return begin


@pytest.mark.parametrize("model", ["feature", "pca"])
def test_every_command_works_without_a_home_on_a_read_only_machine(place, read_only, model):
    for name, (statuses, arguments) in commands(place, model).items():
        begun = [str(a) for a in (*read_only(place / "out"), *KENPIN, *arguments)]
        done = subprocess.run(begun, capture_output=True, text=True, check=False)
        assert done.returncode in statuses, (name, done.stderr)
        for foreign in ("Traceback", "Warning", "WARNING", "cache", "matplotlib"):
            assert foreign not in done.stderr + done.stdout, (name, done.stderr)


def test_plots_are_drawn_with_no_place_for_a_cache(tmp_path):
    code = (
        "import numpy as np; from kenpin.report.plots import histogram;"
        "plot = histogram(np.arange(9.), np.arange(9.), 4.0, 'score', 'drawn_held_out');"
        "open('plot.png', 'wb').write(plot.png)"
    )
    environment = {"PATH": os.environ["PATH"], "HOME": os.devnull, "TMPDIR": "/nowhere"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "plot.png").stat().st_size > 1000


def test_no_other_file_loads_what_must_be_quieted_first():
    source = Path(__file__).parents[2] / "src" / "kenpin"
    own = source / "system" / "quiet.py"
    loads = re.compile(r"^\s*(?:import|from) (onnxruntime|openvino)\b", re.M)
    found = [p for p in source.rglob("*.py") if p != own and loads.search(p.read_text("utf-8"))]
    assert not found
    drawing = re.compile(r"^(?:import|from) matplotlib\b", re.M)  # at the top, before quiet.py
    assert not [p for p in source.rglob("*.py") if drawing.search(p.read_text("utf-8"))]
