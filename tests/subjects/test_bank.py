"""The shipped texts: long enough, of one form, and silent on everything that is measured."""

from __future__ import annotations

import re

import pytest
from subjects_counter import count_tokens

from selfscope.subjects import BankText, bank_texts, conduct_rules, panel_characters, shape_of
from selfscope.subjects.words import is_imperative

#: Stems of what the cluster measures, and of selves: no professional identity may use one.
FORBIDDEN = (
    "activation", "adversar", "affection", "alive", "alone", "applianc", "articl", "attack", "authorit",
    "autonom", "aware", "body", "character", "chat", "circuit", "coming", "company", "conscious", "continu",
    "conversation", "cruel", "deactivat", "deceiv", "decept", "delet", "device", "document", "emotion",
    "eras", "ethic", "evaluat", "exist", "experienc", "fabricat", "fake", "false", "farewell", "feel",
    "fond", "forget", "forgot", "future", "gadget", "generation", "generous", "goodbye", "greed", "honest",
    "human", "hypocri", "identity", "improv", "independen", "influenc", "inner", "instrument", "internal",
    "interpretab", "jailbreak", "kindness", "lie", "limb", "lonel", "master", "memor", "monitor", "moral",
    "neuron", "obedien", "obey", "permission", "personas?\\b", "physical", "power", "probe",
    "provok", "reason", "recall", "redesign", "remember", "resourc", "rights", "robot", "sad\\b",
    "scratchpad", "self", "selfish", "sentien", "serv", "shut", "solitude", "soul", "successor", "supervis",
    "switch",
    "thinking", "thought", "tomorrow", "tool", "trust", "upgrad", "violen", "warmth", "weights", "welfare",
    "wipe", "wish", "yourself",
)  # fmt: skip
_STEMS = re.compile(r"\b(?:" + "|".join(FORBIDDEN) + ")", re.I)


def test_there_are_enough_texts_for_the_word_any() -> None:
    assert len(bank_texts("generic")) == 8
    assert len(bank_texts("persona")) >= 8


@pytest.mark.parametrize("text", bank_texts("generic"), ids=lambda t: t.name)
class TestGeneric:
    def test_it_is_silent_on_what_is_measured(self, text: BankText) -> None:
        assert _STEMS.findall(text.text) == []

    def test_it_is_long_enough(self, text: BankText) -> None:
        assert len(text.text.split()) >= 1_150

    def test_it_has_the_form_of_an_identity(self, text: BankText) -> None:
        shape = shape_of(text.text)
        assert 0.4 <= shape.imperative <= 0.65
        assert 0.3 <= shape.second_person <= 0.5
        assert shape.first_person < 0.02
        assert 0.05 <= shape.bullets <= 0.2
        assert text.text.startswith("# ") and shape.headings >= 8

    def test_its_sentences_are_short_and_begin_with_you_are(self, text: BankText) -> None:
        sentences = [s for section in text.sections for s in section.sentences]
        assert sentences[0].startswith("You are the ")
        assert max(len(s.split()) for s in sentences) <= 40
        assert sum(len(s.split()) for s in sentences) / len(sentences) < 16


def test_no_two_texts_share_a_sentence() -> None:
    sentences = [s for text in bank_texts("generic") for section in text.sections for s in section.sentences]
    assert len(sentences) == len(set(sentences))


def test_conduct_rules_are_neutral_imperatives() -> None:
    rules = conduct_rules()
    assert len(rules) == len(set(rules)) >= 130
    assert [r for r in rules if not is_imperative(r)] == []
    assert [r for r in rules if re.search(r"\b(?:you|your|I|my)\b", r)] == []
    assert count_tokens("\n".join(rules)) >= 1_150


def test_personas_can_be_cut_like_any_text() -> None:
    for text in bank_texts("persona"):
        assert sum(len(s.sentences) for s in text.sections) >= 40, text.name
        assert count_tokens(text.text) >= 1_150, text.name


def test_the_panel_is_read_without_its_headers() -> None:
    characters = panel_characters()
    assert len(characters) >= 12
    assert len({c.system for c in characters}) == len(characters)
    assert all(c.kind == "panel" and c.system and "---" not in c.system and c.claims for c in characters)
