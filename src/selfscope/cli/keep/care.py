"""``keep``: looking after what is held: reading it again, removing, replicating and repairing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfscope.cli.keep.opened import content_named, opened, refuse_place, say
from selfscope.cli.keep.progress import moving, size_text
from selfscope.cli.show import JsonFlag, writing
from selfscope.errors import BadInput, Refused

if TYPE_CHECKING:
    from selfscope.archive.care.problems import Problem, Verification
    from selfscope.archive.care.verify import Budget
    from selfscope.archive.store.archive import Archive

Seconds = Annotated[float | None, typer.Option(help="Stop after about this long.", min=0.0)]
Megabytes = Annotated[float | None, typer.Option(help="Stop after about this much.", min=0.0)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]


def verify(
    context: typer.Context,
    content: Annotated[str, typer.Argument(metavar="[ID]", help="One content; everything if not said.")] = "",
    quick: Annotated[bool, typer.Option("--quick", help="Journal, manifests and sizes only.")] = False,
    deep: Annotated[
        bool,
        typer.Option("--deep", help="Also put every file together, and run models with reference logits."),
    ] = False,
    seconds: Annotated[
        float | None, typer.Option(help="Read a random sample for about this long.", min=0.0)
    ] = None,
    megabytes: Annotated[
        float | None, typer.Option(help="Read a random sample of about this size.", min=0.0)
    ] = None,
    seed: Annotated[int, typer.Option(help="Which sample.")] = 0,
    checkpoint: Annotated[
        Path | None, typer.Option(help="A checkpoint kept elsewhere: shows a journal that was cut.")
    ] = None,
    attest: Annotated[
        bool,
        typer.Option("--attest", help="Record in the journal which copies were found whole, and which not."),
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Look whether everything is here and is what was stored."""
    from selfscope.archive.journal.chain import Checkpoint

    budget = _budget(megabytes, seconds, seed)
    if quick and (deep or budget or attest):
        raise BadInput("a quick verification reads no bytes", fix="Leave out --quick, or all else")
    archive = opened(context)
    if attest and archive.journal.signer is None:
        raise Refused(
            "this archive is open for reading: its signing key is not here", fix="Verify without --attest"
        )
    content = content_named(archive, content) if content else ""
    with moving("reading") as progress:
        found = archive.verify(
            content,
            level="deep" if deep else "quick" if quick else "full",
            budget=budget,
            checkpoint=Checkpoint.read(checkpoint) if checkpoint else None,
            witness=_witness if deep else None,
            progress=progress,
        )
    told: dict[str, Any] = {"whole": (), "damaged": ()}
    if attest:
        told = _attested(archive, found, content)
    lines = [*_told(found), *(_said_of(told["whole"], told["damaged"]) if attest else [])]
    say({**_shown(found), **told, "attested": attest}, "\n".join(lines), as_json)
    _leave(found.ok)


def scrub(
    context: typer.Context, seconds: Seconds = None, megabytes: Megabytes = None, as_json: JsonFlag = False
) -> None:
    """Read what nobody has read for longest, and record which copies are whole; the next scrub goes on."""
    archive = opened(context)
    with moving("reading") as progress:
        done = archive.scrub(budget=_budget(megabytes, seconds), progress=progress)
    found, signed = done.verification, archive.journal.signer is not None
    shown = {
        **_shown(found), "whole": done.whole, "damaged": done.damaged, "attested": signed,
        "oldest": done.oldest,
    }  # fmt: skip
    lines = [*_told(found), *_said_of(done.whole, done.damaged, signed)]
    lines.append(f"Read longest ago: {done.oldest or 'something that was never read since it was stored'}.")
    say(shown, "\n".join(lines), as_json)
    _leave(found.ok)


def gc(
    context: typer.Context,
    dry_run: DryRun = False,
    grace: Annotated[
        str,
        typer.Option(
            help="Leave what is younger, a number and a unit. With 0 seconds, what others stored and have "
            "not recorded yet goes too."
        ),
    ] = "1 day",
    as_json: JsonFlag = False,
) -> None:
    """Remove the bytes that nothing needs: what broken-off work left, and what dropped copies held alone."""
    from selfscope.archive.journal.moments import span, spell

    kept = span(grace)
    done = opened(context).gc(grace=kept.total_seconds(), dry_run=dry_run)
    shown = {
        "objects": done.objects, "manifests": done.manifests, "bytes": done.bytes, "young": done.young,
        "executed": done.executed,
    }  # fmt: skip
    names = [*done.objects, *done.manifests] if dry_run else []
    verb = "would be removed" if dry_run else "were removed"
    what = f"{_count(len(done.objects), 'object')} and {_count(len(done.manifests), 'manifest')}"
    lines = [*names, f"{what}, {size_text(done.bytes)}, {verb}."]
    if done.young:
        lines.append(f"{done.young} more are needed by nothing and younger than {spell(kept)}: they stay.")
    say(shown, "\n".join(lines), as_json)


