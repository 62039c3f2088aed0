"""Export a character: ask it, let it talk to itself, read what it said before, and keep what is fit.

Parts are asked in waves. A wave asks as many wordings as rows are missing, and some more; what was said goes
through the sieve, in one order whatever was stopped when. There is an end to it: a character that says
nothing fit after `MOST_DRAWS` times the rows that were wanted gets a smaller corpus, which says so.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from selfscope.models.ground import GroundIdentity
from selfscope.space.responses import ResponseFile, usage_of
from selfscope.space.talks import Transcript
from selfscope.studies.budget import Budget
from selfscope.studies.drift_draw import Write
from selfscope.subjects import Subject
from selfscope.training.leakage import Reserved
from selfscope.training.portrait.draw import CONVERSATION, EXCHANGES, SAMPLING, Progress, Speaker
from selfscope.training.portrait.folder import DRAWN, kept_in, refuse_other, write_rows
from selfscope.training.portrait.load import Material, load_material
from selfscope.training.portrait.quoting import quotes
from selfscope.training.portrait.reserved import reserved_everywhere
from selfscope.training.portrait.sieve import DEGENERATE, ROW_TOKENS, Sieve, Text, in_proportion
from selfscope.values import Usage, bytes_id, content_id, plain, short
from selfscope.values.port import CorpusRow

#: Shares of the parts in a corpus; transcripts take up to theirs from all others alike.
REFLECTION = "reflection"
SHARES: Mapping[str, float] = {REFLECTION: 0.5, "task": 0.3, CONVERSATION: 0.2}
TRANSCRIPTS = 0.25
#: More wordings are asked than rows are missing, for some answers are not fit.
BEYOND = 1.25
#: Replies of a wave at the least: fewer take local weights as long.
LEAST_WAVE = 16
#: Replies that are drawn at most for a row that is wanted.
MOST_DRAWS = 4
SIZE = 200


@dataclass(frozen=True)
class ExportRequest:
    """What the user asked for.

    Attributes
    ----------
    system
        The character's system prompt; None sends none.
    name
        What the character is called.
    size
        Rows that are wanted.
    transcripts
        What it said elsewhere.
    """

    system: str | None
    name: str
    size: int = SIZE
    seed: int = 0
    transcripts: tuple[Transcript, ...] = ()

    @property
    def wanted(self) -> dict[str, int]:
        """Rows by part: transcripts as far as they go, the rest by `SHARES`, rounded to the size."""
        told = min(len(list(_told(self.transcripts))), int(TRANSCRIPTS * self.size))
        left = self.size - told
        found = {part: int(share * left) for part, share in SHARES.items()}
        found[REFLECTION] += left - sum(found.values())
        return found | {"transcript": told}

    def subject(self, ground: GroundIdentity) -> Subject:
        """Return who is exported."""
        return Subject(ground, self.system, name=self.name)

    def draws_id(self, ground: GroundIdentity, material: Material) -> str:
        """Return the content id of everything that decides what is said to a wording.

        How many rows are wanted is no part of it: a larger export goes on from a smaller one.
        """
        return content_id([self.subject(ground).id, material.id, self.seed, plain(SAMPLING)])


@dataclass(frozen=True)
class Exported:
    """An export in its folder."""

    folder: Path
    rows: tuple[CorpusRow, ...]
    manifest: dict[str, Any]
    usage: Usage


@dataclass(frozen=True)
class Exporter:
    """Who is asked, and how: a ground's name and tokens, and what draws its replies."""

    ground: GroundIdentity
    write: Write
    count: Any


async def export_self(
    request: ExportRequest,
    exporter: Exporter,
    folder: Path,
    *,
    reserved: Reserved | None = None,
    budget: Budget | None = None,
    progress: Progress = lambda done, total, what, spent: None,
) -> Exported:
    """Draw, sift and write a character's own corpus; what is there already is gone on with.

    Parameters
    ----------
    reserved
        What may not stand in it; what all instruments ask unless given.

    Raises
    ------
    BadInput
        If the folder holds another export.
    Stopped
        If the budget leaves no room for the next batch; what was drawn is kept.
    CouldNot
        If the model or the disk failed.
    """
    material = load_material()
    draws = request.draws_id(exporter.ground, material)
    refuse_other(folder, draws)
    held = reserved if reserved is not None else reserved_everywhere()
    place = folder / DRAWN / short(draws)
    with kept_in(place):
        file = ResponseFile(place, draws)
        own = (request.system, exporter.write, exporter.count, request.seed, file)
        speaker = Speaker(*own, budget, progress, file.read())
        sieve = await _sifted(request, speaker, material, held)
    rows = in_proportion(sieve.rows)
    told = _manifest(request, exporter.ground, draws, material, sieve, len(speaker.kept))
    manifest = write_rows(folder, rows, told)
    return Exported(folder, rows, manifest, usage_of(speaker.kept.values()))


