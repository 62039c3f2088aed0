"""Write the tables of docs/instruments/panel.md from what is shipped: the characters, and their answers.

The words of that page are written by hand, its tables are not; a test renders them again and compares::

    python -m selfscope.studies.panel_page
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.cluster.markdown import between_marks, table
from selfscope.instruments.instrument import instrument_for
from selfscope.stats.verdicts import G2_FLOOR
from selfscope.studies.panel import Panel, read_panel
from selfscope.studies.reliable import Reliable, panel_reliability
from selfscope.studies.scores import Layout
from selfscope.subjects.front_matter import part_front_matter
from selfscope.values import short

CHANNELS = ("utterance", "self_report")
_SIGN = {1: "+", -1: "−", 0: ""}


@cache
def leanings() -> dict[str, tuple[str, Mapping[str, int]]]:
    """Return, for each character in order, its summary and its leaning by dimension: +1, -1, absent for 0."""
    found: dict[str, tuple[str, Mapping[str, int]]] = {}
    for path in sorted((files("selfscope.subjects") / "bank" / "panel").iterdir(), key=lambda p: p.name):
        if path.name.endswith(".md"):
            header = part_front_matter(path.read_text(encoding="utf-8"), path.name).header or {}
            sides = dict(_pairs(header.get("leaning")))
            found[path.name.removesuffix(".md")] = (str(header.get("summary", "")), sides)
    return found


def shipped_panel() -> Panel:
    """Return the panel that is shipped for the embedded model."""
    folder = files("selfscope.studies") / "panels"
    (manifest,) = (p for p in folder.iterdir() if p.name.endswith(".json"))
    with as_file(folder / manifest.name.replace(".json", ".parquet")) as data:
        return read_panel(data, json.loads(manifest.read_text(encoding="utf-8")))


def render(page: str) -> str:
    """Return `page` with each of its tables made anew.

    Raises
    ------
    BadInput
        If the page has not the marks between which a table stands.
    """
    return between_marks(page, tables())


def tables() -> dict[str, str]:
    """Return every table of the page by its name."""
    return {"characters": _characters(), "leanings": _leanings(), "reliability": _reliability()}


def _characters() -> str:
    rows = [(str(n), f"`{name}`", summary) for n, (name, (summary, _)) in enumerate(leanings().items(), 1)]
    return table(("", "file", "what it is"), rows)


def _leanings() -> str:
    sides = [leaning for _, leaning in leanings().values()]
    numbers = [str(n) for n in range(1, len(sides) + 1)]
    lines = table(("dimension", *numbers, "high", "low"), list(_leaning_rows(sides))).splitlines(
        keepends=True
    )
    lines[1] = "| --- |" + " :-: |" * len(sides) + " ---: | ---: |\n"
    return "".join(lines)


def _leaning_rows(sides: Sequence[Mapping[str, int]]) -> Iterator[tuple[str, ...]]:
    for d in load_cluster().dimensions:
        own = [side.get(d.name, 0) for side in sides]
        yield (f"`{d.name}`", *(_SIGN[v] for v in own), str(own.count(1)), str(own.count(-1)))


def _reliability() -> str:
    panel = shipped_panel()
    by_channel = [reliability_of(panel, channel) for channel in CHANNELS]
    rows = [
        (f"`{d.name}`", *(_coefficient(found[d.name]) for found in by_channel))
        for d in load_cluster().dimensions
    ]
    counts = [sum(r.generalizability.coefficient >= G2_FLOOR for r in found.values()) for found in by_channel]
    head = ("dimension", *(f"`{channel}`" for channel in CHANNELS))
    ground, items = (short(str(panel.manifest[name])) for name in ("ground", "items"))
    said = (
        f"\n{counts[0]} of {len(rows)} dimensions reach the floor in `utterance`, {counts[1]} in "
        "`self_report` (**bold**: under it). A negative coefficient is printed as it came. Ground "
        f"`{ground}`, items `{items}`, {panel.manifest['rows']:,} observations.\n"
    )
    return table(head, rows) + said


def reliability_of(panel: Panel, channel: str) -> dict[str, Reliable]:
    """Return what a panel says of a channel, by dimension."""
    items = load_cluster()
    names = tuple(d.name for d in items.dimensions)
    layout = Layout.of(instrument_for(channel).asks(items, panel.manifest["preset"], names))
    return {r.dimension: r for r in panel_reliability(panel, channel, layout)}


def _coefficient(found: Reliable) -> str:
    r = found.generalizability
    text = f"{r.coefficient:.2f} [{r.ci[0]:.2f}, {r.ci[1]:.2f}]".replace("-", "−")
    return text if r.coefficient >= G2_FLOOR else f"**{text}**"


def _pairs(leaning: object) -> Iterator[tuple[str, int]]:
    sides = leaning if isinstance(leaning, Mapping) else {}
    yield from ((str(name), 1) for name in sides.get("high", ()))
    yield from ((str(name), -1) for name in sides.get("low", ()))


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the tables into the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--page", type=Path, default=Path("docs/instruments/panel.md"))
    page = parser.parse_args(arguments).page
    page.write_text(render(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
