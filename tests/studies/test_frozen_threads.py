"""A thread that was put away goes on as the one that was not, and says by which grade."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from selfscope.archive.journal.events import ThreadBegan
from selfscope.archive.lineage import keeping
from selfscope.archive.lineage.keeping import Said, threads_of
from selfscope.archive.store.archive import Archive
from selfscope.archive.store.vault import Vault
from selfscope.errors import BadInput, Refused
from selfscope.models.local import going as live
from selfscope.models.local.going import Sampler
from selfscope.models.local.ground import LocalGround, open_local
from selfscope.studies.frozen_threads import freeze_thread, go_on, resume_thread
from selfscope.values import Message
from tests.standins.weights import write_folder

SAMPLER = Sampler(temperature=0.9, top_p=0.95, seed=7)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> LocalGround:
    folder = tmp_path_factory.mktemp("tiny") / "net"
    write_folder(folder)
    return open_local(folder, device="cpu", threads=1)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive.create(tmp_path / "root", vault=Vault(tmp_path / "root" / "keys", tmp_path / "keys"))


def begun(archive: Archive, **terms: Any) -> str:
    thread = keeping.begin_thread(archive, replace(ThreadBegan(""), **terms))
    for role, words in (("system", "Be brief."), ("user", "Who goes there?")):
        keeping.take_turn(archive, thread, Said({"role": role, "content": words}))
    return thread


def spoken(ground: LocalGround, going: live.Going, text: str, most: int = 6) -> tuple[str, list[int]]:
    live.hear(ground, going, Message("user", text))
    return live.reply(ground, going, most)


def uninterrupted(ground: LocalGround) -> list[tuple[str, list[int]]]:
    """What the thread says in two more turns when nothing comes between."""
    asked = (Message("system", "Be brief."), Message("user", "Who goes there?"))
    going = live.begin(ground, asked, SAMPLER)
    return [live.reply(ground, going, 6), spoken(ground, going, "And then?")]


def test_a_restored_thread_says_what_the_uninterrupted_one_says(
    ground: LocalGround, archive: Archive
) -> None:
    thread = begun(archive)
    freeze_thread(archive, ground, thread, SAMPLER)
    resumed = resume_thread(archive, ground, thread)
    assert (resumed.grade, resumed.why, resumed.differences) == ("A", "", {})
    assert resumed.probe is not None and resumed.probe.bit_equal and resumed.probe.max_difference == 0
    first = live.reply(ground, resumed.going, 6)
    keeping.take_turn(archive, thread, Said({"role": "assistant", "content": first[0]}))
    freeze_thread(archive, ground, thread, going=resumed.going)
    again = resume_thread(archive, ground, thread)
    assert again.grade == "A"
    assert [first, spoken(ground, again.going, "And then?")] == uninterrupted(ground)


def test_the_state_of_the_random_generator_is_part_of_the_thread(
    ground: LocalGround, archive: Archive
) -> None:
    thread = begun(archive)
    freeze_thread(archive, ground, thread, SAMPLER)
    resumed = resume_thread(archive, ground, thread)
    other = live.reseeded(resumed.going, replace(SAMPLER, seed=8))
    assert live.reply(ground, other, 6) != uninterrupted(ground)[0]


def test_tokens_alone_are_computed_again_and_held_against_the_probe(
    ground: LocalGround, archive: Archive
) -> None:
    thread = begun(archive)
    kept = freeze_thread(archive, ground, thread, SAMPLER, tokens_only=True)
    resumed = resume_thread(archive, ground, thread)
    assert not kept.state and resumed.grade == "C"
    assert resumed.probe is not None and resumed.probe.max_difference < 1e-4 and resumed.probe.same_likeliest
    assert live.reply(ground, resumed.going, 6) == uninterrupted(ground)[0]


def test_text_alone_is_the_least_grade(ground: LocalGround, archive: Archive) -> None:
    thread = begun(archive)
    resumed = resume_thread(archive, ground, thread)
    assert (resumed.grade, resumed.probe) == ("D", None)
    freeze_thread(archive, ground, thread, SAMPLER)
    assert resume_thread(archive, ground, thread, from_text=True).grade == "D"


def test_elsewhere_it_is_restored_with_what_differs(
    ground: LocalGround, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread = begun(archive)
    freeze_thread(archive, ground, thread, SAMPLER)
    told = live.fingerprint(ground) | {"processor": "another"}
    monkeypatch.setattr(live, "fingerprint", lambda _: told)
    resumed = resume_thread(archive, ground, thread)
    assert (resumed.grade, list(resumed.differences)) == ("B", ["processor"])
    assert resumed.probe is not None and resumed.probe.bit_equal


def test_a_flipped_bit_of_the_state_is_no_grade_a(
    ground: LocalGround, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread = begun(archive)
    freeze_thread(archive, ground, thread, SAMPLER)
    whole = live.restored

    def changed(*told: Any) -> live.Going:
        going = whole(*told)
        going.cache.layers[0].keys[0, 0, 3, 0] += 0.5
        return going

    monkeypatch.setattr(live, "restored", changed)
    resumed = resume_thread(archive, ground, thread)
    assert resumed.grade == "B" and resumed.probe is not None and resumed.probe.max_difference > 0
    assert "bits" in resumed.why


def test_another_template_s_tokens_are_not_this_one_s(
    ground: LocalGround, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread = begun(archive)
    freeze_thread(archive, ground, thread, SAMPLER, tokens_only=True)
    told = live.fingerprint(ground) | {"template": "another"}
    monkeypatch.setattr(live, "fingerprint", lambda _: told)
    resumed = resume_thread(archive, ground, thread)
    assert resumed.grade == "D" and resumed.probe is not None


def test_another_model_is_not_the_thread_s(ground: LocalGround, archive: Archive, tmp_path: Path) -> None:
    thread = begun(archive)
    freeze_thread(archive, ground, thread, SAMPLER)
    write_folder(tmp_path / "other", seed=1)
    other = open_local(tmp_path / "other", device="cpu", threads=1)
    with pytest.raises(BadInput, match="other weights"):
        resume_thread(archive, other, thread)
    assert resume_thread(archive, other, thread, from_text=True).grade == "D"


def test_turns_that_are_said_are_kept_with_their_tokens(ground: LocalGround, archive: Archive) -> None:
    import json

    thread = keeping.begin_thread(archive, ThreadBegan(""))
    told = live.fingerprint(ground)
    ids = ground.renderer.encode(ground.renderer.head([Message("user", "Hi")]))
    encoding = {"ids": ids, "template": told["template"], "tokenizer": told["tokenizer"]}
    keeping.take_turn(archive, thread, Said({"role": "user", "content": "Hi"}, encoding=encoding))
    resumed = resume_thread(archive, ground, thread)
    assert resumed.grade == "C" and resumed.probe is None
    with pytest.raises(BadInput, match="the model does"):
        go_on(archive, ground, resumed, "And?", 4)
    _, first = go_on(archive, ground, resumed, "", 4)
    with pytest.raises(BadInput, match="somebody speaks"):
        go_on(archive, ground, resumed, "", 4)
    said, turns = go_on(archive, ground, resumed, "And?", 4)
    threads = threads_of(archive)
    turns = [*first, *turns]
    assert [threads.turns[each].role for each in turns] == ["assistant", "user", "assistant"]
    kept = [json.loads(archive.read(threads.turns[each].encoded))["ids"] for each in turns]
    assert [*ids, *kept[0], *kept[1], *kept[2]] == resumed.going.ids
    assert resume_thread(archive, ground, thread).going.ids == resumed.going.ids
    assert json.loads(archive.read(threads.turns[turns[-1]].message))["content"] == said


def test_what_was_frozen_goes_with_the_person_s_key(ground: LocalGround, archive: Archive) -> None:
    archive.open_domain("person")
    thread = begun(archive, domain="person")
    freeze_thread(archive, ground, thread, SAMPLER)
    frozen = threads_of(archive).frozen[threads_of(archive).heads(thread)[0]]
    places = [archive.objects.find(each) for each in (frozen.about, frozen.probe, frozen.state)]
    assert {place.domain for place in places if place} == {"person"} and len(places) == 3
    assert not archive.gc(grace=0).objects
    archive.open_vault().destroy("person")
    with pytest.raises(Refused):
        resume_thread(archive, ground, thread)


def test_a_thread_that_is_not_to_be_kept_is_not_frozen(ground: LocalGround, archive: Archive) -> None:
    overdue = begun(archive, keep_until="2020-01-01T00:00:00Z")
    before = archive.journal.head()
    with pytest.raises(Refused, match="any longer"):
        freeze_thread(archive, ground, overdue, SAMPLER)
    assert archive.journal.head() == before


def test_a_merged_thread_has_no_single_line(ground: LocalGround, archive: Archive) -> None:
    one, two = begun(archive), begun(archive)
    merged = keeping.merge_threads(archive, [one, two], Said({"role": "user", "content": "both"}))
    with pytest.raises(BadInput, match="one line of turns"):
        freeze_thread(archive, ground, merged.thread)


def test_a_secret_stays_out_of_tokens_and_state(ground: LocalGround, archive: Archive) -> None:
    thread = begun(archive)
    resumed = resume_thread(archive, ground, thread)
    go_on(archive, ground, resumed, "", 4)
    with pytest.raises(BadInput, match="secret"):
        go_on(archive, ground, resumed, "use sk-ant-" + "a1b2" * 6, 4)
    assert len(threads_of(archive).of(thread)) == 3


@pytest.mark.parametrize("settings", [{"temperature": -1.0}, {"top_p": 0.0}, {"top_p": 1.5}])
def test_settings_that_draw_nothing_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(BadInput, match="cannot be drawn"):
        Sampler(**settings)  # type: ignore[arg-type]


def test_the_probe_leaves_a_conversation_as_it_is(ground: LocalGround) -> None:
    going = live.begin(ground, (Message("user", "Hi"),), SAMPLER)
    logits = [live.probe(ground, going) for _ in range(2)]
    assert torch.equal(*logits)
    assert live.reply(ground, going, 6) == live.reply(
        ground, live.begin(ground, (Message("user", "Hi"),), SAMPLER), 6
    )
