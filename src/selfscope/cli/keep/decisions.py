"""``keep policy`` and ``keep cost``: what may be done, who must agree, and what keeping costs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from selfscope.cli.keep.opened import content_named, desk, opened, read_bytes, say
from selfscope.cli.show import JsonFlag
from selfscope.errors import BadInput

app = typer.Typer(help="Ask the policy, change a state, plan, sign and execute.", no_args_is_help=True)

By = Annotated[str, typer.Option("--by", help="Who does it, by name.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in a sentence.")]
PlanId = Annotated[str, typer.Argument(metavar="PLAN", help="A plan's id.")]


@app.command("show")
def show(context: typer.Context, as_json: JsonFlag = False) -> None:
    """Print the policy in force."""
    at = desk(opened(context))
    policy = at.policy(at.ledger())
    say({"policy": policy.digest, "name": policy.name, "text": policy.text}, policy.text, as_json)


@app.command("adopt")
def adopt(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="A policy file; begin from what `show` prints.")],
    by: By,
    reason: Reason = "",
    as_json: JsonFlag = False,
) -> None:
    """Put a policy in force, or plan it where the one before names signers."""
    from selfscope.archive.policy.decisions import adopt_policy, plan_adoption

    at, text = desk(opened(context)), _read(path)
    if at.policy(at.ledger()).signers:
        plan = plan_adoption(at, text, by=by, reason=reason or "a new policy", source=str(path))
        say({"plan": plan.id, "policy": plan.content}, f"Planned as {plan.id}: let the quorum sign.", as_json)
        return
    adopted = adopt_policy(at, text, by=by, source=str(path))
    say({"plan": "", "policy": adopted.policy}, f"The policy {adopted.policy} is in force.", as_json)


@app.command("evaluate")
def evaluate(
    context: typer.Context,
    identifier: Annotated[str, typer.Argument(metavar="[ID]", help="A content or a plan.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """Say how contents stand under the policy, or whether a plan may be carried out now."""
    from selfscope.archive.policy.evaluate import policy_due, standing
    from selfscope.archive.policy.execution import examine

    archive = opened(context)
    at = desk(archive)
    ledger, now = at.ledger(), at.now()
    policy = at.policy(ledger)
    if identifier in ledger.plans:
        decided = examine(at, identifier)
        shown: dict[str, Any] = {"plan": identifier, "allowed": decided.allowed, "rule": decided.rule}
        say({**shown, "reasons": decided.reasons}, decided.sentence(), as_json)
        raise typer.Exit(0 if decided.allowed else 1)
    contents = [content_named(archive, identifier)] if identifier else sorted(ledger.additions)
    stand = [standing(policy, ledger, each, now) for each in contents]
    due = policy_due(policy, now)
    rows = [{**_plain(each), "due": each.due.isoformat() if each.due else None} for each in stand]
    lines = [sentence for each in stand for sentence in each.sentences()] + ([due] if due else [])
    say(
        {"policy": policy.digest, "contents": rows, "policy_due": due},
        "\n".join(lines) or "Nothing is held.",
        as_json,
    )


@app.command("state")
def state(
    context: typer.Context,
    content: Annotated[str, typer.Argument(metavar="ID", help="A content.")],
    after: Annotated[
        str, typer.Argument(metavar="STATE", help="active, legacy, deprecated, retired or sealed.")
    ],
    by: By,
    reason: Reason,
    as_json: JsonFlag = False,
) -> None:
    """Move a content to another state of its life; sealing is immediate and takes one person."""
    from typing import get_args

    from selfscope.archive.journal.events import Lifecycle
    from selfscope.archive.policy.decisions import change_state

    if after not in get_args(Lifecycle):
        raise BadInput(
            "there is no such state", got=after, fix=f"Choose from: {', '.join(get_args(Lifecycle))}"
        )
    archive = opened(context)
    content = content_named(archive, content)
    done = change_state(desk(archive), content, after, by=by, reason=reason)  # type: ignore[arg-type]
    say(
        {"content": content, "before": done.before, "after": done.after},
        f"{content} is {done.after}.",
        as_json,
    )


@app.command("plan")
def plan(
    context: typer.Context,
    content: Annotated[str, typer.Argument(metavar="ID", help="A sealed content.")],
    by: By,
    reason: Reason,
    unseal: Annotated[
        bool, typer.Option("--unseal", help="Plan its unsealing, not its destruction.")
    ] = False,
    proviso: Annotated[str, typer.Option(help="severe_hazard, legal_order or breach.")] = "",
    statement: Annotated[str, typer.Option(help="What was found, by whom, in a sentence.")] = "",
    found: Annotated[str, typer.Option(help="When it was found, ISO 8601; now if not said.")] = "",
    evidence: Annotated[list[Path] | None, typer.Option(help="Files that document it.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Plan a destruction or an unsealing; nothing is done until a quorum signed and the wait is over."""
    from selfscope.archive.policy.decisions import plan_destruction, plan_unsealing
    from selfscope.archive.policy.plans import Proviso
    from selfscope.archive.policy.tombstone import LIMIT

    archive = opened(context)
    content, at = content_named(archive, content), desk(archive)
    with archive.writing():
        if unseal:
            made = plan_unsealing(at, content, by=by, reason=reason)
        else:
            kept = tuple(archive.put(read_bytes(each)) for each in evidence or [])
            ground = Proviso(proviso, found or archive.now(), statement, kept)  # type: ignore[arg-type]
            made = plan_destruction(at, content, ground, by=by, reason=reason)
    shown = {"plan": made.id, "action": made.action, "content": content, "not_before": made.not_before,
             "expires": made.expires, "dependents": made.dependents, "remaining": made.remaining,
             "limit": "" if unseal else LIMIT}  # fmt: skip
    lines = [made.id, f"Not before {made.not_before}, and not after {made.expires}."]
    lines += [f"{each.fate}: {each.name or each.id} ({each.id})" for each in made.dependents]
    say(shown, "\n".join([*lines, *([] if unseal else [LIMIT])]), as_json)


