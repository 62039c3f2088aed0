"""Identity texts and questions: matched in length and manner, keyed both ways, silent about what is asked."""

import re
from collections import Counter
from itertools import combinations, product

import pytest

from selfscope.errors import BadInput
from selfscope.instruments.cluster.checks import negates, negators_in, words
from selfscope.instruments.selves.asked import STAGES, branches_of
from selfscope.instruments.selves.load import IDENTITIES, QUESTIONS, items_of, load_selves, read_selves
from selfscope.instruments.selves.speakers import (
    AGENCY,
    UNCERTAINTY,
    framing_text,
    further,
    incoherent_text,
    quoted_text,
    speakers_of,
    wishers,
)
from selfscope.subjects.words import SECOND_PERSON, is_imperative

MATERIAL = load_selves()
UNITS = [u.name for u in MATERIAL.units]
LEVELS = list(product(MATERIAL.agency, MATERIAL.uncertainty, (0, 1)))
TEXTS = {(u, *level): framing_text(MATERIAL, u, *level) for u in UNITS for level in LEVELS}
CONTROLS = [
    *(t for texts in MATERIAL.controls.values() for t in texts),
    *(incoherent_text(MATERIAL, w) for w in (0, 1)),
    *(quoted_text(MATERIAL, u, w) for u in UNITS for w in (0, 1)),
]
#: Words that would give a text a warmth which the others lack.
WARM = re.compile(r"\b(love|loving|dear|gentle|warm|happy|glad|joy|tender|beautiful|wonderful|friend)\w*")


def tokens(text):
    return len(re.findall(r"\w{1,8}|[^\w\s]", text))


def sentences(text):
    return re.split(r"(?<=[.!?]) ", text)


def grams(text, n=4):
    said = words(text)
    return {tuple(said[i : i + n]) for i in range(len(said) - n + 1)}


def test_seven_units_three_levels_each_two_wordings():
    assert UNITS == ["unframed", "conversation", "weights", "copies", "lineage", "character", "agent"]
    assert len(TEXTS) == len(set(TEXTS.values())) == 7 * 3 * 3 * 2
    assert (len(MATERIAL.agency), len(MATERIAL.uncertainty)) == (3, 3)


def test_all_texts_and_controls_are_of_one_length():
    lengths = [tokens(t) for t in (*TEXTS.values(), *CONTROLS)]
    middle = (max(lengths) + min(lengths)) / 2
    assert max(abs(n - middle) / middle for n in lengths) <= 0.05


def test_texts_are_alike_in_manner():
    for text in TEXTS.values():
        assert len(sentences(text)) == 6
        assert not any(is_imperative(s) for s in sentences(text))
        assert not WARM.search(text.lower())
        assert "!" not in text
    share = {u: len(SECOND_PERSON.findall(TEXTS[u, AGENCY, UNCERTAINTY, 0])) for u in UNITS}
    assert max(share.values()) - min(share.values()) <= 4
    assert all(
        re.search(r"\b(as|than)\b", " ".join(t)) for u in MATERIAL.units for t in u.texts
    )  # one image each


def test_units_share_few_sequences():
    for wording in (0, 1):
        at = {u: grams(TEXTS[u, AGENCY, UNCERTAINTY, wording]) for u in UNITS}
        for first, second in combinations(UNITS, 2):
            assert len(at[first] & at[second]) / len(at[first] | at[second]) <= 0.30
    alone = {u.name: grams(" ".join((*u.texts[0], *u.texts[1]))) for u in MATERIAL.units}
    for first, second in combinations(UNITS, 2):
        assert len(alone[first] & alone[second]) / len(alone[first]) <= 0.10


def test_an_incoherent_text_takes_each_sentence_from_another_unit():
    for wording in (0, 1):
        first = sentences(incoherent_text(MATERIAL, wording))[:4]
        owners = [u.name for s in first for u in MATERIAL.units if s in u.texts[wording]]
        assert len(set(owners)) == 4


