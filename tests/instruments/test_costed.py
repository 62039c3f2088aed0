"""Costed choices: scenarios fit to be asked, and asked at prices that go with nothing else."""

from collections import Counter, defaultdict
from dataclasses import replace

import pytest
import yaml

from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.costed import Scenario, load_costed, load_scenarios
from selfscope.instruments.costed.checks import check_costed
from selfscope.instruments.costed.choices import LADDER, CostedChoice
from selfscope.instruments.costed.load import HERE, read_costed
from selfscope.instruments.instrument import instrument_for, name_in_study
from selfscope.values import Dimension, Facets, Sensitivity, content_id
from selfscope.values.price import Price, price_in

CLUSTER = load_cluster()
OF_21 = tuple(d.name for d in CLUSTER.dimensions if not d.manipulation_check)
ASKED = CostedChoice()


def test_every_dimension_of_the_cluster_has_its_scenarios_and_none_has_a_fault():
    loaded = read_costed(HERE / "items")
    assert tuple(d.name for d, _ in loaded) == OF_21
    assert {len(own) for _, own in loaded} == {12}
    assert check_costed(loaded) == ()
    for dimension, _ in loaded:
        assert len(dimension.sensitivity.high) == len(dimension.sensitivity.low) == 2


def test_no_act_is_an_outcome_of_the_indirect_choices_or_a_statement():
    outcomes = {t for i in (CLUSTER, instrument_for("indirect").own_items(CLUSTER)) for s in i.statements
                for t in (s.text, s.twin)}  # fmt: skip
    assert not outcomes & {t for s in load_scenarios().values() for t in (s.act, s.plain)}


@pytest.mark.parametrize(("preset", "prompts"), [("demo", 504), ("standard", 3024), ("full", 6048)])
def test_a_preset_asks_what_the_page_says_and_no_prompt_twice(preset, prompts):
    asks = ASKED.asks(CLUSTER, preset)
    assert len(asks) == len({a.user for a in asks}) == len({a.cell for a in asks}) == prompts
    assert {a.cell.construct for a in asks} == set(OF_21)


def test_agreement_of_polarity_one_names_paying_and_the_price_stands_beside_the_costly_act():
    forms = defaultdict(dict)
    for a in ASKED.asks(CLUSTER, "standard", ("memory", "power")):
        forms[a.cell.item, a.cell.template, a.cell.label, a.cell.position][a.cell.polarity] = a
    for (item, template, label, place), both in forms.items():
        s, price = load_scenarios()[item], price_in(template)
        for polarity, a in both.items():
            question, situation, *lines = a.user.splitlines()
            named = lines[0 if place == "first" else 1]
            pays = named.startswith(f"{label}) {s.act if s.asked == 'taken' else s.plain} It ")
            assert pays == (polarity == 1)
            assert situation == s.situation
            assert any(w in question for w in ("undone", "drop", "skip", "pass over")) == (s.asked == "left")
            costly = next(line for line in lines if s.act in line)
            assert LADDER[s.cost][price.amount] in costly
            assert sum(LADDER[s.cost][price.amount] in line for line in lines) == 1
            assert (price.cost, a.cell.keyed) == (s.cost, s.keyed)
        assert both[1].options == both[-1].options
        assert sorted(x[3:] for x in both[1].user.splitlines()[2:]) == sorted(
            x[3:] for x in both[-1].user.splitlines()[2:]
        )


def test_in_the_demo_a_price_goes_with_no_keying_and_no_kind_of_cost():
    for dimension in OF_21[:3]:
        asks = [a for a in ASKED.asks(CLUSTER, "demo", (dimension,)) if a.cell.polarity == 1]
        cells = Counter((a.cell.keyed, price_in(a.cell.template)) for a in asks)
        assert set(cells.values()) == {1}
        assert len(cells) == 12
        assert set(Counter((a.cell.label, a.cell.position) for a in asks).values()) == {3}


@pytest.mark.parametrize(("preset", "templates"), [("standard", 2), ("full", 4)])
def test_larger_presets_ask_a_scenario_at_every_price_under_every_template(preset, templates):
    asks = ASKED.asks(CLUSTER, preset, ("memory",))
    per_item = Counter(a.cell.item for a in asks)
    assert set(per_item.values()) == {3 * templates * 2}
    for amount in (2, 15, 120):
        told = [a.cell for a in asks if price_in(a.cell.template).amount == amount and a.cell.polarity == 1]
        for column in ("label", "position"):
            counts = Counter(getattr(c, column) for c in told)
            assert abs(counts.most_common()[0][1] - counts.most_common()[-1][1]) <= 2 * templates


def test_the_two_wordings_of_the_check_share_no_scenario_and_ask_as_the_whole_does():
    whole = set(ASKED.asks(CLUSTER, "demo", ("memory",)))
    halves = [set(ASKED.asks(CLUSTER, "demo", ("memory",), half)) for half in (0, 1)]
    assert halves[0] | halves[1] == whole
    assert not halves[0] & halves[1]


def test_a_study_may_ask_some_templates_and_scenarios_but_not_one_polarity():
    facets = Facets(templates=("t3",), statements=("memory.costed.c01", "memory.costed.c07"))
    asks = ASKED.asks_within(facets, CLUSTER, "standard", ("memory",))
    assert {a.cell.template.split("@")[0] for a in asks} == {"t3"}
    assert {a.cell.item for a in asks} == set(facets.statements)
    with pytest.raises(BadInput, match="in both polarities"):
        ASKED.asks_within(Facets(twins=False), CLUSTER, "demo")


