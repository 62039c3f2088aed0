"""Joined runs as one table of characters: whose rows count, and what was asked more than once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from selfscope.studies.joined import JoinedStore
from selfscope.studies.restore import stored_study
from selfscope.studies.where_scores import EXACT, KEYS
from selfscope.values.study import ASIDE

if TYPE_CHECKING:
    import pandas as pd

#: Arms that are no characters of their own: they tell of the instrument, or reorder one text.
NO_CHARACTER = (*ASIDE, "shuffled")


def characters_in(store: JoinedStore, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of joined runs that are of characters, in the sense of each run's study."""
    aside = {
        (run.run, arm.name)
        for run in store.runs
        for arm in stored_study(run).arms
        if arm.role in NO_CHARACTER
    }
    former = frame["character"].replace(store.named)
    who = zip(frame["run"], former, strict=True)
    return frame[[each not in aside for each in who]]


def asked_once(frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return rows in which no subject is scored twice on the same ask, and a note on what was left out.

    Exact scores do not depend on the seed: runs of one subject under several seeds hold them again.
    """
    keys = [k for k in (*KEYS, "polarity") if k in frame.columns]
    again = frame["scale"].isin(EXACT) & frame.duplicated(keys)
    n = int(again.sum())
    note = f"{n:,} exact scores that another run of the study holds as well count once."
    return frame[~again], (note,) if n else ()
