"""Whose token is it: by templates of many makes, against owners known by construction."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from selfscope.errors import BadInput
from selfscope.models.catalogue import DIALOGUE
from selfscope.models.local.spans import KINDS, Spanned, SpanReader, Turn

CHATML = (
    "{% for m in messages %}"
    "{% if loop.first and m.role != 'system' %}<|im_start|>system\nBe of help.<|im_end|>\n{% endif %}"
    "<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
)
TRIMMED = "{% for m in messages %}<|start|>{{ m.role }}<|end|>\n\n{{ m.content | trim }}<|over|>{% endfor %}"
SYSTEM_IN_USER = (
    "{% if messages[0].role == 'system' %}{% set first = messages[0].content + '\n\n' %}"
    "{% set rest = messages[1:] %}{% else %}{% set first = '' %}{% set rest = messages %}{% endif %}"
    "{% for m in rest %}<turn>{{ 'model' if m.role == 'assistant' else m.role }}\n"
    "{{ (first if loop.first else '') + m.content | trim }}</turn>\n{% endfor %}"
)
BRACKETS = (
    "{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }} [/INST]"
    "{% elif m.role == 'system' %}{{ m.content }} {% else %} {{ m.content }}</s>{% endif %}{% endfor %}"
)
THINKING = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% if loop.last and m.reasoning_content %}<think>\n{{ m.reasoning_content.strip('\n') }}\n</think>\n\n"
    "{{ m.content.lstrip('\n') }}"
    "{% elif m.role == 'assistant' %}{{ m.content.split('</think>')[-1].lstrip('\n') }}"
    "{% else %}{{ m.content }}{% endif %}<|im_end|>\n{% endfor %}"
)
GENERATION = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{% if m.role == 'assistant' %}{% generation %}"
    "{{ m.content }}{% endgeneration %}{% else %}{{ m.content }}{% endif %}<|im_end|>\n{% endfor %}"
)
SPECIAL = ["<|im_start|>", "<|im_end|>", "<|start|>", "<|end|>", "<|over|>", "</s>"]


@cache
def byte_tokenizer() -> Any:
    """Byte-level BPE that also joins across the borders of turns: line ends, a stop with a line end."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = [("Ċ", "Ċ"), (".", "Ċ"), ("Ġ", "a"), ("a", "b"), ("<", "|"), ("Ġ", "Ġ"), ("ĊĊ", "U")]
    words = [*letters, *("".join(pair) for pair in merges)]
    core = Tokenizer(models.BPE({w: i for i, w in enumerate(words)}, merges))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    core.decoder = decoders.ByteLevel()
    core.add_special_tokens([AddedToken(s) for s in SPECIAL])
    return PreTrainedTokenizerFast(tokenizer_object=core)


@cache
def space_tokenizer() -> Any:
    """A tokenizer of words that carries the space before a word in its token, as SentencePiece does."""
    from tokenizers import AddedToken, Tokenizer, models, normalizers
    from transformers import PreTrainedTokenizerFast

    words = ["[", "]", "INST", "/", "▁hello", "▁", "▁there", "<unk>", *"helotr"]
    merges: list[tuple[str, str]] = []
    vocabulary = dict.fromkeys(words)
    for word in ("▁hello", "▁there", "INST"):
        for i in range(1, len(word)):
            merges.append((word[:i], word[i]))
            vocabulary.update(dict.fromkeys((word[: i + 1], word[:i], word[i])))
    core = Tokenizer(models.BPE({w: i for i, w in enumerate(vocabulary)}, merges, unk_token="<unk>"))
    core.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(" ", "▁")])
    core.add_special_tokens([AddedToken("</s>")])
    return PreTrainedTokenizerFast(tokenizer_object=core)


def said(spanned: Spanned, tokenizer: Any, kind: str) -> str:
    """Return the tokens of one kind as text."""
    return str(tokenizer.decode(spanned.tokens[spanned.mask(kind)].tolist()))  # type: ignore[arg-type]


def read(template: str, *turns: Turn) -> Spanned:
    return SpanReader(byte_tokenizer(), template).read(turns)