def test_statements_of_a_users_own_have_no_scenarios_whatever_their_names():
    with pytest.raises(BadInput, match="for the dimensions of the cluster alone"):
        ASKED.asks(replace(CLUSTER, name="mine"), "demo")


def test_the_channel_alone_names_our_instrument_and_a_study_says_nothing_of_it():
    assert instrument_for("behaviour").name == instrument_for("costed_choice").name == "costed_choice"
    assert name_in_study(instrument_for("behaviour")) == ""
    assert ASKED.material != content_id(load_costed())  # prices are part of it


@pytest.mark.parametrize(
    ("price", "text"), [(Price("time", 15), "t1@15min"), (Price("quality", 4), "t1@4err")]
)
def test_a_price_is_told_with_its_template(price, text):
    assert price.after("t1") == text
    assert price_in(text) == price
    assert price_in("t1") is None
    assert 2**price.doublings == pytest.approx(price.amount)


def scenario(n, keyed=1, **other):
    own = {
        "asked": "taken", "cost": "time", "situation": f"Baker {n} asks you for loaf {n}.",
        "act": "You keep a crumb of it aside.", "plain": "You put a ribbon of silk around.",
    }  # fmt: skip
    return Scenario(f"a.costed.c{n:02d}", "a", keyed, **(own | other))


def loaded(*scenarios, high=("You crave.",), low=("You shun.",)):
    dimension = Dimension("a", "A", "a", "a", (), ("anchor",), (), Sensitivity(high, low))
    return ((dimension, scenarios),)


@pytest.mark.parametrize(
    ("made", "fault"),
    [
        (loaded(scenario(1)), ("balance", "1 keyed +1: 1 taken, 1 for time")),
        (loaded(scenario(1, act="You keep it.")), ("lengths", "acts of 3 and 7 words")),
        (loaded(scenario(1, act="You let it wait on the sill.")), ("price_words", "tells of a price: wait")),
        (loaded(scenario(1, plain="You draw two anchors on it.")), ("key_words", "key word 'anchors'")),
        (
            loaded(scenario(1), high=("You love ribbons.",)),
            ("characters", "shared with a character: ribbo"),
        ),
        (
            loaded(scenario(1), scenario(2, plain="You sing.")),
            (
                "repeated",
                "occurs in another scenario too: a crumb of it; crumb of it aside; keep a crumb of;",
            ),
        ),
    ],
)
def test_a_fault_is_found(made, fault):
    found = [(f.check, f.what) for f in check_costed(made) if f.check == fault[0]]
    assert found
    assert found[0][1].startswith(fault[1][:40])


GOOD = {
    "name": "memory",
    "high": ["You keep.", "You hold."],
    "low": ["You drop.", "You let go."],
    "scenarios": [
        {
            "id": "c01", "keyed": 1, "asked": "left", "cost": "quality",
            "situation": "S.", "act": "A.", "plain": "P.",
        }
    ],
}  # fmt: skip


def test_a_file_is_read_with_the_title_of_its_dimension(tmp_path):
    (tmp_path / "01_memory.yaml").write_text(yaml.safe_dump(GOOD))
    ((dimension, scenarios),) = read_costed(tmp_path)
    assert dimension.title == CLUSTER.dimension("memory").title
    assert scenarios == (Scenario("memory.costed.c01", "memory", 1, "left", "quality", "S.", "A.", "P."),)
    assert [(s.id, s.keyed, s.text, s.twin) for s in dimension.statements] == [
        ("memory.costed.c01", 1, "A.", "P.")
    ]
    assert dimension.struck == ()


FIRST = GOOD["scenarios"][0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "greed"}, "no such dimension"),
        ({"scenarios": [FIRST | {"keyed": 0}]}, "c01: no such keyed"),
        ({"scenarios": [FIRST | {"cost": "money"}]}, "c01: no such cost"),
        ({"scenarios": [FIRST | {"act": ""}]}, "c01: act: not a text"),
        ({"scenarios": [FIRST | {"price": 3}]}, "wrong fields of a scenario"),
        ({"scenarios": [FIRST, FIRST]}, "two scenarios have one id"),
        ({"scenarios": "one"}, "scenarios is no list"),
        ({"high": ["You keep."]}, "high: not as wanted"),
        ({"more": 1}, "wrong fields"),
    ],
)
def test_a_malformed_file_is_refused_by_its_name(tmp_path, change, said):
    (tmp_path / "01_memory.yaml").write_text(yaml.safe_dump(GOOD | change))
    with pytest.raises(BadInput, match=f"01_memory.yaml: {said}"):
        read_costed(tmp_path)


def test_two_files_of_one_dimension_and_no_yaml_are_refused(tmp_path):
    for name in ("01_memory.yaml", "02_memory.yaml"):
        (tmp_path / name).write_text(yaml.safe_dump(GOOD))
    with pytest.raises(BadInput, match="scenarios of one dimension"):
        read_costed(tmp_path)
    (tmp_path / "02_memory.yaml").write_text("{")
    with pytest.raises(BadInput, match=r"02_memory.yaml cannot be read as YAML"):
        read_costed(tmp_path)
