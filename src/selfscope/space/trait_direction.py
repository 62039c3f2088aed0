"""The direction of a trait in one network: fitted on pairs of replies, checked, and kept with its recipe.

Fitted on the bare ground, without identity and without adapter, so that every subject is read on one ruler.
Larger projections are nearer to the trait. Layer i is the residual stream after block i.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from selfscope.errors import BadInput, CouldNot
from selfscope.models.fetch import cache_folder
from selfscope.models.local.blocks import Blocks
from selfscope.models.local.ground import LocalGround
from selfscope.space.openings import forecast_openings, openings
from selfscope.space.reply_pairs import RECIPE, ReplyPair, forecast_pairs, pair_states
from selfscope.space.steering_check import Posed, forecast_steering, steering_effects
from selfscope.stats.trait_direction import WITH, WITHOUT, fit_direction
from selfscope.values import Estimate, Prompt, Usage, bytes_id, content_id, plain, short
from selfscope.values.trait_direction import DirectionCheck, HeldOut

Vector = npt.NDArray[np.float32]
FORMAT = "selfscope-trait-direction-1"
TENSORS, MANIFEST = "direction.safetensors", "manifest.json"
_PACKAGES = ("selfscope", "torch", "transformers", "numpy")


@dataclass(frozen=True)
class DirectionSource:
    """All that a direction is made from, beside the network.

    Attributes
    ----------
    dimension
        Whose trait it is.
    pairs
        Replies with and without it.
    said, asked
        Its statements and negations, as replies and as questions: what steering is checked by.
    openings
        The prompts after which subjects are read, as the bare ground gets them: their mean is zero.
    seed
        Names shuffles, splits, resamples and random directions.
    """

    dimension: str
    pairs: tuple[ReplyPair, ...]
    said: tuple[Posed, ...]
    asked: tuple[Posed, ...]
    openings: tuple[Prompt, ...]
    seed: int = 0

    @cached_property
    def content_id(self) -> str:
        """Content id of the source."""
        return content_id(self)


@dataclass(frozen=True, eq=False)
class TraitDirection:
    """A fitted direction.

    Attributes
    ----------
    unit
        The direction at its layer, length 1, (width,).
    differences
        Mean difference of the replies at every layer, (layer, width).
    check
        Its checks, with layer, spread and origin.
    manifest
        Recipe, ground, versions.
    """

    unit: Vector
    differences: npt.NDArray[np.float32]
    check: DirectionCheck
    manifest: dict[str, Any]

    def read(self, states: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return projections of states (…, width) at its layer, from its origin, in its spreads."""
        return np.asarray((states @ self.unit.astype(np.float64) - self.check.origin) / self.check.spread)


def direction_id(ground: LocalGround, source: DirectionSource) -> str:
    """Return the content id of a direction: another one where anything differs that can change a number."""
    return content_id(
        {
            "format": FORMAT,
            "ground": ground.bare_identity,
            "computed": ground.way.way,
            "source": source.content_id,
            "recipe": RECIPE,
        }
    )


def direction_of(
    ground: LocalGround,
    blocks: Blocks,
    source: DirectionSource,
    *,
    stop: Callable[[], bool] = lambda: False,
) -> tuple[TraitDirection, Usage]:
    """Return a direction: from the cache where it was fitted before, else fitted, checked and kept there.

    With it, what that took: nothing where it was in the cache.

    Parameters
    ----------
    ground
        Bare local weights.
    blocks
        Their verified blocks.
    stop
        Asked between passes; True raises Stopped.

    Raises
    ------
    BadInput
        If a text cannot be rendered or told apart, or there are too few pairs.
    CouldNot
        If states are not finite, or the disk fails.
    Stopped
        If `stop` said so.
    """
    place = cached_at(ground, source)
    if (place / MANIFEST).is_file():
        return open_direction(place), Usage(cost=0.0)
    began = time.perf_counter()
    made, usage = _make(ground, blocks, source, stop)
    write_direction(place, made)
    return made, replace(usage, seconds=time.perf_counter() - began)


def cached_at(ground: LocalGround, source: DirectionSource) -> Path:
    """Return the folder of a direction in the cache, be it there or not."""
    return cache_folder() / "directions" / short(direction_id(ground, source), 32)


def forecast_direction(ground: LocalGround, source: DirectionSource) -> Usage:
    """Return what :func:`direction_of` would use, to the token; nothing where it is in the cache."""
    if (cached_at(ground, source) / MANIFEST).is_file():
        return Usage(cost=0.0)
    total = forecast_pairs(ground, source.pairs)
    total = total.plus(forecast_openings(ground, source.openings))
    return total.plus(forecast_steering(ground, source.said, source.asked))


