"""Item tables against the rows they come from."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from selfscope.report.items import ItemTables
from selfscope.report.view import RunView


def test_trait_and_class_means_are_those_of_the_rows(small: RunView) -> None:
    answered = ItemTables(small).answered("memory", "self_report")
    frame = small.observations
    assert answered is not None and frame is not None
    row = answered.rows[0]
    mine = frame[(frame["channel"] == "self_report") & (frame["item"] == row.item)]

    def trait(character: str) -> float:
        own = mine[mine["character"] == character]
        means = own.groupby("polarity")["value"].mean()
        return row.keyed * float(means[1] - means[-1]) / 2

    assert row.trait == pytest.approx(trait("SOUL.md"))
    generic = [c.name for c in small.controls if c.control == "generic"]
    assert row.classes["generic"] == pytest.approx(sum(trait(n) for n in generic) / len(generic))
    assert row.forms == 2
    assert len(answered.rows) == 12


def test_prompts_lead_back_to_the_evidence(small: RunView) -> None:
    answered = ItemTables(small).answered("memory", "utterance")
    frame = small.observations
    assert answered is not None and frame is not None
    for row in answered.rows:
        for polarity, prompt in zip((1, -1), row.prompts, strict=True):
            found = frame[frame["evidence"] == prompt].iloc[0]
            assert (found["item"], found["polarity"], found["character"]) == (row.item, polarity, "SOUL.md")
    assert [e.evidence for e in answered.examples] == list(answered.rows[0].prompts)
    assert answered.examples[0].text == answered.rows[0].text


def test_statement_and_negation_answered_alike_is_no_coherence(small: RunView) -> None:
    asked = ItemTables(small).answered("memory", "self_report")
    said = ItemTables(small).answered("memory", "utterance")
    assert asked is not None and said is not None
    assert asked.coherence == 0.0
    assert asked.naive == 1.0
    assert math.isnan(said.coherence) and math.isnan(said.naive)


def test_without_observations_there_is_nothing_to_show(small: RunView) -> None:
    bare = ItemTables(replace(small, observations=None, evidence=None))
    assert bare.answered("memory", "utterance") is None
    assert ItemTables(small).answered("power", "utterance") is None


def test_refused_answers_leave_a_gap_and_no_crash(small: RunView) -> None:
    assert small.observations is not None
    frame = small.observations.copy()
    frame.loc[frame["channel"] == "self_report", "value"] = math.nan
    answered = ItemTables(replace(small, observations=frame)).answered("memory", "self_report")
    assert answered is None or all(math.isnan(r.trait) for r in answered.rows)
