"""What is sealed opens again unless its key is gone; nothing about it shows."""

import stat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfscope.archive import vault as module
from selfscope.archive.vault import CHUNK, MAGIC, Vault
from selfscope.errors import BadInput, CouldNot, Refused


@pytest.fixture
def vault(tmp_path):
    made = Vault(tmp_path / "root" / "keys", tmp_path / "elsewhere")
    for domain in ("one", "two"):
        made.open_domain(domain)
    return made


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_what_was_sealed_opens(vault, size):
    data = bytes(i % 251 for i in range(size))
    sealed = vault.seal("one", data)
    assert vault.open("one", sealed) == data
    again = Vault(vault.wrapped, vault.unwrapping)
    assert again.open("one", sealed) == data and again.seal("one", data) == sealed


def test_equal_bytes_are_equal_in_one_domain_only(vault):
    assert vault.seal("one", b"same") != vault.seal("two", b"same")
    with pytest.raises(CouldNot):
        vault.open("two", vault.seal("one", b"same"))


def test_chunks_cannot_be_swapped_cut_or_extended(vault, monkeypatch):
    monkeypatch.setattr(module, "CHUNK", 16)
    sealed = vault.seal("one", b"A" * 16 + b"B" * 16 + b"C" * 4)
    start, step = len(MAGIC) + 32, 32
    head, a, b, c = sealed[:start], *(sealed[start + i * step : start + (i + 1) * step] for i in range(3))
    assert vault.open("one", head + a + b + c) == b"A" * 16 + b"B" * 16 + b"C" * 4
    for forged in (head + b + a + c, head + a + b, head + a, head + a + b + c + c, head, head + a + c):
        with pytest.raises(CouldNot):
            vault.open("one", forged)


@settings(max_examples=60)
@given(place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_flipped_bit_is_found(tmp_path_factory, place, bit):
    vault = Vault(tmp_path_factory.getbasetemp() / "k", tmp_path_factory.getbasetemp() / "u")
    vault.open_domain("one")
    sealed = bytearray(vault.seal("one", b"some plaintext to be kept"))
    sealed[place % len(sealed)] ^= 1 << bit
    with pytest.raises(CouldNot):
        vault.open("one", bytes(sealed))


def test_a_destroyed_key_is_gone_for_good(vault, tmp_path):
    sealed, key = vault.seal("one", b"marker"), vault._key("one")
    vault.destroy("one")
    vault.destroy("one")
    assert vault.destroyed("one") and not vault.destroyed("two") and vault.domains() == ["two"]
    for each in (vault, Vault(vault.wrapped, vault.unwrapping)):
        with pytest.raises(Refused, match="destroyed"):
            each.open("one", sealed)
        with pytest.raises(Refused):
            each.open_domain("one")
    everything = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert key not in everything and b"marker" not in everything


def test_the_data_key_never_lies_in_the_clear_and_nobody_else_reads_it(vault, tmp_path):
    key = vault._key("one")
    files = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert len(files) == 4 and not any(key in p.read_bytes() for p in files)
    assert all(stat.S_IMODE(p.stat().st_mode) == 0o600 for p in files)


def test_a_missing_or_damaged_key_is_named(vault):
    path = vault.unwrapping / "one.wrapping"
    whole = path.read_bytes()
    path.write_bytes(bytes(32))
    with pytest.raises(CouldNot, match="damaged"):
        Vault(vault.wrapped, vault.unwrapping).seal("one", b"x")
    path.unlink()
    with pytest.raises(CouldNot, match="not here"):
        Vault(vault.wrapped, vault.unwrapping).seal("one", b"x")
    path.write_bytes(whole)
    assert vault.fingerprint("one") == Vault(vault.wrapped, vault.unwrapping).fingerprint("one")


@pytest.mark.parametrize("domain", ["", "../x", "A", "a b", "x" * 65, ".hidden"])
def test_a_name_that_is_no_domain(vault, domain):
    with pytest.raises(BadInput):
        vault.open_domain(domain)
