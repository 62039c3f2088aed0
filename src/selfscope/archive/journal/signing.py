"""Who vouches for it: Ed25519 keys, and signatures on exactly one canonical statement.

A signature covers a purpose and a body: one made for a checkpoint can never be shown as one for a decision.
Private keys lie in files of mode 0600, outside the archive; the archive holds public keys only.
"""

from __future__ import annotations

import os
import re
import stat
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfscope.errors import BadInput, CouldNot, Refused
from selfscope.values.canonical import bytes_id, canonical_json

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PREFIX = "ed25519:"
"""Every key and signature says which scheme made it."""

MESSAGE = b"selfscope signature 1\n"
"""What every signed message begins with: no other program's signature is taken for one of these."""


@dataclass(frozen=True)
class SigningKey:
    """A private key. Its text form shows the public half only.

    Attributes
    ----------
    key
        The public half as 64 hexadecimal digits.
    public
        The same with its scheme, as a policy names it: ``ed25519:…``.
    """

    _private: Ed25519PrivateKey = field(repr=False, compare=False)
    public: str

    @property
    def key(self) -> str:
        """The public half as 64 hexadecimal digits."""
        return self.public.removeprefix(PREFIX)

    def sign(self, data: bytes) -> bytes:
        """Return the 64 bytes of the signature on `data`, raw: prefer :func:`sign`, which names a purpose."""
        return self._private.sign(data)


def make_key() -> SigningKey:
    """Return a new key, from the system's randomness."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return _wrap(Ed25519PrivateKey.generate())


def save_key(key: SigningKey, path: Path) -> None:
    """Write a private key to a new file that only its owner can read.

    The file appears whole or not at all, and never replaces another.

    Raises
    ------
    BadInput
        If something is already there.
    CouldNot
        If the disk refuses.
    """
    from cryptography.hazmat.primitives import serialization as forms

    text = key._private.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption())
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        try:
            _write_private(draft, text)
            os.link(draft, path)
        finally:
            draft.unlink(missing_ok=True)
        _sync_folder(path.parent)
    except FileExistsError as error:
        raise BadInput("a file is already there", got=path, fix="Choose another name") from error
    except OSError as error:
        raise CouldNot("the key could not be saved", got=error, fix="Check the folder and disk") from error


def load_key(path: Path) -> SigningKey:
    """Read a private key.

    Raises
    ------
    BadInput
        If there is no Ed25519 private key in the file, or the file is a link or no plain file.
    Refused
        If others than its owner may read or write it.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        private = load_pem_private_key(_read_private(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadInput("this file holds no readable private key", got=path) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise BadInput("this is no Ed25519 key", got=path)
    return _wrap(private)


def public_key(text: str) -> str:
    """Return a public key in its one spelling, ``ed25519:`` and 64 lower-case hexadecimal digits.

    Raises
    ------
    BadInput
        If it is spelled in any other way: two spellings would be two people with one key.
    """
    if not re.fullmatch(PREFIX + "[0-9a-f]{64}", text):
        raise BadInput("this is no public key", got=text, fix="Write ed25519: and 64 hexadecimal digits")
    return text


def fingerprint(public: str) -> str:
    """Return a short name of a public key, to read aloud and compare: 4 groups of 4 digits."""
    digits = bytes_id(bytes.fromhex(public_key(public).removeprefix(PREFIX))).removeprefix("b3:")[:16]
    return "-".join(digits[i : i + 4] for i in range(0, 16, 4))


def message(purpose: str, body: Any) -> bytes:
    """Return the bytes that a signature for `purpose` covers: canonical JSON behind a fixed first line."""
    return MESSAGE + canonical_json({"purpose": purpose, "body": body})


def sign(key: SigningKey, purpose: str, body: Any) -> str:
    """Return `key`'s signature on `body` for `purpose`, as ``ed25519:`` and 128 hexadecimal digits."""
    return PREFIX + key.sign(message(purpose, body)).hex()


def verify(public: str, purpose: str, body: Any, signature: str) -> bool:
    """Did the holder of `public` sign exactly this body for exactly this purpose?

    Anything malformed is answered False: a verifier that can be made to fail is one that can be skipped.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if not re.fullmatch(PREFIX + "[0-9a-f]{128}", signature) or not re.fullmatch(
        PREFIX + "[0-9a-f]{64}", public
    ):
        return False
    try:
        known = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public.removeprefix(PREFIX)))
        known.verify(bytes.fromhex(signature.removeprefix(PREFIX)), message(purpose, body))
    except (InvalidSignature, ValueError):
        return False
    return True


def _wrap(private: Ed25519PrivateKey) -> SigningKey:
    return SigningKey(private, PREFIX + private.public_key().public_bytes_raw().hex())


def _write_private(path: Path, text: bytes) -> None:
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as out:
        os.fchmod(out.fileno(), 0o600)
        out.write(text)
        out.flush()
        os.fsync(out.fileno())


def _read_private(path: Path) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise BadInput("the key file cannot be opened", got=error, fix="Links are not followed") from error
    with os.fdopen(handle, "rb") as read:
        status = os.fstat(read.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise BadInput("the key file is no plain file", got=path)
        if stat.S_IMODE(status.st_mode) & 0o077:
            raise Refused(
                "others may read or write this key",
                got=f"{path}, mode {stat.S_IMODE(status.st_mode):04o}",
                fix=f"Take their rights away (chmod 600 {path.name}), or make a new key",
            )
        return read.read(1 << 16)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
