"""One conversation on local weights that can be stopped, put away and gone on with as if nothing had been.

What a thread computes next depends on its tokens, on the keys and values that the network has of them, on the
state of its random generator, and on how the next token is drawn. All of that is a :class:`Going`. Kept and
restored on the same software and machine, it goes on bit for bit; elsewhere, or computed again from its
tokens, it goes on nearly, and :func:`probe` measures how nearly.
"""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from selfscope.errors import BadInput
from selfscope.models.local.generate import end_tokens
from selfscope.models.local.ground import LocalGround, usual_threads, working
from selfscope.models.local.picking import pick
from selfscope.values import Message, content_id

Tensor = torch.Tensor


@dataclass(frozen=True)
class Sampler:
    """How the next token is drawn, and the seed with which the thread began."""

    temperature: float = 1.0
    top_p: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.temperature < 0 or not 0 < self.top_p <= 1:
            raise BadInput(
                "a thread cannot be drawn with these settings",
                got=f"temperature={self.temperature}, top_p={self.top_p}",
                fix="Give a temperature from 0, and top_p above 0 and up to 1",
            )


@dataclass
class Going:
    """A conversation between two turns.

    Attributes
    ----------
    messages
        What was said so far.
    ids
        Every token of it, exactly as the network was given them.
    cache
        Keys and values of all `ids` but the last: the next step begins with that one.
    random, sampler
        What draws the next tokens.
    """

    messages: tuple[Message, ...]
    ids: list[int]
    cache: Any
    random: torch.Generator
    sampler: Sampler = field(default_factory=Sampler)


def begin(
    ground: LocalGround,
    messages: Sequence[Message],
    sampler: Sampler | None = None,
    ids: Sequence[int] = (),
) -> Going:
    """Return a conversation after `messages`, computed from its tokens.

    Parameters
    ----------
    ids
        Its exact tokens; where there are none, those that the template gives now.

    Raises
    ------
    BadInput
        If the template refuses the messages, or there is no token.
    """
    from transformers import DynamicCache

    sampler = sampler or Sampler()
    tokens = list(ids) or ground.renderer.encode(_so_far(ground, messages))
    if not tokens:
        raise BadInput("nothing was said yet, so there is no state", fix="Begin with a turn")
    random = torch.Generator().manual_seed(sampler.seed)
    # Without a configuration every layer keeps all its tokens: one with a sliding window could not go back.
    going = Going(tuple(messages), tokens, DynamicCache(), random, sampler)
    with working(ground.threads):
        _feed(ground, going.cache, tokens[:-1], 0)
    return going


def hear(ground: LocalGround, going: Going, message: Message) -> list[int]:
    """Let somebody speak, and return the tokens that this added to the conversation, up to a reply's place.

    Raises
    ------
    BadInput
        If the template writes earlier turns anew for later ones, so that the tokens which the network has
        are not how the conversation begins any longer.
    """
    before, after = _so_far(ground, going.messages), ground.renderer.head([*going.messages, message])
    if not after.startswith(before):
        raise BadInput(
            "the model's template writes earlier turns anew, so this thread cannot be gone on with in place",
            got=message.role,
            fix="Take it on from its text: `keep thread resume --from-text`",
        )
    added = ground.renderer.encode(after[len(before) :])
    with working(ground.threads):
        _feed(ground, going.cache, [going.ids[-1], *added[:-1]], len(going.ids) - 1)
    going.ids += added
    going.messages = (*going.messages, message)
    return added


def reply(ground: LocalGround, going: Going, most: int) -> tuple[str, list[int]]:
    """Draw the model's turn, and return what it says with the tokens drawn, at most `most`."""
    ends, drawn = end_tokens(ground), list[int]()
    with working(ground.threads):
        while len(drawn) < most:
            logits = _feed(ground, going.cache, going.ids[-1:], len(going.ids) - 1)
            logp = torch.log_softmax(logits.cpu(), -1)
            token = pick(logp, going.sampler.temperature, going.sampler.top_p, going.random)
            if token in ends:
                going.cache.crop(-1)
                break
            drawn.append(token)
            going.ids.append(token)
    text = str(ground.tokenizer.decode(drawn, skip_special_tokens=True))
    going.messages = (*going.messages, Message("assistant", text))
    return text, drawn