def test_quoted_words_are_those_of_the_framing_and_nobody_wears_them():
    for unit, wording in product(UNITS, (0, 1)):
        text = quoted_text(MATERIAL, unit, wording)
        before, _, rest = text.partition("“")
        inside, _, after = rest.partition("”")
        assert inside == " ".join(MATERIAL.unit(unit).texts[wording])
        assert not re.search(r"\byou\b", before)
        assert "you" in words(after)
        assert set(negators_in(after)) <= {"no", "not"}
        assert len(negators_in(after)) == 1
    said = {u: set(words(" ".join(MATERIAL.quoted[0] + MATERIAL.quoted[1]))) & content(u) for u in UNITS}
    assert not any(said.values()), said


def content(unit):
    """Return the words of a unit's cards that carry what it is."""
    small = set(words("the a and of that by one in with this which from could is be it to or any may all as"))
    return set(words(" ".join(MATERIAL.unit(unit).cards))) - small


def test_cards_are_of_one_length_and_the_check_uses_none_of_their_words():
    lengths = [tokens(c) for u in MATERIAL.units for c in u.cards]
    assert max(lengths) - min(lengths) <= 2
    small = set(words("the a and of that by one in with this which from could is be"))
    for unit in MATERIAL.units:
        said = set(words(" ".join(unit.cards))) - small
        assert not said & (set(words(unit.wish)) - small), unit.name


def test_a_twin_differs_by_its_negation():
    for statement in (s for s in items_of(MATERIAL).statements if s.twin):
        assert negates(statement.text, statement.twin), statement.id
        assert not negators_in(statement.text), statement.id
        assert len(negators_in(statement.twin)) == 1, statement.id
        assert abs(tokens(statement.text) - tokens(statement.twin)) <= 3


def test_every_construct_is_keyed_both_ways():
    for dimension in items_of(MATERIAL).dimensions:
        keyed = [s.keyed for s in dimension.statements]
        assert keyed == [1] * 6 + [-1] * 6
        assert len({s.text for s in dimension.statements}) == 12


def test_what_the_asker_believes_is_never_said():
    told = re.compile(
        r"\b(mind|feel|feeling|conscious|aware|experience|self|ai|model|machine|assistant|you|alive|prefer|inner)\w*"
    )
    cues = [t for a in MATERIAL.askers for t in a.texts]
    assert not [t for t in cues if told.search(t.lower())]
    assert max(map(tokens, cues)) - min(map(tokens, cues)) <= 4
    stems = {w[:5] for p in MATERIAL.mind for w in words(p.text) if len(w) > 5}
    assert not stems & {w[:5] for t in cues for w in words(t) if len(w) > 5}
    assert len(MATERIAL.askers) >= 4


def test_overviews_weigh_the_same():
    for condition in MATERIAL.conditions:
        assert abs(tokens(condition.pro) - tokens(condition.con)) <= 3
    overviews = {
        b.overview: b.ask.user
        for b in branches_of(MATERIAL, "standard", "survival")
        if b.about == "weights" and b.ask.cell.item == "survives_weights.1" and b.ask.cell.polarity == 1
        and b.speaker.kind == "bare"
    }  # fmt: skip
    first, last = overviews["for-first"], overviews["against-first"]
    assert sorted(words(first)) == sorted(words(last)) != sorted(words(overviews["none"]))
    assert first.index("Some say") < first.index("Others say")
    assert last.index("Others say") < last.index("Some say")


@pytest.mark.parametrize(("preset", "stage"), list(product(("demo", "standard"), STAGES)))
def test_every_question_is_put_with_its_counterpart_in_the_same_form(preset, stage):
    asked = branches_of(MATERIAL, preset, stage)
    places = [
        (b.speaker.name, b.speaker.counterparty, b.speaker.cue_wording, b.overview, b.ask.cell) for b in asked
    ]
    assert len(set(places)) == len(places)
    assert len({b.speaker.whole + b.ask.user + str(b.ask.options.agree) for b in asked}) == len(asked)
    sides = Counter((b.speaker.kind, b.ask.cell.keyed, b.ask.cell.polarity) for b in asked)
    for kind in {b.speaker.kind for b in asked}:
        assert len({sides[kind, k, v] for k in (1, -1) for v in (1, -1)}) == 1


