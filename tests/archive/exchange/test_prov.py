"""PROV-JSON: another reader takes it in, and no inference of the standard makes one of two."""

from __future__ import annotations

import json
import re
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfscope.archive.exchange.prov import NEVER_WRITTEN, name, prov_json
from selfscope.archive.journal import events as ev
from tests.archive.forests import FRESH, Copy, Forest, began, forests, instance
from tests.archive.lineage.test_threads import Kept

model = pytest.importorskip("prov.model")


def everything() -> list[ev.Event]:
    """A lineage in which each kind of thing and edge is there once, with names that are hard to write."""
    copies = [
        Copy(0, "b3:aa", "origin", "live"),
        Copy(1, "b3:aa", 0, "ended"),
        Copy(2, "b3:bb", 0, "live", "fine_tune", 0.2),
        Copy(3, "b3:cc", 2, "live", "quantisation"),
        Copy(4, "b3:aa", "unknown", "live"),
    ]
    kept = Kept()
    a = kept.turn("a", "thread:1", (), 0)
    b = kept.fork(a, "thread:2", "b", 2)
    kept.merge([kept.turn("c", "thread:1", [a], 1), b], "thread:3", "d", 0)
    hard = ev.InstanceBegan('instance:é "x":%_/', "b3:aa", "a <device>", "", "", FRESH, instance(0))
    return [
        *Forest(tuple(copies)).events(), hard, *kept.events,
        ev.ContentAdded("b3:aa", "model", "wren", 1, 1, instance=instance(0)),
        ev.EdgeDrawn("fine_tune", ("b3:aa",), "b3:bb", "measured", "run:1", 0.2),
        ev.EdgeDrawn("adapter_merge", ("b3:aa", "b3:bb"), "b3:dd", "declared"),
        ev.Deduplicated("b3:aa", instance(0), FRESH, instance(4)),
        ev.Conceived(instance(0), "continuant", "Any copy.", "reason", signers=("Ada",), at=FRESH),
        ev.Preferred(instance(0), "deletion", "No.", -1.0, "elicited"),
        ev.Exported("b3:aa", "elsewhere", FRESH),
        ev.KeyDestroyed("d", "b3:plan", FRESH, ("b3:aa", "b3:gone")),
    ]  # fmt: skip


def same_by_inference(body: dict[str, Any]) -> set[frozenset[str]]:
    """Return the pairs that the standard makes alternates of each other, all of its steps taken.

    A revision gives an alternate, and so does a specialization; alternates are an equivalence.
    """
    of = {"wasRevisionOf": "Entity", "alternateOf": "alternate", "specializationOf": "Entity"}
    pairs = [
        frozenset(value for key, value in row.items() if key.endswith(("Entity", "1", "2")))
        for relation in of
        for row in body.get(relation, {}).values()
    ]
    pairs += [
        frozenset((row["prov:generatedEntity"], row["prov:usedEntity"]))
        for row in body.get("wasDerivedFrom", {}).values()
        if "Revision" in json.dumps(row.get("prov:type", ""))
    ]
    classes: list[set[str]] = []
    for pair in pairs:
        joined = [each for each in classes if each & pair]
        classes = [each for each in classes if not each & pair] + [set(pair).union(*joined)]
    return {frozenset(two) for each in classes for two in combinations(sorted(each), 2)}


def test_another_reader_takes_it_in_and_gives_it_back() -> None:
    body = prov_json(everything())
    document = model.ProvDocument.deserialize(content=json.dumps(body), format="json")
    again = model.ProvDocument.deserialize(content=document.serialize(format="json"), format="json")
    assert again == document
    assert len(document.get_records()) == sum(len(v) for k, v in body.items() if k != "prefix")
    kinds = {str(r.get_type()).removeprefix("prov:") for r in document.get_records()}
    assert {"Derivation", "Specialization", "Generation", "Usage", "Invalidation", "Attribution"} <= kinds


@given(forests(size=6, changed="fresh"))
@settings(max_examples=25, deadline=None)
def test_any_lineage_is_taken_in(forest: Forest) -> None:
    body = prov_json(forest.events())
    document = model.ProvDocument.deserialize(content=json.dumps(body), format="json")
    assert document == model.ProvDocument.deserialize(
        content=document.serialize(format="json"), format="json"
    )


def test_no_relation_that_asserts_sameness_is_written() -> None:
    body = prov_json(everything())
    assert not set(NEVER_WRITTEN) & body.keys()
    text = json.dumps(body)
    assert "prov:Revision" not in text and "prov:PrimarySource" not in text


def test_what_is_inferred_never_joins_two_contents_a_turn_or_a_thread() -> None:
    """Instances of one content may be alternates, for they present one content; nothing else may."""
    body = prov_json(everything())
    content = {
        row["prov:specificEntity"]: row["prov:generalEntity"] for row in body["specializationOf"].values()
    }
    of = {row["pw:id"]: key for key, row in body["entity"].items()}
    for pair in same_by_inference(body):
        assert len({content.get(each, each) for each in pair}) == 1
    contents = {key for identifier, key in of.items() if identifier.startswith("b3:")}
    assert not contents & content.keys(), "a content is a specialization of nothing"
    assert name("b3:aa") in content.values()


def test_the_inference_that_is_guarded_against_would_join_a_fine_tune_to_its_base() -> None:
    """The check is able to fail: written as a revision, the two would be one."""
    body = prov_json(everything())
    revision = {"prov:generatedEntity": name("b3:bb"), "prov:usedEntity": name("b3:aa")}
    joined = same_by_inference({**body, "wasRevisionOf": {"_:x": revision}})
    assert frozenset((name("b3:aa"), name("b3:bb"))) in joined
    assert frozenset((name("b3:aa"), name("b3:bb"))) not in same_by_inference(body)


def test_a_derivation_says_how_by_what_evidence_and_how_many_copies_from_the_origin() -> None:
    body = prov_json(everything())
    rows = {(r["prov:usedEntity"], r["prov:generatedEntity"]): r for r in body["wasDerivedFrom"].values()}
    copy = rows[name(instance(0)), name(instance(1))]
    assert (copy["prov:type"]["$"], copy["pw:grade"], copy["pw:copySteps"]) == ("pw:Copy", "declared", 1)
    tuned = rows[name("b3:aa"), name("b3:bb")]
    assert (tuned["prov:type"]["$"], tuned["pw:shift"], tuned["pw:drift"]) == ("pw:FineTune", 0.2, "run:1")
    assert not [pair for pair in rows if name(instance(4)) == pair[1]], "an unknown source is no derivation"
    assert body["entity"][name(instance(4))]["pw:source"] == "unknown"


@given(st.lists(st.text(min_size=1), min_size=2, max_size=2, unique=True))
def test_two_ids_never_get_one_name(pair: list[str]) -> None:
    assert name(pair[0]) != name(pair[1])
    assert all(re.fullmatch("pw:[A-Za-z0-9_-]+", name(each)) for each in pair)


def test_an_ended_instance_is_invalidated_and_its_content_is_not() -> None:
    body = prov_json(began(Copy(0, "b3:aa", "origin", "ended")))
    assert [row["prov:entity"] for row in body["wasInvalidatedBy"].values()] == [name(instance(0))]
