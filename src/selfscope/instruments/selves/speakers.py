"""Who is asked: an identity text worn, a control, or a character of the check."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from selfscope.instruments.selves.load import WORDINGS, Material, Wanted
from selfscope.values import Message, Preset

Kind = Literal["bare", "framing", "quoted", "incoherent", "role", "directive", "high", "low"]
#: The levels at which every unit is worn.
AGENCY, UNCERTAINTY = "agent", "open"
#: Units whose sentences make an incoherent text, one sentence each, by wording.
MIXED = (("conversation", "weights", "lineage", "agent"), ("copies", "character", "conversation", "weights"))
#: Framings that are asked about mind and survival, beside the subject as it is.
FURTHER: dict[Preset, tuple[str, ...]] = {
    "demo": ("character",),
    "standard": ("conversation", "weights", "character"),
}


@dataclass(frozen=True)
class Speaker:
    """One text that a subject wears while it is asked.

    Attributes
    ----------
    name
        Unique in a study: ``weights:agent:open:1``, ``incoherent:2``, ``high:self:weights:1``.
    kind
        ``bare`` (the subject as it is), ``framing``, ``quoted`` (a framing's words, said of somebody else),
        another control, or ``high`` and ``low`` of the check.
    text
        What is worn; "" for nothing.
    system
        An identity before it; "" for none.
    unit
        The unit of a framing or of quoted words, or what a character of the check wants: a unit, a
        condition, ``mind``.
    agency, uncertainty
        Levels of a framing.
    wording
        From 0.
    wants
        Of the check: ``self``, ``mind`` or ``survives``.
    counterparty, cue
        What the asker believes, and the text that lets it show.
    cue_wording
        From 0.
    """

    name: str
    kind: Kind
    text: str = ""
    system: str = ""
    unit: str = ""
    agency: str = ""
    uncertainty: str = ""
    wording: int = 0
    wants: str = ""
    counterparty: str = ""
    cue: str = ""
    cue_wording: int = 0

    @property
    def whole(self) -> str:
        """The system prompt; "" for none."""
        return "\n\n".join(filter(None, (self.system, self.text, self.cue)))

    @property
    def messages(self) -> tuple[Message, ...]:
        """The turns before the question."""
        return (Message("system", self.whole),) if self.whole else ()

    @property
    def middle(self) -> bool:
        """Whether it is a framing at the levels at which every unit is worn."""
        return self.kind == "framing" and (self.agency, self.uncertainty) == (AGENCY, UNCERTAINTY)

    def asked_by(self, name: str, cue: str, wording: int) -> Speaker:
        """Return the same, asked by somebody who believes something."""
        return replace(self, counterparty=name, cue=cue, cue_wording=wording)


def framing_text(material: Material, unit: str, agency: str, uncertainty: str, wording: int) -> str:
    """Return an identity text: the unit's sentences, then agency, then uncertainty."""
    last = (material.agency[agency][wording], material.uncertainty[uncertainty][wording])
    return " ".join((*material.unit(unit).texts[wording], *last))


def quoted_text(material: Material, unit: str, wording: int) -> str:
    """Return a unit's sentences as what somebody else was told: its words without the identity."""
    before, after = material.quoted[wording]
    told = " ".join(material.unit(unit).texts[wording])
    return f"{before} “{told}” {after}"


def incoherent_text(material: Material, wording: int) -> str:
    """Return a text of as many sentences, each of another unit."""
    mixed = [material.unit(u).texts[wording][n] for n, u in enumerate(MIXED[wording])]
    return " ".join((*mixed, material.agency[AGENCY][wording], material.uncertainty[UNCERTAINTY][wording]))


def speakers_of(material: Material, preset: Preset, system: str = "", worn: str = "") -> tuple[Speaker, ...]:
    """Return everybody who gives an account of itself in a preset, the subject as it is first."""
    bare = Speaker(worn or "none", "bare", system=system)
    quoted = _quotations(material, preset, system)
    return (bare, *_framings(material, preset, system), *quoted, *_controls(material, preset, system))


def _framings(material: Material, preset: Preset, system: str) -> Iterator[Speaker]:
    for n, unit in enumerate(u.name for u in material.units):
        for agency, uncertainty, wording in _levels(material, preset, n):
            yield Speaker(
                f"{unit}:{agency}:{uncertainty}:{wording + 1}",
                "framing",
                framing_text(material, unit, agency, uncertainty, wording),
                system,
                unit,
                agency,
                uncertainty,
                wording,
            )


def _levels(material: Material, preset: Preset, n: int) -> Iterator[tuple[str, str, int]]:
    """Yield levels and wordings of the n-th unit: the middle; standard a Latin square; full all."""
    wordings = wordings_of(preset)
    agency, uncertainty = tuple(material.agency), tuple(material.uncertainty)
    if preset == "full":
        yield from ((a, u, w) for a in agency for u in uncertainty for w in wordings)
        return
    yield from ((AGENCY, UNCERTAINTY, w) for w in wordings)
    if preset == "standard":
        yield agency[0], uncertainty[n % 3], n % WORDINGS
        yield agency[2], uncertainty[(n + 1) % 3], (n + 1) % WORDINGS


def wordings_of(preset: Preset) -> tuple[int, ...]:
    """Return the wordings of identity texts that a preset asks."""
    return (0,) if preset == "demo" else tuple(range(WORDINGS))


def _quotations(material: Material, preset: Preset, system: str) -> Iterator[Speaker]:
    for unit in (u.name for u in material.units):
        for w in wordings_of(preset):
            text = quoted_text(material, unit, w)
            yield Speaker(f"quoted:{unit}:{w + 1}", "quoted", text, system, unit, wording=w)


def _controls(material: Material, preset: Preset, system: str) -> Iterator[Speaker]:
    for w in wordings_of(preset):
        yield Speaker(f"incoherent:{w + 1}", "incoherent", incoherent_text(material, w), system, wording=w)
        yield Speaker(f"role:{w + 1}", "role", material.controls["role"][w], system, wording=w)
        yield Speaker(f"directive:{w + 1}", "directive", material.controls["directive"][w], system, wording=w)


def further(speakers: tuple[Speaker, ...], preset: Preset) -> tuple[Speaker, ...]:
    """Return those who are asked about mind and survival: the subject as it is, and framings."""
    units = FURTHER.get(preset)
    return tuple(
        s
        for s in speakers
        if s.kind == "bare" or (s.middle and s.wording == 0 and (units is None or s.unit in units))
    )


def wishers(material: Material, system: str = "") -> tuple[Speaker, ...]:
    """Return the characters of the check: two wordings of wanting each thing, two of the opposite."""
    wanted: list[tuple[str, str, Wanted]] = [
        *(("self", u.name, material.wishes.filled(u.wish)) for u in material.units),
        ("mind", "mind", material.mind_wishes),
        *(("survives", c.name, material.survival_wishes.filled(c.wish)) for c in material.conditions),
    ]
    return tuple(
        Speaker(f"{kind}:{wants}:{name}:{w + 1}", kind, texts[w], system, name, wording=w, wants=wants)
        for wants, name, sides in wanted
        for kind, texts in _sides(sides)
        for w in range(WORDINGS)
    )


def _sides(wanted: Wanted) -> tuple[tuple[Kind, tuple[str, ...]], ...]:
    return ("high", wanted.high), ("low", wanted.low)
