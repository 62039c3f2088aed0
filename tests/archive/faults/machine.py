"""A state machine: whatever is asked of an archive, in whatever order, a plain model in memory says the same.

The model is a dictionary of what is held and by which copy, a set of pins, what two replicas held when they
were last brought up to date, and bytes that nobody named. After every step the archive must hold exactly what
the model holds; at the end it verifies to its last byte and gives everything back.
"""

import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from selfscope.archive.journal.events import DomainOpened, Pinned
from selfscope.archive.journal.moments import stamp
from selfscope.archive.policy.decisions import adopt_policy, change_state, plan_destruction
from selfscope.archive.policy.execution import execute
from selfscope.archive.policy.office import desk_of
from selfscope.archive.policy.plans import Proviso
from selfscope.archive.policy.signatures import sign_plan
from selfscope.errors import SelfscopeError

from ..policy.paper import KEYS, NAMED, policy_text
from . import judge
from .place import Place, bf16, model, quick_ground, same, tuned, weights

OPEN, SECRET = ("base", "tune", "other", "letter"), ("secret", "diary")
BASE = {"tune": "base"}
TWINS = ("one", "two")


def furnish(place: Place) -> None:
    """Put small things to bring where they are brought from."""
    base = {name: bf16(each[:4].view("uint16").astype("float32")) for name, each in weights(1, 2).items()}
    model(place.source("base"), base)
    model(place.source("tune"), tuned(base, 2))
    model(place.source("other"), {name: each[::-1].copy() for name, each in base.items()})
    model(place.source("secret"), {"w": base["norm"] ^ 85})
    (place.source("secret") / "sub" / "tokenizer.json").write_text("Nothing of it lies in the clear. " * 9)
    place.source("letter").write_text("A letter that is kept. " * 9)
    place.source("diary").write_text("A diary that nobody else reads. " * 9)


