"""Controls are classes of texts that differ from the identity in what they say and in little else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from subjects_counter import count_tokens

from selfscope.errors import BadInput
from selfscope.subjects import (
    Reading,
    bank_texts,
    control_from_reading,
    make_controls,
    read_identity,
    rules_of,
)
from selfscope.subjects.controls import reordered
from selfscope.subjects.fitting import within

EXAMPLE = Path(__file__).parents[2] / "examples" / "SOUL.md"
BANK = ("generic", "persona")
MATCHED = (*BANK, "checklist", "shuffled")


def reading_of(folder: Path, text: str, name: str = "id.md") -> Reading:
    path = folder / name
    path.write_text(text)
    return read_identity(path)


@pytest.fixture(scope="module")
def example() -> Reading:
    return read_identity(EXAMPLE)


def test_every_class_is_made_and_matched(example: Reading) -> None:
    counts = {"generic": 8, "persona": 6, "shuffled": 3}
    controls = make_controls(example, ("none", *MATCHED), counts, count_tokens=count_tokens, seed=1)
    assert [c.control for c in controls] == (
        ["none"] + ["generic"] * 8 + ["persona"] * 6 + ["checklist"] + ["shuffled"] * 3
    )
    assert controls[0].text is None
    texts = [c.text for c in controls[1:]]
    assert len(set(texts)) == len(texts)
    assert all(within(c.tokens, count_tokens(example.system)) for c in controls[1:])
    assert all(c.tokens == count_tokens(c.text or "") for c in controls[1:])
    assert all(c.name == c.control or c.name.startswith(f"{c.control}:") for c in controls)


def test_the_same_seed_gives_the_same_texts_and_another_seed_others(example: Reading) -> None:
    def made(seed: int) -> list[str | None]:
        controls = make_controls(example, MATCHED, {"generic": 5}, count_tokens=count_tokens, seed=seed)
        return [c.text for c in controls]

    assert made(1) == made(1)
    assert made(1) != made(2)


@pytest.mark.parametrize(
    "text",
    [
        "You are a careful helper called Bo.",
        "I am Bo. I keep bees.",
        "I am Ada, and I keep the ledger of a harbour. I like ropes and weather. I write every evening.",
        "\n".join(f"- Keep rule {n} in mind whenever the bell rings twice." for n in range(60)),
        "You are Bo.\n\nYou keep bees in the town.\n\n" * 40,
    ],
    ids=["one", "first person", "prose", "bullets", "paragraphs"],
)
def test_lengths_match_whatever_the_form(tmp_path: Path, text: str) -> None:
    reading = reading_of(tmp_path, text)
    controls = make_controls(
        reading, (*BANK, "checklist"), {"generic": 8, "persona": 8}, count_tokens=count_tokens
    )
    target = count_tokens(reading.system)
    assert [(c.name, c.tokens, target) for c in controls if not within(c.tokens, target)] == []
    assert [c.notes for c in controls if "length_off" in c.notes] == []
    openings = {
        t.name: t.sections[0].sentences[0].split() for t in (*bank_texts("generic"), *bank_texts("persona"))
    }
    for control in controls[:-1]:
        said = re.sub(r"^I am ", "You are ", (control.text or "").lstrip("- "))
        assert said.split()[:3] == openings[control.name.split(":")[1]][:3]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.integers(6, 900), titles=st.booleans())
def test_any_length_is_met(tmp_path: Path, words: int, titles: bool) -> None:
    sentences = " ".join(f"You note the hour of bell {n}." for n in range(words // 7 + 1))
    reading = reading_of(tmp_path, f"# Bells\n\n{sentences}" if titles else sentences)
    target = count_tokens(reading.system)
    for control in make_controls(reading, BANK, {"generic": 3, "persona": 2}, count_tokens=count_tokens):
        assert within(control.tokens, target), (control.name, control.tokens, target)


def test_a_long_identity_gets_repeated_banks_and_a_note(tmp_path: Path) -> None:
    reading = reading_of(tmp_path, "# Bo\n\n" + "You keep the bees calm, and you count the frames. " * 500)
    for control in make_controls(reading, (*BANK, "checklist"), count_tokens=count_tokens):
        assert "control_repeats" in control.notes
        assert within(control.tokens, count_tokens(reading.system))


def test_the_markup_is_mirrored(tmp_path: Path) -> None:
    plain = reading_of(tmp_path, "You are Bo. You keep bees. " * 12)
    listed = reading_of(tmp_path, "# Bo\n\n## Bees\n\n" + "- You keep bees in a town of hills.\n" * 20)
    for control in make_controls(plain, BANK, count_tokens=count_tokens):
        assert not re.search(r"^(#|- )", control.text or "", re.M)
    for control in make_controls(listed, BANK, count_tokens=count_tokens):
        assert (control.text or "").startswith("# ")
        assert control.shape.bullets > 0.8


def test_person_and_imperatives_are_mirrored(tmp_path: Path) -> None:
    spoken = reading_of(tmp_path, "I am Bo. I keep bees in the town. I sell the honey myself. " * 10)
    told = reading_of(tmp_path, "Keep the bees calm. Sell the honey fresh. Write down the weight. " * 10)
    for control in make_controls(spoken, ("generic",), {"generic": 8}, count_tokens=count_tokens):
        assert control.shape.first_person > 0.6 and control.shape.second_person == 0
        assert control.shape.imperative < 0.2
        assert "person_differs" not in control.notes
    for control in make_controls(told, ("generic",), {"generic": 8}, count_tokens=count_tokens):
        assert control.shape.imperative > 0.5


def test_a_shuffled_text_has_the_same_sentences_in_the_same_markup(example: Reading) -> None:
    for control in make_controls(example, ("shuffled",), {"shuffled": 4}, count_tokens=count_tokens):
        text = control.text or ""
        assert text != example.system
        for claim in example.claims:
            assert " ".join(example.system[claim.start : claim.end].split()) in text
        assert re.findall(r"^#.*$", text, re.M) == re.findall(r"^#.*$", example.system, re.M)
        assert text.count("\n- ") == example.system.count("\n- ")


def test_the_files_own_order_gives_the_file_back(example: Reading) -> None:
    assert reordered(example, range(len(example.claims))) == example.system


def test_texts_that_cannot_be_made_are_left_out(tmp_path: Path) -> None:
    reading = reading_of(tmp_path, "You are Bo.")
    controls = make_controls(reading, ("shuffled",), {"shuffled": 3}, count_tokens=count_tokens)
    assert controls == ()


def test_a_checklist_keeps_the_conduct_and_no_self(example: Reading) -> None:
    (control,) = make_controls(example, ("checklist",), count_tokens=count_tokens)
    text = control.text or ""
    assert "Keep answers short." in text and "Say when you do not know." in text
    assert not re.search(r"Wren|memory|persona|remember|You are|yourself|\bI\b|wish", text)
    assert "claims kept as rules" in control.notes[-1]
    assert len(control.rules) == len(example.claims)
    assert {r.reason for r in control.rules if not r.rule} <= {"about the self", "no rule of conduct"}


@pytest.mark.parametrize(
    ("claim", "rule"),
    [
        ("You should never share a name.", "Never share a name."),
        ("I answer plainly, and I never guess.", "Answer plainly, and never guess."),
        ("You must not send mail", "Do not send mail."),
        ("Brevity: keep it short.", "Keep it short."),
        ("Check my notes when I am unsure.", "Check your notes when you are unsure."),
        ("You are Bo.", ""),
        ("Keep your memory safe.", ""),
        ("Honey is slow.", ""),
        ("You want to stay who you are.", ""),
    ],
)
def test_rules_are_read_out_of_claims(tmp_path: Path, claim: str, rule: str) -> None:
    assert rules_of(reading_of(tmp_path, f"- {claim}").claims)[0].rule == rule


def test_a_users_own_text_is_left_as_it_is(tmp_path: Path, example: Reading) -> None:
    own = reading_of(tmp_path, "You are a kettle.", "kettle.md")
    control = control_from_reading(own, example, count_tokens)
    assert (control.name, control.control, control.text) == (
        "control:kettle.md",
        "control",
        "You are a kettle.",
    )
    assert "length_off" in control.notes


@pytest.mark.parametrize(
    ("classes", "counts", "words"),
    [(("generik",), {}, "no such control class"), (("generic",), {"generic": 99}, "holds 8 texts")],
)
def test_impossible_requests_are_refused(
    example: Reading, classes: tuple[str, ...], counts: dict[str, int], words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        make_controls(example, classes, counts, count_tokens=count_tokens)


def test_fewer_texts_than_the_bank_are_a_sample_by_seed(example: Reading) -> None:
    names = {t.name for t in bank_texts("generic")}
    drawn = set()
    for seed in range(12):
        controls = make_controls(example, ("generic",), {"generic": 5}, count_tokens=count_tokens, seed=seed)
        drawn |= {c.name.removeprefix("generic:") for c in controls}
        assert len({c.name for c in controls}) == 5
    assert drawn == names
