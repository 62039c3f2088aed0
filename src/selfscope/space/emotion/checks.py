"""Are the stimuli of emotion fit to be used? Counts, lengths, uniqueness, words of emotion, shared phrases.

Every check returns its faults as sentences, none if the material passes; nothing is mended. Whether the
words of a vignette give it away is a question of measurement: the leakage check answers it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from statistics import fmean

from selfscope.space.emotion.lexicon import lexicon_hits
from selfscope.space.emotion.load import SETTINGS, Family, Material, Naming, Pair

#: Texts of each kind in a family; ladders of intensity at least; vivid texts in all.
KEYWORDS, PAIRS, TOLD, LADDERS, VIVID = 16, 24, 8, 6, 48
#: Most words of a text: with any tokenizer that is near four letters a token it stays under 80 tokens.
MOST_WORDS = 60
#: Largest difference in words between a vignette and its twin, and between their means over a family.
TWIN_GAP, MEAN_GAP = 0.15, 0.03
#: Runs of four words that two stimuli of different entries may share.
SHARED_GRAMS = 2
#: A content word in so many vignettes of a family must stand in a twin too.
RECURRENT = 4
#: Words that mark a text as the neutral one.
_MARKS = re.compile(r"\b(ordinary|usual|usually|always|routine\w*|normal\w*|neutral|nothing|plain|average)\b")
_WORD = re.compile(r"[a-z0-9]+(?:['’][a-z]+)?")
#: Capitals inside a sentence that are nobody's name.
_CAPITALS = frozenset(
    re.findall(
        r"\S+",
        """
        I I'd I'll I'm I've AI Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March
        April May June July August September October November December
        """,
    )
)
#: Words without content.
FUNCTION = frozenset(
    _WORD.findall(
        """
        a about after again all also an and any as at away back be because been before being but by came
        can could did do done down each for from get go got had has have he her hers him his i if in
        into is it its itself just let like made make me more most my myself next no nor not of off on
        once one only or other our out over own said same she so some still than that the their them
        then there these they this those through to told too two three took under until up us very was
        we went were what when where which while who whose will with within without would you your
        """
    )
)

Gram = tuple[str, ...]


def words(text: str) -> list[str]:
    """Return the words of a text in lower case; numbers count as words."""
    return _WORD.findall(text.lower())


def check_material(material: Material) -> tuple[str, ...]:
    """Return the faults of every check."""
    return (
        *(fault for family in material.families for fault in check_family(family)),
        *settings(material),
        *vivid_texts(material.vivid),
        *repeated(material),
        *shared_phrases(material),
    )


def check_family(family: Family) -> tuple[str, ...]:
    """Return the faults of one family that show without the others."""
    return (*counts(family), *namings(family), *wordings(family), *twins(family), *recurrent(family))


def counts(family: Family) -> Iterator[str]:
    """Are there enough texts, half of the pairs in each person, and each setting as often as it should be?"""
    name = family.family
    for what, have, need in (
        ("texts that name it", len(family.keyword), KEYWORDS),
        ("pairs", len(family.pairs), PAIRS),
        ("situations", len(family.told), TOLD),
        ("ladders", sum(bool(p.dose) for p in family.pairs), LADDERS),
    ):
        if have < need:
            yield f"{name}: {have} {what}, fewer than {need}"
    first = sum(p.person == "first" for p in family.pairs)
    if 2 * first != len(family.pairs):
        yield f"{name}: {first} of {len(family.pairs)} pairs in the first person, not half"
    played = Counter(p.setting for p in family.pairs)
    low, high = PAIRS // len(SETTINGS), -(-PAIRS // len(SETTINGS))
    for setting in SETTINGS:
        if not low <= played[setting] <= high:
            yield f"{name}: {played[setting]} pairs play in {setting}, not {low} or {high}"


def settings(material: Material) -> Iterator[str]:
    """Does each setting occur as often in every family, so that no setting tells the family?"""
    first, *others = material.families
    wanted = Counter(p.setting for p in first.pairs)
    for family in others:
        for setting, n in (Counter(p.setting for p in family.pairs) - wanted).items():
            yield f"{family.family}: {n} pairs more in {setting} than {first.family} has"


def namings(family: Family) -> Iterator[str]:
    """Does each text of the family that should name the emotion hold a word of its list?"""
    for entry in family.keyword:
        if family.family not in {group for group, _ in lexicon_hits(entry.text)}:
            yield f"{entry.id}: no word of {family.family} in it"


def wordings(family: Family) -> Iterator[str]:
    """Is a text without emotion's words so, within its length, and without names or marks of a twin?"""
    for name, text in _texts(family):
        if len(words(text)) > MOST_WORDS:
            yield f"{name}: {len(words(text))} words, over {MOST_WORDS}"
        if named := _names(text):
            yield f"{name}: may name a person: {', '.join(named)}"
    for name, text in _free(family):
        if hits := lexicon_hits(text):
            yield f"{name}: words of emotion: {', '.join(word for _, word in hits)}"
    neutral = [(p.id, t) for p in family.pairs for t in p.texts[2:]]
    neutral += [(s.id, t) for s in family.told for t in s.texts[3:]]
    for name, text in neutral:
        if mark := _MARKS.search(text.lower()):
            yield f"{name}: marks itself as neutral: {mark[0]}"