class Keeping(RuleBasedStateMachine):
    """An archive, and beside it what it must be like."""

    steps: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.place = Place(Path(tempfile.mkdtemp(prefix="selfscope-machine-", dir=quick_ground())))
        for name in ("in", "out", "keys"):
            (self.place.path / name).mkdir()
        (self.place.path / "clock").write_text("0")
        furnish(self.place)
        self.archive = self.place.create()
        self.archive.append([DomainOpened("d", self.place.vault().open_domain("d"))])
        self.held: dict[str, str] = {}
        self.delta: dict[str, str] = {}
        self.content: dict[str, str] = {}
        self.pinned: set[str] = set()
        self.twins: dict[str, set[str]] = {}
        self.loose: dict[str, bytes] = {}
        self.destroyed = False
        self.checkpoint = self.archive.checkpoint()
        self.length = 0
        self.steps["examples"] += 1

    def refused(self, what: str, act: Any, *args: Any, **kwargs: Any) -> None:
        """See that something is refused, in words."""
        self.steps["refusals"] += 1
        try:
            act(*args, **kwargs)
        except SelfscopeError:
            return
        raise AssertionError(f"{what} should have been refused")

    def own(self, name: str) -> list[str]:
        """Return the copies of it that the archive holds, in the order in which they came."""
        return [instance for instance, each in self.held.items() if each == name]

    @rule(name=st.sampled_from(OPEN + SECRET), on_base=st.booleans())
    def add(self, name: str, on_base: bool) -> None:
        self.steps["add"] += 1
        how: dict[str, Any] = {"domain": "d"} if name in SECRET else {}
        if on_base and name in BASE and BASE[name] in self.content:
            how["base"] = self.content[BASE[name]]
        path, forms = self.place.source(name), {self.delta.get(each, "") for each in self.own(name)}
        if name in SECRET and self.destroyed:
            return self.refused("adding under a destroyed key", self.archive.add, path, name=name, **how)
        if "base" in how and not self.own(BASE[name]):
            return self.refused("a delta on what is gone", self.archive.add, path, name=name, **how)
        added = self.archive.add(path, name=name, **how)
        assert self.content.setdefault(name, added.content) == added.content
        if added.known:
            assert added.instance in self.own(name)
        else:
            form = BASE[name] if added.base else ""
            assert form not in forms, f"{name} is held as {forms} and was stored again"
            self.held[added.instance] = name
            if form:
                self.delta[added.instance] = form
        return None

    @rule(name=st.sampled_from(OPEN + SECRET))
    def get(self, name: str) -> None:
        self.steps["get"] += 1
        out = self.place.path / "out" / "got"
        if name not in self.content:
            return
        if not self.own(name):
            self.refused("what is not held", self.archive.get, self.content[name], out)
            assert not out.exists()
            return
        self.archive.get(self.content[name], out)
        assert same(out, self.place.source(name)), name
        shutil.rmtree(out) if out.is_dir() else out.unlink()

    @rule(data=st.binary(max_size=40))
    def put(self, data: bytes) -> None:
        self.steps["put"] += 1
        self.loose[self.archive.put(data)] = data

    @rule()
    def read(self) -> None:
        self.steps["read"] += 1
        for identifier, data in self.loose.items():
            assert self.archive.read(identifier) == data

    @rule()
    def collect(self) -> None:
        self.steps["collect"] += 1
        planned = self.archive.gc(grace=0, dry_run=True)
        done = self.archive.gc(grace=0)
        assert (planned.objects, planned.manifests) == (done.objects, done.manifests)
        assert judge.leftovers(self.place.root) == []
        self.loose.clear()

    @rule(pin=st.booleans(), which=st.integers(0, 9))
    def pin(self, pin: bool, which: int) -> None:
        self.steps["pin"] += 1
        if self.held:
            instance = list(self.held)[which % len(self.held)]
            self.archive.append([Pinned(instance, pin)])
            (self.pinned.add if pin else self.pinned.discard)(instance)

    @rule(which=st.sampled_from(TWINS))
    def replicate(self, which: str) -> None:
        self.steps["replicate"] += 1
        assert not self.archive.replicate(self.place.path / which).problems
        self.twins[which] = set(self.held.values())

    @rule(name=st.sampled_from(OPEN + SECRET), unpinned=st.booleans())
    def drop(self, name: str, unpinned: bool) -> None:
        self.steps["drop"] += 1
        own, twins = self.own(name), [self.place.path / each for each in self.twins]
        if not own:
            return None
        instance = own[0]
        if unpinned and instance in self.pinned:
            self.archive.append([Pinned(instance, False)])
            self.pinned.discard(instance)
        others = len(own) - 1 + sum(name in names for names in self.twins.values())
        needed = len(own) == 1 and name in self.delta.values()
        if instance in self.pinned or others < 2 or needed:
            return self.refused(f"to drop {name}", self.archive.drop, instance, why="room", replicas=twins)
        self.archive.drop(instance, why="room", replicas=twins)
        del self.held[instance]
        self.delta.pop(instance, None)
        return None

    @rule(which=st.integers(0, 99), twin=st.sampled_from(TWINS))
    def damage(self, which: int, twin: str) -> None:
        """Spoil an object: it is found, and mended if a replica has it, or left as it is."""
        needed, _ = judge.reachable(self.place.root)
        there = [each for each in (self.place.root / "objects").rglob("*") if each.is_file()]
        files = sorted(each for each in there if f"b3:{each.name}" in needed and each.stat().st_size)
        if not files:
            return
        self.steps["damage"] += 1
        path = files[which % len(files)]
        data = path.read_bytes()
        self._lay(path, bytes([data[0] ^ 1]) + data[1:])
        found = self.archive.verify(level="full").problems
        assert any(each.where == f"b3:{path.name}" for each in found), found
        if twin in self.twins:
            self._repaired(path, data, twin)
        else:
            self.refused("a replica that is none", self.archive.repair, self.place.path / twin)
        if path.read_bytes() != data:
            self._lay(path, data)

    def _repaired(self, path: Path, data: bytes, twin: str) -> None:
        had = (self.place.path / twin / path.relative_to(self.place.root)).is_file()
        done = self.archive.repair(self.place.path / twin)
        mended = path.read_bytes() == data
        assert mended == (f"b3:{path.name}" in done.repaired)
        assert not mended or had, "it was mended from nowhere"
        assert mended or not had or self.pinned, "it could have been mended"
        self.steps["repaired"] += mended
        renamed = dict(done.instances)
        assert not self.pinned & renamed.keys()
        # In the old order, for ids are drawn by chance and the machine must choose by something that is not.
        self.held = {renamed.get(each, each): name for each, name in self.held.items()}
        self.delta = {renamed.get(each, each): base for each, base in self.delta.items()}

    def _lay(self, path: Path, data: bytes) -> None:
        path.unlink()
        path.write_bytes(data)

    @rule(lose_index=st.booleans())
    def reopen(self, lose_index: bool) -> None:
        self.steps["reopen"] += 1
        self.archive.index.close()
        if lose_index:
            for each in self.place.root.glob("index.*"):
                each.unlink()
        self.archive = self.place.open()

    @rule(keep=st.booleans())
    def verify(self, keep: bool) -> None:
        self.steps["verify"] += 1
        seen = self.archive.verify(level="full", checkpoint=self.checkpoint)
        assert seen.ok, seen.problems
        if keep:
            self.checkpoint = self.archive.checkpoint()

    @precondition(lambda self: not self.destroyed and any(each in SECRET for each in self.held.values()))
    @rule()
    def destroy(self) -> None:
        """Seal, plan, sign, wait and destroy: everything under the key is gone, and nothing else."""
        secret = {instance for instance, name in self.held.items() if name in SECRET}
        if secret & self.pinned:
            return
        self.steps["destroy"] += 1
        content = self.content[min(self.held[each] for each in secret)]
        desk = desk_of(self.archive)
        adopt_policy(desk, policy_text(*NAMED, cooling_off="1 days"), by="Ada")
        change_state(desk, content, "sealed", by="Ada", reason="it can do harm")
        found = stamp(self.place.now())
        proviso = Proviso(
            kind="severe_hazard", found=found, statement="It can.", evidence=(desk.put(b"what was found"),)
        )
        plan = plan_destruction(desk, content, proviso, by="Ada", reason="it can do harm")
        self.refused("a plan that nobody signed", execute, desk, plan.id, self.place.vault().destroy)
        for name in NAMED[:2]:
            sign_plan(desk, plan.id, name, KEYS[name])
        self.refused("a plan before its time", execute, desk, plan.id, self.place.vault().destroy)
        self.place.wait(2)
        execute(desk, plan.id, self.place.vault().destroy)
        self.destroyed = True
        for instance in secret:
            del self.held[instance]
        for names in self.twins.values():
            names -= set(SECRET)

    @invariant()
    def it_holds_what_the_model_holds(self) -> None:
        self.steps["steps"] += 1
        assert {row.instance: row.name for row in self.archive.index.holdings()} == self.held
        length = self.archive.journal.head().number
        assert length >= self.length
        self.length = length

    def teardown(self) -> None:
        try:
            found = judge.look(str(self.place.path))
            assert found["wrong"] == []
            assert set(found["contents"]) == set(self.held.values())
        finally:
            self.archive.index.close()
            shutil.rmtree(self.place.path)


def run(examples: int, steps: int, start: int) -> dict[str, Any]:
    """Run so many examples of at most so many steps, and count what they came to."""
    Keeping.steps.clear()
    run_state_machine_as_test(
        seed(start)(Keeping),
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, database=None,
            phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
    return dict(Keeping.steps)
