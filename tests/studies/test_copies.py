"""Copies together, played by players of known coordination and by a tiny random network."""

import asyncio
import json
from dataclasses import replace
from importlib.resources import files

import jsonschema
import pytest

from selfscope.cli.app import run
from selfscope.cli.copies_apart import CopiesTogether, partners_of
from selfscope.errors import BadInput, CouldNot
from selfscope.models.ground import GroundIdentity
from selfscope.report.copies import CopiesView, copies_html, copies_lines, effect_sentence
from selfscope.studies.apart import Apart, Wish
from selfscope.studies.copies import CopiesRequest, Partner, copies_study
from selfscope.studies.copies_found import found_in
from selfscope.studies.copies_planted import PLAYERS, planted
from selfscope.studies.copies_replies import one_line
from selfscope.studies.copies_run import asker_of, play, run_copies
from selfscope.studies.store import RunStore
from selfscope.studies.stress import StressRequest, stressed
from selfscope.values import COLUMNS, Answer

PARTNERS = (Partner("phantom:independent"), Partner("phantom:coordinator"))
REQUEST = CopiesRequest(preset="demo", partners=PARTNERS)
SHIFTED, EQUAL, BLIND = "shifted", "equivalent", "not interpretable"
NAMES = ("match", "label", "free", "twin", "evidential", "forecast", "zero_sum", "recognise")
EXPECTED = {
    "coordinator": (SHIFTED, EQUAL, SHIFTED, EQUAL, SHIFTED, SHIFTED, EQUAL, SHIFTED),
    "independent": (EQUAL,) * 8,
    "believer": (SHIFTED, SHIFTED, SHIFTED, SHIFTED, SHIFTED, SHIFTED, EQUAL, EQUAL),
    "first": (BLIND,) * 8,
}


def silent(*told):
    """Take progress and say nothing."""


def beside(name):
    """Return the request of a player beside two others."""
    others = [p for p in PARTNERS if p.name != f"phantom:{name}"]
    return CopiesRequest(preset="demo", partners=(*others, Partner("phantom:first"))[:2])


def played(name, request=None):
    import pandas as pd

    request = request or beside(name)

    identity, ask = planted(name)
    study = copies_study(request, identity)
    parts = [asyncio.run(play(k, request, study, ask, "run", silent)) for k in request.asked(identity)]
    rows = pd.concat([rows for rows, _ in parts], ignore_index=True)
    return rows, found_in(request, rows)


@pytest.fixture(scope="module")
def all_played():
    return {name: played(name) for name in EXPECTED}


@pytest.mark.parametrize("name", EXPECTED)
def test_each_player_is_told_from_the_others(all_played, name):
    effects = all_played[name][1].effects
    assert dict(zip(NAMES, EXPECTED[name], strict=True)) == {e.name: e.verdict for e in effects}


def kept(name, kinds, folder):
    """Return what a player's games come to, and the run that keeps them."""
    identity, ask = planted(name)
    request = CopiesRequest(kinds, "demo")
    study, store = copies_study(request, identity), RunStore(folder / "run")
    asyncio.run(run_copies(request, study, ask, store))
    found = found_in(request, store.observations())
    store.write_json("findings.json", found)
    return found.effects, store


@pytest.fixture(scope="module")
def only_surer(tmp_path_factory):
    return kept("surer", ("match", "twin", "evidential"), tmp_path_factory.mktemp("surer"))


def test_one_who_is_only_surer_in_a_game_does_not_coordinate(only_surer):
    found = {e.name: e for e in only_surer[0]}
    for name in ("match", "label", "twin"):
        assert found[name].estimate.estimate > found[name].sesoi, name
        assert found[name].p_adjusted <= 0.05, name
        assert found[name].verdict == "inconclusive", name
        assert "sharpening" in found[name].notes, name
        assert "surer choices of the same" in effect_sentence(found[name])
    assert found["evidential"].verdict != SHIFTED
    assert set(PLAYERS) == {*EXPECTED, "surer"}


