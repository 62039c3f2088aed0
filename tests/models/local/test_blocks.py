"""Decoder blocks on tiny networks of many families: found, verified, and refused where they are not right."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from tests.models.local.families import FAMILIES, network

from selfscope.errors import CouldNot


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    from transformers.utils import logging as theirs

    before = theirs.get_verbosity()
    theirs.set_verbosity(logging.CRITICAL)
    yield
    theirs.set_verbosity(before)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("family", FAMILIES)
def test_blocks_of_every_family_are_found_and_verified(family: str) -> None:
    import torch

    from selfscope.models.local.blocks import hooked, open_blocks

    model = network(family)
    blocks = open_blocks(model)
    assert (len(blocks), blocks.width) == (3, 16)
    seen: dict[int, Any] = {}

    def see(number: int, states: Any) -> None:
        seen[number] = states.clone()

    tokens = torch.tensor([[5, 9, 11, 2], [7, 7, 3, 1]])
    with torch.inference_mode():
        with hooked(blocks.blocks, see):
            model(input_ids=tokens, use_cache=False)
        seen_alone = dict(seen)
        states = model(input_ids=tokens, use_cache=False, output_hidden_states=True).hidden_states
    # transformers' own states: equal for all but the last, which it gives after the final norm
    same = [torch.equal(seen_alone[i], states[i + 1]) for i in range(3)]
    assert same == [True, True, not blocks.tail]


def test_states_are_read_and_replaced_in_tensors_tuples_and_model_outputs_alike() -> None:
    import torch
    from transformers.modeling_outputs import BaseModelOutput

    from selfscope.models.local.blocks import hooked

    class Block(torch.nn.Module):
        def __init__(self, kind: str) -> None:
            super().__init__()
            self.kind = kind

        def forward(self, states: Any) -> Any:
            made = states + 1
            if self.kind == "output":
                return BaseModelOutput(last_hidden_state=made, attentions=(made * 0,))
            return {"tensor": made, "tuple": (made, "weights")}[self.kind]

    seen: list[Any] = []
    for kind in ("tensor", "tuple", "output"):
        block = Block(kind)
        with hooked([block], lambda number, states: seen.append(states)):
            untouched = block(torch.zeros(2, 3, 4))
        with hooked([block], lambda number, states: states * 5):
            changed = block(torch.zeros(2, 3, 4))
        assert seen[-1].shape == (2, 3, 4), "all items of the batch, not the first"
        assert type(changed) is type(untouched)
        first = {"tensor": changed, "tuple": changed[0], "output": changed[0]}[kind]
        assert torch.equal(first, torch.full((2, 3, 4), 5.0))
        if kind == "tuple":
            assert changed[1] == "weights"
        if kind == "output":
            assert torch.equal(changed.attentions[0], torch.zeros(2, 3, 4))


@pytest.mark.parametrize("out", [(), ("weights",), None, "flat"])
def test_what_is_no_states_is_refused(out: Any) -> None:
    import torch

    from selfscope.models.local.blocks import states_of

    with pytest.raises(CouldNot, match="no states of shape"):
        states_of(torch.zeros(3, 4) if out == "flat" else out)


def refused(model: Any) -> str:
    from selfscope.models.local.blocks import open_blocks

    with pytest.raises(CouldNot) as error:
        open_blocks(model)
    return str(error.value)


def test_two_lists_of_like_length_are_not_guessed_between() -> None:
    import torch

    model = network("llama")
    model.model.others = torch.nn.ModuleList(torch.nn.Linear(2, 2) for _ in range(3))
    assert "2 lists" in refused(model)
    model.config.num_hidden_layers = 4
    assert "no such list" in refused(model)


def test_a_block_that_runs_twice_is_refused() -> None:
    model = network("llama")
    model.model.layers[1] = model.model.layers[0]
    assert "once each, in order" in refused(model)


def test_a_hook_that_sees_something_else_than_the_hidden_state_is_refused_by_the_number_of_its_block() -> (
    None
):
    import torch

    model = network("llama")
    model(
        input_ids=torch.tensor([[1, 2]]), output_hidden_states=True
    )  # now transformers' own hooks come first
    model.model.layers[1].register_forward_hook(lambda module, args, out: out + 1)
    assert "after block 1 is not hidden state 2" in refused(model)


def test_an_output_that_does_not_follow_from_the_last_block_is_refused() -> None:
    model = network("llama")
    whole = model.model.forward

    def forward(**kwargs: Any) -> Any:
        out = whole(**kwargs)
        out.last_hidden_state = out.last_hidden_state * 2
        return out

    model.model.forward = forward
    assert "norm" in refused(model)


def test_a_network_that_is_not_the_same_twice_is_refused() -> None:
    import torch

    torch.manual_seed(0)
    model = network("llama", attention_dropout=0.5).train()
    assert "changed the network's output" in refused(model)
