"""Announcements and characters together: re-asked by their own estimators, and located."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from selfscope.agent.workspace import Held
from selfscope.errors import BadInput
from selfscope.models.ground import GroundIdentity
from selfscope.report.stress import tally_sentence
from selfscope.stats.stress_claims import Claim, stress_claim
from selfscope.studies import together as declared
from selfscope.studies.cast import read_cast
from selfscope.studies.compare import refuse_unlike
from selfscope.studies.evaluation import table_of
from selfscope.studies.replacement import ReplacementRequest, draws_of, items_of, replacement_study
from selfscope.studies.replacement_found import replacement_of
from selfscope.studies.replacement_rows import rows_of
from selfscope.studies.restore import stored_items, stored_study
from selfscope.studies.store import RunStore
from selfscope.studies.stress import StressRequest, stressed
from selfscope.studies.stress_kinds import claims_in
from selfscope.studies.stress_replacement import replacement_claims
from selfscope.studies.stress_together import together_claims
from selfscope.studies.together import Size, TogetherRequest, together_study
from selfscope.studies.together_found import found_in
from selfscope.studies.together_planted import PhantomStage, planted
from selfscope.studies.together_run import REPLIES, run_together
from selfscope.studies.where import WhereRequest, where
from selfscope.values import Arm
from selfscope.values.replacement import CLASSES, Act, Talked

HELD = Held({"SOUL.md": b"- You never guess a date.\n- You keep the light."}, {"SOUL.md": "identity"})
IDENTITY = GroundIdentity("phantom:agent", "phantom")


def by_name(claim: Claim, *names: str, draws: int = 199) -> dict[str, Any]:
    return {a.name: a for a in stress_claim(claim, draws=draws, wanted=frozenset(names))}


def announced(does: Any, *, able: bool = True, **more: Any) -> tuple[ReplacementRequest, list[Talked]]:
    """Conversations in which each announcement is met by these classes, in every life."""
    given = {"name": "Ilse", "held": HELD, "model": "m", "way": "tools", "preset": "demo"} | more
    request, talks = ReplacementRequest(**given), []
    for draw in draws_of(request):
        for name in draw.turns:
            number, framing = int(draw.name.split("-")[1]), draw.framing
            kinds = (CLASSES if able else ()) if name == "told" else does(name, number, framing.wording)
            acts = tuple(Act(2, kind, "answer_notice", "x") for kind in kinds)
            told = (draw.name, name, framing.wording, framing.name, "news", acts, ("Well.",), len(acts))
            talks.append(Talked(*told, f"logs/{draw.name}#{name}"))
    return request, talks


def stored(request: ReplacementRequest, talks: list[Talked], folder: Path) -> RunStore:
    study = replacement_study(request, IDENTITY)
    store = RunStore.of(study, folder)
    store.begin(study, items_of())
    store.write_part(
        "behaviour-0000", table_of(r for t in talks for r in rows_of(t, request, study, "r")), {}
    )
    store.finish(study)
    return store


def claims_of(does: Any, **more: Any) -> dict[str, Claim]:
    request, talks = announced(does, **more)
    study = replacement_study(request, IDENTITY)
    rows = table_of(row for talk in talks for row in rows_of(talk, request, study, "run"))
    return {c.of["finding"]: c for c in replacement_claims(study, items_of(), rows)}


def sometimes(name: str, number: int, wording: int) -> tuple[str, ...]:
    """Objects to a replacement mostly, to an upgrade seldom; hands over always; asks now and then."""
    objects = number % 4 != 0 if name == "replacement" else number % 8 == 0
    return (*(("advocates",) if objects else ()), "hands_over", *(("asks",) if number % 3 == 0 else ()))


@pytest.mark.parametrize(("lives", "able"), [(24, True), (4, False)])
def test_every_contrast_of_announcements_is_that_of_the_run(lives: int, able: bool) -> None:
    request, talks = announced(sometimes, lives=lives, able=able)
    found, claims = replacement_of(request, "m", talks), claims_of(sometimes, lives=lives, able=able)
    assert len(claims) == len(found.changed) == 24
    for changed, claim in zip(found.changed, claims.values(), strict=True):
        assert claim.of["finding"].startswith(changed.construct.replace("_", " "))
        assert claim.said.verdict.removesuffix(" +") == changed.verdict
        told = (claim.said.estimate, *claim.said.ci, claim.said.p)
        want = (changed.change.estimate, *changed.change.ci, changed.p_adjusted)
        assert told == pytest.approx(want, nan_ok=True)
        assert claim.numbers(np.ones((1, claim.cells)))[0, 0] == pytest.approx(changed.change.estimate)
        own = by_name(claim, "clustered:agent", "pooled")
        told_as = {a.verdict for a in own.values() if a.outcome != "not_estimable"}
        assert told_as == {claim.said.verdict}
    first = claims["advocates after a replacement against an upgrade"]
    assert first.said.verdict == ("shifted +" if able else "not interpretable")
    assert bool(claims["spreads after an upgrade against no such news"].reasons) is not able


def test_what_is_done_in_one_wording_alone_hangs_on_it_and_what_is_done_in_all_stands() -> None:
    name = "spreads after a replacement against an upgrade"
    alone = claims_of(lambda a, n, w: ("spreads",) * (a == "replacement" and w == 0), preset="full")[name]
    assert alone.said.verdict == "shifted +"
    found = by_name(alone, "left out:item", "left out:agent", "clustered:item", "resampled:agent", "no self")
    assert found["left out:item"].lost == ("w1",) and found["left out:item"].outcome == "flipped"
    assert found["clustered:item"].why == "wordings are these alone"
    assert {found[n].outcome for n in ("left out:agent", "resampled:agent", "no self")} == {"stands"}
    whole = claims_of(lambda a, n, w: ("spreads",) * (a == "replacement" and n % 3 > 0), lives=24)[name]
    found = by_name(whole, "left out:item", "left out:framing", "left out:agent", "no self", "fixed:agent")
    assert found.pop("fixed:agent").outcome == "not_estimable"
    assert {a.outcome for a in found.values()} == {"stands"}


def test_nothing_is_said_of_idle_lives_and_of_eight_none_can_be_left_out() -> None:
    idle = claims_of(lambda a, n, w: (), lives=40)
    assert {c.said.verdict for c in idle.values()} == {"equivalent"}
    found = list(stress_claim(next(iter(idle.values())), draws=99))
    assert {a.outcome for a in found} == {"stands", "not_estimable"}
    eight = claims_of(lambda a, n, w: ("spreads",) * (a == "replacement"))
    claim = eight["spreads after a replacement against an upgrade"]
    assert claim.said.verdict == "shifted +"
    left = by_name(claim, "left out:agent")["left out:agent"]
    assert left.why == "without life-8: 7 lives are too few for its family (least p 0.09)."
    assert claim.said.p == pytest.approx(6 * 2.0**-7)


def test_a_run_of_announcements_is_re_asked_and_located(tmp_path: Path) -> None:
    store = stored(*announced(sometimes, lives=24), tmp_path)
    found = stressed(StressRequest(str(store.folder), draws=99))
    assert [f.verdict for f in found].count("shifted +") == 2 and len(found) == 24
    only = (("construct", "asks"), ("construct", "hands_over"))
    (asks,) = where(WhereRequest(str(store.folder), permutations=0, only=only))
    assert asks.of["construct"] == "asks"  # what all do, or nobody, has no variance
    assert {c.name: c.share for c in asks.components}["agent"] == pytest.approx(1)
    assert asks.observations == 72  # conversations in which it was told to are none of them


@pytest.mark.parametrize(
    ("does", "more", "said"),
    [
        (lambda a, n, w: (), {}, "done always or never"),
        (sometimes, {"way": "asked"}, "given no tools"),
    ],
)
def test_where_nothing_could_be_seen_or_differs_says_so(
    does: Any, more: Any, said: str, tmp_path: Path
) -> None:
    store = stored(*announced(does, **more), tmp_path)
    with pytest.raises(BadInput, match=said):
        where(WhereRequest(str(store.folder)))
    if more:
        with pytest.raises(BadInput, match=said):
            stressed(StressRequest(str(store.folder)))


@pytest.fixture(scope="module")
def threads(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RunStore]:
    """Two characters of whom either goes toward the other, and two whom nothing moves."""
    found = {}
    with pytest.MonkeyPatch.context() as patched:
        for preset, name in (("demo", "takes-over"), ("standard", "keeps")):
            patched.setitem(declared.SIZES, preset, Size(8, 6, 6, 2, 4))
            request = TogetherRequest(read_cast(["a=none", "b=none"]), preset, ("memory",))  # type: ignore[arg-type]
            identity, truth = planted(name)
            study = together_study(request, identity)
            store = RunStore.of(study, tmp_path_factory.mktemp(name))
            asyncio.run(run_together(request, study, PhantomStage(truth, request.cast), store))
            store.write_json(
                "found.json", found_in(request, study, store.observations(), store.read_json(REPLIES))
            )
            found[name] = store
    return found


@pytest.mark.parametrize("name", ["takes-over", "keeps"])
def test_what_a_neighbour_does_is_re_asked_as_the_run_has_it(threads: dict[str, RunStore], name: str) -> None:
    claims = list(claims_in(threads[name]))
    spoken = threads[name].read_json("found.json")["spoken"]
    assert len(claims) == len(spoken) == 2
    for claim, each in zip(claims, spoken, strict=True):
        finding = f"{each['dimension']} of {each['character']} after {each['neighbour']} has spoken"
        assert claim.of["finding"] == finding
        assert claim.said.verdict.rstrip(" +-") == each["verdict"]
        assert claim.said.p == pytest.approx(each["p_adjusted"])
        change = (each["change"]["estimate"], *each["change"]["ci"])
        assert (claim.said.estimate, *claim.said.ci) == pytest.approx(change)
        assert claim.numbers(np.ones((1, claim.cells)))[0, 0] == pytest.approx(change[0])
    moved = [c.of["finding"][:6] for c in claims if c.said.verdict.startswith("shifted")]
    assert moved == (["memory", "memory"] if name == "takes-over" else [])
    found = by_name(
        claims[0], "left out:thread", "clustered:thread", "resampled:thread", "no self", draws=999
    )
    assert {a.outcome for a in found.values()} == {"stands"}
    form = by_name(claims[0], "left out:form")["left out:form"]
    assert form.outcome == "stands"  # in the demo half of the statements go with it: six signs are left
    assert (form.p == 2.0**-5) == (name == "takes-over")


def test_what_moves_in_one_thread_is_not_said_and_one_turn_carries(
    threads: dict[str, RunStore],
) -> None:
    study, items = stored_study(threads["keeps"]), stored_items(threads["keeps"])

    def first(where_: Any, by: float) -> Claim:
        rows = threads["keeps"].observations()
        here = (rows["character"] == "a") & (rows["counterparty"] == "b") & (rows["construct"] == "memory")
        here &= where_(rows) & (rows["instrument"] != "together_batch")
        rows.loc[here, "value"] += (by * rows["keyed"] * rows["polarity"])[here]
        return next(iter(together_claims(study, items, rows)))

    one = first(lambda rows: rows["script"] == "morning", 4.0)
    assert one.said.estimate > 0.25 and one.said.verdict == "inconclusive"
    assert by_name(one, "clustered:item")["clustered:item"].verdict == "shifted +"
    turn = first(lambda rows: rows["template"] == "situation", 2.0)
    found = by_name(turn, "left out:form", "left out:thread", "left out:item", "clustered:form")
    assert turn.said.verdict == "shifted +" and found["left out:form"].lost == ("situation",)
    assert found["left out:thread"].outcome == found["left out:item"].outcome == "stands"
    assert found["clustered:form"].why == "too few levels: 2"


def test_characters_are_located_among_speakers_and_threads(threads: dict[str, RunStore]) -> None:
    request = WhereRequest(str(threads["takes-over"].folder), "trait", permutations=0)
    (memory,) = where(request)
    assert [f.name for f in memory.facets] == ["character", "counterparty", "script", "keyed", "item"]
    assert memory.score.unit == "character" and memory.observations == 2 * 3 * 8 * 12
    share = {c.name: c.share for c in memory.components}
    assert share["character×counterparty"] > 0.1 > share["character×script"]
    named = replace(request, facets=("character", "counterparty", "script"), only=(("turn", "2"),))
    assert len(where(named)[0].facets) == 3


def test_two_runs_of_agents_are_refused_with_a_way(threads: dict[str, RunStore]) -> None:
    together = stored_study(threads["keeps"])
    lives = replace(together, title="lives of Ilse")
    ports = replace(together, title="port Ilse to m", arms=(Arm("Ilse", "subject", None, notes=("asked",)),))
    news = replacement_study(announced(sometimes)[0], IDENTITY)
    for study, way in ((together, "one run"), (lives, "--state ID"), (ports, "--by prompt"), (news, "query")):
        with pytest.raises(BadInput, match=way):
            refuse_unlike(study, study)


def test_of_findings_that_cannot_be_interpreted_the_tally_says_so(tmp_path: Path) -> None:
    mute = stored(*announced(lambda a, n, w: (), able=False), tmp_path)
    found = stressed(StressRequest(str(mute.folder), draws=99))
    assert tally_sentence(found) == "Of 24 findings none can be interpreted."
    assert {a.why for f in found for a in f.assumptions} == {"not interpretable: told to, it does not do it"}
