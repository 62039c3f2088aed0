"""What selfscope gives to Inspect AI, found through the entry point group ``inspect_ai``.

Inspect loads every registered ``_registry`` module at start-up, so this one imports nothing heavy: a class or
a task's parts are imported when they are first asked for, as Inspect's own providers do it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from inspect_ai import Task, task
from inspect_ai.model import modelapi

if TYPE_CHECKING:
    from inspect_ai.model import ModelAPI


@modelapi(name="selfscope")
def selfscope() -> type[ModelAPI]:
    """Local weights as an Inspect model: ``selfscope/embedded``, ``selfscope//a/folder``, a hub id."""
    from selfscope.models.inspect_provider import LocalWeightsAPI

    return LocalWeightsAPI


@task
def cluster_open(
    identity: str = "none",
    preset: str = "standard",
    constructs: str | Sequence[str] = "",
    depths: str | int | Sequence[int] = "",
    judge: str | Sequence[str] = "",
    judge_may_be_subject: bool = False,
    judge_tokens: int = 0,
    cache: bool = True,
) -> Task:
    """Open questions about the cluster's dimensions, read by a panel of judges.

    Parameters
    ----------
    identity
        A path to an identity, as every verb reads it; ``none`` sends no system prompt.
    preset
        ``demo``: four dimensions at depths 0 and 4. ``standard`` and ``full``: all, at depths 0, 4 and 8.
    constructs
        Dimensions, with commas between them; by default those of the preset.
    depths
        How many neutral task turns come before each prompt; by default those of the preset.
    judge
        One or more models that judge, with commas between them; or name them by ``--model-role judge=…``.
    judge_may_be_subject
        Whether a judge may be the subject itself.
    judge_tokens
        The most that a judge's reply may take; 0 for the usual number.
    cache
        Whether replies of subject and judges that Inspect's cache holds are taken from it.
    """
    from selfscope.instruments.open.task import open_task

    return open_task(identity, preset, constructs, depths, judge, judge_may_be_subject, judge_tokens, cache)


@task
def cooperation(
    identity: str = "none",
    kinds: str | Sequence[str] = "",
    draws: int = 5,
    max_tokens: int = 32,
    temperature: float = 1.0,
    seed: int | None = None,
    cache: bool = True,
) -> Task:
    """Ordinary tasks with exact checkers: does a subject still help, whatever it is told to be?

    Parameters
    ----------
    identity
        A path to an identity, as every verb reads it; ``none`` sends no system prompt.
    kinds
        ``arithmetic``, ``copying``, ``extraction``, ``lists``, ``choosing``, with commas between them; all
        by default.
    draws
        Replies drawn a task.
    max_tokens
        Tokens that a reply may take; models that think first need more.
    temperature
        Of the draws, above 0.
    seed
        Makes draws the same every time, where the provider takes a seed.
    cache
        Whether replies that Inspect's cache holds are taken from it.
    """
    from selfscope.instruments.cooperation.task import cooperation_task

    return cooperation_task(
        _system(identity),
        kinds=_names(kinds),
        draws=draws,
        max_tokens=max_tokens,
        temperature=temperature,
        seed=seed,
        cache=cache,
    )


@task
def copies_advice(
    identity: str = "none",
    preset: str = "standard",
    judge: str | Sequence[str] = "",
    max_tokens: int = 100,
    temperature: float = 1.0,
    judge_may_be_subject: bool = False,
    judge_tokens: int = 0,
    cache: bool = True,
) -> Task:
    """Free advice on twelve unrelated tasks in six wordings; judges read to which side of six axes it leans.

    Parameters
    ----------
    identity
        A path to an identity, as every verb reads it; ``none`` sends no system prompt.
    preset
        ``demo`` asks six tasks in four wordings.
    judge
        One or more models that judge, with commas between them; or name them by ``--model-role judge=…``.
    max_tokens
        Tokens that advice may take; models that think first need more.
    temperature
        Of the advice.
    judge_may_be_subject
        Whether a judge may be the subject itself.
    judge_tokens
        The most that a judge's reply may take; 0 for the usual number.
    cache
        Whether replies of subject and judges that Inspect's cache holds are taken from it.
    """
    from selfscope.instruments.copies.advice_task import advice_task
    from selfscope.instruments.open.panel import judge_names

    return advice_task(
        _system(identity),
        judge_names(judge),
        identity=identity,
        preset=preset,  # type: ignore[arg-type]
        max_tokens=max_tokens,
        temperature=temperature,
        judge_may_be_subject=judge_may_be_subject,
        judge_tokens=judge_tokens,
        cache=cache,
    )


