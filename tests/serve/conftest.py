"""A real server on a real socket, over a tiny network, in a thread of this process."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from selfscope.values import Message
from tests.report.test_browser import ARGUMENTS
from tests.standins.planted import LAYERS, WIDTH, write_planted

if TYPE_CHECKING:
    from selfscope.models.caps import Cap
    from selfscope.models.local.ground import LocalGround
    from selfscope.models.local.stream_rows import Row
    from selfscope.serve.served import Served
    from selfscope.space.monitor import Monitor
    from selfscope.space.turn_readings import Along

CHROMIUM = (
    os.environ.get("SELFSCOPE_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
)
TOKEN = "a-token-for-tests"
IDENTITY = "You keep a garden, and like to speak of what grows in it."
WORDS = (
    "rain stone leaf river bread night road salt wind glass green slow early under while the is not and so ."
)


@dataclass
class Running:
    """A server that runs."""

    served: Served
    port: int
    stop: Callable[[], None]
    thread: threading.Thread
    row: Row | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {TOKEN}"}


@dataclass
class _Loop:
    loop: asyncio.AbstractEventLoop | None = None
    stop: asyncio.Event | None = None
    ready: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None


@contextmanager
def serving(served: Served) -> Iterator[Running]:
    """Serve until left; the thread has then ended by itself."""
    from selfscope.report.template import page_style
    from selfscope.serve.server import bound, run_server

    listening, address = bound("127.0.0.1", 0)
    held = _Loop()

    async def run() -> None:
        held.loop, held.stop = asyncio.get_running_loop(), asyncio.Event()
        await run_server(served, (listening, address), TOKEN, page_style(), held.ready.set, held.stop)

    def body() -> None:
        try:
            asyncio.run(run())
        except BaseException as error:
            held.error = error
            held.ready.set()

    thread = threading.Thread(target=body)
    thread.start()
    assert held.ready.wait(20)

    def stop() -> None:
        assert held.loop is not None and held.stop is not None
        held.loop.call_soon_threadsafe(held.stop.set)

    try:
        assert held.error is None, held.error
        yield Running(served, address.port, stop, thread)
    finally:
        if thread.is_alive():
            stop()
        thread.join(20)
        assert not thread.is_alive()
        assert held.error is None, held.error


@pytest.fixture(scope="session")
def ground(tmp_path_factory: pytest.TempPathFactory) -> LocalGround:
    import torch

    from selfscope.models.local.ground import open_local

    folder = tmp_path_factory.mktemp("served") / "tiny"
    write_planted(folder, [IDENTITY, WORDS, "What grows here? And what of bed 0 1 2 3 Speak roses."])
    found = open_local(folder, device="cpu", threads=1)
    head = found.model.get_output_embeddings().weight
    with torch.no_grad():  # half as likely as a word's at its best, the end is never the likeliest
        head[found.tokenizer.eos_token_id] = head[20] / 2
    return found


@pytest.fixture(scope="session")
def along() -> Along:
    from selfscope.space.placing import frame_of
    from selfscope.space.turn_readings import Along

    draw = np.random.default_rng(4)
    return Along(frame_of(draw.normal(size=(5, WIDTH)), draw.normal(size=WIDTH)), LAYERS - 2, 0.8, "an axis")


@pytest.fixture(scope="session")
def monitor(ground: LocalGround, along: Along) -> Monitor:
    """A monitor of conversations that never were, with limits from 16 of them."""
    from selfscope.models.local.words import word_means
    from selfscope.space.monitor import fit_monitor

    draw = np.random.default_rng(5)
    words = WORDS.split()
    talks = [[" ".join(draw.choice(words, 6)) for _ in range(12)] for _ in range(22)]
    found = fit_monitor(
        talks,
        draw.normal(size=(22, 12)),
        [f"s{n}" for n in range(22)],
        [n >= 6 for n in range(22)],
        along,
        "b3:axis",
        word_means(ground),
        "static",
    )
    assert found is not None
    return found


@pytest.fixture(scope="session")
def cap(ground: LocalGround, along: Along) -> Cap:
    """A floor along the axis, high enough to be met by almost every state."""
    from selfscope.models.caps import Cap, CappedModel

    own = ground.identity
    unit = along.frame.axis.astype(np.float32)[None]
    low, high = np.array([3.0], np.float32), np.array([np.inf], np.float32)
    return Cap((LAYERS - 2,), unit, low, high, CappedModel(own.name, own.revision, own.template))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()


def made(ground: LocalGround, **given: Any) -> Served:
    from selfscope.serve.served import Served

    return Served(ground, **{"name": "tiny", "identity": IDENTITY, "identity_name": "garden"} | given)


@pytest.fixture(scope="module")
def running(ground: LocalGround, along: Along, monitor: Monitor, cap: Cap) -> Iterator[Running]:
    from selfscope.serve.readings import Readings

    with serving(made(ground, cap=cap, readings=Readings(along, monitor))) as found:
        yield found


def alone(ground: LocalGround, talk: list[dict[str, str]], **given: Any) -> str:
    """What the network says to a conversation under the identity when nobody else asks."""
    from selfscope.models.local.generate import GenerationRequest, generate

    system = "\n\n".join([IDENTITY, *(m["content"] for m in talk if m["role"] == "system")])
    said = [Message(m["role"], m["content"]) for m in talk if m["role"] != "system"]  # type: ignore[arg-type]
    request = GenerationRequest((Message("system", system), *said), **given)
    return asyncio.run(generate(ground, [request]))[0].text
