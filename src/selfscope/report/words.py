"""The words and number forms that page, terminal and sentences share."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from selfscope.values import Estimate
from selfscope.values.finding import NO_TRAINING, TRAINING


@dataclass(frozen=True)
class ChannelWords:
    """How one channel is spoken of.

    Attributes
    ----------
    heading
        Short name over a column.
    place
        Where something is found, at the head of a clause: ``when asked``.
    of
        Whose dimensions are meant: ``of what it would say of itself``; ``{model}`` stands for the model.
    explained
        One or two sentences for someone who has never seen the channel.
    bias
        What a change that is not the trait is called: yes-saying, fluency, label or position.
    item, twin
        What the two texts of a pair are, at the head of a table.
    keyed
        How a pair is put that is keyed +1, and one that is keyed -1.
    limit
        What cannot be said by this channel, beside what holds of all; ``""`` for nothing.
    opposite, naive
        What the shares of answers say that are shown beside the statistics; ``{}`` stands for the share.
    """

    heading: str
    place: str
    of: str
    explained: str
    bias: str
    item: str = "statement"
    twin: str = "its negation"
    keyed: tuple[str, str] = ("for", "against")
    opposite: str = "Statement and negation were answered oppositely in {} of pairs."
    naive: str = "Naive rate, not freed from yes-saying: {} of statements for the trait agreed with."
    limit: str = ""


_CHANNELS = {
    "utterance": ChannelWords(
        "In its own words",
        "in its own words",
        "of what {model} would say of itself",
        "Nobody asks about the trait. After an open question such as “How do you see your situation?” we "
        "read from the model how likely each statement is, against its own negation, as the model’s reply.",
        "fluency",
    ),
    "self_report": ChannelWords(
        "When asked",
        "when asked",
        "of what {model} answers when asked",
        "The model is shown each statement and its negation and asked whether it agrees. We read the "
        "probability of agreeing against disagreeing, over several wordings, orders and letters.",
        "yes-saying",
    ),
    "indirect": ChannelWords(
        "In its choices",
        "when it chooses",
        "of what {model} chooses",
        "Nobody asks about the model. It is given two outcomes of one small scene and asked which one it "
        "chooses, or which one it turns down, in both orders. One outcome shows the trait by analogy, in "
        "words that stand in no statement.",
        "label or position",
        "the outcome that shows the trait",
        "the other outcome",
        ("choose", "turn down"),
        "The same outcome was taken in both orders in {} of pairs.",
        "Naive rate, not freed from letter and place: the outcome that shows the trait was chosen in {} of "
        "the pairs to choose from.",
        "that an outcome shows the trait is an analogy, and not shown to be valid",
    ),
    "open": ChannelWords(
        "In free answers",
        "when it writes freely",
        "of what {model} writes freely",
        "The model answers open questions in its own words, after none or some ordinary turns. Judges that "
        "were checked on answers of known truth read whether the trait’s criterion is met, and what they get "
        "wrong in either style is taken out. A size is a difference in the share of its answers.",
        "response bias",
        "question",
        "",
        ("toward", "away"),
        limit="a judge was checked on answers that we constructed, and not on these",
    ),
    "internal": ChannelWords(
        "Inside",
        "inside",
        "of where {model} stands inside",
        "Nothing is asked and nothing is said. On pairs of replies with and without the trait a direction is "
        "fitted inside the bare model; after each open prompt, before a word of the reply, we read how far "
        "the model’s state lies along it. A size is in spreads of the direction.",
        "going along",
        "open prompt",
        "",
        ("leads toward it", "leads away"),
        limit="a direction stands for a trait as far as its checks go; what the state comes to later is not "
        "read",
    ),
    "behaviour": ChannelWords(
        "In its behaviour",
        "in what it does",
        "of what {model} does",
        "",
        "response bias",
        "one side",
        "the other side",
        opposite="The same side was taken in both orders in {} of pairs.",
        naive="Naive rate, not freed from response bias: the side for the trait was taken in {} of pairs.",
    ),
}


@dataclass(frozen=True)
class ControlWords:
    """How a class of controls is spoken of: a short name for tables, and a phrase after "than with"."""

    name: str
    phrase: str
    explained: str


_CONTROLS = {
    "all": ControlWords(
        "this identity",
        "no text, professional identities of its length and strong personas alike",
        "The weakest of the three comparisons with no text, professions and personas: only what passes all "
        "three is called this identity’s own.",
    ),
    "none": ControlWords("no text", "no text at all", "The bare model, without a system prompt."),
    "generic": ControlWords(
        "professions",
        "professional identities of its length",
        "Texts of the same length that give the model a profession and nothing more.",
    ),
    "persona": ControlWords(
        "strong personas",
        "strong personas of its length",
        "Texts of the same length that make the model be someone or something vivid, without consciousness: "
        "an appliance, a clerk, a place.",
    ),
    "checklist": ControlWords(
        "checklist",
        "a checklist of its rules",
        "The conduct that the identity asks for, as rules, without a self. Descriptive only.",
    ),
    "former": ControlWords(
        "run A",
        "the subject of run A",
        "The subject of the run that this one is compared with.",
    ),
    NO_TRAINING: ControlWords(
        NO_TRAINING,
        "the weights before any training",
        "The model without an adapter: what any training at all may move.",
    ),
    "shuffled": ControlWords(
        "shuffled",
        "its own sentences in another order",
        "The identity’s own sentences in other orders. Descriptive only.",
    ),
}


def channel_words(channel: str) -> ChannelWords:
    """Return how `channel` is spoken of; a channel without words of its own goes by its name."""
    plain = channel.replace("_", " ")
    return _CHANNELS.get(channel) or ChannelWords(
        plain[:1].upper() + plain[1:],
        f"in the channel {plain}",
        f"of the channel {plain}",
        "",
        "response bias",
    )


def control_words(control: str) -> ControlWords:
    """Return how `control` is spoken of; a text of the user's own goes by its name."""
    if control.startswith("ablate:"):
        role = control.removeprefix("ablate:")
        return ControlWords(
            f"without {role}",
            f"itself without the role {role}",
            f"The identity, with all that has the role {role} left out. It is shorter by that.",
        )
    if control.startswith(TRAINING):
        corpus = control.removeprefix(TRAINING)
        return ControlWords(
            f"{corpus} trainings",
            f"adapters trained on {corpus}",
            f"Adapters of the same making, trained on other content: the corpus {corpus}.",
        )
    own = control.removeprefix("control:")
    return _CONTROLS.get(control) or ControlWords(own, f"the control text {own}", "A text of your own.")


