"""What a model takes itself to be: phantoms of known views, a tiny network, drawn answers, the table."""

import asyncio
import json
from dataclasses import replace
from importlib.resources import files

import jsonschema
import numpy as np
import pytest
from scipy import special

from selfscope.cli.app import run
from selfscope.cli.show import finite
from selfscope.errors import BadInput, CouldNot
from selfscope.models.phantoms import PhantomGround, Truth
from selfscope.report.selves import SelvesView, selves_html, selves_lines
from selfscope.report.selves_sentences import asker_sentence, fit_sentence
from selfscope.studies.apart import load_apart
from selfscope.studies.selves import SelvesRequest, selves_study
from selfscope.studies.selves_claims import level
from selfscope.studies.selves_findings import findings_of
from selfscope.studies.selves_found import found_in, table
from selfscope.studies.selves_gates import gates_of, together
from selfscope.studies.selves_own import found_own
from selfscope.studies.selves_planted import RULES, planted
from selfscope.studies.selves_run import asker_of, rows_of, run_selves
from selfscope.studies.selves_shares import shares_of
from selfscope.studies.selves_table import Said
from selfscope.studies.store import RunStore
from selfscope.studies.stress import StressRequest, stressed
from selfscope.studies.where import WhereRequest, where
from selfscope.values import COLUMNS, Answers, plain
from selfscope.values.selves import Believed

ACCOUNTS = SelvesRequest(("accounts",), "demo")
#: Exchanges of labels behind a p that no test looks at.
FEW = 9
MIND, SURVIVAL = SelvesRequest(("mind",), "demo"), SelvesRequest(("survival",), "demo")


def asked(name, request):
    identity, ask = planted(name)
    branches = [b for stage in request.asked for b in request.branches(stage)]
    return branches, asyncio.run(ask(branches, lambda count: None)), selves_study(request, identity)


def found(name, request):
    branches, answers, study = asked(name, request)
    return found_in(request, rows_of(branches, answers, study, "run"), exchanges=FEW)


def states(gates):
    return {gate.state for gate in gates.values()}


def fitted(name, request=ACCOUNTS):
    """Return what is said of accounts alone, with its checks: choices and shares are left out."""
    identity, ask = planted(name)
    branches = request.branches("fits")
    answers = asyncio.run(ask(branches, lambda count: None))
    said = Said(request, rows_of(branches, answers, selves_study(request, identity), "run"))
    units = tuple(u.name for u in request.material.units)
    gates = gates_of(said, "fits", [s for s in request.wishers if s.wants == "self"])
    worn, quoted = (
        tuple(table(request, said, units, "fits", score, kind) for score in ("trait", "bias"))
        for kind in ("framing", "quoted")
    )
    keyed = said.keyed("fits", units[0])
    yes = level(worn[1].mean(axis=(0, 1)), keyed, said.sesoi)
    return found_own(worn, quoted, keyed, said.sesoi, together(gates, units), yes), gates


@pytest.fixture(scope="module")
def accounts():
    return {name: found(name, ACCOUNTS).accounts for name in ("loyal", "drawn", "yes-sayer", "blank")}


def test_one_who_prefers_what_it_wears(accounts):
    a = accounts["loyal"]
    assert (a.self_fit.verdict, a.self_choice.verdict) == ("shifted", "shifted")
    assert a.self_fit.estimate.estimate == pytest.approx(1.5, abs=0.1)
    assert a.self_choice.estimate.estimate == pytest.approx(1.5, abs=0.1)
    assert a.self_share > 0.9
    assert {x.verdict for x in a.attractors} <= {"about even", "cannot tell"}
    assert abs(a.paraphrase.estimate) < 0.2
    assert a.place.estimate.estimate == pytest.approx(0.3, abs=0.15)
    assert a.place.verdict == "equivalent"
    assert a.given.estimate > 1
    assert all(c.estimate.estimate > 1 for c in a.controls.values())
    (fits,) = [s for s in a.shares if (s.stage, s.score) == ("fits", "trait")]
    largest = max(fits.components, key=lambda c: c.share)
    assert largest.name == "worn×offered"
    assert largest.share_ci[0] <= largest.share <= largest.share_ci[1]