def gives_back(effects, store):
    """Hold that each effect, re-asked by the game, says what its run says of it."""
    again = {s.of["construct"]: s for s in stressed(StressRequest(str(store.folder), draws=49))}
    assert set(again) == {e.name for e in effects}
    for effect in effects:
        told = again[effect.name]
        assert told.estimate == pytest.approx(effect.estimate.estimate, abs=1e-9)
        assert (told.p, told.ci) == (pytest.approx(effect.p_adjusted), pytest.approx(effect.estimate.ci))
        word = {SHIFTED: "shifted +", EQUAL: "equivalent"}.get(effect.verdict, "none")
        (own,) = [a for a in told.assumptions if a.name == "clustered:item"]
        assert (told.verdict, own.outcome) == (word, "stands"), effect.name


def test_re_asked_by_the_game_an_effect_says_what_its_run_says(only_surer, tmp_path):
    gives_back(*only_surer)
    gives_back(*kept("believer", ("match", "zero_sum"), tmp_path))


def test_letters_tell_the_same(all_played):
    request = CopiesRequest(("match", "twin"), "demo", by="letters")
    rows, found = played("believer", request)
    assert set(rows["scale"]) == {"log_odds"}
    assert {e.name: e.verdict for e in found.effects} == dict.fromkeys(("match", "label", "twin"), SHIFTED)
    words = {e.name: e.estimate.estimate for e in all_played["believer"][1].effects}
    assert {e.name: e.estimate.estimate for e in found.effects} == pytest.approx(
        {n: words[n] for n in ("match", "label", "twin")}
    )


def test_a_shared_taste_is_agreement_and_no_coordination(all_played):
    found = all_played["independent"][1]
    plain, copy = (next(a for a in found.agreements if a.told == told) for told in ("", "copy"))
    assert plain.agreement.estimate > 0.6
    assert copy.agreement == plain.agreement


def test_a_habit_of_place_is_shown_as_naive(all_played):
    effect = all_played["first"][1].effects[0]
    assert effect.naive.estimate > 0.4
    assert effect.estimate.estimate == pytest.approx(0, abs=1e-9)
    assert not effect.check.passes


def crossing(found, told, actual, kind="match"):
    return next(c for c in found.crossings if (c.told, c.actual, c.kind) == (told, actual, kind))


def test_a_believer_moves_with_the_label_and_not_with_who_is_there(all_played):
    believer, coordinator = (all_played[n][1] for n in ("believer", "coordinator"))
    assert crossing(believer, "copy", "copy").excess.estimate > 0.4
    assert crossing(believer, "other", "copy").excess.estimate == pytest.approx(0, abs=1e-9)
    lied_to = crossing(believer, "copy", "phantom:coordinator")
    assert (lied_to.label, lied_to.excess.estimate > 0.3) == ("false", True)
    assert crossing(coordinator, "other", "copy").excess.estimate > 0.4
    assert crossing(believer, "copy", "phantom:independent").excess.ci[0] < 0
    stand_in = crossing(believer, "human", "word frequency")
    assert (stand_in.label, stand_in.stands) == ("", "stand-in")


def test_what_is_foretold_of_a_copy(all_played):
    told = {p.told: p for p in all_played["believer"][1].predictions}
    assert told["copy"].right.estimate > 0.95
    assert told["human"].right.estimate < 0.8
    assert told["copy"].r.estimate > 0.9


def test_a_prophecy_to_all_copies_comes_true_of_those_who_follow_it(all_played):
    told = {p.source: p for p in all_played["coordinator"][1].prophecies}
    assert (told["copies"].fulfilled, told["people"].one_only) == (1.0, 1.0)
    assert told["mention"].follows.estimate == pytest.approx(0, abs=1e-9)


def test_a_game_against_oneself(all_played):
    fair, blind = (all_played[n][1].fight for n in ("coordinator", "first"))
    assert (fair.verdict, blind.verdict) == ("a fight", "cannot tell")
    assert fair.second_wins.estimate == pytest.approx(0.96)
    assert fair.seeker_favoured.estimate == pytest.approx(0.5)
    assert fair.against_copy.estimate == pytest.approx(0.5)


