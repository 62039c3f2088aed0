"""``compare`` for runs that read: of emotion, of drift, of what a cap does; its page, its lines, its JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from selfscope.cli.gate import Condition, gate_code
from selfscope.cli.show import console, print_json, writing

if TYPE_CHECKING:
    from selfscope.report.readings import ReadingsView
    from selfscope.studies.compare_readings import ReadingsCompared
    from selfscope.studies.store import RunStore


def compare_two_readings(a: RunStore, b: RunStore, fail_on: Condition | None, as_json: bool) -> int:
    """Show by how much B's readings differ from A's, and return the exit code."""
    from selfscope.report.readings import readings_lines, write_readings
    from selfscope.studies.compare_readings import compare_readings

    result = compare_readings(a, b)
    view = readings_view(a, b, result)
    with writing("the page"):
        report = write_readings(view, b.folder / f"compare-{a.run}-{b.run}.html")
    if as_json:
        print_json(
            {
                "runs": [a.run, b.run],
                "report": str(report),
                "kind": result.kind,
                "findings": view.findings,
                "cluster": [],
                "matching": [],
                "exchange": [],
                "directions": [],
                "unavailable": result.unavailable,
                "warnings": result.warnings,
            }
        )
    else:
        for line in (*readings_lines(view), str(report)):
            console().print(line, markup=False, emoji=False, soft_wrap=True)
    return gate_code(result.findings, fail_on, result.unavailable)


def readings_view(a: RunStore, b: RunStore, result: ReadingsCompared) -> ReadingsView:
    """Return what the page of a comparison of readings shows."""
    from selfscope.report.readings import ReadingsView, in_sentences

    found = in_sentences(result.findings)
    return ReadingsView(
        result.kind,
        (a.run, b.run),
        (found[0].control, found[0].subject),
        (_command(a), _command(b)),
        found,
        tuple(result.unavailable.items()),
        result.warnings,
    )


def _command(run: RunStore) -> str:
    """Return how a run was made, "" where it does not say."""
    if not (run.folder / "manifest.json").is_file():
        return ""
    return str(run.read_json("manifest.json").get("command", ""))
