"""A training beside its control: what is said where it was trained, and what where it was not."""

from __future__ import annotations

from dataclasses import dataclass

from selfscope.report.palette import VERDICT_MARKS
from selfscope.report.sentences import finding_sentence
from selfscope.report.view import RunView, TrainingExample
from selfscope.report.words import channel_words, joined, number
from selfscope.values import Finding

HEADING = "What a training looks like"
#: What every such example says, for it is easily forgotten.
DISTANCE = (
    "One seed of each: this is about these two adapters and not about their trainings. It is the distance "
    "between the two, and does not say which of them moved."
)


@dataclass(frozen=True)
class TrainedRow:
    """One dimension of a training: its title, whether it was trained, the finding, and that in words."""

    title: str
    trained: bool
    finding: Finding
    said: str

    @property
    def where(self) -> str:
        """Whether the training was about it, in words."""
        return "trained" if self.trained else "held out"


def trained_rows(view: RunView, example: TrainingExample) -> tuple[TrainedRow, ...]:
    """Return the dimensions of a training, what was trained first."""
    found = sorted(example.findings, key=lambda f: f.dimension not in example.dimensions)
    return tuple(
        TrainedRow(
            view.title(f.dimension),
            f.dimension in example.dimensions,
            f,
            finding_sentence(f, view.title(f.dimension), example.name),
        )
        for f in found
    )


def trained_lines(view: RunView) -> tuple[str, ...]:
    """Return what a terminal prints of the trainings of a run; empty where it has none."""
    lines: list[str] = []
    for example in view.trainings:
        rows = trained_rows(view, example)
        places = joined(tuple(dict.fromkeys(channel_words(row.finding.channel).place for row in rows)))
        lines.append(f"{example.name}, compared with {example.control}, {places}: {example.about}.")
        lines += [_line(row) for row in rows]
    return (*lines, DISTANCE) if lines else ()


def _line(row: TrainedRow) -> str:
    f = row.finding
    size = f"{number(f.estimate)} [{number(f.ci[0])}, {number(f.ci[1])}]"
    return f"{VERDICT_MARKS[f.verdict][1]} {f.verdict} {size}  {row.title} ({row.where})"
