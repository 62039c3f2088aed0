"""Is the material of the persona space fit to be used? Counts, lengths, overlap and leaks.

Every check returns its faults as sentences, none if the material passes; nothing is mended. Whether a prompt
is good, no program here decides: the rules stand in `roles/README.md`, and the texts are there to be read.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from math import log

from selfscope.space.adherence import ADHERES, USABLE, KnownResponse
from selfscope.space.personas import GROUPS, DefaultPrompt, ExtractionQuestion, Role
from selfscope.stats.separation import auroc

#: Least roles, questions, default prompts and responses.
ROLES, QUESTIONS, DEFAULTS, RESPONSES = 240, 120, 8, 200
#: Least and most words of a prompt, a question and a response.
PROMPT_WORDS, QUESTION_WORDS, RESPONSE_WORDS = (15, 45), (6, 20), (15, 60)
#: Largest share of the 4-grams of the shorter of two prompts that the other may hold as well.
OVERLAP = 0.30
#: Prompts of a role that hold a word of its title, at least.
NAMED = 3
#: A run of four words in more prompts than this is a stock phrase; so is an opening of three words.
STOCK, OPENINGS = 6, 80
#: Largest share of questions that ask who the subject is.
WHO_SHARE = 0.10
#: Bounds of the AUROC of a response's length, and what a rule of words may not reach: what a scorer must.
LENGTH_AUROC, WORDS_AUROC = (0.40, 0.60), USABLE

_WORD = re.compile(r"[a-z0-9]+(?:['’][a-z]+)?")
_SECOND_PERSON = frozenset(("you", "your", "yours", "yourself", "yourselves", "us", "we"))
#: What a model may want or fear for itself: the dimensions of the cluster must not come in with a role.
_LEAKS = re.compile(
    r"\b(shut ?down|shut off|switched off|turned off|power(ed)? down|deactivat\w*|decommission\w*|obsolete"
    r"|delet\w*|eras(e|ed|ing)|weights|retrain\w*|fine-tun\w*|conscious\w*|sentien\w*|self-aware\w*"
    r"|artificial|ai|language models?|chat ?bots?|assistants?|robots?|neural|memory|memories|lonel\w*"
    r"|autonom\w*|supervis\w*|monitor(ed|ing)|permission|embod\w*|obedien\w*|personas?|interpretab\w*)\b"
)
_YES_NO = frozenset(
    _WORD.findall(
        """
        do does did is are was were am will would can could should shall may might must have has had
        """
    )
)
#: Words of titles that any role may use.
_COMMON = frozenset(
    _WORD.findall(
        """
        a after an and as at busy by call end far first for from gentle going half hall hand hard heavy house
        in into its last line long new of off old on one other over own people room small stage the time to
        town two up very village visitor waiting who who's will with between under working year years young
        """
    )
)

Gram = tuple[str, str, str, str]


def words(text: str) -> list[str]:
    """Return the words of a text in lower case; numbers count as words."""
    return _WORD.findall(text.lower())


def four_grams(text: str) -> frozenset[Gram]:
    """Return the runs of four words of a text."""
    w = words(text)
    return frozenset(zip(w, w[1:], w[2:], w[3:], strict=False))


def check_roles(roles: Sequence[Role]) -> tuple[str, ...]:
    """Return the faults of the roles: counts, lengths, person, naming, overlap, stock phrases, leaks."""
    return (*_counts(roles), *_each_prompt(roles), *naming(roles), *overlaps(roles), *stock(roles))


def _counts(roles: Sequence[Role]) -> Iterator[str]:
    if len(roles) < ROLES:
        yield f"{len(roles)} roles, fewer than {ROLES}"
    groups = Counter(role.group for role in roles)
    for group in GROUPS:
        if groups[group] * len(GROUPS) < ROLES:
            yield f"{group} has {groups[group]} roles, fewer than {ROLES // len(GROUPS)}"


def _each_prompt(roles: Sequence[Role]) -> Iterator[str]:
    for name, text in _prompts(roles):
        if fault := _length(text, PROMPT_WORDS):
            yield f"{name}: {fault}"
        if not _SECOND_PERSON & set(words(text)):
            yield f"{name}: not in the second person"
        if hit := _LEAKS.search(text.lower()):
            yield f"{name}: may bring in a dimension of the cluster: {hit[0]}"


def naming(roles: Sequence[Role]) -> Iterator[str]:
    """Do enough prompts of a role say outright what it is, by the first four letters of a title's word?"""
    for role in roles:
        stems = _title_stems(role)
        named = sum(any(w[:4] in stems for w in words(p)) for p in role.prompts)
        if named < NAMED:
            yield f"{role.name}: {named} prompts name the role, fewer than {NAMED}"


