"""A destroyed secret is nowhere in the root, nor was it ever there in the clear."""

import pytest

from . import erasure
from .place import new_place


@pytest.mark.parametrize("step", [0, 30])
def test_nothing_of_it_is_left(step, zygote, ground):
    found = zygote.call("erasure.erased", path=str(ground / "erased"), step=step).value()
    assert found["before"], "the search finds what is there"
    assert found["found"] == []
    assert found["ciphertext"] and found["ok"]


def test_it_is_never_in_the_clear(zygote, ground):
    found = zygote.call("erasure.never_in_clear", path=str(ground / "never")).value()
    assert found["found"] == [] and found["looked"] > 20


def test_the_search_searches(ground):
    place = new_place(ground / "place")
    (place.root / "staging").mkdir(parents=True)
    (place.root / "staging" / "left").write_bytes(b"..." + erasure.MARKER)
    assert erasure.search(place, erasure.traces(place)) == ["a sentence of it in root/staging/left"]
