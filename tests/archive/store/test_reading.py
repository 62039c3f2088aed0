"""A stretch of a file is told byte for byte to be what was brought, and a file that ends early is said."""

import pytest

from selfscope.archive.journal.chain import Damaged
from selfscope.archive.store.reading import PART, holds

DATA = bytes(range(253)) * (2 * PART // 253) + b"end"


@pytest.fixture
def path(tmp_path):
    (tmp_path / "object").write_bytes(b"before" + DATA + b"after")
    return tmp_path / "object"


@pytest.mark.parametrize("size", [0, 1, PART - 1, PART, PART + 1, len(DATA)])
def test_the_same_bytes_are_told(path, size):
    assert holds(path, 6, memoryview(DATA)[:size])


@pytest.mark.parametrize("at", [0, PART - 1, PART, len(DATA) - 1])
def test_one_other_byte_is_told(path, at):
    other = bytearray(DATA)
    other[at] ^= 1
    assert not holds(path, 6, memoryview(other))


def test_a_file_that_ends_early_or_is_gone_is_damaged(path, tmp_path):
    with pytest.raises(Damaged, match="shorter"):
        holds(path, 20, memoryview(DATA[14:] + b"after and more"))
    with pytest.raises(Damaged, match="gone"):
        holds(tmp_path / "none", 0, memoryview(DATA))
