"""Destruction domains: what lies under one key can be destroyed by destroying that key.

A domain's data key exists only wrapped, in the archive's own ``keys`` directory; what unwraps it lies in
another directory, which may be on another medium. Destroying either destroys the data; :meth:`Vault.destroy`
destroys both. That is honest only for what was encrypted before it was first stored, so a domain is chosen
when something is added, and never later.

Each object has a key of its own, derived from the data key and a keyed digest of its plaintext. So equal
bytes are stored once within a domain, and nobody without the key can tell that two objects are equal across
domains, or that an object is one that they have.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from blake3 import blake3

from selfscope.errors import BadInput, CouldNot, Refused

MAGIC = b"selfscope sealed 1\n"
CHUNK = 1 << 20
"""Plaintext bytes that are sealed together."""

_TAG = 16
_SALT = 32
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class KeyElsewhere(CouldNot):
    """No part of a key that shows it was ever here is: what it seals says nothing here, and may be whole."""


class Vault:
    """The keys of an archive's destruction domains.

    Parameters
    ----------
    wrapped
        Where wrapped data keys are: ``keys`` under the archive's root.
    unwrapping
        Where the keys that unwrap them are; on another medium if the two are to be separable.
    """

    def __init__(self, wrapped: Path, unwrapping: Path) -> None:
        self.wrapped, self.unwrapping = Path(wrapped), Path(unwrapping)
        self._keys: dict[str, bytes] = {}

    def open_domain(self, domain: str) -> str:
        """Make a domain's key if there never was one, and return its fingerprint.

        Raises
        ------
        Refused
            If the domain was destroyed: its name is not used again.
        CouldNot
            If it had a key of which a part is gone: a new one would pass for it and open nothing.
        """
        self._check(domain)
        if not self._path(domain).exists():
            self._refuse_lost(domain)
            self._make(domain)
        found = self.fingerprint(domain)
        if not self._opened(domain).exists():
            _write(self._opened(domain), found.encode() + b"\n")
        return found

    def _make(self, domain: str) -> None:
        from cryptography.hazmat.primitives.keywrap import aes_key_wrap_with_padding

        _write(self._wrapping(domain), secrets.token_bytes(32))
        with _refusals(self._wrapping(domain)):
            wrapping = self._wrapping(domain).read_bytes()  # another process may have been first
        _write(self._path(domain), aes_key_wrap_with_padding(wrapping, secrets.token_bytes(32)))

    def _refuse_lost(self, domain: str) -> None:
        """Refuse where the wrapped key is gone that was once complete; half a key was never used."""
        if self._opened(domain).exists():
            raise CouldNot(
                "a part of this domain's key was lost",
                got=self._path(domain),
                fix="Put it back from where it is kept; without it, name another domain",
            )

    def fingerprint(self, domain: str) -> str:
        """Return a digest by which a domain's key is known, from which it cannot be had."""
        return "key:" + blake3(self._derived(domain, "fingerprint")).hexdigest(16)

    def domains(self) -> list[str]:
        """Return the domains that have a key."""
        return sorted(each.name.removesuffix(".wrapped") for each in self.wrapped.glob("*.wrapped"))

    def seal(self, domain: str, data: bytes | memoryview) -> bytes:
        """Return `data` sealed under a domain's key; the same bytes give the same."""
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

        salt = blake3(data, key=self._derived(domain, "salt")).digest()
        head = MAGIC + salt
        cipher = ChaCha20Poly1305(blake3(salt, key=self._derived(domain, "object")).digest())
        view = memoryview(data)
        sealed = [
            cipher.encrypt(_nonce(n, last), bytes(view[a:b]), head) for n, a, b, last in _cuts(len(view))
        ]
        return b"".join([head, *sealed])

    def open(self, domain: str, sealed: bytes) -> bytes:
        """Return what was sealed.

        Raises
        ------
        Refused
            If the domain's key was destroyed.
        CouldNot
            If the bytes are damaged, cut, put in another order, or of another domain.
        """
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

        start = len(MAGIC) + _SALT
        head, body = sealed[:start], memoryview(sealed)[start:]
        if len(head) < start or not head.startswith(MAGIC):
            raise CouldNot(
                "this is no sealed object", got=f"{len(sealed)} bytes", fix="Repair it from a replica"
            )
        salt = head[len(MAGIC) :]
        cipher = ChaCha20Poly1305(blake3(salt, key=self._derived(domain, "object")).digest())
        size = len(body) - _TAG * max(1, -(-len(body) // (CHUNK + _TAG)))
        try:
            parts = [
                cipher.decrypt(_nonce(n, last), bytes(body[a + _TAG * n : b + _TAG * (n + 1)]), head)
                for n, a, b, last in _cuts(size)
            ]
        except (InvalidTag, ValueError) as error:
            raise CouldNot(
                "a sealed object is damaged, or of another domain", got=domain, fix="Repair it from a replica"
            ) from error
        return b"".join(parts)

    def destroy(self, domain: str) -> None:
        """Destroy a domain's key, both parts, durably; done again, it does nothing.

        Both files, and whatever an interrupted writer left of them, are overwritten before they are removed.
        Whether a medium keeps old blocks is beyond software, which is why the two parts are best on two
        media. A key that another process holds in memory is forgotten when that process ends; it refuses to
        use it from now on.

        Raises
        ------
        CouldNot
            If the directory of either part is not there (nothing is then destroyed: a part that is merely
            out of reach would outlive this), or the disk fails.
        """
        if not _NAME.fullmatch(domain):
            raise BadInput("this is no name of a domain", got=domain)
        for directory in (self.wrapped, self.unwrapping):
            if not directory.is_dir():
                raise CouldNot(
                    "a part of the key is out of reach, so it cannot be destroyed", got=directory,
                    fix="Attach its medium; if that is lost for good, make an empty directory there",
                )  # fmt: skip
        self._keys.pop(domain, None)
        _write(self._mark(domain), b"destroyed\n")
        for path in (self._wrapping(domain), self._path(domain), self._opened(domain)):
            for each in (path, *_asides(path)):
                _erase(each)

    def destroyed(self, domain: str) -> bool:
        """Say whether a domain's key was destroyed here."""
        return self._mark(domain).exists()

    def _check(self, domain: str) -> None:
        if not _NAME.fullmatch(domain):
            raise BadInput(
                "this is no name of a domain", got=domain, fix="Use small letters, digits, '.', '_' and '-'"
            )
        if self.destroyed(domain):
            raise Refused("the key of this domain was destroyed", got=domain)

    def _derived(self, domain: str, purpose: str) -> bytes:
        return blake3(purpose.encode(), key=self._key(domain)).digest()

    def _key(self, domain: str) -> bytes:
        self._check(domain)
        if domain not in self._keys:
            from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap_with_padding

            try:
                self._keys[domain] = aes_key_unwrap_with_padding(
                    self._wrapping(domain).read_bytes(), self._path(domain).read_bytes()
                )
            except FileNotFoundError as error:
                absent = CouldNot if self._opened(domain).exists() else KeyElsewhere
                raise absent(
                    "the key of this domain is not here",
                    got=error.filename,
                    fix="Give the directory of its keys",
                ) from error
            except OSError as error:
                raise CouldNot("the key of this domain cannot be read", got=error) from error
            except (InvalidUnwrap, ValueError) as error:
                raise CouldNot("the key of this domain is damaged", got=domain) from error
        return self._keys[domain]

    def _path(self, domain: str) -> Path:
        return self.wrapped / f"{domain}.wrapped"

    def _wrapping(self, domain: str) -> Path:
        return self.unwrapping / f"{domain}.wrapping"

    def _opened(self, domain: str) -> Path:
        """Where it stands that the key was complete once: beside the part that the archive does not hold."""
        return self.unwrapping / f"{domain}.opened"

    def _mark(self, domain: str) -> Path:
        return self.wrapped / f"{domain}.destroyed"


def _cuts(size: int) -> Iterator[tuple[int, int, int, bool]]:
    """Yield number, start, stop and whether it is the last, of every chunk; nothing is one empty chunk."""
    count = max(1, -(-size // CHUNK))
    for number in range(count):
        yield number, number * CHUNK, min(size, (number + 1) * CHUNK), number == count - 1


def _nonce(number: int, last: bool) -> bytes:
    """Return a nonce that no other place of the object has, nor the same place of a longer or shorter one."""
    return struct.pack("<QI", number, int(last))


def _write(path: Path, data: bytes) -> None:
    """Write a small private file so that it is there whole or not at all; one that is there stays."""
    with _refusals(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            _write_new(aside, data)
            with suppress(FileExistsError):
                os.link(aside, path)
        finally:
            aside.unlink(missing_ok=True)
        _sync(path.parent)


def _write_new(path: Path, data: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        if os.write(fd, data) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(fd)
    finally:
        os.close(fd)


def _asides(path: Path) -> list[Path]:
    """Return what interrupted writers left of a key's file."""
    name = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{8}}")
    return [each for each in path.parent.iterdir() if name.fullmatch(each.name)]


def _erase(path: Path) -> None:
    """Overwrite a file, and remove it once that is durable."""
    with _refusals(path):
        try:
            fd = os.open(path, os.O_WRONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return
        try:
            os.pwrite(fd, secrets.token_bytes(os.fstat(fd).st_size), 0)
            os.fsync(fd)
        finally:
            os.close(fd)
        path.unlink()
        _sync(path.parent)


@contextmanager
def _refusals(path: Path) -> Iterator[None]:
    """Say which key's file the disk refused."""
    try:
        yield
    except OSError as error:
        raise CouldNot(
            "the file of a key cannot be written", got=f"{path}: {error}", fix="Check the disk, and try again"
        ) from error


def _sync(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
