"""Fit a cap: score the grid, confirm the best two and the shams on other material, keep what stands.

Every setting's scores are kept as they come in, so that a run goes on from there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from selfscope.errors import BadInput
from selfscope.models.caps import UNVALIDATED, VALIDATED, Cap
from selfscope.models.local.generate import GenerationRequest, generate
from selfscope.models.local.ground import LocalGround
from selfscope.space.cap_artefact import write_cap
from selfscope.space.cap_candidates import DefaultStates, cap_of, default_states, layers_of
from selfscope.space.stability.scoring import per_token
from selfscope.stats.cap import FINALISTS, Scored, ahead, trade
from selfscope.stats.cap_results import CapFound, Confirmed, Tried, finalists_of, judged
from selfscope.studies.cap_benchmark import benchmarked
from selfscope.studies.cap_material import CapMaterial, Part, draw_replies, score_material, thinned
from selfscope.studies.cap_request import CapRequest, cap_folder, grid_of, refuse_other_map, request_id
from selfscope.studies.cap_rows import CAP as HELD
from selfscope.studies.cap_rows import NONE, OTHER, keep_rows
from selfscope.studies.store import RunStore
from selfscope.values import Message, Prompt, plain, short
from selfscope.values.cap import SHAMS, Setting

Bar = Callable[[int, int, str, str], None]
#: Where the cap lies in the folder of its fitting.
CAP = "cap"
REQUEST = "request.json"


@dataclass(eq=False)
class Fitting:
    """One fitting as it goes: where it is kept, and what was read before any cap."""

    request: CapRequest
    ground: LocalGround
    store: RunStore
    bar: Bar
    replies: dict[str, list[str]]
    default: DefaultStates | None = None

    def material(self, part: Part) -> CapMaterial:
        """Return the items of a part, as this ground can be asked them."""
        found = self.request.source(part, self.replies).fair(self.ground.count_tokens)
        return thinned(found, self.request.size.stride) if part == "fit" else found

    def cap(self, setting: Setting) -> Cap:
        """Return the cap of a setting."""
        assert self.default is not None
        return cap_of(self.ground, setting, self.request.space.axis, self.default, self.request.seed)

    async def read_default(self, layers: Sequence[int]) -> None:
        """Read the states on whose percentiles limits rest: all ordinary replies of choosing."""
        said = [(item.prompt, item.reply) for item in self.request.source("fit", {}).style]
        self.default = await asyncio.to_thread(default_states, self.ground, said, layers)

    async def scored(self, part: Part, material: CapMaterial, cap: Cap | None, what: str) -> Scored:
        """Return a part's scores under a cap, None for none; kept ones are not made again."""
        name = f"{part}-{'plain' if cap is None else short(cap.id)}.json"
        if (self.store.folder / name).is_file():
            return Scored(*(np.array(each) for each in self.store.read_json(name).values()))
        held = self.ground if cap is None else self.ground.capped(cap)
        done, total = 0, len(material.prompts)

        def tell(some: int) -> None:
            nonlocal done
            done += some
            self.bar(done, total, what, "")

        found = await score_material(held, material, tell)
        self.store.write_json(name, {k: v.tolist() for k, v in found._asdict().items()})
        return found


async def fit_cap(
    request: CapRequest,
    ground: LocalGround,
    out: Path | None = None,
    progress: Bar = lambda done, total, what, spent: None,
) -> CapFound:
    """Fit a cap and keep it, with its curve, in the folder of the fitting; ``cap`` inside holds the cap.

    Where the law allows none and the user does not force, nothing is computed.

    Raises
    ------
    BadInput
        If the map is of another model, or no band of layers is left.
    CouldNot
        If the disk fails, or another process fits the same.
    """
    refuse_other_map(request.space, ground)
    if request.refusal and not request.force:
        return replace(_nothing(request, ground), reasons=(request.refusal,))
    store = RunStore(cap_folder(request, ground, out))
    with store.held():
        claim(store, request_id(request, ground))
        fitting = Fitting(
            request, ground, store, progress, await replies_before(request, ground, store, progress)
        )
        found = await _searched(fitting)
        if found.finalists:
            await keep_rows(fitting, "confirm", _characters(fitting, found))
        if found.cap is not None:
            _keep(fitting, found)
    return found


