"""From a name to weights in memory, and everything about them that can change an answer."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from selfscope.errors import BadInput, CouldNot
from selfscope.models.catalogue import BUILT_IN, DIALOGUE, DIALOGUE_NAME
from selfscope.models.fetch import check_sizes, fetch_gguf, fetch_model, read_manifest, weights_digest
from selfscope.values import content_id

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True)
class Loaded:
    """Weights with their tokenizer.

    Attributes
    ----------
    name
        As the user wrote it, normalised.
    model
        In evaluation mode, float32.
    tokenizer
        A fast tokenizer.
    template
        The chat template in use: the model's own, or :data:`selfscope.models.catalogue.DIALOGUE`.
    template_id
        Its name where it is ours, else its content id.
    revision
        Digest of the safetensors, or the commit of a hub model.
    folder
        Where it was read from; None for a hub model.
    """

    name: str
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    template: str
    template_id: str
    revision: str
    folder: Path | None


def load(name: str, device: str = "auto") -> Loaded:
    """Load a built-in model, a directory, a GGUF file or a hub id.

    Raises
    ------
    BadInput
        If nothing answers to `name`, or the device is not there.
    CouldNot
        If files are damaged, or the hub cannot be reached.
    """
    where = _device(device)
    folder = locate(name)
    with _quiet():
        model, tokenizer = _read(str(folder) if folder else name)
    template, template_id = _template(tokenizer)
    revision = _revision(folder, model)
    shown = name if folder is None or name in BUILT_IN else str(Path(name).resolve())
    return Loaded(shown, model.to(where).eval(), tokenizer, template, template_id, revision, folder)


def locate(name: str) -> Path | None:
    """Return the folder that holds what `name` names, fetched or converted if need be; None for a hub id."""
    if name in BUILT_IN:
        return fetch_model(name)
    path = Path(name).expanduser()
    if path.is_file():
        if path.suffix != ".gguf":
            raise BadInput("a model file must be a GGUF", got=name, fix="Give the folder for safetensors")
        return fetch_gguf(path)
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise BadInput(
                "the folder holds no model", got=name, fix="It needs config.json beside the weights"
            )
        check_sizes(path)
        return path
    if name.startswith((".", "/", "~")) or name.count("/") != 1:
        raise BadInput(
            "there is no such model",
            got=name,
            fix=f"Give {', '.join(BUILT_IN)}, a folder, a GGUF file, or a hub id such as owner/name",
        )
    return None


def _device(device: str) -> torch.device:
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device not in ("cpu", "cuda"):
        raise BadInput("there is no such device", got=device, fix="Give auto, cpu or cuda")
    if device == "cuda" and not torch.cuda.is_available():
        raise BadInput("CUDA was asked for, and PyTorch sees none", got=device, fix="Give cpu or auto")
    return torch.device(device)


def _read(source: str) -> tuple[Any, Any]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(source)
        model = AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32)
    except (OSError, ValueError) as error:
        raise CouldNot(
            "the model could not be loaded",
            got=f"{source}: {error}",
            fix="Check the name and the network; offline, give a folder, or one of " + ", ".join(BUILT_IN),
        ) from error
    return model, tokenizer


def _template(tokenizer: Any) -> tuple[str, str]:
    """Return the template in use and its id."""
    own = tokenizer.chat_template
    if isinstance(own, dict):
        own = own.get("default")
    return (own, content_id(own)) if own else (DIALOGUE, DIALOGUE_NAME)


def _revision(folder: Path | None, model: Any) -> str:
    if folder is None:
        return f"commit:{getattr(model.config, '_commit_hash', None) or 'unknown'}"
    manifest = read_manifest(folder)
    return str(manifest["revision"]) if manifest else weights_digest(folder)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers' loading bars and advice off the user's screen."""
    from transformers.utils import logging

    theirs: Any = logging
    bars, level = theirs.is_progress_bar_enabled(), theirs.get_verbosity()
    theirs.disable_progress_bar()
    theirs.set_verbosity_error()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        theirs.set_verbosity(level)
        if bars:
            theirs.enable_progress_bar()
