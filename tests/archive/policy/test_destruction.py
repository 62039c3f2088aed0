"""A destruction in a real archive, followed by a search of everything that is left on the disk."""

import base64
import dataclasses
import json
import sqlite3
import struct
from datetime import UTC, datetime, timedelta

import pytest

from selfscope.archive.exchange.ocfl import export
from selfscope.archive.journal.events import Attested, DomainOpened, EdgeDrawn, TurnTaken
from selfscope.archive.journal.moments import stamp
from selfscope.archive.policy.decisions import adopt_policy, change_state, plan_destruction
from selfscope.archive.policy.execution import examine, execute
from selfscope.archive.policy.office import desk_of
from selfscope.archive.policy.plans import Proviso
from selfscope.archive.policy.signatures import sign_plan
from selfscope.archive.policy.tombstone import read_tombstone, verify_tombstone
from selfscope.archive.store.archive import Archive
from selfscope.archive.store.vault import Vault
from selfscope.errors import CouldNot, Refused, SelfscopeError

from .paper import KEYS, NAMED, policy_text

MARKER = b"what the weights know and nobody else may"
SPOKEN = b"what was said in confidence"
FREE = b"what anybody may read for ever"


class Clock:
    def __init__(self):
        self.now = datetime(2026, 11, 21, tzinfo=UTC)

    def __call__(self):
        return self.now


def weights(path, *bodies):
    """A safetensors file with one tensor of bytes a body, and the first body in its metadata too."""
    header, at = {"__metadata__": {"note": bodies[0][:64].decode()}}, 0
    for n, body in enumerate(bodies):
        header[f"t{n}"] = {"dtype": "U8", "shape": [len(body)], "data_offsets": [at, at + len(body)]}
        at += len(body)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(bodies))
    return path


def traces(*needles, folders):
    """Every place under the folders, names and database cells among them, where a needle is found."""
    found, spelled = [], {}
    for needle in needles:
        for form in (needle, needle.hex().encode(), base64.b64encode(needle)[2:-4], needle[::-1]):
            spelled[form] = needle
    for folder in folders:
        for path in folder.rglob("*"):
            data = path.name.encode() + (path.read_bytes() if path.is_file() else b"")
            found += [(path, needle) for form, needle in spelled.items() if form in data]
    return found


@dataclasses.dataclass
class Scene:
    root: object
    keys: object
    clock: Clock
    archive: Archive
    contents: dict
    out: object

    def reopened(self):
        """The archive as another process would open it."""
        return Archive.open(self.root, vault=Vault(self.root / "keys", self.keys), clock=self.clock)


@pytest.fixture
def scene(tmp_path):
    root, keys, clock = tmp_path / "root", tmp_path / "keys", Clock()
    archive = Archive.create(root, vault=Vault(root / "keys", keys), clock=clock)
    adopt_policy(desk_of(archive), policy_text(*NAMED, encrypt_at_ingest="[model, thread]"), by="Ada")
    for domain in ("family", "other"):
        archive.append([DomainOpened(domain, archive.vault.open_domain(domain))])
    body = MARKER * 200
    tuned = bytearray(body)
    tuned[4000] ^= 1
    source = tmp_path / "source"
    source.mkdir()
    add = archive.add
    base = add(weights(source / "base.safetensors", body), name="base", form="model", domain="family")
    child = add(
        weights(source / "child.safetensors", bytes(tuned)),
        name="child",
        form="model",
        domain="family",
        base=base.content,
    )
    twin = add(
        weights(source / "twin.safetensors", MARKER[::-1] * 50), name="twin", form="model", domain="family"
    )
    adapter = add(
        weights(source / "adapter.safetensors", FREE), name="adapter", form="adapter", domain="other"
    )
    said = archive.put(SPOKEN, "family")
    archive.append(
        [
            EdgeDrawn("fine_tune", (base.content,), adapter.content, "declared"),
            TurnTaken("n1", "thread:1", (), "user", said),
            TurnTaken("n2", "thread:2", (), "assistant", archive.put(FREE), base.instance),
        ]
    )
    export(archive, (base.content,), tmp_path / "out")
    assert child.base == base.content, "the child must be stored as a delta"
    contents = {
        name: each.content for name, each in locals().items() if name in ("base", "child", "twin", "adapter")
    }
    return Scene(root, keys, clock, archive, contents, tmp_path / "out")