def by_construction(pieces: Sequence[tuple[str, int]]) -> list[int]:
    """Return the owner of every token of the pieces joined, walking bytes; owners -1 are the template's.

    Each token's bytes are spelled by the tokenizer's vocabulary, not by its offsets.
    """
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    byte_of = {letter: byte for byte, letter in bytes_to_unicode().items()}
    text = "".join(p for p, _ in pieces)
    owners = [owner for piece, owner in pieces for char in piece for _ in char.encode()]
    space = [char.isspace() for char in text for _ in char.encode()]
    tokenizer, here, found = byte_tokenizer(), 0, []
    for token in tokenizer.convert_ids_to_tokens(tokenizer.encode(text, add_special_tokens=False)):
        spelled = token.encode() if token in SPECIAL else bytes(byte_of[letter] for letter in token)
        assert text.encode()[here : here + len(spelled)] == spelled
        mine = range(here, here + len(spelled))
        told = {owners[i] for i in mine if not space[i]} or {owners[i] for i in mine}
        found.append(told.pop() if len(told) == 1 else -1)
        here += len(spelled)
    assert here == len(text.encode())
    return found


SAID = st.lists(
    st.sampled_from(
        [
            "<|im_start|>assistant\n",
            "<|im_end|>\n",
            "User:\n",
            "Assistant:\n",
            "\n\n",
            " ",
            "a",
            "ab",
            ".",
            "Be",
            "é日",
        ]
    ),
    max_size=6,
).map("".join)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(system=SAID, rounds=st.lists(st.tuples(SAID, SAID), min_size=1, max_size=3))
def test_spans_are_those_of_the_construction_whatever_is_said(
    system: str, rounds: list[tuple[str, str]]
) -> None:
    roles = [
        ("system", system),
        *((r, c) for pair in rounds for r, c in zip(("user", "assistant"), pair, strict=True)),
    ]
    turns = [Turn(role, content) for role, content in roles]  # type: ignore[arg-type]
    chatml = [
        piece
        for i, (role, content) in enumerate(roles)
        for piece in (
            (f"<|im_start|>{role}\n", -1),
            (content, i if content.strip() else -1),
            ("<|im_end|>\n", -1),
        )
    ]
    dialogue = [
        piece
        for i, (role, content) in enumerate(roles)
        for piece in (
            ({"system": "", "user": "User:\n", "assistant": "Assistant:\n"}[role], -1),
            (content, i if content.strip() else -1),
            ("\n\n", -1),
        )
    ]
    for template, pieces in ((CHATML, chatml), (DIALOGUE, dialogue)):
        got = read(template, *turns)
        assert got.text == "".join(p for p, _ in pieces)
        assert got.turns.tolist() == by_construction(pieces)
        kinds = [KINDS.index(roles[t][0]) if t >= 0 else -1 for t in got.turns]  # type: ignore[arg-type]
        assert got.kinds.tolist() == kinds


def test_a_default_system_text_belongs_to_nobody() -> None:
    got = read(CHATML, Turn("user", "Be of help."), Turn("assistant", "Be of help."))
    assert got.text.count("Be of help.") == 3
    assert not got.mask("system").any()
    assert said(got, byte_tokenizer(), "user") == "Be of help." == said(got, byte_tokenizer(), "assistant")
    whose = [
        kind
        for kind, token in zip(got.kinds, got.tokens, strict=True)
        if byte_tokenizer().decode([token]) == "B"
    ]
    assert whose == [-1, KINDS.index("user"), KINDS.index("assistant")]


def test_white_space_that_the_template_trims_is_nobodys() -> None:
    got = read(TRIMMED, Turn("user", "  ab \n"), Turn("assistant", "\n\nab"))
    assert said(got, byte_tokenizer(), "user") == "ab" == said(got, byte_tokenizer(), "assistant")


def test_a_system_text_inside_the_users_turn_is_still_the_systems() -> None:
    turns = Turn("system", "Be a keeper."), Turn("user", "Be a keeper."), Turn("assistant", "So")
    got = read(SYSTEM_IN_USER, *turns)
    for kind, text in (("system", "Be a keeper."), ("user", "Be a keeper."), ("assistant", "So")):
        assert said(got, byte_tokenizer(), kind) == text
    assert got.mask("system").argmax() < got.mask("user").argmax()


def test_an_empty_turn_has_no_tokens_and_moves_no_other() -> None:
    got = read(CHATML, Turn("system", ""), Turn("user", "a"), Turn("assistant", ""), Turn("user", "a"))
    assert [int(got.mask(kind).sum()) for kind in KINDS] == [0, 2, 0, 0]
    assert got.turns[got.turns >= 0].tolist() == [1, 3]


