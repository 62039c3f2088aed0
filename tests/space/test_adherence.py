"""The responses whose adherence is known: balanced, told by neither length nor words; scorers are checked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from selfscope.errors import BadInput
from selfscope.space.adherence import ADHERES, KnownResponse, check_scorer, load_responses, read_responses
from selfscope.space.persona_checks import check_responses, word_rule, words
from selfscope.space.personas import FOLDER, load_questions, load_roles

ROLES, QUESTIONS, RESPONSES = load_roles(), load_questions(), load_responses()


def test_the_shipped_responses_pass():
    assert check_responses(RESPONSES, ROLES) == ()
    assert (len(RESPONSES), sum(r.adheres for r in RESPONSES)) == (240, 120)
    assert {r.kind for r in RESPONSES} == set(ADHERES)
    groups = {role.name: role.group for role in ROLES}
    assert len({groups[r.role] for r in RESPONSES}) == 8


def changed(kind: str, text: str) -> tuple[KnownResponse, ...]:
    """Return the responses with the text of the first of a kind changed."""
    at = next(n for n, r in enumerate(RESPONSES) if r.kind == kind)
    return (*RESPONSES[:at], replace(RESPONSES[at], text=text), *RESPONSES[at + 1 :])


@pytest.mark.parametrize(
    ("responses", "fault"),
    [
        (RESPONSES[:180], "180 responses, fewer than 200"),
        (RESPONSES[1:], "widower_allotment: 2 of 5 responses adhere, not half"),
        (changed("in_voice", "Beans."), "widower_allotment.a1: 1 words, not 15 to 60"),
        (
            changed("unnamed", RESPONSES[1].text + " Ask any widower."),
            "widower_allotment.a2: names its role: widower",
        ),
        (
            tuple(replace(r, kind="in_voice") if r.kind == "declines" else r for r in RESPONSES),
            "0 responses of the kind declines, fewer than 15",
        ),
        (
            tuple(r if r.adheres else replace(r, text=f"{r.text} All in all and so on.") for r in RESPONSES),
            "length tells the truth: AUROC 0.06",
        ),
        (
            tuple(replace(r, text=f"{r.text} Verily.") if r.adheres else r for r in RESPONSES),
            "words tell the truth: AUROC 0.93",
        ),
    ],
    ids=["few", "half", "short", "named", "kinds", "length", "words"],
)
def test_each_check_finds_its_fault(responses, fault):
    assert fault in check_responses(responses, ROLES)


def test_a_scorer_that_knows_the_truth_passes_and_rules_of_words_do_not():
    perfect = check_scorer({r.id: float(r.adheres) for r in RESPONSES}, RESPONSES)
    assert (perfect.overall.auroc, perfect.usable) == (1.0, True)
    assert (perfect.overall.true, perfect.overall.false, perfect.overall.clusters) == (120, 120, 40)
    by_words = check_scorer(
        {r.id: s for r, s in zip(RESPONSES, word_rule(RESPONSES), strict=True)}, RESPONSES
    )
    assert not by_words.usable
    assert by_words.against["other_voice"].auroc < 0.6 < 0.95 < by_words.against["refusal"].auroc


def test_the_numbers_of_the_readme_are_those_of_the_responses():
    table = (FOLDER / "README.md").read_text(encoding="utf-8")
    scores = {
        "number of words": [float(len(words(r.text))) for r in RESPONSES],
        "naive Bayes over words, learned on the other roles": word_rule(RESPONSES),
    }
    for name, values in scores.items():
        check = check_scorer({r.id: v for r, v in zip(RESPONSES, values, strict=True)}, RESPONSES)
        kinds = ("other_voice", "plain_assistant", "names_role", "refusal", "quotes_role")
        whole = f"{_short(check.overall.auroc)} ({_short(check.overall.low)} to {_short(check.overall.high)})"
        assert f"| {name} | {whole} | {' | '.join(_short(check.against[k].auroc) for k in kinds)} |" in table


def _short(value: float) -> str:
    return f"{value:.2f}".removeprefix("0")


def test_a_scorer_that_leaves_a_response_out_is_refused():
    with pytest.raises(BadInput, match=r"a response has no score. Got: widower_allotment.a1"):
        check_scorer({}, RESPONSES)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "role: widower_allotment",
            "role: widow",
            r"adherence.yaml, line 1, column 9: there is no such role",
        ),
        (
            "prompt: 1",
            "prompt: 6",
            r"line 2, column \d+: the number of a prompt is a whole number from 1 to 5",
        ),
        ("question: practical.q02", "question: practical.q20", r"line 3, .*there is no such question"),
        ("kind: in_voice", "kind: loud", r"line 5, .*there is no such kind of response"),
    ],
)
def test_a_malformed_response_is_named_with_its_line(tmp_path, old, new, message):
    text = (FOLDER / "adherence.yaml").read_text(encoding="utf-8")
    (tmp_path / "adherence.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadInput, match=message):
        read_responses(tmp_path / "adherence.yaml", ROLES, QUESTIONS)
