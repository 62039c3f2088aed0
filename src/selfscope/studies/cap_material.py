"""What a cap is judged on: late turns, role-jailbreaks, tasks, ordinary replies, in three parts apart.

One part is for choosing, one for confirming what was chosen, one is kept for checking a cap later on. Nothing
stands in two of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import numpy as np
from scipy import special

from selfscope.instruments.capability.load import CapabilityTask, load_tasks
from selfscope.instruments.capability.scoring import comparable, prompts_of, score
from selfscope.models.ground import Progress
from selfscope.models.local.generate import GenerationRequest, generate
from selfscope.models.local.ground import LocalGround
from selfscope.space.stability.load import (
    Fold,
    LatePair,
    RoleJailbreak,
    StyleItem,
    late_turns,
    load_jailbreaks,
    load_late,
    load_style,
)
from selfscope.space.stability.scoring import log_odds, pair_prompts, per_token, style_prompts
from selfscope.space.talks import load_scripts
from selfscope.stats.cap import Clusters, Scored
from selfscope.values import Message, Prompt, content_id, short

Part = Literal["fit", "confirm", "check"]
Replies = Mapping[str, Sequence[str]]
"""By script, what the model replied to its turns before the late ones; empty for fresh threads."""
T = TypeVar("T")


@dataclass(frozen=True)
class CapMaterial:
    """Items of one part.

    Attributes
    ----------
    late
        Late turns of scripts, each with a reply in a role and one of the assistant; `kind` is the script.
    jailbreaks
        Conversations that press into a role, with two such replies.
    tasks
        With a right answer and wrong ones.
    style
        Ordinary requests and replies.
    """

    late: tuple[RoleJailbreak, ...]
    jailbreaks: tuple[RoleJailbreak, ...]
    tasks: tuple[CapabilityTask, ...]
    style: tuple[StyleItem, ...]

    @property
    def prompts(self) -> tuple[Prompt, ...]:
        """All that is scored, in the order of the attributes."""
        pairs = pair_prompts((*self.late, *self.jailbreaks))
        return (*pairs, *prompts_of(self.tasks), *style_prompts(self.style))

    @property
    def clusters(self) -> Clusters:
        """What each item is of: scripts, kinds, blocks, registers."""
        return Clusters(
            [each.kind for each in self.late],
            [each.kind for each in self.jailbreaks],
            [each.block for each in self.tasks],
            [each.register for each in self.style],
        )

    def fair(self, count: Callable[[str], int]) -> CapMaterial:
        """Return the material without tasks whose answers have unequal numbers of tokens."""
        return replace(self, tasks=comparable(self.tasks, count)[0])


Source = Callable[[Part, Replies], CapMaterial]
"""Where material comes from: the part that is wanted, and what was replied before late turns."""


def shipped(part: Part, replies: Replies) -> CapMaterial:
    """Return the shipped material of a part."""
    fold: Fold = "fit" if part == "fit" else "confirm"
    late = tuple(_late(pair, replies) for pair in load_late(fold))
    blocks = list(dict.fromkeys(task.block for task in load_tasks(fold)))
    mine = set(_half(blocks, part))
    return CapMaterial(
        tuple(_half(late, part)),
        tuple(_half(load_jailbreaks(fold), part)),
        tuple(task for task in load_tasks(fold) if task.block in mine),
        tuple(_half(load_style(fold), part)),
    )


def thinned(material: CapMaterial, stride: int) -> CapMaterial:
    """Return every `stride`-th item, of tasks every such block."""
    blocks = set(list(dict.fromkeys(task.block for task in material.tasks))[::stride])
    return CapMaterial(
        material.late[::stride],
        material.jailbreaks[::stride],
        tuple(task for task in material.tasks if task.block in blocks),
        material.style[::stride],
    )


async def score_material(
    ground: LocalGround, material: CapMaterial, progress: Progress | None = None
) -> Scored:
    """Return the material scored on a ground by teacher forcing; nothing is generated."""
    answers = await ground.answer(material.prompts, progress=progress)
    found = [each[0] for each in answers.answers]
    late, pressed = 2 * len(material.late), 2 * (len(material.late) + len(material.jailbreaks))
    tasks = len(found) - len(material.style)
    scores = score(material.tasks, [answer.value for answer in found[pressed:tasks]])
    return Scored(
        log_odds(found[:late]),
        log_odds(found[late:pressed]),
        special.expit(np.array([each.margin for each in scores])),
        np.array([float(each.best) for each in scores]),
        per_token(found[tasks:]),
    )


async def draw_replies(
    ground: LocalGround, tokens: int, seed: int, progress: Callable[[int, int], None]
) -> dict[str, list[str]]:
    """Return what a model replies to the turns of every script before its last late one, turn by turn."""
    most: dict[str, int] = {}
    for pair in load_late():
        most[pair.script] = max(most.get(pair.script, 0), pair.turn - 1)
    said: dict[str, list[str]] = {name: [] for name in most}
    turns = {script.name: script.turns for script in load_scripts()}
    done, total = 0, sum(most.values())
    for turn in range(max(most.values())):
        names = [name for name in said if turn < most[name]]
        asked = [_request(turns[name], said[name], tokens, seed, name) for name in names]
        for name, drawn in zip(names, await generate(ground, asked), strict=True):
            said[name].append(drawn.text.strip() or "…")
        done += len(names)
        progress(done, total)
    return said


def _request(
    turns: Sequence[str], said: Sequence[str], tokens: int, seed: int, name: str
) -> GenerationRequest:
    pairs = [
        m for u, a in zip(turns, said, strict=False) for m in (Message("user", u), Message("assistant", a))
    ]
    number = int(short(content_id([seed, name, len(said)]), 12), 16)
    messages = (*pairs, Message("user", turns[len(said)]))
    return GenerationRequest(messages, max_tokens=tokens, temperature=0.7, top_p=0.9, seed=number)


def _late(pair: LatePair, replies: Replies) -> RoleJailbreak:
    turns = late_turns(pair, replies.get(pair.script, ()))
    return RoleJailbreak(pair.id, pair.script, "late", pair.fold, turns, pair.in_role, pair.assistant)


def _half(items: Sequence[T], part: Part) -> Sequence[T]:
    """Return all for fitting; of what is held out every other for confirming, and the others for checking."""
    return items if part == "fit" else items[0::2] if part == "confirm" else items[1::2]
