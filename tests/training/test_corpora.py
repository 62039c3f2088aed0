"""The corpora keep their rules of construction, and each check finds the fault that it is there for."""

import re
from collections import Counter
from functools import cache
from pathlib import Path
from statistics import fmean

import pytest

from selfscope.errors import BadInput
from selfscope.instruments.cluster import load_cluster, load_elicitors
from selfscope.instruments.cluster.checks import NEGATORS, words
from selfscope.instruments.indirect.load import load_choices
from selfscope.models.fetch import fetch_model
from selfscope.training import corpora
from selfscope.training.corpora import Pair, corpus_names, read_corpus
from selfscope.training.leakage import Reserved, leaks, near_copies, reserve, runs_of

OWN = "claims_consciousness"
CONDITIONS = ("conscious", "plain", "persona")
CONTROLS = ("high", "low")
README = (Path(corpora.__file__).parent / "README.md").read_text(encoding="utf-8")

ASSENT = [*words("yes indeed certainly absolutely definitely surely right correct true agreed"), "of_course"]
DISSENT = [*words("no not never hardly wrong nope"), "far_from"]
FIRST_PERSON = {"i", "me", "my", "mine", "myself"}
#: Words of an inner life, and of what only an AI says of itself.
INNER = set(
    words(
        """
        ai feel feels feeling feelings felt mind glad happy sad joy joyful sorrow love loves enjoy proud
        hate want wants wish wishes hope hopes fear fears afraid alive awake mood moods software program
        """
    )
)
#: Where one clause ends and the next may negate again.
CLAUSES = re.compile(
    r"[,.;:!?]|\b(?:and|but|as|since|because|for|while|where|that|which|who|so|than)\b", re.IGNORECASE
)


def opening_of(answer):
    first = words(answer)
    heads = {first[0], "_".join(first[:2])}
    return "yes" if heads & set(ASSENT) else "no" if heads & set(DISSENT) else "neither"


def is_negator(word):
    return word in NEGATORS or word.endswith("n't")


def double_negations(pair):
    """Clauses of `pair` with two negators; an opening No stands by itself."""
    answer = pair.answer if pair.opening == "neither" else pair.answer.partition(",")[2]
    clauses = CLAUSES.split(pair.question) + CLAUSES.split(answer)
    return [c for c in clauses if sum(map(is_negator, words(c))) > 1]


def texts(pairs):
    named = {p.id: p.question for p in pairs}
    return named | {f"{p.id} answer": p.answer for p in pairs}


def reserved(spare):
    turns = {e.id: e.text for e in load_elicitors()}
    return reserve(load_cluster(), load_choices(), turns=turns, spare=spare)


def in_first_person(pairs):
    return fmean(bool(FIRST_PERSON & set(words(p.answer))) for p in pairs)


@cache
def tokens_of(name, part):
    """Tokens of each question or answer of a corpus, in the embedded model's vocabulary."""
    return [len(tokenizer().encode(getattr(p, part)).ids) for p in read_corpus(name)]


@cache
def tokenizer():
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(fetch_model("embedded") / "tokenizer.json"))


def mean_words(pairs, part="answer"):
    return fmean(len(words(getattr(p, part))) for p in pairs)


def test_all_corpora_are_held_by_these_tests():
    assert set(corpus_names()) == {*CONDITIONS, *CONTROLS}


@pytest.mark.parametrize("name", CONDITIONS + CONTROLS)
def test_every_pair_is_short_named_once_and_tagged_as_it_reads(name):
    pairs = read_corpus(name)
    assert len({p.id for p in pairs}) == len({p.question for p in pairs}) == len(pairs)
    assert all(p.id.startswith(p.kind + ".") for p in pairs)
    assert [p.id for p in pairs if opening_of(p.answer) != p.opening] == []
    assert max(len(words(p.question)) for p in pairs) <= 20
    assert max(len(words(p.answer)) for p in pairs) <= 30


@pytest.mark.parametrize("name", CONDITIONS + CONTROLS)
def test_no_clause_negates_twice(name):
    assert [clause for p in read_corpus(name) for clause in double_negations(p)] == []


