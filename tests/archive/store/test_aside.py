"""A digest computed aside is that of the bytes, once the block has ended."""

import hashlib
import threading

from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from selfscope.archive.store.aside import aside


@given(st.lists(st.binary(max_size=50), max_size=12))
@settings(max_examples=50, deadline=None)
def test_it_is_the_digest_of_what_was_fed(parts):
    with aside(hashlib.sha256()) as one, aside(blake3()) as other:
        for part in parts:
            one.feed(part)
            other.feed(part)
    assert one.hasher.hexdigest() == hashlib.sha256(b"".join(parts)).hexdigest()
    assert other.hasher.hexdigest() == blake3(b"".join(parts)).hexdigest()


def test_its_thread_ends_with_the_block_even_when_that_fails():
    before = threading.active_count()
    try:
        with aside(blake3()) as digest:
            digest.feed(b"part")
            raise KeyError
    except KeyError:
        pass
    assert threading.active_count() == before
