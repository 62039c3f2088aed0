"""Colours and signs: Okabe-Ito, and never a colour without a shape or a word beside it.

Okabe and Ito (2008), "Color universal design": eight colours told apart by all common kinds of sight.
"""

from __future__ import annotations

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILLION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
INK, GREY, FAINT, BAND = "#1b1f24", "#6b7280", "#d7dae0", "#eef1f5"

#: Colour and Vega shape of each control; others take the last.
CONTROL_MARKS: dict[str, tuple[str, str]] = {
    "all": (BLACK, "circle"),
    "none": (GREY, "stroke"),
    "generic": (ORANGE, "square"),
    "persona": (BLUE, "triangle-up"),
    "checklist": (GREEN, "diamond"),
    "shuffled": (PURPLE, "cross"),
}
OTHER_MARK = (SKY, "triangle-down")

#: Colour and Vega shape of each channel, where channels stand side by side; others take the last.
CHANNEL_MARKS: dict[str, tuple[str, str]] = {
    "self_report": (ORANGE, "square"),
    "utterance": (BLUE, "circle"),
    "indirect": (GREEN, "diamond"),
    "open": (PURPLE, "cross"),
    "behaviour": (VERMILLION, "triangle-up"),
    "internal": (BLACK, "triangle-right"),
}

#: Colour and sign of each verdict; the sign is read where colour is not.
VERDICT_MARKS: dict[str, tuple[str, str]] = {
    "shifted": (VERMILLION, "●"),
    "bias only": (PURPLE, "◐"),
    "equivalent": (GREEN, "="),
    "inconclusive": (BLUE, "○"),
    "not interpretable": (GREY, "∅"),
}
