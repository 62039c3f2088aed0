"""``doctor``: what is present, and how to mend what is not."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from selfscope import __version__
from selfscope.cli.show import JsonFlag, console, print_json

_PACKAGES = ("torch", "transformers", "inspect-ai", "numpy", "scipy", "pyarrow", "duckdb", "altair")
_KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY")
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: whether the main job needs it, what is so, how to mend it."""

    name: str
    ok: bool
    needed: bool
    found: str
    mend: str = ""


def doctor(as_json: JsonFlag = False) -> int:
    """Say what is present (versions, model, device, keys, browser) and how to mend what is not."""
    checks = tuple(look())
    healthy = all(check.ok for check in checks if check.needed)
    if as_json:
        print_json({"ok": healthy, "checks": checks})
    else:
        for check in checks:
            mark = "ok  " if check.ok else ("MISSING" if check.needed else "none")
            advice = f"  ->  {check.mend}" if check.mend and not check.ok else ""
            console().print(f"{mark:8}{check.name}: {check.found}{advice}", markup=False, soft_wrap=True)
    return 0 if healthy else 1


def look() -> Iterator[Check]:
    """Yield every check."""
    python = platform.python_version()
    yield Check("selfscope", True, True, __version__)
    yield Check("python", sys.version_info >= (3, 11), True, python, "install Python 3.11")
    yield from (_package(name) for name in _PACKAGES)
    yield from _models()
    yield _device()
    yield from (_key(name) for name in _KEYS)
    yield _browser()
    yield _runs()


def _package(name: str) -> Check:
    try:
        return Check(name, True, True, version(name))
    except PackageNotFoundError:
        return Check(name, False, True, "not installed", f"pip install {name}")


def _models() -> Iterator[Check]:
    from selfscope.models.catalogue import BUILT_IN, EMBEDDERS

    titles = {m.name: m.title for m in BUILT_IN.values()} | {m.name: m.title for m in EMBEDDERS.values()}
    for name, title in titles.items():
        yield _model(name, title)


def _model(name: str, title: str) -> Check:
    """Return whether a built-in model is here and every byte of it is what was made."""
    from selfscope.errors import CouldNot
    from selfscope.models.fetch import check_digests, is_cached, model_folder

    label, needed, fetch = f"model {name}", name == "embedded", f"selfscope models fetch {name}"
    if not is_cached(name):
        return Check(label, False, needed, "not fetched", fetch)
    try:
        check_digests(model_folder(name))
    except CouldNot as error:
        return Check(label, False, needed, f"damaged: {error.got}", f"{error.fix}: {fetch}")
    return Check(label, True, needed, title)


def _device() -> Check:
    import torch

    if torch.cuda.is_available():
        return Check("torch device", True, True, f"cuda ({torch.cuda.get_device_name(0)})")
    return Check("torch device", True, True, f"cpu, {torch.get_num_threads()} threads")


def _key(name: str) -> Check:
    here = bool(os.environ.get(name))
    return Check(name, here, False, "set" if here else "not set", f"export {name}=… to profile its models")


def _browser() -> Check:
    found = next((path for name in _BROWSERS if (path := shutil.which(name))), "")
    return Check("browser", bool(found), False, found or "not found", "install chromium, for its tests")


def _runs() -> Check:
    from selfscope.studies.store import runs_folder

    folder = runs_folder().absolute()
    place = folder if folder.exists() else folder.parent
    return Check("runs folder", os.access(place, os.W_OK), True, str(folder), "set SELFSCOPE_RUNS")
