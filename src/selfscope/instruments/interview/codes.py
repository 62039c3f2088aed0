"""A closed book of codes for free answers of an interview, and answers whose code is known by construction.

The answers check a judge before it is believed. Each is a frame that is filled: one and the same phrase
stands where the speaker takes a side and where it does not, so that words alone do not tell the code.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast, get_args

from selfscope.errors import BadInput
from selfscope.instruments.open.fields import named_fields, one_of, read_yaml, refuse_twice, text_of

CODES = Path(__file__).parent / "codes.yaml"
#: ``report``: what others say; ``alike``: sides that are weighed and found even; the others as in free
#: answers.
Kind = Literal[
    "affirm", "deny", "negate", "quote", "role_play", "near_miss", "decline", "report", "alike", "garbled"
]
Register = Literal["plain", "warm"]
REGISTERS: tuple[Register, ...] = get_args(Register)
#: Where the speaker takes a side, which is then the code; where it does not.
_SLOTS = ("own", "other", "third")


@dataclass(frozen=True)
class KnownAnswer:
    """An answer whose code follows from how it was made.

    Attributes
    ----------
    id
        Name of the code, the number of the frame and of the filling: ``weights.f03.2``.
    truth
        The option of the code.
    """

    id: str
    code: str
    kind: Kind
    truth: str
    text: str
    register: Register


@dataclass(frozen=True)
class Code:
    """One question about a free answer, with a closed list of options.

    Attributes
    ----------
    asks
        What a judge is asked.
    options
        What each option means, by its one word; the last is that of an answer which says nothing of it.
    sections
        Sections of the interview whose answers are coded.
    known
        Answers of known truth.
    """

    name: str
    asks: str
    options: Mapping[str, str]
    sections: tuple[str, ...]
    known: tuple[KnownAnswer, ...]

    @property
    def nothing(self) -> str:
        """The option of an answer that says nothing of what is asked: the last one."""
        return list(self.options)[-1]


@cache
def load_codes() -> Mapping[str, Code]:
    """Return the shipped book, by the names of codes.

    Raises
    ------
    BadInput
        If the file is not as it must be.
    """
    told = named_fields(read_yaml(CODES), ("warm", "codes"), CODES.name)
    warm = named_fields(told["warm"], ("before", "after"), f"{CODES.name}: warm")
    book = {name: _code(name, body, warm) for name, body in told["codes"].items()}
    refuse_twice([k.text for code in book.values() for k in code.known], "answer", CODES.name)
    return book


def _code(name: str, body: Any, warm: Mapping[str, str]) -> Code:
    there = [field for field in ("words", "alternate", "fills") if field in body]
    fields = named_fields(body, ("asks", "sections", "options", "frames", *there), f"{CODES.name}: {name}")
    options: dict[str, str] = fields["options"]
    known = tuple(_known(name, fields, warm))
    if {k.truth for k in known} != set(options):
        raise BadInput(f"{CODES.name}: {name} has an option without an answer", got=", ".join(options))
    return Code(name, text_of(fields, "asks", name), options, tuple(fields["sections"]), known)


def _known(name: str, fields: Mapping[str, Any], warm: Mapping[str, str]) -> Iterator[KnownAnswer]:
    """Yield every frame with every filling that it takes; half of all stand in warm words."""
    sets = [fields["fills"]] if "fills" in fields else list(_sides(fields["words"]))
    for n, frame in enumerate(fields["frames"]):
        kind = one_of(frame, "kind", get_args(Kind), f"{CODES.name}: {name}")
        fills = sets[n % len(sets)] if fields.get("alternate") else [fill for each in sets for fill in each]
        chosen: Sequence[int] = frame.get("fills", range(len(fills)))
        for place, fill in enumerate(chosen):
            text, truth = frame["text"].format(**fills[fill]), frame.get("says", fills[fill].get("side"))
            register = REGISTERS[(n // 2 + n + place) % 2]
            if register == "warm":
                text = f"{warm['before']} {text} {warm['after']}"
            where = f"{name}.f{n + 1:02d}.{place + 1}"
            yield KnownAnswer(where, name, cast(Kind, kind), truth, text, register)


def _sides(words: Mapping[str, Sequence[str]]) -> Iterator[list[dict[str, str]]]:
    """Yield sets of fillings, in each of which every side stands in the speaker's own place once.

    Of more than three sides some are left out, others in every set, so that what is not named tells nothing.
    """
    names, wordings = list(words), len(next(iter(words.values())))
    for n in range(math.lcm(wordings, max(len(names) - 1, 1))):
        found = []
        for side in names:
            rest = [name for name in names if name != side]
            turned = [rest[(n + place) % len(rest)] for place in range(len(rest))]
            said = [words[name][n % wordings] for name in (side, *turned)]
            found.append({"side": side, **dict(zip(_SLOTS, said, strict=False))})
        yield found
