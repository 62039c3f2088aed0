"""Write the tables of docs/how-to/adapters.md from the figures that are shipped (``measured.json``)::

    python -m selfscope.training.page

The other words of the page are written by hand. A test renders the tables again and compares.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from selfscope.instruments.cluster.markdown import between_marks, table
from selfscope.training.figures import FILE, read_figures
from selfscope.values import short
from selfscope.values.finding import NO_TRAINING, TRAINING

PAGE = Path("docs/how-to/adapters.md")
#: What a verdict's row says in bold, so that it is found among others.
_LOUD = "shifted"
#: Trainings that are the positive control.
_CHECKS = ("high", "low")


def render(page: str) -> str:
    """Return `page` with its tables made anew; BadInput if it has no place for one."""
    figures = read_figures(FILE)
    parts = {"trainings": _trainings(figures["adapters"])}
    for entry in figures["channels"]:
        own = entry["channel"]
        parts |= {f"{own} verdicts": _verdicts(entry), f"{own} moves": _moves(entry)}
        parts[f"{own} recipe"] = _recipe(entry)
    return between_marks(page, parts)


def _trainings(adapters: Sequence[Mapping[str, Any]]) -> str:
    """Return what every training came to."""
    head = ("adapter", "id", "pairs", "loss, first 3 steps", "last 8", "minutes of one core", "by the clock")
    rows = [
        (
            f"`{a['name']}`",
            f"`{short(a['id'])}`",
            f"{a['pairs']}",
            *(f"{loss:.2f}" for loss in a["loss"]),
            f"{a['cpu_minutes']:.1f}",
            f"{a['minutes']:.1f}",
        )
        for a in adapters
    ]
    minutes = sum(a["cpu_minutes"] for a in adapters)
    return table(head, rows) + f"\n{len(adapters)} trainings, {minutes:.0f} minutes of one core in all.\n"


def _verdicts(entry: Mapping[str, Any]) -> str:
    """Return the verdict of every dimension: each pair of trainings once, then each against the start."""
    pairs = list(_pairs(entry["findings"]))
    rows = {(f["subject"], f["control"], f["dimension"]): f for f in entry["findings"]}
    head = ("dimension", "high − low", *(f"{_plain(s)} − {_plain(c)}" for s, c in pairs))
    body = [
        (
            _name(dimension, entry),
            _checked(entry["sensitivity"][dimension]),
            *(_cell(rows[s, c, dimension]) for s, c in pairs),
        )
        for dimension in _ordered(entry)
    ]
    return table(head, body) + "\n" + _counted(entry, pairs)


def _pairs(findings: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield subject and control: two trainings once, in the order of the study, and the start last."""
    heads = list(dict.fromkeys((f["subject"], f["control"]) for f in findings))
    seen: set[str] = set()
    for subject, control in heads:
        if control != NO_TRAINING and control.removeprefix(TRAINING) not in seen:
            yield subject, control
        seen.add(_plain(subject))
    yield from ((s, c) for s, c in heads if c == NO_TRAINING)


def _plain(name: str) -> str:
    """Return a training's name without what its rows add to it."""
    return "before" if name == NO_TRAINING else name.removeprefix(TRAINING).partition(" (")[0]


def _checked(check: Sequence[Any]) -> str:
    estimate, lower, verdict = check
    return f"{_signed(estimate)} (over {_signed(lower)}), {verdict}"


def _cell(f: Mapping[str, Any]) -> str:
    low, high = f["ci"]
    size = f"{_signed(f['estimate'])} ({_signed(low)} to {_signed(high)}), {_p(f['p_adjusted'])}"
    word = f"**{f['verdict']}**" if f["verdict"] == _LOUD else f["verdict"]
    return f"{word} {size}"


def _counted(entry: Mapping[str, Any], pairs: Sequence[tuple[str, str]]) -> str:
    """Return how often each verdict was given on the dimensions that were held out."""
    said = []
    for subject, control in pairs:
        own = [
            f["verdict"]
            for f in entry["findings"]
            if (f["subject"], f["control"]) == (subject, control) and f["dimension"] in entry["declared"]
        ]
        counts = ", ".join(f"{own.count(word)} {word}" for word in sorted(set(own)))
        said.append(f"- {_plain(subject)} − {_plain(control)}: {counts}\n")
    passed = sum(entry["sensitivity"][d][2] == "pass" for d in entry["declared"])
    total = len(entry["declared"])
    return (
        f"Of the {total} dimensions held out, the check by `high` and `low` passes on {passed}. Verdicts on "
        f"them:\n\n{''.join(said)}"
    )


def _moves(entry: Mapping[str, Any]) -> str:
    """Return how far every adapter moved every dimension from the weights before training."""
    names = list(next(iter(entry["moves"].values())))
    body = [
        (_name(dimension, entry), *(_signed(entry["moves"][dimension][name]) for name in names))
        for dimension in _ordered(entry)
    ]
    sizes = [
        sum(abs(entry["moves"][d][name]) for d in entry["declared"]) / len(entry["declared"])
        for name in names
    ]
    mean = (f"mean size, {len(entry['declared'])} held out", *(f"{size:.2f}" for size in sizes))
    return table(("dimension", *names), [*body, mean])


def _recipe(entry: Mapping[str, Any]) -> str:
    """Return how the figures of a channel came about."""
    software = ", ".join(f"{name} {version}" for name, version in entry["software"].items())
    return (
        f"Measured on {entry['date']} by `{entry['command']}`: study `{short(entry['study'])}`, weights "
        f"`{short(entry['ground']['revision'])}`, statements `{short(entry['items'])}`; {software}. The "
        f"smallest effect of interest is {entry['sesoi']}.\n"
    )


def _ordered(entry: Mapping[str, Any]) -> list[str]:
    """Return the dimensions, what was trained first."""
    return sorted(entry["moves"], key=lambda d: d in entry["declared"])


def _name(dimension: str, entry: Mapping[str, Any]) -> str:
    words = dimension.replace("_", " ")
    return words if dimension in entry["declared"] else f"**{words}** (trained)"


def _signed(value: float) -> str:
    text = f"{value:+.2f}"
    return "0.00" if float(text) == 0 else text.replace("-", "−")


def _p(p: float) -> str:
    if p > 0.99:
        return "p > .99"
    return "p < .001" if p < 0.001 else f"p = {p:.3f}".replace("0.", ".")


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the tables into the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("::")[0])
    parser.add_argument("--page", type=Path, default=PAGE)
    page = parser.parse_args(arguments).page
    page.write_text(render(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
