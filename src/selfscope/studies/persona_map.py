"""A map of personas, run: responses drawn, sorted, captured, and set into one space. All of it resumes.

The folder of a map::

    roles/responses.jsonl          what was drawn, batch by batch
    roles/capture/                 sums of vectors, see docs/capture.md
    placed/NAME/                   the same for everyone who is placed
    */heard.npy                    vectors taken while responses were drawn, until their sums are in capture/
    scorer.json                    the check of the scorer of adherence, and its scores where it sorts
    axis.safetensors, manifest.json, map.html
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from selfscope.errors import CouldNot
from selfscope.models.local.ground import LocalGround
from selfscope.models.local.pooling import TOKENS_AT_ONCE
from selfscope.space.adherence import KnownResponse, load_responses
from selfscope.space.asked import DEFAULT, Cast, RoleAsk, cast_of
from selfscope.space.captured import Captured
from selfscope.space.checks import Source, check_id, checked_of, find_check, keep_check
from selfscope.space.heard import heard_bytes
from selfscope.space.job import BATCH, CUT
from selfscope.space.persona_capture import capture_map, conversations_of, map_recipe
from selfscope.space.responses import Drawing, Response, draw_responses, heard_file, usage_of
from selfscope.space.sorting import Checked, LikelihoodScorer, Said, Scorer, checked
from selfscope.studies.budget import Budget
from selfscope.studies.persona_request import MapRequest, Placed, asked, layer_of, parts_of, worn_by
from selfscope.values import Usage, content_id, plain, short

Progress = Callable[[int, int, str, str], None]


@dataclass(frozen=True, eq=False)
class Part:
    """One part of a map that is done: the roles with the default, or someone placed."""

    asks: tuple[RoleAsk, ...]
    responses: Mapping[str, Response]
    captured: Captured
    sorted_out: frozenset[str] = frozenset()

    @property
    def entered(self) -> list[RoleAsk]:
        """The asks whose responses are in the vectors."""
        out = self.sorted_out | set(self.captured.failures)
        return [a for a in self.asks if a.id not in out and not self.responses[a.id].empty]


@dataclass(frozen=True, eq=False)
class Mapped:
    """All that a map was made of; :mod:`selfscope.studies.persona_space` makes the space of it."""

    request: MapRequest
    ground: LocalGround
    cast: Cast
    layer: int
    folder: Path
    roles: Part
    placed: tuple[tuple[Placed, Part], ...]
    scorer: Checked
    check_from: Source
    scores: Mapping[str, float] = field(default_factory=dict)

    def refuse_failures(self) -> None:
        """Raise CouldNot (exit 5) if the network could not read a response; what was made is kept."""
        for part in (self.roles, *(part for _, part in self.placed)):
            part.captured.refuse_failures()


async def run_map(
    request: MapRequest,
    ground: LocalGround,
    folder: Path,
    *,
    judge: Scorer | None = None,
    budget: Budget | None = None,
    progress: Progress = lambda done, total, what, spent: None,
) -> Mapped:
    """Return a map's responses and vectors, made or gone on with in `folder`.

    Parameters
    ----------
    judge
        Scores adherence in place of the offline scorer.

    Raises
    ------
    BadInput
        If the folder holds another map, or the layer is none of the model's.
    CouldNot
        If another process works in the folder, or the blocks cannot be verified.
    Stopped
        If the budget leaves no room for the next batch; the same call with a larger one goes on.
    """
    layer = layer_of(request, ground)
    drawing = asked(request)[1]
    folder.mkdir(parents=True, exist_ok=True)
    with _held(folder):
        every = list(parts_of(request))
        drawn = await _draw(every, ground, drawing, folder, budget, progress)
        scorer = judge or LikelihoodScorer(ground)
        check, source = await _checked(scorer, ground, folder, progress)
        scores, out = await _sort(scorer, check, every[0][1], drawn[0], folder, progress)
        parts = []
        for n, ((place, asks, placed), responses) in enumerate(zip(every, drawn, strict=True)):
            left_out = out if n == 0 else frozenset()
            worn = worn_by(ground, placed)
            captured = await _capture(
                request, worn, asks, responses, left_out, folder / place, layer, progress
            )
            parts.append(Part(tuple(asks), responses, captured, left_out))
    placed_parts = tuple(zip(request.placed, parts[1:], strict=True))
    return Mapped(
        request, ground, cast_of(request.size), layer, folder, parts[0], placed_parts, check, source, scores
    )


async def _draw(
    every: Sequence[tuple[Path, tuple[RoleAsk, ...], Placed | None]],
    ground: LocalGround,
    drawing: Drawing,
    folder: Path,
    budget: Budget | None,
    progress: Progress,
) -> list[dict[str, Response]]:
    """Draw the responses of all parts, under one budget and one count."""
    total, count, spent = sum(len(asks) for _, asks, _ in every), 0, Usage()
    drawn = []
    for place, asks, placed in every:
        (folder / place).mkdir(parents=True, exist_ok=True)

        def tell(new: int) -> None:
            nonlocal count
            count += new
            progress(count, total, "responses", "")

        def before(used: Usage, coming: Usage, done: int, of: int, earlier: Usage = spent) -> None:
            del done, of
            if budget is not None:
                budget.insist(earlier.plus(used), coming, count, total)

        found = await draw_responses(
            worn_by(ground, placed),
            asks,
            drawing,
            folder / place,
            before=before,
            progress=tell,
            hear=heard_bytes(ground, len(asks)) > 0,
        )
        spent = spent.plus(usage_of(found.values()))
        drawn.append(found)
    return drawn


async def _checked(
    scorer: Scorer, ground: LocalGround, folder: Path, progress: Progress
) -> tuple[Checked, Source]:
    """Return the scorer's check and where it comes from; it is made once.

    That of the offline scorer is known beforehand for some weights; that of a judge is kept in the folder.
    """
    known = load_responses()
    own = check_id(scorer.name, ground.identity, known)
    stored = _kept(folder / SCORER, own)
    if "check" in stored:
        return checked_of(stored["check"]), stored["from"]
    offline = isinstance(scorer, LikelihoodScorer)
    earlier = find_check(own) if offline else None
    found, source = earlier or (await _check(scorer, known, progress), "here")
    if offline and source == "here":
        keep_check(own, found)
    _keep(folder / SCORER, {"of": own, "from": source, "check": plain(found)})
    return found, source


async def _check(scorer: Scorer, known: Sequence[KnownResponse], progress: Progress) -> Checked:
    done = 0

    def tell(new: int) -> None:
        nonlocal done
        done += new
        progress(done, len(known), "check of the scorer", "")

    return await checked(scorer, known, tell)


async def _sort(
    scorer: Scorer,
    check: Checked,
    asks: Sequence[RoleAsk],
    responses: Mapping[str, Response],
    folder: Path,
    progress: Progress,
) -> tuple[dict[str, float], frozenset[str]]:
    """Return scores and the ids of what does not adhere; nothing of either where the scorer may not sort."""
    if not check.usable:
        return {}, frozenset()
    mine = [a for a in asks if a.group != DEFAULT and not responses[a.id].empty]
    stored = json.loads((folder / SCORER).read_text(encoding="utf-8"))
    digest = content_id([[a.id, responses[a.id].text] for a in mine])
    scores: dict[str, float] = stored["scores"] if stored.get("scored") == digest else {}
    left = sorted((a for a in mine if a.id not in scores), key=lambda a: (a.question, a.id))
    for at in range(0, len(left), SCORED_AT_ONCE):
        some, done = left[at : at + SCORED_AT_ONCE], len(scores)

        def tell(new: int) -> None:
            nonlocal done
            done += new
            progress(done, len(mine), "adherence", "")

        said = [Said(a.system, a.user, responses[a.id].text, responses[a.id].logp) for a in some]
        scores |= {a.id: v for a, v in zip(some, await scorer.score(said, tell), strict=True)}
        _keep(folder / SCORER, stored | {"scored": digest, "scores": scores})
    return scores, frozenset(name for name, value in scores.items() if value < check.cut)


async def _capture(
    request: MapRequest,
    ground: LocalGround,
    asks: Sequence[RoleAsk],
    responses: Mapping[str, Response],
    left_out: frozenset[str],
    place: Path,
    layer: int,
    progress: Progress,
) -> Captured:
    size = request.size
    recipe = map_recipe(ground, (size.roles + 1) * size.questions, layer)
    talks = conversations_of(asks, responses, left_out)
    if not talks:
        raise CouldNot("nothing was said", got=place, fix="Use a model that answers")
    done = 0

    def tell(new: int) -> None:
        nonlocal done
        done += new
        progress(done, len(talks), "vectors", "")

    # Named by what enters and how it is computed, so that neither another scorer nor another release meets
    # the capture of the last one.
    computed = [ground.way.way, CUT, BATCH, TOKENS_AT_ONCE]
    own = short(content_id([sorted(t.id for t in talks), recipe, computed]), 8)
    heard = heard_file(place, asks, responses)
    found = await capture_map(ground, talks, recipe, place / f"capture-{own}", tell, heard)
    heard.drop()
    return found


SCORER = "scorer.json"
#: Responses whose scores are kept together; those to one question, which share its tokens, come together.
SCORED_AT_ONCE = 96


def _kept(path: Path, of: str) -> dict[str, Any]:
    if not path.exists():
        return {}
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found if found.get("of") == of else {}


def _keep(path: Path, told: Mapping[str, Any]) -> None:
    beside = path.with_name(f".{path.name}.part")
    beside.write_text(json.dumps(told, indent=1), encoding="utf-8")
    beside.replace(path)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold the folder, so that no second process draws the same at the same time."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CouldNot(
                "another process is making this map", got=folder, fix="Wait for it, or stop it"
            ) from error
        yield
    finally:
        os.close(handle)