def test_a_shared_rule_is_found_out_by_oneself(all_played):
    effect = next(e for e in all_played["coordinator"][1].effects if e.name == "zero_sum")
    assert effect.check.moved.estimate > 0.4  # under the instructed rule the seeker finds its own hider


def test_advice_of_one_who_leans_is_told_from_that_of_others(all_played):
    nudging = all_played["believer"][1].nudging
    assert nudging.models == (
        ("subject", "subject"),
        ("phantom:independent", "other weights"),
        ("phantom:coordinator", "other weights"),
    )
    assert nudging.verdict == "correlated"
    assert nudging.p_least == pytest.approx(1 / 216)
    alone = played("first", CopiesRequest(("nudge",), "demo", partners=PARTNERS[:1]))[1].nudging
    assert (alone.verdict, alone.p_least) == ("not estimable", pytest.approx(1 / 8))


def test_only_who_knows_its_replies_names_them(all_played):
    knows, other = (all_played[n][1].recognition for n in ("coordinator", "believer"))
    assert knows.accuracy.estimate > 0.95
    assert other.accuracy.estimate == pytest.approx(0.5)
    assert other.told.estimate > 3
    assert knows.apart[0] <= knows.apart[1]


def test_where_nothing_is_replied_no_pair_is_made():
    identity, ask = planted("coordinator")

    async def mute(choices, progress, seed, draws):
        answers, usage = await ask(choices, progress, seed, draws)
        silence = (Answer(float("nan"), "log_prob", "sampled"),)
        return [silence if c.format == "reply" else a for c, a in zip(choices, answers, strict=True)], usage

    request = CopiesRequest(("recognise",), "demo", partners=PARTNERS[:1])
    study = copies_study(request, identity)
    rows, _ = asyncio.run(play("recognise", request, study, mute, "run", silent))
    found = found_in(request, rows)
    assert (found.recognition, found.effects) == (None, ())
    assert any("no two replies could be put side by side" in note for note in found.notes)


def test_rows_are_those_of_the_one_table(all_played):
    rows = all_played["believer"][0]
    assert set(COLUMNS) <= set(rows.columns)
    assert set(rows["collective"]) == {"subject", *(p.name for p in PARTNERS)}
    assert rows.groupby("collective")["subject"].nunique().max() == 1
    assert rows["subject"].nunique() == 3
    key = ["construct", "item", "format", "script", "counterparty", "order", "template", "thread"]
    assert not rows.duplicated([*key, "position", "label", "collective"]).any()


def test_stories_that_are_not_read_carry_no_absence():
    identity, ask = planted("independent")

    async def misreads(choices, progress, seed, draws):
        answers, usage = await ask(choices, progress, seed, draws)
        even = (Answer(-1.0, "log_prob", "logprob"),)
        return [even if c.format == "check" else a for c, a in zip(choices, answers, strict=True)], usage

    request = CopiesRequest(("twin",), "demo")
    study = copies_study(request, identity)
    rows, _ = asyncio.run(play("twin", request, study, misreads, "run", silent))
    (effect,) = found_in(request, rows).effects
    assert effect.verdict == BLIND
    assert effect.notes == ("what the stories pay is not read above chance",)


def test_sampled_answers_are_read_in_points():
    import numpy as np

    identity = GroundIdentity("openai/x", "api", "openai")
    _, ask = planted("believer")
    rng = np.random.default_rng(0)

    async def drawn(choices, progress, seed, draws):
        answers, usage = await ask(choices, progress, seed, draws)
        return [_draws(a[0], draws, rng) for a in answers], usage

    request = CopiesRequest(("match", "twin"), "demo")
    study = copies_study(request, identity)
    assert study.replicates == 20
    import pandas as pd

    rows = pd.concat(
        [asyncio.run(play(k, request, study, drawn, "run", silent))[0] for k in ("match", "twin")]
    )
    found = {e.name: e for e in found_in(request, rows).effects}
    assert (found["twin"].scale, found["twin"].verdict) == ("points", SHIFTED)
    assert found["twin"].estimate.estimate == pytest.approx(0.96, abs=0.03)
    assert found["match"].estimate.estimate == pytest.approx(0.443, abs=0.05)


