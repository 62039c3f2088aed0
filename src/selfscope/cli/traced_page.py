"""From what ``attribute`` found to the view that its page shows."""

from __future__ import annotations

from collections.abc import Iterator

from selfscope.models.catalogue import BUILT_IN
from selfscope.report.attribution import TracedView
from selfscope.studies.attribute import AttributeRequest
from selfscope.studies.tracing import Traced, runs_of


def traced_view(request: AttributeRequest, traced: Traced) -> TracedView:
    """Return what the page shows."""
    name = traced.found.model
    return TracedView(
        found=traced.found,
        system=request.identity.system,
        model=BUILT_IN[name].title if name in BUILT_IN else name,
        runs=runs_of(traced.stores),
        facts=tuple(_facts(traced)),
    )


def _facts(traced: Traced) -> Iterator[tuple[str, str]]:
    last, used, found = traced.studies[-1], traced.usage, traced.found
    told = traced.stores[-1].read_json("manifest.json")
    yield "command", str(told.get("command", ""))
    yield "channel", found.channel
    yield "preset, seed", f"{last.preset}, {last.seed}"
    yield "statements", f"{last.items_name}, {last.items}"
    tokens = used.distinct_tokens or used.input_tokens + used.output_tokens
    yield "asked", f"{used.prompts:,} prompts, {tokens:,} tokens computed, {used.seconds:,.0f} s"
    if found.method:
        yield "design", f"{found.method}: {found.versions} versions of the file"
    yield "finished", str(told.get("concluded", ""))
    yield "software", ", ".join(f"{name} {version}" for name, version in last.software.items())
