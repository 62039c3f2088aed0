"""An export stands alone: ocfl-py finds it valid, Python alone can check it, and it comes back the same."""

import errno
import hashlib
import json
import os
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

from selfscope.archive.exchange import export_verifier
from selfscope.archive.exchange.ocfl import export, import_
from selfscope.archive.journal.chain import BEFORE_ALL
from selfscope.archive.journal.disk import Disk
from selfscope.archive.journal.events import Exported
from selfscope.archive.policy.decisions import change_state
from selfscope.archive.policy.office import desk_of
from selfscope.archive.store.archive import Archive
from selfscope.archive.store.vault import Vault
from selfscope.errors import BadInput, CouldNot, Refused


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


@pytest.mark.parametrize("harm", ["flip", "remove", "add", "link", "swap", "journal", "fifo"])
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
    elif harm == "fifo":
        target.unlink()
        os.mkfifo(target)
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


def relist(out):
    """Write the list of digests anew, as whoever forges an export would."""
    files = {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in out.rglob("*")
        if path.is_file() and path.name != export_verifier.LISTING
    }
    (out / export_verifier.LISTING).write_text(json.dumps(files))


def rewrite(path, change):
    body = json.loads(path.read_bytes())
    change(body)
    path.write_text(json.dumps(body))


def forge_file(out, top):
    (top / "v1/content/files/sub/notes.txt").write_text("forged")


def forge_file_and_inventory(out, top):
    """Whoever changes a file, its digests and the inventories still has the manifest's id against them."""
    old, new = (hashlib.sha512(text).hexdigest() for text in (b"kept", b"forged"))
    forge_file(out, top)
    for place in (top, top / "v1"):
        text = (place / "inventory.json").read_text().replace(old, new)
        (place / "inventory.json").write_text(text)
        digest = hashlib.sha512(text.encode()).hexdigest()
        (place / "inventory.json.sha512").write_text(f"{digest} inventory.json\n")


def forge_manifest(out, top):
    rewrite(top / "v1/content/manifest.json", lambda body: body["recipe"].update(template="other"))


def leave_out_file(out, top):
    (top / "v1/content/files/sub/notes.txt").unlink()


def add_file(out, top):
    (top / "v1/content/files/more.txt").write_text("more")


def forge_sidecar(out, top):
    (top / "inventory.json.sha512").write_text("0" * 128 + " inventory.json\n")


def two_inventories(out, top):
    rewrite(top / "v1/inventory.json", lambda body: body["versions"]["v1"].update(message="another"))


def climb(out, top):
    rewrite(out / "bundle.json", lambda body: body["contents"][0].update(object="../../elsewhere"))


def be_absolute(out, top):
    rewrite(out / "bundle.json", lambda body: body["contents"][0].update(object="/etc"))


def tell_of_less(out, top):
    rewrite(out / "bundle.json", lambda body: body["contents"].pop())


def cut_journal_s_end(out, top):
    sorted((out / "journal").iterdir())[-1].unlink()


def cut_journal_s_beginning(out, top):
    sorted((out / "journal").iterdir())[0].unlink()


def forge_record(out, top):
    last = sorted((out / "journal").iterdir())[-1]
    last.write_bytes(last.read_bytes().replace(b"a file", b"A file"))


def break_document(out, top):
    (out / "bundle.json").write_text("[" * 100_000)


def empty_document(out, top):
    (out / "bundle.json").write_text("{}")


@pytest.mark.parametrize(
    "forge",
    [
        forge_file, forge_file_and_inventory, forge_manifest, leave_out_file, add_file, forge_sidecar,
        two_inventories, climb, be_absolute, tell_of_less, cut_journal_s_end, cut_journal_s_beginning,
        forge_record, break_document, empty_document,
    ],
)  # fmt: skip
def test_a_list_that_was_rewritten_too_hides_nothing(exported, forge, tmp_path):
    out, whole, _ = exported
    relist(out.path)
    assert export_verifier.problems(out.path) == []
    forge(out.path, out.path / "ocfl" / whole.content.replace(":", "-"))
    relist(out.path)
    assert export_verifier.problems(out.path)
    assert export_verifier.main([str(out.path)]) == 1
    other = Archive.create(tmp_path / "other")
    before = list(other.events())
    with pytest.raises(BadInput, match="not whole"):
        import_(other, out.path)
    assert list(other.events()) == before


def test_a_list_that_is_none_is_named(exported):
    for text in ("", "[]", "[1]", "{"):
        (exported[0].path / export_verifier.LISTING).write_text(text)
        assert export_verifier.problems(exported[0].path)
    assert export_verifier.problems(exported[0].path / "nowhere")


def other_source(each):
    each["source"]["content"] = "b3:" + "0" * 64


def other_event(each):
    each["source"] = {"event": "destruction_began"}


def other_type(each):
    each["name"] = ["a model"]


@pytest.mark.parametrize("change", [other_source, other_event, other_type])
def test_what_an_export_tells_of_its_source_is_not_believed_blindly(exported, change, tmp_path):
    out = exported[0].path
    rewrite(out / "bundle.json", lambda body: change(body["contents"][0]))
    relist(out)
    other = Archive.create(tmp_path / "other")
    before = list(other.events())
    with pytest.raises(BadInput):
        import_(other, out)
    assert list(other.events()) == before


def test_what_the_verifier_takes_for_the_beginning_is_the_journal_s():
    assert export_verifier.BEFORE_ALL == BEFORE_ALL


def test_an_export_is_on_record_before_it_can_be_seen(archive, model, tmp_path):
    """A crash between the two leaves an event too many, never a copy that nobody knows of."""
    added, seen = archive.add(model), []

    class Watched(Disk):
        def step(self, name, path):
            if (name, path.name) == ("rename", "out"):
                seen.extend(event.content for event in archive.events() if isinstance(event, Exported))
                raise OSError(errno.EIO, "the disk died")

    watched = Archive.open(archive.root, disk=Watched(), vault=archive.vault)
    with pytest.raises(CouldNot):
        export(watched, (added.content,), tmp_path / "out")
    assert seen == [added.content]
    assert not list(tmp_path.glob("*out*"))


def test_a_seal_that_comes_during_an_export_stops_it(archive, model, tmp_path):
    added, done = archive.add(model), []

    class Slow(Disk):
        def step(self, name, path):
            if path.name == "verify.py" and not done:
                done.append(path)
                change_state(desk_of(archive), added.content, "sealed", by="Ada", reason="a severe finding")

    with pytest.raises(Refused, match="sealed"):
        export(
            Archive.open(archive.root, disk=Slow(), vault=archive.vault), (added.content,), tmp_path / "out"
        )
    assert done and not list(tmp_path.glob("*out*"))
    assert not any(isinstance(event, Exported) for event in archive.events())


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
