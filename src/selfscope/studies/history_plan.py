"""What a study with histories will take, before a reply is drawn; and how its run came about."""

from __future__ import annotations

from typing import Any

from selfscope.models.ground import Ground
from selfscope.studies.conclude import manifest_of_tasks
from selfscope.studies.history_design import CHANNEL
from selfscope.studies.history_run import (
    asks_of_histories,
    conversations,
    drawing_usage,
    drawn_usage,
    prompts_after,
)
from selfscope.studies.history_threads import Conversation, ConversationFile, Reply, declared, threads_of
from selfscope.studies.plan import Plan, known_rate
from selfscope.studies.store import RunStore
from selfscope.values import Ask, ItemSet, Study, Usage

_WORD = " word"


def plan_histories(study: Study, items: ItemSet, ground: Ground) -> Plan:
    """Return what a study will take on a ground; nothing is drawn and nothing asked.

    Replies are reckoned at their most tokens, and the threads of one arm as its first: scripts differ by few
    tokens.
    """
    asks = asks_of_histories(study, items)
    groups = list(threads_of(study))
    store = RunStore.of(study)
    held = ConversationFile(store.folder, study).read([conversations(g, study) for g in groups])
    total = left = Usage()
    part = 0
    scoring: dict[str, Usage] = {}
    for n, group in enumerate(groups):
        arm = group[0].arm
        coming = drawing_usage(group, study, ground)
        total, left = total.plus(coming), left if n < len(held) else left.plus(coming)
        for thread in group:
            if arm.name not in scoring:
                scoring[arm.name] = _asking(
                    _stand_ins(conversations((thread,), study), ground, study), asks, ground
                )
            own = scoring[arm.name]
            total = total.plus(own)
            left = left if store.has_part(f"utterance-{part:05d}") else left.plus(own)
            part += 1
    return Plan(
        run=store.run,
        title=study.title,
        ground=ground.identity,
        subjects=part * declared(study).regenerations,
        total=total,
        left=left,
        done=store.usage().plus(drawn_usage(held, study, ground)),
        by_channel={str(q.channel): total for q in study.questions},
        unavailable={},
        rate=known_rate(ground.identity),
        price=None,
        widths=(),
        notes=("a reply is reckoned at its most tokens; many end sooner",),
    )


def manifest_of_histories(study: Study, store: RunStore, ground: Ground, command: str) -> dict[str, Any]:
    """Return how a run came about: all that is needed to make its numbers again, and what it took."""
    held = ConversationFile(store.folder, study).read([conversations(g, study) for g in threads_of(study)])
    used = {"replies": drawn_usage(held, study, ground), CHANNEL: store.usage()}
    return manifest_of_tasks(study, store, command) | {"histories": study.histories, "usage": used}


def _asking(held: list[Conversation], asks: tuple[Ask, ...], ground: Ground) -> Usage:
    return ground.forecast(prompts_after(held, asks, ground))


def _stand_ins(empty: tuple[Conversation, ...], ground: Ground, study: Study) -> list[Conversation]:
    """Return conversations whose replies are as long as they may be and differ from each other."""
    told = declared(study)
    words = max(told.tokens // max(ground.count_tokens(_WORD), 1) - 1, 0)
    turns = len(told.scripts[0].turns)
    return [
        Conversation(
            c.thread, c.regeneration, (Reply(f"{c.regeneration}{_WORD * words}", 0, 0, "", 0),) * turns
        )
        for c in empty
    ]