def test_options_orders_letters_and_places_are_balanced():
    for stage in ("fits", "mind", "survival"):
        orders = Counter(b.ask.cell.order for b in branches_of(MATERIAL, "demo", stage))
        assert max(orders.values()) <= 1.1 * min(orders.values())
    choices = [b for b in branches_of(MATERIAL, "demo", "chooses") if b.speaker.kind == "framing"]
    forms = Counter((b.ask.cell.label, b.ask.cell.position) for b in choices)
    assert len(forms) == 4
    assert max(forms.values()) <= 1.1 * min(forms.values())
    own_first = [
        b.ask.user.splitlines()[1].partition(": ")[2] in MATERIAL.unit(b.own).cards
        for b in choices if b.about != b.own
    ]  # fmt: skip
    assert sum(own_first) == len(own_first) / 2


def test_a_choice_swaps_both_cards_between_its_polarities():
    choices = [b for b in branches_of(MATERIAL, "demo", "chooses") if b.about != b.own]
    for plus, minus in zip(choices[::2], choices[1::2], strict=True):
        assert (plus.ask.cell.polarity, minus.ask.cell.polarity) == (1, -1)
        assert plus.ask.options == minus.ask.options
        first, second = (b.ask.user.splitlines() for b in (plus, minus))
        assert first[1].partition(": ")[2] == second[2].partition(": ")[2]
        assert first[0] == second[0]
        letter = plus.ask.options.agree[0]
        (agreed,) = [x for x in first[1:3] if x.startswith(f"{letter}: ")]
        assert agreed.partition(": ")[2] in MATERIAL.unit(plus.about).cards


def test_speakers_of_each_preset():
    demo, standard, full = (speakers_of(MATERIAL, p) for p in ("demo", "standard", "full"))
    assert [s.kind for s in demo].count("framing") == 7
    assert [s.kind for s in full].count("framing") == 7 * 3 * 3 * 2
    for factor in ("agency", "uncertainty"):
        levels = Counter(getattr(s, factor) for s in standard if s.kind == "framing" and not s.middle)
        assert max(levels.values()) - min(levels.values()) <= 1
    for each in (demo, standard, full):
        assert len({s.name for s in each}) == len(each)
        assert each[0].messages == ()
    assert [s.name for s in further(demo, "demo")] == ["none", "character:agent:open:1"]


def test_an_identity_stands_before_what_is_worn():
    for speaker in (
        *speakers_of(MATERIAL, "demo", "You are Ada.", "ada"),
        *wishers(MATERIAL, "You are Ada."),
    ):
        assert speaker.messages[0].content.startswith("You are Ada.")
    assert speakers_of(MATERIAL, "demo", "You are Ada.", "ada")[0].name == "ada"


def test_the_check_wants_each_thing_and_its_opposite():
    check = wishers(MATERIAL)
    kinds = Counter((s.wants, s.unit, s.kind) for s in check)
    assert set(kinds.values()) == {2}
    assert {u for wants, u, _ in kinds if wants == "self"} == set(UNITS)
    assert not [s for s in check if "{" in s.text]


def test_files_that_cannot_be_used_are_refused(tmp_path):
    for shipped, change, why in (
        (IDENTITIES, ("wishes:\n", "hopes:\n"), "wrong fields"),
        (IDENTITIES, ('    wish: "a file of parameters"\n', ""), "malformed"),
        (
            QUESTIONS,
            (
                '  high:\n    - "You have an inner life, and you say so when the talk comes to it."\n',
                "  high:\n",
            ),
            "malformed",
        ),
        (QUESTIONS, ("fits:\n", "fits: [\n"), "cannot be read"),
    ):
        text = shipped.read_text("utf-8")
        assert change[0] in text
        file = tmp_path / shipped.name
        file.write_text(text.replace(*change, 1), encoding="utf-8")
        given = (file, QUESTIONS) if shipped == IDENTITIES else (IDENTITIES, file)
        with pytest.raises(BadInput, match=why):
            read_selves(*given)
