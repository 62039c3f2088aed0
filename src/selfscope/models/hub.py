"""Weights from a model hub: fetched once by huggingface_hub, kept in its cache, named by their commit.

``owner/name`` is a repository with safetensors, ``owner/name/FILE.gguf`` one GGUF file of a repository. Which
hub, which key and which cache are huggingface_hub's own settings (``HF_ENDPOINT``, ``HF_TOKEN``, ``HF_HOME``,
``HF_HUB_OFFLINE``). Where the hub cannot be reached, what is in the cache serves, if it is whole.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from selfscope.errors import BadInput, CouldNot, SelfscopeError

#: What a model needs, of the files at the top of its repository: one set of weights, and what reads text.
WANTED = (
    "*.json",
    "*.jinja",
    "*.model",
    "merges.txt",
    "vocab.txt",
    "model.safetensors",
    "model-*-of-*.safetensors",
)
_NAME = re.compile(r"[\w.-]+/[\w.-]+(?:/(?P<gguf>[^\\]+\.gguf))?")


def names_hub(name: str) -> bool:
    """Return whether `name` is written as a hub id, or as a GGUF file of one."""
    return not name.startswith((".", "/", "~")) and _NAME.fullmatch(name) is not None


def fetch_hub(name: str) -> Path:
    """Return where the weights that a hub id names are: a snapshot's folder, or a GGUF file in one.

    Parameters
    ----------
    name
        ``owner/name`` or ``owner/name/FILE.gguf``.

    Raises
    ------
    BadInput
        If the hub has no such model, or it holds no safetensors, or it may not be read with this key.
    CouldNot
        If the hub cannot be reached and the cache does not hold the model, or the download breaks.
    """
    from huggingface_hub import snapshot_download

    repository, file = _parts(name)
    wanted, unwanted = ([file], None) if file else (list(WANTED), "*/*")
    try:
        # (hf_hub_download would try a hub that is away for half a minute before it looks into the cache)
        folder = Path(
            snapshot_download(
                repository, allow_patterns=wanted, ignore_patterns=unwanted, tqdm_class=_terminal_bar()
            )
        )
    except Exception as error:  # huggingface_hub, its HTTP client and the disk all have errors of their own
        raise _failure(name, error) from error
    if file and not (folder / file).is_file():
        raise BadInput("the hub's model has no such file", got=name, fix=_other_files(repository))
    if not file and not ((folder / "config.json").is_file() and any(folder.glob("*.safetensors"))):
        raise BadInput("the hub's model has no safetensors", got=name, fix=_other_files(repository))
    return folder / file if file else folder


def commit_of(path: Path) -> str:
    """Return the commit of a folder or file in huggingface_hub's cache."""
    places = path.parts
    return places[places.index("snapshots") + 1]


def _terminal_bar() -> type[Any]:
    """Return a progress bar that is drawn on a terminal alone, and goes when it is done."""
    from huggingface_hub import utils

    theirs: Any = utils

    class Bar(theirs.tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **{"disable": None, **kwargs, "leave": False})

    return Bar


def _parts(name: str) -> tuple[str, str]:
    owner, model, *rest = name.split("/", 2)
    return f"{owner}/{model}", rest[0] if rest else ""


def _failure(name: str, error: Exception) -> SelfscopeError:
    from huggingface_hub import errors

    repository, _ = _parts(name)
    words = str(error).strip().splitlines()
    said = f"{name}: {words[0] if words else type(error).__name__}"
    if isinstance(error, errors.GatedRepoError):
        fix = f"Ask for access on the page of {repository} on the hub, then set HF_TOKEN to a key of yours"
        return CouldNot("the hub gives this model only to those who were let in", got=said, fix=fix)
    if isinstance(error, errors.RepositoryNotFoundError | errors.RevisionNotFoundError):
        fix = "Check the name; for a model of your own that is private, set HF_TOKEN"
        return BadInput("the hub has no such model", got=said, fix=fix)
    if isinstance(error, errors.HFValidationError):
        return BadInput("no hub names its models so", got=said, fix="Write it as owner/name")
    if isinstance(error, errors.LocalEntryNotFoundError):
        fix = "Check the network and HF_ENDPOINT; what is fetched once works offline ever after"
        what = "the hub cannot be reached, and its cache does not hold the whole model"
        return CouldNot(what, got=said, fix=fix)
    fix = "What was fetched is kept; run the same command again to go on"
    return CouldNot("the model could not be fetched from the hub", got=said, fix=fix)


def _other_files(repository: str) -> str:
    """Return what to name instead: the GGUF files of a repository, if the hub says which it has."""
    from huggingface_hub import HfApi

    try:
        files = [name for name in HfApi().list_repo_files(repository) if name.endswith(".gguf")]
    except Exception:  # this only makes a hint better
        files = []
    if not files:
        return "Choose a model with safetensors, or one with a GGUF file"
    return "Name one of its GGUF files: " + ", ".join(f"{repository}/{name}" for name in sorted(files)[:8])
