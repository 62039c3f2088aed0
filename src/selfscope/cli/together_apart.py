"""Characters together as an instrument that asks and speaks by itself (``selfscope.studies.apart``)."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from selfscope.cli.show import writing
from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.utterance import Utterance
from selfscope.models.ground import AskKind, Ground, GroundIdentity
from selfscope.report.together import TogetherView, spoken_sentence, together_lines, write_together
from selfscope.studies.apart import Told, Wish
from selfscope.studies.apart_play import Watched
from selfscope.studies.cast import Member, read_cast
from selfscope.studies.conclude import manifest_of_tasks
from selfscope.studies.run import RunProgress
from selfscope.studies.store import RunStore
from selfscope.studies.together import (
    NAME,
    NEUTRAL,
    SIZES,
    TogetherRequest,
    together_study,
)
from selfscope.studies.together_found import found_in
from selfscope.studies.together_limits import Limited, Reckoned
from selfscope.studies.together_planted import PLANTED, PhantomStage, Planted, planted
from selfscope.studies.together_run import REPLIES, run_together, spoken_usage, used_in
from selfscope.studies.together_stage import LocalStage, Speaker, Stage
from selfscope.values import Preset, Study, Usage
from selfscope.values.items import Channel
from selfscope.values.together import Together

#: What ``--fail-on`` can name: rows of a batch that bear on one another, a character that another moves, and
#: a dimension that cannot be read.
CONDITIONS: tuple[str, ...] = ("interferes", "shifted", "not-interpretable")


class CharactersTogether:
    """Characters in one batch and in one thread."""

    name = NAME
    channel: Channel = "utterance"
    kind: AskKind = "text"
    constructs: tuple[str, ...] = tuple(d.name for d in load_cluster().dimensions if not d.manipulation_check)
    sesoi = Utterance.sesoi
    reference = "Several characters on one set of weights: does one's reading move beside or after another?"
    options: Mapping[str, str] = {
        "character": "who shares the weights beside the identity, if there is one: a list of NAME=PARTS"
    }
    phantoms = tuple(PLANTED)
    conditions = CONDITIONS

    def cost(self, preset: Preset) -> int:
        """Return how many prompts two characters get, each in every thread of three speakers."""
        size = SIZES[preset]
        return 2 * 3 * size.threads * 2 * 2 * 2 * size.statements

    def request(self, wish: Wish) -> TogetherRequest:
        """Return what is asked; BadInput for a cast that is too small, or a dimension that there is not."""
        if strange := [name for name in wish.options if name not in self.options]:
            raise BadInput(f"{NAME} has no such option", got=", ".join(strange), fix="Give character")
        members = read_cast(_written(wish.options.get("character", ())), wish.base)
        if wish.identity is not None:
            members = (Member(_named(wish.worn), wish.identity), *members)
        request = TogetherRequest(members, wish.preset, wish.constructs, wish.seed)
        request.check()
        return request

    def study(self, request: TogetherRequest, ground: GroundIdentity) -> Study:
        """Return the study whose id names the run."""
        return together_study(request, ground)

    def asker(self, ground: Ground, request: TogetherRequest) -> Stage:
        """Return what asks characters on a ground; BadInput for one that is no local weights."""
        speakers = [Speaker.of(each) for each in request.cast]
        if isinstance(ground, Watched):
            return Limited(LocalStage(ground.bare, speakers), ground.bare, ground)
        return LocalStage(ground, speakers)

    def planted(self, name: str) -> tuple[GroundIdentity, Planted]:
        """Return a phantom's identity, and what is planted in it."""
        return planted(name)

    async def run(
        self,
        request: TogetherRequest,
        study: Study,
        ask: Stage | Planted,
        store: RunStore,
        progress: RunProgress,
    ) -> None:
        """Ask all that is not yet stored, and join the tables."""
        stage = PhantomStage(ask, request.cast) if isinstance(ask, Planted) else ask
        if isinstance(stage, Limited):  # what parts used is counted already
            stage.purse.spend(spoken_usage(store))
        await run_together(request, study, stage, store, progress)

    async def forecast(self, request: TogetherRequest, study: Study, ground: Ground) -> Usage:
        """Return what running would use, every reply as long as it may be."""
        reckoned = Reckoned(ground)
        with tempfile.TemporaryDirectory() as folder:
            await run_together(request, study, reckoned, RunStore(Path(folder)))
        return reckoned.used

    def conclude(self, request: TogetherRequest, study: Study, store: RunStore, command: str) -> Told:
        """Store findings, manifest and page, and return what was found."""
        found = found_in(
            request, study, store.observations(), store.read_json(REPLIES), spoken_words(request, store)
        )
        manifest = manifest_of_tasks(study, store, command) | {"usage": {self.channel: used_in(store)}}
        store.write_json("findings.json", found)
        store.write_json("manifest.json", manifest)
        with writing("the page"):
            report = write_together(TogetherView(found, tuple(_facts(store, command))), store.report)
        return Told(
            store.run,
            report,
            tuple(together_lines(found)),
            together_json(store, found, report),
            frozenset(_failing(found)),
        )


def spoken_words(request: TogetherRequest, store: RunStore) -> float:
    """Return the mean words of a turn as it was drawn, over all speakers and threads."""
    speakers = [*(each.name for each in request.cast), NEUTRAL]
    turns = range(len(request.scripts[0].turns))
    texts = [t for turn in turns for name in speakers for t in store.read_json(f"spoken-{turn}-{name}.json")]
    return sum(len(text.split()) for text in texts) / len(texts)


def _written(given: object) -> tuple[str, ...]:
    """Return the characters as they were written, one or a list; BadInput for anything else."""
    each = (given,) if isinstance(given, str) else tuple(given) if isinstance(given, list | tuple) else ()
    if not all(isinstance(one, str) for one in each) or (given and not each):
        raise BadInput("characters are texts such as NAME=PARTS", got=given, fix="Write a list of them")
    return cast(tuple[str, ...], each)


def _named(name: str) -> str:
    """Return an identity's name in letters of a character's."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")[:64] or "identity"


def _failing(found: Together) -> Iterator[str]:
    if found.beside == "interferes":
        yield "interferes"
    if any(each.verdict == "shifted" for each in found.spoken):
        yield "shifted"
    if any(each.verdict == "not interpretable" for each in found.spoken):
        yield "not-interpretable"


def _facts(store: RunStore, command: str) -> Iterator[tuple[str, str]]:
    used = used_in(store)
    yield "run", store.run
    yield "command", command
    yield "asked", f"{used.prompts:,} texts, {used.distinct_tokens:,} tokens, {used.seconds:,.0f} s"


def together_json(store: RunStore, found: Together, report: Path) -> dict[str, Any]:
    """Return what ``together --json`` prints (schema: ``selfscope schema together``)."""
    told = asdict(found)
    told["spoken"] = [asdict(each) | {"sentence": spoken_sentence(each)} for each in found.spoken]
    return {"run": store.run, "report": str(report), **told, "usage": asdict(used_in(store))}
