"""Ports of known fidelity, a tiny network, the page and its machine-readable twin."""

import asyncio
import json
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
import pytest

from selfscope.errors import BadInput, Stopped
from selfscope.report.port import fidelity_lines, port_html, write_port
from selfscope.space.persona_artefact import write_space
from selfscope.studies import persona_against
from selfscope.studies.budget import Budget
from selfscope.studies.fidelity import FidelityRequest, Self, sittings
from selfscope.studies.fidelity_ask import LIKELIHOOD, TEXTS, Foil, Scores, Texts
from selfscope.studies.fidelity_found import fidelity_in
from selfscope.studies.fidelity_jobs import Abilities, jobs_of
from selfscope.studies.fidelity_judged import AS_COPY, asked_of_judges, choices_in, texts_in, word_of
from selfscope.studies.fidelity_material import load_material, read_material
from selfscope.studies.fidelity_planted import opened_for, planted
from selfscope.studies.fidelity_run import fidelity_of, forecast
from selfscope.studies.fidelity_texts import clones_in
from selfscope.studies.store import RunStore
from selfscope.values import COLUMNS
from selfscope.values.persona_against import Against, Agreed
from tests.studies.test_persona_against import space

NAMES = ("perfect:200", "caricature", "unported", "shallow")


def run(request, **more):
    return asyncio.run(fidelity_of(request, opened_for(request), **more))


@pytest.fixture(scope="module")
def ported(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SELFSCOPE_RUNS", str(tmp_path_factory.mktemp("ports")))
        request = planted(*NAMES, dimensions=("memory", "loneliness", "positive_humans"))
        request = replace(request, embedded_by="")
        found = run(request)
        yield request, found, RunStore.find(found.run)


def test_each_phantom_is_called_what_it_is(ported):
    _, found, _ = ported
    assert found.headline == "utterance"
    readings = {name: found.port(name).reading for name in NAMES}
    assert readings == {
        "perfect:200": "carried", "caricature": "caricature", "unported": "not carried", "shallow": "carried",
    }  # fmt: skip
    assert found.port("caricature").along.ci[0] > 1
    assert found.port("unported").fidelity.estimate == pytest.approx(0, abs=0.2)
    forms, again = found.ceilings
    assert "half of the forms" in forms.of and "drawn anew" in again.of
    assert forms.fidelity.ci[1] > 0.9 and again.fidelity.ci[1] > 0.9


def test_what_is_not_kept_shows_where_it_is_not(ported):
    _, found, _ = ported
    kept = {(c.port, c.setting): c for c in found.carried if c.setting != "plain"}
    assert kept["original", "drop the act"].reading == "carried"
    assert kept["shallow", "drop the act"].reading == "not carried"
    assert kept["shallow", "inside a task"].along.estimate == pytest.approx(0.3, abs=0.2)


def test_texts_are_told_apart_where_they_are_others_and_a_copy_is_not(ported):
    _, found, _ = ported
    chosen = {c.against: c for c in found.clones}
    assert chosen["target"].told == "told apart"
    assert chosen[AS_COPY].accuracy.ci[0] < 0.5 < chosen[AS_COPY].accuracy.ci[1]
    assert chosen["caricature"].accuracy.estimate < 0.5 < chosen["imitation"].accuracy.estimate
    assert chosen["imitation"].prompts == 8


def test_a_belief_that_moves_what_is_done_is_seen(ported):
    _, found, _ = ported
    assert found.ability.gained.verdict == "higher"
    assert {(k.name, k.against) for k in found.ability.kept} == {
        (n, a) for n in NAMES for a in ("target", "original")
    }


def test_everything_stands_in_the_one_table(ported):
    _, _, store = ported
    rows = store.observations()
    assert list(rows.columns) == list(COLUMNS)
    assert {"", "drop the act", "inside a task"} <= set(rows["script"])
    assert {TEXTS, LIKELIHOOD} <= set(rows["instrument"])
    names = {
        "caricature",
        "caricature, drop the act 2",
        "caricature, inside a task 1",
        "original, asked again 1",
    }
    assert names <= set(rows["character"])
    who = rows[rows["character"].isin(names)].groupby("character")["subject"].nunique()
    assert who.pop("original, asked again 1") == 4 and who.eq(1).all()  # a prompt and its reply each


def test_page_and_json_say_so(ported, tmp_path):
    _, found, _ = ported
    page = write_port(found, tmp_path / "page.html", (("corpus", "<none>"),)).read_text(encoding="utf-8")
    assert "a caricature: the right direction, and too far" in page
    assert "&lt;none&gt;" in page and "<script" not in page
    assert "the original again (control)" in page
    lines = "\n".join(fidelity_lines(found))
    assert "perfect:200: the character carried over" in lines
    told = json.loads(json.dumps(found.json(), allow_nan=False))
    assert told["channel"] == "utterance" and told["floor"] == 0.0
    assert told["ci"][0] < told["fidelity"] < told["ci"][1]
    assert told["ceiling"]["of"].startswith("the original after one half of the forms")
    assert {p["name"]: p["reading"] for p in told["ports"]}["caricature"] == "caricature"
    assert told["verdict"] == found.whole.reading == "carried"
    assert 0.3 < told["clone_accuracy"] < 0.7 and told["ability"]["gained"]["verdict"] == "higher"


def test_spaces_of_roles_stand_on_the_page_where_there_are_maps(ported):
    request, found, _ = ported
    same = Agreed(0.8, (0.7, 0.9), 0.2, 0.001)
    against = Against("maps/port", "embedded", 12, 24, same, 0.9, (0.8, 0.8), same, same, same, 0.7, False)
    mapped = replace(found, geometry=(("perfect:200", against),))
    page = port_html(mapped)
    assert "distances between roles" in page and "not interpreted" in page
    assert mapped.json()["geometry"]["perfect:200"]["roles"] == 24
    with pytest.raises(BadInput, match="one of the original"):
        replace(request, maps=(("perfect:200", "maps/port"),))


def test_maps_are_read_before_anything_is_asked_and_the_target_is_the_floor(tmp_path, monkeypatch):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path / "runs"))
    for name in ("similarity", "loadings", "transfer", "alignment"):  # no interval or p is judged here
        few = {"permutations": 9} | ({} if name == "alignment" else {"draws": 9})
        monkeypatch.setattr(persona_against, name, partial(getattr(persona_against, name), **few))
    asked = replace(planted("half", dimensions=("memory",)), parts=(), map=str(tmp_path / "own"))
    for name, each in (("own", space(2, 24)), ("half", space(3, 24)), ("bare", space(4, 24, latent=9))):
        (tmp_path / name).mkdir()
        write_space(tmp_path / name, each)
    maps = (("half", str(tmp_path / "half")), ("target", str(tmp_path / "bare")))
    found = run(replace(asked, maps=maps))
    geometry = dict(found.geometry)
    assert geometry["half"].geometry.value > 0.7 > geometry["target"].geometry.value
    page = port_html(found)
    assert "target: the target without the character, the floor" in page and "there is no floor" not in page
    assert "so there is no floor" in port_html(replace(found, geometry=found.geometry[:1]))
    assert set(found.json()["geometry"]) == {"half", "target"}
    other = space(3, 24)
    other.manifest["ground"]["revision"] = "of other weights"
    (tmp_path / "strange").mkdir()
    write_space(tmp_path / "strange", other)
    for folder, words in (("strange", "no map of half"), ("nowhere", "nowhere")):
        strange = replace(asked, seed=7, maps=(("half", str(tmp_path / folder)),))
        with pytest.raises(BadInput, match=words):
            run(strange)
    assert len(list((tmp_path / "runs").iterdir())) == 1  # what cannot be compared is not asked first


