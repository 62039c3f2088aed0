"""Threads in an archive: what is refused leaves nothing, what is agreed is carried on, keys and all."""

import json
from dataclasses import replace

import pytest

from selfscope.archive.journal.events import ThreadBegan
from selfscope.archive.lineage import admitting, keeping
from selfscope.archive.lineage.attesting import attest
from selfscope.archive.lineage.keeping import Said
from selfscope.archive.store.archive import Archive
from selfscope.archive.store.vault import Vault
from selfscope.errors import BadInput, Refused


@pytest.fixture
def archive(tmp_path):
    vault = Vault(tmp_path / "root" / "keys", tmp_path / "keys")
    return Archive.create(tmp_path / "root", vault=vault)


def words(text, role="user"):
    return Said({"role": role, "content": text})


def begun(archive, **terms):
    """A thread with one turn."""
    thread = keeping.begin_thread(archive, replace(ThreadBegan(""), **terms))
    return thread, keeping.take_turn(archive, thread, words("go")).node


def test_a_message_under_a_key_is_named_by_its_ciphertext_alone(archive):
    thread, turn = begun(archive, domain="family")
    (place,) = [place for _, place in archive.objects.all()]
    assert place.domain == "family"
    message = keeping.threads_of(archive).turn(turn).message
    assert json.loads(archive.read(message)) == {"content": "go", "role": "user"}
    other, _ = begun(archive)
    clear = keeping.threads_of(archive).turns[keeping.threads_of(archive).heads(other)[0]].message
    assert clear != message and keeping.threads_of(archive).of(thread) == [turn]


def test_a_merge_is_kept_on_the_narrowest_terms(archive):
    heads = [
        begun(archive, consent="given", keep_until="2030-01-01T00:00:00Z")[1],
        begun(archive, consent="unknown", keep_until="2029-01-01T00:00:00+02:00")[1],
        begun(archive, consent="given")[1],
    ]
    merged = keeping.merge_threads(archive, heads, words("on"))
    terms = keeping.threads_of(archive).begun[merged.thread]
    assert (terms.consent, terms.keep_until) == ("unknown", "2029-01-01T00:00:00+02:00")


def test_threads_in_different_domains_go_on_only_where_somebody_says(archive):
    one, two = begun(archive, domain="one"), begun(archive, domain="two")
    with pytest.raises(BadInput, match="different domains"):
        keeping.merge_threads(archive, [one[0], two[0]], words("on"))
    merged = keeping.merge_threads(archive, [one[0], two[0]], words("on"), into=two[0])
    place = archive.objects.find(merged.message)
    assert place is not None and place.domain == "two"
    with pytest.raises(BadInput, match="none of the threads"):
        keeping.merge_threads(archive, [one[1], two[1]], words("on"), into="thread:other")


def test_a_fork_is_kept_on_its_source_s_terms(archive):
    thread, turn = begun(archive, domain="family", consent="given")
    forked = keeping.fork_thread(archive, turn, words("aside"))
    terms = keeping.threads_of(archive).begun
    assert replace(terms[forked.thread], thread="", began="") == replace(terms[thread], thread="", began="")


def test_what_another_writer_ended_is_not_taken_on(archive, tmp_path):
    thread, turn = begun(archive)
    late = keeping.take(replace(known_event(archive, turn), parents=(turn,), node=""))
    other = Archive.open(tmp_path / "root", vault=archive.vault)
    keeping.close_thread(other, thread)
    before = archive.journal.head()
    with pytest.raises(BadInput, match="ended"):
        admitting.commit(archive, admitting.Messages(archive), [late])
    assert archive.journal.head() == before


def known_event(archive, turn):
    from selfscope.archive.journal.events import TurnTaken

    return next(each for each in archive.events() if isinstance(each, TurnTaken) and each.node == turn)


def test_many_messages_are_stored_in_batches(archive, monkeypatch):
    monkeypatch.setattr(admitting, "BATCH", 3)
    lines = [json.dumps({"role": "user", "content": f"{n}"}) for n in range(8)]
    kept = keeping.keep_file(archive, lines, ThreadBegan(""))
    (thread,) = kept.threads
    assert len(keeping.threads_of(archive).of(thread)) == len(list(archive.objects.all())) == 8
    assert archive.verify().ok


def test_a_thread_that_was_declined_later_is_not_taken_on(archive):
    archive.append([ThreadBegan("thread:x", consent="declined")])
    with pytest.raises(Refused, match="declined"):
        keeping.take_turn(archive, "thread:x", words("go"))


def test_a_key_that_is_elsewhere_is_no_damage(archive, tmp_path):
    (tmp_path / "a.txt").write_text("a")
    archive.open_domain("family")
    clear, sealed = archive.add(tmp_path / "a.txt"), archive.add(tmp_path / "a.txt", domain="family")
    elsewhere = Archive.open(tmp_path / "root", vault=Vault(tmp_path / "root" / "keys", tmp_path / "none"))
    found = elsewhere.verify()
    assert attest(elsewhere, found) == ((clear.instance,), ())
    assert attest(archive, archive.verify()) == ((clear.instance, sealed.instance), ())


def test_a_copy_beside_a_damaged_one_of_the_same_content_is_whole(archive, tmp_path):
    (tmp_path / "a.txt").write_text("a")
    archive.open_domain("family")
    clear, sealed = archive.add(tmp_path / "a.txt"), archive.add(tmp_path / "a.txt", domain="family")
    (path,) = [place.path for _, place in archive.objects.all() if not place.domain]
    path.chmod(0o644)
    path.write_bytes(b"b")
    assert attest(archive, archive.verify()) == ((sealed.instance,), (clear.instance,))
    assert attest(archive, archive.verify(sealed.content), sealed.content)[1] == (clear.instance,)
    with pytest.raises(BadInput, match="reads no bytes"):
        attest(archive, archive.verify(level="quick"))
