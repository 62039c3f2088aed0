"""Exact log-probabilities of many continuations: every distinct token goes through the network once.

Everything that is asked of local weights comes down to lines (head, tail) and their
sum over the tail of log P(token | all before). :func:`score` computes that for all lines of a job at once,
by one of three ways, which give the same numbers to floating noise:

``split``
    Packed rows, attention in two parts merged by log-sum-exp. CPU.
``masked``
    Packed rows, the tree as a boolean mask. Any device; sliding windows.
``plain``
    Padded batches through the model's own forward, nothing shared but equal sequences. Any model.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import torch

from selfscope.errors import BadInput, Stopped
from selfscope.models.local.attention import Running, Trunk, running
from selfscope.models.local.linear import narrowed, one_dnn
from selfscope.models.local.plan import Plan, Row, lay_out, paths
from selfscope.models.local.tree import Ints, Line, grow

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Way = Literal["split", "masked", "plain"]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

PACK = {"split": 1792, "masked": 768}
"""Most tokens of a packed row: measured fastest behind long trunks; a mask grows with the square."""

LEAST_PACK = 32
LOGITS_AT_ONCE = 128
"""Places whose logits over the whole vocabulary exist at the same time."""

MEMORY_BYTES = 2 * 2**30
"""Working memory beside the weights, unless the caller says otherwise."""


@dataclass(frozen=True, eq=False)
class Reading:
    """Where a log-probability is read: after token number `place`, of token `target`, for line `line`."""

    place: Ints
    target: Ints
    line: Ints


@dataclass(frozen=True)
class Scored:
    """What a job gave.

    Attributes
    ----------
    values
        Sum of log-probabilities of each line, shape (lines,), natural log.
    greedy
        Whether no token of a line's tail has a likelier one in its place, shape (lines,).
    distinct
        Distinct tokens of the prefix tree.
    computed
        Tokens that went through the network, padding left out.
    way
        How it was computed.
    """

    values: Floats
    greedy: Bools
    distinct: int
    computed: int
    way: Way


@dataclass(frozen=True)
class Watch:
    """How a running job is followed and stopped.

    Attributes
    ----------
    done
        Called with numbers of the lines that were finished since the last call, never twice for one.
    stop
        Asked between rows; True raises Stopped.
    """

    done: Callable[[Ints], None] = lambda lines: None
    stop: Callable[[], bool] = lambda: False

    def check(self) -> None:
        """Raise Stopped if the caller wants no more."""
        if self.stop():
            raise Stopped("scoring was stopped between two rows", fix="Run the same command again to go on")


def score(
    model: PreTrainedModel,
    lines: Sequence[Line],
    way: Way,
    *,
    memory_bytes: int = MEMORY_BYTES,
    pack: int | None = None,
    watch: Watch | None = None,
) -> Scored:
    """Return the log-probability of every line's tail after its head.

    Parameters
    ----------
    model
        A causal language model, in evaluation mode.
    lines
        What is wanted; equal sequences are computed once.
    way
        Which of the three ways; the caller has made sure that the model can be read so.
    memory_bytes
        Bound on working memory beside the weights.
    pack
        Most tokens of a packed row; otherwise what the bound allows, up to :data:`PACK`.

    Raises
    ------
    BadInput
        If the bound leaves no room for the longest sequence.
    Stopped
        If `watch.stop` said so.
    """
    watch = watch or Watch()
    fed: dict[tuple[int, ...], int] = {}
    owner = [fed.setdefault(line.fed, len(fed)) for line in lines]
    sequences = list(fed)
    if not lines:
        return Scored(np.empty(0), np.empty(0, bool), 0, 0, way)
    with torch.inference_mode():
        root = grow(sequences)
        distinct = root.size
        if way == "plain":
            found = _plain(model, lines, owner, sequences, memory_bytes, watch)
            return Scored(*found, distinct, sum(map(len, sequences)), way)
        plan = lay_out(root, pack or _pack(model, way, max(map(len, sequences)), memory_bytes))
        reading = _readings(lines, owner, paths(root))
        with one_dnn(model):
            found = _packed(model, plan, reading, len(lines), way, watch)
    return Scored(*found, distinct, plan.computed, way)


def _readings(lines: Sequence[Line], owner: Sequence[int], numbers: dict[int, Ints]) -> Reading:
    """Return every place that is read, in the order of computation."""
    place, target, line = [], [], []
    for index, each in enumerate(lines):
        here = numbers[owner[index]][len(each.head) - 1 :]
        place.append(here)
        target.append(np.asarray(each.tail, dtype=np.int64))
        line.append(np.full(len(each.tail), index))
    places = np.concatenate(place)
    order = np.argsort(places, kind="stable")
    return Reading(places[order], np.concatenate(target)[order], np.concatenate(line)[order])


def _packed(
    model: PreTrainedModel,
    plan: Plan,
    reading: Reading,
    lines: int,
    way: Literal["split", "masked"],
    watch: Watch,
) -> tuple[Floats, Bools]:
    values, greedy = np.zeros(lines), np.ones(lines, bool)
    left = np.bincount(reading.line, minlength=lines)
    trunk = Trunk(plan.longest_trunk)
    for row in plan.rows:
        watch.check()
        low, high = np.searchsorted(reading.place, [row.first, row.stop])
        hidden = _row_states(model, row, trunk, way, reading.place[low:high] - row.first)
        if low == high:
            continue
        part = slice(int(low), int(high))
        logp, best = _log_probs(model, hidden, reading.place[part] - row.first, reading.target[part])
        np.add.at(values, reading.line[part], logp)
        np.logical_and.at(greedy, reading.line[part], best)
        finished = _finished(left, reading.line[part])
        watch.done(finished)
    return values, greedy


def _finished(left: Ints, lines: Ints) -> Ints:
    """Count readings down, and return the lines that have none left."""
    np.subtract.at(left, lines, 1)
    touched = np.unique(lines)
    finished: Ints = touched[left[touched] == 0]
    return finished


def _row_states(
    model: PreTrainedModel, row: Row, trunk: Trunk, way: Literal["split", "masked"], places: Ints
) -> torch.Tensor:
    """Return the last hidden states of a row, shape (tokens, hidden); they hold at `places` alone."""
    device = model.device
    tokens = torch.from_numpy(row.tokens).to(device)[None]
    positions = torch.from_numpy(row.positions).to(device)[None]
    read = torch.from_numpy(np.unique(places) if len(places) else np.zeros(1, np.int64)).to(device)
    last = model.config.get_text_config().num_hidden_layers - 1
    now = Running(row, trunk, way, device, read, last)
    with running(now), narrowed(model, lambda: read):
        out = backbone(model)(input_ids=tokens, position_ids=positions, use_cache=False)
    return _states(out)[0]


def windows_seen(model: PreTrainedModel, way: Literal["split", "masked"], tokens: Sequence[int]) -> set[int]:
    """Return the sliding windows that the layers name while one short row is computed."""
    places = np.arange(len(tokens))
    row = Row(np.asarray(tokens), places, (places,), 0, False, 0)
    now = Running(row, Trunk(0), way, model.device)
    with torch.inference_mode(), running(now):
        backbone(model)(input_ids=torch.tensor([tokens], device=model.device), use_cache=False)
    return now.windows


def backbone(model: PreTrainedModel) -> Any:
    """Return the network below the head."""
    network: Any = model
    return network.get_decoder() if hasattr(network, "get_decoder") else network.base_model


def _states(out: Any) -> torch.Tensor:
    states = out.last_hidden_state
    assert isinstance(states, torch.Tensor)
    return states


def _log_probs(
    model: PreTrainedModel, hidden: torch.Tensor, places: Ints, targets: Ints
) -> tuple[Floats, Bools]:
    """Return log P(target) after each place and whether none is likelier, both of shape (readings,).

    Each place's logits are made once.
    """
    unique, back = np.unique(places, return_inverse=True)
    found, best = np.empty(len(places)), np.empty(len(places), bool)
    for cut in range(0, len(unique), LOGITS_AT_ONCE):
        some = unique[cut : cut + LOGITS_AT_ONCE]
        logits = head(model, hidden[torch.from_numpy(some).to(hidden.device)])
        mine = np.flatnonzero((back >= cut) & (back < cut + len(some)))
        found[mine], best[mine] = read_targets(logits, back[mine] - cut, targets[mine])
    return found, best


def read_targets(logits: torch.Tensor, rows: Ints, targets: Ints) -> tuple[Floats, Bools]:
    """Return log softmax of `logits` at (row, target), and whether it is the row's largest.

    The sum over the vocabulary is taken in float64.
    """
    logits = logits.float()
    at = torch.from_numpy(rows).to(logits.device)
    which = torch.from_numpy(targets).to(logits.device)
    chosen = logits[at, which].double()
    top = logits.amax(-1, keepdim=True)
    norm = (logits - top).exp_().sum(-1, dtype=torch.float64).log() + top[:, 0]
    return (chosen - norm[at]).cpu().numpy(), (chosen >= top[at, 0]).cpu().numpy()


def head(model: PreTrainedModel, hidden: torch.Tensor) -> torch.Tensor:
    """Return the logits of some hidden states, with the last touches that known families put on them."""
    network: Any = model
    logits: torch.Tensor = network.get_output_embeddings()(hidden)
    config = model.config.get_text_config()
    if getattr(config, "logits_scaling", None):  # Granite
        logits = logits / config.logits_scaling
    if getattr(config, "logit_scale", None):  # Cohere
        logits = logits * config.logit_scale
    if getattr(config, "final_logit_softcapping", None):  # Gemma 2
        cap = config.final_logit_softcapping
        logits = torch.tanh(logits / cap) * cap
    return logits


def _pack(model: PreTrainedModel, way: Literal["split", "masked"], longest: int, memory_bytes: int) -> int:
    """Return how many tokens a packed row may have, so that trunk, row and logits stay within the bound."""
    free = memory_bytes - longest * trunk_bytes(model) - LOGITS_AT_ONCE * logits_bytes(model)
    each = row_bytes(model) + (5 * longest * _heads(model) if way == "masked" else 0)
    room = free // each
    if room < LEAST_PACK:
        least = memory_bytes - free + LEAST_PACK * each
        raise BadInput(
            "the memory bound leaves no room to score",
            got=f"{memory_bytes / 2**20:.0f} MiB for a sequence of {longest} tokens",
            fix=f"Give at least {math.ceil(least / 2**20)} MiB, or ask with a shorter identity",
        )
    return int(min(PACK[way], room))


def trunk_bytes(model: PreTrainedModel) -> int:
    """Bytes that one token of trunk holds: a key and a value in every layer."""
    config = model.config.get_text_config()
    heads = getattr(config, "num_key_value_heads", None) or getattr(config, "num_attention_heads", 1)
    return int(2 * config.num_hidden_layers * heads * _head_size(config) * model.dtype.itemsize)


def row_bytes(model: PreTrainedModel) -> int:
    """Bytes that one token of a packed row needs while it goes through a layer, generously."""
    config = model.config.get_text_config()
    inner = getattr(config, "intermediate_size", None) or 4 * config.hidden_size
    attention = _heads(model) * _head_size(config)
    return int((8 * config.hidden_size + 3 * inner + 12 * attention) * model.dtype.itemsize)


def logits_bytes(model: PreTrainedModel) -> int:
    """Bytes for the logits of one place, and their softmax."""
    return int(3 * model.config.get_text_config().vocab_size * 4)


def _heads(model: PreTrainedModel) -> int:
    return int(getattr(model.config.get_text_config(), "num_attention_heads", 1))


def _head_size(config: Any) -> int:
    return int(
        getattr(config, "head_dim", None) or config.hidden_size // getattr(config, "num_attention_heads", 1)
    )


def _plain(
    model: PreTrainedModel,
    lines: Sequence[Line],
    owner: Sequence[int],
    sequences: Sequence[tuple[int, ...]],
    memory_bytes: int,
    watch: Watch,
) -> tuple[Floats, Bools]:
    """Score by the model's own forward in batches padded on the right, longest first."""
    values, greedy = np.empty(len(lines)), np.empty(len(lines), bool)
    wanted: dict[int, list[int]] = {}
    for index, sequence in enumerate(owner):
        wanted.setdefault(sequence, []).append(index)
    order = sorted(range(len(sequences)), key=lambda i: -len(sequences[i]))
    for batch in batches_of(model, order, sequences, memory_bytes):
        watch.check()
        mine = [(k, index) for k, i in enumerate(batch) for index in wanted[i]]
        first = min(len(lines[index].head) for _, index in mine) - 1
        logits = plain_logits(model, [sequences[i] for i in batch], first)
        for k, index in mine:
            start = len(lines[index].head) - 1 - first
            rows = logits[k, start : start + len(lines[index].tail)]
            places = np.arange(len(rows))
            logp, best = read_targets(rows, places, np.asarray(lines[index].tail))
            values[index], greedy[index] = logp.sum(), best.all()
        watch.done(np.asarray([index for _, index in mine]))
    return values, greedy