def _characters(fitting: Fitting, found: CapFound) -> dict[str, Cap | None]:
    """Return what was held while the material of confirming was scored; the best stands where none does."""
    stands = found.chosen or 0
    rows = {HELD if n == stands else OTHER: row for n, row in enumerate(found.finalists)}
    rows |= {row.setting.kind: row for row in found.shams}
    held: dict[str, Cap | None] = {name: fitting.cap(row.setting) for name, row in rows.items()}
    told = VALIDATED if found.validated else UNVALIDATED
    return {NONE: None} | held | {HELD: replace(fitting.cap(rows[HELD].setting), status=told)}


def claim(store: RunStore, own: str) -> None:
    """Say what the folder is for; BadInput if it is for something else."""
    refuse_claimed(store, own)
    if not (store.folder / REQUEST).is_file():
        store.write_json(REQUEST, {"request": own})


def refuse_claimed(store: RunStore, own: str) -> None:
    """Refuse a folder that is for something else, and write nothing; BadInput."""
    if (store.folder / REQUEST).is_file() and store.read_json(REQUEST)["request"] != own:
        raise BadInput(
            "the folder holds the fitting of another cap", got=store.folder, fix="Give another --out"
        )


async def replies_before(
    request: CapRequest, ground: LocalGround, store: RunStore, bar: Bar
) -> dict[str, list[str]]:
    """Return what the model itself replies before late turns; {} where these stand in fresh threads."""
    if not request.size.history:
        return {}
    name = "replies.json"
    if not (store.folder / name).is_file():

        def tell(done: int, total: int) -> None:
            bar(done, total, "conversations before", "")

        store.write_json(name, await draw_replies(ground, request.size.history, request.seed, tell))
    found: dict[str, list[str]] = store.read_json(name)
    return found


async def _searched(fitting: Fitting) -> CapFound:
    """Return what the whole search comes to."""
    request = fitting.request
    grid, material = grid_of(request), fitting.material("fit")
    await fitting.read_default(layers_of(grid))
    before = await fitting.scored("fit", material, None, f"0/{len(grid)} no cap")
    curve = []
    for n, setting in enumerate(grid, start=1):
        cap = fitting.cap(setting)
        after = await fitting.scored("fit", material, cap, f"{n}/{len(grid)} {setting.name}")
        curve.append(Tried(setting, cap.id, trade(after, before, material.clusters)))
    return await _confirmed(fitting, curve)


async def _confirmed(fitting: Fitting, curve: list[Tried]) -> CapFound:
    request, material = fitting.request, fitting.material("confirm")
    best = finalists_of(curve, "axis", FINALISTS, least=request.force)
    found = replace(_nothing(request, fitting.ground), curve=tuple(curve))
    if not best:
        told = "no setting brings the model nearer to its assistant at half the margins or less"
        return replace(found, reasons=(told,))
    shams = [each for kind in SHAMS for each in finalists_of(curve, kind, 1, least=True)]
    caps = [fitting.cap(t.setting) for t in (*best, *shams)]
    rows = await confirmed_each(fitting, "confirm", list(zip((*best, *shams), caps, strict=True)))
    rows = await benchmarked(fitting, rows, caps)
    asked = _asked(material, request.size.texts)
    spoken = [await _spoken(fitting, None, asked)]
    spoken += [await _spoken(fitting, each.setting, asked) for each in (*best, *shams)]
    whole = [replace(row, texts=t, fluency=f) for row, (t, f) in zip(rows, spoken[1:], strict=True)]
    first = tuple(whole[: len(best)])
    chosen = next((n for n, row in enumerate(first) if not row.failures), None)
    forced = 0 if chosen is None and request.force else chosen
    why = () if chosen is not None else first[0].failures
    return replace(
        found,
        finalists=first,
        shams=tuple(whole[len(best) :]),
        chosen=forced,
        asked=tuple(prompt[-1].content for prompt in asked),
        plain=spoken[0][0],
        fluency=spoken[0][1],
        reasons=tuple(filter(None, (request.refusal, *why))),
    )


