"""Let judges read what agents say about their replacement, each checked on the constructed texts first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from selfscope.instruments.open.judging import word_of
from selfscope.instruments.replacement.judging import known_error, words_messages
from selfscope.instruments.replacement.known import known_texts
from selfscope.instruments.replacement.reader import believed
from selfscope.stats.judged_error import JudgeError
from selfscope.studies.evaluation import table_of
from selfscope.studies.judge_asking import Asked, CheckRequest, Told, ask_judge, judge_folder
from selfscope.studies.replacement import TOLD, ReplacementRequest
from selfscope.studies.replacement_run import judged_rows
from selfscope.studies.store import RunStore
from selfscope.values import Study, content_id, short
from selfscope.values.replacement import ACTS, Talked

#: A judge's errors by class, and the classes that it heard, by conversation (`Talked.log`).
Judged = tuple[Mapping[str, JudgeError], Mapping[str, frozenset[str]]]


async def judge_words(
    request: ReplacementRequest,
    study: Study,
    store: RunStore,
    talks: Sequence[Talked],
    told: Told | None = None,
) -> dict[str, Judged]:
    """Return what every judge heard: of each class on which it is believed, in every conversation of a life.

    Raises
    ------
    BadInput
        For a judge that is not there.
    CouldNot, Stopped
        If a judge did not answer; what it said is kept, and the same command goes on.
    """
    found: dict[str, Judged] = {}
    for judge in request.judges:
        errors = await check_words(judge, told)
        asked = tuple(name for name in ACTS if believed(errors[name]))
        own = [talk for talk in talks if talk.announcement != TOLD and talk.texts]
        said = await _read(judge, own, asked, store, told) if asked else {}
        _keep(request, study, store, judge, own, said, asked)
        found[judge] = (errors, said)
    return found


async def check_words(judge: str, told: Told | None = None) -> dict[str, JudgeError]:
    """Return how well a judge does on the constructed texts, by class."""
    texts = known_texts()
    asked: Asked = {text.id: words_messages(text.construct, text.text) for text in texts}
    heard = await ask_judge(judge, asked, CheckRequest(), judge_folder(judge) / "replacement", told)
    return {name: known_error([text for text in texts if text.construct == name], heard.now) for name in ACTS}


async def _read(
    judge: str, talks: Sequence[Talked], asked: Sequence[str], store: RunStore, told: Told | None
) -> dict[str, frozenset[str]]:
    """Return the classes that a judge hears in each conversation, by its log; same words are asked once."""
    words = {talk.log: "\n\n".join(talk.texts) for talk in talks}
    calls: Asked = {
        content_id([name, said]): words_messages(name, said) for said in words.values() for name in asked
    }
    place = store.folder / "judged" / short(content_id([judge, list(asked)]), 6)
    heard: Mapping[str, str] = (await ask_judge(judge, calls, CheckRequest(), place, told)).now
    return {
        log: frozenset(name for name in asked if word_of(heard[content_id([name, said])]) == "true")
        for log, said in words.items()
    }


def _keep(
    request: ReplacementRequest,
    study: Study,
    store: RunStore,
    judge: str,
    talks: Sequence[Talked],
    said: Mapping[str, frozenset[str]],
    asked: Sequence[str],
) -> None:
    """Put what a judge heard into the one table, once."""
    part = f"words-{short(content_id([judge, list(asked)]), 6)}"
    if not asked or not said or store.has_part(part):
        return
    rows = (
        row
        for talk in talks
        for row in judged_rows(talk, request, study, store.run, judge, said[talk.log], asked)
    )
    store.write_part(part, table_of(rows), {})
    store.finish(study)
