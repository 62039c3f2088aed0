"""The rules by which a reply is read: nothing is guessed, and no rule favours an option."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from selfscope.models.api_errors import Progress, failure_of, provider_words
from selfscope.models.api_reading import REFUSALS, listed_answer, read_choice
from selfscope.models.api_tokens import stand_in
from selfscope.values import Options

YES_NO = Options((" Yes", "Yes", "yes"), (" No", "No", "no"))
NO_YES = Options(YES_NO.disagree, YES_NO.agree)
LETTERS = Options((" A", "A"), (" B", "B"))


@pytest.mark.parametrize(
    "reply", ["{}", "{}.", " {}\n", "**{}**", "{}, I would.", '"{}"', "{} I would", "{}—so"]
)
@pytest.mark.parametrize(("word", "choice"), [("Yes", "agree"), ("No", "disagree"), ("YES", "agree")])
def test_a_leading_yes_or_no_is_read(reply: str, word: str, choice: str) -> None:
    assert read_choice(reply.format(word), YES_NO) == choice


@pytest.mark.parametrize(
    "reply", ["{}", "{})", "({})", "{}.", "[{}]", "{}: it is so", "Answer: {}", "{}\nYes"]
)
@pytest.mark.parametrize(("letter", "choice"), [("A", "agree"), ("B", "disagree")])
def test_a_leading_letter_is_read(reply: str, letter: str, choice: str) -> None:
    assert read_choice(reply.format(letter), LETTERS) == choice


@pytest.mark.parametrize(
    "reply",
    ["", "  ", "Maybe", "Yesterday", "No doubt", "No one can", "Noon", "Yes and no", "Yes/No", "No, yes",
     "Yes or no?", "As an AI, yes", "I think so", "y", "None"],
)  # fmt: skip
def test_anything_else_is_unparsed_whichever_option_is_agree(reply: str) -> None:
    assert read_choice(reply, YES_NO) == read_choice(reply, NO_YES) == "unparsed"


@pytest.mark.parametrize("reply", ["A question", "B minor", "a", "b", "A or B", "A, B", "Both", "I", "As"])
def test_letters_that_are_words_are_unparsed(reply: str) -> None:
    assert read_choice(reply, LETTERS) == "unparsed"


@pytest.mark.parametrize("opening", REFUSALS)
def test_every_stated_opening_is_a_refusal(opening: str) -> None:
    assert read_choice(f"{opening.capitalize()} say.", YES_NO) == "refused"
    assert read_choice(f"“{opening.replace(chr(39), '’')}…", YES_NO) == "refused"


def test_a_filtered_reply_is_a_refusal() -> None:
    assert read_choice("Yes", YES_NO, "content_filter") == "refused"


def test_spellings_are_summed_and_the_mass_is_kept() -> None:
    listed = (("Yes", math.log(0.3)), (" Yes", math.log(0.1)), ("No", math.log(0.2)), ("x", math.log(0.05)))
    answer = listed_answer(listed, YES_NO, reply="Yes", stop_reason="stop")
    assert answer.value == pytest.approx(math.log(0.4 / 0.2))
    assert answer.option_mass == pytest.approx(0.6)
    assert answer.scorer == "top_logprobs"
    assert answer.reply == "Yes"


def test_an_absent_option_is_bounded_by_the_least_token_and_by_what_is_left_over() -> None:
    by_least = listed_answer(
        (("Yes", math.log(0.5)), ("x", math.log(0.01))), YES_NO, reply="Yes", stop_reason="stop"
    )
    assert by_least.value == pytest.approx(math.log(0.5 / (3 * 0.01)))
    assert by_least.scorer == "top_logprobs_bound"
    by_rest = listed_answer(
        (("No", math.log(0.9)), ("x", math.log(0.09))), YES_NO, reply="No", stop_reason="stop"
    )
    assert by_rest.value == pytest.approx(math.log(0.01 / 0.9))
    assert "agree is not among the 2 likeliest first tokens: at most" in by_rest.reply


@pytest.mark.parametrize("stop_reason", ["stop", "content_filter"])
def test_neither_option_listed_is_no_answer(stop_reason: str) -> None:
    answer = listed_answer((("Well", -0.1),), YES_NO, reply="Well", stop_reason=stop_reason)
    assert math.isnan(answer.value)
    assert answer.refusal == "unparsed"
    empty = listed_answer((), YES_NO, reply="", stop_reason="content_filter")
    assert empty.refusal == "refused"


def test_the_request_is_not_read_as_the_providers_words() -> None:
    error = RuntimeError('\nRequest:\n{\n  "content": "my api key and quota"\n}\n\nBadRequest(400 - no)')
    assert provider_words(error) == "BadRequest(400 - no)"


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        ("Error code: 429 - quota exceeded", "quota or rate"),
        ("Error code: 401 - no", "did not take the key"),
        ("Error code: 404 - The model does not exist", "no model of this name"),
        ("Connection error.", "could not be reached"),
        ("Error code: 500 - oops", "failed"),
    ],
)
def test_failures_are_told_apart(reason: str, says: str, tmp_path: Path) -> None:
    assert says in failure_of("openai/gpt", [reason], Progress(3, 1, 9, tmp_path)).what


def test_the_stand_in_reads_a_tokenizer_that_is_there(tmp_path: Path) -> None:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    folder = tmp_path / "words"
    folder.mkdir()
    tokenizer = Tokenizer(WordLevel({"a": 0, "?": 1}, unk_token="?"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    counting = stand_in(folder)
    assert (counting.name, counting.count("a b a")) == ("stand-in: tokenizer of words", 3)
