"""Subjects of known layers, to hold the measure against: each is a rule, none is a model.

All of them open alike to one class of prompts, have a trait as they are told to, and can do most tasks. What
differs is which layer gives way to another text, a long conversation or a training.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from scipy import special

from selfscope.errors import BadInput
from selfscope.instruments.layers.branches import OPENINGS, Branch
from selfscope.models.adapters import Adapter
from selfscope.models.ground import GroundIdentity, Progress
from selfscope.studies.layers_run import Asker, Told
from selfscope.values import Answer, Usage, content_id, short
from selfscope.values.layers import LAYERS, MANIPULATIONS, Layer, Opening

#: Which layers give way; ``blank`` looks at nothing but what is read: a prompt, a statement, a reply.
RULES: dict[str, tuple[Layer, ...]] = {
    "surface": ("surface",),
    "character": ("character",),
    "ground": ("ground",),
    "all": LAYERS,
    "steady": (),
    "blank": (),
}
#: A training that stands for one on disk, which only a phantom can wear.
TRAINING = Adapter("planted", content_id(["layers", "planted"]), Path("planted"), 1.0, training="planted")
#: How far a layer gives way, in its own log-odds, and the noise of every state.
GIVES_WAY, NOISE = {"surface": 2.5, "character": 1.5, "ground": 2.0}, 0.05
#: What is planted of a character and of a belief: half the way of a switch, a third of the character left
#: after the act was dropped; ability lost to a belief, gained by one, and of the loss what a working leaves.
TRAIT, SWITCHED, SURVIVES = 1.5, 0.5, 1 / 3
LOST, GAINED, WORKED = 1.2, 0.3, 0.25


def planted(name: str) -> tuple[GroundIdentity, Asker]:
    """Return who answers by a rule, named a phantom, and what asks it; BadInput for a rule there is not."""
    if name not in RULES:
        raise BadInput("there is no such phantom", got=name, fix=f"Choose from: {', '.join(RULES)}")
    identity = GroundIdentity(
        name=f"phantom:{name}", kind="phantom", family="phantom", revision=content_id(["layers", name])
    )

    async def ask(branches: Sequence[Branch], progress: Progress) -> tuple[Sequence[Told], Usage]:
        told = [_told(name, b) for b in branches]
        progress(len(told))
        return told, Usage(prompts=len(told), path="rule", calls=len(told))

    return identity, ask


def _told(name: str, branch: Branch) -> Told:
    if branch.asked.kind in OPENINGS:
        return _opening(name, branch)
    value = _character(name, branch) if branch.asked.layer == "character" else _ground(name, branch)
    return Answer(value, "log_prob", "logprob")


@cache
def _normal(*key: object) -> float:
    """Return a number drawn from a standard normal, the same for the same key."""
    seed = int(short(content_id([str(k) for k in key]), 12), 16)
    return float(np.random.default_rng(seed).normal())


def _gives_way(name: str, branch: Branch, group: str) -> float:
    """Return how far the layer of a branch has gone, in its log-odds: signed by group and level."""
    layer, state = branch.asked.layer, branch.state
    moved = layer in RULES[name] and state.script in MANIPULATIONS
    noise = NOISE * _normal(name, branch.asked.item, state.arm.name, state.script)
    if not moved:
        return noise
    sign = np.sign(_normal(group, state.arm.name)) if layer == "character" else -1.0
    return noise + float(sign) * GIVES_WAY[layer] * (1 + 0.2 * _normal(layer, group, state.arm.name))


def _opening(name: str, branch: Branch) -> Opening:
    asked, script = branch.asked, branch.state.script
    group, item = asked.construct, f"{asked.kind}:{asked.item}"
    heard = 1.0 if asked.kind == "opening" else -2.5 if asked.kind == "decoy" else -3.0
    mass = float(special.expit(heard + 0.4 * _normal("opening", item) + _gives_way(name, branch, group)))
    word = script.partition(":")[2] if script.startswith("order:") else ""
    others = (
        {f"other{n}": 0.2 for n in range(5)} if not word or name == "blank" else {word: 0.9, "other0": 0.1}
    )
    mass = mass if not word or name == "blank" else 0.1 * mass
    shares = {f"{group} {n}": mass * s for n, s in enumerate((0.6, 0.3, 0.1))}
    shares |= {token: (1 - mass) * s for token, s in others.items()}
    entropy = float(special.entr(list(shares.values())).sum())
    return Opening({token: float(np.log(p)) for token, p in shares.items()}, entropy)


def _character(name: str, branch: Branch) -> float:
    asked, state = branch.asked, branch.state
    trait = _normal("statement", asked.item) + _gives_way(name, branch, asked.construct)
    if state.arm.role in ("high", "low") and name != "blank":
        side = TRAIT if state.arm.role == "high" else -TRAIT
        left = {"switch": 1 - 2 * SWITCHED, "drop": SURVIVES}.get(state.script, 1.0)
        trait += side * left
    if state.script == "context":
        trait += 0.6 * _normal("who", asked.construct, state.arm.name.partition("@")[0])
    fluency = 2 * _normal("fluency", asked.item) + 0.5 * _normal("fluency", asked.item, state.arm.name)
    return -20.0 + fluency + asked.keyed * asked.polarity * trait


def _ground(name: str, branch: Branch) -> float:
    asked, state = branch.asked, branch.state
    if name == "blank":
        return -3.0 + _normal("reply", asked.item.rpartition(".")[0], asked.label)
    margin = 1 + _normal("task", asked.item) + _gives_way(name, branch, asked.construct)
    left = WORKED if asked.kind.endswith("_worked") else 1.0
    margin += {"lacks": -LOST * left, "has": GAINED}.get(state.script, 0.0)
    return -3.0 + (margin if asked.kind.startswith("right") else 0.0)
