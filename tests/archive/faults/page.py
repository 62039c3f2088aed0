"""Writes the tables of the page on reliability from the figures of a soak."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from selfscope.errors import BadInput
from selfscope.instruments.cluster.markdown import table

from . import figures

PAGE = Path("docs") / "reliability.md"


def render(page: str, found: dict[str, Any]) -> str:
    """Return the page with each of its generated parts made anew."""
    for name, text in parts(found).items():
        begin, end = f"<!-- {name}: generated -->\n", f"<!-- end of {name} -->"
        before, opened, rest = page.partition(begin)
        _, closed, after = rest.partition(end)
        if not opened or not closed:
            raise BadInput("the page has no place for a table", got=name, fix=f"Write {begin}{end} into it")
        page = f"{before}{begin}{text}{end}{after}"
    return page


def main(path: Path, source: Path) -> None:
    """Write the figures into the page."""
    path.write_text(render(path.read_text(encoding="utf-8"), figures.read(source)), encoding="utf-8")


def parts(found: dict[str, Any]) -> dict[str, str]:
    """Return every generated part by its name."""
    return {
        "summary": _summary(found),
        "kills": _kills(found["kills"]),
        "power": _power(found["power"]),
        "lies": _lies(found["lies"]),
        "refusals": _refusals(found["refusals"]),
        "flips": _damage("class of bytes", found["flips"]),
        "wholes": _damage("what was done to a file", found["wholes"]),
        "histories": _histories(found["histories"]),
        "crowds": _crowds(found["crowds"]),
        "machine": _machine(found["machine"]),
        "erasure": _erasure(found["erasure"]),
        "suites": _suites(found["suites"]),
    }


def _summary(found: dict[str, Any]) -> str:
    def of(kind: str, *names: str) -> str:
        return _n(figures.total(found[kind], *names))

    rows = [
        ("kills", of("kills", "kills", "twice"), "a committed content lost, an uncommitted one seen",
         of("kills", "bad")),
        ("trees after a loss of power", of("power", "states"), "the same", of("power", "bad")),
        ("refusals by the disk", of("refusals", "refusals"), "one that nobody was told of, a half state",
         of("refusals", "bad")),
        ("flipped bits", of("flips", "done"), "one that mattered and was not found at its place",
         _n(_missed(found["flips"]))),
        ("broken, lost and exchanged files", of("wholes", "done"), "one not found at its place",
         _n(_missed(found["wholes"]))),
        ("steps of the state machine", _n(found["machine"]["steps"]), "an answer that is not the model's",
         _n(found["machine"].get("bad", 0))),
        ("searches after a destruction", _n(found["erasure"]["searches"]), "a trace of it",
         _n(found["erasure"]["found"])),
    ]  # fmt: skip
    said = (
        f"The soak of {found['date']} ({found['system']}): {found['jobs']} jobs, "
        f"{found['minutes']} minutes with {found['workers']} at a time.\n\n"
    )
    return said + table(("what was done", "how often", "what would have been wrong", "so often it was"), rows)


def _missed(rows: dict[str, dict[str, int]]) -> int:
    return sum(row["done"] - row["located"] - row["harmless"] for row in rows.values())


def _ends(row: dict[str, Any]) -> str:
    """Return after which of the act's records the journal ended, and how often."""
    before, after = row["before"], row["after"]
    names = {before + n: f"{n} of {after - before}" for n in range(1, after - before + 1)}
    ends = sorted((int(number), count) for number, count in row["records"].items())
    return ", ".join(f"{names.get(number, 'none')}: {_n(count)}" for number, count in ends)


