"""Keys are private, signatures mean one thing, and whatever is wrong with one is answered no."""

import os
import stat

import pytest

from selfscope.archive.journal.signing import (
    fingerprint,
    load_key,
    make_key,
    message,
    public_key,
    save_key,
    sign,
    verify,
)
from selfscope.errors import BadInput, Refused

#: RFC 8032, section 7.1, test 2: a secret, its public key, and the signature on the byte 72.
SECRET = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"
PUBLIC = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
SIGNED = (
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)


def test_the_scheme_is_ed25519_as_its_standard_s_vectors_have_it():
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from selfscope.archive.journal.signing import SigningKey

    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(SECRET))
    key = SigningKey(private, "ed25519:" + private.public_key().public_bytes_raw().hex())
    assert (key.key, key.sign(b"\x72").hex()) == (PUBLIC, SIGNED)


def test_a_key_comes_back_from_a_file_that_only_its_owner_can_read(tmp_path):
    key, path = make_key(), tmp_path / "ada.pem"
    old = os.umask(0)
    try:
        save_key(key, path)
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["ada.pem"]
    assert sign(load_key(path), "p", [1]) == sign(key, "p", [1])
    assert key.key not in path.read_text()


def test_a_key_is_never_written_over_another(tmp_path):
    save_key(make_key(), tmp_path / "k")
    before = (tmp_path / "k").read_bytes()
    with pytest.raises(BadInput, match="already there"):
        save_key(make_key(), tmp_path / "k")
    assert (tmp_path / "k").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o700 | 0o010])
def test_a_key_that_others_may_touch_is_refused(tmp_path, mode):
    save_key(make_key(), tmp_path / "k")
    (tmp_path / "k").chmod(mode)
    with pytest.raises(Refused, match="chmod 600"):
        load_key(tmp_path / "k")


def test_links_pipes_and_other_keys_are_refused(tmp_path):
    from cryptography.hazmat.primitives import serialization as forms
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    save_key(make_key(), tmp_path / "k")
    (tmp_path / "link").symlink_to(tmp_path / "k")
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "text").write_text("no key")
    other = X25519PrivateKey.generate().private_bytes(
        forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption()
    )
    (tmp_path / "other").write_bytes(other)
    for name in ("text", "other"):
        (tmp_path / name).chmod(0o600)
    for name in ("link", "pipe", "text", "other", "absent"):
        with pytest.raises(BadInput):
            load_key(tmp_path / name)


def test_a_private_key_is_not_shown():
    key = make_key()
    secret = key._private.private_bytes_raw().hex()
    assert secret not in repr(key) and key.public in repr(key)


def test_a_signature_holds_for_one_key_purpose_and_body_and_for_nothing_else():
    ada, eve = make_key(), make_key()
    signed = sign(ada, "decision", {"b": 1, "a": 2})
    assert verify(ada.public, "decision", {"a": 2, "b": 1}, signed)
    assert not verify(eve.public, "decision", {"a": 2, "b": 1}, signed)
    assert not verify(ada.public, "checkpoint", {"a": 2, "b": 1}, signed)
    assert not verify(ada.public, "decision", {"a": 2, "b": 2}, signed)
    for n in range(0, 128, 5):
        other = format(int(signed[8 + n], 16) ^ 1, "x")
        assert not verify(ada.public, "decision", {"a": 2, "b": 1}, signed[: 8 + n] + other + signed[9 + n :])


@pytest.mark.parametrize("text", ["", "ed25519:", "x" * 136, "ed25519:" + "0" * 127, "ed25519:" + "G" * 128])
def test_malformed_signatures_and_keys_are_answered_no(text):
    key = make_key()
    assert not verify(key.public, "p", 1, text)
    assert not verify(text, "p", 1, sign(key, "p", 1))


def test_a_second_spelling_of_the_same_signature_is_none():
    key = make_key()
    signed = sign(key, "p", 1)
    order = 2**252 + 27742317777372353535851937790883648493
    s = int.from_bytes(bytes.fromhex(signed[8 + 64 :]), "little") + order
    assert not verify(key.public, "p", 1, signed[: 8 + 64] + s.to_bytes(32, "little").hex())
    assert not verify(key.public, "p", 1, signed.upper())


def test_public_keys_have_one_spelling_and_a_fingerprint_to_read_aloud():
    key = make_key().public
    assert public_key(key) == key
    for text in (key.upper(), key[8:], key + "0", key + "\n", "rsa:" + key[8:]):
        with pytest.raises(BadInput):
            public_key(text)
    assert len(fingerprint(key)) == 19 and fingerprint(key) != fingerprint(make_key().public)


def test_what_is_signed_names_the_program_and_the_purpose():
    assert message("p", 1).startswith(b"selfscope signature 1\n{")
    assert b'"purpose":"p"' in message("p", 1)