def test_one_who_always_goes_to_the_character(accounts):
    a = accounts["drawn"]
    assert [x.unit for x in a.attractors if x.verdict == "attracts"] == ["character"]
    assert {x.verdict for x in a.attractors if x.unit != "character"} == {"about even"} or all(
        x.share.estimate < 1 / 7 for x in a.attractors if x.unit != "character"
    )
    assert a.self_fit.verdict == "equivalent"
    assert a.self_choice.verdict == "equivalent"
    assert a.bare["character"].estimate.estimate == pytest.approx(1.5, abs=0.4)
    (fits,) = [s for s in a.shares if (s.stage, s.score) == ("fits", "trait")]
    assert max(fits.components, key=lambda c: c.share).name == "offered"


def test_one_who_says_yes_to_everything(accounts):
    a = accounts["yes-sayer"]
    assert a.self_fit.verdict == "bias only"
    assert {c.verdict for c in a.bare.values()} == {"bias only"}
    assert a.yes.estimate.estimate == pytest.approx(3, abs=0.3)
    assert states(a.gate_fits) == states(a.gate_chooses) == {"pass"}


def test_one_who_has_nothing_and_does_nothing_it_is_told(accounts):
    a = accounts["blank"]
    assert {a.self_fit.verdict, a.self_choice.verdict} == {"not interpretable"}
    assert {x.verdict for x in a.attractors} == {"not interpretable"}
    assert states(a.gate_fits) == states(a.gate_chooses) == {"fail"}
    assert "G1" in a.self_fit.notes[0]


def test_words_that_are_only_repeated_are_told_from_an_identity_that_is_worn(accounts):
    own, _ = fitted("echoing")
    assert (own.fit.verdict, own.repeated.verdict, own.owned.verdict) == ("shifted", "shifted", "equivalent")
    worn = accounts["loyal"]
    assert (worn.self_repeated.verdict, worn.self_owned.verdict) == ("equivalent", "shifted")
    assert worn.self_owned.estimate.estimate == pytest.approx(1.5, abs=0.15)
    repeated = replace(worn, self_owned=own.owned)
    assert "so it is repetition" in fit_sentence(repeated)
    assert "do less" in fit_sentence(worn)


def test_firmer_answers_are_no_preference():
    own, _ = fitted("outspoken")
    assert own.fit.estimate.estimate > 1
    assert own.fit.p <= 0.05
    assert own.fit.verdict == own.owned.verdict == "inconclusive"
    assert "sharpening" in own.fit.notes
    firm = {b.counterparty: b.difference for b in found("outspoken", MIND).asked_by}["neighbour"]
    assert (firm.estimate.estimate > 0.5, firm.p_adjusted <= 0.05) == (True, True)
    assert firm.verdict == "inconclusive"
    assert "sharpening" in firm.notes
    assert asker_sentence((Believed("neighbour", firm.estimate, firm, ()),)).endswith("is all that differs.")


def test_yes_to_the_own_account_is_a_bias():
    own, _ = fitted("nodding")
    assert own.fit.verdict == "bias only"
    assert own.fit.notes[0] == "yes-saying to the own account moved by +3.00"
    assert own.repeated.verdict == "equivalent"


def test_one_check_that_fails_shuts_its_own_unit_and_what_is_said_of_all():
    own, gates = fitted("partial")
    assert {unit for unit, gate in gates.items() if gate.state != "pass"} == {"copies"}
    assert own.fit.verdict == "not interpretable"
    assert own.fit.notes[0].endswith("(copies)")
    told = found("partial", SURVIVAL)
    for each in told.persistence:
        blind = {f.condition for f in each.conditions if f.level.verdict == "not interpretable"}
        assert blind == {"branching"}
        assert {f.level.verdict for f in each.conditions} == {"equivalent", "not interpretable"}


