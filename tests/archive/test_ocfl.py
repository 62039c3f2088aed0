"""An export stands alone: ocfl-py finds it valid, Python alone can check it, and it comes back the same."""

import shutil
import subprocess
import sys
import warnings

import numpy as np
import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from selfscope.archive import export_verifier
from selfscope.archive.decisions import change_state
from selfscope.archive.events import Exported
from selfscope.archive.ocfl import export, import_
from selfscope.archive.office import desk_of
from selfscope.archive.store import Archive
from selfscope.archive.vault import Vault
from selfscope.errors import BadInput, Refused


@given(st.binary(max_size=5000))
def test_the_digest_in_plain_python_is_blake3(data):
    assert export_verifier.blake3(data) == blake3(data).hexdigest()


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "model"
    (folder / "sub").mkdir(parents=True)
    save_file({"w": np.arange(5000, dtype=np.float32)}, folder / "model.safetensors")
    (folder / "config.json").write_text('{"layers": 2}')
    (folder / "sub" / "notes.txt").write_text("kept")
    return folder


@pytest.fixture
def archive(tmp_path):
    return Archive.create(tmp_path / "root", vault=Vault(tmp_path / "root" / "keys", tmp_path / "unwrapping"))


@pytest.fixture
def exported(archive, model, tmp_path):
    whole = archive.add(model, name="a model", recipe={"template": "plain"})
    lone = archive.add(model / "config.json", name="a file")
    return export(archive, (whole.content, lone.content), tmp_path / "out"), whole, lone


def test_it_is_valid_ocfl(exported):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the validator's own dependencies warn
        import ocfl

        root = ocfl.StorageRoot(root=str(exported[0].path / "ocfl"))
        assert root.validate(validate_objects=True, check_digests=True)


def test_python_alone_can_check_it(exported, tmp_path):
    moved = tmp_path / "elsewhere"
    shutil.copytree(exported[0].path, moved)
    command = [sys.executable, "-I", "-S", "verify.py"]
    done = subprocess.run(command, cwd=moved, env={}, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, "everything is what was exported\n"), done.stderr


@pytest.mark.parametrize("harm", ["flip", "remove", "add", "link", "swap", "journal"])
def test_whatever_is_changed_is_found(exported, harm, tmp_path):
    out = exported[0].path
    target = next(out.glob("ocfl/*/v1/content/files/sub/notes.txt"))
    if harm == "flip":
        target.write_text("kepT")
    elif harm == "remove":
        target.unlink()
    elif harm == "add":
        (out / "ocfl" / "more.txt").write_text("more")
    elif harm == "link":
        target.rename(tmp_path / "x")
        target.symlink_to(tmp_path / "x")
    elif harm == "swap":
        other = next(out.glob("ocfl/*/v1/content/files/config.json"))
        one, two = target.read_bytes(), other.read_bytes()
        target.write_bytes(two)
        other.write_bytes(one)
    else:
        first = sorted((out / "journal").iterdir())[0]
        first.unlink()
    assert export_verifier.problems(out)
    with pytest.raises(BadInput, match="not whole"):
        import_(Archive.create(tmp_path / "other"), out)


def test_a_list_that_was_rewritten_too_does_not_hide_another_content(exported):
    """Whoever changes a file and its digest in the list still has the manifest's id against them."""
    import hashlib
    import json

    out = exported[0].path
    target = next(out.glob("ocfl/*/v1/content/files/sub/notes.txt"))
    target.write_text("forged")
    listing = out / export_verifier.LISTING
    body = json.loads(listing.read_bytes())
    body[target.relative_to(out).as_posix()] = hashlib.sha256(b"forged").hexdigest()
    listing.write_text(json.dumps(body))
    assert any("not what its manifest names" in each for each in export_verifier.problems(out))


def test_it_comes_back_the_same_and_says_what_it_is_a_copy_of(exported, archive, model, tmp_path):
    out, whole, lone = exported
    other = Archive.create(tmp_path / "other")
    back = import_(other, out.path)
    assert [each.content for each in back] == [whole.content, lone.content]
    assert other.index.instance(whole.instance) is not None
    other.get(whole.content, tmp_path / "again")
    for path in model.rglob("*"):
        if path.is_file():
            assert (tmp_path / "again" / path.relative_to(model)).read_bytes() == path.read_bytes()
    assert other.verify(level="deep").ok
    assert [e.content for e in archive.events() if isinstance(e, Exported)] == [whole.content, lone.content]


def test_what_was_a_delta_and_encrypted_is_whole_and_clear(archive, tmp_path):
    archive.vault.open_domain("family")
    draw = np.random.default_rng(0)
    base = draw.normal(size=200_000).astype(np.float32)
    for name, values in (("base", base), ("tuned", base * np.float32(1 + 1e-7))):
        (tmp_path / name).mkdir()
        save_file({"w": values}, tmp_path / name / "model.safetensors")
    first = archive.add(tmp_path / "base", domain="family")
    second = archive.add(tmp_path / "tuned", domain="family", base=first.content)
    assert second.base == first.content and second.stored < 0.8 * second.size
    out = export(archive, (second.content,), tmp_path / "out")
    [file] = out.path.glob("ocfl/*/v1/content/files/model.safetensors")
    assert file.read_bytes() == (tmp_path / "tuned" / "model.safetensors").read_bytes()


def test_a_sealed_content_is_not_exported(archive, model, tmp_path):
    added = archive.add(model)
    change_state(desk_of(archive), added.content, "sealed", by="Ada", reason="a severe finding")
    with pytest.raises(Refused, match="sealed"):
        export(archive, (added.content,), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_nothing_is_overwritten(exported, archive, tmp_path):
    with pytest.raises(BadInput, match="something already"):
        export(archive, (exported[1].content,), tmp_path / "out")
    with pytest.raises(BadInput):
        export(archive, ("b3:" + "0" * 64,), tmp_path / "new")