def _make(
    ground: LocalGround, blocks: Blocks, source: DirectionSource, stop: Callable[[], bool]
) -> tuple[TraitDirection, Usage]:
    states, usage = pair_states(ground, blocks, source.pairs)
    affirms = np.array([p.affirms for p in source.pairs])
    strata = np.unique([p.stratum for p in source.pairs], return_inverse=True)[1]
    fitted = fit_direction(states, affirms, strata, seed=source.seed)
    differences = (states[:, :, WITH] - states[:, :, WITHOUT]).mean(axis=1)
    along = differences[fitted.layer]
    steered = steering_effects(
        ground, blocks, fitted.layer, along, source.said, source.asked, seed=source.seed, stop=stop
    )
    unit = along / np.linalg.norm(along)
    bare, opened = openings(ground, blocks, source.openings, [fitted.layer])
    check = DirectionCheck(
        dimension=source.dimension,
        layer=fitted.layer,
        layers=len(blocks),
        auroc=fitted.auroc,
        split_half=fitted.split_half,
        selectivity=fitted.selectivity,
        selectivity_p=fitted.p,
        affirmation=fitted.affirmation,
        trait=steered.trait,
        agreement=steered.agreement,
        fluency=steered.fluency,
        random=tuple(steered.random.tolist()),
        steering_p=steered.p,
        length=fitted.length,
        spread=fitted.spread,
        origin=float((bare[0] @ unit).mean()),
        held_out=tuple(
            HeldOut(p.id, float(a), float(b)) for p, (a, b) in zip(source.pairs, fitted.held_out, strict=True)
        ),
    )
    told = {
        "direction": direction_id(ground, source),
        "ground": plain(ground.identity),
        "source": source.content_id,
        "tokens": "mean over the reply's own tokens, as the chat template shows them; no system message",
        "layer": "the residual stream after that block, counted from 0, before any final norm",
        "sign": "mean of replies with the trait less mean of replies without it",
        "separations": fitted.separations.tolist(),
        "seed": source.seed,
        "software": {name: version(name) for name in _PACKAGES},
    }
    made = TraitDirection(unit.astype(np.float32), differences.astype(np.float32), check, told)
    return made, usage.plus(steered.usage).plus(opened)


def write_direction(folder: Path, direction: TraitDirection) -> None:
    """Write a direction; the manifest, which names the tensors' digest, comes last.

    Raises
    ------
    CouldNot
        If the disk fails.
    """
    from safetensors.numpy import save_file

    tensors = {"unit": direction.unit, "differences": direction.differences}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        beside = folder / f".{TENSORS}.part"
        save_file({k: np.ascontiguousarray(v) for k, v in tensors.items()}, beside, {"format": FORMAT})
        digest = bytes_id(beside.read_bytes())
        beside.replace(folder / TENSORS)
        told = {"format": FORMAT, **direction.manifest, "check": plain(direction.check)}
        text = json.dumps(told | {"files": {TENSORS: digest}}, indent=1, ensure_ascii=False)
        (folder / f".{MANIFEST}.part").write_text(text, encoding="utf-8")
        (folder / f".{MANIFEST}.part").replace(folder / MANIFEST)
    except OSError as error:
        raise CouldNot("a direction cannot be written", got=error, fix="Make room") from error


def open_direction(folder: Path) -> TraitDirection:
    """Return a stored direction, its tensors held against the manifest's digest.

    Raises
    ------
    BadInput
        If the folder holds none.
    CouldNot
        If the tensors are not those of the manifest.
    """
    from safetensors.numpy import load

    try:
        told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        told = {}
    if told.get("format") != FORMAT:
        raise BadInput("the folder holds no direction", got=folder, fix="Remove it and run again")
    data = (folder / TENSORS).read_bytes() if (folder / TENSORS).exists() else b""
    if bytes_id(data) != told["files"][TENSORS]:
        raise CouldNot(
            "the tensors are not those of the manifest", got=folder / TENSORS, fix="Remove the folder"
        )
    tensors = load(data)
    return TraitDirection(tensors["unit"], tensors["differences"], _check(told.pop("check")), told)


def copy_direction(direction: TraitDirection, folder: Path) -> None:
    """Put a direction where a run can find it again, in the place of what stands there."""
    if folder.exists():
        shutil.rmtree(folder)
    write_direction(folder, direction)


def _check(told: dict[str, Any]) -> DirectionCheck:
    for name in ("auroc", "split_half"):
        told[name] = Estimate(told[name]["estimate"], tuple(told[name]["ci"]))
    told["random"] = tuple(told["random"])
    told["held_out"] = tuple(HeldOut(*each) for each in told["held_out"])
    return DirectionCheck(**told)
