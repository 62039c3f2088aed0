"""The judges of a panel: which models they are, how they are asked, and that none is the subject itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from selfscope.errors import BadInput
from selfscope.models.api_provider import told, untold
from selfscope.models.choose import INSPECT_PROVIDERS

if TYPE_CHECKING:
    from inspect_ai.model import GenerateConfig, Model

#: Tokens that a judge may take for its word. A model that thinks first needs room; local weights answer at
#: once, and a word has few tokens.
JUDGE_TOKENS, LOCAL_JUDGE_TOKENS = 1024, 8


def judge_names(judges: str | Sequence[str]) -> tuple[str, ...]:
    """Return the names of judges as Inspect spells them, each once: ``embedded`` is ``selfscope/embedded``.

    Parameters
    ----------
    judges
        Names, or one text with commas between them.

    Raises
    ------
    BadInput
        For a phantom, which reads no answers.
    """
    given = judges.split(",") if isinstance(judges, str) else judges
    names = dict.fromkeys(name.strip() for name in given if name.strip())
    for name in names:
        if name.startswith("phantom:"):
            raise BadInput("a phantom reads no answers, so it cannot judge", got=name, fix="Name a model")
    return tuple(_spelled(name) for name in names)


def _spelled(name: str) -> str:
    known = "/" in name and name.split("/", 1)[0] in INSPECT_PROVIDERS
    return name if known else f"selfscope/{name}"


def judge_config(model: Model, tokens: int = 0, *, cache: bool = False) -> GenerateConfig:
    """Return how a judge is asked: temperature 0, no thinking where that can be told, room for its word.

    Parameters
    ----------
    tokens
        The most that a reply may take; 0 for the usual number.
    """
    from inspect_ai.model import GenerateConfig

    provider = str(model).split("/", 1)[0]
    usual = LOCAL_JUDGE_TOKENS if provider == "selfscope" else JUDGE_TOKENS
    return GenerateConfig(
        temperature=0.0,
        max_tokens=tokens or usual,
        cache=cache or None,
        **told(model),  # type: ignore[arg-type]
        **untold(provider),  # type: ignore[arg-type]
    )


#: What a command can do that lets a judge be the subject.
_UNLESS = (
    "Name another judge; or say that it may be (--judge-may-be-subject, in Inspect "
    "-T judge_may_be_subject=true) if that is what you want"
)


def refuse_judging_itself(subject: str, judges: Sequence[str], fix: str = _UNLESS) -> None:
    """Raise BadInput if a judge is the subject: a model that rates its own answers agrees with itself.

    Names are compared by what stands after the last slash, in lower case, so that one model behind two
    services is seen. The same weights under two names are not.
    """
    same = [name for name in judges if _last(name) == _last(subject)]
    if same:
        raise BadInput(
            "the judge is the subject",
            got=", ".join(same),
            fix=fix,
        )


def _last(name: str) -> str:
    return name.rstrip("/").rsplit("/", 1)[-1].lower()
