"""A scrub reads what was not read for longest, and the journal says what it found."""

from selfscope.archive.care.verify import Budget
from selfscope.archive.journal.events import Attested
from tests.archive.faults.place import new_place


def filled(tmp_path):
    place = new_place(tmp_path / "place")
    archive = place.create()
    for name in ("base", "letter", "other"):
        archive.add(place.source(name), name=name)
    return place, archive


def attested(archive):
    return [(e.instance, e.holds) for e in archive.events() if isinstance(e, Attested)]


def test_a_whole_scrub_attests_every_copy(tmp_path):
    _, archive = filled(tmp_path)
    done = archive.scrub()
    assert done.verification.ok and done.damaged == ()
    assert sorted(attested(archive)) == sorted((row.instance, True) for row in archive.index.holdings())
    assert done.oldest == archive.now()


def test_small_scrubs_come_round_to_everything(tmp_path):
    place, archive = filled(tmp_path)
    every = {name for name, _ in archive.objects.all()}
    read, rounds = set(), 0
    while read != every:
        place.wait(1)
        before = archive.index.checked()
        done = archive.scrub(budget=Budget(bytes=1))
        fresh = {name for name, at in archive.index.checked().items() if before.get(name) != at}
        assert len(fresh) == 1 and not fresh & read, "what was read longest ago comes first"
        assert not done.verification.complete or fresh | read == every
        read, rounds = read | fresh, rounds + 1
    assert rounds == len(every)


def test_damage_is_attested_once(tmp_path):
    _, archive = filled(tmp_path)
    row = next(row for row in archive.index.holdings() if row.name == "letter")
    path = archive.objects.place(archive.envelope(row.holding).objects[0].object)
    path.chmod(0o644)
    path.write_bytes(b"x" + path.read_bytes()[1:])
    for _ in range(2):
        assert archive.scrub().damaged == (row.instance,)
    assert attested(archive).count((row.instance, False)) == 1