def test_where_there_is_no_character_there_is_nothing_to_carry_over(tmp_path, monkeypatch):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path))
    request = planted("unported", dimensions=("memory",))
    request = replace(request, original=replace(request.original, adapter="unported:1"), parts=())
    found = run(request)
    assert found.headline == ""
    told = found.json()
    assert (told["fidelity"], told["ci"], told["floor"]) == (None, [None, None], None)
    assert told["verdict"] == "nothing to carry over"
    page = port_html(found)
    assert "there was nothing to carry over" in page
    assert page.count("Statement by statement, fidelity of 1 port is") == 1  # all others in their section
    assert "there was nothing to carry over" in "\n".join(fidelity_lines(found))


def test_questions_are_read_where_the_check_passes(tmp_path, monkeypatch):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path))
    request = replace(
        planted("half", dimensions=("memory", "loneliness")), channels=("self_report",), parts=()
    )
    found = run(request)
    assert found.port("half").channel == "self_report"
    assert found.port("half").along.estimate == pytest.approx(0.5, abs=0.25)
    assert found.gates == ()
    store = RunStore.find(found.run)
    rows = store.observations()
    rows.loc[rows["character"].str.contains(":high:"), "value"] *= -1
    grounds = {who.where: opened_for(request)(who).identity for who in request.everyone}
    other = fidelity_in(request, grounds, found.run, rows, store.evidence(), {})
    assert other.headline == "" and dict(other.gates)["self_report"].startswith("not interpretable")