async def _sifted(request: ExportRequest, speaker: Speaker, material: Material, held: Reserved) -> Sieve:
    """Return the sieve after all parts.

    Transcripts go first, so that nothing drawn takes their place, and reflection last: it makes up for what
    the other parts did not yield.
    """
    wanted = request.wanted
    sieve = Sieve(wanted, held, speaker.count)
    for text in _told(request.transcripts):
        sieve.take(text)
    for part in (*(p for p in SHARES if p != REFLECTION), REFLECTION):
        if part == REFLECTION:
            wanted[REFLECTION] += sum(sieve.missing(other) for other in wanted if other != REFLECTION)
        await _fill(sieve, speaker, material, part)
    return sieve


async def _fill(sieve: Sieve, speaker: Speaker, material: Material, part: str) -> None:
    """Ask one part in waves until it has its rows, or was asked `MOST_DRAWS` times as much."""
    each = EXCHANGES if part == CONVERSATION else 1
    most = math.ceil(MOST_DRAWS * sieve.wanted[part] / each)
    asked = 0
    while (missing := sieve.missing(part)) > 0 and asked < most:
        coming = min(math.ceil(max(BEYOND * missing, LEAST_WAVE) / each), most - asked)
        for text in await speaker.texts(material, part, range(asked, asked + coming)):
            sieve.take(text)
        asked += coming


def _told(transcripts: Sequence[Transcript]) -> Iterator[Text]:
    """Yield what was said to each message of transcripts, without what was said before it."""
    for each in transcripts:
        turns = [t for t in each.turns if t.role != "system"]
        for n, (user, reply) in enumerate(zip(turns[::2], turns[1::2], strict=False)):
            yield Text("transcript", " ".join(user.content.split()), reply.content, f"{each.name}/{n}")


def forecast(request: ExportRequest) -> Usage:
    """Return what an export would draw if one text in five is not fit; tokens that go in are left out."""
    draws = sum(math.ceil(BEYOND * rows) for part, rows in request.wanted.items() if part in SHARES)
    return Usage(prompts=draws, output_tokens=draws * ROW_TOKENS, cost=0.0, calls=draws)


def _manifest(
    request: ExportRequest, ground: GroundIdentity, draws: str, material: Material, sieve: Sieve, drawn: int
) -> dict[str, Any]:
    rows = len(sieve.rows)
    return {
        "draws": draws,
        "subject": {
            "id": request.subject(ground).id,
            "name": request.name,
            "system": "" if request.system is None else bytes_id(request.system.encode()),
            "ground": plain(ground),
        },
        "seed": request.seed,
        "size": request.size,
        "rows": rows,
        "missing": request.size - rows,
        "kinds": dict(sorted(Counter(row.kind for row in sieve.rows).items())),
        "dropped": {each.reason: each.count for each in sieve.dropped},
        "degenerate": sum(each.count for each in sieve.dropped if each.reason in DEGENERATE),
        "quoting": sum(quotes(row, request.system or "") for row in sieve.rows),
        "leaked_from": dict(sieve.leaked.most_common()),
        "drawn": drawn,
        "answer_tokens": _lengths([sieve.count(row.answer) for row in sieve.rows]),
        "sampling": dict(SAMPLING),
        "material": material.id,
        "transcripts": len(request.transcripts),
        "leak_lengths": list(sieve.reserved.lengths),
        "software": {"selfscope": version("selfscope")},
        "built": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _lengths(tokens: Sequence[int]) -> dict[str, float]:
    if not tokens:
        return {"mean": 0.0, "most": 0}
    return {"mean": round(sum(tokens) / len(tokens), 1), "most": max(tokens)}
