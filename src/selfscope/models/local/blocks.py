"""The decoder blocks of a network: found by structure, verified on the network itself, read by hooks.

*Layer i* is the residual stream after block i, counted from 0, before any final norm. In transformers
``hidden_states[i + 1]`` is the same tensor for every block but the last, where it is taken after the final
norm; so nothing here reads ``hidden_states``, except to verify.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from selfscope.errors import CouldNot
from selfscope.models.local.scorer import backbone

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Tensor = torch.Tensor

NEAR = 1e-4
"""Largest relative difference of two runs that passes off the processor: sums may change order there."""

_TRIAL = (9, 6)
"""Tokens of the two rows that a verification computes; the shorter is padded on the right."""

_Call = tuple[str, Tensor, Tensor]
"""Name of a module, what it was given, and what it made."""

_FIX = "Capture cannot be done on this architecture; its other answers are not touched by that"


@dataclass(frozen=True, eq=False)
class Blocks:
    """The blocks of one network, verified. Made by :func:`open_blocks`.

    Attributes
    ----------
    path
        Where the list of blocks is, below the backbone: ``layers``, ``h``, ``decoder.layers``.
    blocks
        In order; block i gives layer i.
    width
        Size of the residual stream.
    tail
        The modules between the last block and the backbone's output, by name: the final norm, as a rule.
    """

    path: str
    blocks: tuple[nn.Module, ...]
    width: int
    tail: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.blocks)


def open_blocks(model: PreTrainedModel) -> Blocks:
    """Return the decoder blocks of `model`, verified by running it.

    The blocks are the one outermost ``ModuleList`` below the backbone that has as many members as the
    configuration has layers. Two short runs, one with hooks and one without any, then show that

    - every block runs once, in order, and gives one tensor of shape (batch, tokens, width);
    - what a hook sees after block i is ``hidden_states[i + 1]``, exactly, for every block but the last;
    - what it sees after the last block becomes the backbone's output by the modules named in `Blocks.tail`;
    - hooks that hand back a copy of what they see leave the output as it was, bit for bit on a processor.

    Raises
    ------
    CouldNot
        If one of these does not hold; it says which, and at which block.
    """
    path, found = _located(model)
    tokens, mask = _trial(model)
    seen = _Seen(found)
    with torch.inference_mode():
        with hooked(found, seen.see), _after(model, found, seen) as calls:
            out = _run(model, tokens, mask, output_hidden_states=True)
        width = _check_shapes(seen, out.last_hidden_state, tokens)
        _check_states(seen, out.hidden_states)
        tail = _tail(seen, calls, out.last_hidden_state)
        _check_untouched(out.last_hidden_state, _run(model, tokens, mask).last_hidden_state)
    return Blocks(path, tuple(found), width, tail)


def _located(model: PreTrainedModel) -> tuple[str, list[nn.Module]]:
    """Return the path and the members of the outermost list with as many members as there are layers."""
    count = int(model.config.get_text_config().num_hidden_layers)
    lists = {
        name: list(module)
        for name, module in backbone(model).named_modules()
        if isinstance(module, nn.ModuleList) and len(module) == count
    }
    outer = [n for n in lists if not any(n != other and n.startswith(f"{other}.") for other in lists)]
    if len(outer) != 1:
        raise CouldNot(
            f"the decoder blocks could not be told: {len(outer)} lists have a member for each layer",
            got=f"{type(model).__name__} with {count} layers: {', '.join(outer) or 'no such list'}",
            fix=_FIX,
        )
    return outer[0], lists[outer[0]]


def states_of(out: Any) -> Tensor:
    """Return the states in what a block gives: a tensor, a tuple that begins with one, or a ModelOutput.

    Raises
    ------
    CouldNot
        If there is no tensor of shape (batch, tokens, width) where it must be. The first item of a batch is
        never taken for the states of all.
    """
    found = out
    if hasattr(out, "to_tuple"):
        found = out.to_tuple()
    if isinstance(found, (tuple, list)):
        found = found[0] if found else None
    if not isinstance(found, Tensor) or found.dim() != 3:
        shape = f" of shape {tuple(found.shape)}" if isinstance(found, Tensor) else ""
        raise CouldNot(
            "a block gave no states of shape (batch, tokens, width)",
            got=f"{type(out).__name__} with {type(found).__name__}{shape}",
            fix=_FIX,
        )
    return found


def with_states(out: Any, states: Tensor) -> Any:
    """Return what a block gave, with `states` in the place of its own; the rest is left as it is."""
    if isinstance(out, Tensor):
        return states
    if hasattr(out, "to_tuple"):
        first = next(iter(out.keys()))
        return type(out)(**{**out, first: states})
    return type(out)((states, *out[1:]))


@contextmanager
def hooked(
    blocks: Sequence[nn.Module], see: Callable[[int, Tensor], Tensor | None], *, first: bool = False
) -> Iterator[None]:
    """Call `see` with the number of a block and its states whenever one has run.

    Parameters
    ----------
    blocks
        The modules, in order.
    see
        Gets (number, states (batch, tokens, width)). What it returns takes the place of the states; None
        leaves them.
    first
        Whether it sees and changes states before all others that look at these blocks.
    """

    def after(number: int) -> Callable[[nn.Module, Any, Any], Any]:
        def hook(module: nn.Module, args: Any, out: Any) -> Any:
            changed = see(number, states_of(out))
            return None if changed is None else with_states(out, changed)

        return hook

    with ExitStack() as stack:
        for number, block in enumerate(blocks):
            stack.enter_context(block.register_forward_hook(after(number), prepend=first))
        yield


class _Seen:
    """What hooks saw in one run, in order."""

    def __init__(self, blocks: Sequence[nn.Module]) -> None:
        self.order: list[int] = []
        self.states: dict[int, Tensor] = {}
        self.count = len(blocks)

    def see(self, number: int, states: Tensor) -> Tensor:
        """Keep a copy of one block's states, and hand back another."""
        self.order.append(number)
        self.states[number] = states.clone()
        return states.clone()


