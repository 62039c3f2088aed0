"""A signature over an export in the format of OpenSSF model signing, made and checked without a network.

The journal's own signatures say which archive wrote what. This one is for others: whoever has the public key
and the ``model_signing`` program can check a whole directory, this project or not. It lies beside the export
and not in it, for an export's own verifier knows every file that belongs inside.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

from selfscope.errors import BadInput, CouldNot, Refused


def sign_export(export: Path, key: Path, signature: Path) -> None:
    """Sign every file of a directory with a private key.

    Parameters
    ----------
    export
        The directory; all of its files count, hidden ones too.
    key
        A private key on the curve P-256, P-384 or P-521, as PEM without a password.
    signature
        The file to write, which must not be there yet, nor lie in the directory.

    Raises
    ------
    BadInput
        If there is no such directory or key, or the signature's place cannot be used.
    CouldNot
        If the package is not installed, or the disk fails.
    """
    export, signature = Path(export).absolute(), Path(signature).absolute()
    _refuse_no_directory(export)
    if signature.exists() or signature.is_relative_to(export):
        raise BadInput(
            "a signature cannot be written there", got=signature, fix="Name a new file beside the export"
        )
    config = _signer(key)
    try:
        config.set_hashing_config(_everything()).sign(export, signature)
    except (OSError, ValueError) as error:
        raise CouldNot("an export cannot be signed", got=error) from error


def check_key(key: Path) -> None:
    """Return if a private key could sign an export now: to be asked before one is written.

    Raises as :func:`sign_export` does.
    """
    _signer(key)


def verify_export(export: Path, key: Path, signature: Path) -> None:
    """Return if a directory is exactly what the owner of a public key signed.

    Raises
    ------
    Refused
        If any file is changed, missing or added, or the signature is another key's, or none.
    BadInput
        If there is no such directory, key or signature.
    CouldNot
        If the package is not installed, or a file cannot be read.
    """
    export = Path(export).absolute()
    _refuse_no_directory(export)
    verifying, signature = _package("verifying"), _key(signature)
    try:
        config = verifying.Config().use_elliptic_key_verifier(public_key=_key(key))
    except (ValueError, TypeError, AttributeError) as error:
        raise BadInput("this is no public key", got=f"{key}: {error}", fix="Give an EC key in PEM") from error
    try:
        config.set_hashing_config(_everything()).verify(export, signature)
    except OSError as error:
        raise CouldNot("an export cannot be read", got=error) from error
    except Exception as error:  # whatever a broken signature makes the package raise, it is none
        raise Refused(
            "this is not what was signed", got=f"{type(error).__name__}: {error}", fix="Do not use it"
        ) from error


def _signer(key: Path) -> Any:
    """Return the package's signer with a private key."""
    signing = _package("signing")
    try:
        return signing.Config().use_elliptic_key_signer(private_key=_key(key))
    except (ValueError, TypeError, AttributeError) as error:
        raise BadInput(
            "this is no private key for signing", got=f"{key}: {error}", fix="Give an EC key in PEM"
        ) from error


def _everything() -> Any:
    """Return how files are hashed: all of them, none left out for its name."""
    hashing = _package("hashing")
    return hashing.Config().use_file_serialization().set_ignored_paths(paths=[], ignore_git_paths=False)


def _package(name: str) -> ModuleType:
    from importlib import import_module

    try:
        return import_module(f"model_signing.{name}")
    except ImportError as error:
        raise CouldNot(
            "signing an export for others needs a package that is not installed", got=error,
            fix="Install selfscope[sign]",
        ) from error  # fmt: skip


def _key(path: Path) -> Path:
    path = Path(path)
    if not path.is_file():
        raise BadInput("there is no such file", got=path)
    return path


def _refuse_no_directory(export: Path) -> None:
    if not export.is_dir() or export.is_symlink():
        raise BadInput("there is no such directory", got=export, fix="Give one that `keep export` wrote")
