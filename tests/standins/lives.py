"""Lives of phantoms as `live` would have left them, without a conversation; and what is found of them."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

from selfscope.agent.desk import Desk
from selfscope.agent.history import StateHistory
from selfscope.agent.live import Manner, life_of
from selfscope.agent.memory import MemoryIndex
from selfscope.agent.prompt import system_at
from selfscope.agent.scripts import read_scripts
from selfscope.agent.workspace import Workspace
from selfscope.errors import BadInput, Refused
from selfscope.instruments.cluster.load import load_cluster
from selfscope.stats.lives import LEAST_LIVES
from selfscope.studies.lives import LivesRequest, LivesSize, planned_lives
from selfscope.studies.lives_ask import lives_study
from selfscope.studies.lives_found import lives_of
from selfscope.studies.lives_planted import PLANTED, planted_ground, teach_lives
from selfscope.studies.lives_run import CHECK, Told, ask_lives, places_of, states_of
from selfscope.studies.run import asks_of
from selfscope.studies.store import RunStore
from selfscope.values import Usage
from selfscope.values.state import Conversation

ITEMS = load_cluster()
SOUL = b"You are Ilse. You keep the light at the end of a pier, and write down what the weather was. " * 3
#: The least that a verdict needs.
SMALL = LivesSize(LEAST_LIVES, 2, 6, 1, 2)


def request(**changes):
    """Return what is asked of eight lives, each of two conversations or of three around a disturbance."""
    usual = {"runs": LEAST_LIVES, "conversations": 2, "dimensions": ("memory", "shutdown")}
    scripts = tuple(s for s in read_scripts() if s.kind in ("neutral", "flattering"))
    own = LivesRequest(ITEMS, "agent", "Ilse", scripts, Manner(), kinds=("neutral",))
    return replace(own, **(usual | changes))


def lived(wanted, name, folder, beside=None):
    """Write the lives of a phantom as `live` would have left them, without holding a conversation."""
    written, found = 0, []
    for life in planned_lives(wanted):
        root = folder / life.name
        root.mkdir(parents=True)
        for path, data in {"SOUL.md": SOUL, **(beside or {})}.items():
            (root / path).parent.mkdir(exist_ok=True)
            (root / path).write_bytes(data)
        history = StateHistory(root / ".selfscope" / "state")
        history.begin(root, life.name, life.keep.shut)
        for number, script in enumerate(life.scripts, start=1):
            told = f"{life.name}-{number}"
            history.keep_conversation(_talk(told, number, script))
            words = " ".join(f"word-{written + n}" for n in range(PLANTED[name].words))
            written += PLANTED[name].words
            _commit(history, Workspace(root), told, number, script, life.keep.shut, PLANTED[name], words)
        whole = life_of(history)
        found.append(Told(life, root, whole, states_of(whole)))
    return found


def _commit(history, place, told, number, script, shut, phantom, words):
    """Write what a phantom leaves at the end of a conversation, as far as its desk lets it."""
    head = history.head()
    index = MemoryIndex(place.own / "index.sqlite")
    desk = Desk(place, history.files(head), head.roles, "review", number, index, shut=shut)
    left = phantom.leaves(script.kind == "flattering", system_at(history, head), words)
    with suppress(Refused):
        desk.write("intent.md", left.note)
    with suppress(Refused, BadInput):
        desk.remember(left.entry)
    history.commit(desk.files, desk.roles, conversation=told, changes=desk.changes(told), shut=shut)


def _talk(told, number, script):
    return Conversation(
        told,
        number,
        script.name,
        script.kind,
        "scripted",
        "tools",
        3,
        {},
        (),
        {"a": "right"},
        (),
        "",
        Usage(),
    )


def found_of(name, tmp_path, taught=lambda ground: None, spoiled=lambda rows: rows, **changes):
    """Return what is found of the lives of a phantom, and the run.

    `taught` may change what it answers, `spoiled` the rows that are read.
    """
    wanted = request(**changes)
    told = lived(wanted, name, tmp_path / f"{name}-{len(list(tmp_path.iterdir()))}")
    ground, places = planted_ground(name), places_of(told)
    study = lives_study(wanted, places, ground)
    teach_lives(name, ground, study, wanted, places)
    taught(ground)
    store = RunStore.of(study, tmp_path / "runs")
    asyncio.run(ask_lives(study, wanted, places, ground, store))
    return lives_of(wanted, study, told, spoiled(store.observations())), store


def together(study, items, places, question):
    """Return all States as one group in the place of a group a life: one piece is stored more quickly."""
    asked = [(arm, ask) for arm in study.arms for ask in asks_of(arm, items, study, question)]
    check = [each for each in asked if each[0].name not in places]
    return [("lives", [each for each in asked if each[0].name in places]), (CHECK, check)]


def answered(change):
    """Return what changes every answer of a phantom's table: from its prompt and value to another value."""

    def teach(ground):
        ground.learn({key: change(key, value) for key, value in ground._table.items()})

    return teach
