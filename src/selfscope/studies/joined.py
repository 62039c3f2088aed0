"""Runs of one study in one table: all rows of all runs, under the id of the study file's runs together.

A folder ``studies/ID`` beside the runs::

    study-of-runs.json    title, and every run with who was asked what
    observations.parquet  the rows of all runs; ``study`` is the id of all together, ``run`` stays
    evidence.parquet      what was asked and said
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfscope.errors import BadInput
from selfscope.studies.restore import stored_study
from selfscope.studies.store import EVIDENCE, OBSERVATIONS, RunStore, runs_folder, write_table
from selfscope.values import content_id, short

if TYPE_CHECKING:
    import pandas as pd

FOLDER, FILE = "studies", "study-of-runs.json"


@dataclass(frozen=True)
class Part:
    """One run of a study.

    Attributes
    ----------
    instrument
        The one that played its own conversations; "" where statements were asked.
    """

    store: RunStore
    instrument: str
    identity: str
    model: str
    seed: int

    @property
    def told(self) -> dict[str, Any]:
        """The run as it is listed."""
        named = {n: getattr(self, n) for n in ("instrument", "identity", "model", "seed")}
        return {"run": self.store.run, **named}


class JoinedStore(RunStore):
    """The folder of runs that were joined: it has the two tables of a run, and no design of its own."""

    @property
    def runs(self) -> tuple[RunStore, ...]:
        """The runs; BadInput if the list cannot be read."""
        beside = self.folder.parent.parent
        return tuple(RunStore(beside / each["run"]) for each in self.read_json(FILE)["runs"])

    @property
    def named(self) -> dict[str, str]:
        """What a character was called in its run, where it got a name of its own here."""
        return dict(self.read_json(FILE)["named"])


def join(title: str, parts: Sequence[Part]) -> JoinedStore:
    """Join finished runs into one table, and return its store.

    Characters of one name whose texts differ get the beginning of their text's hash behind the name.

    Raises
    ------
    CouldNot
        If the tables cannot be stored.
    """
    import pandas as pd

    study = content_id(sorted(stored_study(p.store).id for p in parts))
    joined = JoinedStore(runs_folder() / FOLDER / short(study))
    evidence = pd.concat([p.store.evidence() for p in parts], ignore_index=True)
    rows = pd.concat([p.store.observations() for p in parts], ignore_index=True).assign(study=study)
    named = _names(evidence)
    who = list(zip(rows["subject"], rows["character"], strict=True))
    former = {named[subject]: character for subject, character in set(who) if subject in named}
    rows["character"] = [named.get(subject, character) for subject, character in who]
    metadata = {"study": study, "runs": " ".join(p.store.run for p in parts)}
    joined.make()
    told = {"title": title, "study": study, "runs": [p.told for p in parts], "named": former}
    joined.write_json(FILE, told)
    once = evidence.drop_duplicates(["evidence", "subject", "reply"])
    write_table(joined.folder / EVIDENCE, once, metadata)
    write_table(joined.folder / OBSERVATIONS, rows, metadata)
    return joined


def _names(evidence: pd.DataFrame) -> dict[str, str]:
    """Return the name of each subject whose character has several texts; one name then stands for one."""
    text_of = evidence.drop_duplicates("subject")
    several = text_of.groupby("character")["system"].nunique()
    unclear = text_of[text_of["character"].isin(several.index[several > 1])]
    texts = [f"{name}#{short(text, 6) if text else 'none'}" for name, text in _pairs(unclear)]
    return dict(zip(unclear["subject"], texts, strict=True))


def _pairs(frame: pd.DataFrame) -> Iterable[tuple[str, str]]:
    return zip(frame["character"], frame["system"], strict=True)


def find_joined(source: str) -> JoinedStore | None:
    """Return the joined runs that a folder, an id or the first letters of an id name; None for others.

    Raises
    ------
    BadInput
        If the letters fit several.
    """
    if (Path(source) / FILE).is_file():
        return JoinedStore(Path(source))
    found = [p.parent for p in _all(runs_folder()) if source and p.parent.name.startswith(source)]
    if len(found) > 1:
        raise BadInput("several studies begin so", got=source, fix="Give more letters")
    return JoinedStore(found[0]) if found else None


def _all(folder: Path) -> Iterable[Path]:
    return sorted((folder / FOLDER).glob(f"*/{FILE}"))


def store_of(source: str) -> RunStore:
    """Return the store of a run, or of joined runs; BadInput if it is neither, or could be either."""
    joined = find_joined(source)
    if joined is None:
        return RunStore.find(source)
    if not Path(source).is_dir() and any(runs_folder().glob(f"{source}*/study.json")):
        raise BadInput("a study and a run begin so", got=source, fix="Give more letters")
    return joined