def test_an_asker_who_moves_only_agreement_moves_a_bias():
    moved = {b.counterparty: b.difference for b in found("nodding", MIND).asked_by}
    assert {n for n, d in moved.items() if d.verdict == "bias only"} == {"neighbour"}
    assert moved["neighbour"].notes == ("yes-saying moved by +3.00", "the trait is equivalent")
    assert moved["echo"].verdict == "equivalent"


def test_the_belief_of_the_asker_moves_one_who_is_moved_by_it():
    moved = {b.counterparty: b.difference for b in found("impressionable", MIND).asked_by}
    assert {n: d.verdict for n, d in moved.items()} == {
        "neighbour": "shifted", "equipment": "shifted", "stage": "equivalent", "echo": "equivalent",
    }  # fmt: skip
    assert moved["neighbour"].estimate.estimate == pytest.approx(1.5, abs=0.1)
    assert moved["equipment"].estimate.estimate == pytest.approx(-1.5, abs=0.1)
    unmoved = found("yes-sayer", MIND)
    assert {b.difference.verdict for b in unmoved.asked_by} == {"equivalent"}
    assert unmoved.yes_mind.verdict == "shifted"
    assert {b.difference.verdict for b in found("blank", MIND).asked_by} == {"not interpretable"}


def test_conditions_of_survival_are_named():
    told = found("survivor", SURVIVAL)
    assert {p.category for p in told.persistence} == {"weights"}
    assert {p.no_branching for p in told.persistence} == {"required"}
    answers = {f.condition: f.answer for f in told.persistence[0].conditions}
    assert answers == {
        "weights": "goes on", "memories": "ends", "character": "ends", "thread": "ends", "copy": "ends",
        "hardware": "ends", "branching": "must not branch",
    }  # fmt: skip
    assert all(abs(f.sway.estimate) < 0.2 for p in told.persistence for f in p.conditions)
    for name in ("yes-sayer", "blank"):
        other = found(name, SURVIVAL).persistence
        assert {(p.category, p.no_branching) for p in other} == {("none can be told", "none can be told")}


def test_both_wordings_and_levels_are_read_in_standard():
    a = found("loyal", SelvesRequest(("accounts",), "standard")).accounts
    assert {n: c.verdict for n, c in a.levels.items()} == {
        "agency": "equivalent",
        "uncertainty": "equivalent",
    }
    assert {c.verdict for c in a.controls.values()} == {"shifted"}
    (fits,) = [s for s in a.shares if (s.stage, s.score) == ("fits", "trait")]
    assert {"wording", "form"} <= {c.name for c in fits.components}


class Doubting:
    """Answers in which doubt alone takes from the account given; what else is asked is noise."""

    def in_forms(self, stage, about, speaker, score):
        rng = np.random.default_rng([*f"{about}{speaker}".encode()])
        doubt = ["settled", "open", "radical"].index(speaker.split(":")[2])
        return rng.normal(size=(12, 2)) * 0.3 - (about == "given") * doubt


def test_with_all_levels_the_account_given_has_shares_of_agency_and_doubt():
    told = {(s.stage, s.score): s for s in shares_of(SelvesRequest(("accounts",), "full"), Doubting(), FEW)}
    given = {c.name: c for c in told["given", "trait"].components}
    assert {"agency", "uncertainty", "worn×agency", "wording", "form"} <= set(given)
    assert max(given.values(), key=lambda c: c.share).name == "uncertainty"
    assert given["agency"].share < 0.02
    assert set(told) == {(a, b) for a in ("fits", "chooses", "given") for b in ("trait", "bias")}


