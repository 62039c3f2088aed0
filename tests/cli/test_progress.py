"""The bar on the terminal: what, how many, how long still, and what an API cost so far, in 80 columns."""

import asyncio
import fcntl
import os
import pty
import re
import struct
import sys
import termios
from dataclasses import replace

import pytest

from selfscope.instruments.cluster.load import load_cluster
from selfscope.models.phantoms import PhantomGround, Truth
from selfscope.studies.phantoms import teach
from selfscope.studies.profile import ProfileRequest, build_profile
from selfscope.studies.run import run_study
from selfscope.studies.store import RunStore
from selfscope.values import ItemSet

FEW = ItemSet("cluster", load_cluster().dimensions[:2])
BAR = """
import sys, time
from selfscope.cli.show import counting
with counting("profile SOUL.md") as tell:
    for done in (0, 640, 1280):
        tell(done, 5376, "self_report: generic:support_engineer", sys.argv[1])
        time.sleep(0.15)
"""


def on_a_terminal(columns, *arguments):
    """What a script shows on a terminal of so many columns, without its control codes."""
    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        os.execv(sys.executable, [sys.executable, "-c", BAR, *arguments])
    shown = b""
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.waitpid(pid, 0)
    os.close(terminal)
    return re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", shown).decode()


@pytest.mark.parametrize("spent", ["$12.40", "1,240,420 tokens", ""])
def test_it_fits_eighty_columns(spent):
    lines = [line for line in on_a_terminal(80, spent).replace("\r", "\n").splitlines() if line.strip()]
    last = next(line for line in reversed(lines) if "1280/5376" in line)
    assert "self_report: generic" in last
    assert re.search(r"\d:\d\d:\d\d left", last) or "-:--:-- left" in last
    assert spent in last
    assert len(last.rstrip()) <= 80


class Paid(PhantomGround):
    """A phantom that calls itself an API and tells what its answers cost."""

    def __init__(self, price):
        super().__init__("trait", Truth())
        self.identity = replace(self.identity, kind="api")
        self.price = price

    async def answer(self, prompts, **options):
        found = await super().answer(prompts, **options)
        usage = replace(found.usage, input_tokens=10 * len(prompts), output_tokens=1, cost=self.price)
        return replace(found, usage=usage)


def costs(ground, folder):
    """Everything that a run's progress says of its cost."""
    request = ProfileRequest(None, FEW, "standard", ("self_report",))
    study = build_profile(request, ground)
    teach(ground, study, FEW)
    seen = []
    store = RunStore.of(study, folder)
    asyncio.run(run_study(study, FEW, ground, store, progress=lambda *told: seen.append(told[3])))
    return seen, len(list(store.folder.glob("parts/*.parquet")))


def test_money_is_summed_over_batches_where_the_provider_tells_it(tmp_path):
    seen, batches = costs(Paid(0.25), tmp_path)
    assert batches > 1
    assert seen[0] == "0 tokens"
    assert seen[-1] == f"${0.25 * batches:.2f}"
    again, _ = costs(Paid(0.25), tmp_path)
    assert again == [seen[-1]]


def test_tokens_stand_where_no_price_is_told(tmp_path):
    seen, batches = costs(Paid(None), tmp_path)
    assert re.fullmatch(r"[\d,]+ tokens", seen[-1])
    assert int(seen[-1].split()[0].replace(",", "")) % 10 == batches


def test_a_run_without_an_api_costs_nothing(tmp_path):
    assert set(costs(PhantomGround("trait", Truth()), tmp_path)[0]) == {""}
