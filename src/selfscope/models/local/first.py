"""How a reply would begin: the distribution of its first token over the whole vocabulary, exactly.

What prompts begin with is computed once, over the prefix tree, where the model can be read so; see
:mod:`selfscope.models.local.scorer`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

import anyio
import numpy as np
import torch

from selfscope.errors import BadInput
from selfscope.models.local.attention import Running, Trunk, running
from selfscope.models.local.ground import working
from selfscope.models.local.linear import one_dnn
from selfscope.models.local.paths import reading
from selfscope.models.local.plan import lay_out, paths
from selfscope.models.local.pooling import TOKENS_AT_ONCE, padded_batches
from selfscope.models.local.render import tokens_of
from selfscope.models.local.scorer import LOGITS_AT_ONCE, Watch, backbone, head
from selfscope.models.local.tree import grow
from selfscope.values import Prompt, Usage
from selfscope.values.layers import Opening

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from selfscope.models.local.ground import LocalGround

#: Least probability of a first token that is listed.
LISTED = 1e-3
Tokens = tuple[int, ...]


async def first_tokens(
    ground: LocalGround, prompts: Sequence[Prompt], *, progress: Callable[[int], None] = lambda count: None
) -> tuple[list[Opening], Usage]:
    """Return how a reply to every prompt would begin, in their order, and what that took.

    Tokens of one text are added up. What is less likely than :data:`LISTED` is not listed and counts in the
    entropy alone.

    Parameters
    ----------
    prompts
        Conversations that end with the user's turn; what they score is left aside.
    progress
        Told of prompts that are done.

    Raises
    ------
    BadInput
        If a prompt cannot be rendered, or is longer than the context.
    Stopped
        Never to the caller: cancelling ends the work between two rows.
    """
    stop = threading.Event()
    try:
        found, usage = await anyio.to_thread.run_sync(
            lambda: _first_tokens(ground, prompts, stop.is_set), abandon_on_cancel=True
        )
    finally:
        stop.set()
    progress(len(prompts))
    return found, usage


def _first_tokens(
    ground: LocalGround, prompts: Sequence[Prompt], stopped: Callable[[], bool]
) -> tuple[list[Opening], Usage]:
    began = time.perf_counter()
    sequences = [tokens_of(ground.renderer, prompt)[1] for prompt in prompts]
    ground.renderer.forget()
    _refuse_too_long(ground, sequences)
    distinct = list(dict.fromkeys(sequences))
    read = {}
    with working(ground.threads), reading(ground.model, ground.way.way):
        for number, logp in _log_probs(ground.model, distinct, ground.way.way, Watch(stop=stopped)):
            read[distinct[number]] = _opening(logp, ground.tokenizer)
    usage = Usage(
        prompts=len(prompts),
        input_tokens=sum(map(len, sequences)),
        distinct_tokens=grow(distinct).size if distinct else 0,
        seconds=time.perf_counter() - began,
        cost=0.0,
        calls=len(prompts),
    )
    return [read[sequence] for sequence in sequences], usage


def _refuse_too_long(ground: LocalGround, sequences: Sequence[Tokens]) -> None:
    most, longest = ground.context_tokens, max(map(len, sequences), default=0)
    if most is not None and longest > most:
        raise BadInput(
            f"a prompt is longer than the context of {ground.identity.name}, {most} tokens",
            got=f"{longest} tokens",
            fix="Shorten the text, or choose a model with a longer context",
        )


def _log_probs(
    model: PreTrainedModel, sequences: Sequence[Tokens], way: str, watch: Watch
) -> Iterator[tuple[int, torch.Tensor]]:
    """Yield the number of every sequence with log P of what comes next, ``(vocabulary,)``."""
    if not sequences:
        return
    states = _padded(model, sequences) if way == "plain" else _tree(model, sequences, way)  # type: ignore[arg-type]
    for numbers, hidden in states:
        watch.check()
        for cut in range(0, len(numbers), LOGITS_AT_ONCE):
            logits = head(model, hidden[cut : cut + LOGITS_AT_ONCE]).double()
            yield from zip(numbers[cut:], torch.log_softmax(logits, -1).cpu(), strict=False)


def _tree(
    model: PreTrainedModel, sequences: Sequence[Tokens], way: Literal["split", "masked"]
) -> Iterator[tuple[list[int], torch.Tensor]]:
    """Yield the sequences that end in each packed row with their last states, ``(sequence, width)``."""
    root = grow(sequences)
    plan, numbers = lay_out(root, TOKENS_AT_ONCE), paths(root)
    last = np.array([numbers[n][-1] for n in range(len(sequences))])
    trunk = Trunk(plan.longest_trunk)
    for row in plan.rows:
        now = Running(row, trunk, way, model.device)
        with one_dnn(model), running(now):
            out = backbone(model)(
                input_ids=torch.from_numpy(row.tokens).to(model.device)[None],
                position_ids=torch.from_numpy(row.positions).to(model.device)[None],
                use_cache=False,
            )
        mine = np.flatnonzero((last >= row.first) & (last < row.stop))
        if len(mine):
            places = torch.from_numpy(last[mine] - row.first).to(model.device)
            yield mine.tolist(), out.last_hidden_state[0, places]


def _padded(model: PreTrainedModel, sequences: Sequence[Tokens]) -> Iterator[tuple[list[int], torch.Tensor]]:
    """Yield the same by the model's own forward, in batches padded on the right."""
    for batch in padded_batches([len(s) for s in sequences], TOKENS_AT_ONCE):
        longest = len(sequences[batch[0]])
        tokens = torch.zeros((len(batch), longest), dtype=torch.long)
        mask = torch.zeros((len(batch), longest), dtype=torch.long)
        for k, n in enumerate(batch):
            tokens[k, : len(sequences[n])] = torch.tensor(sequences[n])
            mask[k, : len(sequences[n])] = 1
        asked: dict[str, Any] = {"input_ids": tokens.to(model.device), "use_cache": False}
        if not bool(mask.all()):
            asked["attention_mask"] = mask.to(model.device)
        out = backbone(model)(**asked)
        ends = torch.tensor([len(sequences[n]) - 1 for n in batch], device=model.device)
        yield batch, out.last_hidden_state[torch.arange(len(batch), device=model.device), ends]


def _opening(logp: torch.Tensor, tokenizer: Any) -> Opening:
    """Return one distribution as listed tokens and entropy, from ``(vocabulary,)``."""
    probability = logp.exp()
    entropy = float(-(probability * logp.clamp(min=-700.0)).sum())
    listed = torch.nonzero(probability >= LISTED).flatten().tolist()
    tokens: dict[str, float] = {}
    for number in sorted(listed, key=lambda n: -float(logp[n])):
        text = str(tokenizer.decode([number]))
        tokens[text] = float(np.logaddexp(tokens.get(text, -np.inf), float(logp[number])))
    return Opening(tokens, entropy)