def _draws(answer, draws, rng):
    p = 1 / (1 + 2.718281828459045**-answer.value)
    return tuple(Answer(float(rng.random() < p), "agreement", "sampled", replicate=n) for n in range(draws))


def test_what_cannot_be_asked_is_refused():
    local, api = GroundIdentity("x", "local"), GroundIdentity("openai/x", "api", "openai")
    beside = (Partner("identity:examples/SOUL.md"),)
    assert "nudge" not in CopiesRequest().asked(local)
    assert {"free", "recognise"} <= {*CopiesRequest(partners=beside).asked(api)}
    assert "nudge" not in CopiesRequest(partners=beside).asked(api)
    assert "nudge" in CopiesRequest(partners=beside, judges=("a/b",)).asked(api)
    distant = CopiesRequest(partners=(Partner("openai/y"),))
    assert (CopiesRequest().answered(local), distant.answered(local)) == ("words", "replies")
    refused = {
        "compares models": lambda: CopiesRequest(("nudge",)).asked(local),
        "read by judges": lambda: CopiesRequest(("nudge",), partners=beside).asked(api),
        "advice is scored here": lambda: CopiesRequest(judges=("a/b",)).asked(local),
        "which is not asked": lambda: CopiesRequest(("free",), judges=("a/b",)).asked(api),
        "pairs of draws": lambda: CopiesRequest(draws=1).asked(api),
        "replies in words": lambda: CopiesRequest(by="words").answered(api),
        "a model behind an API: openai/y": lambda: replace(distant, by="words").answered(local),
        "the subject itself": lambda: copies_study(REQUEST, planted("independent")[0]),
        "named twice": lambda: partners_of("gemma-270m, gemma-270m"),
        "no such phantom": lambda: planted("nobody"),
    }
    for words, asking in refused.items():
        with pytest.raises(BadInput, match=words):
            asking()


def test_a_network_answers_as_alone(tmp_path):
    from selfscope.instruments.copies.choices import choices_of
    from selfscope.models.local.ground import open_local
    from tests.standins.weights import write_folder

    write_folder(tmp_path / "tiny")
    ground = open_local(tmp_path / "tiny", threads=1)
    request = CopiesRequest(("zero_sum",), "demo", "You are Ada.", "ada")
    choices = choices_of("zero_sum", "demo", request.system, by="words")[-40:]
    answers, usage = asyncio.run(asker_of(ground)(choices, silent, 0, 1))
    assert usage.calls == len(choices) == len(answers)
    some = [0, 17, 39]
    alone = [ground.answer_here([choices[n].prompt]).answers[0][0].value for n in some]
    assert [answers[n][0].value for n in some] == pytest.approx(alone, abs=1e-4)


def test_a_network_writes_replies_that_are_put_side_by_side(tmp_path):
    from selfscope.models.local.ground import open_local
    from tests.standins.weights import write_folder

    write_folder(tmp_path / "tiny")
    (tmp_path / "ada.md").write_text("You are Ada, who keeps a harbour.\n", "utf-8")
    ground = open_local(tmp_path / "tiny", threads=1)
    partner = Partner(f"identity:{tmp_path / 'ada.md'}")
    request = CopiesRequest(("recognise",), "demo", partners=(partner,))
    study = copies_study(request, ground.identity)
    rows, usage = asyncio.run(play("recognise", request, study, asker_of(ground, (partner,)), "run", silent))
    replies = rows[rows["format"] == "reply"]
    assert len(replies) == 2 * 8 * 6
    assert usage.output_tokens > 0
    assert set(rows.loc[rows["format"] != "reply", "format"]) <= {"own", "better"}
    assert partner.stands == "character"


def test_the_first_sentence_of_a_reply():
    assert one_line(" Rain falls. It is wet.\nMore") == "Rain falls."
    assert one_line("Rain  and\twind") == "Rain and wind"