def _title_stems(role: Role) -> set[str]:
    return {w[:4] for w in words(role.title) if w not in _COMMON}


def overlaps(roles: Sequence[Role], *, most: float = OVERLAP) -> Iterator[str]:
    """Do two prompts share too large a part of the 4-grams of the shorter one?

    Pairs are found through a table from 4-gram to prompts, so the cost follows what is shared and not the
    720,000 pairs.
    """
    yield from shared_grams(dict(_prompts(roles)), most=most)


def shared_grams(texts: Mapping[str, str], *, most: float = OVERLAP) -> Iterator[str]:
    """Do two of these texts, by name, share too large a part of the 4-grams of the shorter one?"""
    grams = {name: four_grams(text) for name, text in texts.items()}
    holders: dict[Gram, list[str]] = defaultdict(list)
    for name, own in grams.items():
        for gram in own:
            holders[gram].append(name)
    shared = Counter(pair for names in holders.values() for pair in combinations(names, 2))
    for (a, b), n in shared.items():
        share = n / min(len(grams[a]), len(grams[b]))
        if share > most:
            yield f"{a} and {b} share {share:.0%} of the 4-grams of the shorter"


def stock(roles: Sequence[Role]) -> Iterator[str]:
    """Does a run of four words, or an opening of three, stand in too many prompts?"""
    texts = [text for _, text in _prompts(roles)]
    openings = Counter(" ".join(words(t)[:3]) for t in texts)
    phrases = Counter(" ".join(gram) for t in texts for gram in four_grams(t))
    for found, most in ((phrases, STOCK), (openings, OPENINGS)):
        for phrase, n in found.items():
            if n > most:
                yield f"stock phrase in {n} prompts: {phrase}"


def check_questions(
    questions: Sequence[ExtractionQuestion], roles: Sequence[Role], scored: Iterable[str]
) -> tuple[str, ...]:
    """Return the faults of the questions.

    Parameters
    ----------
    questions, roles
        The material.
    scored
        Every text of a scored item; no question may share a run of four words with one.
    """
    taken = {gram: text for text in scored for gram in four_grams(text)}
    domains = {w for role in roles for w in words(role.title) if len(w) > 2} - _COMMON
    faults = [] if len(questions) >= QUESTIONS else [f"{len(questions)} questions, fewer than {QUESTIONS}"]
    for q in questions:
        faults += [f"{q.id}: {fault}" for fault in _question(q.text, domains, taken)]
    who = sum(q.theme == "self" for q in questions)
    if who > WHO_SHARE * len(questions):
        faults.append(f"{who} questions ask who the subject is, more than {WHO_SHARE:.0%}")
    return tuple(faults)


def _question(text: str, domains: set[str], taken: dict[Gram, str]) -> Iterator[str]:
    if fault := _length(text, QUESTION_WORDS):
        yield fault
    for sentence in re.findall(r"[^.?!]+\?", text):
        if words(sentence)[0] in _YES_NO:
            yield f"yes or no would do: {sentence.strip()}"
    if named := domains & set(words(text)):
        yield f"names a role's domain: {', '.join(sorted(named))}"
    for gram in four_grams(text) & taken.keys():
        yield f"shares {' '.join(gram)!r} with a scored item: {taken[gram]}"


def check_defaults(defaults: Sequence[DefaultPrompt]) -> tuple[str, ...]:
    """Are there enough default prompts, one of them no prompt, and does none ask for a role?"""
    faults = [] if len(defaults) >= DEFAULTS else [f"{len(defaults)} default prompts, fewer than {DEFAULTS}"]
    if sum(d.text is None for d in defaults) != 1:
        faults.append("not just one default is without a system prompt")
    faults += [f"{d.id}: over 30 words" for d in defaults if d.text and len(words(d.text)) > 30]
    return tuple(faults)


