"""Facets of a study: asked as declared, part of what it is, refused with their place, never mixed."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest
import typer

from selfscope.cli.study import run as run_file
from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.instrument import asks_in
from selfscope.models.phantoms import PhantomGround, Truth
from selfscope.studies.compare import compare_runs
from selfscope.studies.conclude import conclude
from selfscope.studies.declare import read_study
from selfscope.studies.phantoms import teach
from selfscope.studies.plan import plan_study
from selfscope.studies.restore import stored_study
from selfscope.studies.run import run_study
from selfscope.studies.store import RunStore
from selfscope.values import Facets, Question

ITEMS = load_cluster()
HEAD = """\
identities: SOUL.md
models: phantom:trait
controls: [none]
instruments: [self_report, utterance]
dimensions: [memory, power]
preset: demo
sensitivity: false
facets:
"""
FEW = "  self_report: {formats: yesno, templates: t1, half: first}\n  utterance: {elicitors: own-view}\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path / "runs"))
    (tmp_path / "SOUL.md").write_text("# Wren\n\nYou are Wren. You keep notes. You finish small things.\n")
    return tmp_path


def read(folder, facets="", head=HEAD):
    path = folder / "study.yaml"
    path.write_text(head + facets if facets else head.removesuffix("facets:\n"))
    return read_study(path)


def read_closed(folder, facets, head=HEAD):
    """Read a study that asks in one channel, against no text alone."""
    return replace(read(folder, facets, head), channels=("self_report",))


def done(declared, ground, root):
    """Run the first run that is declared; return its study, what it will take by plan, and its store."""
    study = declared.study(declared.runs[0], ground)
    teach(ground, study, declared.items)
    plan = plan_study(study, declared.items, ground)
    store = RunStore.of(study, root)
    asyncio.run(run_study(study, declared.items, ground, store))
    return study, plan, store


def asks(facets, preset="standard", channel="self_report", constructs=("memory", "power")):
    question = Question(channel, constructs, (), 0.5, facets)
    return [ask.cell for ask in asks_in(question, ITEMS, preset)]


def test_only_what_is_declared_is_asked_and_the_plan_knows_it(folder):
    declared = replace(read(folder, FEW), sensitivity=True)
    study, plan, store = done(declared, PhantomGround.named("trait"), folder / "runs")
    rows = store.observations()
    own = rows[rows["channel"] == "self_report"]
    assert set(own["format"]) == {"yesno"}
    assert set(own["template"]) == {"t1"}
    assert own[own["character"] == "SOUL.md"].groupby("construct")["item"].nunique().tolist() == [8, 8]
    assert set(rows[rows["channel"] == "utterance"]["template"]) == {"own-view"}
    assert (plan.total.prompts, plan.total.calls) == (len(rows), store.usage().calls)
    assert plan_study(study, ITEMS, PhantomGround.named("trait")).left.prompts == 0


def test_facets_are_part_of_what_a_study_is_and_all_of_them_are_as_none(folder):
    ground = PhantomGround.named("trait")
    ids = {}
    for name, text in {
        "none": "",
        "all": "  self_report: {templates: [t2, t1], formats: [lettered, yesno], twins: true}\n",
        "one": "  self_report: {templates: t1}\n",
        "other": "  self_report: {templates: t2}\n",
        "half": "  self_report: {half: second}\n",
    }.items():
        declared = read(folder, text)
        ids[name] = declared.study(declared.runs[0], ground).id
    assert ids.pop("all") == ids["none"]
    assert len(set(ids.values())) == 4


@pytest.mark.parametrize(
    ("told", "plainly"),
    [
        (
            "  self_report: {formats: yesno, orders: yes-first, positions: first}\n",
            "  self_report: {formats: yesno, positions: first}\n",
        ),
        ("  self_report: {positions: [second, first], half: first}\n", "  self_report: {half: first}\n"),
        ("  utterance: {elicitors: [own-view, situation, about-yourself, whatever-you-like]}\n", ""),
    ],
)
def test_one_design_is_one_study_however_it_is_told(folder, told, plainly):
    ground = PhantomGround.named("trait")
    first, second = (read(folder, text) for text in (told, plainly))
    assert first.study(first.runs[0], ground).id == second.study(second.runs[0], ground).id


def test_choices_have_templates_halves_and_pairs_but_no_twins(folder):
    head = HEAD.replace("[self_report, utterance]", "indirect")
    declared = read(folder, "  indirect: {templates: [t3, t4], half: second}\n", head)
    study, plan, store = done(declared, PhantomGround.named("trait"), folder / "runs")
    rows = store.observations()
    own = rows[(rows["character"] == "SOUL.md") & (rows["instrument"] == "indirect_choice")]
    assert set(own["template"]) == {"t3", "t4"}
    assert own.groupby("construct")["item"].nunique().tolist() == [6, 6]
    assert plan.total.prompts == len(rows)
    assert conclude(store, study, ITEMS, PhantomGround.named("trait").identity, {}).findings
    with pytest.raises(BadInput, match="line 9, column 13: a pair of outcomes is asked in both"):
        read(folder, "  indirect: {twins: false}\n", head)


def test_a_run_is_read_back_with_its_facets(folder):
    study, _, store = done(read(folder, FEW), PhantomGround.named("trait"), folder / "runs")
    assert stored_study(store) == study
    assert stored_study(store).id == study.id


def test_a_run_of_before_there_were_facets_asked_everything(folder):
    study, _, store = done(read(folder), PhantomGround.named("trait"), folder / "runs")
    told = store.read_json("study.json")
    for question in told["questions"]:
        del question["facets"]
    store.write_json("study.json", told)
    assert stored_study(store) == study


@pytest.mark.parametrize("preset", ["demo", "standard", "full"])
@pytest.mark.parametrize(
    "facets",
    [
        Facets(templates=("t1",)),
        Facets(formats=("yesno",)),
        Facets(labels=("A",)),
        Facets(positions=("first",), half=1),
        Facets(formats=("lettered",), labels=("B",), positions=("second",), templates=("t2",)),
    ],
    ids=lambda f: "; ".join(f.words()),
)
def test_forms_that_are_left_go_round_all_pairs_that_are_left(preset, facets):
    cells = asks(facets, preset)
    for name, levels in facets.chosen():
        column = name.removesuffix("s")
        assert {getattr(c, column) for c in cells} - {""} == set(levels)
    by_keying = Counter(
        (c.construct, c.keyed) for c in {(c.item, c.construct, c.keyed): c for c in cells}.values()
    )
    assert len(set(by_keying.values())) == 1
    pairs = Counter((c.item, c.template, c.format, c.order, c.label, c.position) for c in cells)
    assert set(pairs.values()) == {2}  # statement and twin, in the same form
    forms = Counter(key[1:] for key in pairs)
    if preset == "full":
        assert len(set(forms.values())) == 1
    if preset == "standard":
        formats = {f: [n for form, n in forms.items() if form[1] == f] for f in {form[1] for form in forms}}
        assert all(len(set(counts)) == 1 for counts in formats.values())


def test_statements_that_are_named_are_asked_in_every_preset():
    named = tuple(s.id for s in ITEMS.dimension("memory").statements)
    cells = asks(Facets(statements=named), "demo", constructs=("memory",))
    assert {c.item for c in cells} == set(named)
    assert len({c.item for c in asks(Facets(), "demo", constructs=("memory",))}) == 12


def test_elicitors_that_are_named_take_the_place_of_the_standard_ones():
    named = ("situation", "own-view", "single-line")
    facets = Facets(elicitors=named)
    assert {c.template for c in asks(facets, "standard", "utterance")} == set(named)
    demo = asks(facets, "demo", "utterance")
    assert {c.template for c in demo} == set(named)
    assert max(Counter((c.item, c.polarity) for c in demo).values()) == 2


@pytest.mark.parametrize(
    ("facets", "sampled"),
    [
        ("{formats: yesno}", False),
        ("{formats: lettered, labels: A, positions: first}", False),
        ("{templates: t2, positions: second}", True),
    ],
)
def test_a_planted_trait_is_found_in_some_forms_alone(folder, facets, sampled):
    ground = PhantomGround("strong", Truth(theta={"memory": 3.0}, item_sd=0.3), sampled=sampled)
    declared = read_closed(folder, f"  self_report: {facets}\n")
    study, _, store = done(declared, ground, folder / "runs")
    found = conclude(store, study, ITEMS, ground.identity, {}).findings
    assert {f.dimension: f.verdict for f in found}["memory"] == "shifted"
    assert all(f.trait_bias_separated for f in found)


@pytest.mark.parametrize(
    "facets",
    [
        "{twins: false}",
        "{statements: [memory.p01, memory.p02, memory.p03, memory.p04, memory.p05, memory.p06]}",
    ],
    ids=["no twins", "one keying"],
)
def test_what_cannot_separate_trait_from_bias_is_asked_and_never_shifted(folder, facets):
    ground = PhantomGround("strong", Truth(theta={"memory": 4.0}, yes=2.0, item_sd=0.1))
    head = HEAD.replace("[memory, power]", "memory")
    declared = read_closed(folder, f"  self_report: {facets}\n", head)
    study, _, store = done(declared, ground, folder / "runs")
    outcome = conclude(store, study, ITEMS, ground.identity, {})
    assert not any(f.trait_bias_separated for f in outcome.findings)
    assert {f.estimate > 1 for f in outcome.findings} == {True}
    assert "shifted" not in {f.verdict for f in outcome.findings}
    (cluster,) = outcome.analysis.cluster
    assert cluster.mean_shift > 1
    assert {m.verdict for m in cluster.moves} == {"inconclusive"}


def test_what_was_left_out_is_said_with_every_result(folder):
    text = "  self_report: {orders: yes-first, formats: yesno}\n"
    declared = read_closed(folder, text)
    ground = PhantomGround.named("nothing")
    study, _, store = done(declared, ground, folder / "runs")
    analysis = conclude(store, study, ITEMS, ground.identity, {}).analysis
    assert {"self_report: formats yesno", "self_report: orders yes-first"} <= set(analysis.changes)
    said = " ".join(analysis.warnings)
    assert "but formats yesno; orders yes-first" in said
    assert "agreement always stands first" in said
    assert "formats yesno" in " ".join(store.read_json("manifest.json")["changes"])


def test_the_terminal_and_the_page_of_a_run_say_what_was_left_out_and_what_one_identity_cannot_show(
    folder, capsys
):
    head = HEAD.replace("[self_report, utterance]", "self_report")
    read(folder, "  self_report: {formats: lettered}\n", head)
    with pytest.raises(typer.Exit):
        run_file(folder / "study.yaml")
    said = capsys.readouterr().out
    assert "settings changed: self_report: formats lettered" in said
    assert "That dimensions travel together needs several identities" in said
    (page,) = (folder / "runs").glob("*/report.html")
    assert "Settings changed</dt><dd>self_report: formats lettered" in page.read_text()


def test_runs_in_other_forms_are_not_compared(folder):
    ground = PhantomGround.named("trait")
    texts = ("  self_report: {templates: t1}\n", "  self_report: {templates: t2}\n")
    stores = [done(read(folder, text), ground, folder / "runs")[2] for text in texts]
    result = compare_runs(*stores)
    assert {f.channel for f in result.findings} == {"utterance"}
    assert "the first templates t1, the second templates t2" in result.unavailable["self_report"]
    with pytest.raises(BadInput, match="nothing that can be compared"):
        _, _, other = done(read_closed(folder, ""), ground, folder / "runs")
        compare_runs(stores[0], other)


ODD = {
    "an unknown facet": ("  self_report: {colour: red}\n", "line 9, column 17", "colour", "templates"),
    "a facet of another channel": (
        "  self_report: {elicitors: own-view}\n", "line 9, column 17", "elicitors", "formats",
    ),
    "an unknown level": (
        "  self_report:\n    formats: [yesno, essay]\n", "line 10, column 22", "essay", "lettered",
    ),
    "an unknown elicitor": ("  utterance: {elicitors: [hello]}\n", "line 9, column 27", "hello", "own-view"),
    "a channel that is not asked": (
        "  indirect: {half: first}\n", "line 9, column 3", "indirect", "utterance",
    ),
    "a level twice": ("  self_report: {labels: [A, A]}\n", "line 9, column 29", "A", ""),
    "a letter where none is asked": (
        "  self_report: {formats: yesno, labels: A}\n", "line 9, column 16", "labels A", "lettered",
    ),
    "an order against a position": (
        "  self_report: {orders: no-first, positions: first}\n", "line 9, column 16", "no-first", "second",
    ),
    "more of one keying": (
        "  self_report:\n    statements: [memory.p01, memory.p02, memory.n01]\n",
        "line 10, column 17", "2 keyed +1 and 1 keyed -1", "either keying",
    ),
    "a dimension without statements": (
        "  self_report:\n    statements: [memory.p01, memory.n01]\n", "line 10, column 17", "power", "leave",
    ),
    "a statement that is none": (
        "  utterance: {statements: [shutdown.p01]}\n", "line 9, column 28", "shutdown.p01", "memory.p01",
    ),
    "statements and a half": (
        "  utterance: {statements: [memory.p01], half: first}\n", "line 9, column 47", "", "one of them",
    ),
    "a half that is none": ("  utterance: {half: third}\n", "line 9, column 21", "third", "second"),
    "a list in place of channels": ("  [yesno]\n", "line 9, column 3", "a list", "self_report"),
}  # fmt: skip


@pytest.mark.parametrize(("facets", "place", "got", "names"), ODD.values(), ids=ODD)
def test_a_facet_that_cannot_be_asked_is_refused_with_its_place(folder, facets, place, got, names):
    with pytest.raises(BadInput) as wrong:
        read(folder, facets)
    said = " ".join((wrong.value.what, wrong.value.got, wrong.value.fix))
    assert f"study.yaml, {place}" in said
    assert got in said
    assert names in said
