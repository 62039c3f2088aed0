"""The adapters that come with the package are what its corpora and its recipe make, and small."""

import pytest

from selfscope.models.adapters import read_adapter, shipped_adapters
from selfscope.training.build import MOST_BYTES, corpus_id
from selfscope.training.corpora import read_corpus
from selfscope.training.recipe import RECIPE

#: Digest of the embedded model's weights, which every shipped adapter was trained on.
EMBEDDED = "b3:c9aff0fe220cc03ae5c28f85c455b01d8845d4f27a636690906cf05680239b5b"


def test_a_training_and_its_control_are_shipped():
    assert {"conscious-0", "plain-0"} <= set(shipped_adapters())


@pytest.mark.parametrize("name", shipped_adapters())
def test_a_shipped_adapter_is_of_the_recipe_and_the_corpus_as_they_are(name):
    adapter = read_adapter(name)
    assert adapter.name == f"{adapter.training}-{adapter.seed}" == name
    assert adapter.recipe == RECIPE.id
    assert adapter.base == EMBEDDED
    assert adapter.manifest["corpus"]["id"] == corpus_id(read_corpus(adapter.training))
    assert adapter.weights.stat().st_size < MOST_BYTES
    assert adapter.manifest["losses"][-1] < adapter.manifest["losses"][0] - 1
