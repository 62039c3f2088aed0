"""What is sealed opens again unless its key is gone; nothing about it shows."""

import hashlib
import os
import stat
import threading

import numpy as np
import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from selfscope.archive.store import vault as module
from selfscope.archive.store.archive import Archive
from selfscope.archive.store.vault import CHUNK, MAGIC, Vault
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
    assert len(files) == 6 and not any(key in p.read_bytes() for p in files)
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


def test_a_part_that_is_out_of_reach_is_not_called_destroyed(vault, tmp_path):
    sealed = vault.seal("one", b"x")
    vault.unwrapping.rename(tmp_path / "detached")
    with pytest.raises(CouldNot, match="out of reach"):
        vault.destroy("one")
    assert not vault.destroyed("one") and vault.open("one", sealed) == b"x"
    (tmp_path / "detached").rename(vault.unwrapping)
    vault.destroy("one")
    assert vault.destroyed("one") and not list(vault.unwrapping.glob("one.*"))


def test_what_an_interrupted_writer_left_of_a_key_goes_with_it(vault):
    left, other = vault.unwrapping / ".one.wrapping.0123abcd", vault.unwrapping / ".one.wrapping.x.0123abcd"
    os.link(vault.unwrapping / "one.wrapping", left)
    other.write_bytes(b"of another domain")
    vault.destroy("one")
    assert not left.exists() and other.read_bytes() == b"of another domain"


def test_a_key_s_file_is_overwritten_before_it_is_removed(vault, tmp_path):
    """Another name of the same file shows what was left in its blocks."""
    parts = [vault.unwrapping / "one.wrapping", vault.wrapped / "one.wrapped"]
    before = [path.read_bytes() for path in parts]
    for number, path in enumerate(parts):
        os.link(path, tmp_path / f"same{number}")
    vault.destroy("one")
    after = [(tmp_path / f"same{number}").read_bytes() for number in range(2)]
    assert [len(each) for each in after] == [len(each) for each in before]
    assert not set(before) & set(after) and not any(path.exists() for path in parts)


@pytest.mark.parametrize("which", ["wrapped", "unwrapping"])
def test_either_part_alone_opens_nothing(vault, tmp_path, which):
    sealed = vault.seal("one", b"x")
    for path in getattr(vault, which).glob("one.*"):
        path.unlink()
    with pytest.raises(CouldNot, match="not here"):
        Vault(vault.wrapped, vault.unwrapping).open("one", sealed)


def test_a_process_that_has_the_key_in_memory_refuses_too(vault):
    other = Vault(vault.wrapped, vault.unwrapping)
    sealed = other.seal("one", b"x")
    vault.destroy("one")
    for attempt in (lambda: other.open("one", sealed), lambda: other.seal("one", b"y")):
        with pytest.raises(Refused, match="destroyed"):
            attempt()


def test_many_who_open_a_domain_at_once_get_one_key(tmp_path):
    vaults = [Vault(tmp_path / "k", tmp_path / "u") for _ in range(8)]
    start, found = threading.Barrier(8), []

    def race(vault):
        start.wait()
        found.append(vault.open_domain("one"))

    threads = [threading.Thread(target=race, args=(each,)) for each in vaults]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(found) == 8 and len(set(found)) == 1
    assert vaults[0].open("one", vaults[7].seal("one", b"x")) == b"x"


def test_a_disk_that_refuses_is_named(tmp_path):
    (tmp_path / "u").write_text("a file where a directory should be")
    with pytest.raises(CouldNot, match="cannot be written"):
        Vault(tmp_path / "k", tmp_path / "u").open_domain("one")


def test_nothing_of_what_a_domain_held_is_in_the_root_before_or_after(tmp_path):
    """The search: text, names of files and tensors, digests of plaintext, the data key."""
    vault = Vault(tmp_path / "root" / "keys", tmp_path / "elsewhere")
    archive = Archive.create(tmp_path / "root", vault=vault)
    vault.open_domain("family")
    draw = np.random.default_rng(0)
    base = draw.normal(size=30_000).astype(np.float32)
    secrets = [b"Zanzibar-marker", b"secret-notes.md", b"tensor.of.nobody"]
    for name, values in (("base", base), ("tuned", base * np.float32(1 + 1e-7))):
        folder = tmp_path / name
        folder.mkdir()
        save_file({"tensor.of.nobody": values}, folder / "model.safetensors")
        (folder / "secret-notes.md").write_bytes(b"Zanzibar-marker " + name.encode())
        for path in folder.iterdir():
            plain = path.read_bytes()
            digests = [hashlib.sha256(plain).digest(), blake3(plain).digest()]
            secrets += [each for d in digests for each in (d, d.hex().encode())]
        secrets.append(values.tobytes()[:64])
    first = archive.add(tmp_path / "base", domain="family")
    second = archive.add(tmp_path / "tuned", domain="family", base=first.content)
    archive.add(tmp_path / "base", domain="family")
    archive.get(second.content, tmp_path / "back")
    assert archive.verify(level="deep").ok
    key = vault._key("family")
    secrets += [key, key.hex().encode(), (vault.unwrapping / "family.wrapping").read_bytes()]

    def told(root):
        files = [path for path in (tmp_path / root).rglob("*") if path.is_file()]
        names = b" ".join(str(path).encode() for path in files)
        everything = names + b"".join(path.read_bytes() for path in files)
        return [each for each in secrets if each in everything]

    Archive.create(tmp_path / "clear").add(tmp_path / "base")
    assert len(told("clear")) >= 8, "the search finds what is not hidden"
    assert told("root") == []
    vault.destroy("family")
    assert told("root") == []
    with pytest.raises(Refused, match="destroyed"):
        Archive.open(tmp_path / "root", vault=vault).get(second.content, tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_a_key_of_which_a_part_was_lost_is_not_made_anew(vault, tmp_path):
    sealed = vault.seal("one", b"data")
    kept = vault._path("one").read_bytes()
    vault._path("one").unlink()
    again = Vault(vault.wrapped, vault.unwrapping)
    with pytest.raises(CouldNot, match="part of this domain's key was lost"):
        again.open_domain("one")
    vault._path("one").write_bytes(kept)
    again.open_domain("one")
    assert again.open("one", sealed) == b"data"


def test_half_a_key_that_a_crash_left_is_completed(tmp_path):
    made = Vault(tmp_path / "k", tmp_path / "u")
    made.open_domain("one")
    made._path("one").unlink()
    made._opened("one").unlink()
    again = Vault(tmp_path / "k", tmp_path / "u")
    key = again.open_domain("one")
    assert Vault(tmp_path / "k", tmp_path / "u").open_domain("one") == key