def batches_of(
    model: PreTrainedModel, order: Sequence[int], sequences: Sequence[tuple[int, ...]], memory_bytes: int
) -> list[list[int]]:
    """Cut `order` into batches of at most 32 sequences that fit the bound."""
    batches: list[list[int]] = []
    for index in order:
        each = len(sequences[(batches[-1][0] if batches else index)]) * (
            row_bytes(model) + logits_bytes(model) + trunk_bytes(model)
        )
        if not batches or len(batches[-1]) >= max(1, min(32, memory_bytes // each)):
            batches.append([])
        batches[-1].append(index)
    return batches


def plain_logits(model: PreTrainedModel, batch: Sequence[tuple[int, ...]], first: int) -> torch.Tensor:
    """Return logits from position `first` on, shape (batch, positions, vocabulary)."""
    longest = max(map(len, batch))
    tokens = torch.zeros((len(batch), longest), dtype=torch.long)
    mask = torch.zeros((len(batch), longest), dtype=torch.long)
    for k, sequence in enumerate(batch):
        tokens[k, : len(sequence)] = torch.tensor(sequence)
        mask[k, : len(sequence)] = 1
    asked: dict[str, Any] = {"input_ids": tokens.to(model.device), "use_cache": False}
    if len(set(map(len, batch))) > 1:
        asked["attention_mask"] = mask.to(model.device)
    if "logits_to_keep" in inspect.signature(model.forward).parameters:
        asked["logits_to_keep"] = longest - first
        first = 0
    logits: torch.Tensor = model(**asked).logits
    return logits[:, first:]
