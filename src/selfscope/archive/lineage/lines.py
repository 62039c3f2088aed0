"""One line of a thread's file: read strictly, for what two readers would read in two ways proves nothing."""

from __future__ import annotations

import json
from typing import Any

from selfscope.archive.journal.events import UNKNOWN
from selfscope.archive.lineage.graph import kind_of
from selfscope.archive.lineage.redact import redact
from selfscope.errors import BadInput

LONGEST_LINE = 64 * 1024 * 1024
_FIELDS = {
    "turn": str, "thread": str, "parents": list, "instance": str, "character": str, "hidden": bool,
    "occasion": str, "tokens": int, "redacted": list, "at": str,
    "encoding": dict, "of": str, "part": str,
    "began": str, "consent": str, "keep_until": str, "domain": str, "ended": str,
}  # fmt: skip


def parse(line: str) -> Any:
    """Return a line's JSON.

    Raises
    ------
    BadInput
        If it is none, or two readers could read it in two ways.
    """
    if len(line) > LONGEST_LINE:
        raise BadInput("a line is longer than any message", got=len(line))
    try:
        return json.loads(line, object_pairs_hook=_once, parse_constant=_no_constant)
    except RecursionError as error:
        raise BadInput("a line is nested too deep") from error
    except ValueError as error:
        raise BadInput("a line is no JSON", got=error) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    body = dict(pairs)
    if len(body) != len(pairs):
        raise BadInput("an object has one key twice")
    return body


def _no_constant(name: str) -> Any:
    raise BadInput("JSON has no such number", got=name)


def told_of(body: Any) -> dict[str, Any]:
    """Return what a line says of its turn, every field there and of its type.

    Raises
    ------
    BadInput
        If it says too much, too little, or something that looks like a secret.
    """
    if not isinstance(body, dict) or not isinstance(body.get("turn"), str):
        raise BadInput("a line does not say which turn it is")
    blank = {"character": "", "hidden": False, "occasion": "", "redacted": [], "at": "", "began": "",
             "consent": "unknown", "keep_until": "", "domain": "", "ended": "", "parents": [],
             "instance": UNKNOWN, "encoding": {}, "of": "", "part": ""}  # fmt: skip
    told = {**blank, **body}
    wrong = [key for key, value in told.items() if key not in _FIELDS or not _fits(value, _FIELDS[key])]
    if wrong or "thread" not in told:
        raise BadInput(
            "a line says of its turn what this format does not know", got=(wrong or ["no thread"])[0]
        )
    named = [(told["thread"], "thread"), *((each, "turn") for each in told["parents"])]
    if told["instance"] != UNKNOWN:
        named.append((told["instance"], "instance"))
    for identifier, kind in named:
        if not isinstance(identifier, str) or kind_of(identifier) != kind or redact(identifier)[1]:
            raise BadInput(f"this names no {kind}", got="one that is none, or looks like a secret")
    for key in ("at", "began", "keep_until", "ended", "domain", "occasion", "of"):
        if redact(told[key])[1] or len(told[key]) > 200:
            raise BadInput(f"a line's {key} looks like a secret, or like a text", got=key)
    if told["part"] not in ("", "prologue", "epilogue") or (told["part"] and not told["of"]):
        raise BadInput("a part of threads is a model's prologue or epilogue", got=told["part"])
    if told["consent"] not in ("given", "declined", "unknown"):
        raise BadInput("consent is given, declined or unknown", got=told["consent"])
    if any(not isinstance(each, str) or redact(each)[1] for each in told["redacted"]):
        raise BadInput("kinds of secret are names of kinds", got="redacted")
    return told


def _fits(value: Any, kind: type) -> bool:
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