def decided(scene):
    """Seal it, plan its destruction, let two of three sign, and wait while copies are looked at."""
    archive, clock, content = scene.archive, scene.clock, scene.contents["base"]
    desk = desk_of(archive)
    change_state(desk, content, "sealed", by="Ada", reason="it writes worms")
    evidence = archive.put(b"the examiners' report")
    ground = Proviso("severe_hazard", stamp(clock.now), "It writes worms.", (evidence,))
    plan = plan_destruction(desk, content, ground, by="Ada", reason="the finding of the examiners")
    for name in ("Ada", "Alan"):
        sign_plan(desk, plan.id, name, KEYS[name])
    with pytest.raises(Refused, match="cooling-off"):
        execute(desk, plan.id, archive.vault.destroy)
    for _ in range(2):
        clock.now += timedelta(days=7)
        own = next(iter(desk.ledger().own(content)))
        archive.append([Attested(own, stamp(clock.now), "look", True)])
    return plan


def test_after_a_destruction_nothing_on_the_disk_tells_what_there_was(scene, tmp_path):
    archive, contents, folders = scene.archive, scene.contents, (scene.root, scene.keys)
    plan = decided(scene)
    fates = {each.id: each.fate for each in plan.dependents}
    assert fates == dict.fromkeys([contents[name] for name in ("base", "child", "twin")], "unreadable") | {
        contents["adapter"]: "stranded",
        "thread:1": "unreadable",
        "thread:2": "stranded",
    }
    data_key = archive.vault._key("family")
    files = [scene.root / "keys" / "family.wrapped", scene.keys / "family.wrapping"]
    secrets = [data_key, *(each.read_bytes() for each in files)]
    assert {path for path, _ in traces(*secrets, folders=folders)} == set(files), (
        "the search finds what is there"
    )
    assert traces(MARKER, folders=[tmp_path / "source"]), "and knows the marker"
    assert not traces(MARKER, SPOKEN, data_key, folders=folders), "it was encrypted from the first byte on"
    sealed = {
        path: path.read_bytes() for path in (scene.root / "sealed" / "family").rglob("*") if path.is_file()
    }
    assert len(sealed) >= 4

    done = execute(desk_of(archive), plan.id, archive.vault.destroy)

    assert not traces(MARKER, SPOKEN, *secrets, folders=folders)
    assert not [each for each in folders if list(each.rglob("family.wrap*"))]
    assert not list((scene.root / "staging").iterdir())
    assert all(data_key not in str(vars(archive.vault)).encode() for _ in [0])
    with sqlite3.connect(scene.root / "index.sqlite") as index:
        dumped = "\n".join(index.iterdump()).encode()
    index.close()
    assert MARKER not in dumped and data_key.hex().encode() not in dumped.lower()

    again = scene.reopened()
    ledger = desk_of(again).ledger()
    assert {ledger.state(contents[name]) for name in ("base", "child", "twin")} == {"destroyed"}
    assert verify_tombstone(again.read, ledger, done.tombstone).allowed
    for name in ("base", "child", "twin"):
        with pytest.raises(SelfscopeError):
            again.get(contents[name], tmp_path / f"back-{name}")
        assert not (tmp_path / f"back-{name}").exists()
    for data in sealed.values():
        with pytest.raises(Refused, match="destroyed"):
            again.vault.open("family", data)
    again.get(contents["adapter"], tmp_path / "adapter")
    assert (tmp_path / "adapter").read_bytes() == (tmp_path / "source" / "adapter.safetensors").read_bytes()


