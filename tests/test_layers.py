"""Arrows point one way: no module imports from a tier above its own, nor one tier sideways."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "selfscope"
#: design.md, lowest first; packages in one entry do not import each other.
TIERS = [
    {"errors"},
    {"values"},
    {"stats", "archive"},
    {"models"},
    {"subjects"},
    {"space"},
    {"instruments", "agent"},
    {"studies"},
    {"training"},
    {"report", "serve"},
    {"cli"},
]
#: What may import nothing of ours but these.
NARROW = {
    "values": {"errors", "values"},
    "stats": {"errors", "values", "stats"},
    "archive": {"errors", "values", "archive"},
    "report": {"errors", "values", "stats", "report"},
}
LEVEL = {name: n for n, names in enumerate(TIERS) for name in names}
MODULES = sorted(p for p in SOURCE.rglob("*.py") if p.parent != SOURCE)


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("selfscope."):
            yield node.module.split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (a.name.split(".")[1] for a in node.names if a.name.startswith("selfscope."))


def test_every_package_has_its_tier():
    packages = {p.relative_to(SOURCE).parts[0] for p in MODULES}
    assert packages | {"errors"} == set(LEVEL)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_arrows_point_down(path):
    package = path.relative_to(SOURCE).parts[0]
    for other in set(imported(path)):
        assert other == package or LEVEL[other] < LEVEL[package], f"{package} imports {other}"
        assert other in NARROW.get(package, {other}), f"{package} may not import {other}"
