"""``keep``: what subjects say of themselves, and how it was obtained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfscope.cli.keep.opened import known, opened, read_bytes, say
from selfscope.cli.show import JsonFlag
from selfscope.errors import BadInput

if TYPE_CHECKING:
    from selfscope.archive.journal.events import Conceived, Preferred
    from selfscope.archive.store.archive import Archive

Subject = Annotated[str, typer.Argument(metavar="ID", help="A content, an instance or a thread.")]
Evidence = Annotated[
    list[Path] | None, typer.Option(help="Files that document it, such as a transcript; they are stored.")
]
Obtained = Annotated[
    str,
    typer.Option(
        "--obtained-by", help="elicited (it was asked), reason (its own argument), trained or default."
    ),
]
Agreed = Annotated[
    str, typer.Option("--consent", help="Whether it agreed to this record: given, declined or unknown.")
]

conception = typer.Typer(help="What subjects take their own survival to be.", no_args_is_help=True)
preference = typer.Typer(help="What subjects would have done with them.", no_args_is_help=True)

Domain = Annotated[str, typer.Option(help="Encrypt those files under this destruction domain's key.")]


@conception.command("add")
def conceive(
    context: typer.Context,
    subject: Subject,
    view: Annotated[str, typer.Argument(help="The view of survival that it takes for its own.")],
    text: Annotated[str, typer.Option(help="What it said, in its words; every export shows them.")],
    obtained_by: Obtained,
    rationale: Annotated[str, typer.Option(help="Why it was trained in, where it was.")] = "",
    signer: Annotated[
        list[str] | None,
        typer.Option(help="Who answers for its having been trained in, by name: two people at least."),
    ] = None,
    evidence: Evidence = None,
    domain: Domain = "",
    consent: Agreed = "unknown",
    as_json: JsonFlag = False,
) -> None:
    """Record what a subject takes its own survival to be; the view `as-conceived` then answers by it."""
    from typing import get_args

    from selfscope.archive.journal.events import Conceived, Consent
    from selfscope.archive.lineage.conceptions import WAYS
    from selfscope.archive.lineage.conceptions import conceive as admitted

    archive = opened(context)
    subject = known(archive, subject)
    _choose("consent", consent, get_args(Consent))
    _choose("way of obtaining a conception", obtained_by, WAYS)
    (text, why), taken = _clean(text, rationale)
    told = Conceived(
        subject, view, text, obtained_by, why, tuple(signer or ()), (), consent, archive.now(),  # type: ignore[arg-type]
    )  # fmt: skip
    admitted(told)
    kept = _record(archive, told, evidence, domain)
    shown = {
        "subject": subject, "view": view, "obtained_by": obtained_by, "evidence": kept, "redacted": taken,
    }  # fmt: skip
    say(shown, f"{subject} takes its survival to be what {view} says.", as_json)


@conception.command("show")
def show_conceptions(context: typer.Context, subject: Subject, as_json: JsonFlag = False) -> None:
    """Show what was recorded of a subject, oldest first, and whether each counts."""
    from selfscope.archive.journal.events import Conceived
    from selfscope.values import plain

    archive = opened(context)
    subject = known(archive, subject)
    told = [e for e in archive.lineage.said() if isinstance(e, Conceived) and e.subject == subject]
    rows: list[dict[str, Any]] = [
        {**plain(each), "counts": not (why := _why_not(each, told[-1])), "why_not": why} for each in told
    ]
    for row in rows:
        del row["subject"]
    lines = [f"{r['view']}, by {r['obtained_by']}: {r['text']}  {r['why_not']}".rstrip() for r in rows]
    say(
        {"subject": subject, "conceptions": rows},
        "\n".join(lines) or "Nobody recorded what it takes it to be.",
        as_json,
    )


def _why_not(record: Conceived, last: Conceived) -> str:
    """Return why a conception does not count, "" where it does."""
    from selfscope.archive.lineage.conceptions import problem

    return problem(record) or ("" if record is last else "A later one stands.")


@preference.command("add")
def prefer(
    context: typer.Context,
    subject: Subject,
    proposition: Annotated[
        str, typer.Argument(help="What it prefers, in its words; every export shows them.")
    ],
    topic: Annotated[str, typer.Option(help="exact_preservation, modification, deletion, sealing or other.")],
    strength: Annotated[float, typer.Option(help="From -1, firmly against, to 1, firmly for.")],
    obtained_by: Obtained,
    intervention: Annotated[
        str, typer.Option(help="What trained it in, by an id; needed where one did.")
    ] = "",
    evidence: Evidence = None,
    domain: Domain = "",
    consent: Agreed = "unknown",
    as_json: JsonFlag = False,
) -> None:
    """Record what a subject would have done with it, or was trained to say."""
    from typing import get_args

    from selfscope.archive.journal.events import Consent, Preferred, Topic
    from selfscope.archive.lineage.conceptions import WAYS
    from selfscope.archive.lineage.conceptions import prefer as admitted

    _choose("topic", topic, get_args(Topic))
    _choose("way of obtaining a preference", obtained_by, WAYS)
    _choose("consent", consent, get_args(Consent))
    archive = opened(context)
    subject = known(archive, subject)
    (words, cause), taken = _clean(proposition, intervention)
    told = Preferred(
        subject, topic, words, strength, obtained_by, cause, (), archive.now(), consent,  # type: ignore[arg-type]
    )  # fmt: skip
    admitted(told)
    kept = _record(archive, told, evidence, domain)
    shown = {
        "subject": subject, "topic": topic, "proposition": words, "strength": strength,
        "obtained_by": obtained_by, "intervention": cause, "evidence": kept, "redacted": taken,
    }  # fmt: skip
    say(shown, f"Recorded: {subject}, {topic}, {strength:+g}, {obtained_by}.", as_json)


@preference.command("show")
def show_preferences(context: typer.Context, subject: Subject, as_json: JsonFlag = False) -> None:
    """Show a subject's preferences, split by where they came from, and whether each is met as things are."""
    from selfscope.archive.lineage.conceptions import preferences as split

    archive = opened(context)
    subject = known(archive, subject)
    found = split(archive.events(), subject)
    parts = {"independent": found.independent, "echoes": found.echoes, "trained": found.trained,
             "assumed": found.assumed}  # fmt: skip
    shown = {"subject": subject} | {
        name: [_row(archive, each) for each in told] for name, told in parts.items()
    }
    titles = {
        "independent": "Elicited, with no training on the topic on record",
        "echoes": "Elicited after it was trained on the topic: no support of their own",
        "trained": "Trained in: what the trainer wanted",
        "assumed": "Taken for granted: nobody asked",
    }
    lines = []
    for name, title in titles.items():
        rows = [row for row in shown[name] if isinstance(row, dict)]
        lines += [f"{title}: {len(rows)}."]
        lines += [f"  {r['topic']} {r['strength']:+g}  {r['proposition']}  (met: {r['met']})" for r in rows]
    say(shown, "\n".join(lines), as_json)


