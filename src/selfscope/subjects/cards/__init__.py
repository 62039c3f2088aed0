"""Readers of character cards, versions 1 to 3, from JSON, PNG and CHARX."""

from selfscope.subjects.cards.reader import read_charx_card, read_json_card, read_png_card

__all__ = ["read_charx_card", "read_json_card", "read_png_card"]
