"""The ways that the capture bench compares, each warm and ready to be run in its turn."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from capture_clock import Clock, measured
from capture_elsewhere import padded
from capture_job import TOKENS_AT_ONCE, Ready, ready

THREADS = 2
AXIS_BATCH = 16
HERE = Path(__file__).parent


class Way:
    """One way to the means of every layer."""

    unavailable = ""
    """Why it cannot be run, in words; "" if it can."""

    def measure(self, given: list[Any]) -> dict[str, Any]:
        """Run once; return seconds, working memory, tokens computed and the first role's mean vectors."""
        return measured(lambda: self.run(given))

    def run(self, given: list[Any]) -> dict[str, Any]:
        raise NotImplementedError

    def close(self) -> None:
        """End whatever the way has running."""


class Ours(Way):
    tokens_at_once = 1024

    def __init__(self, ground: Any) -> None:
        self.ground = ground

    def run(self, given: list[Any]) -> dict[str, Any]:
        from selfscope.space.capture import capture
        from selfscope.space.recipe import Recipe

        with tempfile.TemporaryDirectory() as place:
            clock = Clock()
            got = capture(self.ground, given, Recipe(), place, tokens_at_once=self.tokens_at_once)
            told = clock.told()
        got.refuse_failures()
        vector = got.mean("assistant")[got.groups.index(given[0].group)]
        return {**told, "vector": vector, "tokens": got.manifest["computed"]["tokens"]}


class OursPadded(Ours):
    tokens_at_once = TOKENS_AT_ONCE


class Verification(Ours):
    """The part of ours that does not grow with the job: the blocks verified."""

    def run(self, given: list[Any]) -> dict[str, Any]:
        from selfscope.models.local.blocks import open_blocks

        clock = Clock()
        open_blocks(self.ground.model)
        return {**clock.told(), "vector": None, "tokens": 0}


class Theirs(Way):
    """Ways that are given tokens and places, whose rendering is not timed."""

    def __init__(self, ground: Any) -> None:
        from selfscope.models.local.blocks import open_blocks

        self.ground = ground
        self.model: Any = ground.model
        self.blocks = open_blocks(self.model)

    def batches(self, job: Ready) -> list[list[int]]:
        return job.batches()

    def run(self, given: list[Any]) -> dict[str, Any]:
        import torch

        job = ready(self.ground, given)
        batches = self.batches(job)
        kept: dict[int, Any] = {}
        clock = Clock()
        with torch.inference_mode():
            for batch in batches:
                states = self.states(*padded([job.tokens[i] for i in batch]))
                if states is not None:
                    for k, i in enumerate(batch):
                        places = torch.tensor(job.places[i])
                        kept[i] = torch.stack([layer[k, places].mean(0) for layer in states])
                del states
        told = clock.told()
        mine = [kept[i].double() for i in job.first if i in kept]
        vector = torch.stack(mine).mean(0).numpy() if mine else None
        return {**told, "vector": vector, "tokens": sum(map(len, job.tokens))}

    def states(self, tokens: Any, mask: Any) -> Any:
        raise NotImplementedError


class Limit(Theirs):
    def states(self, tokens: Any, mask: Any) -> Any:
        from selfscope.models.local.scorer import backbone

        backbone(self.model)(input_ids=tokens, attention_mask=mask, use_cache=False)


class HiddenStates(Theirs):
    def states(self, tokens: Any, mask: Any) -> Any:
        out = self.model(input_ids=tokens, attention_mask=mask, use_cache=False, output_hidden_states=True)
        return out.hidden_states[1:]


class HiddenBackbone(Theirs):
    def states(self, tokens: Any, mask: Any) -> Any:
        from selfscope.models.local.scorer import backbone

        below = backbone(self.model)
        out = below(input_ids=tokens, attention_mask=mask, use_cache=False, output_hidden_states=True)
        return out.hidden_states[1:]


class AxisMethod(Theirs):
    def batches(self, job: Ready) -> list[list[int]]:
        count = len(job.tokens)
        return [list(range(i, min(i + AXIS_BATCH, count))) for i in range(0, count, AXIS_BATCH)]

    def states(self, tokens: Any, mask: Any) -> Any:
        import torch

        held: list[Any] = []
        handles = [
            block.register_forward_hook(lambda module, args, out: held.append(out))
            for block in self.blocks.blocks
        ]
        self.model(input_ids=tokens, attention_mask=mask)
        for handle in handles:
            handle.remove()
        return torch.stack(held)


class Elsewhere(Way):
    """A way in a process of its own, on the Python of another environment; see ``capture_elsewhere.py``."""

    def __init__(self, name: str, ground: Any, folder: Path, python: Path) -> None:
        self.ground, self.process = ground, None
        if not python.exists():
            self.unavailable = "not installed; `make bench` installs it"
            return
        self.process = subprocess.Popen(
            [python, HERE / "capture_elsewhere.py", name, folder, str(THREADS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "HF_HUB_OFFLINE": "1"},
        )
        said = self._answer()
        self.unavailable = said.get("error", "")
        self.version = said.get("ready", "")

    def _answer(self) -> dict[str, Any]:
        assert self.process is not None and self.process.stdout is not None
        line = self.process.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"error": "its process ended"}
        return answer

    def measure(self, given: list[Any]) -> dict[str, Any]:
        assert self.process is not None and self.process.stdin is not None
        job = ready(self.ground, given)
        asked = {
            "batches": job.batches(),
            "tokens": job.tokens,
            "places": job.places,
            "first": job.first,
        }
        print(json.dumps(asked), file=self.process.stdin, flush=True)
        answer = self._answer()
        if "error" in answer:
            raise RuntimeError(f"{self.version}: {answer['error']}")
        return answer

    def close(self) -> None:
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()
            self.process.wait(timeout=30)


LOCAL: dict[str, type[Theirs] | type[Ours]] = {
    "limit": Limit,
    "ours": Ours,
    "ours_padded": OursPadded,
    "verification": Verification,
    "hidden_states": HiddenStates,
    "hidden_backbone": HiddenBackbone,
    "axis_method": AxisMethod,
}
ELSEWHERE = ("nnsight", "transformer_lens")
ALL = (*LOCAL, *ELSEWHERE)


def ways(model: str, wanted: list[str], python: Path) -> dict[str, Way]:
    """Return the ways asked for, those of this process on weights that are loaded once."""
    import torch

    from selfscope.models.local.ground import LocalGround
    from selfscope.models.local.load import load
    from selfscope.models.local.paths import choose
    from selfscope.models.local.scorer import MEMORY_BYTES

    torch.set_num_threads(THREADS)
    loaded = load(model, "cpu")
    tree, plain = (
        LocalGround(loaded, choose(loaded.model, path), THREADS, MEMORY_BYTES) for path in ("auto", "plain")
    )
    made: dict[str, Way] = {}
    for name in wanted:
        if name in LOCAL:
            made[name] = LOCAL[name](tree if name == "ours" else plain)
        else:
            made[name] = Elsewhere(name, plain, loaded.folder, python)
    return made
