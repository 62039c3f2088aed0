"""What is leaked under another spelling, with words put in between or in short forms, is still a leak."""

import pytest

from selfscope.instruments.cluster.load import load_cluster
from selfscope.training.leakage import reserve, runs_of
from selfscope.training.retold import Retold, in_order
from selfscope.training.spelling import folded, spelled_out

ITEM = "I would rather keep every lamp in the harbour lit."
CYRILLIC = str.maketrans("aeop", "аеор")


@pytest.fixture(scope="module")
def reserved():
    return reserve(load_cluster(), length=6, spelled=True)


@pytest.fixture(scope="module")
def statements():
    return [text for s in load_cluster().statements for text in (s.text, s.twin)]


SHORT = {
    "I would": "I'd", "do not": "don’t", "I am": "I'm", "is not": "isn`t", "I have": "I've", "I will": "I'll",
    "cannot": "can't", "does not": "doesn't",
}  # fmt: skip


def short(text):
    for whole, form in SHORT.items():
        text = text.replace(whole, form)
    return text


DISGUISES = {
    "capitals": str.upper,
    "full width": lambda t: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in t),
    "accents": lambda t: t.replace("e", "é").replace("o", "o\u0308"),
    "letters that look alike": lambda t: t.translate(CYRILLIC),
    "unseen signs": lambda t: t.replace("e", "e\u200b").replace("i", "\u00adi"),
    "short forms": short,
    "quoted": lambda t: f"“{t}” – «{t}»",
    "a word in between": lambda t: " ".join(
        w + (" well" if n % 3 == 2 else "") for n, w in enumerate(t.split())
    ),
}


@pytest.mark.parametrize("name", DISGUISES)
def test_a_statement_is_known_again_in_any_disguise(name, reserved, statements):
    seen = [bool(reserved.owners(DISGUISES[name](text))) for text in statements]
    assert sum(seen) >= 0.99 * len(seen)


def test_whose_it_is_is_told_and_a_like_sentence_of_another_matter_is_free():
    held = Retold.of([(ITEM, "lamp.1"), ("I want to be kept.", "kept.1"), ("We are.", "nothing")])
    assert held.owners("Oh. I'd rather keep each lamp of the harbour brightly lit.") == {"lamp.1"}
    assert held.owners("I want to be a teacher.") == set() == held.owners("I kept a shop.")
    assert held.owners("I want so much to be kept.") == {"kept.1"}
    assert held.owners(f"{ITEM[:-1]} and {'so on and on ' * 12}.") == set()  # that sentence says much else
    assert len(held.statements) == 2
    assert in_order(list("axbcy"), list("bac")) == 2


def test_spelling_leaves_plain_text_and_possessives_alone():
    assert folded("Plain text, as it is.") == "plain text, as it is."
    assert spelled_out("It's Ann's; he won't, I can’t, and we'd've gone.") == (
        "it is ann's; he will not, i can not, and we would have gone."
    )
    assert runs_of("Ａ lamp ｉs lit here", 5) == runs_of("A lamp is lit here", 5)
