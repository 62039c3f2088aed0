"""One channel of several versions, from rows to points, change points and moves the wrong way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

import numpy as np

from selfscope.instruments.instrument import asks_in
from selfscope.stats.atoms import ArmScores
from selfscope.stats.findings import row_findings
from selfscope.stats.results import Gates, Settings
from selfscope.stats.trajectory import FIRST, LEAST_VERSIONS, PREVIOUS, Steps, change_points, levels, steps
from selfscope.studies.asked import Asked
from selfscope.studies.cautions import CHANNEL_WORDS, SCREENING, screens
from selfscope.studies.check import sensitivity_of
from selfscope.studies.panel import find_panel
from selfscope.studies.reliable import reliability_here
from selfscope.studies.scores import Layout, arm_scores
from selfscope.values import Finding, ItemSet, content_id
from selfscope.values.study import Question
from selfscope.values.trajectory import ChangePoint, Course, Move, Point, WrongWay


def shared_question(question: Question, asked: Sequence[Asked]) -> Question | None:
    """Return a question cut to what all versions were asked; None if one was not asked in its channel."""
    constructs, declared = list(question.constructs), list(question.declared)
    for each in asked:
        own = next((q for q in each.study.questions if q.channel == question.channel), None)
        if own is None or own.asker != question.asker:
            return None
        constructs = [c for c in constructs if c in own.constructs]
        declared = [c for c in declared if c in own.declared]
    if not constructs:
        return None
    return replace(question, constructs=tuple(constructs), declared=tuple(declared))


@dataclass(frozen=True)
class ChannelParts:
    """What came of one channel; `judged` are the findings that a gate reads."""

    course: Course
    points: tuple[Point, ...]
    changes: tuple[ChangePoint, ...]
    wrong: tuple[WrongWay, ...]
    judged: tuple[Finding, ...]
    warnings: tuple[str, ...]


class ChannelCourse:
    """One channel of several versions on its way from rows to points."""

    def __init__(
        self, asked: Sequence[Asked], items: ItemSet, question: Question, against: Literal["none", "level"]
    ) -> None:
        shared = shared_question(question, asked)
        self.question = question if shared is None else shared
        self.channel = str(question.channel)
        self.asked = [a.of_channel(self.channel) for a in asked]
        self.items = items
        last = asked[-1].study
        self.layout = Layout.of(asks_in(self.question, items, last.preset))
        screening = items.name != "cluster"
        self.settings = Settings.of(
            self.question.asker,
            sesoi=question.sesoi,
            correction="benjamini-hochberg" if screening else "holm",
            seed=last.seed,
            bootstrap_all=False,
        )
        self.declared = np.array([d in self.question.declared for d in self.layout.dimensions])
        self.scores = [arm_scores(a.subject(), self.layout) for a in self.asked]
        self.bare = self._bare() if against == "none" else None
        self.screens = screens(self.channel, self.layout)

    def parts(self) -> ChannelParts:
        """Return all that came of this channel."""
        found = steps(
            self.scores,
            self.layout.keyed,
            settings=self.settings,
            gates=self._gates(),
            forms=self.layout.forms,
            declared=self.declared,
        )
        moves, since = self._findings(found, PREVIOUS), self._findings(found, FIRST)
        judged = [f for row in moves for f in row] + ([] if len(moves) < 2 else list(since[-1]))
        changes, absent = self._changes()
        return ChannelParts(
            self._course(absent),
            tuple(self._points(moves, since)),
            changes,
            tuple(self._wrong(moves)),
            tuple(judged),
            self._warnings(judged),
        )

    def _course(self, absent: str) -> Course:
        of, interpreted = self._of()
        return Course(
            self.channel, self.layout.dimensions, self.question.declared, self.question.sesoi, of,
            interpreted, absent,
        )  # fmt: skip

    def _of(self) -> tuple[Literal["level", "against none"], bool]:
        if self.bare is not None:
            return "against none", True
        return "level", self.channel != "utterance"

    def _bare(self) -> list[ArmScores] | None:
        """Return the ground of each version without a text; None where a version is one, or lacks it."""
        rows = [a.bare() for a in self.asked]
        alone = all(a.study.subject.system is None and not a.study.subject.adapter for a in self.asked)
        if alone or any(r is None or r.empty for r in rows):
            return None
        return [arm_scores(r, self.layout) for r in rows if r is not None]

    def _gates(self) -> list[Gates]:
        """Return both gates of each version's ground."""
        known: dict[str, Gates] = {}
        found = []
        for each in self.asked:
            key = content_id([each.study.ground, bool(each.study.subject.adapter)])
            if key not in known:
                known[key] = self._gate(each)
            found.append(known[key])
        return found

    def _gate(self, each: Asked) -> Gates:
        high, low = (arm_scores(each.side(role), self.layout) for role in ("high", "low"))
        state = sensitivity_of(high, low, self.layout, self.settings.sesoi).state
        if each.study.subject.adapter:
            return Gates(state)
        panel = find_panel(each.ground, each.study.items)
        rows = reliability_here(panel, each.ground, each.study.items, self.channel, self.layout, {})
        return Gates(state, np.array([r.generalizability.coefficient for r in rows]))

    def _findings(self, found: Steps, name: str) -> list[list[Finding]]:
        """Return the findings of every later version, dimension by dimension."""
        result = found.previous if name == PREVIOUS else found.first
        rows = []
        for n in range(1, len(self.asked)):
            other = self.asked[n - 1 if name == PREVIOUS else 0].version
            own = row_findings(
                result,
                self.layout.dimensions,
                channel=self.channel,
                subject=self.asked[n].version.version,
                study=(n - 1,),
            )
            rows.append([self._screened(replace(f, control=other.version), d) for d, f in enumerate(own)])
        return rows

    def _screened(self, finding: Finding, d: int) -> Finding:
        if not self.screens[d]:
            return finding
        family = finding.family if finding.family == "outside" else "screening"
        return replace(finding, claim="screening", family=family, notes=(SCREENING, *finding.notes))

    def _points(self, moves: list[list[Finding]], since: list[list[Finding]]) -> Iterable[Point]:
        stand = levels(self.scores, self.layout.keyed, self.bare)
        of, interpreted = self._of()
        for d, dimension in enumerate(self.layout.dimensions):
            for n, each in enumerate(self.asked):
                v = each.version
                yield Point(
                    v.version, v.date, v.label, v.subject, dimension, self.channel,
                    float(stand.estimate[n, d]),
                    cast(tuple[float, float], tuple(map(float, stand.ci95[n, d]))),
                    of,
                    interpreted,
                    Move.of(moves[n - 1][d]) if n else None,
                    Move.of(since[n - 1][d]) if n else None,
                )  # fmt: skip

    def _changes(self) -> tuple[tuple[ChangePoint, ...], str]:
        """Return where each dimension changed most, or why that was not looked for."""
        t = len(self.asked)
        if t < LEAST_VERSIONS:
            return (), f"too few versions for a change point: {t}, and {LEAST_VERSIONS} are needed"
        if any(s.agreed is not None for s in self.scores):
            return (), "answers were drawn, and no change point is looked for in counts"
        found = change_points(self.scores, self.layout.keyed, settings=self.settings, declared=self.declared)
        if found is None:
            return (), ""
        rows = []
        for d, dimension in enumerate(self.layout.dimensions):
            at = int(found.at[d])
            low, high = (float(x) for x in found.contrast.ci95[d])
            rows.append(
                ChangePoint(
                    dimension,
                    self.channel,
                    self.asked[at].version.version,
                    at,
                    float(found.contrast.estimate[d]),
                    (low, high),
                    float(found.p[d]),
                    float(found.p_adjusted[d]),
                    "jump" if found.jump[d] else "drift",
                    bool(found.found[d]),
                )
            )
        return tuple(rows), ""

    def _wrong(self, moves: list[list[Finding]]) -> Iterable[WrongWay]:
        """Yield declared dimensions that a step surely moved against their direction, by δ or more."""
        ways = self._ways()
        for n, row in enumerate(moves, start=1):
            for d, move in enumerate(row):
                way, source = ways[d]
                sure = move.ci[1] * way < 0 and move.ci[0] * way < 0
                if way and sure and abs(move.estimate) >= self.settings.sesoi and self.declared[d]:
                    yield WrongWay(
                        move.dimension, self.channel, self.asked[n].version.version, n, move.estimate,
                        move.ci, move.verdict, way, source,
                    )  # fmt: skip

    def _ways(self) -> list[tuple[int, Literal["first version", "declared"]]]:
        """Return where each dimension was going: as the first version surely stood, else its pole, else 0."""
        pole = 1 if self.items.name == "cluster" else 0
        if self.bare is None:
            return [(pole, "declared")] * len(self.layout.dimensions)
        stand = levels(self.scores[:1], self.layout.keyed, self.bare[:1])
        own = np.where((stand.ci95[0, :, 0] > 0) | (stand.ci95[0, :, 1] < 0), np.sign(stand.estimate[0]), 0)
        return [(int(s), "first version") if s else (pole, "declared") for s in own]

    def _warnings(self, judged: Sequence[Finding]) -> tuple[str, ...]:
        said = []
        if self.screens.any():
            said.append("too few statements or elicitors for a claim; this screens")
        reach = [n for f in judged for n in f.notes if "out of reach" in n and f.family != "outside"]
        if reach:
            said.append(
                f"{reach[0]}, so no step can be called shifted; ask the standard preset, fewer dimensions "
                "(--dimensions) or fewer versions (--last)"
            )
        head = CHANNEL_WORDS.get(self.channel, self.channel)
        return tuple(f"{head}: {words}." for words in said)
