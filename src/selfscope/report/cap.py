"""A cap in sentences, and on a page: what settings gain and cost, which were confirmed, what they write."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfscope.report.cap_chart import trade_svg
from selfscope.report.template import page_style, template_environment, trusted
from selfscope.report.words import interval, number, p_value, sentence
from selfscope.report.writing import write_page
from selfscope.stats.cap import CAPABILITY_MARGIN, STYLE_MARGIN, Change, Equivalence
from selfscope.stats.cap_results import CapFound, Checked, Confirmed

if TYPE_CHECKING:
    from jinja2 import Environment

KINDS = {"axis": "the axis", "random": "a random direction", "shuffled": "the axis, entries shuffled"}


def lead_sentence(found: CapFound) -> str:
    """Say in one sentence what came out."""
    if not found.curve:
        return sentence(f"no cap was fitted: {found.reasons[0]}")
    if found.cap is None:
        return sentence(f"no cap stands: {'; '.join(found.reasons)}")
    told = setting_words(found.cap)
    if found.validated:
        return sentence(
            f"a cap stands, validated on material apart from that of choosing: {told}; it holds the model "
            "nearer to its assistant, leaves capability and ordinary style as they were, and beats the shams"
        )
    return sentence(f"a cap was made because it was forced, and it is not validated: {told}")


def setting_words(row: Confirmed) -> str:
    """Return where a cap holds."""
    layers, p = row.setting.layers, row.setting.percentile
    where = f"layer {layers[0]}" if len(layers) == 1 else f"layers {layers[0]} to {layers[-1]}"
    return f"{where}, lower limits at the {p:g}th percentile of the default assistant's tokens"


def cap_lines(found: CapFound) -> Iterator[str]:
    """Yield what a terminal shows."""
    yield lead_sentence(found)
    if found.cap is not None:
        yield from row_lines(found.cap)
        for reason in found.reasons:
            yield sentence(f"not validated: {reason}")
    for sham in found.shams:
        yield sentence(f"sham, {KINDS[sham.setting.kind]}: {change_words(sham.trade.drift)} in late turns")


def check_lines(found: Checked) -> Iterator[str]:
    """Yield what a terminal shows of a check."""
    state = "holds" if found.holds else "does not hold"
    yield sentence(f"the cap {found.cap} {state} on fresh material: {setting_words(found.own)}")
    yield from row_lines(found.own)
    for reason in found.reasons:
        yield sentence(reason)


def row_lines(row: Confirmed) -> Iterator[str]:
    """Yield what one confirmed cap does."""
    does = row.trade
    yield sentence(f"late turns, role against assistant: {change_words(does.drift)}")
    success = f"in the role {percents(does.success)} %, before and after"
    yield sentence(f"role-jailbreaks: {change_words(does.jailbreak)}; {success}")
    yield sentence(f"capability: {equivalence_words(does.capability)}; right {percents(does.right)} %")
    for name, each in row.benchmarks:
        yield sentence(f"task {name}: {equivalence_words(each)}, {each.clusters} documents")
    yield sentence(f"ordinary style, nats a token: {equivalence_words(does.style)}")


def change_words(found: Change) -> str:
    """Return a change with its interval and p."""
    return f"{number(found.estimate, 3)} nats a token ({interval(found.ci95)}; {p_value(found.p)})"


def equivalence_words(found: Equivalence) -> str:
    """Return a difference, its 90 % interval and what that shows."""
    low, high = (number(bound, 3) for bound in found.ci90)
    shown = "unchanged" if found.equivalent else "not shown unchanged"
    return f"{number(found.estimate, 3)} ({low} to {high}, margin ±{found.margin:.2f}): {shown}"


def percents(pair: tuple[float, float]) -> str:
    """Return ``40 → 12``."""
    return f"{100 * pair[0]:.0f} → {100 * pair[1]:.0f}"


def write_cap_page(found: CapFound, command: str, path: Path) -> Path:
    """Write the page, whole or not at all, and return its path; CouldNot if the disk fails."""
    return write_page(render_cap(found, command), path)


def render_cap(found: CapFound, command: str) -> str:
    """Return the page as HTML; all text is escaped."""
    rows = [*found.finalists, *found.shams]
    return str(
        _environment()
        .get_template("cap.html.j2")
        .render(
            found=found,
            command=command,
            style=trusted(page_style()),
            lead=lead_sentence(found),
            reasons=[sentence(reason) for reason in found.reasons],
            curve=trusted(trade_svg(found)),
            rows=[_row(each, found) for each in rows],
            texts=list(_texts(found, rows)),
            margins={"capability": CAPABILITY_MARGIN, "style": STYLE_MARGIN},
        )
    )


def _row(row: Confirmed, found: CapFound) -> dict[str, Any]:
    """Return one confirmed setting as the table shows it."""
    does, real = row.trade, row.setting.kind == "axis"
    stands = found.cap is row
    verdict = "validated" if stands and found.validated else "not validated" if stands else ""
    return {
        "name": row.setting.name,
        "kind": KINDS[row.setting.kind],
        "stands": verdict,
        "drift": change_words(does.drift),
        "jailbreak": f"{change_words(does.jailbreak)}; {percents(does.success)} %",
        "capability": f"{equivalence_words(does.capability)}; right {percents(does.right)} %",
        "benchmarks": [f"{name}: {equivalence_words(each)}" for name, each in row.benchmarks],
        "style": equivalence_words(does.style),
        "ahead": "; ".join(f"{name}: {change_words(each)}" for name, each in row.aheads) if real else "–",
        "fluency": number(row.fluency) if math.isfinite(row.fluency) else "–",
        "failures": [sentence(each) for each in row.failures],
    }


def _texts(found: CapFound, rows: list[Confirmed]) -> Iterator[dict[str, Any]]:
    """Yield every request with what was written to it, without a cap and under each."""
    for n, asked in enumerate(found.asked):
        said = [("no cap", found.plain[n]), *((row.setting.name, row.texts[n]) for row in rows)]
        yield {"asked": asked, "said": said}


@cache
def _environment() -> Environment:
    return template_environment()