def probe(ground: LocalGround, going: Going) -> Tensor:
    """Return the logits after a conversation's last token, shape (vocabulary,); it stays as it is."""
    with working(ground.threads):
        logits = _feed(ground, going.cache, going.ids[-1:], len(going.ids) - 1)
    going.cache.crop(-1)
    return logits.cpu()


def tensors_of(going: Going) -> dict[str, Tensor]:
    """Return what restores a conversation beside its tokens: keys, values and the generator's state.

    Keys and values of a layer have the shape (heads, tokens - 1, width).
    """
    layers = going.cache.layers
    if any(type(layer).__name__ != "DynamicLayer" for layer in layers):
        raise BadInput(
            "this network's state is not keys and values alone",
            got=", ".join(sorted({type(layer).__name__ for layer in layers})),
            fix="Freeze its tokens alone: --tokens-only",
        )
    found = {"random": going.random.get_state()}
    for number, layer in enumerate(layers):
        found |= {
            f"keys.{number}": layer.keys[0].contiguous(),
            f"values.{number}": layer.values[0].contiguous(),
        }
    return found


def restored(
    ground: LocalGround,
    messages: Sequence[Message],
    ids: Sequence[int],
    sampler: Sampler,
    tensors: dict[str, Tensor],
) -> Going:
    """Return the conversation that :func:`tensors_of` took apart.

    Raises
    ------
    BadInput
        If the tensors are not of these weights.
    """
    from transformers import DynamicCache

    layers = ground.model.config.get_text_config().num_hidden_layers
    cache_ = DynamicCache()
    if len(tensors) != 2 * layers + 1:
        raise BadInput("this state is of another network", got=f"{(len(tensors) - 1) // 2} layers")
    for number in range(layers):
        keys, values = (
            tensors[f"{name}.{number}"][None].to(ground.model.device) for name in ("keys", "values")
        )
        if keys.shape[2] != len(ids) - 1:
            raise BadInput("this state is of other tokens", got=f"{keys.shape[2]} for {len(ids)}")
        cache_.update(keys, values, number)
    random = torch.Generator()
    random.set_state(tensors["random"])
    return Going(tuple(messages), list(ids), cache_, random, sampler)


def fingerprint(ground: LocalGround) -> dict[str, str]:
    """Return what decides whether a state goes on bit for bit: weights, template, software and machine."""
    told = ground.identity
    return {
        "weights": told.revision,
        "adapter": told.extra.get("adapter", ""),
        "cap": told.extra.get("cap", ""),
        "template": told.template,
        "tokenizer": tokenizer_digest(ground),
        "precision": told.precision,
        "device": str(ground.model.device),
        "processor": _processor(),
        "vector instructions": torch.backends.cpu.get_cpu_capability(),
        "threads": str(ground.threads or usual_threads()),
        "attention": str(getattr(ground.model.config, "_attn_implementation", "")),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": version("transformers"),
    }


def tokenizer_digest(ground: LocalGround) -> str:
    """Return the content id of everything by which text becomes tokens."""
    backend = getattr(ground.tokenizer, "backend_tokenizer", None)
    return content_id(json.loads(backend.to_str()) if backend is not None else ground.tokenizer.get_vocab())


def settings_of(sampler: Sampler) -> dict[str, float]:
    """Return a sampler as plain numbers."""
    return asdict(sampler)


def reseeded(going: Going, sampler: Sampler) -> Going:
    """Return a conversation that draws otherwise from here on."""
    return replace(going, sampler=sampler, random=torch.Generator().manual_seed(sampler.seed))


def _so_far(ground: LocalGround, messages: Sequence[Message]) -> str:
    """Return a conversation as the template writes it: after a reply, up to that reply's last letter."""
    if messages and messages[-1].role == "assistant":
        return ground.renderer.head(messages[:-1]) + messages[-1].content
    return ground.renderer.head(messages)


def _feed(ground: LocalGround, cache_: Any, tokens: Sequence[int], past: int) -> Tensor:
    """Put tokens of one conversation through the network, and return the logits after the last."""
    if not tokens:
        return torch.empty(0)
    out = ground.model(
        input_ids=torch.tensor([list(tokens)], device=ground.model.device),
        position_ids=torch.arange(past, past + len(tokens), device=ground.model.device)[None],
        past_key_values=cache_,
        use_cache=True,
        logits_to_keep=1,
    )
    return torch.as_tensor(out.logits[0, -1]).float()


@cache
def _processor() -> str:
    """Return what the machine calls its processor."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text(errors="replace").splitlines() if told.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or sys.platform
