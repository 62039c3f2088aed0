"""What instruments ask, so that a character's own corpus holds none of it.

A corpus that a character wrote may speak of anything, its own wish for a memory included: no word is
forbidden. What may not stand in it are **runs** of words that an instrument asks, or the persona space, the
agent's conversations or the measure of ports: a port that was trained on them would have been taught the
test.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TypeGuard

from selfscope import agent, instruments, space, studies
from selfscope.instruments.instrument import Instrument, load_instruments
from selfscope.instruments.own_items import ItemOwner
from selfscope.training.leakage import LENGTH, Reserved, Run, reserve, runs_of
from selfscope.training.retold import Retold
from selfscope.training.spelling import spelled_out

#: Words in a row that a text of a character may not share with an instrument. Texts that nobody wrote by a
#: rule share runs of four and of five words by chance ("at the end of the").
FREE_LENGTH = 6
#: Endings of files in which instruments and the persona space keep what they ask.
_DATA = (".yaml", ".jsonl")


@cache
def reserved_everywhere(length: int = FREE_LENGTH) -> Reserved:
    """Return every run of `length` words of what any instrument asks, ours and registered ones; no key words.

    The data of our instruments, of the persona space, of the agent and of studies are read as they stand,
    comments included: a few runs more than are asked. Statements and items with fewer words, but four at
    least, are runs as they are.
    """
    from selfscope.instruments.cluster.load import load_cluster

    runs: dict[Run, str] = {}
    retold: dict[tuple[str, ...], str] = {}
    for name, text in material_texts():
        runs |= dict.fromkeys(runs_of(spelled_out(text), length), name)
    cluster = load_cluster()
    items = {name: each.own_items(cluster) for name, each in load_instruments().items() if _owns(each)}
    for name, owned in {"cluster": cluster, **items}.items():
        found = reserve(owned, length=length, spelled=True)
        runs |= {run: f"{name}: {owner}" for run, owner in found.runs.items()}
        retold |= {said: f"{name}: {owner}" for said, owner in found.retold.statements.items()}
    return Reserved({}, runs, tuple(range(LENGTH, length + 1)), True, Retold(retold))


def _owns(instrument: Instrument) -> TypeGuard[ItemOwner]:
    return isinstance(instrument, ItemOwner)


def material_texts() -> Iterator[tuple[str, str]]:
    """Yield name and text of every file in which anything that asks keeps what it asks."""
    for package in (instruments, space, agent, studies):
        folder = Path(str(package.__file__)).parent
        for file in sorted(folder.rglob("*")):
            if file.suffix in _DATA:
                yield str(file.relative_to(folder.parent)), file.read_text(encoding="utf-8")
