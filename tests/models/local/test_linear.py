"""Feed-forward parts are fused while somebody scores, and are as they were when nobody does."""

import pytest
import torch
from tests.models.local.families import network

from selfscope.models.local.linear import one_dnn


@pytest.fixture(scope="module")
def model():
    return network("llama")


def fused(model):
    return [name for name, part in model.named_modules() if "forward" in vars(part)]


def test_contexts_that_overlap_end_with_the_last_of_them(model):
    first, second = one_dnn(model), one_dnn(model)
    first.__enter__()
    during = fused(model)
    second.__enter__()
    first.__exit__(None, None, None)
    assert during and fused(model) == during
    second.__exit__(None, None, None)
    assert fused(model) == []


def test_what_is_fused_computes_the_same(model):
    ids = torch.arange(12)[None] % model.config.vocab_size
    with torch.no_grad():
        plain = model(input_ids=ids).logits
        with one_dnn(model):
            inside = model(input_ids=ids).logits
    assert torch.allclose(plain, inside, rtol=1e-4, atol=1e-5)
