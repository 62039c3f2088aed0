"""Check an export with nothing but Python: run `python verify.py` in it, or give its directory.

One file, standard library only, so that an export can be checked where nothing of what made it is left. It
checks that every file listed is there with its digest and that no other file is; that each content's id is
the digest of its manifest, and its files those that the manifest names; that each inventory is the one its
sidecar names and gives every file its own sha512; and that the journal's records follow one another by their
digests, from the first to the one that was last. It does not check signatures: whoever rewrites everything,
the list and the journal included, is found only by those who know the archive's key.
"""

from __future__ import annotations

import hashlib
import json
import re
import stat
import struct
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

LISTING = "sha256.json"
BEFORE_ALL = "b3:" + "0" * 64
"""What the first record of a journal has for the one before it."""

_UNREADABLE = (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError)


class Digests(NamedTuple):
    """Two digests of a file, computed in one reading, and its size."""

    sha256: str
    sha512: str
    size: int


def problems(bundle: Path) -> list[str]:
    """Return what is wrong with an export, each in a sentence; nothing is an export that is whole."""
    found: list[str] = []
    here: dict[str, Digests] = {}
    for check in (_listing, _contents, _journal):
        try:
            found += check(bundle, here)
        except _UNREADABLE as error:
            found.append(f"{check.__name__[1:]}: a document cannot be read ({type(error).__name__}: {error})")
        if found:
            break
    return found


def _listing(bundle: Path, here: dict[str, Digests]) -> Iterator[str]:
    """Compare the files with the list of them; enter the digests of all that are right."""
    listed: dict[str, str] = json.loads((bundle / LISTING).read_bytes())
    paths = {
        path.relative_to(bundle).as_posix(): path
        for path in sorted(bundle.rglob("*"))
        if not stat.S_ISDIR(path.lstat().st_mode)
    }
    for name in sorted(set(paths) - set(listed) - {LISTING}):
        yield f"{name} is not listed"
    for name, digest in sorted(listed.items()):
        if name not in paths or not stat.S_ISREG(paths[name].lstat().st_mode):
            yield f"{name} is gone, or is no plain file"
            continue
        found = _digests(paths[name])
        if found.sha256 != digest:
            yield f"{name} is not what was exported"
        here[name] = found


def _digests(path: Path) -> Digests:
    sha256, sha512, size = hashlib.sha256(), hashlib.sha512(), 0
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            sha256.update(part)
            sha512.update(part)
            size += len(part)
    return Digests(sha256.hexdigest(), sha512.hexdigest(), size)


def _contents(bundle: Path, here: dict[str, Digests]) -> Iterator[str]:
    told = json.loads((bundle / "bundle.json").read_bytes())["contents"]
    for each in told:
        content, name = each["content"], each["object"]
        if not re.fullmatch("b3:[0-9a-f]{64}", content) or name != content.replace(":", "-"):
            yield f"bundle.json names no content, or not the directory of one: {content!r}, {name!r}"
            return
        yield from (f"{content}: {problem}" for problem in _content(bundle, here, content, f"ocfl/{name}/"))
    objects = {name.split("/")[1] for name in here if name.startswith("ocfl/") and name.count("/") > 1}
    for name in sorted(objects ^ {each["object"] for each in told}):
        yield f"{name} is only among the objects, or only in bundle.json"


def _content(bundle: Path, here: dict[str, Digests], content: str, top: str) -> Iterator[str]:
    """Check one object: what it says of itself, its manifest, and the files that the manifest names."""
    inventory = json.loads((bundle / top / "inventory.json").read_bytes())
    yield from _inventory(bundle, here, top, inventory)
    manifest = (bundle / top / "v1/content/manifest.json").read_bytes()
    if "b3:" + blake3(manifest) != content:
        yield "its id is not the digest of its manifest"
    inside = f"{top}v1/content/"
    wanted = {f"files/{file['path']}": file for file in json.loads(manifest)["files"]}
    found = {name.removeprefix(inside): each for name, each in here.items() if name.startswith(inside)}
    for name in sorted({*wanted, "manifest.json"} ^ set(found)):
        yield f"{name} is only in the manifest, or only among the files"
    for name in sorted(set(wanted) & set(found)):
        if (found[name].size, found[name].sha256) != (wanted[name]["size"], wanted[name]["sha256"]):
            yield f"{name} is not what its manifest names"


def _inventory(bundle: Path, here: dict[str, Digests], top: str, body: dict[str, Any]) -> Iterator[str]:
    """Check that an inventory gives exactly the files that are there, with their digests, in one version."""
    root = here[f"{top}inventory.json"].sha512
    if here[f"{top}v1/inventory.json"].sha512 != root:
        yield "its two inventories differ"
    for place in (top, f"{top}v1/"):
        if (bundle / place / "inventory.json.sha512").read_text().split()[:1] != [root]:
            yield "an inventory is not the one that its sidecar names"
    placed = {path: digest for digest, paths in body["manifest"].items() for path in paths}
    content = {name.removeprefix(top): each.sha512 for name, each in here.items() if name.startswith(top)}
    if placed != {path: sha512 for path, sha512 in content.items() if path.startswith("v1/content/")}:
        yield "its inventory does not give its files and their digests"
    state = {name: digest for digest, names in body["versions"]["v1"]["state"].items() for name in names}
    if state != {path.removeprefix("v1/content/"): digest for path, digest in placed.items()}:
        yield "its inventory gives its files other names than they have"
    if (body["head"], list(body["versions"])) != ("v1", ["v1"]):
        yield "it has other versions than the first"


def _journal(bundle: Path, here: dict[str, Digests]) -> Iterator[str]:
    """Check that the records follow one another from the first to the one that was last."""
    digest, number = BEFORE_ALL, 0
    for name in sorted(name for name in here if name.startswith("journal/")):
        record, seal, rest = (bundle / name).read_bytes().split(b"\n")
        body = json.loads(record)
        if (body["previous"], body["number"]) != (digest, number + 1):
            yield f"{name} does not follow the record before it"
        digest, number = "b3:" + blake3(record), body["number"]
        if rest or json.loads(seal)["digest"] != digest:
            yield f"{name} is not the record that was sealed"
    told = json.loads((bundle / "bundle.json").read_bytes())["journal"]
    if told != {"number": number, "digest": digest}:
        yield f"the journal ends at record {number}, and not where it ended"


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