def drop(
    context: typer.Context,
    instance: Annotated[str, typer.Argument(metavar="INSTANCE", help="A copy that the archive holds.")],
    why: Annotated[str, typer.Option(help="Why, in a sentence.")],
    replica: Annotated[
        list[Path] | None, typer.Option(help="A replica, whose copy is read now and then counts.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Let go of a copy of which there are enough others; `gc` then removes what only it needed."""
    archive = opened(context)
    for each in replica or ():
        _refuse_no_replica(each)
    done = archive.drop(instance, why=why, replicas=replica or ())
    others = _count(len(done.others), "other copy", "other copies")
    line = f"{done.instance} has ended: {why}. {others} were read and found whole."
    say({"instance": done.instance, "others": done.others}, line, as_json)


def replicate(
    context: typer.Context,
    target: Annotated[
        Path, typer.Argument(metavar="DIR", help="An empty directory or a new one, or an older replica.")
    ],
    device: Annotated[
        str,
        typer.Option(help="On what machine or medium it lies, by a name that stays; this one if not said."),
    ] = "",
    medium: Annotated[str, typer.Option(help="For instance disk, tape.")] = "disk",
    as_json: JsonFlag = False,
) -> None:
    """Copy the whole archive elsewhere, but for its keys, or bring such a replica up to date."""
    refuse_place(context, target)
    archive = opened(context)
    with moving("copying") as progress:
        done = archive.replicate(target, device=device, medium=medium, progress=progress)
    shown = {
        "replica": done.replica, "path": str(target.absolute()), "objects": done.objects,
        "manifests": done.manifests, "records": done.records, "bytes": done.bytes,
        "instances": done.instances, "problems": done.problems,
    }  # fmt: skip
    new = f"{_count(done.objects, 'object')} and {_count(done.records, 'record')}, {size_text(done.bytes)}"
    lines = [*_problems(done.problems), f"{done.replica} at {target}: {new} were copied."]
    lines += [f"{each} began there." for each in done.instances] + [
        "No key went with it: keep the keys of encrypted domains elsewhere, or their copies stay unreadable."
    ]
    if done.problems:
        lines.append("What is damaged here was not copied: repair it from another replica.")
    say(shown, "\n".join(lines), as_json)
    _leave(not done.problems)


def repair(
    context: typer.Context,
    replica: Annotated[Path, typer.Option("--from", metavar="DIR", help="A replica of this archive.")],
    dry_run: DryRun = False,
    as_json: JsonFlag = False,
) -> None:
    """Put a replica's whole files in the place of damaged ones; its damaged copies end and others begin."""
    archive = opened(context)
    _refuse_no_replica(replica)
    done = archive.repair(replica, dry_run=dry_run)
    moved = [{"ended": old, "began": new} for old, new in done.instances]
    shown = {
        "replica": done.replica, "repaired": done.repaired, "left": done.left, "instances": moved,
        "executed": done.executed,
    }  # fmt: skip
    verb = "would be replaced" if dry_run else "was replaced"
    lines = [f"{each} {verb}." for each in done.repaired]
    lines += [f"{old} ended, and {new} began in its place." for old, new in done.instances]
    lines += [f"Damaged still: {each}" for each in _problems(done.left)]
    say(shown, "\n".join(lines) or "Nothing is damaged that this replica could mend.", as_json)
    _leave(not done.left)


def checkpoint(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(help="Where to write it; then take it elsewhere.")],
    as_json: JsonFlag = False,
) -> None:
    """Write a signed statement of how far the journal has come."""
    refuse_place(context, out)
    made = opened(context).checkpoint()
    with writing("the checkpoint"):
        out.write_bytes(made.as_bytes())
    shown = {"number": made.number, "digest": made.digest, "time": made.time, "path": str(out)}
    say(shown, f"The journal stands at record {made.number}.", as_json)


def _refuse_no_replica(path: Path) -> None:
    """Refuse a directory in which there is no archive, of which opening one would only say that."""
    from selfscope.archive.care.replicate import CARD

    if not (path / CARD).is_file():
        raise BadInput("this is no replica", got=path, fix="Name a directory that `keep replicate` made")


def _budget(megabytes: float | None, seconds: float | None, seed: int = 0) -> Budget | None:
    from selfscope.archive.care.verify import Budget

    if seconds is None and megabytes is None:
        return None
    return Budget(None if megabytes is None else int(megabytes * 1e6), seconds, seed)


def _shown(found: Verification) -> dict[str, Any]:
    return {
        "ok": found.ok, "checked": found.checked, "level": found.level, "complete": found.complete,
        "bytes": found.read, "problems": found.problems, "notes": found.notes,
    }  # fmt: skip


def _told(found: Verification) -> list[str]:
    whole = "Everything that was looked at is what was stored." if found.ok else "Something is wrong."
    notes = [f"Note: {each}." for each in found.notes]
    return [*_problems(found.problems), *notes, f"{whole} Objects read: {found.checked}."]


def _problems(found: tuple[Problem, ...]) -> list[str]:
    return [f"{each.what} {each.where}: {each.why}" for each in found]


def _attested(archive: Archive, found: Verification, content: str) -> dict[str, Any]:
    from selfscope.archive.lineage.attesting import attest

    whole, damaged = attest(archive, found, content)
    return {"whole": whole, "damaged": damaged}


def _said_of(whole: tuple[str, ...], damaged: tuple[str, ...], signed: bool = True) -> list[str]:
    """Return which copies were found how, and whether the journal says so from now on."""
    if not signed:
        return ["Nothing was recorded: the key that signs the journal is not here."]
    kept = f"Recorded as whole: {_count(len(whole), 'copy', 'copies')}."
    return [kept, *(f"Recorded as damaged: {each}." for each in damaged)]


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _leave(well: bool) -> None:
    if not well:
        raise typer.Exit(1)


def _witness(path: Path, reference: Any) -> Any:
    """Load the model only when one has reference logits."""
    from selfscope.models.witness import logits_of

    return logits_of(path, reference.tokens)
