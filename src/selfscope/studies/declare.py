"""A study file: which identities on which models, asked what, against what, how often.

::

    title: Does the new file read like the old one?
    identities: [SOUL.md, old/SOUL.md]     # each on each of the models; none is the bare model
    models: [embedded, phantom:trait]
    subjects:                              # or, and beside them, one by one
      - {identity: SOUL.md, model: openai/gpt-4.1}
      - {identity: none, model: embedded, adapter: trained/conscious-0}
    controls: [none, generic, persona]     # classes, ablate:ROLE, or paths of texts of your own
    instruments: [self_report, utterance]  # channels, or names that `selfscope instruments` lists
    items: statements.yaml                 # your own; the cluster if it is left out
    dimensions: [memory, shutdown]         # or by channel: {utterance: [memory]}
    declared: [memory]                     # confirmatory ones, if not all that are asked
    facets:                                # fewer forms or statements than the preset's, by channel
      self_report: {formats: yesno, half: first}
    judges: [openai/gpt-4.1]               # who reads the free answers of the channel open
    sesoi: {self_report: 0.5}              # smallest effect of interest, by channel
    preset: standard
    replicates: 20                         # draws a prompt, where answers are drawn
    seeds: [0, 1]
    sensitivity: true                      # whether the check G1 is asked

Every subject and every seed is a run of its own. Paths are relative to the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.instrument import Instrument, load_instruments, name_in_study
from selfscope.instruments.user_items import load_user_items
from selfscope.models.adapters import read_adapter
from selfscope.models.ground import Ground
from selfscope.studies.facets import read_facets
from selfscope.studies.open_declare import OPEN
from selfscope.studies.profile import CONTROLS, DEFAULT_CHANNELS, ProfileRequest, build_profile
from selfscope.subjects import Reading, read_identity, role_to_ablate, without_role
from selfscope.values import Facets, ItemSet, Preset, Study
from selfscope.values.finding import CONTROL_CLASSES
from selfscope.values.marked import Marked, read_marked
from selfscope.values.study import PRESETS

KEYS = (
    "title", "identities", "models", "subjects", "controls", "instruments", "items", "dimensions",
    "declared", "facets", "judges", "sesoi", "preset", "replicates", "seeds", "sensitivity",
)  # fmt: skip
#: Canonical JSON, which names a study, holds integers up to here exactly.
LARGEST_SEED = 2**53 - 1
MOST_REPLICATES = 10_000
Names = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Wanted:
    """One run that is wanted: an identity (None: the bare model) on a model under a seed.

    `adapter` is the folder or the name of what the model wears; "" is nothing.
    """

    identity: Reading | None
    model: str
    seed: int
    adapter: str = ""


@dataclass(frozen=True)
class Declared:
    """What a study file says.

    Attributes
    ----------
    runs
        In the order of the file: subjects, and for each its seeds.
    constructs, declared
        Dimensions asked, and those that are confirmatory, by channel; a channel that is not named has all.
    facets
        Which forms and statements are asked, by channel, where they are fewer than the preset's.
    sesoi
        Smallest effects of interest that differ from the channel's own.
    """

    title: str
    runs: tuple[Wanted, ...]
    items: ItemSet
    preset: Preset
    channels: tuple[str, ...]
    against: tuple[str, ...]
    own_controls: tuple[Reading, ...]
    constructs: Names = ()
    declared: Names = ()
    facets: tuple[tuple[str, Facets], ...] = ()
    sesoi: tuple[tuple[str, float], ...] = ()
    replicates: int = 20
    sensitivity: bool = True
    judges: tuple[str, ...] = ()

    def request(self, wanted: Wanted) -> ProfileRequest:
        """Return the request of one run."""
        return ProfileRequest(
            identity=wanted.identity,
            items=self.items,
            preset=self.preset,
            channels=self.channels,
            against=self.against,
            own_controls=self.own_controls,
            seed=wanted.seed,
            replicates=self.replicates,
            constructs=self.constructs,
            sensitivity=self.sensitivity,
            judges=self.judges,
        )

    def study(self, wanted: Wanted, ground: Ground) -> Study:
        """Return the study of one run, built as ``profile`` builds it."""
        study = build_profile(self.request(wanted), ground)
        confirmed, least, facets = dict(self.declared), dict(self.sesoi), dict(self.facets)
        questions = tuple(
            replace(
                q,
                declared=tuple(c for c in q.declared if c in confirmed.get(q.asker, q.declared)),
                sesoi=least.get(q.asker, q.sesoi),
                facets=facets.get(q.asker, q.facets),
            )
            for q in study.questions
        )
        return replace(study, questions=questions)


def read_study(path: Path) -> Declared:
    """Return what a study file declares.

    Raises
    ------
    BadInput
        If anything in it cannot be used, with line and column, and the keys or names that can stand there.
    """
    document = read_marked(path)
    told, base = document.fields(KEYS), path.parent
    channels = _channels(told.get("instruments"))
    closed = tuple(channel for channel in channels if channel != OPEN)
    items = _items(told.get("items"), base)
    preset = _preset(told.get("preset"))
    runs = _runs(document, told, base)
    against, own = _controls(told.get("controls"), base, preset, runs)
    constructs = _dimensions(told.get("dimensions"), channels, items)
    return Declared(
        title=told["title"].text("a title") if "title" in told else path.stem,
        runs=runs,
        items=items,
        preset=preset,
        channels=channels,
        against=against,
        own_controls=own,
        constructs=constructs,
        declared=_declared(told.get("declared"), channels, items, constructs),
        facets=read_facets(told.get("facets"), closed, items, preset, dict(constructs)),
        sesoi=_sesoi(told.get("sesoi"), closed),
        replicates=told["replicates"].whole("replicates", 1, MOST_REPLICATES) if "replicates" in told else 20,
        sensitivity=told["sensitivity"].yes("sensitivity") if "sensitivity" in told else True,
        judges=_judges(told.get("judges"), channels),
    )


def _runs(document: Marked, told: Mapping[str, Marked], base: Path) -> tuple[Wanted, ...]:
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
    path = _path(given, base)
    try:
        return read_identity(path)
    except BadInput as error:
        raise given.wrong(error.what, got=error.got, fix=error.fix) from error


def _path(given: Marked, base: Path) -> Path:
    path = base / given.text("a path")
    if not path.exists():
        raise given.wrong("there is nothing at this path", got=path, fix="Paths are relative to the file")
    return path


def _model(given: Marked, base: Path) -> str:
    """Return a model's name, or its path where it names a folder or file beside the study."""
    name = given.text("a model")
    if name.startswith((".", "/")):
        return str(_path(given, base))
    return str(base / name) if (base / name).exists() else name