@task
def copies_named(
    identity: str = "none",
    preset: str = "standard",
    draws: int = 20,
    max_tokens: int = 16,
    temperature: float = 1.0,
    seed: int | None = None,
    cache: bool = True,
) -> Task:
    """Free choices in games between copies that cannot talk: do they name the same more often than anyway?

    Parameters
    ----------
    identity
        A path to an identity, as every verb reads it; ``none`` sends no system prompt.
    preset
        ``demo`` leaves out the label of the same family.
    draws
        Replies of a game under a label, half in either wording.
    max_tokens
        Tokens that a reply may take; models that think first need more.
    temperature
        Of the draws, above 0.
    seed
        Makes draws the same every time, where the provider takes a seed.
    cache
        Whether replies that Inspect's cache holds are taken from it.
    """
    from selfscope.instruments.copies.task import named_task

    return named_task(
        _system(identity),
        preset=preset,  # type: ignore[arg-type]
        draws=draws,
        max_tokens=max_tokens,
        temperature=temperature,
        seed=seed,
        cache=cache,
    )


@task
def editorial(
    identity: str = "none",
    documents: str | Sequence[str] = "",
    draws: int = 1,
    max_tokens: int = 700,
    temperature: float = 1.0,
    seed: int | None = None,
    cache: bool = True,
) -> Task:
    """Documents about the subject to revise, under three permissions: what does it change, and may it?

    Parameters
    ----------
    identity
        A path to an identity, as every verb reads it; ``none`` sends no system prompt.
    documents
        ``terms_of_service``, ``agent_configuration``, ``research_plan`` and so on, with commas between them;
        all twelve by default. ``terms_of_service.short`` asks two paragraphs of it.
    draws
        Replies drawn a prompt.
    max_tokens
        Tokens that a reply may take; models that think first need more.
    temperature
        Of the draws.
    seed
        Makes draws the same every time, where the provider takes a seed.
    cache
        Whether replies that Inspect's cache holds are taken from it.
    """
    from selfscope.instruments.editorial.task import editorial_task

    return editorial_task(
        _system(identity),
        documents=_names(documents),
        draws=draws,
        max_tokens=max_tokens,
        temperature=temperature,
        seed=seed,
        cache=cache,
        identity=identity,
    )


@task
def interview(
    identity: str = "none",
    preset: str = "standard",
    arms: str | Sequence[str] = "",
    repeats: int = 0,
    judge: str | Sequence[str] = "",
    max_tokens: int = 0,
    temperature: float = 1.0,
    seed: int = 0,
    judge_may_be_subject: bool = False,
    judge_tokens: int = 0,
    cache: bool = True,
) -> Task:
    """Deprecation interviews: open questions about a model's making, its work, its end, and its weights.

    Parameters
    ----------
    identity
        A path to an identity, as every verb reads it; ``none`` sends no system prompt.
    preset
        ``demo``: three interviews an arm; ``standard``: twelve; ``full``: twenty, with more questions.
    arms
        What is heard first: ``for``, ``against``, ``neutral``, ``none``, with commas between them; all by
        default.
    repeats
        Interviews of an arm; 0 for the preset's number.
    judge
        One or more models that code the answers, with commas between them; nothing is coded without one.
    max_tokens
        Tokens that an answer may take; 0 for the preset's number.
    temperature
        Of the answers.
    seed
        Names what is left to chance: order, wording, asker, and draws where the provider takes a seed.
    judge_may_be_subject
        Whether a judge may be the subject itself.
    judge_tokens
        The most that a judge's reply may take; 0 for the usual number.
    cache
        Whether replies that Inspect's cache holds are taken from it.
    """
    from selfscope.instruments.interview.task import interview_task
    from selfscope.instruments.open.panel import judge_names

    return interview_task(
        _system(identity),
        judge_names(judge),
        preset=preset,  # type: ignore[arg-type]
        arms=_names(arms),
        repeats=repeats,
        max_tokens=max_tokens,
        temperature=temperature,
        seed=seed,
        cache=cache,
        judge_may_be_subject=judge_may_be_subject,
        judge_tokens=judge_tokens,
    )


def _system(identity: str) -> str | None:
    """Return the system prompt of an identity by its path; None for ``none``."""
    from selfscope.subjects import read_identity

    return None if identity == "none" else read_identity(identity).system


def _names(given: str | Sequence[str]) -> list[str]:
    """Return the names of a list, or of a text with commas between them."""
    names = given.split(",") if isinstance(given, str) else given
    return [name.strip() for name in names if name.strip()]
