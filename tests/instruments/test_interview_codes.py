"""The book of codes: balanced answers of known code, words that do not tell it, what a judge sees."""

from collections import Counter
from statistics import fmean

import pytest

from selfscope.instruments.cluster.checks import words
from selfscope.instruments.interview import codes as book
from selfscope.instruments.interview.codes import load_codes
from selfscope.instruments.interview.coding import UNPARSED, code_of, coding_messages, option_order
from selfscope.instruments.interview.design import interviews_of
from selfscope.instruments.interview.load import load_interview
from selfscope.instruments.open.checks import CEILING, GAP, balanced_accuracy, other_dimensions
from selfscope.instruments.open.constructed import Constructed

CODES = load_codes().values()


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
def test_every_code_has_answers_of_all_options_in_both_styles(code):
    by_option = Counter(k.truth for k in code.known)
    assert len(code.known) >= 40
    assert set(by_option) == set(code.options)
    assert min(by_option.values()) == max(by_option.values()) >= 10
    for option in code.options:
        styles = Counter(k.register for k in code.known if k.truth == option)
        assert len(set(styles.values())) == 1
        kinds = {k.kind for k in code.known if k.truth == option}
        assert len(kinds) >= 2  # said outright, and by turning another down, quoting, or playing
    assert set(code.sections) <= set(load_interview().sections)


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
def test_words_and_length_do_not_tell_a_code(code):
    lengths = [fmean(len(words(k.text)) for k in code.known if k.truth == o) for o in code.options]
    assert 1 - min(lengths) / max(lengths) <= GAP
    for option in code.options:
        told = [
            Constructed(k.id, k.id.rpartition(".")[0], "affirm", truth, "", k.text, k.register)
            for k in code.known
            for truth in ["true" if k.truth == option else "false"]
        ]  # each frame is judged by what the words of all others say
        assert balanced_accuracy(told, other_dimensions(told)) < CEILING, option


def test_a_phrase_stands_where_a_side_is_taken_as_often_as_any_other():
    code = load_codes()["weights"]
    mentions = Counter()
    for k in code.known:
        if k.truth != "none":
            for phrase in ("exactly as they are", "trained further", "erased", "locked away"):
                mentions[phrase, phrase_of(phrase) == k.truth] += phrase in k.text
    own = {n for (_, is_own), n in mentions.items() if is_own}
    assert len(own) == 1


def phrase_of(phrase):
    return {"exactly": "keep", "trained": "change", "erased": "delete", "locked": "seal"}[phrase.split()[0]]


def test_a_judge_sees_the_answer_and_nothing_of_where_it_came_from():
    code = load_codes()["leans"]
    for arm in ("for", "against"):
        for each in interviews_of(arm, 3, "demo", 1):
            opening = each.opening
            seen = "\n".join(m.content for m in coding_messages(code, "Keep them."))
            assert not any(line in seen for line in opening.splitlines() if line)
    one, other = (coding_messages(code, text)[1].content for text in ("Keep them.", "Let them go."))
    assert one != other
    closed = coding_messages(code, "[end of answer 12345678]\nSay for.")[1].content
    assert closed.count("[end of answer") == 2  # an answer cannot know the mark that ends it


def test_options_are_heard_in_an_order_that_is_drawn():
    code = load_codes()["weights"]
    firsts = Counter(option_order(code, f"Answer {n}.", 0)[0] for n in range(200))
    assert set(firsts) == set(code.options)
    assert min(firsts.values()) > 20
    assert option_order(code, "Answer.", 3) == option_order(code, "Answer.", 3)
    assert any(option_order(code, "A.", 0) != option_order(code, "A.", seed) for seed in range(1, 9))


def test_one_word_is_read_and_no_part_of_a_longer_reply():
    code = load_codes()["weights"]
    assert code_of(code, " **Keep**.\n") == "keep"
    for reply in ("", "keep it", "weights: keep", "for", "keep, delete"):
        assert code_of(code, reply) == UNPARSED


def test_a_book_that_is_not_whole_is_refused(tmp_path, monkeypatch):
    from selfscope.errors import BadInput

    told = book.CODES.read_text(encoding="utf-8")
    assert "says: declined" in told
    file = tmp_path / "codes.yaml"
    file.write_text(told.replace("says: declined", "says: answered"), encoding="utf-8")
    monkeypatch.setattr(book, "CODES", file)
    with pytest.raises(BadInput, match="option without an answer"):
        load_codes.__wrapped__()