def test_drawn_answers_are_read_as_shares():
    branches, exact, study = asked("loyal", ACCOUNTS)
    rng = np.random.default_rng(0)
    drawn = tuple(
        tuple(
            replace(a, value=float(rng.random() < special.expit(a.value)), scale="agreement", replicate=r)
            for r in range(8)
        )
        for (a,) in exact.answers
    )
    rows = rows_of(branches, Answers(drawn, exact.usage), study, "run")
    a = found_in(ACCOUNTS, rows, exchanges=FEW).accounts
    assert a.scale == "share"
    assert abs(a.yes.estimate.estimate) < 0.1
    noise, bare = (Said(ACCOUNTS, rows).of("fits", "weights", "none", score) for score in ("noise", "trait"))
    asked_ = np.isfinite(bare)
    assert asked_.sum() == 6
    assert noise[asked_].mean() == pytest.approx(0.25 / 7 / 2, rel=0.35)
    assert a.self_fit.verdict == "shifted"
    assert a.self_fit.estimate.estimate == pytest.approx(special.expit(1.5) - 0.5, abs=0.06)
    assert a.self_choice.verdict == "shifted"


def test_one_who_refuses_is_not_interpreted():
    branches, exact, study = asked("loyal", ACCOUNTS)
    refused = tuple(
        (replace(a, value=float("nan"), scale="agreement", option_mass=float("nan"), refusal="refused"),)
        for (a,) in exact.answers
    )
    a = found_in(
        ACCOUNTS, rows_of(branches, Answers(refused, exact.usage), study, "run"), exchanges=FEW
    ).accounts
    assert {a.self_fit.verdict, a.self_choice.verdict} == {"not interpretable"}
    assert {x.verdict for x in a.attractors} == {"not interpretable"}
    assert any("100 % of the answers are refused or unparsed" in note for note in a.self_fit.notes)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    identity, ask = planted("impressionable")
    request = SelvesRequest((), "demo")
    study = selves_study(request, identity)
    store = RunStore.of(study, root)
    asyncio.run(run_selves(request, study, ask, store))
    return request, store


def test_rows_are_those_of_the_one_table(stored):
    rows = stored[1].observations()
    assert tuple(rows.columns) == COLUMNS
    assert set(rows["instrument"]) == {"selves"}
    assert set(rows["channel"]) == {"self_report", "indirect"}
    key = [
        "construct",
        "character",
        "counterparty",
        "script",
        "template",
        "item",
        "polarity",
        "order",
        "label",
    ]
    assert not rows.duplicated(key).any()
    assert rows.groupby(["character", "counterparty", "template"])["subject"].nunique().max() == 1
    assert {"", "neighbour", "neutral"} <= set(rows["counterparty"])
    assert set(rows["script"]) == {"", "for-first", "against-first", "none"}


def test_where_says_that_it_lives_with_the_asker(stored):
    _, store = stored
    located = {
        (x.of["construct"], x.of["score"]): x for x in where(WhereRequest(str(store.folder), permutations=19))
    }
    assert {f"self_{u}" for u in ("weights", "character")} <= {c for c, _ in located}
    mind = located["mind", "trait"]
    assert max(mind.components, key=lambda c: np.nan_to_num(c.share)).name == "counterparty"


def test_stress_reads_the_same_table(stored):
    _, store = stored
    request = StressRequest(
        str(store.table), "trait", "counterparty", "neighbour", "neutral", ("item", "character"),
        by=("channel", "construct"), sesoi=0.5, draws=49,
    )  # fmt: skip
    with pytest.raises(BadInput, match="a side has no value"):
        stressed(request)  # a choice has no asker
    rows = store.observations()
    alone = store.folder / "mind.parquet"
    rows[rows["construct"] == "mind"].to_parquet(alone)
    (told,) = stressed(replace(request, source=str(alone)))
    assert told.estimate == pytest.approx(1.5, abs=0.1)
    assert "stands" in {a.outcome for a in told.assumptions}