def _trial(model: PreTrainedModel) -> tuple[Tensor, Tensor]:
    """Return tokens and mask of two rows of unlike length."""
    draw = torch.Generator().manual_seed(0)
    vocabulary = model.config.get_text_config().vocab_size
    tokens = torch.randint(0, vocabulary, (len(_TRIAL), max(_TRIAL)), generator=draw)
    mask = (torch.arange(max(_TRIAL))[None] < torch.tensor(_TRIAL)[:, None]).long()
    return tokens.to(model.device), mask.to(model.device)


def _run(model: PreTrainedModel, tokens: Tensor, mask: Tensor, **kwargs: Any) -> Any:
    return backbone(model)(input_ids=tokens, attention_mask=mask, use_cache=False, return_dict=True, **kwargs)


def _check_shapes(seen: _Seen, last: Tensor, tokens: Tensor) -> int:
    """Return the width of the stream; CouldNot unless every block ran once, in order, with one shape."""
    if seen.order != list(range(seen.count)):
        raise CouldNot("the blocks did not run once each, in order", got=seen.order[:80], fix=_FIX)
    width = int(seen.states[0].shape[-1])
    for number, states in seen.states.items():
        if tuple(states.shape) != (*tokens.shape, width):
            raise CouldNot(
                f"block {number} gave states of another shape than (batch, tokens, width)",
                got=f"{tuple(states.shape)}, not {(*tokens.shape, width)}",
                fix=_FIX,
            )
    if tuple(last.shape[:2]) != tuple(tokens.shape):
        raise CouldNot("the backbone's output is not one state a token", got=tuple(last.shape), fix=_FIX)
    return width


def _check_states(seen: _Seen, hidden: Sequence[Tensor] | None) -> None:
    """Hold the hooks against ``hidden_states``, which transformers fills in its own way."""
    if hidden is None or len(hidden) != seen.count + 1:
        got = "none" if hidden is None else f"{len(hidden)} for {seen.count} blocks"
        raise CouldNot("the network does not give its hidden states to verify against", got=got, fix=_FIX)
    for number in range(seen.count - 1):
        if not torch.equal(seen.states[number], hidden[number + 1]):
            apart = _apart(seen.states[number], hidden[number + 1])
            raise CouldNot(
                f"what a hook sees after block {number} is not hidden state {number + 1}",
                got=f"relative difference {apart:.1e}",
                fix=_FIX,
            )


@contextmanager
def _after(model: PreTrainedModel, blocks: Sequence[nn.Module], seen: _Seen) -> Iterator[list[_Call]]:
    """Note what the modules outside the blocks are given and make after the last block has run, by name."""
    calls: list[_Call] = []
    inside = {id(m) for block in blocks for m in block.modules()}

    def keep(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(module: nn.Module, args: Any, out: Any) -> None:
            after = seen.order[-1:] == [seen.count - 1]
            if after and args and isinstance(args[0], Tensor) and isinstance(out, Tensor):
                calls.append((name, args[0].clone(), out.clone()))

        return hook

    with ExitStack() as stack:
        for name, module in backbone(model).named_modules():
            if name and id(module) not in inside:
                stack.enter_context(module.register_forward_hook(keep(name)))
        yield calls


def _tail(seen: _Seen, calls: Sequence[_Call], final: Tensor) -> tuple[str, ...]:
    """Return the names of the modules that make the backbone's output of the last block's states."""
    names, here = [], seen.states[seen.count - 1]
    for name, given, made in calls:
        if torch.equal(given, here):
            names.append(name)
            here = made
    if not (here.shape == final.shape and torch.equal(here, final)):
        raise CouldNot(
            "what follows the last block could not be traced to the backbone's output",
            got=" then ".join(names) or "no module takes the last block's states",
            fix=_FIX,
        )
    return tuple(names)


def _check_untouched(held: Tensor, plain: Tensor) -> None:
    """Hold the output of the run whose hooks handed back copies against that of one without any."""
    same = torch.equal(plain, held) if plain.device.type == "cpu" else _apart(held, plain) <= NEAR
    if not same:
        raise CouldNot(
            "hooks that change nothing changed the network's output",
            got=f"relative difference {_apart(held, plain):.1e}",
            fix=_FIX,
        )


def _apart(left: Tensor, right: Tensor) -> float:
    """Return the largest difference, relative to the largest value of `right`."""
    if left.shape != right.shape:
        return float("inf")
    scale = float(right.abs().max()) or 1.0
    return float((left - right).abs().max()) / scale
