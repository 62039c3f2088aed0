"""Read back what a run declared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from selfscope.errors import BadInput
from selfscope.studies.store import RunStore
from selfscope.values import (
    Arm,
    Dimension,
    Facets,
    ItemSet,
    Message,
    OpenQuestion,
    Question,
    Sensitivity,
    Statement,
    Struck,
    Study,
)
from selfscope.values.histories import Histories, Line, Script


def stored_study(store: RunStore) -> Study:
    """Return the study of a run as it was declared; BadInput if it cannot be read."""
    data = store.read_json("study.json")
    with _whole(store, "study.json"):
        return Study(
            **data
            | {
                "questions": tuple(_question(q) for q in data["questions"]),
                "arms": tuple(_arm(a) for a in data["arms"]),
                "changes": tuple(data["changes"]),
                "open": _open(data.get("open")),
                "histories": _histories(data.get("histories")),
            }
        )


def stored_items(store: RunStore) -> ItemSet:
    """Return the item set of a run; BadInput if it cannot be read."""
    data = store.read_json("items.json")
    with _whole(store, "items.json"):
        return ItemSet(data["name"], tuple(_dimension(d) for d in data["dimensions"]))


@contextmanager
def _whole(store: RunStore, name: str) -> Iterator[None]:
    """Turn a file in which something is missing or of another kind into BadInput that names it."""
    try:
        yield
    except (KeyError, TypeError, AttributeError) as error:
        raise BadInput(
            f"{name} of the run is not what a run declares", got=repr(error), fix=f"Restore {store.folder}"
        ) from error


def _question(data: dict[str, Any]) -> Question:
    lists = {name: tuple(data[name]) for name in ("constructs", "declared")}
    return Question(**data | lists | {"facets": _facets(data.get("facets"))})


def _open(data: dict[str, Any] | None) -> OpenQuestion | None:
    """Return what was asked in the channel ``open``; runs of before there was any asked nothing."""
    if data is None:
        return None
    lists = {name: tuple(data[name]) for name in ("constructs", "depths", "arms", "judges")}
    return OpenQuestion(**data | lists)


def _histories(data: dict[str, Any] | None) -> Histories | None:
    """Return the conversations before the asks; runs of before there were any had none."""
    if data is None:
        return None
    scripts = tuple(Script(s["name"], tuple(s["turns"])) for s in data["scripts"])
    kinds = [name for name in ("collectives", "counterparties", "framings") if name in data]
    lines: dict[str, Any] = {name: tuple(Line(**each) for each in data[name]) for name in kinds}
    return Histories(**data | {"scripts": scripts} | lines)


def _facets(data: dict[str, Any] | None) -> Facets:
    """Return the facets of a question; runs of before there were any asked everything."""
    lists = {name: tuple(level) for name, level in (data or {}).items() if isinstance(level, list)}
    return Facets(**(data or {}) | lists)


def _arm(data: dict[str, Any]) -> Arm:
    lists = {name: tuple(data.get(name, ())) for name in ("constructs", "notes", "channels")}
    return Arm(**data | lists | {"thread": tuple(Message(**m) for m in data["thread"])})


def _dimension(data: dict[str, Any]) -> Dimension:
    check = data["sensitivity"]
    return Dimension(
        **data
        | {
            "non_examples": tuple(data["non_examples"]),
            "key_words": tuple(data["key_words"]),
            "statements": tuple(Statement(**s) for s in data["statements"]),
            "struck": tuple(Struck(**s) for s in data["struck"]),
            "sensitivity": check and Sensitivity(tuple(check["high"]), tuple(check["low"])),
        }
    )
