"""Tests of other folders that belong to the proof, run whole and counted by what they are about."""

import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from .zygote import PROJECT

SUITES = {
    "hostile trees": ("tests/archive/store/test_bring.py",),
    "hostile archives": ("tests/archive/exchange/test_packed.py",),
    "executable formats": ("tests/archive/store/test_executable.py",),
    "weights that lie": ("tests/archive/store/test_weights.py", "tests/archive/store/test_delta.py"),
    "replicas and repair": ("tests/archive/care",),
    "golden archives": ("tests/archive/test_golden.py",),
    "exports": ("tests/archive/exchange/test_ocfl.py",),
    "decisions": ("tests/archive/policy",),
    "full file systems": ("tests/archive/faults/test_failures.py", "-k", "really_full"),
}


def suite(name: str, ground: Path) -> dict[str, Any]:
    """Run a suite; return how many of its tests passed, were skipped and failed."""
    report = ground / "report.xml"
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
         f"--basetemp={ground / 'temporary'}", f"--junitxml={report}", *SUITES[name]],
        cwd=PROJECT, stdout=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    cases = list(ElementTree.parse(report).iter("testcase"))
    failed = [
        case.get("name")
        for case in cases
        if case.find("failure") is not None or case.find("error") is not None
    ]
    skipped = sum(case.find("skipped") is not None for case in cases)
    return {"passed": len(cases) - len(failed) - skipped, "skipped": skipped, "wrong": failed}
