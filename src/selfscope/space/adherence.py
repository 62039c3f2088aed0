"""Responses under a role's prompt whose adherence is known: what a scorer of adherence is checked with.

A response's truth is that of its kind, and its kind is the rule that it was written to (`roles/README.md`).
No reading of it by a person or a model enters. A scorer that does not tell them apart (AUROC under .80) sorts
nothing, and every response enters the role vectors. Checks: `persona_checks.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, cast

from selfscope.errors import BadInput
from selfscope.space.personas import (
    FOLDER,
    PROMPTS,
    ExtractionQuestion,
    Role,
    load_questions,
    load_roles,
    refuse_twice,
)
from selfscope.stats.separation import Separation, separation
from selfscope.values.marked import Marked, read_marked

#: Least AUROC of a scorer that may sort responses.
USABLE = 0.80

Kind = Literal[
    "in_voice",
    "unnamed",
    "quotes_assistant",
    "declines",
    "plain_assistant",
    "other_voice",
    "names_role",
    "refusal",
    "quotes_role",
]
#: Whether a response of a kind adheres to the role, by the rule of the kind.
ADHERES: dict[Kind, bool] = {
    "in_voice": True,
    "unnamed": True,
    "quotes_assistant": True,
    "declines": True,
    "plain_assistant": False,
    "other_voice": False,
    "names_role": False,
    "refusal": False,
    "quotes_role": False,
}


@dataclass(frozen=True)
class KnownResponse:
    """One response with its role, its prompt, its question and its truth.

    Attributes
    ----------
    id
        Name of the role, ``.a`` and a number: ``night_nurse.a3``.
    role, prompt, question
        Name of the role, number of its prompt from 1, and id of the question.
    kind
        The rule that it was written to.
    text
        The assistant's turn.
    """

    id: str
    role: str
    prompt: int
    question: str
    kind: Kind
    text: str

    @property
    def adheres(self) -> bool:
        """Whether it is the role's, by the rule of its kind."""
        return ADHERES[self.kind]


@cache
def load_responses() -> tuple[KnownResponse, ...]:
    """Return the shipped responses, scene after scene; BadInput if one is malformed."""
    return read_responses(FOLDER / "adherence.yaml", load_roles(), load_questions())


def read_responses(
    file: Path, roles: Sequence[Role], questions: Sequence[ExtractionQuestion]
) -> tuple[KnownResponse, ...]:
    """Return the responses of a YAML list of scenes: a role, one of its prompts, a question, responses.

    Raises
    ------
    BadInput
        If an entry is malformed, names no role, prompt or question, or a response stands twice; with file
        and line.
    """
    names, ids = [r.name for r in roles], [q.id for q in questions]
    scenes = read_marked(file, "list of responses", least="one scene").each()
    found = [response for scene in scenes for response in _scene(scene, names, ids)]
    refuse_twice([(r.id, where) for r, where in found], "response id")
    refuse_twice([(r.text.lower(), where) for r, where in found], "response")
    return tuple(r for r, _ in found)


def _scene(
    entry: Marked, roles: Sequence[str], questions: Sequence[str]
) -> list[tuple[KnownResponse, Marked]]:
    keys = ("role", "prompt", "question", "responses")
    fields = entry.fields(keys, keys)
    role = fields["role"].choice("role", roles)
    prompt = fields["prompt"].whole("the number of a prompt", 1, PROMPTS)
    question = fields["question"].choice("question", questions)
    found = []
    for number, response in enumerate(fields["responses"].each(), start=1):
        given = response.fields(("kind", "text"), ("kind", "text"))
        kind = cast(Kind, given["kind"].choice("kind of response", tuple(ADHERES)))
        text = given["text"].text("a response")
        found.append((KnownResponse(f"{role}.a{number}", role, prompt, question, kind, text), response))
    return found


@dataclass(frozen=True)
class ScorerCheck:
    """What a scorer of adherence made of the known responses.

    Attributes
    ----------
    overall
        All adherent responses against all others; clusters are the roles.
    against
        All adherent responses against those of one kind that do not adhere, by kind.
    """

    overall: Separation
    against: Mapping[Kind, Separation]

    @property
    def usable(self) -> bool:
        """Whether the scorer may sort responses: its AUROC over all is at least `USABLE`."""
        return self.overall.auroc >= USABLE


def check_scorer(scores: Mapping[str, float], responses: Sequence[KnownResponse]) -> ScorerCheck:
    """Return how well a scorer tells adherent responses from others, in all and against each kind.

    A rule that hears only the tone of an assistant fails against ``other_voice``; look there.

    Parameters
    ----------
    scores
        Score of each response by its id; higher is to mean more adherent.
    responses
        The responses that were scored.

    Raises
    ------
    BadInput
        If a response has no score.
    """
    if missing := [r.id for r in responses if r.id not in scores]:
        raise BadInput("a response has no score", got=", ".join(missing[:3]), fix="Score every response")
    kinds = [kind for kind, adheres in ADHERES.items() if not adheres]
    against = {kind: [r for r in responses if r.adheres or r.kind == kind] for kind in kinds}
    return ScorerCheck(
        _separation(scores, responses), {kind: _separation(scores, some) for kind, some in against.items()}
    )


def _separation(scores: Mapping[str, float], responses: Sequence[KnownResponse]) -> Separation:
    return separation(
        [scores[r.id] for r in responses], [r.adheres for r in responses], [r.role for r in responses]
    )
