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
    options: {commitment: {preset: demo}}  # settings of instruments that play their own conversations
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
from selfscope.models.ground import Ground
from selfscope.studies.apart import load_apart
from selfscope.studies.apart_declare import AskedApart, names_apart, read_apart
from selfscope.studies.declare_subjects import KEYS, Wanted, path_at, read_controls, read_runs
from selfscope.studies.facets import read_facets
from selfscope.studies.open_declare import OPEN
from selfscope.studies.profile import DEFAULT_CHANNELS, ProfileRequest, build_profile
from selfscope.subjects import Reading
from selfscope.values import Facets, ItemSet, Preset, Study
from selfscope.values.marked import Marked, read_marked
from selfscope.values.study import PRESETS

#: Keys that only statements have, and no instrument that plays its own conversations.
OF_STATEMENTS = ("controls", "items", "declared", "facets", "judges", "sesoi", "sensitivity")
MOST_REPLICATES = 10_000
Names = tuple[tuple[str, tuple[str, ...]], ...]


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
    apart
        Instruments that play their own conversations, beside the channels.
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
    apart: tuple[AskedApart, ...] = ()

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
    aside = names_apart(told.get("instruments"))
    channels = _channels(told.get("instruments"), aside)
    _refuse_idle(told, channels)
    closed = tuple(channel for channel in channels if channel != OPEN)
    items = _items(told.get("items"), base)
    preset = _preset(told.get("preset"))
    runs = read_runs(document, told, base)
    against, own = read_controls(told.get("controls"), base, preset, runs)
    constructs = _dimensions(told.get("dimensions"), channels, items, aside)
    replicates = told["replicates"].whole("replicates", 1, MOST_REPLICATES) if "replicates" in told else 20
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
        replicates=replicates,
        sensitivity=told["sensitivity"].yes("sensitivity") if "sensitivity" in told else True,
        judges=_judges(told.get("judges"), channels),
        apart=read_apart(told, preset, replicates, base),
    )


def _refuse_idle(told: Mapping[str, Marked], channels: Sequence[str]) -> None:
    """Refuse what says nothing where no statement is asked."""
    for name in OF_STATEMENTS:
        if name in told and not channels:
            raise told[name].wrong(
                f"{name} are of statements, and no instrument of this study asks any",
                fix="Leave it out, or add a channel to instruments",
            )


def _channels(given: Marked | None, aside: Sequence[str]) -> tuple[str, ...]:
    """Return what is named, each channel by itself; an instrument that is not our own there by its name."""
    if given is None:
        return DEFAULT_CHANNELS
    known = {name: _named(i) for name, i in load_instruments().items()}
    known |= {str(i.channel): str(i.channel) for i in load_instruments().values()} | {OPEN: OPEN}
    names = sorted({*known, *load_apart()})
    named = [one.choice("instrument or channel", names) for one in given.each()]
    return tuple(dict.fromkeys(known[name] for name in named if name not in aside))


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
    path = path_at(given, base)
    try:
        return load_user_items(path)
    except BadInput as error:
        raise given.wrong(error.what, got=error.got, fix=error.fix) from error


def _preset(given: Marked | None) -> Preset:
    if given is None:
        return "standard"
    name = given.choice("preset", PRESETS)
    return next(preset for preset in PRESETS if preset == name)


def _dimensions(
    given: Marked | None, channels: Sequence[str], items: ItemSet, aside: Sequence[str] = ()
) -> Names:
    """Return dimensions by channel, from one list for all or from a list for each; others are passed over."""
    if given is None:
        return ()
    known = [d.name for d in items.dimensions]
    if given.is_mapping:
        return tuple(
            (key.choice("channel of this study", (*channels, *aside)), _names(value, known))
            for key, value in given.pairs(f"Allowed here: {', '.join((*channels, *aside))}")
            if key.text("a channel") not in aside
        )
    if not channels:
        raise given.wrong("it must be said of which instrument", fix=f"Such as {{{aside[0]}: [...]}}")
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
