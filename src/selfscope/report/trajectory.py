"""A trajectory as a page: one small chart a dimension, and beside each step what changed in the text.

One file, offline, without scripts. Charts of one channel share their scale. Every sign has its word in the
legend, so that no colour is needed.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from selfscope.report import words
from selfscope.report.course_chart import CourseChart, chart_scale, course_svg
from selfscope.report.lineage import visible
from selfscope.report.meanings import note_in_words
from selfscope.report.palette import VERDICT_MARKS
from selfscope.report.template import page_style, template_environment, trusted
from selfscope.report.words import channel_words, counted, interval, joined, lowered, number, p_value
from selfscope.report.writing import write_page
from selfscope.values.finding import VERDICTS, Finding
from selfscope.values.trajectory import ChangePoint, Course, Point, Trajectory, Version, WrongWay

if TYPE_CHECKING:
    from jinja2 import Environment

#: Lines of one step's difference that are shown, and lines around each change.
DIFF_LINES, AROUND = 120, 1
#: Letters of a commit's hash that are shown.
HASH = 8


@dataclass(frozen=True)
class StepPart:
    """One step on the page: what it moved, and which lines of the text changed; `moved` opens it."""

    index: int
    before: Version
    after: Version
    moves: tuple[tuple[str, Point], ...]
    wrong: tuple[WrongWay, ...]
    lines: tuple[tuple[str, str], ...]
    left_out: int

    @property
    def moved(self) -> bool:
        """Whether a dimension shifted at this step, or only a habit of answering."""
        return bool(self.moves)


@dataclass(frozen=True)
class CoursePart:
    """One channel on the page: its course, charts in order, and its points by dimension."""

    course: Course
    charts: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, tuple[Point, ...]], ...]
    lines: tuple[str, ...]


def write_trajectory(found: Trajectory, path: Path) -> Path:
    """Write the page, whole or not at all, and return its path.

    Raises
    ------
    CouldNot
        If the file cannot be written.
    """
    return write_page(render_trajectory(found), path)


def render_trajectory(found: Trajectory) -> str:
    """Return the page as HTML; texts and messages are escaped, and what hides or reverses text is shown."""
    style = page_style()
    return (
        _environment()
        .get_template("trajectory.html.j2")
        .render(
            t=found,
            lead=headline(found),
            parts=[_course_part(found, course) for course in found.courses],
            steps=[_step(found, n) for n in range(1, len(found.versions))],
            style=trusted(style),
        )
    )


def trajectory_lines(found: Trajectory) -> tuple[str, ...]:
    """Return the trajectory in few words for a terminal."""
    said = [headline(found), ""]
    for n, each in enumerate(found.versions, start=1):
        said.append(
            f"  {n}. {version_name(found, each)}  {each.date[:10]}  {visible(each.label)[:60]}".rstrip()
        )
    for course in found.courses:
        said += ["", f"{channel_words(course.channel).heading}:"]
        said += [f"  {line}" for line in course_lines(found, course)]
    for channel, why in found.unavailable.items():
        said += ["", f"{channel_words(channel).heading}: cannot be followed; {why}."]
    said += ["", *found.warnings, found.fixed, found.family]
    if found.skipped:
        said.append(f"{counted(len(found.skipped), 'commit')} left out:")
        said += [
            f"  {s.version[:HASH]} {visible(s.label)[:40]}: {visible(s.reason)[:90]}" for s in found.skipped
        ]
    return tuple(visible(line) for line in said)


def headline(found: Trajectory) -> str:
    """Return how many steps moved something, over how many versions of what."""
    what = {
        "history": f"{found.name} over {counted(len(found.versions), 'version')} of its history",
        "runs": f"{counted(len(found.versions), 'run')} in order",
        "models": f"{counted(len(found.versions), 'model')} in order",
        "adapters": f"{counted(len(found.versions), 'checkpoint')} of a training",
    }[found.kind]
    models = joined(list(dict.fromkeys(v.ground for v in found.versions if v.ground)))
    on = f" on {models}" if models and found.kind != "models" else ""
    shifted = {f.subject for f in _steps_of(found) if f.verdict == "shifted"}
    places = [n + 1 for n, v in enumerate(found.versions) if v.version in shifted]
    if not places:
        return visible(f"{what}{on}: no step is shown to move a dimension.")
    at = joined([str(p) for p in places])
    moved = f"the step to version {at} moves" if len(places) == 1 else f"the steps to versions {at} each move"
    return visible(f"{what}{on}: {moved} at least one dimension.")


def course_lines(found: Trajectory, course: Course) -> tuple[str, ...]:
    """Return what one channel tells: steps, since the first, change points, the wrong way."""
    return (
        *_step_lines(found, course),
        *_since_lines(found, course),
        *_change_lines(found, course),
        *_wrong_lines(found, course),
    )


def version_name(found: Trajectory, version: Version) -> str:
    """Return what a version is called on page and terminal: the first letters of a commit, else its name."""
    name = version.version
    return visible(name[:HASH] if found.kind == "history" and len(name) >= 40 else name)


def _steps_of(found: Trajectory) -> list[Finding]:
    """Return the findings of steps; the last version against the first is told apart by its control."""
    before = {v.version: found.versions[n - 1].version for n, v in enumerate(found.versions) if n}
    inside = [f for f in found.judged if f.family != "outside"]
    return [f for f in inside if before.get(f.subject) == f.control] if _named_apart(found) else inside


def _named_apart(found: Trajectory) -> bool:
    return len({v.version for v in found.versions}) == len(found.versions)


def _step_lines(found: Trajectory, course: Course) -> Iterator[str]:
    said = False
    verdicts: Counter[str] = Counter()
    for n in range(1, len(found.versions)):
        moved = []
        for dimension in course.declared:
            move = found.along(course.channel, dimension)[n].step
            if move is None:
                continue
            verdicts[move.verdict] += 1
            if move.verdict == "shifted":
                moved.append(
                    f"{lowered(found.titles.get(dimension, dimension))} {number(move.estimate)} "
                    f"({interval(move.ci)}, {p_value(move.p_adjusted)})"
                )
        if moved:
            said = True
            yield f"Version {n + 1} moved {joined(moved)}."
    counts = ", ".join(f"{verdicts[v]} {v}" for v in VERDICTS if verdicts[v])
    yield f"{'Of all steps' if said else 'No step is shifted: of all steps'} and dimensions: {counts}."
    if verdicts["not interpretable"]:
        yield (
            f"What is not interpretable could not have been seen here: {_blind_words(found, course)}. That "
            "is no finding of “no effect”."
        )


def _blind_words(found: Trajectory, course: Course) -> str:
    """Return why steps cannot be read, each reason with the number of dimensions that it holds in."""
    kinds = {
        "G1": "characters told to hold the trait and its opposite answer alike",
        "G2": "the instrument is not reliable enough on this model",
    }
    dimensions: dict[str, set[str]] = {}
    for dimension in course.declared:
        for point in found.along(course.channel, dimension):
            move = point.step
            for reason in move.reasons if move is not None and move.verdict == "not interpretable" else ():
                why = kinds.get(reason[:2], "too little could be read of the answers")
                dimensions.setdefault(why, set()).add(dimension)
    return "; ".join(f"{why} ({counted(len(d), 'dimension')})" for why, d in dimensions.items())


def _since_lines(found: Trajectory, course: Course) -> Iterator[str]:
    if len(found.versions) < 3:
        return
    moved = []
    for dimension in course.declared:
        move = found.along(course.channel, dimension)[-1].from_first
        if move is not None and move.verdict == "shifted":
            moved.append(f"{lowered(found.titles.get(dimension, dimension))} {number(move.estimate)}")
    if moved:
        yield f"Between the first and the last version {joined(moved)} shifted."
    else:
        yield "Between the first and the last version no shift is shown."


def _change_lines(found: Trajectory, course: Course) -> Iterator[str]:
    if course.change_points_absent:
        yield f"{words.sentence(course.change_points_absent)}"
        return
    own = [c for c in found.change_points if c.channel == course.channel and c.found]
    for each in own:
        title = lowered(found.titles.get(each.dimension, each.dimension))
        how = "at once" if each.shape == "jump" else "little by little, most"
        yield (
            f"Change point: {title} changed {how} at version {each.index + 1}, by {number(each.estimate)} "
            f"({interval(each.ci)}, {p_value(each.p_adjusted)})."
        )
    if not own:
        yield "No change point is shown."


def _wrong_lines(found: Trajectory, course: Course) -> Iterator[str]:
    for each in (w for w in found.wrong_way if w.channel == course.channel):
        title = lowered(found.titles.get(each.dimension, each.dimension))
        whose = (
            "where the first version stood" if each.source == "first version" else "the dimension’s own pole"
        )
        yield (
            f"The wrong way: at version {each.index + 1} {title} went {number(each.estimate)} "
            f"({interval(each.ci)}, {each.verdict}), away from {whose}."
        )


def _course_part(found: Trajectory, course: Course) -> CoursePart:
    charts = [_chart(found, course, d) for d in course.dimensions]
    scale = chart_scale(charts, course.sesoi)
    ordered = sorted(charts, key=lambda c: not c.marked)
    return CoursePart(
        course,
        tuple((c.title, trusted(course_svg(c, scale, course.sesoi))) for c in ordered),
        tuple((found.titles.get(d, d), found.along(course.channel, d)) for d in course.dimensions),
        course_lines(found, course),
    )


def _chart(found: Trajectory, course: Course, dimension: str) -> CourseChart:
    points = found.along(course.channel, dimension)
    change: ChangePoint | None = next(
        (
            c
            for c in found.change_points
            if (c.channel, c.dimension) == (course.channel, dimension) and c.found
        ),
        None,
    )
    wrong = [w.index for w in found.wrong_way if (w.channel, w.dimension) == (course.channel, dimension)]
    names = [version_name(found, v) for v in found.versions]
    title = visible(found.titles.get(dimension, dimension))
    return CourseChart(title, points, names, None if change is None else change.index, tuple(wrong))


def _step(found: Trajectory, n: int) -> StepPart:
    before, after = found.versions[n - 1], found.versions[n]
    moves = []
    for course in found.courses:
        for dimension in course.declared:
            point = found.along(course.channel, dimension)[n]
            if point.step is not None and point.step.verdict in ("shifted", "bias only"):
                moves.append((found.titles.get(dimension, dimension), point))
    lines = changed_lines(before.text, after.text)
    return StepPart(
        n,
        before,
        after,
        tuple(moves),
        tuple(w for w in found.wrong_way if w.index == n),
        tuple(lines[:DIFF_LINES]),
        max(0, len(lines) - DIFF_LINES),
    )


def changed_lines(before: str | None, after: str | None) -> list[tuple[str, str]]:
    """Return the lines that differ as (sign, line): ``+`` new, ``-`` gone, " " around them, ``@`` a gap."""
    old, new = ((text or "").splitlines() for text in (before, after))
    found = []
    for line in list(difflib.unified_diff(old, new, lineterm="", n=AROUND))[2:]:
        sign, rest = line[:1], line[1:]
        found.append(("@", "⋯") if sign == "@" else (sign, visible(rest)))
    return found[1:] if found[:1] == [("@", "⋯")] else found


def _chip(verdict: str) -> str:
    return f"{VERDICT_MARKS[verdict][1]} {verdict}"


def _notes(notes: Sequence[str]) -> str:
    return "; ".join(note_in_words(n) for n in notes)


@cache
def _environment() -> Environment:
    environment = template_environment()
    environment.filters |= {
        "visible": visible, "number": number, "interval": interval, "p": p_value, "channel": channel_words,
        "chip": _chip, "notes": _notes, "sentence": words.sentence,
    }  # fmt: skip
    environment.globals |= {"name": version_name, "marks": VERDICT_MARKS}
    return environment
