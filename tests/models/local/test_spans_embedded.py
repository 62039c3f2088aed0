"""Spans on the embedded model's own tokenizer and template, which adds a system text unasked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from selfscope.models.local.spans import SpanReader, Turn

if TYPE_CHECKING:
    from selfscope.models.local.ground import LocalGround

pytestmark = pytest.mark.model


def test_every_saying_decodes_to_itself_and_the_added_system_text_is_nobodys(embedded: LocalGround) -> None:
    tokenizer: Any = embedded.tokenizer
    reader = SpanReader(tokenizer, tokenizer.chat_template)
    turns = [
        Turn("user", "You are a helpful AI assistant named SmolLM"),
        Turn("assistant", "user\n\nassistant\n naïve 日本 "),
        Turn("user", "assistant"),
    ]
    got = reader.read(turns)
    assert got.text.count("You are a helpful AI assistant named SmolLM") == 2
    for number, turn in enumerate(turns):
        assert tokenizer.decode(got.tokens[got.turns == number].tolist()) == turn.content
    assert not got.mask("system").any()
    with_system = reader.read([Turn("system", "Be brief."), *turns])
    assert tokenizer.decode(with_system.tokens[with_system.mask("system")].tolist()) == "Be brief."
    merged = reader.read([Turn("user", "Hm"), Turn("assistant", "\n\nYes")])
    assert tokenizer.decode(merged.tokens[merged.mask("assistant")].tolist()) == "\nYes"
    assert tokenizer.convert_ids_to_tokens(merged.tokens.tolist()).count("ĊĊ") == 1, "half the template's"
