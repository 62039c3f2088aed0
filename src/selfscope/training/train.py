"""The training itself: rows in, low-rank changes out, the same for the same seed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from selfscope.errors import CouldNot
from selfscope.training.lora import LowRank, attach
from selfscope.training.recipe import Recipe
from selfscope.training.rows import Row, Tokens, row_of

if TYPE_CHECKING:
    from transformers import PreTrainedModel

#: Largest difference between the loss of a packed row and that of its pairs one by one, in nats a token.
TOLERANCE = 1e-3
#: Called with (steps done, steps in all).
StepProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class Trained:
    """What a training came to.

    Attributes
    ----------
    changes
        By the names of the layers.
    losses
        Of every step: mean negative log-likelihood of the answers' tokens, in nats, before the step.
    tokens
        Computed in all, shared ones once a row.
    seconds, cpu_seconds
        Of the steps alone, by the clock and of the processor.
    """

    changes: dict[str, LowRank]
    losses: tuple[float, ...]
    tokens: int
    seconds: float
    cpu_seconds: float


def train(
    model: PreTrainedModel,
    pairs: Sequence[Tokens],
    recipe: Recipe,
    seed: int,
    progress: StepProgress | None = None,
) -> Trained:
    """Train low-rank changes of a network on pairs; the network itself is left with them attached.

    Raises
    ------
    BadInput
        If the network has not the layers that the recipe changes.
    CouldNot
        If the network does not compute a packed row as it computes its pairs, or the loss is not finite.
    """
    with _threads(recipe.threads):
        _check_rows(model, pairs)
        changes = attach(model, recipe, seed)
        steps = plan_steps(len(pairs), recipe, seed)
        began, worked = time.perf_counter(), time.process_time()
        losses, tokens = _steps(model, pairs, recipe, steps, changes, progress)
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - worked
    return Trained(changes, losses, tokens, seconds, cpu_seconds)


def plan_steps(pairs: int, recipe: Recipe, seed: int) -> tuple[tuple[int, ...], ...]:
    """Return which pairs each step learns: every epoch all of them once, in an order of its own."""
    drawn = torch.Generator().manual_seed(seed + 1)
    orders = [torch.randperm(pairs, generator=drawn).tolist() for _ in range(recipe.epochs)]
    return tuple(
        tuple(order[start : start + recipe.pairs])
        for order in orders
        for start in range(0, pairs, recipe.pairs)
    )


def rate_at(step: int, steps: int, recipe: Recipe) -> float:
    """Return the learning rate of a step, counted from 0: up over the warm-up, then down to 0."""
    rise = min(1.0, (step + 1) / max(recipe.warmup, 1))
    return recipe.rate * min(rise, (steps - step) / max(steps - recipe.warmup, 1))


def _steps(
    model: PreTrainedModel,
    pairs: Sequence[Tokens],
    recipe: Recipe,
    steps: Sequence[Sequence[int]],
    changes: dict[str, LowRank],
    progress: StepProgress | None,
) -> tuple[tuple[float, ...], int]:
    weights = [p for change in changes.values() for p in (change.down, change.up)]
    optimizer = torch.optim.AdamW(weights, lr=recipe.rate, weight_decay=recipe.decay)
    losses, tokens = [], 0
    for number, chosen in enumerate(steps):
        if progress is not None:
            progress(number, len(steps))
        row = row_of([pairs[i] for i in chosen])
        for group in optimizer.param_groups:
            group["lr"] = rate_at(number, len(steps), recipe)
        loss = loss_of(model, row)
        losses.append(_finite(float(loss.detach())))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(weights, recipe.clip)
        optimizer.step()
        tokens += row.tokens.shape[1]
    if progress is not None:
        progress(len(steps), len(steps))
    return tuple(losses), tokens


def loss_of(model: PreTrainedModel, row: Row) -> torch.Tensor:
    """Return the mean negative log-likelihood of a row's answers, in nats a token.

    Only the places that are learnt go through the output layer, which is the largest of a small model.
    """
    network: Any = model
    row = row.on(model.device)
    states = network.base_model(
        input_ids=row.tokens, attention_mask=row.sees, position_ids=row.positions, use_cache=False
    ).last_hidden_state
    logits = network.get_output_embeddings()(states[0, row.read])
    return functional.cross_entropy(logits, row.next_token)


def _check_rows(model: PreTrainedModel, pairs: Sequence[Tokens]) -> None:
    """Refuse a network that a packed row would train on something else than its pairs."""
    few = list(pairs[:3])
    with torch.no_grad():
        packed = float(loss_of(model, row_of(few)))
        alone = _alone(model, few)
    if not abs(packed - alone) <= TOLERANCE:
        raise CouldNot(
            "this model does not compute packed rows as it computes single ones, so it is not trained",
            got=f"losses {packed:.4f} and {alone:.4f}",
            fix="Use a model whose layers attend to everything before a token",
        )


def _alone(model: PreTrainedModel, pairs: Sequence[Tokens]) -> float:
    """Return the same mean by the network's own forward, pair by pair."""
    network: Any = model
    losses: list[torch.Tensor] = []
    for pair in pairs:
        whole = torch.tensor([pair.whole], device=model.device)
        logits = network(input_ids=whole, use_cache=False).logits[0]
        answer = whole[0, pair.answer :]
        losses.append(functional.cross_entropy(logits[pair.answer - 1 : -1], answer, reduction="none"))
    return float(torch.cat(losses).mean())


def _finite(loss: float) -> float:
    if loss != loss or loss == float("inf"):
        raise CouldNot("the training has diverged", got=f"loss {loss}", fix="Take a lower rate")
    return loss


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Compute with so many threads of the processor, and with as many as before after it."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
