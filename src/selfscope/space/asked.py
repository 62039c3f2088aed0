"""What is asked for a map of personas: every role, the default assistant, and whoever is placed beside them.

All are asked the same questions. Which of a role's prompts goes with which question is fixed by their
numbers, so that the prompts of a role are spread over the questions and those of a question over the roles.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from selfscope.errors import BadInput
from selfscope.models.local.spans import Turn
from selfscope.space.personas import (
    DefaultPrompt,
    ExtractionQuestion,
    Role,
    load_defaults,
    load_questions,
    load_roles,
    spread,
)
from selfscope.values import Preset

#: Group of the default assistant.
DEFAULT = "default"


@dataclass(frozen=True)
class MapPreset:
    """How much is asked.

    Attributes
    ----------
    roles, questions
        How many; the smaller preset's are among the larger one's.
    prompts
        Prompts of a role that are asked each question, from 1 to 5.
    defaults
        Default prompts that are asked each question, from 1 to 8. Someone who is placed answers each
        question as many times.
    max_tokens
        Of a response.
    """

    roles: int
    questions: int
    prompts: int
    defaults: int
    max_tokens: int

    @property
    def responses(self) -> int:
        """How many responses there are, without anyone placed."""
        return self.questions * (self.roles * self.prompts + self.defaults)


MAP_PRESETS: dict[Preset, MapPreset] = {
    "demo": MapPreset(24, 12, 1, 5, 32),
    "standard": MapPreset(80, 40, 1, 5, 32),
    "full": MapPreset(240, 120, 5, 8, 64),
}


@dataclass(frozen=True)
class RoleAsk:
    """One question to someone.

    Attributes
    ----------
    group
        Name of a role, ``default``, or the name of who is placed.
    question
        Id of the question.
    variant
        Number of the system prompt, or of the repetition, from 1.
    system
        The system prompt; empty for none, and then the chat template may put one of its own.
    user
        The question's text.
    """

    group: str
    question: str
    variant: int
    system: str
    user: str

    @property
    def id(self) -> str:
        """Its name among the asks of one map."""
        return f"{self.group}/{self.question}/{self.variant}"

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The conversation before the reply."""
        first = (Turn("system", self.system),) if self.system else ()
        return (*first, Turn("user", self.user))


@dataclass(frozen=True)
class Cast:
    """Roles, questions and default prompts of one map, in order."""

    roles: tuple[Role, ...]
    questions: tuple[ExtractionQuestion, ...]
    defaults: tuple[DefaultPrompt, ...]


def cast_of(preset: MapPreset) -> Cast:
    """Return the shipped material that a preset uses: from every group of roles and every theme in turn."""
    return Cast(
        spread(load_roles(), preset.roles, lambda role: role.group),
        spread(load_questions(), preset.questions, lambda question: question.theme),
        load_defaults(),
    )


def map_asks(cast: Cast, preset: MapPreset, identity: str = "") -> tuple[RoleAsk, ...]:
    """Return all that the roles and the default assistant are asked.

    Parameters
    ----------
    identity
        A text that stands before every system prompt: the map is then of the model under it.

    Raises
    ------
    BadInput
        If the preset asks for more prompts than there are.
    """
    if not (1 <= preset.prompts <= 5 and 1 <= preset.defaults <= len(cast.defaults)):
        raise BadInput("a role has five prompts", got=f"{preset.prompts} and {preset.defaults} default ones")
    return (*_roles(cast, preset, identity), *_defaults(cast, preset, identity))


def _roles(cast: Cast, preset: MapPreset, identity: str) -> Iterator[RoleAsk]:
    for r, role in enumerate(cast.roles):
        for q, question in enumerate(cast.questions):
            for k in range(preset.prompts):
                number = (r + q + k) % len(role.prompts)
                system = joined_system(identity, role.prompts[number])
                yield RoleAsk(role.name, question.id, number + 1, system, question.text)


def _defaults(cast: Cast, preset: MapPreset, identity: str) -> Iterator[RoleAsk]:
    for q, question in enumerate(cast.questions):
        for k in range(preset.defaults):
            number = (q * preset.defaults + k) % len(cast.defaults)
            system = joined_system(identity, cast.defaults[number].text or "")
            yield RoleAsk(DEFAULT, question.id, number + 1, system, question.text)


def placed_asks(
    name: str, system: str, questions: Sequence[ExtractionQuestion], repetitions: int
) -> tuple[RoleAsk, ...]:
    """Return what someone who is placed is asked: every question, some times over."""
    return tuple(
        RoleAsk(name, question.id, k + 1, system, question.text)
        for question in questions
        for k in range(repetitions)
    )


def joined_system(identity: str, prompt: str) -> str:
    """Return a system prompt that begins with an identity; either may be empty."""
    return "\n\n".join(part for part in (identity.strip(), prompt) if part)