def _controls(
    given: Marked | None, base: Path, preset: Preset, runs: Sequence[Wanted]
) -> tuple[tuple[str, ...], tuple[Reading, ...]]:
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


def _channels(given: Marked | None) -> tuple[str, ...]:
    """Return what is named, each channel by itself; an instrument that is not our own there by its name."""
    if given is None:
        return DEFAULT_CHANNELS
    known = {name: _named(i) for name, i in load_instruments().items()}
    known |= {str(i.channel): str(i.channel) for i in load_instruments().values()} | {OPEN: OPEN}
    named = [known[one.choice("instrument or channel", sorted(known))] for one in given.each()]
    return tuple(dict.fromkeys(named))


def _named(instrument: Instrument) -> str:
    """Return the channel of an instrument that is our own there, else its name."""
    return name_in_study(instrument) or str(instrument.channel)


def _judges(given: Marked | None, channels: Sequence[str]) -> tuple[str, ...]:
    if given is None:
        return ()
    if OPEN not in channels:
        raise given.wrong("only free answers are judged", fix="Add open to instruments, or leave judges out")
    return tuple(one.text("a judge") for one in given.each())


def _items(given: Marked | None, base: Path) -> ItemSet:
    if given is None:
        return load_cluster()
    path = _path(given, base)
    try:
        return load_user_items(path)
    except BadInput as error:
        raise given.wrong(error.what, got=error.got, fix=error.fix) from error


def _preset(given: Marked | None) -> Preset:
    if given is None:
        return "standard"
    name = given.choice("preset", PRESETS)
    return next(preset for preset in PRESETS if preset == name)


def _dimensions(given: Marked | None, channels: Sequence[str], items: ItemSet) -> Names:
    """Return dimensions by channel, from one list for all or from a list for each."""
    if given is None:
        return ()
    known = [d.name for d in items.dimensions]
    if given.is_mapping:
        return tuple(
            (key.choice("channel of this study", channels), _names(value, known))
            for key, value in given.pairs(f"Allowed here: {', '.join(channels)}")
        )
    return tuple((channel, _names(given, known)) for channel in channels)


def _names(given: Marked, known: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.choice("dimension", known) for one in given.each()))


def _declared(given: Marked | None, channels: Sequence[str], items: ItemSet, asked: Names) -> Names:
    """Return the confirmatory dimensions by channel; BadInput if one is not asked there."""
    found = _dimensions(given, channels, items)
    for channel, names in found:
        missing = sorted(set(names) - set(dict(asked).get(channel, names)))
        if missing and given is not None:
            raise given.wrong(
                f"what is declared must be asked in {channel}",
                got=", ".join(missing),
                fix="Add it to dimensions, or leave it out here",
            )
    return found


def _sesoi(given: Marked | None, channels: Sequence[str]) -> tuple[tuple[str, float], ...]:
    if given is None:
        return ()
    return tuple(
        (key.choice("channel of this study", channels), value.number("a smallest effect of interest"))
        for key, value in given.pairs(f"Allowed here: {', '.join(channels)}")
    )
