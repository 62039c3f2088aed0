"""Who is asked in a study file: identities, models and adapters, and the texts beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from selfscope.errors import BadInput
from selfscope.models.adapters import read_adapter
from selfscope.studies.profile import CONTROLS
from selfscope.subjects import Reading, read_identity, role_to_ablate, without_role
from selfscope.values import Preset
from selfscope.values.finding import CONTROL_CLASSES
from selfscope.values.marked import Marked

KEYS = (
    "title", "identities", "models", "subjects", "controls", "instruments", "options", "items",
    "dimensions", "declared", "facets", "judges", "sesoi", "preset", "replicates", "seeds", "sensitivity",
)  # fmt: skip
#: Canonical JSON, which names a study, holds integers up to here exactly.
LARGEST_SEED = 2**53 - 1


@dataclass(frozen=True)
class Wanted:
    """One run that is wanted: an identity (None: the bare model) on a model under a seed.

    `adapter` is the folder or the name of what the model wears; "" is nothing.
    """

    identity: Reading | None
    model: str
    seed: int
    adapter: str = ""


def read_runs(document: Marked, told: Mapping[str, Marked], base: Path) -> tuple[Wanted, ...]:
    """Return the runs of a study file: every subject, and for each its seeds.

    Raises
    ------
    BadInput
        If one cannot be read, is asked twice, or there is none.
    """
    seeds = [s.whole("a seed", 0, LARGEST_SEED) for s in told["seeds"].each()] if "seeds" in told else [0]
    found: dict[tuple[str, str, str, int], Wanted] = {}
    for identity, model, adapter in _subjects(document, told):
        reading, name, worn = _identity(identity, base), _model(model, base), _adapter(adapter, base)
        for seed in seeds:
            key = (identity.text("an identity"), name, worn, seed)
            if key in found:
                raise identity.wrong("this subject is asked twice under one seed", got=" on ".join(key[:2]))
            found[key] = Wanted(reading, name, seed, worn)
    return tuple(found.values())


def _subjects(document: Marked, told: Mapping[str, Marked]) -> list[tuple[Marked, Marked, Marked | None]]:
    """Return identity, model and adapter of every subject: those that are crossed, then those listed."""
    crossed = [name for name in ("identities", "models") if name in told]
    if len(crossed) == 1 or not (crossed or "subjects" in told):
        raise document.wrong(
            "a study needs identities and models together, or subjects",
            got=", ".join(crossed) or "neither",
            fix=f"Allowed here: {', '.join(KEYS)}",
        )
    found: list[tuple[Marked, Marked, Marked | None]] = []
    if crossed:
        found = [(i, m, None) for m in told["models"].each() for i in told["identities"].each()]
    for one in told["subjects"].each() if "subjects" in told else ():
        own = one.fields(("identity", "model", "adapter"), needed=("identity", "model"))
        found.append((own["identity"], own["model"], own.get("adapter")))
    return found


def _adapter(given: Marked | None, base: Path) -> str:
    """Return the folder of an adapter, or its name where it is one that comes with the package."""
    if given is None:
        return ""
    name = given.text("an adapter")
    found = str(base / name) if (base / name).exists() else name
    try:
        read_adapter(found)
    except BadInput as error:
        raise given.wrong(error.what, got=error.got, fix=error.fix) from error
    return found


def _identity(given: Marked, base: Path) -> Reading | None:
    name = given.text("an identity")
    return None if name == "none" else _read(given, base)


def _read(given: Marked, base: Path) -> Reading:
    """Return the identity at a path; what is wrong with it is told with the place where it is named."""
    path = path_at(given, base)
    try:
        return read_identity(path)
    except BadInput as error:
        raise given.wrong(error.what, got=error.got, fix=error.fix) from error


def path_at(given: Marked, base: Path) -> Path:
    """Return a path that is relative to the file; BadInput if there is nothing."""
    path = base / given.text("a path")
    if not path.exists():
        raise given.wrong("there is nothing at this path", got=path, fix="Paths are relative to the file")
    return path


def _model(given: Marked, base: Path) -> str:
    """Return a model's name, or its path where it names a folder or file beside the study."""
    name = given.text("a model")
    if name.startswith((".", "/")):
        return str(path_at(given, base))
    return str(base / name) if (base / name).exists() else name


def read_controls(
    given: Marked | None, base: Path, preset: Preset, runs: Sequence[Wanted]
) -> tuple[tuple[str, ...], tuple[Reading, ...]]:
    """Return classes of controls, and texts of the user's own; BadInput for what is neither."""
    if given is None:
        return CONTROLS[preset], ()
    made, texts = [], []
    for one in given.each():
        name = one.text("a control")
        _refuse_role(one, role_to_ablate(name), runs)
        if name in CONTROL_CLASSES or role_to_ablate(name) is not None:
            made.append(name)
        elif (base / name).exists():
            texts.append(_read(one, base))
        else:
            known = f"Choose from: {', '.join(CONTROL_CLASSES)}, ablate:ROLE, or a path that exists"
            raise one.wrong("there is no such control", got=name, fix=known)
    return tuple(dict.fromkeys(made)), tuple(texts)


def _refuse_role(given: Marked, role: str | None, runs: Sequence[Wanted]) -> None:
    """Refuse to leave a role out of identities that do not have it, or have nothing else."""
    for reading in (w.identity for w in runs if w.identity is not None):
        if role is None:
            return
        try:
            without_role(reading, role)
        except BadInput as error:
            raise given.wrong(error.what, got=error.got, fix=error.fix) from error