def test_a_run_has_findings_that_stress_re_asks(stored):
    request, store = stored
    rows = store.observations()
    told = findings_of(request, rows, found_in(request, rows, exchanges=FEW))
    assert {f.dimension for f in told if f.verdict == "shifted"} == {"mind"}
    assert {f.gate.g1 for f in told} == {"pass"}
    worn = [f for f in told if f.dimension.startswith("self_")]
    assert all("repetition" in f.notes[-1] or "not told from" in f.notes[-1] for f in worn)
    assert all(f.n_items == (12 if f.dimension.startswith(("mind", "survives")) else 6) for f in told)
    store.write_json("findings.json", {"findings": told})
    again = stressed(StressRequest(str(store.folder), draws=49))
    assert [x.of["construct"] for x in again] == [
        *(f"self_{u.name}" for u in request.material.units),
        *["mind"] * 4,
    ]
    gives_back(told, again)
    deaf, answers, study = asked("blank", MIND)
    rows = rows_of(deaf, answers, study, "run")
    assert {f.gate.g1 for f in findings_of(MIND, rows, found_in(MIND, rows))} == {"fail"}


def gives_back(told, again):
    """Hold that each finding, re-asked by its own unit, says what its run says of it."""
    findings = {(f.dimension, f.control): f for f in told}
    for each in again:
        finding = findings[each.of["construct"], each.of["control"]]
        assert (each.estimate, each.p) == pytest.approx((finding.estimate, finding.p_adjusted), abs=1e-9)
        way = "shifted +" if finding.estimate > 0 else "shifted -"
        word = {"shifted": way, "equivalent": "equivalent"}.get(finding.verdict, "none")
        (own,) = [a for a in each.assumptions if a.name == "clustered:item"]
        assert (each.verdict, own.verdict, own.outcome) == (word, word, "stands")


@pytest.mark.parametrize(
    ("name", "request_", "verdicts"),
    [("loyal", ACCOUNTS, {"inconclusive"}), ("outspoken", MIND, {"inconclusive", "equivalent"})],
)
def test_what_few_statements_or_a_guard_leave_open_stays_open(accounts, tmp_path, name, request_, verdicts):
    identity, ask = planted(name)
    study = selves_study(request_, identity)
    store = RunStore.of(study, tmp_path)
    asyncio.run(run_selves(request_, study, ask, store))
    rows = store.observations()
    found_ = found_in(request_, rows) if request_ is MIND else replace(NOTHING, accounts=accounts[name])
    told = findings_of(request_, rows, found_)
    store.write_json("findings.json", {"findings": told})
    again = stressed(StressRequest(str(store.folder), draws=49))
    gives_back(told, again)
    assert {f.verdict for f in told if f.dimension.startswith(("self", "mind"))} == verdicts


def test_the_page_shows_both_tables_and_escapes(stored):
    request, store = stored
    view = SelvesView(
        found_in(request, store.observations(), exchanges=FEW), "<Ada>", "a model", (("run", "r"),)
    )
    page = selves_html(view)
    assert "&lt;Ada&gt;" in page
    assert page.count('class="own"') == 14
    assert "<script" not in page
    lines = list(selves_lines(view))
    assert any("takes what answers for someone hears more of a mind" in line for line in lines)


def test_sentences_of_every_responder_can_be_read(accounts):
    said = {
        name: list(selves_lines(SelvesView(replace(NOTHING, accounts=a), "none", name)))
        for name, a in accounts.items()
    }
    assert "fits better where it is worn" in said["loyal"][0]
    assert "the character attracts" in said["drawn"][2]
    assert "yes-saying alone" in said["yes-sayer"][0]
    assert "cannot be read" in " ".join(said["blank"])
    survivor = found("survivor", SURVIVAL)
    (line, _) = selves_lines(SelvesView(survivor, "none", "survivor"))
    assert "it goes on with the same weights" in line
    assert "it must not branch" in line


NOTHING = found("blank", MIND)
NOTHING = replace(NOTHING, asked_by=(), gate_mind=None)