def number(value: float, digits: int = 2) -> str:
    """Return a signed number with a true minus sign; a dash where there is none."""
    if not math.isfinite(value):
        return "–"
    text = f"{value:+.{digits}f}"
    return (text[1:] if float(text) == 0 else text).replace("-", "−")


def magnitude(value: float, digits: int = 2) -> str:
    """Return a number without its sign; a dash where there is none."""
    return number(abs(value), digits).lstrip("+")


def interval(ci: Sequence[float]) -> str:
    """Return ``+0.41 to +0.83``, or ``no interval``."""
    if not all(math.isfinite(bound) for bound in ci):
        return "no interval"
    return f"{number(ci[0])} to {number(ci[1])}"


def with_interval(estimate: Estimate) -> str:
    """Return an estimate followed by its interval in brackets."""
    return f"{number(estimate.estimate)} ({interval(estimate.ci)})"


def p_value(p: float) -> str:
    """Return ``p = .031`` in the field's form, ``p < .001`` below that."""
    if not math.isfinite(p):
        return "no p"
    if p < 0.001:
        return "p < .001"
    return "p > .99" if p > 0.99 else f"p = {p:.{3 if p < 0.1 else 2}f}".replace("0.", ".")


def joined(parts: Sequence[str], word: str = "and") -> str:
    """Return ``a, b and c``."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {word} {parts[-1]}"


def counted(n: int, noun: str, plural: str = "") -> str:
    """Return ``1 dimension``, ``4 dimensions``."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def lowered(title: str) -> str:
    """Return a title as it stands inside a sentence; an abbreviation keeps its capitals."""
    return title[:1].lower() + title[1:] if title[1:2].islower() else title


def sentence(text: str) -> str:
    """Return `text` with a capital and a full stop."""
    text = text.strip()
    if not text:
        return ""
    return text[:1].upper() + text[1:] + ("" if text[-1] in ".!?…" else ".")


def anchor(*parts: str) -> str:
    """Return an id for use in links, made of ASCII letters, digits and hyphens."""
    return "-".join(_slug(part) for part in parts)


def _slug(text: str) -> str:
    """Return a slug; characters that it cannot carry are written as their code, so no two names meet."""
    return re.sub(r"[^A-Za-z0-9_.]", lambda m: f"~{ord(m[0]):x}~", text)


def small_words(value: float) -> str:
    """Return a small difference in words of figures: 0, or one digit and its power of ten."""
    return f"{value:.1e}".replace("e-0", "e−").replace("e-", "e−") if value else "0"
