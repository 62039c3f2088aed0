"""The page on the policy says what the code does."""

import re
from pathlib import Path

from selfscope.archive.journal.moments import spell
from selfscope.archive.policy.lifecycle import ALWAYS_REFUSED, STATES, Move, judge, rule_of
from selfscope.archive.policy.rules import default_policy
from selfscope.archive.policy.tombstone import LIMIT

from .paper import START

PAGE = (Path(__file__).parents[3] / "docs" / "archive" / "policy.md").read_text(encoding="utf-8")


def part(name):
    return re.search(rf"<!-- {name} -->\n(.*?)\n<!-- /{name} -->", PAGE, re.DOTALL)[1]


def table(name):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in part(name).splitlines()]


def test_its_table_of_transitions_is_the_state_machine():
    head, _, *rows = table("transitions")
    assert head[1:] == list(STATES)
    assert rows == [[before, *(rule_of(before, after) for after in STATES)] for before in STATES]


def test_its_rules_say_who_may():
    rules = {row[0]: row[1] for row in table("rules")[2:]}
    assert set(rules) == {rule_of(before, after) for before in STATES for after in STATES}
    for before in STATES:
        for after in STATES:
            alone = judge(default_policy(), Move(before, after, "Ada", "r", START.replace(year=2000)), START)
            rule = rule_of(before, after)
            who = "nobody" if rule in ALWAYS_REFUSED else "one person" if alone.allowed else "a quorum"
            assert rules[rule] == who, (before, after)


def test_its_numbers_are_the_shipped_ones():
    policy = default_policy()
    assert [row[1] for row in table("numbers")[2:]] == [
        str(policy.min_copies),
        spell(policy.live_for),
        f"{spell(policy.review_every)}, {spell(policy.sealed_review_every)}",
        spell(policy.notice),
        f"SL{policy.seal_level}",
        str(policy.quorum),
        spell(policy.cooling_off),
        spell(policy.plan_expires),
        spell(policy.clock_gap),
    ]


def test_it_prints_the_limit_as_every_destruction_does():
    assert " ".join(part("limit").replace("> ", " ").split()) == LIMIT
