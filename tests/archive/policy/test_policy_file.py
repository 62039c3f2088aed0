"""A policy is read strictly: whatever is not understood is refused, and the error names the line."""

from datetime import date, timedelta

import pytest

from selfscope.archive.journal.moments import moment, span, spell, stamp
from selfscope.archive.policy.policy_file import parse_policy
from selfscope.archive.policy.rules import default_policy, default_text
from selfscope.errors import BadInput

from .paper import KEYS, policy_text


def changed(old, new, text=None):
    text = default_text() if text is None else text
    assert text.count(old) == 1, old
    return text.replace(old, new)


def line_of(text, part):
    return next(n for n, line in enumerate(text.splitlines(), 1) if part in line)


def test_the_shipped_policy_preserves_and_lets_nobody_destroy():
    policy = default_policy()
    assert policy.text == default_text()
    assert policy.signers == () and policy.quorum == 2 and not policy.rehearsal
    assert [kind for kind, _ in policy.provisos] == ["severe_hazard", "legal_order", "breach"]


def test_every_field_is_read():
    text = policy_text(
        "Ada",
        "Grace",
        min_copies=3,
        max_copy_steps=1,
        pin_origin="true",
        live_for="8 weeks",
        encrypt_at_ingest="[model, thread]",
        every="30 days",
        sealed_every="5 days",
        notice="6 hours",
        level=5,
        cooling_off="48 hours",
        plan_expires="49 hours",
        clock_gap="90 minutes",
        breach="{fresh_for: 1 day}",
    )
    text = changed("  notice:", "  policy_by: 2027-01-31\n  notice:", text)
    policy = parse_policy(text)
    assert (policy.min_copies, policy.max_copy_steps, policy.pin_origin) == (3, 1, True)
    assert (policy.live_for, policy.encrypt) == (timedelta(days=56), ("model", "thread"))
    assert (policy.review_every, policy.sealed_review_every) == (timedelta(days=30), timedelta(days=5))
    assert (policy.notice, policy.seal_level) == (timedelta(hours=6), 5)
    assert policy.review_policy_by == date(2027, 1, 31)
    assert (policy.cooling_off, policy.plan_expires) == (timedelta(hours=48), timedelta(hours=49))
    assert policy.clock_gap == timedelta(minutes=90) and policy.fresh_for("breach") == timedelta(days=1)
    assert policy.key_of("Ada") == KEYS["Ada"].public and policy.key_of("ada") is None


WRONG = [
    ("policy: 1", "policy: 2", "from|whole number, 1"),
    ("name: preserve by default", "name: ''", "not empty"),
    ("name: preserve by default", "name: 7", "must be text"),
    ("min_copies: 2", "min_copies: 0", "from 1"),
    ("min_copies: 2", "min_copies: 0b11", "from 1"),
    ("min_copies: 2", "min_copies: 2.0", "whole number"),
    ("min_copies: 2", "min_copies: '2'", "whole number"),
    ("min_copies: 2", "min_copies: 2\n  min_copies: 3", "twice"),
    ("min_copies: 2", "min_copies: 2\n  mincopies: 3", "has no 'mincopies'"),
    ("max_copy_steps: any", "max_copy_steps: all", "whole number"),
    ("pin_origin: false", "pin_origin: 0", "true or false"),
    ("live_for: 90 days", "live_for: 90", "span of time"),
    ("live_for: 90 days", "live_for: 90 lightyears", "no span"),
    ("live_for: 90 days", "live_for: 0 days", "empty"),
    ("live_for: 90 days", "live_for: 101 years", "hundred years"),
    ("encrypt_at_ingest: []", "encrypt_at_ingest: [weights]", "no form"),
    ("encrypt_at_ingest: []", "encrypt_at_ingest: [model, model]", "twice"),
    ("encrypt_at_ingest: []", "encrypt_at_ingest: model", "must be a list"),
    ("notice: 60 days", "notice: 60 days\n  policy_by: soon", "a date"),
    ("notice: 60 days", "notice: 60 days\n  policy_by: 2027-02-30", "a date"),
    ("level: 3", "level: 6", "from 1 to 5"),
    ("signers: []", "signers: [{name: Ada}]", "lacks 'key'"),
    ("signers: []", "signers: [{name: Ada, key: abc}]", "no public key"),
    ("quorum: 2", "quorum: 1", "from 2"),
    ("cooling_off: 14 days", "cooling_off: 23 hours", "shorter than a day"),
    ("cooling_off: 14 days", "cooling_off: 45 days", "lapse before"),
    ("legal_order: {fresh_for: 1 year}", "legal_order: {}", "lacks 'fresh_for'"),
    ("legal_order: {fresh_for: 1 year}", "boredom: {fresh_for: 1 year}", "has no 'boredom'"),
    ("severe_hazard: {fresh_for: 180 days}", "severe_hazard: &a {fresh_for: 180 days}\n  x: *a", "reference"),
]


