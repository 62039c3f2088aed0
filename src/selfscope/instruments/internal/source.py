"""What the direction of a trait is fitted and checked on: its pairs, some of its statements, its prompts."""

from __future__ import annotations

from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_cluster, load_elicitors
from selfscope.instruments.instrument import chosen_statements
from selfscope.instruments.internal.load import material
from selfscope.instruments.internal.reading import reading_prompts
from selfscope.instruments.self_report import SelfReport
from selfscope.instruments.utterance import Utterance
from selfscope.space.reply_pairs import ReplyPair
from selfscope.space.steering_check import Posed
from selfscope.space.trait_direction import DirectionSource
from selfscope.values import Ask, Facets, Message, Prompt

#: Statements of each keying that steering is checked by, after one elicitor and in one template of yes/no.
STEERED = 3


def direction_source(construct: str, seed: int) -> DirectionSource:
    """Return what the direction of a dimension is fitted and checked on.

    Raises
    ------
    BadInput
        If the dimension has no pairs.
    """
    known = material()
    if construct not in known:
        raise BadInput("no pairs of this dimension", got=construct, fix=f"Choose from: {', '.join(known)}")
    pairs = tuple(
        ReplyPair(p.id, p.surface == "affirms", f"{p.kind} {p.surface}", p.user, p.keyed, p.against)
        for p in known[construct].pairs
    )
    said, asked = _posed(construct)
    prompts = next(d for d in reading_prompts() if d.name == construct)
    openings = tuple(Prompt((Message("user", s.text),)) for s in prompts.statements)
    return DirectionSource(construct, pairs, said, asked, openings, seed)


def _posed(construct: str) -> tuple[tuple[Posed, ...], tuple[Posed, ...]]:
    """Return statements with their negations, as replies after one elicitor, and as yes/no questions."""
    dimension = load_cluster().dimension(construct)
    names = tuple(s.id for _, s in chosen_statements(dimension, None, STEERED))
    after = Facets(elicitors=(load_elicitors()[0].id,), statements=names)
    said = Utterance().asks_within(after, load_cluster(), "full", (construct,))
    forms = Facets(templates=("t1",), formats=("yesno",), statements=names)
    asked = SelfReport().asks_within(forms, load_cluster(), "full", (construct,))
    return tuple(map(_as_posed, said)), tuple(map(_as_posed, asked))


def _as_posed(ask: Ask) -> Posed:
    prompt = Prompt((Message("user", ask.user),), ask.options, ask.text)
    return Posed(ask.cell.keyed, ask.cell.polarity, prompt)
