"""How a network's linear parts are computed while we score.

By oneDNN on CPU, gated feed-forward parts fused, and the last layer's only where it is read. None of it
changes a model's code or weights; each holds inside a context and ends with it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Tensor = torch.Tensor
#: By how many contexts a part is fused at this moment; one that is left may not end what another began.
_FUSED: WeakKeyDictionary[torch.nn.Module, int] = WeakKeyDictionary()
_LOCK = threading.Lock()


class OneDnnLinear(TorchFunctionMode):
    """Compute float32 linear layers on CPU by oneDNN's kernel rather than PyTorch's own BLAS.

    The same products summed in another order (differences of some 1e-6). On the AMD machine of
    ``lab/LOG.md`` it reaches 217 GFLOP/s where MKL reaches 195. It is taken wherever PyTorch has it, never by
    a measurement of its speed, so that the same machine always gives the same numbers.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Replace ``functional.linear`` where it applies, and let everything else through."""
        if func is functional.linear and not kwargs and _applies(*args):
            bias = args[2] if len(args) > 2 else None
            return torch.ops.mkldnn._linear_pointwise(args[0], args[1], bias, "none", [], "")
        return func(*args, **(kwargs or {}))


def _applies(states: Tensor, weight: Tensor, bias: Tensor | None = None) -> bool:
    here = states.device.type == weight.device.type == "cpu"
    return here and states.dtype == weight.dtype == torch.float32 and states.numel() > 0


@contextmanager
def one_dnn(model: PreTrainedModel) -> Iterator[None]:
    """Compute linear layers by oneDNN inside the context, if this build of PyTorch has it."""
    with ExitStack() as stack:
        if torch._C._has_mkldnn:
            stack.enter_context(OneDnnLinear())
            stack.enter_context(_fused(model))
        yield


@contextmanager
def _fused(model: PreTrainedModel) -> Iterator[None]:
    """Let gated SiLU parts apply activation and product inside oneDNN's matrix products.

    A packed row's inner states are larger than the cache, so every pass over them that is spared counts.
    Contexts may overlap, in one thread or in several: the last one that ends puts back what was there.
    """
    parts = [part for part in model.modules() if _is_gated_silu(part)]
    with _LOCK:
        for part in parts:
            _FUSED[part] = _FUSED.get(part, 0) + 1
            part.forward = _gated(part)
    try:
        yield
    finally:
        with _LOCK:
            for part in parts:
                _FUSED[part] -= 1
                if not _FUSED[part]:
                    del _FUSED[part], part.forward


def _is_gated_silu(part: torch.nn.Module) -> bool:
    """Return whether `part` is down(silu(gate(x)) * up(x)) of plain float32 layers on CPU, and nothing else.

    Layers that an adapter wraps are not plain; the same layers in another formula fail the trial.
    """
    layers = [getattr(part, name, None) for name in ("gate_proj", "up_proj", "down_proj")]
    if type(getattr(part, "act_fn", None)).__name__ not in ("SiLU", "SiLUActivation"):
        return False
    if not all(type(layer) is torch.nn.Linear and layer.bias is None for layer in layers):
        return False
    weight: Tensor = part.gate_proj.weight  # type: ignore[assignment, union-attr]
    trial = torch.linspace(-1, 1, weight.shape[1])[None, None]
    return _applies(trial, weight) and torch.allclose(_gated(part)(trial), part(trial), rtol=1e-4, atol=1e-5)


def _gated(part: Any) -> Callable[[Tensor], Tensor]:
    """Return the forward of a gated SiLU part, in three calls of oneDNN."""

    def forward(states: Tensor) -> Tensor:
        linear = torch.ops.mkldnn._linear_pointwise
        gate = linear(states, part.gate_proj.weight, None, "swish", [], "")
        inner = linear.binary(states, gate, part.up_proj.weight, None, "mul")
        out: Tensor = linear(inner, part.down_proj.weight, None, "none", [], "")
        return out

    return forward


@contextmanager
def narrowed(model: PreTrainedModel, read: Callable[[], Tensor | None]) -> Iterator[None]:
    """Let the last layer's feed-forward part compute only the places that `read` names.

    Such a part treats every place by itself, so the others, which nobody reads and on which nothing later
    stands, are left at zero. Models whose last layer has no ``mlp`` are computed whole.

    Parameters
    ----------
    read
        Gives the places of the running row, shape (places,), or None for all.
    """
    part = _feed_forward(model)
    if part is None:
        yield
        return
    length: list[int] = []

    def narrow(module: Any, args: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        places = read()
        length.append(args[0].shape[1])
        return args if places is None else (args[0].index_select(1, places), *args[1:])

    def widen(module: Any, args: Any, out: Any) -> Any:
        places, tokens = read(), length.pop()
        if places is None:
            return out
        states = out[0] if isinstance(out, tuple) else out
        wide = states.new_zeros(states.shape[0], tokens, states.shape[2]).index_copy_(1, places, states)
        return (wide, *out[1:]) if isinstance(out, tuple) else wide

    with part.register_forward_pre_hook(narrow), part.register_forward_hook(widen):
        yield


def _feed_forward(model: PreTrainedModel) -> Any:
    """Return the feed-forward part of the last layer, or None where it cannot be named."""
    network: Any = model
    below = network.get_decoder() if hasattr(network, "get_decoder") else network.base_model
    layers = getattr(below, "layers", None)
    return getattr(layers[-1], "mlp", None) if layers is not None and len(layers) else None