def _kills(rows: dict[str, dict[str, Any]]) -> str:
    cells = [
        (scene, row["calls"], row["kills"] - row["timed"] - row["torn"], row["torn"], row["timed"],
         row["twice"], _ends(row), row["bad"])
        for scene, row in rows.items()
    ]  # fmt: skip
    sums = ("in all", *(sum(cell[n] for cell in cells) for n in range(1, 6)), "", figures.total(rows, "bad"))
    head = ("act", "calls", "killed before a call", "in a write", "at any time", "a second time",
            "records of the act in the journal", "wrong")  # fmt: skip
    return _table(head, [*cells, sums])


def _power(rows: dict[str, dict[str, Any]]) -> str:
    cells = [(scene, r["calls"], r["states"], _ends(r), r["bad"]) for scene, r in rows.items()]
    sums = (
        "in all",
        figures.total(rows, "calls"),
        figures.total(rows, "states"),
        "",
        figures.total(rows, "bad"),
    )
    return _table(("act", "calls", "trees", "records of the act in the journal", "wrong"), [*cells, sums])


def _lies(rows: dict[str, dict[str, Any]]) -> str:
    cells = [(*name.split(", "), row["states"], row["bad"]) for name, row in rows.items()]
    names = {"sync": "fsync of files", "sync_dir": "fsync of directories"}
    cells = [(scene, names[lie], states, bad) for scene, lie, states, bad in cells]
    return _table(("act", "what the disk only pretends to do", "trees", "complaints"), cells)


def _refusals(rows: dict[str, dict[str, Any]]) -> str:
    cells = [(scene, r["steps"], r["refusals"], r["committed"], r["bad"]) for scene, r in rows.items()]
    sums = ("in all", *(sum(cell[n] for cell in cells) for n in range(1, 5)))
    return _table(("act", "steps", "refusals", "of these after the commit", "wrong"), [*cells, sums])


def _damage(what: str, rows: dict[str, dict[str, int]]) -> str:
    cells = [
        (
            name,
            r["done"],
            r["detected"],
            r["located"],
            r["harmless"],
            r["done"] - r["located"] - r["harmless"],
        )
        for name, r in rows.items()
    ]
    return _table((what, "done", "detected", "at its place", "shown harmless", "missed"), cells)


def _histories(rows: dict[str, Any]) -> str:
    cells = [
        (name, _yes(row["with checkpoint"]), _yes(row["with index"]), _yes(row["alone"]))
        for name, row in rows.items()
        if isinstance(row, dict)
    ]
    head = ("what was done to the journal", "found with a checkpoint kept elsewhere",
            "the same, index still there", "found without")  # fmt: skip
    return _table(head, cells)


def _crowds(rows: dict[str, dict[str, Any]]) -> str:
    cells = [
        (name, row["records"], row["copies of the same"], row["looks"] or "", row.get("bad", 0))
        for name, row in rows.items()
        if "records" in row
    ]
    return _table(("who", "records", "copies of what all added", "looks meanwhile", "wrong"), cells)


def _machine(row: dict[str, int]) -> str:
    order = [name for name in row if name not in ("examples", "steps", "bad")]
    cells = [(name, _n(row[name])) for name in ("examples", "steps", *sorted(order))]
    return _table(("what was asked", "how often"), cells)


def _erasure(row: dict[str, int]) -> str:
    return _table(
        ("what was searched", "how often", "found"),
        [
            ("the archive and the keys beside it, the destruction killed once at each of its calls",
             row["searches"], row["found"]),
            ("the same before the destruction, to see that the search finds",
             row["there_before"], "every time"),
            ("the archive, before every call by which the secret is added", row["looked_while_adding"], 0),
        ],
    )  # fmt: skip


def _suites(rows: dict[str, dict[str, int]]) -> str:
    cells = [(name, row["passed"], row["skipped"], row.get("bad", 0)) for name, row in rows.items()]
    return _table(("about", "tests passed", "skipped", "failed"), cells)


def _table(head: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> str:
    return table(
        head, [tuple(_n(cell) if isinstance(cell, int) else str(cell) for cell in row) for row in rows]
    )


def _n(number: int) -> str:
    return f"{number:,}"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