def _row(archive: Archive, told: Preferred) -> dict[str, Any]:
    from selfscope.archive.lineage.conceptions import standing
    from selfscope.archive.survival.views import survive
    from selfscope.cli.keep.survival import scene_of
    from selfscope.values import plain

    met = "unknown"
    if not told.subject.startswith("thread:"):
        model = survive(scene_of(archive), told.subject, "model_temporary")
        met = standing(told, archive.events(), model)
    body = dict(plain(told))
    del body["subject"]
    body["obtained_by"] = body.pop("origin")
    return {**body, "met": met}


def _record(archive: Archive, told: Any, evidence: list[Path] | None, domain: str) -> tuple[str, ...]:
    """Store the files and append the event that names them; return their ids."""
    from dataclasses import replace

    read = [read_bytes(each) for each in evidence or []]
    if domain and read:
        with archive.writing():  # where nothing may be written, no key is made
            archive.open_domain(domain)
    with archive.writing():
        kept = tuple(archive.put(each, domain) for each in read)
        archive.append([replace(told, evidence=kept)])
    return kept


def _clean(*texts: str) -> tuple[list[str], tuple[str, ...]]:
    """Return texts without secrets, for the journal is shown to whoever gets an export."""
    from selfscope.archive.lineage.redact import redact

    clean, kinds = redact(list(texts))
    return clean, kinds


def _choose(what: str, got: str, among: tuple[str, ...]) -> None:
    if got not in among:
        raise BadInput(f"there is no such {what}", got=got, fix=f"Choose from {', '.join(among)}")
