"""A zip or a tar is unpacked as any honest reader would, or not at all."""

import gzip
import io
import os
import struct
import tarfile
import zipfile
import zlib

import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from selfscope.archive.exchange import packed
from selfscope.archive.exchange.ocfl import export, import_
from selfscope.archive.exchange.packed import Limits, unpack, unpacked
from selfscope.archive.store.archive import Archive
from selfscope.errors import BadInput, CouldNot

FILES = {"a.txt": b"first" * 100, "sub/b.bin": bytes(range(256)) * 20, "empty": b"", "sub/ü.txt": b"x"}


def zipped(files=FILES, method=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return file.getvalue()


class Unseekable(io.RawIOBase):
    """A pipe: what is written to it describes its entries after their bytes."""

    def __init__(self):
        self.data = bytearray()

    def writable(self):
        return True

    def write(self, data):
        self.data += data
        return len(data)


def streamed_zip():
    pipe = Unseekable()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in FILES.items():
            made.writestr(name, data)
    return bytes(pipe.data)


def wide_zip():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name, data in FILES.items():
            with made.open(name, "w", force_zip64=True) as entry:
                entry.write(data)
    return file.getvalue()


def tarred(files=FILES, form=tarfile.PAX_FORMAT, prefix=""):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as made:
        for name, data in files.items():
            info = tarfile.TarInfo(prefix + name)
            info.size = len(data)
            made.addfile(info, io.BytesIO(data))
    return file.getvalue()


def tar_of(**fields):
    """Return a tar of one entry that is something else than a file, or says something odd."""
    info = tarfile.TarInfo("a")
    for name, value in fields.items():
        setattr(info, name, value)
    return info.tobuf() + bytes(1024)


def read(data, tmp_path, limits=packed.DEFAULT):
    source, target = tmp_path / "pack", tmp_path / "out"
    source.write_bytes(data)
    count = unpack(source, target, limits)
    found = {p.relative_to(target).as_posix(): p.read_bytes() for p in target.rglob("*") if p.is_file()}
    assert len(found) == count
    return found


HONEST = {
    "deflated": zipped(),
    "stored": zipped(method=zipfile.ZIP_STORED),
    "streamed": streamed_zip(),
    "wide": wide_zip(),
    "empty zip": zipped({}),
    "ustar": tarred(form=tarfile.USTAR_FORMAT),
    "gnu": tarred(form=tarfile.GNU_FORMAT),
    "pax": tarred(),
    "dot": tarred(prefix="./"),
    "gz": gzip.compress(tarred()),
    "zst": zstandard.ZstdCompressor(write_checksum=True).compress(tarred()),
}


@pytest.mark.parametrize("kind", HONEST)
def test_what_was_packed_comes_out(kind, tmp_path):
    assert read(HONEST[kind], tmp_path) == ({} if kind == "empty zip" else FILES)


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_long_names_and_directories_come_out(form, tmp_path):
    files = {f"{'d' * 120}/{'e' * 120}/{'f' * 200}": b"deep"}
    data = tarred(files, form)
    assert read(data, tmp_path) == files


def test_large_files_come_out_in_steps(tmp_path):
    data = np.random.default_rng(0).bytes(3 * packed.STEP + 17)
    for number, pack in enumerate((zipped({"a": data}), gzip.compress(tarred({"a": data}), 1))):
        (tmp_path / str(number)).mkdir()
        assert read(pack, tmp_path / str(number)) == {"a": data}


def with_type(kind):
    info = zipfile.ZipInfo("a")
    info.external_attr = kind << 16
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr(info, "/etc/passwd")
    return file.getvalue()


def patched(data, old, new, which=0):
    at = [i for i in range(len(data)) if data.startswith(old, i)][which]
    return data[:at] + new + data[at + len(old) :]


def twice():
    with pytest.warns(UserWarning, match="Duplicate"):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as made:
            made.writestr("a", "1")
            made.writestr("a", "2")
    return file.getvalue()


def overlapping():
    """Many entries that share the bytes of one: a bomb that no ratio of a single entry shows."""
    one = zipped({"a": b"x" * 5000})
    table = one.index(b"PK\x01\x02")
    end = one.index(b"PK\x05\x06")
    entry = one[table:end]
    entries = b"".join(entry.replace(b"a", bytes([letter])) for letter in b"abcdefgh")
    last = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 8, 8, len(entries), table, 0)
    return one[:table] + entries + last


def lying_size(delta):
    """A zip whose entry unpacks to another number of bytes than both of its tables say."""
    data = zipped({"a": b"x" * 5000})
    true = struct.pack("<I", 5000)
    told = struct.pack("<I", 5000 + delta)
    return patched(patched(data, true, told), true, told)


