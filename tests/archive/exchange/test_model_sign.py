"""A signature for others holds for exactly the directory that was signed, and needs no network."""

import json
import sys

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from selfscope.archive.exchange.model_sign import sign_export, verify_export
from selfscope.errors import BadInput, CouldNot, Refused

model_signing = pytest.importorskip("model_signing.signing", exc_type=ImportError)


def keys(folder, name, curve=None):
    private = ec.generate_private_key(curve or ec.SECP256R1())
    return written(folder, name, private)


def written(folder, name, private):
    secret, public = folder / f"{name}.pem", folder / f"{name}.pub"
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    secret.write_bytes(private.private_bytes(serialization.Encoding.PEM, *form))
    told = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    public.write_bytes(told)
    return secret, public


@pytest.fixture
def export(tmp_path):
    top = tmp_path / "export"
    (top / "sub").mkdir(parents=True)
    (top / "a.txt").write_text("first")
    (top / ".gitattributes").write_text("hidden")
    (top / "sub" / "b.txt").write_text("second")
    return top


@pytest.fixture
def signed(export, tmp_path):
    secret, public = keys(tmp_path, "ada")
    sign_export(export, secret, tmp_path / "export.sig")
    return export, public, tmp_path / "export.sig"


def test_what_was_signed_is_verified_and_says_so_to_others(signed):
    verify_export(*signed)
    assert json.loads(signed[2].read_text())["verificationMaterial"]["tlogEntries"] == []


@pytest.mark.parametrize("harm", ["change", "hidden", "remove", "add", "rename", "link"])
def test_whatever_is_changed_is_refused(signed, harm, tmp_path):
    top = signed[0]
    if harm == "change":
        (top / "a.txt").write_text("First")
    elif harm == "hidden":
        (top / ".gitattributes").write_text("Hidden")
    elif harm == "remove":
        (top / "sub" / "b.txt").unlink()
    elif harm == "add":
        (top / ".gitignore").write_text("more")
    elif harm == "rename":
        (top / "a.txt").rename(top / "c.txt")
    else:
        (top / "a.txt").rename(tmp_path / "a.txt")
        (top / "a.txt").symlink_to(tmp_path / "a.txt")
    with pytest.raises(Refused, match="not what was signed"):
        verify_export(*signed)


def test_another_s_key_and_a_broken_signature_are_refused(signed, tmp_path):
    export, public, signature = signed
    with pytest.raises(Refused):
        verify_export(export, keys(tmp_path, "eve")[1], signature)
    body = json.loads(signature.read_text())
    for text in ("", "{}", "no JSON", json.dumps({**body, "dsseEnvelope": {}})):
        signature.write_text(text)
        with pytest.raises(Refused):
            verify_export(export, public, signature)


def test_what_cannot_be_used_is_named(export, tmp_path):
    secret, public = keys(tmp_path, "ada")
    odd, _ = written(tmp_path, "odd", ed25519.Ed25519PrivateKey.generate())
    curve, _ = keys(tmp_path, "curve", ec.SECP256K1())
    place = tmp_path / "export.sig"
    for key in (public, odd, curve, tmp_path / "nowhere", export):
        with pytest.raises(BadInput):
            sign_export(export, key, place)
    for other in (export / "inside.sig", secret):
        with pytest.raises(BadInput, match="cannot be written there"):
            sign_export(export, secret, other)
    for other in (tmp_path / "nowhere", secret):
        with pytest.raises(BadInput, match="no such directory"):
            sign_export(other, secret, place)
    assert not place.exists()


def test_without_the_package_it_says_what_to_install(export, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "model_signing.signing", None)
    with pytest.raises(CouldNot, match=r"selfscope\[sign\]"):
        sign_export(export, keys(tmp_path, "ada")[0], tmp_path / "export.sig")
