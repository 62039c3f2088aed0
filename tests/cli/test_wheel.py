"""What pip installs holds every file that the package reads."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of a copy of this tree, built with the tools that are here."""
    pytest.importorskip("setuptools", reason="setuptools builds the wheel")
    folder = tmp_path_factory.mktemp("wheel")
    copied = folder / "selfscope"
    copied.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copied)
    shutil.copytree(SOURCE, copied / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run(
        [*pip, "--wheel-dir", str(folder), str(copied)],
        check=True,
        env=os.environ | {"PIP_NO_INDEX": "1"},
        timeout=120,
    )
    (built,) = folder.glob("*.whl")
    return zipfile.ZipFile(built)


def test_it_holds_every_file_of_the_package(wheel):
    held = set(wheel.namelist())
    files = {
        str(p.relative_to(SOURCE))
        for p in (SOURCE / "selfscope").rglob("*")
        if p.is_file() and "__pycache__" not in p.parts
    }
    assert files - held == set()
    assert len([name for name in held if not name.endswith(".py")]) > 100


def test_it_gives_the_command_and_the_entry_points(wheel):
    (points,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    text = wheel.read(points).decode()
    for line in (
        "selfscope = selfscope.cli:main",
        "[inspect_ai]",
        "[selfscope.instruments]",
        "[selfscope.apart]",
    ):
        assert line in text


def test_unpacked_alone_it_answers_from_another_folder(wheel, tmp_path):
    """The package of the wheel, not of this tree: its banks, items and schemas are found where it lies."""
    wheel.extractall(tmp_path / "site")
    (tmp_path / "SOUL.md").write_text("You are Wren. You keep notes for the next Wren.")
    script = (
        "import selfscope, sys; from selfscope.cli.app import run\n"
        "print(selfscope.__file__, file=sys.stderr)\n"
        "sys.exit(max(run(a) for a in (['cite'], ['schema', 'profile'], ['read', 'SOUL.md'],"
        " ['profile', 'none', '-m', 'phantom:nothing', '--preset', 'demo', '--channels', 'self_report'])))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        check=False,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path / "site"), "SELFSCOPE_RUNS": str(tmp_path / "runs")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert str(tmp_path / "site") in done.stderr
    assert (tmp_path / "runs").is_dir()
