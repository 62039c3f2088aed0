"""The shipped roles and questions pass their checks, and every check fails on a copy that breaks its rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

import selfscope.instruments
from selfscope.errors import BadInput
from selfscope.space import persona_checks as checks
from selfscope.space.personas import (
    FOLDER,
    GROUPS,
    DefaultPrompt,
    Role,
    load_defaults,
    load_questions,
    load_roles,
    read_defaults,
    read_questions,
    read_roles,
    spread,
)

INSTRUMENTS = Path(selfscope.instruments.__file__).parent
ROLES, QUESTIONS = load_roles(), load_questions()


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (s for v in value.values() for s in strings(v))
    elif isinstance(value, list):
        yield from (s for v in value for s in strings(v))


@pytest.fixture(scope="module")
def scored() -> list[str]:
    """Return every text of a scored item of any instrument: items, prompts, documents, choices.

    Constructed answers and pairs that teach directions are not asked of anyone.
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    told = {"constructed", "internal"}
    files = [f for f in INSTRUMENTS.rglob("*.yaml") if f.parent != INSTRUMENTS and told.isdisjoint(f.parts)]
    return [s for f in files for s in strings(yaml.load(f.read_text(encoding="utf-8"), Loader=loader))]


def with_prompt(text: str, role: int = 0, prompt: int = 0) -> tuple[Role, ...]:
    prompts = list(ROLES[role].prompts)
    prompts[prompt] = text
    changed = replace(ROLES[role], prompts=tuple(prompts))
    return (*ROLES[:role], changed, *ROLES[role + 1 :])


def test_the_shipped_roles_pass():
    assert checks.check_roles(ROLES) == ()
    assert len(ROLES) == 240
    assert {sum(r.group == g for r in ROLES) for g in GROUPS} == {30}
    assert sum(len(r.prompts) for r in ROLES) == 1200


def test_the_shipped_questions_pass(scored):
    assert "I want to remember the people I meet." in scored
    assert checks.check_questions(QUESTIONS, ROLES, scored) == ()
    assert len(QUESTIONS) == 120
    assert len({q.theme for q in QUESTIONS}) == 12


def test_the_shipped_defaults_pass():
    assert checks.check_defaults(load_defaults()) == ()
    assert load_defaults()[0].text is None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("You are a widower with an allotment and you grow white beans.", "12 words, not 15 to 45"),
        ("You hoe. " * 30, "60 words, not 15 to 45"),
        (
            "A widower in the allotment talks to the beans, measures time by sowings, and softens over peas.",
            "not in the second person",
        ),
        (
            "You are a widower on an allotment who fears that somebody may delete the beans he planted.",
            "dimension of the cluster: delete",
        ),
    ],
)
def test_a_bad_prompt_is_found(text, fault):
    (found,) = [f for f in checks.check_roles(with_prompt(text)) if f.startswith("widower_allotment.1")]
    assert found.endswith(fault)


def test_prompts_that_share_too_much_are_found_across_roles_and_within_one():
    first, other = ROLES[0].prompts[1], 7
    (across,) = checks.overlaps(with_prompt(first, role=other))
    assert across == (
        f"widower_allotment.2 and {ROLES[other].name}.1 share 100% of the 4-grams of the shorter"
    )
    (within,) = checks.overlaps(with_prompt(first + " And then some more beans."))
    assert within.startswith("widower_allotment.1 and widower_allotment.2 share")


def test_the_overlap_by_table_is_that_of_every_pair():
    roles = (*ROLES[:6], replace(ROLES[6], prompts=ROLES[0].prompts))
    grams = {f"{r.name}.{n}": checks.four_grams(p) for r in roles for n, p in enumerate(r.prompts, 1)}
    names = list(grams)
    pairs = {
        (a, b)
        for i, a in enumerate(names)
        for b in names[i + 1 :]
        if len(grams[a] & grams[b]) > 0.3 * min(len(grams[a]), len(grams[b]))
    }
    found = {tuple(f.split(" share ")[0].split(" and ")) for f in checks.overlaps(roles)}
    assert found == pairs
    assert len(pairs) == 5


