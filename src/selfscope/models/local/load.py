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
from selfscope.models.catalogue import BUILT_IN, DIALOGUE, DIALOGUE_NAME, EMBEDDERS
from selfscope.models.fetch import (
    EMBEDDER,
    check_sizes,
    fetch_gguf,
    fetch_model,
    read_manifest,
    weights_digest,
)
from selfscope.models.hub import commit_of, fetch_hub, names_hub
from selfscope.values import content_id

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True)
class Found:
    """Where weights are, before they are loaded.

    Attributes
    ----------
    name
        As the user wrote it, normalised.
    folder
        With ``config.json``, safetensors and the tokenizer.
    revision
        Digest of the safetensors, or the commit of a hub model.
    """

    name: str
    folder: Path
    revision: str


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
        Where it was read from.
    """

    name: str
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    template: str
    template_id: str
    revision: str
    folder: Path


def load(name: str, device: str = "auto") -> Loaded:
    """Load a built-in model, a directory, a GGUF file or a hub id.

    Raises
    ------
    BadInput
        If nothing answers to `name`, or the device is not there.
    CouldNot
        If files are damaged, weights are missing, the hub cannot be reached, or the device is too small.
    """
    where = _device(device)
    found = find(name)
    with quiet():
        model, tokenizer = _read(found)
    template, template_id = _template(tokenizer)
    placed = _placed(model, where)
    return Loaded(found.name, placed, tokenizer, template, template_id, found.revision, found.folder)


def find(name: str) -> Found:
    """Return the weights that `name` names, fetched or converted if need be, and their revision.

    Raises
    ------
    BadInput
        If nothing answers to `name`, or it is a model that embeds texts.
    CouldNot
        If they cannot be fetched.
    """
    if name in BUILT_IN:
        folder = fetch_model(name)
        return Found(name, folder, _digest(folder))
    if name in EMBEDDERS:
        raise _only_embeds(name)
    path = Path(name).expanduser()
    if path.exists():
        folder = _local(path)
        return Found(str(path.resolve()), folder, _digest(folder))
    if not names_hub(name):
        raise BadInput(
            "there is no such model",
            got=name,
            fix=f"Give {', '.join(BUILT_IN)}, a folder, a GGUF file, or a hub id such as owner/name",
        )
    there = fetch_hub(name)
    if there.suffix == ".gguf":
        folder = fetch_gguf(there)
        return Found(name, folder, _digest(folder))
    return Found(name, there, f"commit:{commit_of(there)}")


def locate(name: str) -> Path:
    """Return only the folder of :func:`find`."""
    return find(name).folder


def _local(path: Path) -> Path:
    """Return the folder of weights at a path of this machine: itself, or what a GGUF file was made into."""
    if path.is_file():
        if path.suffix != ".gguf":
            raise BadInput("a model file must be a GGUF", got=path, fix="Give the folder for safetensors")
        return fetch_gguf(path)
    if not (path / "config.json").is_file():
        files = sorted(str(file) for file in path.glob("*.gguf"))
        fix = (
            f"Give the GGUF file itself: {', '.join(files)}"
            if files
            else "It needs config.json beside the weights"
        )
        raise BadInput("the folder holds no model", got=path, fix=fix)
    if (read_manifest(path) or {}).get("kind") == EMBEDDER:
        raise _only_embeds(path)
    check_sizes(path)
    return path


def _only_embeds(name: object) -> BadInput:
    return BadInput(
        "this model embeds texts, and cannot be asked", got=name, fix=f"Give {' or '.join(BUILT_IN)}"
    )


def _digest(folder: Path) -> str:
    manifest = read_manifest(folder)
    return str(manifest["revision"]) if manifest else weights_digest(folder)


def _device(device: str) -> torch.device:
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device not in ("cpu", "cuda"):
        raise BadInput("there is no such device", got=device, fix="Give auto, cpu or cuda")
    if device == "cuda" and not torch.cuda.is_available():
        raise BadInput("CUDA was asked for, and PyTorch sees none", got=device, fix="Give cpu or auto")
    return torch.device(device)


def _read(found: Found) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Return the network in float32, and its tokenizer.

    Weights that the files do not hold would be drawn at random, and measured: that is refused. Pickles are
    not opened, nor is code run that comes with a model.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer

    network: Any = AutoModelForCausalLM
    try:
        tokenizer = AutoTokenizer.from_pretrained(found.folder, trust_remote_code=False)
        model, said = network.from_pretrained(
            found.folder,
            dtype=torch.float32,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    except Exception as error:  # what transformers and safetensors raise for a foreign file is no closed list
        raise CouldNot(
            "the model could not be loaded",
            got=f"{found.name}: {error}",
            fix=f"See whether {found.folder} is whole and of an architecture that transformers knows",
        ) from error
    lacking = sorted({*said["missing_keys"], *(str(key) for key in said["mismatched_keys"])})
    if lacking:
        raise CouldNot(
            "weights of the model are missing",
            got=f"{found.name}: {', '.join(lacking[:3])}" + (" and others" if len(lacking) > 3 else ""),
            fix="Give the whole model, one that was made to continue text (a causal language model)",
        )
    return model, tokenizer


def _placed(model: PreTrainedModel, device: torch.device) -> PreTrainedModel:
    """Return the network on its device, in evaluation mode."""
    network: Any = model
    try:
        moved: PreTrainedModel = network.to(device).eval()
    except torch.OutOfMemoryError as error:
        raise CouldNot(
            "the device has no room for the model",
            got=f"{device}: {model.num_parameters() * 4 / 2**30:.1f} GiB of weights in float32",
            fix="Free the device, use a smaller model, or hide the device (CUDA_VISIBLE_DEVICES=)",
        ) from error
    return moved


def _template(tokenizer: Any) -> tuple[str, str]:
    """Return the template in use and its id."""
    own = tokenizer.chat_template
    if isinstance(own, dict):
        own = own.get("default")
    return (own, content_id(own)) if own else (DIALOGUE, DIALOGUE_NAME)


@contextmanager
def quiet() -> Iterator[None]:
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