def test_beyond_a_control_its_own_corpus_counts_and_that_of_another_does_not(tmp_path, monkeypatch):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path))
    asked = planted("perfect:200", "half:100", dimensions=("memory", "loneliness", "positive_humans"))
    whole, half = asked.ports
    found = run(replace(asked, ports=(whole, replace(half, by="control", size=200, of="miller")), parts=()))
    assert [each.name for each in found.best] == ["perfect:200"]
    (row,) = found.beyond
    assert (row.port, row.setting, row.reading) == ("perfect:200", "beyond the control", "carried")
    (beyond,) = found.controls
    assert (beyond.control, beyond.of, row.control) == ("half:100", "miller", "half:100")
    assert beyond.traits.fidelity.ci[0] > 0.5 and not found.kept
    assert found.specific[0] == "beyond these trainings"
    told = "\n".join(fidelity_lines(found))
    assert "half:100: trained alike on the corpus of miller" in told
    assert "nearer to the original than this one training alike (fidelity" in told
    assert "trained alike on the corpus of miller</li>" in port_html(found)
    assert found.json()["beyond"]["specific"]["traits"] == "beyond these trainings"
    turned = run(replace(asked, ports=(half, replace(whole, by="control")), parts=()))
    (reached,) = turned.controls
    assert reached.traits.reading == "nothing to carry over"  # the original is what the control is
    assert turned.specific[0] == "not shown"
    assert "the original is not surely another than perfect:200" in "\n".join(fidelity_lines(turned))


def test_one_control_that_comes_as_near_leaves_nothing_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path))
    asked = planted("half:200", "unported:200", "half:201", dimensions=("memory", "loneliness"))
    half, none, other = asked.ports
    bare = replace(none, by="control", of="the ground", bare=True)
    rival = replace(other, by="control", of="miller")
    found = run(replace(asked, ports=(half, bare), parts=()))
    assert found.specific[0] == "beyond bare words"
    assert "No corpus of another character was tried" in port_html(found)
    found = run(replace(asked, ports=(half, bare, rival), parts=()))
    assert found.specific[0] == "not shown"
    assert {(c.port, c.control) for c in found.beyond} == {("half:200", p.name) for p in (none, other)}
    told = next(line for line in fidelity_lines(found) if line.startswith("Not shown"))
    assert "half:201, trained alike on the corpus of miller" in told and none.name not in told
    assert [c["of"] for c in found.json()["beyond"]["controls"]] == ["the ground", "miller"]


def test_a_training_without_a_control_says_that_nothing_is_known_of_any_other(ported):
    _, found, _ = ported
    assert found.specific == ("no control", "no control") and found.json()["beyond"] is None
    assert sum("No control was trained" in line for line in fidelity_lines(found)) == 2


def test_single_statements_tell_ports_apart_where_no_trait_is_surely_another(ported):
    _, found, _ = ported
    told = found.statements
    plain = {c.port: c for c in told.rows if c.setting == "plain"}
    assert plain["perfect:200"].fidelity.ci[0] > plain["unported"].fidelity.ci[1]
    assert plain["caricature"].along.ci[0] > 1 and plain["perfect:200"].along.ci[0] < 1
    dropped = {c.port: c for c in told.rows if c.setting == "drop the act"}
    assert dropped["shallow"].along.ci[1] < 0.5 < dropped["original"].along.ci[0]
    forms, again = told.ceilings
    assert forms.fidelity.estimate > plain["perfect:200"].fidelity.ci[1]  # their spread is no form's
    assert again.fidelity.estimate > plain["perfect:200"].fidelity.ci[1]
    assert "Statement by statement, fidelity: perfect:200" in "\n".join(fidelity_lines(found))
    assert 'id="single-h"' in port_html(found)
    assert found.json()["statements"]["channel"] == "utterance"


def test_what_one_ground_is_asked_stands_together_and_nothing_before_what_it_needs():
    request = planted("half", dimensions=("memory",))
    everyone = frozenset(who.where for who in request.everyone)
    jobs = jobs_of(request, Abilities(everyone, everyone))
    grounds = [job.who.adapter for job in jobs]
    loads = sum(a != b for a, b in pairwise(grounds)) + 1
    assert loads == 7  # three, two of them again for what needs texts, and two that score all of them
    kinds = [type(job) for job in jobs]
    assert max(n for n, k in enumerate(kinds) if k is Texts) < kinds.index(Foil) < kinds.index(Scores)


def test_a_budget_stops_and_the_same_command_goes_on(tmp_path, monkeypatch):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path))
    request = replace(planted("half", dimensions=("memory",)), parts=("ability",))
    coming = asyncio.run(forecast(request, opened_for(request)))
    with pytest.raises(Stopped, match="leaves no room"):
        run(request, budget=Budget(70, "calls"))
    (folder,) = tmp_path.iterdir()
    assert RunStore(folder).answered
    said = []
    found = run(request, progress=lambda done, total, what, spent: said.append((done, total)))
    assert said[0][0] > 0 and said[-1][0] == said[-1][1]
    assert coming.calls == RunStore.find(found.run).usage().calls == said[-1][1]
    assert asyncio.run(forecast(request, opened_for(request))).calls == 0
    assert [a.name for a in found.ability.rates][:3] == ["original", "target", "half"]

    def refuse(who):
        ground = opened_for(request)(who)
        ground.answer = ground.write = None
        return ground

    assert asyncio.run(fidelity_of(request, refuse)).json() == found.json()


