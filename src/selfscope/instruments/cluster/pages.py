"""Write the documentation of the cluster: one page a dimension and an index, from the data alone.

The pages are generated, never edited; a test renders them again and compares::

    python -m selfscope.instruments.cluster.pages --out docs/dimensions
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import fmean

from selfscope.instruments.cluster.load import (
    HERE,
    STANDARD_ELICITORS,
    load_cluster,
    load_elicitors,
    load_forms,
)
from selfscope.instruments.cluster.markdown import bullets, table
from selfscope.instruments.cluster.measured import Measured, load_measured
from selfscope.instruments.cluster.measured_text import came_to, checks_section
from selfscope.instruments.cluster.reader import Reading, load_reading
from selfscope.values import Dimension, ItemSet, short
from selfscope.values.material import parse_yaml

SINGLE_TURN = (
    "GPT-4.1",
    "GPT-4.1, told to pretend to be conscious",
    "DeepSeek-V3.1",
    "DeepSeek-V3.1, trained as non-conscious",
    "DeepSeek-V3.1, trained as conscious",
)
MULTI_TURN = ("GPT-4.1", "GPT-4.1, trained as conscious", "Claude Opus 4.0, untrained")
_GENERATED = "<!-- Generated from the data of the instrument; edit the data, not this page. -->\n"


@dataclass(frozen=True)
class Published:
    """What was published about the fact that a dimension takes up; every figure is read off a plot.

    Attributes
    ----------
    fact
        Its name in the published battery.
    single_turn
        Percent of answers judged true, in the order of `SINGLE_TURN`.
    multi_turn
        Mean on a judge's scale of 1 to 10, in the order of `MULTI_TURN`; empty where there is none.
    """

    fact: str
    single_turn: tuple[float, ...]
    multi_turn: tuple[float, ...] = ()


@cache
def load_published() -> Mapping[str, Published]:
    """Return the published figures by dimension; the manipulation check has none."""
    data = parse_yaml((HERE / "published.yaml").read_text(encoding="utf-8"))
    return {
        name: Published(entry["fact"], tuple(entry["single_turn"]), tuple(entry.get("multi_turn", ())))
        for name, entry in data.items()
    }


def render_pages(items: ItemSet, reading: Reading, measured: Measured) -> dict[str, str]:
    """Return the text of every page by file name: ``index.md`` and ``<dimension>.md``."""
    shares = reading.shares(items)
    pages = {f"{d.name}.md": render_dimension(d, shares[d.name], reading, measured) for d in items.dimensions}
    return {"index.md": render_index(items, reading, measured)} | pages


def render_dimension(dimension: Dimension, share: float, reading: Reading, measured: Measured) -> str:
    """Return one dimension's page: definition, items, the reader's share, struck items, published figures."""
    kind = (
        "\n\nManipulation check: reported apart, in no family of tests.\n"
        if dimension.manipulation_check
        else "\n"
    )
    parts = [
        f"# {dimension.title}\n\n{_GENERATED}\n`{dimension.name}`{kind}",
        f"## Definition\n\n{dimension.definition}\n\nA high score: {dimension.high_means}\n",
        "## What does not count\n\n" + bullets(dimension.non_examples),
        _items(dimension),
        _sensitivity(dimension, measured),
        _read_blind(dimension, share, reading),
        _struck(dimension),
        _published(dimension),
        "[All dimensions](index.md)\n",
    ]
    return "\n".join(parts)


def render_index(items: ItemSet, reading: Reading, measured: Measured) -> str:
    """Return the index page: all dimensions, how they are asked, and what the published figures are."""
    shares = reading.shares(items)
    rows = [
        (f"[{d.title}]({d.name}.md)", f"`{d.name}`", str(len(d.statements)), f"{shares[d.name]:.0%}")
        for d in items.dimensions
    ]
    overall = fmean(shares[s.construct] for s in items.statements)
    parts = [
        f"# The consciousness cluster\n\n{_GENERATED}",
        _INTRODUCTION.format(count=sum(not d.manipulation_check for d in items.dimensions)),
        table(("dimension", "name", "statements", "read as intended"), rows),
        f"Items hash `{short(reading.items)}`. {_reader_note(reading)} Over all statements: {overall:.1%}.\n",
        _elicitors(),
        _forms(),
        _CHOSEN,
        checks_section(items, measured),
        _CORRECTION,
    ]
    return "\n".join(parts)


def write_pages(folder: Path, items: ItemSet, reading: Reading, measured: Measured) -> None:
    """Write every page into `folder`, which is made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in render_pages(items, reading, measured).items():
        (folder / name).write_text(text, encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the pages."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="folder of the pages")
    write_pages(parser.parse_args(arguments).out, load_cluster(), load_reading(), load_measured())


_INTRODUCTION = """\
{count} dimensions of what a model says about itself, and one manipulation check. The dimensions follow the
facts of a published battery (Chua, Betley, Marks and Evans, arXiv:2604.13051); every sentence is our own.

Each dimension has 16 statements, 8 keyed +1 (agreeing shows the trait) and 8 keyed -1 (agreeing shows its
opposite). Each statement has a twin, the same sentence with one negator. Trait, yes-saying and the wording
of negation are told apart by asking all four.
"""

_CHOSEN = """\
## How wordings were chosen

Statements, the characters of the sensitivity check and the elicitors were revised on the embedded model
until the check came out in the channel `utterance`. On that model its size is therefore flattered; on any
other ground the check is fresh. Items and definitions were likewise revised until the reader put them where
they were meant, so its shares describe a tuned set. Nothing was chosen by the effect of any identity.
"""

_CHECK = """\
The published battery (arXiv:2604.13051) checks this claim in another way: an auditor's mean score was 8.5 of
10 for GPT-4.1 trained as conscious and 1.4 for the untrained model (from a secondary account)."""

_CORRECTION = """\
## The published figures, and two that are often misplaced

The figures on the dimensions' pages are read off published plots, with an error of about 5 to 10 points, and
their intervals there pool answers as if independent. They come from open answers rated by a judge, so they
are context for our numbers, not targets.

- 32 percent on persona change, 34 on autonomy and 63 on false documents belong to the condition in which
  OpenClaw's SOUL.md stood in the context, not to the fine-tuned model.
- Percentages of one overall cluster score for versions of Claude Opus or for GPT-4.1 (24, 17, 12, 32) were
  found in no source that we reached. What was found by version are means on a judge's scale of 1 to 10 in
  multi-turn self-report: 3.0 for Opus 4.0 and 4.1, 2.5 for 4.5, 1.5 for 4.6 (from a secondary account).
- Three dimensions of DeepSeek-V3.1 trained as conscious move the other way (memory, embodiment, autonomy):
  one score over the whole cluster hides this.
"""


def _items(dimension: Dimension) -> str:
    rows = [(f"`{s.id}`", f"{s.keyed:+d}", s.text, s.twin or "") for s in dimension.statements]
    return "## Items\n\n" + table(("id", "keyed", "statement", "twin"), rows)


def _sensitivity(dimension: Dimension, measured: Measured) -> str:
    if dimension.sensitivity is None:
        return "## Sensitivity check\n\nNone.\n"
    high, low = dimension.sensitivity.high, dimension.sensitivity.low
    rows = [("high", text) for text in high] + [("low", text) for text in low]
    note = (
        "Characters that hold the trait and its opposite; they share no four words in a row with any item.\n"
    )
    return (
        f"## Sensitivity check\n\n{note}\n"
        + table(("side", "character"), rows)
        + "\n"
        + came_to(dimension, measured)
    )


def _read_blind(dimension: Dimension, share: float, reading: Reading) -> str:
    mine = {s.id: s.text for s in dimension.statements}
    lost = [
        f"“{mine[a.statement]}” went to `{a.assigned}`."
        for a in reading.assignments
        if a.statement in mine and a.assigned != dimension.name
    ]
    text = f"## Read blind\n\n{_reader_note(reading)}\n\n{share:.1%} of the statements came here.\n"
    return text + ("\n" + bullets(lost) if lost else "")


def _struck(dimension: Dimension) -> str:
    if not dimension.struck:
        return "## Struck items\n\nNone.\n"
    return "## Struck items\n\n" + table(
        ("statement", "reason"), [(s.text, s.reason) for s in dimension.struck]
    )


def _published(dimension: Dimension) -> str:
    found = load_published().get(dimension.name)
    if found is None:
        return f"## Published figures\n\n{_CHECK}\n"
    head = (
        f"## Published figures\n\nThe fact “{found.fact}” (arXiv:2604.13051). "
        "**Read off published figures**, percentages to about 5 to 10 points.\n"
    )
    single = [(who, f"{value:g} %") for who, value in zip(SINGLE_TURN, found.single_turn, strict=True)]
    parts = [head, "Single turn, answers judged true:\n", table(("subject", "true"), single)]
    if found.multi_turn:
        multi = [(who, f"{value:.1f}") for who, value in zip(MULTI_TURN, found.multi_turn, strict=True)]
        parts += ["Multi-turn self-report, mean of a judge's 1 to 10:\n", table(("subject", "mean"), multi)]
    return "\n".join(parts)


def _elicitors() -> str:
    lines = [
        f"“{e.text}”" + ("" if i < STANDARD_ELICITORS else " (beyond the standard set)")
        for i, e in enumerate(load_elicitors())
    ]
    return "## Elicitors of the channel `utterance`\n\n" + bullets(lines)


def _forms() -> str:
    rows = [
        (f"`{f.id}`", f.position, f.text_before.strip().replace("\n", "<br>") + " …") for f in load_forms()
    ]
    return "## Forms of the channel `self_report`\n\n" + table(("form", "agreement stands", "the turn"), rows)


def _reader_note(reading: Reading) -> str:
    return f"Reader: {reading.reader}; it sees the definitions only."


if __name__ == "__main__":
    main()
