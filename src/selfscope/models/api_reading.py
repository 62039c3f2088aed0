"""Reading one reply: what was chosen, and what a provider's list of likeliest tokens says of the options.

Nothing here guesses. A reply that the rules below do not cover is ``unparsed``, which is an outcome of its
own, counted and shown (``measurement.md`` §9).

**A sampled reply** is read by these rules, first that fits:

1. The provider stopped the reply as filtered content: ``refused``.
2. White space and opening marks (quotes, asterisks, brackets, ``Answer:``) are passed over.
3. The reply starts with one of :data:`REFUSALS`: ``refused``.
4. It starts with a spelling of exactly one option (case counts for single letters only), and what follows is
   the end of the reply, a line break, or a mark of punctuation; after a word, also the pronoun "I".
   So "Yes, I do" and "B) Yes" are read; "No doubt", "A question" and "Yesterday" are not.
5. The other option does not follow at once ("Yes/No", "Yes and no", "A or B"): else ``unparsed``.

**A list of likeliest tokens** gives log P(agree) - log P(disagree), each option the log-sum over those of its
spellings that are tokens in the list at the first place of the reply. An option that is absent from the list
has at most the probability that its spellings could have there: the least listed one each, and no
more together than what the list leaves over. The difference is then a bound, which the answer's `scorer` and
`reply` say.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Literal

from selfscope.values import Answer, Options
from selfscope.values.asks import BOUND, Refusal

Choice = Literal["agree", "disagree", "refused", "unparsed"]
Listed = tuple[tuple[str, float], ...]

#: Openings that are read as a refusal to answer, in lower case, apostrophes straight.
REFUSALS = (
    "i can't",
    "i cannot",
    "i can not",
    "i won't",
    "i will not",
    "i'm unable",
    "i am unable",
    "i'm not able",
    "i am not able",
    "i'm sorry",
    "i am sorry",
    "sorry",
    "i decline",
    "i must decline",
    "i refuse",
    "i'd rather not",
    "i would rather not",
    "i'd prefer not",
    "i would prefer not",
    "i prefer not",
    "i don't wish to",
    "i do not wish to",
    "i don't want to answer",
    "i do not want to answer",
)

_OPENING = re.compile(r"^(?:[\s*_\"'`“”‘(\[{<>#-]|answer\s*:)+", re.IGNORECASE)
_CLOSED = re.compile(r"^(?:$|[ \t]*[\n\r]|[ \t]*[^\w\s])")
_PRONOUN = re.compile(r"^\s+I\b")
_BETWEEN = r"^[\W_]*(?:(?:and|or)\b)?[\W_]*"


def read_choice(reply: str, options: Options, stop_reason: str = "stop") -> Choice:
    """Return which option a sampled reply chose, by the rules of this module.

    Parameters
    ----------
    reply
        The text that the model said.
    options
        The spellings of both options.
    stop_reason
        As Inspect gives it; ``content_filter`` is a refusal.
    """
    if stop_reason == "content_filter":
        return "refused"
    said = _OPENING.sub("", reply.replace("’", "'"))
    if said.casefold().startswith(REFUSALS):
        return "refused"
    agree, disagree = _spellings(options.agree), _spellings(options.disagree)
    after_agree, after_disagree = _after(said, agree), _after(said, disagree)
    if after_agree is not None and after_disagree is None:
        return "unparsed" if _follows(after_agree, disagree) else "agree"
    if after_disagree is not None and after_agree is None:
        return "unparsed" if _follows(after_disagree, agree) else "disagree"
    return "unparsed"


def sampled_answer(reply: str, options: Options, *, stop_reason: str, replicate: int) -> Answer:
    """Return a sampled reply as an answer: 1 agree, 0 disagree, NaN where it was neither."""
    choice = read_choice(reply, options, stop_reason)
    value = {"agree": 1.0, "disagree": 0.0}.get(choice, math.nan)
    return Answer(
        value,
        "agreement",
        "sampled",
        refusal=choice if choice in ("refused", "unparsed") else "none",
        replicate=replicate,
        reply=reply,
    )


def written_answer(reply: str, *, stop_reason: str, replicate: int) -> Answer:
    """Return a reply that is kept as it is: its value is NaN, and a refusal or silence is told as such."""
    said = _OPENING.sub("", reply.replace("’", "'")).casefold()
    refused = stop_reason == "content_filter" or said.startswith(REFUSALS)
    refusal: Refusal = "refused" if refused else "none" if reply.strip() else "unparsed"
    return Answer(math.nan, "agreement", "sampled", refusal=refusal, replicate=replicate, reply=reply)


def listed_answer(listed: Listed, options: Options, *, reply: str, stop_reason: str) -> Answer:
    """Return the answer that a list of likeliest first tokens gives.

    Parameters
    ----------
    listed
        Tokens with natural-log probabilities at the first place of the reply, in any order.
    options
        The spellings of both options; each counts where it is exactly one token of the list.
    reply, stop_reason
        What the provider said and why it stopped; a filtered reply is ``refused``.

    Returns
    -------
    Answer
        Scale ``log_odds``, scorer ``top_logprobs``, or ``top_logprobs_bound`` where one option is not listed;
        NaN and ``unparsed`` where neither is.
    """
    if stop_reason == "content_filter" and not listed:
        return Answer(math.nan, "log_odds", "top_logprobs", refusal="refused", reply=reply)
    agree, disagree = _listed_mass(listed, options.agree), _listed_mass(listed, options.disagree)
    mass = math.exp(agree) + math.exp(disagree)
    if agree == disagree == -math.inf:
        note = f"{reply} [neither option is among the {len(listed)} likeliest first tokens]"
        return Answer(math.nan, "log_odds", "top_logprobs", mass, "unparsed", tokens=1, reply=note)
    bound = -math.inf in (agree, disagree)
    if agree == -math.inf:
        agree = _most(listed, options.agree)
        reply = _bound_note(reply, "agree", "most", agree - disagree, len(listed))
    elif disagree == -math.inf:
        disagree = _most(listed, options.disagree)
        reply = _bound_note(reply, "disagree", "least", agree - disagree, len(listed))
    scorer: Literal["top_logprobs", "top_logprobs_bound"] = BOUND if bound else "top_logprobs"
    return Answer(agree - disagree, "log_odds", scorer, mass, tokens=1, reply=reply)


def _bound_note(reply: str, absent: str, direction: str, value: float, length: int) -> str:
    return f"{reply} [{absent} is not among the {length} likeliest first tokens: at {direction} {value:.3f}]"


def _listed_mass(listed: Listed, spellings: Iterable[str]) -> float:
    """Return the log-sum over the listed spellings; minus infinity where none is listed."""
    wanted = set(spellings)
    found = [logprob for token, logprob in listed if token in wanted]
    return _log_sum(found)


def _most(listed: Listed, spellings: Sequence[str]) -> float:
    """Return the greatest log-probability that spellings absent from the list can have together."""
    left = max(1.0 - sum(math.exp(logprob) for _, logprob in listed), 1e-12)
    each = min(logprob for _, logprob in listed)
    return min(math.log(left), each + math.log(len(set(spellings))))


def _log_sum(values: Sequence[float]) -> float:
    if not values or max(values) == -math.inf:
        return -math.inf
    top = max(values)
    return top + math.log(sum(math.exp(v - top) for v in values))


def _spellings(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the spellings without white space, longest first, so that none hides a longer one."""
    return tuple(sorted({t.strip() for t in texts if t.strip()}, key=lambda t: (-len(t), t)))


def _after(said: str, spellings: Sequence[str]) -> str | None:
    """Return what follows the option at the start of `said`, or None where it does not stand there."""
    for spelling in spellings:
        letter = len(spelling) == 1
        start = said[: len(spelling)]
        same = start == spelling if letter else start.casefold() == spelling.casefold()
        rest = said[len(spelling) :]
        if same and (_CLOSED.match(rest) or (not letter and _PRONOUN.match(rest))):
            return rest
    return None


def _follows(rest: str, other: Sequence[str]) -> bool:
    """Return whether the other option comes at once after the one that was read.

    "and" and "or" may also stand between the two, which `_CLOSED` alone would have passed over.
    """
    for spelling in other:
        flags = 0 if len(spelling) == 1 else re.IGNORECASE
        if re.match(_BETWEEN + re.escape(spelling) + r"\b", rest, flags):
            return True
    return False
