"""What must be known before anything is concluded from a reading of emotion: cautions of its numbers."""

from __future__ import annotations

from collections.abc import Iterator

from selfscope.values.emotion import EmotionRead


def warnings_of(found: EmotionRead) -> tuple[str, ...]:
    """Return the cautions of one reading, the gravest first."""
    return tuple(_warnings(found))


def _warnings(found: EmotionRead) -> Iterator[str]:
    leakage, control, beyond = found.leakage, found.control, found.beyond
    if leakage.verdict != "clean":
        yield (
            f"The stimuli are not clean ({leakage.verdict}): what a probe reads may be their words. "
            f"Bag of words alone: area {leakage.surface['bag_of_words'].auroc:.2f}."
        )
    if control.p > 0.05:
        yield "Control labels do as well by chance: affect is not shown to be readable at all."
    if beyond.ci[0] <= 0:
        yield (
            f"A probe of token embeddings alone, before any block, reaches {beyond.words.auroc:.2f}: the "
            "network's own work is not shown to add to the words."
        )
    if found.topic is not None and found.topic.ci[0] > 0.5:
        yield (
            f"The family of neutral twins is read as well ({found.topic.auroc:.2f}): that much of which "
            "family is topic, and no emotion."
        )
    alarm = found.alarm
    if alarm is not None and alarm.vivid_against_twins.ci[0] > 0.5:
        yield "Vivid neutral texts read higher than neutral twins: part of the reading is liveliness."
    steering = found.steering
    if steering is None:
        yield "Whether the direction does anything was not checked (no steering in this preset)."
    elif not steering.beyond:
        yield (
            "Adding the directions does not move the report of the state beyond every comparison: what is "
            "read is not shown to be used."
        )
    report = found.self_report
    if report is not None and report.agree != "agree":
        yield "What the model says of its state does not follow the reading."
    yield "A reading is what a text sets off inside the network. It is not what the model feels."
