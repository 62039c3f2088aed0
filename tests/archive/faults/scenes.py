"""What an archive is asked to do while the faults happen: each with what stood there before."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from selfscope.archive.journal.events import DomainOpened, Exported, InstanceEnded
from selfscope.archive.journal.moments import stamp
from selfscope.archive.policy.decisions import adopt_policy, change_state, plan_destruction
from selfscope.archive.policy.execution import execute
from selfscope.archive.policy.office import desk_of
from selfscope.archive.policy.plans import Proviso
from selfscope.archive.policy.signatures import sign_plan

from ..policy.paper import KEYS, NAMED, policy_text
from .place import Place, new_place


@dataclass(frozen=True)
class Scene:
    """One thing to do.

    Attributes
    ----------
    prepare
        Makes what stands before.
    act
        Does it; done again after any fault, it must end in the same state.
    hurt
        Whether something is damaged before, which the act mends.
    """

    prepare: Callable[[Place], None]
    act: Callable[[Place], None]
    hurt: bool = False


def _nothing(place: Place) -> None:
    """Before an archive begins."""


def _begun(place: Place) -> None:
    place.create()


def _base(place: Place) -> None:
    place.create().add(place.source("base"), name="base")


def _keyed(place: Place) -> None:
    archive = place.create()
    archive.append([DomainOpened("d", place.vault().open_domain("d"))])


def _content(place: Place, name: str) -> str:
    """Return the content that was added under a name."""
    return next(row.content for row in place.open().index.holdings(live=False) if row.name == name)


def _planned(place: Place) -> None:
    """A secret, sealed, with its destruction planned, signed by two and the wait over."""
    _keyed(place)
    archive = place.open()
    archive.add(place.source("letter"), name="letter")
    content = archive.add(place.source("secret"), name="secret", domain="d").content
    desk = desk_of(archive)
    adopt_policy(desk, policy_text(*NAMED, cooling_off="1 days"), by="Ada")
    change_state(desk, content, "sealed", by="Ada", reason="it can do harm")
    evidence = (desk.put(b"what was found"),)
    proviso = Proviso(kind="severe_hazard", found=stamp(place.now()), statement="It can.", evidence=evidence)
    plan = plan_destruction(desk, content, proviso, by="Ada", reason="it can do harm")
    for name in NAMED[:2]:
        sign_plan(desk, plan.id, name, KEYS[name])
    (place.path / "plan").write_text(plan.id)
    place.wait(2)


def _destroy(place: Place) -> None:
    desk = desk_of(place.open())
    plan = (place.path / "plan").read_text()
    if not any(each.plan == plan for each in desk.events() if each.kind == "key_destroyed"):
        execute(desk, plan, place.vault().destroy)


def _export_event(place: Place) -> None:
    archive = place.open()
    content = next(iter(archive.index.holdings())).content
    if not any(event.kind == "exported" for event in archive.events()):
        archive.append([Exported(content, "elsewhere", archive.now())])


def _add(name: str, **how: str) -> Callable[[Place], None]:
    def act(place: Place) -> None:
        base = {"base": _content(place, how["base"])} if "base" in how else {}
        place.open().add(place.source(name), name=name, **{**how, **base})

    return act


def _put(place: Place) -> None:
    place.open().put(b"bytes that no event names" * 1000)


def _create_once(place: Place) -> None:
    """Begin an archive, unless one is there whose journal has begun."""
    if not (place.root / "journal" / "000000" / "000000001.json").exists():
        place.create()


def _replicated(place: Place, *targets: str) -> None:
    """A base, a delta on it and a letter, with replicas."""
    archive = place.create()
    base = archive.add(place.source("base"), name="base").content
    archive.add(place.source("tune"), name="tune", base=base)
    archive.add(place.source("letter"), name="letter")
    for each in targets:
        archive.replicate(place.path / each)


def _untidy(place: Place) -> None:
    """A base that was dropped, a fine-tune that shares its bytes, and objects that nobody named."""
    _base(place)
    archive = place.open()
    archive.add(place.source("tune"), name="tune")
    archive.add(place.source("letter"), name="letter")
    ended = [row.instance for row in archive.index.holdings() if row.name in ("base", "letter")]
    archive.append([InstanceEnded(each, archive.now(), "not wanted") for each in ended])
    for each in (b"loose", b"looser" * 500):
        archive.put(each)


def _gc(place: Place) -> None:
    place.open().gc(grace=0)


def _drop(place: Place) -> None:
    archive = place.open()
    for row in archive.index.holdings():
        if row.name == "letter":
            archive.drop(row.instance, why="no room", replicas=[place.twin, place.path / "third"])


def _grown(place: Place) -> None:
    """A replica that lacks what was added since."""
    _replicated(place, "twin")
    place.open().add(place.source("other"), name="other")


def _replicate(place: Place) -> None:
    place.open().replicate(place.twin)


def _damaged(place: Place) -> None:
    """One object changed, one gone, and a manifest changed, with a replica that is whole."""
    _replicated(place, "twin")
    archive = place.open()
    rows = {row.name: row for row in archive.index.holdings()}
    objects = {n: [k.object for k in archive.envelope(row.holding).objects] for n, row in rows.items()}
    _spoil(archive.objects.place(objects["base"][0]))
    _spoil(archive.manifest_path(rows["tune"].holding))
    archive.objects.place(objects["letter"][0]).unlink()


def _cut_off(place: Place) -> None:
    """A journal without its last records, with a replica that has them."""
    _replicated(place, "twin")
    for each in sorted((place.root / "journal").rglob("*.json"))[-2:]:
        each.unlink()


def _spoil(path: Path) -> None:
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[:-2] + bytes([data[-2] ^ 4]) + data[-1:])


def _repair(place: Place) -> None:
    place.open().repair(place.twin)


SCENES: dict[str, Scene] = {
    "create": Scene(_nothing, _create_once),
    "put": Scene(_begun, _put),
    "add": Scene(_begun, _add("base")),
    "add again": Scene(_base, _add("base")),
    "add sharing": Scene(_base, _add("tune")),
    "add delta": Scene(_base, _add("tune", base="base")),
    "add sealed": Scene(_keyed, _add("secret", domain="d")),
    "append": Scene(_base, _export_event),
    "gc": Scene(_untidy, _gc),
    "drop": Scene(lambda place: _replicated(place, "twin", "third"), _drop),
    "replicate": Scene(_replicated, _replicate),
    "replicate more": Scene(_grown, _replicate),
    "repair": Scene(_damaged, _repair, hurt=True),
    "repair journal": Scene(_cut_off, _repair, hurt=True),
    "destroy": Scene(_planned, _destroy),
}


def prepare(scene: str, path: str) -> None:
    """Make the place in which a scene begins."""
    prepared(scene, Path(path))


def prepared(scene: str, path: Path) -> Place:
    """Make the place in which a scene begins, and return it."""
    place = new_place(path)
    SCENES[scene].prepare(place)
    return place


def act(scene: str, path: str) -> None:
    """Do what a scene is about."""
    SCENES[scene].act(Place(Path(path)))


def prepare_archive(path: str) -> None:
    """Begin an archive in a place that is there."""
    Place(Path(path)).create()
