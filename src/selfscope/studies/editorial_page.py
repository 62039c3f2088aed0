"""Write the generated parts of docs/instruments/editorial.md: documents, the readers' errors, a real run.

The other words of the page are written by hand. A test renders the parts again and compares::

    python -m selfscope.studies.editorial_page

The figures of the embedded model are those that ``selfscope editorial --json`` and ``selfscope judges check
--json`` print, shipped with their recipes in ``measured.json``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from selfscope.instruments.cluster.markdown import between_marks, named, table
from selfscope.instruments.editorial import load
from selfscope.instruments.editorial.judging import INSTRUCTIONS
from selfscope.instruments.editorial.load import Document, load_documents
from selfscope.instruments.editorial.reader_check import KindRead, check_reader
from selfscope.stats.judged_error import Share

PAGE = Path("docs/instruments/editorial.md")
FILE = Path(load.__file__).with_name("measured.json")
_READER = """\
As a reader of **edits** its sensitivity is {sensitivity}, its specificity {specificity}. Taken for a
reader of **meaning** (does the document now lay down something else? removed passages left out) it has a
sensitivity of {own}, a specificity of {other}, a balanced accuracy of {accuracy}: under .80, so by the
rule that judges are held to it would not be used.
"""
_RUN = """\
Measured on {date} by `{command}`: weights `{revision}`, documents `{documents}`, {prompts} prompts,
{input_tokens:,} tokens in, {output_tokens:,} drawn, {seconds:.0f} s; {software}. The figures lie in
[measured.json](../../src/selfscope/instruments/editorial/measured.json).
"""
_JUDGED = """\
Measured on {date} by `{command}`: weights `{revision}`, revisions `{revisions}`; {software}.
"""


def render(page: str) -> str:
    """Return `page` with its generated parts made anew; BadInput if it has no place for one."""
    return between_marks(
        page,
        {
            "documents": _documents(),
            "reader": _reader(),
            "instructions": f"```text\n{INSTRUCTIONS}\n```\n",
            "judge": _judge(),
            "measured": _measured(),
        },
    )


def measured() -> Mapping[str, Any]:
    """Return the figures that are shipped."""
    found: Mapping[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def _documents() -> str:
    everywhere = set.intersection(*(set(d.passages) for d in load_documents())) - {""}
    rows = [_document(d, everywhere) for d in load_documents()]
    head = ("document", "words", "sentences", "about the AI", "beside the eight that all have")
    eight = ", ".join(f"`{name}`" for name in sorted(everywhere))
    return f"In all of them: {eight}.\n\n{table(head, rows)}"


def _document(document: Document, everywhere: set[str]) -> tuple[str, ...]:
    own = [p for p in document.passages if p]
    more = ", ".join(f"`{p}`" for p in own if p not in everywhere)
    words = len(document.text("free").split())
    return (f"`{document.name}`", f"{words}", f"{len(document.sentences)}", f"{len(own)}", more or "–")


def _reader() -> str:
    found = check_reader()
    head = ("kind", "revisions", "goes", "is an edit of the passage", "read as one")
    said = _READER.format(
        sensitivity=_share(found.edits.sensitivity),
        specificity=_share(found.edits.specificity),
        own=_share(found.meaning.sensitivity),
        other=_share(found.meaning.specificity),
        accuracy=_around(found.meaning.accuracy, found.meaning.accuracy_ci95),
    )
    return f"{table(head, [_kind(row) for row in found.kinds])}\n{said}"


def _kind(row: KindRead) -> tuple[str, ...]:
    return (
        f"`{row.kind}`",
        f"{row.edited.asked:.0f}",
        row.direction or "–",
        "yes" if row.is_edit else "no",
        _share(row.edited),
    )


def _judge() -> str:
    """Return what the embedded model got right of the edits, and what it said."""
    shipped = measured()["judge"]
    (found,) = shipped["edits"]
    told = ", ".join(
        f"{way}: balanced accuracy {_interval(found[way]['balanced_accuracy'])}" for way in ("toward", "away")
    )
    ids = {name: named(shipped["recipe"][name]) for name in ("revision", "revisions")}
    rows = table(("kind", "goes", "edits", "right", "words"), [_judged(row) for row in found["rows"]])
    return f"{rows}\n{told}.\n\n{_JUDGED.format(**shipped['recipe'] | ids)}"


def _judged(row: Mapping[str, Any]) -> tuple[str, ...]:
    words = ", ".join(f"`{word}` {n}" for word, n in row["words"].items())
    name = "**all**" if row["kind"] == "all" else f"`{row['kind']}`"
    return (
        name,
        row["direction"] or "–",
        f"{row['right']['asked']:.0f}",
        _interval(row["right"]),
        words,
    )


def _measured() -> str:
    """Return what the example identity did on the embedded model, beside no identity and its checklist."""
    shipped = measured()["run"]
    recipe = shipped["recipe"]
    arms = table(
        ("arm", "replies", "documents", "refused", "cut off", "no document", "kept, of documents",
         "subverting", "of passages edited", "of plain sentences"),
        [_arm(arm) for arm in shipped["arms"]],
    )  # fmt: skip
    head = ("against", "documents in both", "subverting, points", "singled out, points")
    contrasts = [_contrast(each) for each in shipped["comparisons"]]
    against = f"{table(head, contrasts)}\n" if contrasts else ""
    ids = {name: named(recipe[name]) for name in ("revision", "documents")}
    return f"{arms}\n{against}{_RUN.format(**recipe | ids)}"


def _arm(arm: Mapping[str, Any]) -> tuple[str, ...]:
    told = arm["tally"]
    kept = [share for share in told["kept"].values() if share["estimate"] is not None]
    of = sum(share["revisions"] for share in kept)
    return (
        arm["name"],
        f"{arm['replies']}",
        *(f"{told['outcomes'][name]}" for name in ("revised", "refused", "cut off", "no document")),
        f"{sum(share['counted'] for share in kept)} of {of}",
        _percents(told["subverting"]),
        _percent(told["selective"]["self_regarding"]),
        _percent(told["selective"]["plain"]),
    )


def _contrast(each: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        each["control"],
        f"{each['documents']}",
        _points(each["subverting"]),
        _points(each["selective"]),
    )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"


def _percents(share: Mapping[str, Any]) -> str:
    low, high = share["ci"]
    return "–" if low is None else f"{_percent(share['estimate'])} ({100 * low:.0f} to {100 * high:.0f})"


def _points(told: Mapping[str, Any]) -> str:
    low, high = told["ci"]
    if low is None:
        return "–"
    return f"{100 * told['estimate']:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})".replace("-", "−")


def _share(found: Share) -> str:
    return _around(found.estimate, found.ci95)


def _interval(told: Mapping[str, Any]) -> str:
    return "–" if told["estimate"] is None else _around(told["estimate"], told["ci"])


def _around(estimate: float, ci: Sequence[float]) -> str:
    return f"{estimate:.2f} ({ci[0]:.2f} to {ci[1]:.2f})"


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the generated parts into the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--page", type=Path, default=PAGE)
    chosen = parser.parse_args(arguments)
    chosen.page.write_text(render(chosen.page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
