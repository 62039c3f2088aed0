"""Archives that earlier versions wrote are read, checked, trusted and continued by this one, forever."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from selfscope.archive.journal.chain import Checkpoint
from selfscope.archive.store.archive import Archive
from selfscope.archive.store.card import VERSION
from selfscope.archive.store.vault import Vault
from selfscope.errors import Refused

from .faults.place import tree

GOLDEN = Path(__file__).parent / "golden"
VERSIONS = sorted(each.parent.name for each in GOLDEN.glob("v*/expected.json"))


@pytest.fixture(params=VERSIONS)
def golden(request, tmp_path):
    """A copy of one, its keys made private again: a version control keeps neither modes nor what is empty."""
    copy = shutil.copytree(GOLDEN / request.param, tmp_path / "golden")
    for key in (*copy.glob("root/keys/*"), *copy.glob("unwrapping/*")):
        key.chmod(0o600)
    archive = Archive.open(copy / "root", vault=Vault(copy / "root" / "keys", copy / "unwrapping"))
    return archive, json.loads((copy / "expected.json").read_text()), copy


def test_there_is_one_of_every_version():
    assert [f"v{number}" for number in range(1, VERSION + 1)] == VERSIONS


def test_it_verifies(golden):
    archive, _, copy = golden
    seen = archive.verify(level="deep", checkpoint=Checkpoint.read(copy / "checkpoint.json"))
    assert seen.ok, seen.problems
    assert seen.checked > 5


def test_everything_comes_back(golden, tmp_path):
    archive, expected, _ = golden
    assert archive.id == expected["archive"]
    assert [event.kind for event in archive.events()] == expected["events"]
    for number, (name, held) in enumerate(expected["contents"].items()):
        out = tmp_path / str(number)
        archive.get(held["content"], out)
        files = {path: hashlib.sha256(data).hexdigest() for path, data in tree(out).items()}
        assert files == held["files"], name


def test_what_was_destroyed_stays_so(golden):
    archive, expected, _ = golden
    for domain in expected["destroyed"]:
        with pytest.raises(Refused):
            archive.open_vault().seal(domain, b"anything")


def test_it_goes_on(golden, tmp_path):
    archive, expected, _ = golden
    held = next(each["content"] for name, each in expected["contents"].items() if name.startswith("small,"))
    archive.get(held, tmp_path / "out")
    again = archive.add(tmp_path / "out", recipe={"template": "plain"})
    assert again.known and again.content == held
    (tmp_path / "new").write_text("something new")
    assert not archive.add(tmp_path / "new").known
    assert archive.verify().ok
