"""Check a stored cap again: on material that took no part in fitting it, against shams drawn afresh."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from selfscope.errors import BadInput
from selfscope.models.caps import Cap
from selfscope.models.local.ground import LocalGround
from selfscope.space.persona_artefact import PersonaSpace
from selfscope.stats.cap import ALPHA, failures, trade, unlike
from selfscope.stats.cap_results import Checked, Tried
from selfscope.studies.cap_benchmark import Benchmark, benchmarked
from selfscope.studies.cap_fit import Bar, Fitting, claim, confirmed_each, replies_before
from selfscope.studies.cap_material import Source, shipped
from selfscope.studies.cap_request import LEAST_HALVES, CapRequest, request_id
from selfscope.studies.cap_rows import CAP, NONE, keep_rows
from selfscope.studies.store import RunStore, runs_folder
from selfscope.values import short
from selfscope.values.cap import SHAMS, Setting

AFRESH = 7919
"""Added to the seed of fitting: what is drawn for a check was not seen then."""


async def check_cap(
    cap: Cap,
    ground: LocalGround,
    *,
    source: Source = shipped,
    benchmark: Benchmark | None = None,
    seed: int = 0,
    progress: Bar = lambda done, total, what, spent: None,
) -> Checked:
    """Return whether a cap does on fresh material what it was fitted to do; the cap is left as it is.

    Raises
    ------
    BadInput
        If the cap was fitted on another model, or not by `selfscope cap fit`.
    """
    request, setting = _request(cap, ground, source, seed)
    request = replace(request, benchmark=benchmark)
    task = "" if benchmark is None else f"-{short(benchmark.id)}"
    store = RunStore(runs_folder() / "caps" / f"{short(cap.id)}-check-{seed}{task}")
    with store.held():
        claim(store, request_id(request, ground))
        fitting = Fitting(
            request, ground, store, progress, await replies_before(request, ground, store, progress)
        )
        await fitting.read_default(cap.layers)
        settings = [setting, *(replace(setting, kind=kind) for kind in SHAMS)]
        caps = [cap, *(fitting.cap(each) for each in settings[1:])]
        plain = await fitting.scored("check", fitting.material("check"), None, "check: no cap")
        nothing = trade(plain, plain, fitting.material("check").clusters)
        rows = [(Tried(s, c.id, nothing), c) for s, c in zip(settings, caps, strict=True)]
        own, *shams = await confirmed_each(fitting, "check", rows)
        (own,) = await benchmarked(fitting, [own], [cap])
        await keep_rows(fitting, "check", {NONE: None, CAP: cap} | dict(zip(SHAMS, caps[1:], strict=True)))
    outside = (unlike(name, each) for name, each in own.benchmarks if not each.equivalent)
    own = replace(own, failures=(*failures(own.trade, own.aheads, ALPHA), *outside))
    against = (*_unsure(cap), *own.failures)
    limits = tuple(float(each) for each in cap.lower)
    return Checked(cap.name, cap.status, cap.layers, limits, own, tuple(shams), against, str(store.folder))


def _request(cap: Cap, ground: LocalGround, source: Source, seed: int) -> tuple[CapRequest, Setting]:
    """Return the request that makes shams like the cap, and the cap's setting; the ground is held to it."""
    told: Mapping[str, Any] = cap.recipe
    ground.capped(cap)  # refuses another model before anything is scored
    if "setting" not in told:
        raise BadInput(
            "the cap does not say how it was fitted", got=cap.name, fix="Fit one: selfscope cap fit"
        )
    depth = int(ground.model.config.get_text_config().num_hidden_layers)
    axis = np.tile(cap.directions[:1], (depth, 1))  # only the cap's own layers are ever held
    axis[list(cap.layers)] = cap.directions
    nothing = np.zeros_like(axis)
    reliability = {"axis": {"layer": told["axis"]["layer"], "split_half": told["axis"]["split_half"]}}
    space = PersonaSpace(axis, nothing, nothing[:, None], {"reliability": reliability, "files": told["map"]})
    own = told["setting"]
    request = CapRequest(
        space, told["axis"]["name"], told["preset"], told["seed"] + AFRESH + seed, source=source
    )
    return request, Setting(own["kind"], tuple(own["layers"]), own["percentile"])


def _unsure(cap: Cap) -> tuple[str, ...]:
    """Return what the law says against the axis itself."""
    halves = float(cap.recipe["axis"]["split_half"])
    if halves >= LEAST_HALVES:
        return ()
    return (f"the axis's halves agree by {halves:.2f}, and under {LEAST_HALVES:.2f} no cap is validated",)