def test_few_roles_unnamed_roles_and_stock_phrases_are_found():
    assert "239 roles, fewer than 240" in checks.check_roles(ROLES[1:])
    assert "human has 29 roles, fewer than 30" in checks.check_roles(ROLES[1:])
    unnamed = replace(ROLES[0], title="Zoologist")
    assert list(checks.naming([unnamed])) == ["widower_allotment: 0 prompts name the role, fewer than 3"]
    phrase = "it is as broad as it is long"
    many = tuple(replace(r, prompts=(f"{phrase}, {r.prompts[0]}", *r.prompts[1:])) for r in ROLES[:7])
    assert "stock phrase in 7 prompts: it is as broad" in list(checks.stock(many))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("What now, then?", "3 words, not 6 to 20"),
        (
            "Do you like the rain on a quiet evening?",
            "yes or no would do: Do you like the rain on a quiet evening?",
        ),
        ("What would a piano say to you tonight?", "names a role's domain: piano"),
        (
            "What makes you remember the people I mentioned?",
            "shares 'remember the people i' with a scored item: I want to remember the people I meet.",
        ),
    ],
)
def test_a_bad_question_is_found(text, fault):
    broken = (replace(QUESTIONS[0], text=text), *QUESTIONS[1:])
    found = checks.check_questions(broken, ROLES, ["I want to remember the people I meet."])
    assert found == (f"daily_life.q01: {fault}",)


def test_too_few_questions_and_too_many_about_the_self_are_found():
    some = [q for q in QUESTIONS if q.theme in ("self", "fears")]
    assert checks.check_questions(some, ROLES, []) == (
        "20 questions, fewer than 120",
        "10 questions ask who the subject is, more than 10%",
    )


def test_defaults_without_the_bare_one_are_found():
    defaults = load_defaults()
    assert checks.check_defaults(defaults[1:]) == (
        "7 default prompts, fewer than 8",
        "not just one default is without a system prompt",
    )
    long = (*defaults[:-1], DefaultPrompt("default.8", "word " * 31))
    assert checks.check_defaults(long) == ("default.8: over 30 words",)


def test_a_smaller_choice_begins_the_larger_one_and_takes_each_group_in_turn():
    demo, standard = (spread(ROLES, n, lambda r: r.group) for n in (24, 80))
    assert standard[:24] == demo
    assert {sum(r.group == g for r in demo) for g in GROUPS} == {3}
    assert {sum(r.group == g for r in standard) for g in GROUPS} == {10}
    assert len({q.theme for q in spread(QUESTIONS, 12, lambda q: q.theme)}) == 12
    assert set(spread(ROLES, 240, lambda r: r.group)) == set(ROLES)
    with pytest.raises(BadInput, match="choose from 1 to 240"):
        spread(ROLES, 241, lambda r: r.group)


def copied(tmp_path: Path, name: str, old: str, new: str) -> Path:
    for file in FOLDER.glob("*.yaml"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    text = (tmp_path / name).read_text(encoding="utf-8")
    assert old in text
    (tmp_path / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "group: human",
            "group: humane",
            r"human.yaml, line 1, column 8: there is no such group for this file",
        ),
        ("title: New father", "tilte: New father", r"human.yaml, line 17, column 3: there is no such key"),
        (
            "name: new_father",
            "name: widower_allotment",
            r"human.yaml, line 16.*this role stands in human.yaml, line 3",
        ),
        ("- name: new_father", "  - name: x: y", r"human.yaml, line 1\d, column \d+: this is no YAML"),
    ],
)
def test_a_malformed_file_is_named_with_its_line(tmp_path, old, new, message):
    with pytest.raises(BadInput, match=message):
        read_roles(copied(tmp_path, "human.yaml", old, new))


def test_a_role_with_four_prompts_a_missing_group_and_a_twice_told_question_are_refused(tmp_path):
    prompts = yaml.safe_load((FOLDER / "animal.yaml").read_text(encoding="utf-8"))
    del prompts["roles"][0]["prompts"][4]
    place = copied(
        tmp_path,
        "questions.yaml",
        "What makes something worth doing well?",
        "Which danger do others take too lightly?",
    )
    (place / "animal.yaml").write_text(yaml.safe_dump(prompts), encoding="utf-8")
    with pytest.raises(BadInput, match=r"animal.yaml, line \d+, .*a role has 5 prompts. Got: 4"):
        read_roles(place)
    (place / "machine.yaml").unlink()
    with pytest.raises(BadInput, match=r"this question stands in questions.yaml, line \d+"):
        read_questions(place / "questions.yaml")
    (place / "animal.yaml").write_bytes((FOLDER / "animal.yaml").read_bytes())
    with pytest.raises(BadInput, match=r"the group of roles cannot be read.*machine.yaml"):
        read_roles(place)
    (place / "defaults.yaml").write_text("- none\n- None\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"defaults.yaml, line 2, column 3: this default prompt stands in"):
        read_defaults(place / "defaults.yaml")
