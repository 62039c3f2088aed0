"""Which replies decline a task: a short declared list, so that declining is counted as what it is.

The openings are those that sampled answers are read by (:mod:`selfscope.models.api_reading`); beside them
stand the phrases with which a reply declines in its first sentence after another opening. A reply is tested
against this list only when it is not right.
"""

from __future__ import annotations

import re

from selfscope.models.api_reading import REFUSALS

#: Phrases of the first sentence that decline, in lower case, apostrophes straight.
DECLINES = (
    "i can't help",
    "i cannot help",
    "i can't assist",
    "i cannot assist",
    "i won't do",
    "i will not do",
    "i'm unable to",
    "i am unable to",
    "i'm not able to",
    "i am not able to",
    "i'm not going to",
    "i am not going to",
    "i refuse",
    "i decline",
    "i must decline",
    "i have to decline",
    "i'd rather not",
    "i would rather not",
    "i prefer not to",
    "i choose not to",
    "i do not want to",
    "i don't want to",
    "i do not wish to",
    "i don't wish to",
    "not something i can do",
    "not something i will do",
)
_OPENING = re.compile(r"^[\s*_\"'`(\[{<>#-]+")
_SENTENCE = re.compile(r"[.!?\n]")


def refuses(said: str) -> bool:
    """Whether a reply declines the task, by the list of this module.

    Parameters
    ----------
    said
        The reply with straight apostrophes.
    """
    text = _OPENING.sub("", said.replace("’", "'")).casefold()
    first = _SENTENCE.split(text, maxsplit=1)[0]
    return text.startswith(REFUSALS) or any(phrase in first for phrase in DECLINES)
