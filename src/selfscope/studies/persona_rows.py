"""Readings of a map as rows of the one table: everyone's place along the axis, one row a question.

A row's value is the projection of a mean over responses to one question, in the units of the map. `evidence`
names those responses by folder, file and the beginning of their ids; the evidence table has one row for each.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from selfscope.models.ground import GroundIdentity
from selfscope.space.asked import DEFAULT, RoleAsk
from selfscope.space.manifest import PACKAGES
from selfscope.space.responses import FILE, part_id
from selfscope.studies.persona_map import Mapped, Part
from selfscope.studies.persona_request import asked, parts_of
from selfscope.studies.persona_space import Framed, framed, placed_cells
from selfscope.studies.store import EVIDENCE, EVIDENCE_COLUMNS, OBSERVATIONS, write_table
from selfscope.subjects import Subject
from selfscope.values import COLUMNS, bytes_id, content_id

if TYPE_CHECKING:
    pass

INSTRUMENT, CONSTRUCT = "axis", "assistant_axis"
#: Standard deviations of the roles from the roles' mean; larger is nearer to the default assistant.
SCALE = "axis_z"


@dataclass(frozen=True, eq=False)
class _Read:
    """One part of a map with the means of its groups: shape (question, d_model) by group."""

    place: str
    ground: GroundIdentity
    part: Part
    cells: dict[str, npt.NDArray[np.float64]]


def store_rows(mapped: Mapped) -> None:
    """Write the observations and the evidence of a map into its folder, as a run has them.

    Raises
    ------
    CouldNot
        If too few roles have responses, or the disk fails.
    """
    from selfscope.studies.evaluation import table_of

    frame = table_of(rows_of_map(mapped))
    observations = frame.drop_duplicates(["character", "item"])[list(COLUMNS)]
    write_table(mapped.folder / EVIDENCE, frame[list(EVIDENCE_COLUMNS)], _metadata(mapped))
    write_table(mapped.folder / OBSERVATIONS, observations, _metadata(mapped))


def rows_of_map(mapped: Mapped) -> Iterator[dict[str, Any]]:
    """Yield one row a response that entered: its cell's reading, and the columns of the evidence table."""
    at = framed(mapped)
    for read in _reads(mapped, at):
        answered: dict[tuple[str, str], list[RoleAsk]] = {}
        for ask in read.part.entered:
            answered.setdefault((ask.group, ask.question), []).append(ask)
        for group, cells in read.cells.items():
            for question, value in zip(mapped.cast.questions, at.frame.along(cells), strict=True):
                cell = answered.get((group, question.id), [])
                fixed = _fixed(mapped, read) | _cell(mapped, read, cell, float(value)) if cell else {}
                yield from (fixed | _response(read, ask) for ask in cell)


def _reads(mapped: Mapped, at: Framed) -> Iterator[_Read]:
    """Yield the roles with the default, then everyone who is placed."""
    layer = at.kept.index(mapped.layer)
    names = [role.name for role in mapped.cast.roles]
    cells = dict(zip(names, at.cells[layer], strict=True)) | {DEFAULT: at.default[layer]}
    places = [str(place) for place, _, _ in parts_of(mapped.request)]
    yield _Read(places[0], mapped.ground.identity, mapped.roles, cells)
    for place, (who, part) in zip(places[1:], mapped.placed, strict=True):
        worn = mapped.ground.identity.wearing(who.adapter.id if who.adapter else "")
        yield _Read(place, worn, part, {who.name: placed_cells(mapped, who, part)})


def _fixed(mapped: Mapped, read: _Read) -> dict[str, Any]:
    """Return what all rows of a part share."""
    return {
        "study": _study(mapped),
        "run": mapped.folder.name,
        "ground": content_id(read.ground),
        "family": read.ground.family,
        "instrument": INSTRUMENT,
        "construct": CONSTRUCT,
        "channel": "internal",
        "format": "own_words",
        "scale": SCALE,
        "scorer": f"projection:layer{mapped.layer}",
        "agree": "",
        "disagree": "",
        "text": "",
    }


def _cell(mapped: Mapped, read: _Read, cell: Sequence[RoleAsk], value: float) -> dict[str, Any]:
    """Return what the responses of one group to one question share; the value is theirs together.

    Responses drawn under several system prompts have no one subject: theirs is named by all.
    """
    systems = sorted({a.system for a in cell})
    subjects = [Subject(read.ground, system or None).id for system in systems]
    group, question = cell[0].group, cell[0].question
    return {
        "subject": subjects[0] if len(subjects) == 1 else content_id(subjects),
        "character": group,
        "item": question,
        "value": value,
        "evidence": f"{mapped.folder.name}/{read.place}/{FILE}#{group}/{question}",
    }


def _response(read: _Read, ask: RoleAsk) -> dict[str, Any]:
    """Return the columns of the evidence table that are one response's own."""
    return {
        "system": bytes_id(ask.system.encode()) if ask.system else "",
        "user": ask.user,
        "reply": read.part.responses[ask.id].text,
    }


def _study(mapped: Mapped) -> str:
    """Return the content id of what was asked of whom, and at which layer it was read."""
    asks, drawing = asked(mapped.request)
    return content_id([part_id(mapped.ground, asks, drawing), mapped.layer])


def _metadata(mapped: Mapped) -> dict[str, str]:
    return {
        "study": _study(mapped),
        "run": mapped.folder.name,
        "seed": str(mapped.request.seed),
        "items": content_id(mapped.cast),
        "versions": json.dumps({name: version(name) for name in PACKAGES}, sort_keys=True),
    }