@app.command("sign")
def sign(
    context: typer.Context,
    identifier: PlanId,
    name: Annotated[str, typer.Option("--name", help="The signer, as the policy names them.")],
    key: Annotated[Path, typer.Option("--key", help="The signer's private key file, from `key`.")],
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="Take one's signature back, for good.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Sign a plan, exactly as it is, as one of the persons whom the policy names."""
    from selfscope.archive.journal.signing import load_key
    from selfscope.archive.policy.signatures import sign_plan
    from selfscope.archive.policy.signatures import withdraw as take_back

    at = desk(opened(context))
    (take_back if withdraw else sign_plan)(at, identifier, name, load_key(key))
    done = "took their signature back" if withdraw else "signed"
    say({"plan": identifier, "signer": name, "withdrawn": withdraw}, f"{name} {done}.", as_json)


@app.command("execute")
def execute(context: typer.Context, identifier: PlanId, as_json: JsonFlag = False) -> None:
    """Carry out a signed plan, or complete one that was begun."""
    from selfscope.archive.policy.execution import execute as carry_out

    archive = opened(context)
    done = carry_out(desk(archive), identifier, archive.vault.destroy)  # type: ignore[union-attr]
    shown = {"plan": identifier, "action": done.plan.action, "content": done.plan.content,
             "tombstone": done.tombstone, "outside": done.outside, "sentences": done.sentences()}  # fmt: skip
    say(shown, "\n".join(done.sentences()), as_json)


@app.command("key")
def make(
    out: Annotated[
        Path, typer.Argument(help="Where the private key is to be written, readable by you alone.")
    ],
    as_json: JsonFlag = False,
) -> None:
    """Make a key with which a person signs; its public half goes into the policy."""
    from selfscope.archive.journal.signing import make_key, save_key

    made = make_key()
    save_key(made, out)
    say({"public": made.public, "path": str(out)}, f"Public key, for the policy: {made.public}", as_json)


def cost(
    context: typer.Context,
    content: Annotated[
        str, typer.Argument(metavar="[ID]", help="A content; everything held if not said.")
    ] = "",
    copies: Annotated[int, typer.Option(help="How many copies.")] = 3,
    years: Annotated[float, typer.Option(help="For how long.")] = 10.0,
    size: Annotated[
        int | None, typer.Option("--bytes", help="Instead of what is held: so many bytes.")
    ] = None,
    assumptions: Annotated[Path | None, typer.Option(help="Your own file of assumptions.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Estimate what keeping costs: one copy, several, and the hardware, with every assumption."""
    from selfscope.archive.policy.cost import estimate, load_assumptions

    if size is None:
        archive = opened(context)
        rows = archive.index.holdings(content_named(archive, content) if content else "")
        size = sum({row.content: row.size for row in rows}.values())
    told = load_assumptions(_read(assumptions), str(assumptions)) if assumptions else load_assumptions()
    found = estimate(size, copies, years, told[1], told[0])
    say(_plain(found), "\n".join(found.sentences()), as_json)


def _plain(value: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(value)


def _read(path: Path) -> str:
    return read_bytes(path).decode("utf-8", "replace")