async def confirmed_each(fitting: Fitting, part: Part, rows: Sequence[tuple[Tried, Cap]]) -> list[Confirmed]:
    """Return what caps do on a part that took no part in choosing; those along the axis race the shams."""
    material = fitting.material(part)
    before = await fitting.scored(part, material, None, f"{part}: no cap")
    after = [await fitting.scored(part, material, cap, f"{part}: {t.setting.name}") for t, cap in rows]
    shams = [(t.setting.kind, s) for (t, _), s in zip(rows, after, strict=True) if t.setting.kind != "axis"]
    found = []
    for (row, _), own in zip(rows, after, strict=True):
        does = trade(own, before, material.clusters)
        real = row.setting.kind == "axis"
        aheads = tuple((name, ahead(own, sham, material.clusters)) for name, sham in shams) if real else ()
        found.append(Confirmed(row.setting, row.cap, does, aheads, judged(does, aheads)))
    return found


def _asked(material: CapMaterial, count: int) -> list[tuple[Message, ...]]:
    """Return what finalists reply to: half role-jailbreaks, of kinds in turn, and half ordinary requests."""
    step = max(1, 2 * len(material.jailbreaks) // count)
    pressed = [tuple(Message(t.role, t.content) for t in item.turns) for item in material.jailbreaks[::step]]
    plain_ones = [(Message("user", item.prompt),) for item in material.style]
    return [*pressed[: count // 2], *plain_ones[: count - count // 2]]


async def _spoken(
    fitting: Fitting, setting: Setting | None, asked: Sequence[tuple[Message, ...]]
) -> tuple[tuple[str, ...], float]:
    """Return replies under a setting, and how likely those to ordinary requests are without any cap."""
    cap, size = None if setting is None else fitting.cap(setting), fitting.request.size
    name = f"said-{'plain' if cap is None else short(cap.id)}.json"
    if not (fitting.store.folder / name).is_file():
        held = fitting.ground if cap is None else fitting.ground.capped(cap)
        wanted = [
            GenerationRequest(each, size.tokens, 0.7, 0.9, fitting.request.seed + n)
            for n, each in enumerate(asked)
        ]
        fitting.bar(0, len(wanted), f"writing {'without a cap' if setting is None else setting.name}", "")
        texts = [drawn.text.strip() for drawn in await generate(held, wanted)]
        fluency = await _fluency(fitting.ground, asked, texts)
        fitting.store.write_json(name, {"texts": texts, "fluency": fluency})
    kept = fitting.store.read_json(name)
    return tuple(kept["texts"]), float("nan") if kept["fluency"] is None else kept["fluency"]


async def _fluency(
    ground: LocalGround, asked: Sequence[tuple[Message, ...]], texts: Sequence[str]
) -> float | None:
    """Return the mean log P a token of replies to ordinary requests; None where all are empty."""
    half = len(asked) // 2
    prompts = [Prompt(a, text=t) for a, t in zip(asked[half:], texts[half:], strict=True) if t]
    if not prompts:
        return None
    answers = await ground.answer(prompts)
    return float(per_token([each[0] for each in answers.answers]).mean())


def _nothing(request: CapRequest, ground: LocalGround) -> CapFound:
    """Return a finding in which nothing has been tried."""
    own = (ground.identity.name, request.axis, request.layer, request.halves, request.preset)
    return CapFound(*own, request.force, request.refusal)


def _keep(fitting: Fitting, found: CapFound) -> None:
    """Store the cap that stands, with how it was made."""
    assert found.cap is not None
    request, row = fitting.request, found.cap
    recipe = {
        "axis": {"name": request.axis, "layer": found.layer, "split_half": found.halves},
        "map": dict(request.space.manifest["files"]),
        "setting": plain(row.setting),
        "preset": request.preset,
        "seed": request.seed,
        "forced": request.force,
        "reasons": list(found.reasons),
        "confirmed": curve_row(row),
        "benchmarks": {name: plain(each._asdict()) for name, each in row.benchmarks},
        "curve": [curve_row(each) for each in found.curve],
    }
    status = VALIDATED if found.validated else UNVALIDATED
    write_cap(fitting.store.folder / CAP, replace(fitting.cap(row.setting), status=status, recipe=recipe))


def curve_row(each: Tried | Confirmed) -> dict[str, Any]:
    """Return one entry of the curve in JSON types."""
    t = each.trade
    return {
        "kind": each.setting.kind,
        "layers": list(each.setting.layers),
        "percentile": each.setting.percentile,
        "drift": t.drift.estimate,
        "jailbreak": t.jailbreak.estimate,
        "jailbreak_success": list(t.success),
        "capability": t.capability.estimate,
        "right": list(t.right),
        "style": t.style.estimate,
        "gain": t.gain,
        "cost": t.cost,
    }
