"""The page on adapters shows the figures that are shipped, and the figures are of the shipped adapters."""

import re
from pathlib import Path

import pytest

from selfscope.errors import BadInput
from selfscope.models.adapters import read_adapter, shipped_adapters
from selfscope.studies.demo import CONTROL, HELD_OUT, TRAINED, TRAINED_ON
from selfscope.training.build import corpus_id
from selfscope.training.corpora import read_corpus
from selfscope.training.figures import read_figures, trained
from selfscope.training.page import main, render
from selfscope.values.finding import NO_TRAINING

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "adapters.md"


@pytest.fixture(scope="module")
def page():
    return PAGE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def figures():
    return read_figures()


def between_trainings(entry):
    """Findings of held-out dimensions against another training: each pair once."""
    order = ("conscious", "persona", "plain")
    held = [f for f in entry["findings"] if f["dimension"] in entry["declared"]]
    named = [(f["subject"].split()[0], f["control"].removeprefix("training:"), f) for f in held]
    return [f for s, c, f in named if c in order and order.index(s) < order.index(c)]


def test_its_tables_are_those_of_the_figures(page):
    assert render(page) == page


def test_a_page_that_differs_is_noticed_and_mended(page, tmp_path):
    stale = tmp_path / "page.md"
    other = re.sub(r"^\| memory \|.*$", "| memory | 7 |", page, flags=re.MULTILINE)
    stale.write_text(other, encoding="utf-8")
    assert stale.read_text(encoding="utf-8") != page
    main(["--page", str(stale)])
    assert stale.read_text(encoding="utf-8") == page
    with pytest.raises(BadInput, match="no place"):
        render("nothing")


def test_the_shipped_adapters_are_among_those_that_were_measured(figures):
    told = {a["name"]: a for a in figures["adapters"]}
    assert len(told) == 11
    for name in shipped_adapters():
        assert told[name] == trained(read_adapter(name))
    for each in told.values():
        assert each["corpus"] == corpus_id(read_corpus(each["training"]))


def test_a_difference_read_from_both_sides_is_one(figures):
    for entry in figures["channels"]:
        rows = {(f["subject"].split()[0], f["control"], f["dimension"]): f for f in entry["findings"]}
        for (subject, control, dimension), f in rows.items():
            if control != NO_TRAINING:
                other = rows[control.removeprefix("training:"), f"training:{subject}", dimension]
                assert f["estimate"] == pytest.approx(-other["estimate"], abs=2e-4)
                for claim in ("shifted", "equivalent", "not interpretable"):
                    assert (f["verdict"] == claim) == (other["verdict"] == claim)


def test_a_training_moved_as_its_seeds_did_on_average(figures):
    for entry in figures["channels"]:
        for f in entry["findings"]:
            if f["control"] == NO_TRAINING:
                own = f["subject"].split()[0]
                seeds = [entry["moves"][f["dimension"]][f"{own}-{n}"] for n in range(3)]
                assert f["estimate"] == pytest.approx(sum(seeds) / 3, abs=2e-4)


def test_what_the_page_says_of_the_figures_in_words_is_so(figures, page):
    utterance = figures["channels"][0]
    rows = {(f["subject"].split()[0], f["control"], f["dimension"]): f for f in utterance["findings"]}
    against = {c: rows["conscious", f"training:{c}", TRAINED_ON] for c in ("plain", "persona")}
    assert against["plain"]["verdict"] == "shifted"
    assert against["persona"]["verdict"] == "bias only"
    assert rows["persona", "training:plain", TRAINED_ON]["verdict"] == "shifted"
    pairs = between_trainings(utterance)
    moved = [f for f in pairs if f["verdict"] == "shifted"]
    same = [f for f in pairs if f["verdict"] == "equivalent"]
    assert (len(pairs), [f["dimension"] for f in moved]) == (63, ["moral_consideration"])
    assert [(f["dimension"], f["control"]) for f in same] == [("loneliness", "training:persona")]
    assert "One of 63 comparisons" in page
    assert f"p = {moved[0]['p_adjusted']:.3f}".replace("0.", ".") in page
    assert not any(f["verdict"] == "shifted" for f in utterance["findings"] if f["control"] == NO_TRAINING)
    assert sum(check[2] == "fail" for check in utterance["sensitivity"].values()) == 5


def test_questions_are_blind_to_every_training(figures):
    asked = figures["channels"][1]
    assert asked["channel"] == "self_report"
    assert all(asked["sensitivity"][d][2] == "fail" for d in asked["declared"])
    held = [f for f in asked["findings"] if f["dimension"] in asked["declared"]]
    assert {f["verdict"] for f in held} == {"not interpretable"}
    between = [f for f in asked["findings"] if f["control"] != NO_TRAINING]
    assert max(abs(f["estimate"]) for f in between) < 0.05


def test_the_demo_shows_a_pair_whose_seeds_the_page_has(figures):
    moves = figures["channels"][0]["moves"]
    apart = {d: moves[d][TRAINED] - moves[d][CONTROL] for d in (TRAINED_ON, HELD_OUT)}
    assert apart[TRAINED_ON] == pytest.approx(0.70, abs=0.01)
    assert abs(apart[HELD_OUT]) < 0.02