def hidden_entry():
    """An entry that is told of only before its bytes, not in the table."""
    data = zipped({"a": b"1", "b": b"2"})
    table = data.index(b"PK\x01\x02")
    rest = data[table : data.index(b"PK\x01\x02", table + 1)]
    last = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1, 1, len(rest), table, 0)
    return data[:table] + rest + last


def after_the_stream():
    """An entry with bytes after its deflate stream, counted in by both tables."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packer.compress(b"x" * 100) + packer.flush() + b"hidden"
    crc = zlib.crc32(b"x" * 100)
    local = struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 8, 0, 0, crc, len(body), 100, 1, 0) + b"a"
    entry = struct.pack(
        "<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, crc, len(body), 100, 1, 0, 0, 0, 0, 0, 0
    )
    table = len(local) + len(body)
    last = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1, 1, len(entry) + 1, table, 0)
    return local + body + entry + b"a" + last


def bad_pax(body):
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, len(body)
    return info.tobuf() + body.ljust(512, b"\0") + tarred()


HOSTILE = {
    "zip climbs": zipped({"../a": b""}),
    "zip absolute": zipped({"/etc/a": b""}),
    "zip backslash": zipped({"..\\a": b""}),
    "zip drive": zipped({"a\\b": b""}),
    "zip control": zipped({"a\nb": b""}),
    "zip nul": patched(patched(zipped({"aXb": b""}), b"aXb", b"a\0b"), b"aXb", b"a\0b"),
    "zip long": zipped({"a" * 256: b""}),
    "zip case": zipped({"a": b"", "A": b""}),
    "zip normalisation": zipped({"\u00e9": b"", "e\u0301": b""}),
    "zip file and directory": zipped({"a": b"", "a/b": b""}),
    "zip link": with_type(0o120777),
    "zip pipe": with_type(0o010666),
    "zip device": with_type(0o020666),
    "zip before": b"PK and more" + zipped(),
    "zip in a script": b"#!/bin/sh\n" + zipped(),
    "zip after": zipped() + b"more",
    "zip cut": zipped()[:-30],
    "zip other name": patched(zipped({"a.txt": b"1"}), b"a.txt", b"b.txt"),
    "zip other name in table": patched(zipped({"a.txt": b"1"}), b"a.txt", b"b.txt", 1),
    "zip encrypted": zipped({"a": b"1"}).replace(b"\x14\0\0\0", b"\x14\0\1\0"),
    "zip grows": lying_size(-4000),
    "zip shrinks": lying_size(+4000),
    "zip hidden": hidden_entry(),
    "zip overlapping": overlapping(),
    "zip after the stream": after_the_stream(),
    "zip flipped": patched(zipped({"a": b"plain text"}, zipfile.ZIP_STORED), b"plain", b"Plain"),
    "zip bomb": zipped({"a": bytes(20_000_000)}),
    "tar climbs": tarred({"../a": b""}),
    "tar climbs inside": tarred({"a/../../b": b""}),
    "tar absolute": tarred({"/etc/a": b""}),
    "tar climbs by pax": bad_pax(b"18 path=../../abc\n"),
    "tar twice": tarred({"a": b"1"})[:1024] + tarred({"a": b"2"}),
    "tar case": tarred({"a": b"", "A": b""}),
    "tar link": tar_of(type=tarfile.SYMTYPE, linkname="/etc/passwd"),
    "tar hard link": tar_of(type=tarfile.LNKTYPE, linkname="/etc/passwd"),
    "tar pipe": tar_of(type=tarfile.FIFOTYPE),
    "tar device": tar_of(type=tarfile.CHRTYPE),
    "tar sparse": tar_of(type=tarfile.GNUTYPE_SPARSE),
    "tar odd type": tar_of(type=b"Q"),
    "tar vast": tar_of(size=8**11 - 1),
    "tar long header": tar_of(type=tarfile.XHDTYPE, size=1 << 30),
    "tar bad pax": bad_pax(b"9999 path=a\n"),
    "tar pax twice": bad_pax(b"10 path=a\n10 path=b\n"),
    "tar pax size": bad_pax(b"11 size=-1\n"),
    "tar pax holes": bad_pax(b"22 GNU.sparse.major=1\n"),
    "tar cut": tarred()[:700],
    "tar without end": tarred()[: -10240 + 6144][:1024],
    "tar after": tarred() + b"more",
    "tar second": tarred() + tarred({"z": b""}),
    "tar flipped header": patched(tarred(), b"a.txt", b"b.txt"),
    "gz cut": gzip.compress(tarred())[:-20],
    "gz after": gzip.compress(tarred()) + b"more",
    "gz bomb": gzip.compress(tarred({"a": bytes(20_000_000)})),
    "zst cut": zstandard.ZstdCompressor().compress(tarred())[:-4],
    "zst bomb": zstandard.ZstdCompressor().compress(tarred({"a": bytes(20_000_000)})),
    "xz": b"\xfd7zXZ\0" + bytes(100),
    "nothing": b"",
    "noise": b"no pack at all" * 100,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_not_to_be_trusted_leaves_nothing(kind, tmp_path):
    with pytest.raises(BadInput):
        read(HOSTILE[kind], tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["pack"]


def test_two_entries_of_one_name_are_refused(tmp_path):
    with pytest.raises(BadInput, match="one name"):
        read(twice(), tmp_path)


def test_a_zstd_frame_that_lies_about_its_size_is_given_no_memory(tmp_path):
    """It says four gibibytes in its header and holds ten kilobytes."""
    frame = bytearray(zstandard.ZstdCompressor(write_content_size=True).compress(tarred()))
    told = zstandard.get_frame_parameters(bytes(frame)).content_size
    size = 4 << 30
    header = b"\x28\xb5\x2f\xfd" + bytes([0xC0]) + b"\x38" + struct.pack("<Q", size)
    assert told == len(tarred()) and frame[4] & 0x20, "one segment, so the size stands where the window would"
    width = {0: 1, 1: 2, 2: 4, 3: 8}[frame[4] >> 6]
    forged = header + bytes(frame[5 + width :])
    assert zstandard.get_frame_parameters(forged).content_size == size
    with pytest.raises(BadInput, match="lies about its size"):
        read(forged, tmp_path)


@pytest.mark.parametrize("data", [zipped(), tarred(), gzip.compress(tarred())])
def test_limits_hold(data, tmp_path):
    for number, limits in enumerate((Limits(entries=3), Limits(total=1000))):
        (tmp_path / str(number)).mkdir()
        with pytest.raises(BadInput, match="too"):
            read(data, tmp_path / str(number), limits)


def test_a_pack_in_a_pack_is_a_file(tmp_path):
    inner = zipped({"a": bytes(900_000)})
    assert read(zipped({"inner.zip": inner}), tmp_path) == {"inner.zip": inner}


def test_only_a_plain_file_is_a_pack_and_nothing_is_overwritten(tmp_path):
    (tmp_path / "pack").write_bytes(zipped())
    (tmp_path / "link").symlink_to("pack")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "kept").write_text("kept")
    for source in ("link", "pipe", "nothing"):
        with pytest.raises(BadInput):
            unpack(tmp_path / source, tmp_path / "out")
        assert not (tmp_path / "out").exists()
    with pytest.raises(BadInput, match="no place"):
        unpack(tmp_path / "pack", tmp_path / "taken")
    assert (tmp_path / "taken" / "kept").read_text() == "kept"


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(["deflated", "stored", "streamed", "pax", "gnu", "gz", "zst"]), st.data())
def test_a_changed_byte_is_refused_or_changes_no_content(tmp_path_factory, kind, data):
    pack = bytearray(HONEST[kind])
    place = data.draw(st.integers(0, len(pack) - 1))
    pack[place] ^= data.draw(st.integers(1, 255))
    folder = tmp_path_factory.mktemp("packed")
    try:
        found = read(bytes(pack), folder)
    except (BadInput, CouldNot):
        assert not (folder / "out").exists()
    else:
        if kind not in ("pax", "gnu"):  # a tar has no digests of its contents
            assert found == FILES


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "tar.zst"])
def test_an_export_that_was_packed_is_imported(kind, tmp_path):
    (tmp_path / "model").mkdir()
    save_file({"w": np.arange(500, dtype=np.float32)}, tmp_path / "model" / "model.safetensors")
    archive = Archive.create(tmp_path / "root")
    added = archive.add(tmp_path / "model")
    bundle = export(archive, (added.content,), tmp_path / "bundle").path
    pack, file = tmp_path / "pack", io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(pack, "w", zipfile.ZIP_DEFLATED) as made:
            for path in bundle.rglob("*"):
                made.write(path, path.relative_to(bundle.parent))
    else:
        with tarfile.open(fileobj=file, mode="w") as made:
            made.add(bundle, arcname=".")
        press = {"tar": bytes, "tar.gz": gzip.compress, "tar.zst": zstandard.ZstdCompressor().compress}[kind]
        pack.write_bytes(press(file.getvalue()))
    [back] = import_(Archive.create(tmp_path / "other"), pack)
    assert back.content == added.content


def test_what_is_unpacked_for_a_while_is_gone_after(tmp_path):
    (tmp_path / "pack").write_bytes(zipped())
    with unpacked(tmp_path / "pack") as folder:
        assert (folder / "a.txt").read_bytes() == FILES["a.txt"]
    assert not folder.exists()