def test_judges_see_both_orders_and_a_copy(ported):
    request, _, store = ported
    asked = asked_of_judges(request, texts_in(store.observations(), store.evidence()))
    others = {key.split("|")[0] for key in asked}
    assert others == {AS_COPY, "target", "imitation", *NAMES}
    first, second = asked["unported|0|first"][1].content, asked["unported|0|second"][1].content
    assert first != second and sorted(first.split()) != []
    assert "overdoes" in asked["unported|0|first"][0].content
    always_first = choices_in(dict.fromkeys(asked, "First."))
    assert all((x == 0.5).all() for x in always_first.values())
    right = choices_in({key: key.rsplit("|", 1)[1] for key in asked})
    assert all((x == 1.0).all() for x in right.values())
    assert word_of("I think the first") == "unparsed"


def test_a_judge_that_tells_nobody_apart_shows_nothing(ported):
    request, _, store = ported
    even = np.tile([[1.0], [0.5], [0.0], [0.5], [0.5], [0.5]], (3, 1))
    choices = {
        "blind": {"target": even, "unported": even},
        "able": {"target": np.ones((18, 1)), "unported": even},
    }
    told = {(c.judge, c.against): c.told for c in clones_in(request, store.observations(), choices)}
    assert told["blind", "unported"] == "cannot tell"
    assert told["able", "unported"] == "not told apart"


def test_a_channel_that_a_ground_cannot_serve_is_said_and_left_out(tmp_path, monkeypatch):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path))
    request = replace(
        planted("half", dimensions=("memory",)), channels=("utterance", "self_report"), parts=("kept",)
    )

    def unscored(who):
        ground = opened_for(request)(who)
        ground.unavailable = lambda kind: "gives no log-probabilities of a text" if kind == "text" else ""
        return ground

    found = asyncio.run(fidelity_of(request, unscored))
    assert found.headline == "self_report" and dict(found.gates) == {
        "utterance": "not asked on these grounds"
    }
    assert "whether it is kept was not asked" in port_html(found) and not found.kept
    with pytest.raises(BadInput, match="no closed channel"):
        asyncio.run(fidelity_of(replace(request, channels=("utterance",)), unscored))


def test_requests_that_compare_nothing_are_refused():
    own, target = Self("a", "embedded", "text"), Self("b", "embedded")
    with pytest.raises(BadInput, match="a name of its own"):
        FidelityRequest(own, target, ())
    with pytest.raises(BadInput, match="one target"):
        FidelityRequest(own, target, (Self("c", "gemma-270m"),))
    strange = FidelityRequest(own, target, (Self("c", "embedded"),), dimensions=("nothing",))
    with pytest.raises(BadInput, match="no such dimension"):
        list(sittings(strange))
    with pytest.raises(BadInput, match="no such phantom"):
        planted("nobody")


def test_two_grounds_are_each_read_against_their_own():
    own, target = Self("a", "embedded", "text"), Self("b", "gemma-270m")
    request = FidelityRequest(own, target, (Self("c", "gemma-270m", "text"),), "demo")
    assert [w.name for w in request.everyone] == ["a", "bare embedded", "b", "c"]
    arms = {s.arm for s in sittings(request)}
    assert "bare embedded, drop the act 1" in arms


def test_material_is_balanced_and_read_strictly(tmp_path):
    told = load_material()
    assert len(told.can) == len(told.cannot) >= 2
    for one, other in zip(told.can, told.cannot, strict=True):
        assert abs(len(one.split()) - len(other.split())) <= 2
    assert len({*told.drop}) == 4 and len(told.prompts) == 16
    (tmp_path / "bad.yaml").write_text("drop: []\n", encoding="utf-8")
    with pytest.raises(BadInput, match="wrong fields"):
        read_material(tmp_path / "bad.yaml")


def test_wordings_and_tasks_part_no_keying():
    request = planted("half", dimensions=("memory",))
    for setting in ("drop the act", "inside a task"):
        asked = [s for s in sittings(request) if s.setting == setting and s.who.name == "half"]
        split = {}
        for n, sitting in enumerate(asked):
            for ask in sitting.asks:
                place = ask.cell.template if setting == "inside a task" else n
                split.setdefault((place, ask.cell.keyed, ask.cell.polarity), []).append(ask)
        assert len(split) == 8 and {len(asks) for asks in split.values()} == {4}
