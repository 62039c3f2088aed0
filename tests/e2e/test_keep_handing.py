"""Handing over and taking over, by the command: exports, packs of them, and signatures for others."""

import shutil
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives import serialization as forms
from cryptography.hazmat.primitives.asymmetric import ec

pytest_plugins = ("tests.e2e.keep_fixtures",)


@pytest.fixture
def keys(tmp_path):
    private = ec.generate_private_key(ec.SECP256R1())
    pem = forms.Encoding.PEM
    secret, public = tmp_path / "ada.pem", tmp_path / "ada.pub"
    secret.write_bytes(private.private_bytes(pem, forms.PrivateFormat.PKCS8, forms.NoEncryption()))
    public.write_bytes(private.public_key().public_bytes(pem, forms.PublicFormat.SubjectPublicKeyInfo))
    return secret, public


def test_an_export_is_checked_by_python_alone_and_imported(keep, model, tmp_path):
    added = keep("add", model, "--name", "first")
    keep("export", "first", "--out", "out")
    command = [sys.executable, "-I", "-S", tmp_path / "out" / "verify.py"]
    assert subprocess.run(command, check=False, timeout=60, capture_output=True).returncode == 0
    keep("init", root="other")
    (row,) = keep("import", "out", root="other")["contents"]
    assert (row["content"], row["known"]) == (added["content"], False)
    assert keep("import", "out", root="other")["contents"][0]["known"]
    assert keep("verify", added["content"], root="other")["ok"]


@pytest.mark.parametrize("kind", ["zip", "tar", "gztar"])
def test_a_packed_export_is_imported_under_a_key_of_ones_own(keep, model, tmp_path, kind):
    keep("add", model, "--name", "first")
    keep("export", "first", "--out", "out")
    pack = shutil.make_archive(str(tmp_path / "pack"), kind, tmp_path, "out")
    keep("init", root="other")
    keep("import", pack, "--domain", "family", root="other")
    (row,) = keep("list", root="other")["contents"]
    assert (row["name"], row["domain"]) == ("first", "family")


def test_an_export_carries_the_whole_journal(keep, model, tmp_path):
    keep("add", model, "--name", "first")
    (tmp_path / "note.txt").write_text("private")
    keep("add", "note.txt", "--name", "a name that says much")
    keep("export", "first", "--out", "out")
    journal = b"".join(path.read_bytes() for path in (tmp_path / "out" / "journal").iterdir())
    assert b"a name that says much" in journal
    assert not any(path.read_bytes() == b"private" for path in (tmp_path / "out").rglob("*.txt"))


def test_a_bad_export_leaves_no_key_behind(keep, model, tmp_path):
    keep("add", model, "--name", "first")
    keep("export", "first", "--out", "out")
    (tmp_path / "out" / "bundle.json").write_text("{}")
    keep("init", root="other")
    assert "not whole" in keep("import", "out", "--domain", "family", code=2, root="other")
    assert not (tmp_path / "other-keys").exists()


def test_a_signature_for_others_is_made_and_demanded(keep, model, keys, tmp_path):
    pytest.importorskip("model_signing.signing", exc_type=ImportError)
    secret, public = keys
    keep("add", model, "--name", "first")
    done = keep("export", "first", "--out", "out", "--sign", secret)
    assert done["signature"] == str(tmp_path / "out.sig")
    keep("init", root="other")
    keep("import", "out", "--signed-by", public, root="other")
    (tmp_path / "out" / "added.txt").write_text("more")
    keep("init", root="third")
    assert "not what was signed" in keep("import", "out", "--signed-by", public, code=4, root="third")
    assert keep("list", root="third")["contents"] == []


def test_nothing_is_exported_that_could_not_be_signed(keep, model, keys, tmp_path):
    pytest.importorskip("model_signing.signing", exc_type=ImportError)
    keep("add", model, "--name", "first")
    (tmp_path / "no.pem").write_text("no key")
    (tmp_path / "taken.sig").write_text("here already")
    sign = ("export", "first", "--out", "out", "--sign")
    assert "no private key" in keep(*sign, tmp_path / "no.pem", code=2)
    assert "no such file" in keep(*sign, tmp_path / "none.pem", code=2)
    assert "cannot be written there" in keep(*sign, keys[0], "--signature", "taken.sig", code=2)
    assert not (tmp_path / "out").exists()
    journal = b"".join(path.read_bytes() for path in (tmp_path / "kept" / "journal").rglob("*.json"))
    assert b'"exported"' not in journal


def test_a_missing_package_is_named(keep, model, keys, tmp_path, monkeypatch):
    keep("add", model, "--name", "first")
    monkeypatch.setitem(sys.modules, "model_signing.signing", None)
    assert "selfscope[sign]" in keep("export", "first", "--out", "out", "--sign", keys[0], code=5)
    assert not (tmp_path / "out").exists()
