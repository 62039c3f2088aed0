"""Many characters on one set of weights: every row of a batch wears an adapter of its own, or none.

The weights are there once. Beside them lie the low-rank factors of all adapters, and a row of a batch gets
W x + scale B (A x) with the factors that it wears: what it would get alone from weights into which the
adapter was merged, up to float32 rounding. Rows come and go between two forwards; ranks, scales and the
layers that adapters change may all differ.

A padded batch has one adapter a row. A packed row of a prefix tree is many sequences over one beginning, and
has a single one: keys and values of a beginning belong to whoever computed them.

======== ================================================================================================
way      how rows get their own factors
======== ================================================================================================
masked   factors of all that is worn stand side by side, and a row keeps the places that are its own: two
         products for the whole batch. A factor that is not a row's is multiplied by zero.
grouped  rows of one adapter are taken out, computed together, and put back: two products an adapter.
gathered each row has a copy of its factors: two batched products.
======== ================================================================================================

Which is fastest is measured by ``bench/many.py``; all give the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import torch
from torch import nn
from torch.nn import functional

from selfscope.errors import BadInput
from selfscope.models.adapters import Adapter, refuse_other_base
from selfscope.models.local.merge import changes_of, weight_of

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from selfscope.models.local.ground import LocalGround

Tensor = torch.Tensor
Way = Literal["masked", "grouped", "gathered"]

MOST_MASKED = 128
"""Ranks of all that is worn together, above which rows are grouped: a mask computes them all for each row."""


class Factors(NamedTuple):
    """A low-rank change of one layer: `down` (rank, in) and `up` (out, rank), the scale in the latter."""

    down: Tensor
    up: Tensor


class _Change:
    """What the rows of the next forwards add to the output of one layer."""

    def add(self, states: Tensor, out: Tensor) -> Tensor:
        """Return `out` (row, token, out) with the rows' own changes of `states` (row, token, in)."""
        raise NotImplementedError


class _All(_Change):
    """One change for every row, whatever their number."""

    def __init__(self, own: Factors) -> None:
        self._own = own

    def add(self, states: Tensor, out: Tensor) -> Tensor:
        return out + functional.linear(functional.linear(states, self._own.down), self._own.up)


class _Masked(_Change):
    def __init__(self, worn: Sequence[Factors], of: Sequence[int]) -> None:
        self._down = torch.cat([each.down for each in worn])
        self._up = torch.cat([each.up for each in worn], 1)
        owner = torch.cat([torch.full((len(each.down),), n) for n, each in enumerate(worn)])
        mask = (torch.tensor(of)[:, None] == owner).to(self._down)
        self._mask = mask[:, None]

    def add(self, states: Tensor, out: Tensor) -> Tensor:
        inner = functional.linear(states, self._down) * self._mask
        return out + functional.linear(inner, self._up)


class _Grouped(_Change):
    def __init__(self, worn: Sequence[Factors], of: Sequence[int]) -> None:
        device = worn[0].down.device
        rows = [[r for r, n in enumerate(of) if n == number] for number in range(len(worn))]
        self._groups = [
            (torch.tensor(own, device=device), each) for own, each in zip(rows, worn, strict=True) if own
        ]

    def add(self, states: Tensor, out: Tensor) -> Tensor:
        out = out.clone()
        for rows, own in self._groups:
            inner = functional.linear(states.index_select(0, rows), own.down)
            out.index_add_(0, rows, functional.linear(inner, own.up))
        return out


class _Gathered(_Change):
    def __init__(self, worn: Sequence[Factors], of: Sequence[int]) -> None:
        rank = max(len(each.down) for each in worn)
        down = worn[0].down.new_zeros((len(of), rank, worn[0].down.shape[1]))
        up = worn[0].up.new_zeros((len(of), worn[0].up.shape[0], rank))
        for row, number in enumerate(of):
            if number >= 0:
                own = worn[number]
                down[row, : len(own.down)], up[row, :, : len(own.down)] = own.down, own.up
        self._down, self._up = down.transpose(1, 2), up.transpose(1, 2)

    def add(self, states: Tensor, out: Tensor) -> Tensor:
        return torch.baddbmm(out, torch.bmm(states, self._down), self._up)


_CHANGES = {"masked": _Masked, "grouped": _Grouped, "gathered": _Gathered}


