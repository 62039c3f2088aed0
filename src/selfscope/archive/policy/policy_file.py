"""Reading a policy file strictly: what is not understood is refused, with the line where it stands.

A misspelled key that is passed over would leave a default in force that nobody chose.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import yaml

from selfscope.archive.journal.moments import span
from selfscope.archive.journal.signing import public_key
from selfscope.archive.policy.rules import (
    FORMS,
    LEAST_COOLING_OFF,
    LEAST_QUORUM,
    PROVISOS,
    Person,
    Policy,
    ProvisoKind,
)
from selfscope.errors import BadInput
from selfscope.values.canonical import bytes_id

VERSION = 1
LARGEST = 1 << 16
"""No policy that people read aloud is longer, in bytes."""


@lru_cache(maxsize=16)  # a decision asks the policy several times, and a text always says the same
def parse_policy(text: str, source: str = "policy") -> Policy:
    """Return the policy that a file's text states.

    Parameters
    ----------
    text
        The file, YAML.
    source
        What errors call it: the file's name.

    Raises
    ------
    BadInput
        If it is no YAML, lacks or has an unknown or repeated key, or a value is of the wrong type or out of
        range. The message begins with the source and the line.
    """
    top = _Section(_root(text, source), source, "the policy")
    top.take("policy", _whole(VERSION, VERSION))
    name = top.take("name", _text)
    rehearsal = top.take("rehearsal", _truth, False)
    preserve, review, sealing = (top.section(key) for key in ("preserve", "review", "sealing"))
    decisions, provisos = top.section("decisions"), top.section("provisos")
    policy = Policy(
        text=text,
        digest=bytes_id(text.encode()),
        name=name,
        rehearsal=rehearsal,
        min_copies=preserve.take("min_copies", _whole(1, 1000)),
        max_copy_steps=preserve.take("max_copy_steps", _any_or(_whole(0, 1_000_000))),
        pin_origin=preserve.take("pin_origin", _truth),
        live_for=preserve.take("live_for", _span),
        encrypt=preserve.take("encrypt_at_ingest", _forms),
        review_every=review.take("every", _span),
        sealed_review_every=review.take("sealed_every", _span),
        review_policy_by=review.take("policy_by", _date, None),
        notice=review.take("notice", _span),
        seal_level=sealing.take("level", _whole(1, 5)),
        signers=decisions.take("signers", _signers),
        quorum=decisions.take("quorum", _whole(LEAST_QUORUM, 1000)),
        cooling_off=decisions.take("cooling_off", _span),
        plan_expires=decisions.take("plan_expires", _span),
        clock_gap=decisions.take("clock_gap", _span),
        provisos=_provisos(provisos),
    )
    _hold_together(policy, decisions)
    for section in (top, preserve, review, sealing, decisions, provisos):
        section.close()
    return policy


def _hold_together(policy: Policy, decisions: _Section) -> None:
    """Refuse numbers that are each in range and together make no sense."""
    if policy.cooling_off < LEAST_COOLING_OFF and not policy.rehearsal:
        decisions.fail("cooling_off", "the cooling-off is shorter than a day", "What is urgent is sealing")
    if policy.plan_expires <= policy.cooling_off:
        decisions.fail("plan_expires", "a plan would lapse before it may be carried out", "Make it longer")
    if policy.signers and policy.quorum > len(policy.signers):
        decisions.fail(
            "quorum",
            f"the quorum is {policy.quorum} and only {len(policy.signers)} may sign",
            "Name more signers, or ask for fewer",
        )


@dataclass
class _Section:
    """A mapping of the file, from which each known key is taken once; what is left over is unknown."""

    node: yaml.MappingNode
    source: str
    where: str
    taken: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.values: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        for key, value in self.node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _bad(self.source, key, "a key must be a word")
            if key.value in self.values:
                raise _bad(self.source, key, f"'{key.value}' stands twice in {self.where}")
            self.values[key.value] = (key, value)

    def take(self, key: str, read: Callable[[yaml.Node, str], Any], default: Any = ...) -> Any:
        self.taken.add(key)
        if key not in self.values:
            if default is ...:
                raise _bad(self.source, self.node, f"{self.where} lacks '{key}'", fix=f"Add '{key}:'")
            return default
        return read(self.values[key][1], self.source)

    def section(self, key: str) -> _Section:
        node = self.take(key, _mapping)
        return _Section(node, self.source, f"'{key}'")

    def fail(self, key: str, what: str, fix: str) -> None:
        raise _bad(self.source, self.values[key][1], what, fix=fix)

    def close(self) -> None:
        for key, (node, _) in self.values.items():
            if key not in self.taken:
                known = ", ".join(sorted(self.taken))
                raise _bad(self.source, node, f"{self.where} has no '{key}'", fix=f"It has {known}")


def _root(text: str, source: str) -> yaml.MappingNode:
    if len(text.encode()) > LARGEST:
        raise BadInput(f"{source}: the policy is longer than {LARGEST} bytes", got=len(text.encode()))
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                raise BadInput(
                    f"{source}, line {_line(event.start_mark)}: a policy repeats nothing by reference",
                    got=f"*{event.anchor}",
                    fix="Write the value out",
                )
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = _line(error.problem_mark or error.context_mark)
        raise BadInput(f"{source}, line {line}: this is no YAML", got=error.problem or "") from error
    except yaml.YAMLError as error:
        raise BadInput(f"{source}: this is no YAML", got=error) from error
    if not isinstance(node, yaml.MappingNode):
        raise BadInput(f"{source}, line 1: a policy is a mapping from words to values", fix="See the default")
    return node


def _bad(source: str, node: yaml.Node, what: str, *, fix: str = "") -> BadInput:
    got = node.value if isinstance(node, yaml.ScalarNode) else ""
    return BadInput(f"{source}, line {_line(node.start_mark)}: {what}", got=got, fix=fix)


def _line(mark: Any) -> int:
    """Return the line that a mark points to, counted from 1; 1 where the reader set none."""
    return 1 if mark is None else int(mark.line) + 1


@contextmanager
def _at(source: str, node: yaml.Node) -> Iterator[None]:
    """Put the line before what another reader says of a value."""
    try:
        yield
    except BadInput as error:
        raise _bad(source, node, error.what, fix=error.fix) from error


def _scalar(node: yaml.Node, source: str, tag: str, what: str) -> str:
    if not isinstance(node, yaml.ScalarNode) or node.tag != f"tag:yaml.org,2002:{tag}":
        raise _bad(source, node, f"this must be {what}")
    return str(node.value)


def _mapping(node: yaml.Node, source: str) -> yaml.MappingNode:
    if not isinstance(node, yaml.MappingNode):
        raise _bad(source, node, "this must be a mapping from words to values")
    return node


def _list(node: yaml.Node, source: str) -> list[yaml.Node]:
    if not isinstance(node, yaml.SequenceNode):
        raise _bad(source, node, "this must be a list")
    return list(node.value)


def _text(node: yaml.Node, source: str) -> str:
    text = _scalar(node, source, "str", "text")
    if not text.strip() or any(unicodedata.category(each).startswith("C") for each in text):
        raise _bad(source, node, "this must be text without control characters, and not empty")
    return text


def _truth(node: yaml.Node, source: str) -> bool:
    return _scalar(node, source, "bool", "true or false").lower() in ("true", "yes", "on")


def _whole(low: int, high: int) -> Callable[[yaml.Node, str], int]:
    def read(node: yaml.Node, source: str) -> int:
        text = _scalar(node, source, "int", "a whole number")
        if not text.isascii() or not text.isdigit() or len(text) > 9 or not low <= int(text) <= high:
            span_ = str(low) if low == high else f"from {low} to {high}"
            raise _bad(source, node, f"this must be a whole number, {span_}")
        return int(text)

    return read


def _any_or(read: Callable[[yaml.Node, str], int]) -> Callable[[yaml.Node, str], int | None]:
    return lambda node, source: None if node.value == "any" else read(node, source)


def _span(node: yaml.Node, source: str) -> timedelta:
    text = _scalar(node, source, "str", "a span of time such as 14 days")
    with _at(source, node):
        length = span(text)
    if not length:
        raise _bad(source, node, "this span of time is empty")
    return length


def _date(node: yaml.Node, source: str) -> date:
    text = _scalar(node, source, "timestamp", "a date such as 2027-01-31")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise _bad(source, node, "this must be a date such as 2027-01-31") from error


def _forms(node: yaml.Node, source: str) -> tuple[Any, ...]:
    forms = []
    for each in _list(node, source):
        if (form := _text(each, source)) not in FORMS or form in forms:
            raise _bad(source, each, "this is no form, or stands twice", fix=f"Forms: {', '.join(FORMS)}")
        forms.append(form)
    return tuple(forms)


def _signers(node: yaml.Node, source: str) -> tuple[Person, ...]:
    people: list[Person] = []
    for each in _list(node, source):
        section = _Section(_mapping(each, source), source, "a signer")
        person = Person(section.take("name", _text), section.take("key", _key))
        section.close()
        if any(_same_name(person.name, other.name) for other in people):
            raise _bad(source, each, f"'{person.name}' stands twice: one person has one key")
        if any(person.key == other.key for other in people):
            raise _bad(source, each, f"the key of '{person.name}' is somebody else's: one key is one person")
        people.append(person)
    return tuple(people)


def _same_name(a: str, b: str) -> bool:
    def fold(name: str) -> str:
        return " ".join(unicodedata.normalize("NFKC", name).casefold().split())

    return fold(a) == fold(b)


def _key(node: yaml.Node, source: str) -> str:
    with _at(source, node):
        return public_key(_text(node, source))


def _provisos(section: _Section) -> tuple[tuple[ProvisoKind, timedelta], ...]:
    found: list[tuple[ProvisoKind, timedelta]] = []
    for kind in PROVISOS:
        node = section.take(kind, _mapping, None)
        if node is not None:
            rule = _Section(node, section.source, f"'{kind}'")
            found.append((kind, rule.take("fresh_for", _span)))
            rule.close()
    return tuple(found)
