"""What is true of an archive, told by reading it the plain way: the oracle's side.

The set of what must be kept is computed here from the files alone, with none of the archive's own code for
it, so that the two can disagree.
"""

import json
from pathlib import Path
from typing import Any

from selfscope.errors import SelfscopeError

from .place import Place, same


def journal(root: Path) -> list[dict[str, Any]]:
    """Return the journal's records as plain JSON."""
    return [
        json.loads(each.read_bytes().split(b"\n")[0]) for each in sorted((root / "journal").rglob("*.json"))
    ]


def kinds(root: Path) -> list[list[str]]:
    """Return, record by record, what kinds of events happened."""
    return [[event["event"] for event in record["events"]] for record in journal(root)]


def live(root: Path) -> dict[str, dict[str, Any]]:
    """Return, by instance, the additions that are held."""
    held: dict[str, dict[str, Any]] = {}
    for record in journal(root):
        for event in record["events"]:
            if event["event"] == "content_added" and event["holding"]:
                held[event["instance"]] = event
            elif event["event"] == "instance_ended":
                held.pop(event["instance"], None)
            elif event["event"] == "key_destroyed":
                held = {name: each for name, each in held.items() if each["domain"] != event["domain"]}
    return held


def reachable(root: Path) -> tuple[set[str], set[str]]:
    """Return the names of objects and of manifests that must be kept, by walking everything there is."""
    manifests = {event["holding"] for event in live(root).values()}
    objects = set()
    for holding in manifests:
        path = root / "manifests" / holding[3:5] / f"{holding[3:]}.json"
        if path.is_file():
            objects |= {name for name, _ in json.loads(path.read_bytes())["objects"]}
    for record in journal(root):
        for event in record["events"]:
            if event["event"] != "collected":
                objects |= set(_ids(event))
    return objects, manifests


def _ids(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value] if value.startswith("b3:") else []
    each = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for inner in each for text in _ids(inner)]


def present(root: Path) -> tuple[set[str], set[str]]:
    """Return the names of the objects and the manifests that lie there."""
    objects = {
        f"b3:{each.name}"
        for top in ("objects", "sealed")
        for each in (root / top).rglob("*")
        if each.is_file()
    }
    return objects, {f"b3:{each.stem}" for each in (root / "manifests").rglob("*.json")}


def look(path: str, out: str = "judged", root: str = "root") -> dict[str, Any]:
    """Say what stands in the archive of a place, and everything that is wrong with it."""
    place = Place(Path(path))
    where = place.path / root
    if not (where / "archive.json").exists():
        return {"began": False, "wrong": [], "kinds": [], "contents": {}}
    archive = place.open(where)
    seen = archive.verify(level="full")
    if not journal(where):
        return {"began": False, "wrong": [], "kinds": [], "contents": {}}
    ending = _ending(where)
    wrong = [
        f"{each.what} {each.where}: {each.why}"
        for each in seen.problems
        if not (ending & set(each.contents) and "the key of this domain was destroyed" in each.why)
    ]
    contents: dict[str, int] = {}
    for number, event in enumerate(live(where).values()):
        contents[event["name"]] = contents.get(event["name"], 0) + 1
        if event["content"] in ending and place.vault(where).destroyed(event["domain"]):
            continue
        got = place.path / out / f"{number}"
        got.parent.mkdir(exist_ok=True)
        try:
            archive.get(event["content"], got)
        except SelfscopeError as error:
            wrong.append(f"{event['name']} cannot be read: {error.sentence()}")
            continue
        if not same(got, place.source(event["name"])):
            wrong.append(f"{event['name']} came back as something else")
    return {"began": True, "wrong": wrong, "kinds": kinds(where), "contents": contents}


def _ending(root: Path) -> set[str]:
    """Return the contents whose destruction was begun and has not been journaled to its end."""
    domains: set[str] = set()
    for record in journal(root):
        for event in record["events"]:
            if event["event"] == "destruction_began":
                domains |= set(event["domains"])
    return {event["content"] for event in live(root).values() if event["domain"] in domains}


def tree_of(root: Path) -> dict[str, bytes]:
    """Return every file of an archive but its index, which is rebuilt at will."""
    files = [each for each in root.rglob("*") if each.is_file() and not each.name.startswith("index.")]
    return {str(each.relative_to(root)): each.read_bytes() for each in files}


def differences(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    """Return the names under which two trees differ."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def leftovers(root: Path) -> list[str]:
    """Return what lies in an archive that nothing needs."""
    objects, manifests = present(root)
    needed, documents = reachable(root)
    found = [f"object {each}" for each in sorted(objects - needed)]
    found += [f"manifest {each}" for each in sorted(manifests - documents)]
    return found + [f"staging {each.name}" for each in (root / "staging").iterdir()]
