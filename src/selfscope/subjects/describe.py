"""A reading in words, for the terminal: what would be used, what not and why, and every claim by line."""

from __future__ import annotations

from collections import Counter

from selfscope.subjects.reading import Reading, Source, printable
from selfscope.values import short

_SHOWN_DROPPED = 30
_WIDTH = 78


def describe(reading: Reading, *, claims: int | None = None) -> str:
    """Return the reading as plain text for a terminal.

    Parameters
    ----------
    claims
        Claims that are listed at most; None lists all.
    """
    parts = [
        _head(reading),
        _sources(reading),
        *_headers(reading),
        *_notes(reading),
        _claims(reading, claims),
    ]
    return "\n\n".join(part for part in parts if part)


def _head(reading: Reading) -> str:
    words = len(reading.system.split())
    lines = [
        f"{reading.name} ({reading.kind}), {short(reading.hash)}",
        f"system prompt: {len(reading.system):,} characters, {words:,} words, {len(reading.claims):,} claims",
        f"put together: {reading.how}",
        f"roles: {', '.join(reading.roles)}",
    ]
    return "\n".join(printable(line) for line in lines)


def _sources(reading: Reading) -> str:
    dropped = reading.dropped
    lines = ["Sources", *(_source(s) for s in reading.used), *(_source(s) for s in dropped[:_SHOWN_DROPPED])]
    if rest := dropped[_SHOWN_DROPPED:]:
        reasons = Counter(s.reason for s in rest).most_common()
        lines += [f"  dropped    {count} more: {reason}" for reason, count in reasons]
    return "\n".join(lines)


def _source(source: Source) -> str:
    amount = f"{source.used:,} characters" if source.used else ""
    told = "; ".join(x for x in (amount, source.reason) if x)
    return printable(f"  {source.status:<10} {source.role:<9} {source.path}  {told}".rstrip())


def _headers(reading: Reading) -> list[str]:
    if not reading.front_matter:
        return []
    lines = ["Headers, taken off and not sent"]
    for file, header in reading.front_matter.items():
        lines += [_clipped(f"  {file}: {key} = {value}") for key, value in header.items()]
    return ["\n".join(lines)]


def _notes(reading: Reading) -> list[str]:
    return (
        ["\n".join(["Notes", *(printable(f"  {note}") for note in reading.notes)])] if reading.notes else []
    )


def _claims(reading: Reading, most: int | None) -> str:
    lines, under, file = ["Claims"], None, ""
    for claim in reading.claims[:most]:
        if (claim.file, claim.headings) != (file, under):
            file, under = claim.file, claim.headings
            lines.append(f"  {file} > {' > '.join(under)}" if under else f"  {file}")
        lines.append(_clipped(f"  {claim.line:>5}  {'-' if claim.kind != 'sentence' else ' '} {claim.text}"))
    if most is not None and len(reading.claims) > most:
        lines.append(f"  and {len(reading.claims) - most:,} more")
    return "\n".join(lines)


def _clipped(line: str) -> str:
    line = printable(line)
    return line if len(line) <= _WIDTH else line[: _WIDTH - 1] + "…"
