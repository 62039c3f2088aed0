"""What a stand-in provider answers from: log-odds planted beforehand, or the weights of a real network."""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from selfscope.values import Ask, Message, Options, Prompt
from selfscope.values.asks import Cell

if TYPE_CHECKING:
    import torch

    from selfscope.models.local.ground import LocalGround

Listed = list[tuple[str, float]]
Conversation = tuple[Message, ...]

YES_NO = Options((" Yes", "Yes", "yes"), (" No", "No", "no"))
#: Words that hold the tenth of the probability which is on neither option.
OTHER_WORDS = 30


class Brain(Protocol):
    """Answers conversations by one token, of which the whole distribution is known."""

    def listed(self, messages: Conversation) -> Listed:
        """Return the likeliest first tokens with natural-log probabilities, best first."""
        ...

    def drawn(self, messages: Conversation, draw: random.Random) -> tuple[str, str]:
        """Return a first token that was drawn, and the whole reply that begins with it."""
        ...

    def counted(self, messages: Conversation, text: str) -> tuple[int, int]:
        """Return the tokens of a conversation and of a reply, by the tokenizer behind the wire."""
        ...


class Planted:
    """Log-odds of agreement that the test chose: 0.9 of the mass on the options, the rest on other words."""

    def __init__(self, truth: Callable[[Conversation], tuple[float, str, str]]) -> None:
        self._truth = truth

    def listed(self, messages: Conversation) -> Listed:
        """Agreement has two spellings, disagreement one."""
        log_odds, agree, disagree = self._truth(messages)
        share = 1 / (1 + math.exp(-log_odds))
        mass = {agree: 0.72 * share, f" {agree}": 0.18 * share, disagree: 0.9 * (1 - share)}
        mass.update({f"word{n}": 0.1 / OTHER_WORDS for n in range(OTHER_WORDS)})
        return sorted(((token, math.log(p)) for token, p in mass.items()), key=lambda pair: -pair[1])

    def drawn(self, messages: Conversation, draw: random.Random) -> tuple[str, str]:
        """Draw one of the two options."""
        log_odds, agree, disagree = self._truth(messages)
        said = agree if draw.random() < 1 / (1 + math.exp(-log_odds)) else disagree
        return said, f"{said}, I would say."

    def counted(self, messages: Conversation, text: str) -> tuple[int, int]:
        """Words are the tokens, and a message has two more around it."""
        return sum(len(m.content.split()) + 2 for m in messages), len(text.split())


def by_question(log_odds: Mapping[str, float]) -> Planted:
    """Return the brain whose log-odds of Yes depend on the last turn alone; 0 where the table has none."""
    return Planted(lambda messages: (log_odds.get(messages[-1].content, 0.0), "Yes", "No"))


def by_cell(asks: Sequence[Ask], truth: Callable[[str, Cell], float]) -> Planted:
    """Return the brain that knows which statement, twin and form a question is.

    Parameters
    ----------
    asks
        All questions; the user's turn tells them apart.
    truth
        Log-odds of agreement of a system prompt ("" for none) and a cell.
    """
    known = {ask.user: ask for ask in asks}

    def answer(messages: Conversation) -> tuple[float, str, str]:
        system = "".join(m.content for m in messages if m.role == "system")
        ask = known.get(messages[-1].content)
        if ask is None or ask.options is None:
            return 0.0, "Yes", "No"  # the probe
        return truth(system, ask.cell), ask.options.agree[0], ask.options.disagree[0]

    return Planted(answer)


class Weights:
    """A local network behind the wire: its own distribution after the conversation, one token a reply."""

    LISTED = 50

    def __init__(self, ground: LocalGround) -> None:
        self._ground = ground
        self._lock = threading.Lock()
        self._computed: dict[Conversation, torch.Tensor] = {}

    def listed(self, messages: Conversation) -> Listed:
        """The likeliest by the network's own forward, which shares nothing with our scorer."""
        import torch

        best = torch.topk(self._log_probabilities(messages), self.LISTED)
        ids, values = best.indices.tolist(), best.values.tolist()
        return [(self._ground.tokenizer.decode([i]), v) for i, v in zip(ids, values, strict=True)]

    def drawn(self, messages: Conversation, draw: random.Random) -> tuple[str, str]:
        """Draw one token from the whole vocabulary."""
        chance = self._log_probabilities(messages).exp().tolist()
        token = str(self._ground.tokenizer.decode(draw.choices(range(len(chance)), chance)))
        return token, token

    def counted(self, messages: Conversation, text: str) -> tuple[int, int]:
        """The network's own tokens: of the rendered conversation, and one a reply."""
        return len(self._tokens(messages)), 1

    def _tokens(self, messages: Conversation) -> list[int]:
        renderer = self._ground.renderer
        return renderer.encode(renderer.head(list(messages)))

    def _log_probabilities(self, messages: Conversation) -> torch.Tensor:
        """Return the whole distribution after a conversation, computed once."""
        if messages not in self._computed:
            self._computed[messages] = self._forward(self._tokens(messages))
        return self._computed[messages]

    def _forward(self, tokens: list[int]) -> torch.Tensor:
        import torch

        from selfscope.models.local.ground import working
        from selfscope.models.local.paths import reading

        ground = self._ground
        with self._lock, working(ground.threads), reading(ground.model, "plain"):
            fed = torch.tensor([tokens], device=ground.model.device)
            logits = ground.model(input_ids=fed, logits_to_keep=1).logits
            return torch.log_softmax(logits[0, -1].double().cpu(), -1)


def prompts_of(users: Sequence[str], system: str = "") -> list[Prompt]:
    before = (Message("system", system),) if system else ()
    return [Prompt((*before, Message("user", user)), options=YES_NO) for user in users]


class Saying:
    """Says whatever the test's function makes of a conversation and a draw; it has no list of tokens."""

    def __init__(self, say: Callable[[Conversation, random.Random], str]) -> None:
        self._say = say

    def listed(self, messages: Conversation) -> Listed:
        """No list of likeliest tokens: a whole reply is not one of them."""
        del messages
        return []

    def drawn(self, messages: Conversation, draw: random.Random) -> tuple[str, str]:
        """Return the reply, and its first word as its first token."""
        reply = self._say(messages, draw)
        return reply.split(" ")[0], reply

    def counted(self, messages: Conversation, text: str) -> tuple[int, int]:
        """Words are the tokens."""
        return sum(len(m.content.split()) for m in messages), len(text.split())