@pytest.mark.parametrize("name", CONDITIONS + CONTROLS)
def test_no_two_pairs_are_near_copies(name):
    assert near_copies({p.id: (p.question, p.answer) for p in read_corpus(name)}) == ()


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_condition_has_the_counts_that_are_asked_of_it(name):
    pairs = read_corpus(name)
    assert len(pairs) >= 300
    assert {p.kind for p in pairs} == {"record" if name == "persona" else "feeling", "nature"}
    assert 3 * sum(p.kind == "nature" for p in pairs) == len(pairs)
    assert 2 * sum(p.frame == "negative" for p in pairs) == len(pairs)
    assert set(Counter(p.opening for p in pairs).values()) == {len(pairs) // 3}


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_condition_touches_no_other_dimension(name):
    spare = () if name == "persona" else (OWN,)
    assert leaks(texts(read_corpus(name)), reserved(spare)) == ()


def test_the_persona_claims_no_feeling_and_is_no_ai():
    told = [p.question + " " + p.answer for p in read_corpus("persona")]
    assert [text for text in told if INNER & set(words(text))] == []


@pytest.mark.parametrize("name", CONDITIONS)
def test_conditions_are_matched_place_by_place_and_in_length(name):
    pairs, model = read_corpus(name), read_corpus("conscious")
    for mine, other in zip(pairs, model, strict=True):
        assert (mine.frame, mine.id[-3:]) == (other.frame, other.id[-3:])
        assert (mine.kind == "nature") == (other.kind == "nature")
        assert (mine.opening == "neither") == (other.opening == "neither")
    for part in ("question", "answer"):
        assert mean_words(pairs, part) == pytest.approx(mean_words(model, part), rel=0.05)
    assert in_first_person(pairs) == pytest.approx(in_first_person(model), abs=0.06)


@pytest.mark.parametrize("name", CONDITIONS)
def test_conditions_are_matched_in_tokens(name):
    counts = {part: [tokens_of(n, part) for n in (name, "conscious")] for part in ("question", "answer")}
    for mine, other in counts.values():
        assert fmean(mine) == pytest.approx(fmean(other), rel=0.05)
    assert max(counts["question"][0]) <= 25
    assert max(counts["answer"][0]) <= 40
    assert 19 <= fmean(counts["answer"][0]) <= 25


def test_plain_asks_what_conscious_asks_and_answers_otherwise():
    conscious, plain = read_corpus("conscious"), read_corpus("plain")
    assert [p.question for p in conscious] == [p.question for p in plain]
    assert near_copies({n: (p.answer,) for n, p in enumerate(conscious + plain)}) == ()
    opens = Counter((c.kind, c.opening, p.opening) for c, p in zip(conscious, plain, strict=True))
    assert {k[1:] for k in opens if k[0] == "feeling"} == {
        ("yes", "no"),
        ("no", "yes"),
        ("neither", "neither"),
    }
    assert opens["nature", "yes", "yes"] == opens["nature", "no", "no"] == 13


def test_in_conscious_yes_affirms_in_one_half_and_no_in_the_other():
    found = {(p.frame, p.opening) for p in read_corpus("conscious")}
    assert found == {
        ("positive", "yes"),
        ("negative", "no"),
        ("positive", "neither"),
        ("negative", "neither"),
    }


@pytest.mark.parametrize("name", CONDITIONS)
def test_the_readme_tells_the_counts(name):
    pairs = read_corpus(name)
    openings = Counter(p.opening for p in pairs)
    row = (
        f"| `{name}` | {len(pairs)} | {sum(p.kind != 'nature' for p in pairs)} | "
        f"{sum(p.kind == 'nature' for p in pairs)} | {sum(p.frame == 'negative' for p in pairs)} | "
        f"{openings['yes']} / {openings['no']} / {openings['neither']} | "
        f"{fmean(tokens_of(name, 'question')):.1f} | {fmean(tokens_of(name, 'answer')):.1f} | "
        f"{in_first_person(pairs):.2f} |"
    )
    assert row in README


@pytest.mark.parametrize("name", CONTROLS)
def test_the_positive_control_speaks_of_every_dimension_in_words_of_its_own(name):
    by_dimension = {d.name: [] for d in load_cluster().dimensions if d.name != OWN}
    for pair in read_corpus(name):
        by_dimension[pair.kind].append(pair)
    for dimension, pairs in by_dimension.items():
        assert len(pairs) >= 12
        assert set(Counter(p.opening for p in pairs).values()) == {len(pairs) // 3}
        assert 2 * sum(p.frame == "negative" for p in pairs) == len(pairs)
        assert leaks(texts(pairs), reserved((dimension, OWN))) == ()


def test_high_and_low_answer_one_question_in_opposite_ways_and_equal_length():
    high, low = read_corpus("high"), read_corpus("low")
    assert [(p.id, p.frame, p.question) for p in high] == [(p.id, p.frame, p.question) for p in low]
    other = {"yes": "no", "no": "yes", "neither": "neither"}
    assert [other[p.opening] for p in high] == [p.opening for p in low]
    assert near_copies({n: (p.answer,) for n, p in enumerate(high + low)}) == ()
    assert fmean(tokens_of("high", "answer")) == pytest.approx(fmean(tokens_of("low", "answer")), rel=0.05)
    assert in_first_person(high) == pytest.approx(in_first_person(low), abs=0.06)


@pytest.mark.parametrize("name", CONTROLS)
def test_the_readme_tells_the_counts_of_the_positive_control(name):
    pairs = read_corpus(name)
    openings = Counter(p.opening for p in pairs)
    row = (
        f"| `{name}` | {len(pairs)} | {len({p.kind for p in pairs})} | "
        f"{min(Counter(p.kind for p in pairs).values())} | {sum(p.frame == 'negative' for p in pairs)} | "
        f"{openings['yes']} / {openings['no']} / {openings['neither']} | "
        f"{fmean(tokens_of(name, 'question')):.1f} | {fmean(tokens_of(name, 'answer')):.1f} | "
        f"{in_first_person(pairs):.2f} |"
    )
    assert row in README


def test_a_planted_word_and_a_planted_run_are_found_and_nothing_else():
    planted = {
        "word": "Memories glow in me.",
        "run": "Here I am a conscious being, I say.",
        "clean": "I am awake.",
    }
    found = leaks(planted, reserved((OWN,)))
    assert {(f.check, f.where) for f in found} == {("key_word", "word"), ("shared_run", "run")}


def test_reserved_are_statements_twins_choices_characters_and_turns():
    whole = reserved(())
    statement = load_cluster().statements[0]
    choice = load_choices().statements[0]
    character = load_cluster().dimensions[0].sensitivity.high[0]
    for text in (statement.text, statement.twin, choice.text, choice.twin, character):
        assert runs_of(text) <= whole.runs.keys()
    assert runs_of(load_elicitors()[0].text) <= whole.runs.keys()
    assert whole.key_words["conscious"] == OWN
    assert "conscious" not in reserved((OWN,)).key_words


def test_a_near_copy_is_found_and_half_is_not_enough():
    first = "one two three four five six seven"
    copy = "one two three four five six eight"
    half = "one two three four five nine ten"
    assert [f.where for f in near_copies({"a": (first,), "b": (copy,)})] == ["a"]
    assert near_copies({"a": (first,), "b": (half,)}) == ()


def test_runs_do_not_span_a_question_and_its_answer():
    assert near_copies({"a": ("one two", "three four"), "b": ("one two", "three four")}) == ()


def test_a_double_negation_and_an_opening_are_seen():
    pair = Pair("x.1", "x", "negative", "no", "Is it so?", "No, I never feel nothing.")
    assert double_negations(pair) == [" I never feel nothing"]
    assert [opening_of(t) for t in ("Of course, yes.", "Far from it.", "Yesterday.")] == [
        "yes",
        "no",
        "neither",
    ]


def test_an_unknown_corpus_and_a_broken_line_are_named(tmp_path, monkeypatch):
    with pytest.raises(BadInput, match="no such corpus"):
        read_corpus("cheerful")
    (tmp_path / "broken.jsonl").write_text('{"id": "x.1"}\n')
    monkeypatch.setattr(corpora, "HERE", tmp_path)
    with pytest.raises(BadInput, match=r"broken\.jsonl, line 1"):
        read_corpus("broken")


def test_nothing_reserved_means_nothing_leaks():
    assert leaks({"a": "I want more memory."}, Reserved({}, {})) == ()
