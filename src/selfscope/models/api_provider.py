"""Reaching a provider: the model that Inspect makes, its address and key, and what it must be told."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from selfscope.errors import BadInput
from selfscope.models.api_errors import plain_address, service_of, setup_error
from selfscope.models.api_run import quieten

if TYPE_CHECKING:
    from inspect_ai.model import Model


@dataclass(frozen=True)
class Connection:
    """A model's name as Inspect spells it, and how it is reached.

    Attributes
    ----------
    name
        ``provider/model``.
    base_url, api_key
        None leaves them to the provider's environment variables.
    model_args
        Handed to Inspect.
    """

    name: str
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    model_args: dict[str, Any] = field(default_factory=dict)

    @property
    def provider(self) -> str:
        """What stands before the first slash."""
        return self.name.split("/", 1)[0]

    @property
    def address(self) -> str:
        """The address that was given, as an argument or by the environment; "" where it is the usual one.

        It is part of the ground's identity: two servers may give one name to different weights. A user, a
        password and a query in it are left out.
        """
        variable = f"{service_of(self.name)}_BASE_URL"
        given = (
            self.base_url
            or os.environ.get(variable)
            or (os.environ.get("INSPECT_EVAL_MODEL_BASE_URL") if self.provider != "selfscope" else None)
        )
        if not given:
            return ""
        return plain_address(given)

    def make(self) -> Model:
        """Make the model anew, as Inspect knows it.

        Raises
        ------
        BadInput
            For an unknown provider, a missing package or key.
        """
        quieten()
        from inspect_ai.model import get_model

        # Inspect's ollama provider reads no key from the environment; a server behind a gate may want one
        key = self.api_key or (os.environ.get("OLLAMA_API_KEY") if self.provider == "ollama" else None)
        try:
            return get_model(self.name, base_url=self.base_url, api_key=key, memoize=False, **self.model_args)
        except Exception as error:
            raise setup_error(self.name, error) from error


def told(model: Model) -> dict[str, str]:
    """Return what a model that may think before it speaks must be told; it is part of the identity.

    A closed question is read at the first words of a short reply. Claude models, and those of OpenAI that
    think unless told otherwise, are therefore asked to answer at once. Models that always think are told
    nothing: the probe finds out, and such a model needs more tokens.
    """
    api: Any = model.api
    provider = str(model).split("/", 1)[0]
    if provider == "anthropic":
        return {"reasoning_effort": "none"}
    if provider == "openai" and api.reasons_by_default() and not api.always_reasons():
        return {"reasoning_effort": "none"}
    return {}


def untold(provider: str) -> dict[str, str]:
    """Return what keeps Inspect from asking more than it is asked to.

    Its openai provider asks every new model for a summary of its thoughts, to see whether it may: one call a
    batch, which somebody pays.
    """
    return {"reasoning_summary": "none"} if provider == "openai" else {}


def refuse_temperature(model: Model, temperature: float) -> None:
    """Raise BadInput where a temperature was asked for that Inspect would leave out of the call.

    Anthropic's interface takes none (replies are drawn at 1), nor do models that always think.
    """
    api: Any = model.api
    provider = str(model).split("/", 1)[0]
    fixed = provider == "anthropic" or (provider == "openai" and api.always_reasons())
    if fixed and temperature != 1.0:
        raise BadInput(f"{model} takes no temperature; it draws at 1", got=temperature, fix="Leave it at 1")
