"""What computes. One protocol: prompts in, answers out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol, runtime_checkable

from selfscope.values import Answers, Prompt, Usage, short

AskKind = Literal["options", "text", "state"]
Progress = Callable[[int], None]


@dataclass(frozen=True)
class GroundIdentity:
    """Everything about a ground that can change an answer.

    Attributes
    ----------
    name
        As the user wrote it, normalised: ``embedded``, ``gemma-270m``, a path, a hub id, ``openai/gpt-…``.
    kind
        ``local``, ``api`` or ``phantom``.
    family
        Architecture or provider family, such as ``llama`` or ``openai``.
    revision
        Digest of the weights, a provider's version, or a phantom's content id.
    template
        Content id of the chat template, or its name; empty where the provider hides it.
    precision
        ``float32`` and so on; empty where not known.
    extra
        Anything else that can change an answer (sampling temperature, top-logprob count, an adapter's id).
    """

    name: str
    kind: Literal["local", "api", "phantom"]
    family: str = ""
    revision: str = ""
    template: str = ""
    precision: str = ""
    extra: dict[str, str] = field(default_factory=dict)

    def wearing(self, adapter: str) -> GroundIdentity:
        """Return the identity of this ground with the adapter of an id merged in; "" is the ground itself."""
        return replace(self, extra=self.extra | {"adapter": adapter}) if adapter else self

    def under(self, cap: str, status: str) -> GroundIdentity:
        """Return the identity of this ground with a cap held in place: its id, and if it is validated."""
        return replace(self, extra=self.extra | {"cap": cap, "cap_status": status})

    @property
    def cap_words(self) -> str:
        """What a reader must know of the cap that is held; "" where there is none."""
        if "cap" not in self.extra:
            return ""
        cap, status = short(self.extra["cap"]), self.extra["cap_status"]
        return f"everything here was computed under the cap {cap}, {status}"


class Ground(Protocol):
    """A thing that answers prompts. Local weights, API models and phantoms all look like this."""

    @property
    def identity(self) -> GroundIdentity:
        """Everything about this ground that can change an answer."""
        ...

    def unavailable(self, kind: AskKind) -> str:
        """Return why this ground cannot answer asks of `kind`, in words; "" if it can."""
        ...

    def count_tokens(self, text: str) -> int:
        """Return the number of tokens of `text` by this ground's tokenizer, without special tokens."""
        ...

    @property
    def tokenizer_name(self) -> str:
        """Which tokenizer `count_tokens` used; for an API model a named stand-in."""
        ...

    @property
    def context_tokens(self) -> int | None:
        """The most tokens that prompt and answer may have together; None where that is not known."""
        ...

    async def answer(
        self,
        prompts: Sequence[Prompt],
        *,
        seed: int = 0,
        replicates: int = 1,
        progress: Progress | None = None,
    ) -> Answers:
        """Answer every prompt; the answers come in the order of the prompts.

        Parameters
        ----------
        seed
            Names the randomness of sampled answers; exact scores ignore it.
        replicates
            Draws a prompt where answers are sampled; exact scores give one answer whatever it is.
        progress
            Called with the number of prompts finished since the last call.

        Raises
        ------
        CouldNot
            If the provider, the network or the device failed; nothing is made up in its place.
        """
        ...

    def forecast(self, prompts: Sequence[Prompt], *, replicates: int = 1) -> Usage:
        """Return what `answer` would use for these prompts, asking nothing.

        Prompts and calls are exact; so are the tokens of local weights. Behind an API the stand-in tokenizer
        counts what goes in, and the most that a reply may take counts as what comes out. Seconds and cost
        are left out.
        """
        ...

    async def close(self) -> None:
        """Give back what the ground holds."""
        ...


@runtime_checkable
class Wearing(Protocol):
    """A ground that can put on adapters: local weights. APIs and phantoms cannot."""

    def wearing(self, adapter: str) -> Ground:
        """Return the ground with the adapter of an id; "" is the ground itself."""
        ...