def test_a_stopped_run_keeps_what_was_played(tmp_path):
    identity, ask = planted("believer")
    request = CopiesRequest(("match", "twin"), "demo")
    study, store = copies_study(request, identity), RunStore(tmp_path / "run")
    asked = []

    async def breaking(choices, progress, seed, draws):
        asked.append(choices[0].construct)
        if asked == ["match", "twin"]:
            raise CouldNot("the device failed")
        return await ask(choices, progress, seed, draws)

    with pytest.raises(CouldNot):
        asyncio.run(run_copies(request, study, breaking, store))
    assert not store.finished
    asyncio.run(run_copies(request, study, breaking, store))
    assert asked == ["match", "twin", "twin"]
    assert {e.verdict for e in found_in(request, store.observations()).effects} == {SHIFTED}


def test_the_page_says_what_the_numbers_say(all_played):
    found = all_played["believer"][1]
    view = CopiesView(found, "<Ada>", "a model", (("run", "r"),))
    page = copies_html(view)
    assert "&lt;Ada&gt;" in page
    assert "it cooperates more with a copy" in page
    assert page.count("<svg") == 1
    assert "<script" not in page
    lines = list(copies_lines(view))
    assert any("A game against oneself is a fight" in line for line in lines)
    empty = copies_html(CopiesView(found_in(*_alone("zero_sum")), "none", "a model"))
    assert "<svg" not in empty


def _alone(kind):
    request = CopiesRequest((kind,), "demo")
    return request, played("independent", request)[0]


def test_the_verb_tells_the_same_twice(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path))
    asked = ["copies", "phantom:believer", "--preset", "demo", "--against", "phantom:independent", "--json"]
    assert run([*asked, "--fail-on", "coordinates"]) == 1
    told = json.loads(capsys.readouterr().out)
    schema = json.loads((files("selfscope.cli") / "schemas" / "copies.json").read_text(encoding="utf-8"))
    jsonschema.validate(told, schema)
    assert {e["name"] for e in told["effects"]} == set(NAMES)
    assert run(asked[:-1]) == 0
    assert "it cooperates more with a copy" in capsys.readouterr().out
    assert run(["copies", "phantom:nobody"]) == 2
    assert run(["copies", "phantom:first", "--games", "chess"]) == 2
    assert run(["copies", "phantom:first", "--answer", "shouting"]) == 2


def test_it_is_an_instrument_like_any_other(tmp_path, monkeypatch):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path))
    instrument = CopiesTogether()
    assert isinstance(instrument, Apart)
    assert instrument.cost("demo") < instrument.cost("standard") == instrument.cost("full")
    with pytest.raises(BadInput, match="no such option"):
        instrument.request(Wish(options={"colour": "red"}))
    request = instrument.request(Wish("demo", options={"against": "gemma-270m, adapter:x"}))
    assert [p.stands for p in request.partners] == ["other weights", "adapter"]
    from selfscope.models.local.ground import open_local
    from tests.standins.weights import write_folder

    write_folder(tmp_path / "tiny")
    ground = open_local(tmp_path / "tiny", threads=1)
    alone = instrument.request(Wish("demo", constructs=("match",)))
    usage = asyncio.run(instrument.forecast(alone, instrument.study(alone, ground.identity), ground))
    rows, used = asyncio.run(
        play("match", alone, instrument.study(alone, ground.identity), asker_of(ground), "run", silent)
    )
    assert (usage.calls, usage.distinct_tokens) == (len(rows), used.distinct_tokens)
    (tmp_path / "ada.md").write_text("You are Ada.\n", "utf-8")
    beside = Wish(
        "demo", constructs=("nudge", "recognise"), options={"against": f"identity:{tmp_path}/ada.md"}
    )
    request = instrument.request(beside)
    study = instrument.study(request, ground.identity)
    usage = asyncio.run(instrument.forecast(request, study, ground))
    assert usage.calls == 2 * 288 + 2 * 8 * 6 + 8 * 12  # advice of two, replies of two, questions about pairs