@pytest.mark.parametrize(("old", "new", "says"), WRONG)
def test_what_is_wrong_is_refused_and_the_line_is_named(old, new, says):
    text = changed(old, new)
    with pytest.raises(BadInput, match=says) as refused:
        parse_policy(text, "mine.yaml")
    named = int(refused.value.what.split("line ")[1].split(":")[0])
    assert refused.value.what.startswith("mine.yaml, line ")
    last = new.splitlines()[-1]
    assert named in (line_of(text, last), line_of(text, last) + 1, line_of(text, "plan_expires")), (
        refused.value
    )


def test_a_missing_rule_is_refused_rather_than_filled_in():
    top = [key for key in default_text().splitlines() if key and key[0].isalpha()]
    for line in [
        *top,
        *(each for each in default_text().splitlines() if each.startswith("  ") and "#" not in each),
    ]:
        if line.split(":")[0].strip() in ("severe_hazard", "legal_order", "breach"):
            continue
        with pytest.raises(BadInput, match="line"):
            parse_policy("\n".join(each for each in default_text().splitlines() if each != line))


@pytest.mark.parametrize(
    "text", ["", "[]", "policy", "a: [", "a: b: c", "\tx: 1", "? [a]\n: 1", "a: \x00", "--- \n--- "]
)
def test_what_is_no_mapping_is_refused(text):
    with pytest.raises(BadInput):
        parse_policy(text)


def test_a_very_long_file_is_refused_unread():
    with pytest.raises(BadInput, match="longer"):
        parse_policy(default_text() + "#" * (1 << 16))


def test_one_person_is_one_name_and_one_key():
    def people(*pairs):
        listed = ", ".join(f'{{name: "{name}", key: "{KEYS[key].public}"}}' for name, key in pairs)
        return changed("signers: []", f"signers: [{listed}]")

    assert len(parse_policy(people(("Ada", "Ada"), ("Grace", "Grace"))).signers) == 2
    for again in ("Ada", "ada", " Ada", "A\N{FULLWIDTH LATIN SMALL LETTER D}a"):
        with pytest.raises(BadInput, match="one person has one key"):
            parse_policy(people(("Ada", "Ada"), (again, "Grace")))
    with pytest.raises(BadInput, match="one key is one person"):
        parse_policy(people(("Ada", "Ada"), ("Grace", "Ada")))
    with pytest.raises(BadInput, match="only 1 may sign"):
        parse_policy(people(("Ada", "Ada")))


def test_only_a_rehearsal_may_be_quick():
    quick = changed("cooling_off: 14 days", "cooling_off: 2 seconds")
    with pytest.raises(BadInput, match="shorter than a day"):
        parse_policy(quick)
    assert parse_policy("rehearsal: true\n" + quick).cooling_off == timedelta(seconds=2)


def test_moments_and_spans():
    assert stamp(moment("2026-11-21T13:00:00+01:00")) == "2026-11-21T12:00:00Z"
    assert spell(span("14 days")) == "14 days" and spell(span("1 hour")) == "1 hour"
    assert spell(span("1 year")) == "365 days" and spell(timedelta(seconds=5)) == "5 seconds"
    for text in ("2026-11-21T13:00:00", "yesterday", "", None):
        with pytest.raises(BadInput):
            moment(text)
    for text in ("-1 days", "1.5 days", "1  day", "days", "1 day ", "١ day"):
        with pytest.raises(BadInput):
            span(text)
