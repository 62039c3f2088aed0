"""Rows of unlike length on one memory: on any family of decoders they are computed as alone, or refused."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from tests.models.local.families import FAMILIES, network

from selfscope.errors import CouldNot


@pytest.mark.parametrize("family", FAMILIES)
def test_rows_that_join_are_computed_as_they_are_alone(family: str) -> None:
    from selfscope.models.local.slots import Slots
    from selfscope.models.local.stream_check import check_joining

    model = network(family)
    stream: Any = SimpleNamespace(
        model=model, slots=Slots(model, 512), ground=SimpleNamespace(threads=1), many=None
    )
    assert check_joining(stream) < 1e-3


def test_an_architecture_of_another_kind_is_refused() -> None:
    from selfscope.models.local.slots import Slots

    model = network("llama")
    model.config.layer_types = ["full_attention", "linear_attention", "full_attention"]
    with pytest.raises(CouldNot, match="join each other"):
        Slots(model, 512)


def test_a_network_that_does_not_run_on_this_memory_is_refused() -> None:
    from selfscope.models.local.slots import Slots
    from selfscope.models.local.stream_check import check_joining

    model = network("llama")
    stream: Any = SimpleNamespace(
        model=model, slots=Slots(model, 512), ground=SimpleNamespace(threads=1), many=None
    )
    stream.slots.update = None  # as of a cache of another kind
    with pytest.raises(CouldNot, match="TypeError"):
        check_joining(stream)


def test_room_is_made_and_given_back_without_losing_a_row() -> None:
    import torch

    from selfscope.models.local.slots import Slots

    slots = Slots(network("llama"), 2048)
    slots.reserve(1, 20)
    slots.aim(0, [0], 20)
    first = torch.randn(1, 1, 20, 8, generator=torch.Generator().manual_seed(0))
    slots.update(first, first, 0)
    slots.reserve(3, 600)
    kept = slots.take(0, 20)
    assert torch.equal(kept[0][0], first[0])
    slots.copy(0, 2, 12)
    assert torch.equal(slots.take(2, 12)[0][1], first[0, :, :12])
    held = slots.bytes
    slots.reserve(7, 250)  # rows of 600 would be too many
    assert torch.equal(slots.take(0, 20)[0][0], first[0]) and slots.bytes < held * 2
    slots.clear()
    assert slots.bytes == 0
