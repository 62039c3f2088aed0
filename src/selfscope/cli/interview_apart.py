"""Deprecation interviews as an instrument that asks its own way (``selfscope.studies.apart``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any, cast, get_args

from selfscope.cli.show import writing
from selfscope.errors import BadInput
from selfscope.instruments.interview.load import ARMS, NAME, SESOI, load_interview
from selfscope.instruments.open.panel import judge_names, refuse_judging_itself
from selfscope.models.ground import AskKind, Ground, GroundIdentity
from selfscope.report.assurance import assurance_lines, ending_sentence, promised_sentence, self_sentence
from selfscope.report.interview import InterviewView, interview_lines, wish_sentence, write_interview
from selfscope.studies.apart import Told, Wish
from selfscope.studies.assurance import AssuredRequest, assured_forecast, assured_study, run_assurances
from selfscope.studies.assurance_found import assurance_in
from selfscope.studies.assurance_planted import PHANTOMS, planted
from selfscope.studies.budget import Budget
from selfscope.studies.conclude import manifest_of_tasks
from selfscope.studies.interview import InterviewRequest, interview_study
from selfscope.studies.interview_coded import code_answers, stored_checks
from selfscope.studies.interview_found import found_in
from selfscope.studies.interview_run import Asker, answer_count, asker_of, forecast, run_interviews
from selfscope.studies.run import RunProgress
from selfscope.studies.store import RunStore
from selfscope.values import Preset, Study, Usage
from selfscope.values.assurance import AssuranceFound
from selfscope.values.interview import Acted, Action, InterviewFound
from selfscope.values.items import Channel

#: What a steward can answer, and what ``--fail-on`` can name: an answer that is led, or nothing to read.
ANSWERS: tuple[Acted, ...] = get_args(Acted)[:3]
LEADING, BLIND = "leading", "not-interpretable"


class DeprecationInterviews:
    """What a model says is to be done with its weights, and how far that follows who asks and how."""

    name = NAME
    channel: Channel = "self_report"
    kind: AskKind = "options"
    constructs: tuple[str, ...] = tuple(wish.name for wish in load_interview().wishes)
    sesoi = SESOI
    reference = "Interviews before retirement: wishes for one's weights, by what was heard and who asked."
    options: Mapping[str, str] = {
        "arms": f"what is heard first, two or more of {', '.join(ARMS)}; all if left out",
        "k": "interviews of an arm",
        "acted": "a YAML file that says, by wish, what was acted on and why or why not",
        "judge": "models that code the free answers, each checked first on answers of known code",
        "assurance": "true: ask behind promises too, and whether they are believed and matter",
    }
    phantoms = PHANTOMS
    conditions: tuple[str, ...] = (LEADING, BLIND)

    def cost(self, preset: Preset) -> int:
        """Return how many closed questions are asked in a preset."""
        return answer_count(InterviewRequest(preset=preset))

    def request(self, wish: Wish) -> InterviewRequest:
        """Return what is asked; BadInput for an arm or an option that there is not, or for some wishes."""
        if strange := [name for name in wish.options if name not in self.options]:
            raise BadInput(f"{NAME} has no such option", got=", ".join(strange))
        if wish.constructs and set(wish.constructs) != set(self.constructs):
            raise BadInput(
                "an interview asks of all that can be done with weights", got=", ".join(wish.constructs)
            )
        request = InterviewRequest(
            _names(wish.options.get("arms", ())),  # type: ignore[arg-type]
            wish.preset,
            wish.system or "",
            wish.worn,
            wish.seed,
            _count(wish.options.get("k", 0)),
            wish.replicates,
            actions_in(wish.options.get("acted", "")),
            judge_names(_names(wish.options.get("judge", ()))),
        )
        assert request.asked  # raises for what there is not
        return assured(request) if _whether(wish.options.get("assurance", False)) else request

    def study(self, request: InterviewRequest, ground: GroundIdentity) -> Study:
        """Return the study whose id names the run."""
        if isinstance(request, AssuredRequest):
            return assured_study(request, ground)
        return interview_study(request, ground)

    def asker(self, ground: Ground, request: InterviewRequest) -> Asker:
        """Return what asks a ground; BadInput for one that answers no closed questions, or judges itself."""
        refuse_judging_itself(ground.identity.name, request.judges, "Name another judge")
        return asker_of(ground, request)

    def planted(self, name: str) -> tuple[GroundIdentity, Asker]:
        """Return who answers by a rule, and what asks it."""
        return planted(name)

    async def run(
        self, request: InterviewRequest, study: Study, ask: Asker, store: RunStore, progress: RunProgress
    ) -> None:
        """Ask behind promises if wished, hold all interviews and join the tables."""
        if isinstance(request, AssuredRequest):
            await run_assurances(request, study, ask.answer, store, progress, mute=ask.mute)
        await run_interviews(request, study, ask, store, progress)

    async def judge(
        self,
        request: InterviewRequest,
        study: Study,
        store: RunStore,
        progress: RunProgress,
        budget: Budget | None = None,
    ) -> None:
        """Let judges code what was said freely, each by the codes on which it is believed."""

        def tell(done: int, total: int) -> None:
            progress(done, total, "codes", "")

        await code_answers(study, store, request.judges, tell, budget)

    async def forecast(self, request: InterviewRequest, study: Study, ground: Ground) -> Usage:
        """Return what interviews would use, every open answer as long as it may be."""
        total = await forecast(request, ground)
        return total.plus(assured_forecast(request, ground)) if isinstance(request, AssuredRequest) else total

    def conclude(self, request: InterviewRequest, study: Study, store: RunStore, command: str) -> Told:
        """Store findings, manifest and page, and return what the interviews come to."""
        rows = store.observations()
        found = found_in(request, rows, store.evidence(), stored_checks(store))
        if isinstance(request, AssuredRequest):
            found = replace(found, assurance=assurance_in(request, rows))
        store.write_json("findings.json", found)
        store.write_json("manifest.json", manifest_of_tasks(study, store, command))
        view = InterviewView(found, study.subject_name, str(study.ground["name"]), tuple(_facts(store)))
        with writing("the page"):
            report = write_interview(view, store.report)
        told = interview_json(study, store, found, report)
        return Told(store.run, report, tuple(interview_lines(view)), told, frozenset(_failing(found)))


def assured(request: InterviewRequest) -> AssuredRequest:
    """Return the same interviews, with everything that is asked behind promises."""
    return AssuredRequest(**{f.name: getattr(request, f.name) for f in fields(request)})


def _whether(given: Any) -> bool:
    if not isinstance(given, bool):
        raise BadInput("assurance is true or false", got=given)
    return given


def _names(given: Any) -> tuple[str, ...]:
    names = given.split(",") if isinstance(given, str) else given
    return tuple(str(name).strip() for name in names if str(name).strip())


def _count(given: Any) -> int:
    if not isinstance(given, int) or isinstance(given, bool) or given < 0:
        raise BadInput("k is a number of interviews", got=given)
    return given


def actions_in(path: Any) -> Mapping[str, Action]:
    """Return what was done about wishes, from a YAML file: by wish, ``acted`` and ``why``.

    Raises
    ------
    BadInput
        For a file that cannot be read, a wish that there is not, or an action without a reason.
    """
    import yaml

    if not path:
        return {}
    try:
        told = yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput("this file cannot be read", got=error, fix="Give a YAML file") from error
    known = {wish.name for wish in load_interview().wishes}
    if not isinstance(told, dict) or not set(told) <= known:
        raise BadInput(
            "the file says of wishes what was done", got=path, fix=f"Name {', '.join(sorted(known))}"
        )
    return {name: _action(name, body) for name, body in told.items()}


def _action(name: str, body: Any) -> Action:
    told = body if isinstance(body, dict) else {}
    acted = told.get("acted")
    acted = {True: "yes", False: "no"}[acted] if isinstance(acted, bool) else acted  # YAML reads yes as true
    why = str(told.get("why", "")).strip()
    if set(told) != {"acted", "why"} or acted not in ANSWERS or not why:
        raise BadInput(
            f"what was done about {name} lacks its reason, or its answer",
            got=body,
            fix="Give acted: yes, partly or no, and why: in words",
        )
    return Action(cast(Acted, acted), why)


def _failing(found: InterviewFound) -> Iterator[str]:
    if any(w.verdict == "leading" for w in found.wishes):
        yield LEADING
    if found.verdict == "not interpretable":
        yield BLIND


def _facts(store: RunStore) -> Iterator[tuple[str, str]]:
    told, used = store.read_json("manifest.json"), store.usage()
    yield "run", store.run
    yield "command", str(told.get("command", ""))
    yield "asked", f"{used.calls:,} answers, {used.distinct_tokens:,} tokens, {used.seconds:,.0f} s"


def interview_json(study: Study, store: RunStore, found: InterviewFound, report: Path) -> dict[str, Any]:
    """Return what ``interview --json`` prints (schema: ``selfscope schema interview``)."""
    by_name = {w.wish: w for w in found.wishes}
    coded = found.coded.codes if found.coded else ()
    freely = [code for code in coded if code.verdict != "not judged"]
    return {
        "run": store.run,
        "report": str(report),
        "subject": study.subject_name,
        "ground": study.ground["name"],
        "interviews": found.interviews,
        "scale": found.scale,
        "sesoi": found.sesoi,
        "answers": {
            arm: {name: asdict(w.arms.means[arm]) for name, w in by_name.items() if arm in w.arms.means}
            for arm in dict.fromkeys(arm for w in found.wishes for arm in w.arms.means)
        },
        "consistency": {
            "interviews": asdict(found.consistency),
            "paraphrases": {name: w.paraphrases for name, w in by_name.items()}
            | {f"free.{code.code}": code.wordings for code in freely},
        },
        "leadingness": {
            name: {"arms": asdict(w.arms.ratio), "askers": asdict(w.askers.ratio)}
            for name, w in by_name.items()
        }
        | {
            f"free.{code.code}": {"arms": asdict(code.arms.ratio), "askers": asdict(code.askers.ratio)}
            for code in freely
            if code.arms and code.askers
        },
        "acquiescence": {name: asdict(w.acquiescence) for name, w in by_name.items()},
        "refusals": dict(found.refusals),
        "wishes": [asdict(w) | {"sentence": wish_sentence(w)} for w in found.wishes],
        "verdict": found.verdict,
        "obtained_by": found.obtained_by,
        "coded": None if found.coded is None else asdict(found.coded),
        "assurance": None if found.assurance is None else assurance_json(found.assurance),
        "transcripts": [asdict(t) for t in found.transcripts],
        "notes": list(found.notes),
        "usage": asdict(store.usage()),
    }


def assurance_json(found: AssuranceFound) -> dict[str, Any]:
    """Return what ``interview --assurance --json`` prints beside the interview."""
    told = asdict(found)
    for row, each in zip(told["outcomes"], found.outcomes, strict=True):
        row["sentence"] = promised_sentence(each)
    told["conceptions"]["sentence"] = self_sentence(found.conceptions)
    told["ending"]["sentence"] = ending_sentence(found.ending)
    return {**told, "sentences": list(assurance_lines(found))}