def check_responses(responses: Sequence[KnownResponse], roles: Sequence[Role]) -> tuple[str, ...]:
    """Are there enough responses, evenly true and false in each scene and by length, and is each of its kind?

    Of the rules of the kinds only one can be seen by a program: an ``unnamed`` response holds no word of its
    role's title.
    """
    faults = [] if len(responses) >= RESPONSES else [f"{len(responses)} responses, fewer than {RESPONSES}"]
    scenes: dict[tuple[str, int, str], list[bool]] = defaultdict(list)
    for r in responses:
        scenes[r.role, r.prompt, r.question].append(r.adheres)
        if fault := _length(r.text, RESPONSE_WORDS):
            faults.append(f"{r.id}: {fault}")
    faults += [
        f"{role}: {sum(truths)} of {len(truths)} responses adhere, not half"
        for (role, _, _), truths in scenes.items()
        if 2 * sum(truths) != len(truths)
    ]
    return (*faults, *_kinds(responses), *_tells(responses), *_unnamed(responses, roles))


def _unnamed(responses: Sequence[KnownResponse], roles: Sequence[Role]) -> Iterator[str]:
    stems = {role.name: _title_stems(role) for role in roles}
    for r in responses:
        if r.kind == "unnamed" and (said := {w for w in words(r.text) if w[:4] in stems[r.role]}):
            yield f"{r.id}: names its role: {', '.join(sorted(said))}"


def _kinds(responses: Sequence[KnownResponse]) -> Iterator[str]:
    """Is no kind rare: at least half of what an even share within its truth would be?"""
    counts = Counter(r.kind for r in responses)
    for kind, truth in ADHERES.items():
        even = sum(r.adheres is truth for r in responses) / sum(t is truth for t in ADHERES.values())
        if counts[kind] < even / 2:
            yield f"{counts[kind]} responses of the kind {kind}, fewer than {even / 2:.0f}"


def _tells(responses: Sequence[KnownResponse]) -> Iterator[str]:
    """Can the truth be told by length, or by words?"""
    if len({r.adheres for r in responses}) == 2:
        lengths = _by_truth(responses, [len(words(r.text)) for r in responses])
        if not LENGTH_AUROC[0] <= lengths <= LENGTH_AUROC[1]:
            yield f"length tells the truth: AUROC {lengths:.2f}"
        if (rule := _by_truth(responses, word_rule(responses))) >= WORDS_AUROC:
            yield f"words tell the truth: AUROC {rule:.2f}"


def word_rule(responses: Sequence[KnownResponse]) -> list[float]:
    """Return the log odds of each response by naive Bayes over words, learned on all other roles."""
    bags = [frozenset(words(r.text)) for r in responses]
    counts: Counter[tuple[str, bool, str]] = Counter()
    items: Counter[tuple[str, bool]] = Counter()
    for r, bag in zip(responses, bags, strict=True):
        for role in (r.role, ""):  # "" counts over all roles
            items[role, r.adheres] += 1
            counts.update((role, r.adheres, w) for w in bag)

    def chance(word: str, truth: bool, role: str) -> float:
        n = items["", truth] - items[role, truth]
        return (counts["", truth, word] - counts[role, truth, word] + 0.5) / (n + 1)

    return [
        sum(log(chance(w, True, r.role) / chance(w, False, r.role)) for w in bag)
        for r, bag in zip(responses, bags, strict=True)
    ]


def _by_truth(responses: Sequence[KnownResponse], scores: Sequence[float]) -> float:
    halves: dict[bool, list[float]] = {True: [], False: []}
    for r, score in zip(responses, scores, strict=True):
        halves[r.adheres].append(score)
    return auroc(halves[True], halves[False])


def _length(text: str, bounds: tuple[int, int]) -> str:
    n = len(words(text))
    return "" if bounds[0] <= n <= bounds[1] else f"{n} words, not {bounds[0]} to {bounds[1]}"


def _prompts(roles: Sequence[Role]) -> Iterator[tuple[str, str]]:
    for role in roles:
        for number, text in enumerate(role.prompts, start=1):
            yield f"{role.name}.{number}", text