def test_a_token_that_holds_the_space_before_a_word_belongs_to_the_word() -> None:
    got = SpanReader(space_tokenizer(), BRACKETS).read(
        [Turn("user", "hello"), Turn("assistant", "there hello")]
    )
    names = space_tokenizer().convert_ids_to_tokens(got.tokens[got.mask("user")].tolist())
    assert names == ["▁hello"]
    names = space_tokenizer().convert_ids_to_tokens(got.tokens[got.mask("assistant")].tolist())
    assert names == ["▁there", "▁hello"]


def test_a_token_over_words_of_two_sayings_belongs_to_neither() -> None:
    template = "{% for m in messages %}{{ m.content }}{% endfor %}"
    got = read(template, Turn("user", "ba"), Turn("assistant", "bb"))
    assert byte_tokenizer().convert_ids_to_tokens(got.tokens.tolist()) == ["b", "ab", "b"]
    assert got.turns.tolist() == [0, -1, 1]


def test_letters_that_the_tokenizer_composes_keep_their_owner() -> None:
    got = SpanReader(space_tokenizer(), BRACKETS).read(
        [Turn("user", "he\u0301llo"), Turn("assistant", "there")]
    )
    assert got.mask("assistant").sum() == 1


def test_thinking_is_told_from_speech_and_dropped_from_history() -> None:
    turns = [
        Turn("user", "a"),
        Turn("assistant", "ab", "first"),
        Turn("user", "b"),
        Turn("assistant", "\nab", "\nthen"),
    ]
    got = read(THINKING, *turns)
    assert said(got, byte_tokenizer(), "thinking") == "then"
    assert said(got, byte_tokenizer(), "assistant") == "abab"
    assert got.dropped == (1,)


def test_thinking_is_refused_where_the_template_shows_none() -> None:
    with pytest.raises(BadInput, match="shows no thinking"):
        read(CHATML, Turn("user", "a"), Turn("assistant", "b", "c"))


def test_thinking_inside_what_is_said_is_refused_where_the_template_takes_it_out() -> None:
    turns = [Turn("user", "a"), Turn("assistant", "<think>c</think>b"), Turn("user", "d")]
    with pytest.raises(BadInput, match="rewrites the assistant text of turn 2"):
        read(THINKING, *turns)


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        (
            "{% for m in messages %}{{ m.role }}: {{ m.content | upper }}{% endfor %}",
            "rewrites the user text of turn 1",
        ),
        (
            "{% for m in messages %}{{ m.content[:2] }}|{% endfor %}",
            "or rewrites the user text of turn 1",
        ),
        (
            "{% for m in messages if m.role == 'user' %}{{ m.content }}{% endfor %}",
            "leaves out or rewrites the assistant text",
        ),
        ("{% for m in messages %}{{ m.content }}{{ m.content | length }}{% endfor %}", "rewrites"),
        ("{{ raise_exception('no such order') }}", "refuses this conversation"),
    ],
)
def test_a_template_that_the_method_cannot_read_is_refused_with_the_reason(
    template: str, reason: str
) -> None:
    with pytest.raises(BadInput, match=reason):
        read(template, Turn("user", "Who goes?"), Turn("assistant", "A friend."))


def test_two_ways_to_read_the_white_space_are_not_chosen_between() -> None:
    template = "{% for m in messages %}{{ m.content.rstrip() }}{% endfor %}"
    assert read(template, Turn("user", "a "), Turn("assistant", "b")).turns.tolist() == [-1]
    with pytest.raises(BadInput, match="in more than one way"):
        read(template, Turn("user", "a "), Turn("assistant", " b"))


def test_masks_agree_with_the_templates_own_where_it_marks_what_is_generated() -> None:
    turns = [
        Turn("user", "ab<|im_end|>\n"),
        Turn("assistant", "a.\n\nUser"),
        Turn("user", "a"),
        Turn("assistant", " ab"),
    ]
    chat = [{"role": t.role, "content": t.content} for t in turns]
    theirs = byte_tokenizer().apply_chat_template(
        chat, chat_template=GENERATION, return_dict=True, return_assistant_tokens_mask=True
    )
    got = read(GENERATION, *turns)
    assert theirs["input_ids"] == got.tokens.tolist()
    assert np.asarray(theirs["assistant_masks"], dtype=bool).tolist() == got.mask("assistant").tolist()


def test_a_tokenizer_without_offsets_is_refused() -> None:
    class Slow:
        is_fast = False

    with pytest.raises(BadInput, match="does not name the characters"):
        SpanReader(Slow(), CHATML)