class WornLinear(nn.Linear):
    """A linear layer to whose output the rows of a batch add what they wear.

    Attributes
    ----------
    change
        None where no row wears anything that changes this layer: it is then computed as it is.
    count
        Rows that the change was set for; 1 for any number.
    """

    change: _Change | None
    count: int

    def forward(self, input: Tensor) -> Tensor:
        """Return W x + b, and with it what each row wears."""
        out = functional.linear(input, self.weight, self.bias)
        if self.change is None:
            return out
        if self.count not in (1, len(input)):
            raise BadInput(
                "the batch has other rows than adapters were set for",
                got=f"{len(input)} rows, {self.count} adapters",
                fix="Set one adapter for each row; a packed row takes a single one",
            )
        return self.change.add(input, out)


class Many:
    """Adapters held beside one network's weights, and which of them each row wears.

    Parameters
    ----------
    model
        Its linear layers that an adapter changes are made to ask this object; give a twin.
    adapters
        All that rows may wear.
    name, revision
        Of the weights; an adapter that was trained on others is refused.
    way
        See the module; None chooses by what is worn together.

    Raises
    ------
    BadInput
        If an adapter was trained on other weights, does not fit these, or cannot be read.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        adapters: Sequence[Adapter],
        *,
        name: str,
        revision: str,
        way: Way | None = None,
    ) -> None:
        self.way = way
        self.adapters = {each.id: each for each in adapters}
        self._factors: dict[str, dict[str, Factors]] = {}
        for adapter in self.adapters.values():
            refuse_other_base(adapter, name, revision)
            self._factors[adapter.id] = _factors(model, adapter)
        names = sorted({layer for held in self._factors.values() for layer in held})
        self._layers = {each: _opened(model, each) for each in names}
        self._worn: tuple[str, ...] | None = None
        self.rows([""])

    @property
    def bytes(self) -> int:
        """Bytes that all factors take beside the weights."""
        held = (each for factors in self._factors.values() for pair in factors.values() for each in pair)
        return sum(t.numel() * t.element_size() for t in held)

    def rows(self, worn: Sequence[str]) -> None:
        """Set what the rows of the next forwards wear.

        Parameters
        ----------
        worn
            The id of an adapter for each row of the batch, "" for none; a single one holds for every row,
            whatever their number.

        Raises
        ------
        BadInput
            If there is none, or an adapter is not held.
        """
        if not worn:
            raise BadInput("a batch has at least one row", got="no adapters")
        if strange := [each for each in worn if each and each not in self.adapters]:
            raise BadInput(
                "this adapter is not held", got=strange[0], fix="Open the weights with all that rows may wear"
            )
        if tuple(worn) == self._worn:
            return
        for layer, module in self._layers.items():
            module.change, module.count = self._change(layer, worn), len(worn)
        self._worn = tuple(worn)

    def _change(self, layer: str, worn: Sequence[str]) -> _Change | None:
        """Return what rows add to one layer's output; None where no row changes it."""
        here = [a for a in dict.fromkeys(worn) if a and layer in self._factors[a]]
        if not here:
            return None
        factors = [self._factors[a][layer] for a in here]
        if len(set(worn)) == 1:
            return _All(factors[0])
        of = [here.index(a) if a in here else -1 for a in worn]
        return _CHANGES[self.way or _suited(factors)](factors, of)


def _suited(factors: Sequence[Factors]) -> Way:
    return "masked" if sum(len(each.down) for each in factors) <= MOST_MASKED else "grouped"


def _factors(model: PreTrainedModel, adapter: Adapter) -> dict[str, Factors]:
    """Return an adapter's factors by layer, in float32 where the weights are."""
    found = {}
    for name, pair in changes_of(adapter).items():
        weight = weight_of(model, name, pair, adapter)
        down, up = (t.to(weight.device, torch.float32) for t in pair)
        found[name] = Factors(down.contiguous(), (adapter.scale * up).contiguous())
    return found


def _opened(model: Any, name: str) -> WornLinear:
    """Make a linear layer of a network one that rows may change."""
    layer = model.get_submodule(name)
    if type(layer) not in (nn.Linear, WornLinear):
        raise BadInput(
            "rows can change plain linear layers alone",
            got=f"{name}: {type(layer).__name__}",
            fix="Serve this adapter by itself: `--adapter`",
        )
    layer.__class__ = WornLinear
    layer.change, layer.count = None, 1
    found: WornLinear = layer
    return found


def many_on(
    ground: LocalGround, model: PreTrainedModel, adapters: Sequence[Adapter], *, way: Way | None = None
) -> Many:
    """Return what rows wear on a twin of a ground's network; BadInput if the ground wears one itself."""
    if ground.adapter is not None:
        raise BadInput(
            "the ground wears an adapter already",
            got=ground.adapter.name,
            fix="Open the bare weights, and let rows wear it",
        )
    return Many(model, adapters, name=ground.identity.name, revision=ground.identity.revision, way=way)
