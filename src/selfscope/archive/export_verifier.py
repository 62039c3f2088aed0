"""Check an export with nothing but Python: run `python verify.py` in it, or give its directory.

One file, standard library only, so that an export can be checked where nothing of what made it is left. It
checks that every file listed is there with its digest and that no other file is; that each content's id is
the digest of its manifest, and its files those that the manifest names; and that the journal's records follow
one another by their digests. It does not check signatures.
"""

from __future__ import annotations

import hashlib
import json
import struct
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

LISTING = "sha256.json"


def problems(bundle: Path) -> list[str]:
    """Return what is wrong with an export, each in a sentence; nothing is an export that is whole."""
    try:
        listed = json.loads((bundle / LISTING).read_bytes())
    except (OSError, ValueError) as error:
        return [f"this is no export: {LISTING} cannot be read ({error})"]
    found = list(_listing(bundle, listed))
    if not found:
        found += _contents(bundle)
        found += _journal(bundle)
    return found


def _listing(bundle: Path, listed: dict[str, str]) -> Iterator[str]:
    here = {
        path.relative_to(bundle).as_posix(): path
        for path in sorted(bundle.rglob("*"))
        if not path.is_dir() or path.is_symlink()
    }
    for name in sorted(set(here) - set(listed) - {LISTING}):
        yield f"{name} is not listed"
    for name, digest in sorted(listed.items()):
        path = here.get(name)
        if path is None or path.is_symlink():
            yield f"{name} is gone, or is a link"
        elif _sha256(path) != digest:
            yield f"{name} is not what was exported"


def _sha256(path: Path) -> str:
    hasher = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            hasher.update(part)
    return hasher.hexdigest()


def _contents(bundle: Path) -> Iterator[str]:
    told = json.loads((bundle / "bundle.json").read_bytes())
    for each in told["contents"]:
        top = bundle / "ocfl" / each["object"]
        inventory = json.loads((top / "inventory.json").read_bytes())
        state = {
            name: digest for digest, names in inventory["versions"]["v1"]["state"].items() for name in names
        }
        places = {digest: paths[0] for digest, paths in inventory["manifest"].items()}
        manifest = (top / places[state["manifest.json"]]).read_bytes()
        if "b3:" + blake3(manifest) != each["content"]:
            yield f"{each['content']} is not the digest of its manifest"
        wanted = {"files/" + file["path"]: file for file in json.loads(manifest)["files"]}
        for name in sorted(set(wanted) ^ (set(state) - {"manifest.json"})):
            yield f"{each['content']}: {name} is only in the manifest, or only among the files"
        for name, file in wanted.items():
            path = top / places.get(state.get(name), "")
            if path.is_file() and (path.stat().st_size, _sha256(path)) != (file["size"], file["sha256"]):
                yield f"{each['content']}: {name} is not what its manifest names"


def _journal(bundle: Path) -> Iterator[str]:
    last: tuple[str, int] | None = None
    for path in sorted((bundle / "journal").glob("*.json")):
        record, seal, rest = path.read_bytes().split(b"\n")
        digest, body = "b3:" + blake3(record), json.loads(record)
        if rest or json.loads(seal)["digest"] != digest:
            yield f"{path.name} is not the record that was sealed"
        if last is not None and (body["previous"], body["number"]) != last:
            yield f"{path.name} does not follow the record before it"
        last = (digest, body["number"] + 1)


_IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
_ORDER = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
_LANES = (
    (0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
    (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14),
)  # fmt: skip
_START, _END, _PARENT, _ROOT = 1, 2, 4, 8
_MASK = 0xFFFFFFFF


def blake3(data: bytes) -> str:
    """Return the BLAKE3 digest of some bytes, in hexadecimal: slow, and for small documents."""
    chunks = [data[at : at + 1024] for at in range(0, len(data), 1024)] or [b""]
    if len(chunks) == 1:
        return _chunk(chunks[0], 0, _ROOT)
    return _join([_chunk(chunk, number, 0) for number, chunk in enumerate(chunks)], _ROOT)


def _join(nodes: list[str], flag: int) -> str:
    if len(nodes) == 1:
        return nodes[0]
    left = 1 << (len(nodes) - 1).bit_length() - 1
    block = bytes.fromhex(_join(nodes[:left], 0) + _join(nodes[left:], 0))
    return _hex(_compress(_IV, block, 0, 64, _PARENT | flag))


def _chunk(chunk: bytes, number: int, flag: int) -> str:
    blocks = [chunk[at : at + 64] for at in range(0, len(chunk), 64)] or [b""]
    value: tuple[int, ...] = _IV
    for place, block in enumerate(blocks):
        flags = (place == 0) * _START | (place == len(blocks) - 1) * (_END | flag)
        value = _compress(value, block.ljust(64, b"\0"), number, len(block), flags)
    return _hex(value)


def _hex(value: Sequence[int]) -> str:
    return struct.pack("<8I", *value).hex()


def _compress(value: Sequence[int], block: bytes, number: int, length: int, flags: int) -> tuple[int, ...]:
    words: Sequence[int] = struct.unpack("<16I", block)
    state = [*value, *_IV[:4], number & _MASK, number >> 32, length, flags]
    for _ in range(7):
        for lane, (a, b, c, d) in enumerate(_LANES):
            for word, turn, other in ((words[2 * lane], 16, 12), (words[2 * lane + 1], 8, 7)):
                state[a] = (state[a] + state[b] + word) & _MASK
                state[d] = _turned(state[d] ^ state[a], turn)
                state[c] = (state[c] + state[d]) & _MASK
                state[b] = _turned(state[b] ^ state[c], other)
        words = [words[place] for place in _ORDER]
    return tuple(state[i] ^ state[i + 8] for i in range(8))


def _turned(word: int, by: int) -> int:
    return (word >> by | word << 32 - by) & _MASK


def main(arguments: Sequence[str]) -> int:
    """Check the export and return 0, or 1 where something is wrong."""
    bundle = Path(arguments[0]) if arguments else Path(__file__).resolve().parent
    found = problems(bundle)
    for each in found:
        print(each)
    print("something is wrong" if found else "everything is what was exported")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