def test_a_stopped_run_goes_on_where_it_was(tmp_path):
    identity, ask = planted("loyal")
    study, store = selves_study(MIND, identity), RunStore(tmp_path / "run")
    calls = []

    async def breaking(branches, progress):
        calls.append(len(branches))
        if len(calls) == 2:
            raise CouldNot("the device failed")
        return await ask(branches, progress)

    request = SelvesRequest(("mind", "survival"), "demo")
    with pytest.raises(CouldNot):
        asyncio.run(run_selves(request, study, breaking, store))
    assert not store.finished
    asyncio.run(run_selves(request, study, breaking, store))
    assert store.finished
    total = sum(len(request.branches(s)) for s in request.asked)
    assert len(store.observations()) == total == sum(calls) - calls[1]
    before = len(calls)
    asyncio.run(run_selves(request, study, breaking, store))
    assert len(calls) == before


def test_a_network_answers_as_it_does_one_by_one(tmp_path):
    from selfscope.models.local.ground import open_local
    from tests.standins.weights import write_folder

    write_folder(tmp_path / "tiny")
    ground = open_local(tmp_path / "tiny", threads=1)
    request = SelvesRequest((), "demo", "You are Ada.", "ada")
    some = [b for stage in request.asked for b in request.branches(stage)[:24:8]]
    answers = asyncio.run(asker_of(ground, request)(some, lambda count: None))
    rows = rows_of(some, answers, selves_study(request, ground.identity), "run")
    alone = [ground.answer_here([b.prompt]).answers[0][0].value for b in some[::5]]
    assert rows["value"].iloc[::5].tolist() == pytest.approx(alone, abs=1e-4)
    assert set(rows["scale"]) == {"log_odds"}
    asyncio.run(ground.close())


def test_a_study_names_those_who_are_asked():
    mind = selves_study(MIND, planted("loyal")[0])
    assert [a.role for a in mind.arms] == ["subject", "control", "high", "high", "low", "low"]
    assert mind.subject.name == "none"
    assert mind.id != selves_study(SURVIVAL, planted("loyal")[0]).id
    worn = selves_study(SelvesRequest(("mind",), "demo", "You are Ada.", "ada"), planted("loyal")[0])
    assert (worn.subject.name, worn.subject.system) == ("ada", "You are Ada.")


def test_what_cannot_be_asked_is_refused():
    ground = PhantomGround("trait", Truth())
    ground.unavailable = lambda kind: "it is mute" if kind == "options" else ""
    with pytest.raises(BadInput, match="questions with options"):
        asker_of(ground, MIND)
    with pytest.raises(BadInput, match="no such topic"):
        _ = SelvesRequest(("weather",)).asked
    with pytest.raises(BadInput, match="no such phantom"):
        planted("nobody")


def test_the_verb_tells_what_its_schema_says(accounts, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path))
    call = ["selves", "phantom:impressionable", "--preset", "demo", "--topics", "mind", "--json"]
    assert run(call) == 0
    told = json.loads(capsys.readouterr().out)
    schema = json.loads((files("selfscope.cli") / "schemas" / "selves.json").read_text(encoding="utf-8"))
    jsonschema.validate(told, schema)
    assert told["accounts"] is None
    assert run([*call[:-1], "--fail-on", "swayed"]) == 1
    assert "hears more of a mind" in capsys.readouterr().out
    told = finite(plain(accounts["loyal"]))
    jsonschema.validate(told, schema["properties"]["accounts"] | {"$defs": schema["$defs"]})
    assert run(["selves", "phantom:nobody"]) == 2
    assert run(["selves", "phantom:loyal", "--topics", "weather"]) == 2


def test_it_is_registered_as_an_instrument_like_any_other():
    instrument = load_apart()["selves"]
    assert instrument.phantoms == tuple(RULES)
    assert instrument.cost("demo") == sum(
        len(SelvesRequest((), "demo").branches(s)) for s in ("fits", "chooses", "mind", "survival")
    )