def test_the_ciphertext_opens_under_no_other_key(scene, tmp_path):
    plan = decided(scene)
    kept = [path.read_bytes() for path in (scene.root / "sealed" / "family").rglob("*") if path.is_file()]
    scene.archive.vault.open("family", kept[0])
    execute(desk_of(scene.archive), plan.id, scene.archive.vault.destroy)
    other = Vault(tmp_path / "v", tmp_path / "w")
    other.open_domain("family")
    for data in kept:
        with pytest.raises(CouldNot):
            other.open("family", data)
        with pytest.raises(CouldNot):
            scene.archive.vault.open("other", data)


def test_the_export_made_before_is_outside_control_and_says_so(scene):
    plan = decided(scene)
    done = execute(desk_of(scene.archive), plan.id, scene.archive.vault.destroy)
    stone = read_tombstone(scene.archive.read(done.tombstone))
    assert [(each.kind, each.content) for each in stone.outside] == [("export", scene.contents["base"])]
    assert str(scene.out) in stone.outside[0].place
    assert any(str(scene.out) in each for each in done.sentences())
    assert traces(MARKER, folders=[scene.out]), "it is still out there"
    assert {each.name for each in stone.gone} == {"base", "child", "twin"}
    assert all(file.size and len(file.sha256) == 64 for each in stone.gone for file in each.files)


def test_the_archive_is_whole_afterwards(scene):
    plan = decided(scene)
    execute(desk_of(scene.archive), plan.id, scene.archive.vault.destroy)
    found = scene.reopened().verify()
    assert found.ok, found.problems
    ledger = desk_of(scene.reopened()).ledger()
    for name in ("base", "child", "twin"):
        assert not ledger.live(scene.contents[name])
    assert len(ledger.live(scene.contents["adapter"])) == 1


@pytest.mark.parametrize("death", ["before", "halfway", "after"])
def test_a_process_that_died_at_the_key_is_followed_by_one_that_completes(scene, death):
    plan = decided(scene)

    def dying(domain):
        if death == "halfway":
            (scene.keys / f"{domain}.wrapping").unlink()
        if death == "after":
            scene.archive.vault.destroy(domain)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        execute(desk_of(scene.archive), plan.id, dying)
    again = scene.reopened()
    with pytest.raises(Refused, match="has begun"):
        change_state(desk_of(again), plan.content, "sealed", by="Ada", reason="stays")
    done = execute(desk_of(again), plan.id, again.vault.destroy)
    ledger = desk_of(scene.reopened()).ledger()
    assert verify_tombstone(again.read, ledger, done.tombstone).allowed
    assert not list(scene.root.rglob("family.wrap*")) + list(scene.keys.rglob("family.wrap*"))


def test_what_was_added_in_the_clear_is_refused_in_a_real_archive_too(scene, tmp_path):
    archive, desk = scene.archive, desk_of(scene.archive)
    clear = archive.add(weights(tmp_path / "clear.safetensors", FREE), name="clear", form="file").content
    change_state(desk, clear, "sealed", by="Ada", reason="it can")
    ground = Proviso("legal_order", stamp(scene.clock.now), "The court says so.", (archive.put(b"order"),))
    with pytest.raises(Refused, match="dishonest"):
        plan_destruction(desk, clear, ground, by="Ada", reason="ordered")


def test_something_added_under_the_key_meanwhile_voids_the_plan(scene, tmp_path):
    plan = decided(scene)
    assert examine(desk_of(scene.archive), plan.id).allowed
    scene.archive.add(
        weights(tmp_path / "late.safetensors", FREE), name="late", form="model", domain="family"
    )
    assert "depends on it changed" in examine(desk_of(scene.archive), plan.id).sentence()
    with pytest.raises(Refused):
        execute(desk_of(scene.archive), plan.id, scene.archive.vault.destroy)
    assert scene.archive.get(scene.contents["twin"], tmp_path / "twin")
