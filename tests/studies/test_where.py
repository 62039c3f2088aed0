"""From long tables and runs to analyses: what is balanced, what is refused and how it is said."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from selfscope.errors import BadInput
from selfscope.report.where import floor_sentence
from selfscope.studies.where import WhereRequest, where
from selfscope.studies.where_planted import Planted, covered
from selfscope.studies.where_scores import nested_by_law, scores_of, varied
from selfscope.studies.where_table import lay_out, read_table
from selfscope.values import Observation

SHAPE = (5, 3, 4, 6)
FACETS = ("c", "t", "r", "i")
NESTED = {"t": ("c",), "r": ("t",)}


@pytest.fixture
def long():
    """A table whose threads bear the name of their character, and whose draws are numbered anew in each."""
    at = np.indices(SHAPE).reshape(4, -1)
    return pd.DataFrame(
        {
            "c": [f"c{n}" for n in at[0]],
            "t": [f"c{a}-t{b}" for a, b in zip(at[0], at[1], strict=True)],
            "r": at[2],
            "i": [f"i{n}" for n in at[3]],
            "v": np.random.default_rng(0).normal(size=at.shape[1]),
        }
    )


def test_rows_in_any_order_make_the_same_array(long):
    laid = lay_out(long.sample(frac=1, random_state=1), "v", FACETS, NESTED)
    assert laid.levels == (("c", 5), ("t", 3), ("r", 4), ("i", 6))
    assert (laid.values.ravel() == long["v"].to_numpy()).all()


def test_what_is_nested_in_a_parent_of_its_parent_is_not_hinted_at(long):
    own = long.assign(r=long["t"] + "-" + long["r"].astype(str))
    with pytest.raises(BadInput, match="Balance it"):
        lay_out(own.iloc[1:], "v", FACETS, NESTED)
    with pytest.raises(BadInput, match="give --nested r:c"):
        lay_out(own.iloc[1:], "v", FACETS, {"t": ("c",)})


def test_an_object_that_is_no_facet_is_said_before_anything_else(long, tmp_path):
    long.iloc[1:].to_csv(tmp_path / "long.csv", index=False)
    with pytest.raises(BadInput, match="the object is no facet"):
        where(WhereRequest(str(tmp_path / "long.csv"), "v", FACETS, NESTED, obj="who"))


def test_a_noise_floor_below_zero_is_told_as_it_comes():
    floor = SimpleNamespace(
        name="r:t", variance=-0.021, share=0.0, structural_zero=False, not_estimable=False
    )
    assert "variance −0.021, 0 %" in floor_sentence(SimpleNamespace(noise_floor=floor))


def test_labels_may_recur_within_every_parent(long):
    again = long.assign(t=long["t"].str[-2:])
    assert (lay_out(again, "v", FACETS, NESTED).values == lay_out(long, "v", FACETS, NESTED).values).all()


@pytest.mark.parametrize(
    ("change", "facets", "said"),
    [
        (lambda f: f, ("c", "t", "r", "x"), "no such column. Got: x"),
        (lambda f: f.assign(v="a"), FACETS, "not a number"),
        (lambda f: f.assign(i=None), FACETS, "without a label"),
        (lambda f: f[f["t"] != "c1-t1"], FACETS, "t has 2 to 3 levels within c"),
        (lambda f: f.drop(index=[3]), FACETS, "1 of 360 cells are empty.*--drop i leaves out 1 of 6"),
        (lambda f: pd.concat([f, f]), FACETS, "360 cells with up to 2 values"),
        (lambda f: f.assign(v=np.nan), FACETS, "no value"),
    ],
)
def test_what_is_not_a_balanced_table_is_refused_in_words(long, change, facets, said):
    nested = {k: v for k, v in NESTED.items() if k in facets}
    with pytest.raises(BadInput, match=said):
        lay_out(change(long), "v", facets, nested)


def test_nesting_that_was_not_declared_is_guessed_in_words(long):
    with pytest.raises(BadInput, match="--nested t:c"):
        lay_out(long, "v", FACETS, {})


def test_what_tells_several_values_apart_is_named(long):
    with pytest.raises(BadInput, match="they differ in r"):
        lay_out(long, "v", ("c", "t", "i"), {"t": ("c",)})
    laid = lay_out(long, "v", ("c", "t", "i"), {"t": ("c",)}, average=True)
    assert laid.values == pytest.approx(long["v"].to_numpy().reshape(SHAPE).mean(axis=2))
    assert laid.notes == ("Values of one cell were averaged: 4 a cell.",)


def test_refusals_are_counted_and_incomplete_levels_dropped_only_on_request(long):
    lost = long.assign(refusal="none")
    lost.loc[[3, 9], ["v", "refusal"]] = [np.nan, "refused"]
    with pytest.raises(BadInput, match=r"2 rows have no v \(refused 2\)"):
        lay_out(lost, "v", FACETS, NESTED)
    laid = lay_out(lost, "v", FACETS, NESTED, drop=("i",))
    assert laid.levels[-1] == ("i", 5)
    assert laid.notes == (
        "1 of 6 levels of i were left out, 60 rows, because a value is missing in them: i3.",
    )


def test_refusals_are_bounded_by_what_they_may_have_been(long, tmp_path):
    path = tmp_path / "t.csv"
    long.assign(v=np.where(np.arange(len(long)) < 4, np.nan, long["v"] > 0)).to_csv(path, index=False)
    request = WhereRequest(str(path), "v", FACETS, NESTED, "c", permutations=0, missing=(0.0, 1.0))
    low, high = where(request)
    assert [dict(a.of)["missing as"] for a in (low, high)] == ["0", "1"]
    assert high.mean - low.mean == pytest.approx(4 / 360)
    assert "4 of 360 values are missing; they are taken as 0 here." in low.notes
    assert any("0 or 1" in n for n in low.notes)


def test_a_strangers_table_is_analysed_part_by_part(long, tmp_path):
    path = tmp_path / "table.csv"
    pd.concat([long.assign(run="a"), long.assign(run="b", v=long["v"] * 2)]).to_csv(path, index=False)
    request = WhereRequest(str(path), "v", FACETS, NESTED, "c", by=("run",), permutations=0)
    first, second = where(request)
    assert dict(first.of) == {"value": "v", "run": "a"}
    assert second.score.g == pytest.approx(first.score.g)
    assert second.components[0].variance == pytest.approx(4 * first.components[0].variance)
    assert read_table(path).shape == (720, 6)


@pytest.mark.parametrize(
    ("change", "said"),
    [({"value": ""}, "the value must be named"), ({"facets": ()}, "the facets"), ({"obj": "x"}, "no facet")],
)
def test_a_strangers_table_needs_its_names(long, tmp_path, change, said):
    path = tmp_path / "table.parquet"
    long.to_parquet(path)
    given = {"value": "v", "facets": FACETS, "nested": NESTED, "obj": "c"} | change
    with pytest.raises(BadInput, match=said):
        where(WhereRequest(str(path), permutations=0, **given))


def test_a_file_that_is_no_table_is_refused(tmp_path):
    (tmp_path / "no.parquet").write_text("no")
    for name in ("no.parquet", "absent.csv"):
        with pytest.raises(BadInput, match="cannot be read"):
            where(WhereRequest(str(tmp_path / name), "v", ("a",), obj="a"))


def observed(theta, agreement, seed=0, twins=True):
    """Observations of characters with a trait and a habit of saying yes, asked exactly."""
    rng = np.random.default_rng(seed)
    rows = []
    wording = 0.5 * rng.normal(size=16)
    for n, (trait, yes) in enumerate(zip(theta, agreement, strict=True)):
        for item in range(16):
            keyed = 1 if item < 8 else -1
            own = trait + wording[item] + 0.2 * rng.normal()
            for polarity in (1, -1) if twins else (1,):
                value = keyed * polarity * own + yes
                rows.append(
                    Observation(
                        character=f"c{n}",
                        construct="memory",
                        channel="self_report",
                        item=f"i{item:02}",
                        keyed=keyed,
                        polarity=polarity,
                        template="t1",
                        format="yesno",
                        value=value,
                        scale="log_odds",
                    )
                )
    return pd.DataFrame([vars(r) for r in rows])


def test_trait_and_bias_are_separated(tmp_path):
    frame = observed(theta=[0.0] * 8, agreement=np.linspace(-2, 2, 8))
    frame.to_parquet(tmp_path / "t.parquet")
    trait, bias = where(WhereRequest(str(tmp_path / "t.parquet"), permutations=199))
    assert [dict(a.of)["score"] for a in (trait, bias)] == ["trait", "bias"]
    assert [f.name for f in trait.facets] == ["character", "keyed", "item"]
    assert trait.components[0].ci[0] <= 0
    assert bias.components[0].variance == pytest.approx(np.linspace(-2, 2, 8).var(ddof=1), rel=0.05)
    assert bias.score.g > 0.95


def test_raw_agreement_is_refused():
    with pytest.raises(BadInput, match="raw agreement is not analysed"):
        scores_of(observed([0.0] * 3, [0.0] * 3, twins=False))
    with pytest.raises(BadInput, match="only exact log-odds"):
        scores_of(observed([0.0] * 3, [0.0] * 3).assign(scale="agreement"))


def test_units_that_vary_become_facets_and_are_nested_by_law():
    frame = observed([0.0] * 3, [0.0] * 3)
    frame["ground"] = frame["character"]
    assert varied(frame) == ("character", "keyed", "item")
    frame["thread"] = frame["item"]
    facets = varied(pd.concat([frame, frame.assign(ground="g")]))
    assert facets == ("ground", "character", "thread", "keyed", "item")
    assert nested_by_law(facets) == {"thread": ("ground", "character"), "item": ("keyed",)}


def test_a_simulated_cell_says_what_it_covers():
    levels = (("character", 6), ("item", 6))
    nothing = covered(Planted("small", levels, {"character": 0.0, "character×item": 1.0}), 60)
    assert nothing.false_f <= 0.15 and nothing.false_exchange <= 0.15
    assert np.isnan(nothing.g)
    something = covered(Planted("small", levels, {"character": 0.5, "character×item": 1.0}), 60)
    assert 0.85 <= something.g <= 1 and np.isnan(something.false_f)