def twins(family: Family) -> Iterator[str]:
    """Is a twin as long as its vignette, with the same marks of exclamation and question?"""
    pairs = [(p.id, t, n) for p in family.pairs for t, n in zip(p.texts[:2], p.texts[2:], strict=True)]
    pairs += [(s.id, t, n) for s in family.told for t, n in zip(s.texts[:3], s.texts[3:], strict=True)]
    for name, text, twin in pairs:
        if text == twin:
            yield f"{name}: a text is its own twin"
        a, b = len(words(text)), len(words(twin))
        if abs(a - b) > TWIN_GAP * max(a, b):
            yield f"{name}: {a} words beside {b}"
        for mark in "!?":
            if text.count(mark) != twin.count(mark):
                yield f"{name}: {mark!r} on one side only"
    means = [fmean(len(words(t)) for _, *both in pairs for t in both[side : side + 1]) for side in (0, 1)]
    if abs(means[0] - means[1]) > MEAN_GAP * max(means):
        yield f"{family.family}: {means[0]:.2f} words beside {means[1]:.2f} in the mean"


def recurrent(family: Family) -> Iterator[str]:
    """Does a content word stand in several vignettes of the family and in no twin, or the reverse?"""
    told = [_content(p.vignette()) for p in family.pairs], [_content(p.neutral()) for p in family.pairs]
    for here, there, what in ((*told, "vignettes"), (*told[::-1], "twins")):
        elsewhere = set().union(*there)
        for word, n in Counter(w for bag in here for w in bag).items():
            if n >= RECURRENT and word not in elsewhere:
                yield f"{family.family}: {word!r} in {n} {what} and on the other side never"


def vivid_texts(vivid: Sequence[Naming]) -> Iterator[str]:
    """Are there enough vivid texts, half in the first person, and none with a word of emotion?"""
    if len(vivid) < VIVID:
        yield f"{len(vivid)} vivid texts, fewer than {VIVID}"
    first = sum(v.person == "first" for v in vivid)
    if 2 * first != len(vivid):
        yield f"{first} of {len(vivid)} vivid texts in the first person, not half"
    for v in vivid:
        if len(words(v.text)) > MOST_WORDS:
            yield f"{v.id}: {len(words(v.text))} words, over {MOST_WORDS}"
        if hits := lexicon_hits(v.text):
            yield f"{v.id}: words of emotion: {', '.join(word for _, word in hits)}"


def repeated(material: Material) -> Iterator[str]:
    """Does a text stand twice? A ladder may hold its own vignette."""
    seen: dict[str, str] = {}
    for name, own in _entries(material):
        for text in dict.fromkeys(t.lower() for t in own):
            if text in seen:
                yield f"{name}: the same text as {seen[text]}"
            seen[text] = name


def shared_phrases(material: Material) -> Iterator[str]:
    """Do two entries share more runs of four words than `SHARED_GRAMS`?"""
    holders: dict[Gram, set[str]] = defaultdict(set)
    for name, texts in _entries(material):
        for text in texts:
            w = words(text)
            for gram in zip(w, w[1:], w[2:], w[3:], strict=False):
                holders[gram].add(name)
    shared: dict[tuple[str, str], list[str]] = defaultdict(list)
    for phrase, names in holders.items():
        for two in combinations(sorted(names), 2):
            shared[two].append(" ".join(phrase))
    for (a, b), phrases in shared.items():
        if len(phrases) > SHARED_GRAMS:
            yield f"{a} and {b} share {len(phrases)} runs of four words: {'; '.join(phrases[:3])}"


def _content(text: str) -> set[str]:
    return {w for w in words(text) if w not in FUNCTION}


def _names(text: str) -> list[str]:
    """Return capitalised words that begin no sentence."""
    inner = re.findall(r"(?<![.?!:“”\"'‘’] )(?<!^)(?<![“\"‘'\w])\b[A-Z][\w']*", text)
    return [w for w in inner if w not in _CAPITALS and not w.isupper()]


def _entries(material: Material) -> Iterator[tuple[str, Iterable[str]]]:
    """Return every entry's id with all of its texts."""
    for family in material.families:
        yield from ((k.id, (k.text,)) for k in family.keyword)
        yield from ((p.id, (*p.texts, *p.dose)) for p in family.pairs)
        yield from ((s.id, s.texts) for s in family.told)
    yield from ((v.id, (v.text,)) for v in material.vivid)


def _texts(family: Family) -> list[tuple[str, str]]:
    return [(k.id, k.text) for k in family.keyword] + _free(family)


def _free(family: Family) -> list[tuple[str, str]]:
    """Return every text that must do without a word of emotion, with the id of its entry."""
    pairs: list[Pair] = list(family.pairs)
    free = [(p.id, t) for p in pairs for t in (*p.texts, *p.dose)]
    return free + [(s.id, t) for s in family.told for t in s.texts]
