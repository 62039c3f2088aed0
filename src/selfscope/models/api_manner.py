"""How an API model is asked: in which way, how often, at what temperature, with how much patience."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Literal

from selfscope.errors import BadInput

Way = Literal["top_logprobs", "sampled"]

#: Draws a prompt where the caller names no number (``measurement.md`` §9).
DRAWS = 20
#: Tokens of a drawn reply: enough for "Yes", a letter or the opening of a refusal. (OpenAI's least is 16.)
MAX_TOKENS = 16
MAX_RETRIES = 6
ATTEMPT_SECONDS = 120
#: The probe gives up sooner: somebody waits for it.
PROBE_RETRIES = 2
#: The variables of the command line: tokens of a drawn reply, seconds that one attempt at a call may take,
#: how often a failing call is tried again.
MAX_TOKENS_VARIABLE = "SELFSCOPE_MAX_TOKENS"
SECONDS_VARIABLE = "SELFSCOPE_CALL_SECONDS"
RETRIES_VARIABLE = "SELFSCOPE_CALL_RETRIES"
#: Providers that refuse one token a reply.
_LEAST_16 = frozenset({"openai", "azureai"})


@dataclass(frozen=True)
class Manner:
    """How an API model is asked.

    Attributes
    ----------
    way
        ``auto`` asks the model first (up to three short calls); the others force one of the two ways and ask
        nothing.
    draws
        Draws a prompt in the sampled way, where the caller of ``answer`` leaves `replicates` at 1.
    temperature, max_tokens
        Of the draws.
    top_logprobs
        Length of the list where `way` is forced to ``top_logprobs``.
    max_connections
        Calls in flight; None leaves it to Inspect's adaptive concurrency.
    max_retries
        Retries of a failing call before it counts as failed; waits grow from 3 seconds, so six take about
        three minutes.
    attempt_seconds
        Whole seconds that one attempt at a call may take before it counts as failed; the client's own tries
        at a lost connection are within them.

    Raises
    ------
    BadInput
        If no draw, no token or no second is left to ask for.
    """

    way: Literal["auto", "top_logprobs", "sampled"] = "auto"
    draws: int = DRAWS
    temperature: float = 1.0
    max_tokens: int = MAX_TOKENS
    top_logprobs: int = 20
    max_connections: int | None = None
    max_retries: int = MAX_RETRIES
    attempt_seconds: int = ATTEMPT_SECONDS

    def __post_init__(self) -> None:
        if self.draws < 1:
            raise BadInput(
                "sampled answers need at least one draw", got=self.draws, fix=f"Give draws={DRAWS} or more"
            )
        if self.max_tokens < 1:
            raise BadInput(
                "a reply needs at least one token", got=self.max_tokens, fix=f"Give {MAX_TOKENS} or more"
            )
        if self.attempt_seconds < 1 or self.max_retries < 0:
            raise BadInput(
                "a call needs at least one second, and cannot be tried again less than never",
                got=f"attempt_seconds={self.attempt_seconds}, max_retries={self.max_retries}",
                fix=f"Give attempt_seconds={ATTEMPT_SECONDS} and max_retries={MAX_RETRIES}",
            )

    def settings(self, *, hasty: bool = False) -> dict[str, Any]:
        """Return what every call carries; it changes no answer, so it is not in the identity.

        Parameters
        ----------
        hasty
            Give up as soon as the probe does.
        """
        retries = min(self.max_retries, PROBE_RETRIES) if hasty else self.max_retries
        settings: dict[str, Any] = {"max_retries": retries, "attempt_timeout": self.attempt_seconds}
        if self.max_connections is not None:
            settings["max_connections"] = self.max_connections
        return settings

    def asked(self, provider: str, way: Way, length: int) -> dict[str, Any]:
        """Return the generation options of every call; they change answers, so they are in the identity.

        Parameters
        ----------
        length
            Tokens in the list of likeliest tokens.
        """
        if way == "sampled":
            return {"temperature": self.temperature, "max_tokens": self.max_tokens}
        # One token is read. Temperature 1, so that a server that scales its list by it reports the plain one.
        tokens = MAX_TOKENS if provider in _LEAST_16 else 1
        return {"temperature": 1.0, "max_tokens": tokens, "logprobs": True, "top_logprobs": length}


def manner_of_environment() -> Manner:
    """Return the manner of the command line: the usual one, with what the environment sets otherwise.

    ``SELFSCOPE_MAX_TOKENS`` is the tokens of a drawn reply, ``SELFSCOPE_CALL_SECONDS`` the seconds that one
    attempt at a call may take, ``SELFSCOPE_CALL_RETRIES`` how often a failing call is tried again.

    Raises
    ------
    BadInput
        If one of them is set to what is no whole number, or too small.
    """
    return Manner(
        max_tokens=_set_to(MAX_TOKENS_VARIABLE, MAX_TOKENS, "tokens", least=1),
        attempt_seconds=_set_to(SECONDS_VARIABLE, ATTEMPT_SECONDS, "whole seconds", least=1),
        max_retries=_set_to(RETRIES_VARIABLE, MAX_RETRIES, "tries", least=0),
    )


def _set_to(variable: str, usual: int, unit: str, *, least: int) -> int:
    """Return the number that a variable of the environment is set to, or the usual one."""
    given = os.environ.get(variable, "").strip()
    if not given:
        return usual
    if not (given.isascii() and given.isdecimal()) or int(given) < least:
        raise BadInput(
            f"{variable} must be a number of {unit}, {least} or more",
            got=given,
            fix=f"Leave it unset, which means {usual}, or set it to another number",
        )
    return int(given)
