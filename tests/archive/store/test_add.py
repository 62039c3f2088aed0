"""Bringing something in: what the policy wants encrypted is never in the clear, whoever brings it."""

import pytest

from selfscope.archive.policy.decisions import adopt_policy
from selfscope.archive.policy.office import desk_of
from selfscope.archive.store.archive import Archive
from selfscope.archive.store.vault import Vault
from selfscope.errors import Refused
from tests.archive.policy.paper import policy_text

SECRET = b"what must never lie in the clear " * 1000


@pytest.fixture
def archive(tmp_path):
    made = Archive.create(tmp_path / "root", vault=Vault(tmp_path / "root" / "keys", tmp_path / "unwrapping"))
    adopt_policy(desk_of(made), policy_text(encrypt_at_ingest="[file]"), by="Ada")
    return made


def traces(root):
    return [each for each in root.rglob("*") if each.is_file() and SECRET[:40] in each.read_bytes()]


def test_what_is_to_be_encrypted_is_refused_before_a_byte_of_it_is_written(archive, tmp_path):
    (tmp_path / "secret").write_bytes(SECRET)
    written = []
    archive.disk.step = lambda name, path: written.append(name)
    with pytest.raises(Refused, match="encrypted as it is added"):
        archive.add(tmp_path / "secret")
    assert written == [] and traces(archive.root) == []


def test_in_a_domain_it_is_encrypted_from_its_first_byte(archive, tmp_path):
    (tmp_path / "secret").write_bytes(SECRET)
    archive.open_domain("d")
    added = archive.add(tmp_path / "secret", domain="d")
    assert traces(archive.root) == []
    archive.get(added.content, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == SECRET


def test_the_form_counts_that_it_is_added_as(archive, tmp_path):
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "open").write_bytes(b"nothing asks for more")
    assert archive.add(tmp_path / "tree").content
    with pytest.raises(Refused):
        archive.add(tmp_path / "tree", form="file")
