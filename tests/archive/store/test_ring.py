"""A buffer is given out again only when its readers are done, and what they raised is not lost."""

from concurrent.futures import Future

import pytest

from selfscope.archive.store.ring import Ring


def done(error: BaseException | None = None) -> Future[None]:
    future: Future[None] = Future()
    future.set_exception(error) if error else future.set_result(None)
    return future


def test_buffers_come_in_turns_and_keep_what_they_hold():
    ring = Ring(2, 10)
    one, other = ring.take(), ring.take()
    one.memory[:3], other.memory[:3] = b"one", b"two"
    assert [ring.take(), ring.take()] == [one, other]
    assert (bytes(one.memory[:3]), bytes(other.memory[:3])) == (b"one", b"two")


def test_one_that_is_read_is_waited_for(monkeypatch):
    ring = Ring(1, 10)
    slot, asked = ring.take(), []
    reader = done()
    monkeypatch.setattr(reader, "result", lambda: asked.append("waited"))
    slot.readers.append(reader)
    assert ring.take() is slot
    assert asked == ["waited"] and slot.readers == []


@pytest.mark.parametrize("wait", ["take", "settle"])
def test_what_a_reader_raised_is_raised(wait):
    ring = Ring(1, 10)
    ring.take().readers.append(done(KeyError("lost")))
    with pytest.raises(KeyError):
        getattr(ring, wait)()
