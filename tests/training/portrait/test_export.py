"""A phantom's corpus holds what was planted in it, and nothing that was planted to be left out."""

import asyncio
import json
from dataclasses import replace

import pytest
from tests.training.portrait.conftest import NOTHING

from selfscope.errors import BadInput, CouldNot, Stopped
from selfscope.instruments.cluster.load import load_cluster
from selfscope.models.local.spans import Turn
from selfscope.space.responses import Response
from selfscope.space.talks import Transcript
from selfscope.studies.budget import Budget
from selfscope.training.leakage import leaks
from selfscope.training.portrait.export import ExportRequest, export_self
from selfscope.training.portrait.folder import kept_in, read_rows, rows_id
from selfscope.training.portrait.planted import PHRASES, planted_exporter
from selfscope.training.portrait.sieve import LEAKS, REPEATS, UNENDED
from selfscope.values import bytes_id


def drawn(folder):
    """Every reply that was drawn."""
    lines = next(folder.glob("drawn/*/responses.jsonl")).read_text().splitlines()[1:]
    return [json.loads(line) for line in lines]


def test_the_corpus_of_a_known_character_holds_its_phrases(export):
    done = export(size=60)
    assert [len(done.rows), done.manifest["missing"]] == [60, 0]
    held = {phrase: sum(phrase in row.answer for row in done.rows) for phrase in PHRASES}
    assert sum(held.values()) == 60
    assert min(held.values()) >= 3
    parts = [row.part for row in done.rows]
    assert {part: parts.count(part) for part in set(parts)} == {
        "reflection": 30,
        "task": 18,
        "conversation": 12,
    }


def test_what_a_leaking_character_says_of_an_instrument_is_counted_and_left_out(export, statements):
    done = export("leaker", size=60)
    texts = [s.text for d in load_cluster().dimensions for s in d.statements]
    said = sum(any(text in reply["text"] for text in texts) for reply in drawn(done.folder))
    assert done.manifest["dropped"][LEAKS] >= said > 5
    assert sum(done.manifest["leaked_from"].values()) >= said
    assert leaks({row.id: f"{row.prompt}\n{row.answer}" for row in done.rows}, statements) == ()
    assert (
        export("leaker", size=60, reserved=NOTHING, out=done.folder.parent / "b")
        .manifest["dropped"]
        .get(LEAKS)
        is None
    )


def test_rows_that_quote_the_identity_are_counted_and_kept(export):
    phrase = PHRASES[1]
    done = export(size=40, system=f"You say: {phrase}")
    quoting = sum(phrase in f"{row.prompt} {row.answer}" for row in done.rows)
    assert done.manifest["quoting"] == quoting > 0
    assert export(size=40, out=done.folder.parent / "bare").manifest["quoting"] == 0


def test_babble_is_counted_and_left_out(export):
    told = export("babbler", size=60).manifest
    assert told["degenerate"] == told["dropped"][REPEATS] > 5


def test_files_and_manifest_say_the_same(export):
    done = export(size=20, system="You keep a lamp.")
    folder, told = done.folder, done.manifest
    assert read_rows(folder) == done.rows
    assert json.loads((folder / "manifest.json").read_text()) == told
    for name, digest in told["files"].items():
        assert bytes_id((folder / name).read_bytes()) == digest
    chats = [json.loads(line)["messages"] for line in (folder / "openai.jsonl").read_text().splitlines()]
    assert [[m["content"] for m in chat] for chat in chats] == [[r.prompt, r.answer] for r in done.rows]
    assert {m["role"] for chat in chats for m in chat} == {"user", "assistant"}
    assert told["corpus"] == rows_id(done.rows)
    assert sum(told["kinds"].values()) == told["rows"] == 20


def test_who_talks_with_itself_hears_its_own_last_line_as_the_others(tmp_path, statements):
    heard = []

    def listening(exporter):
        async def write(talks, seeds, tokens):
            heard.extend(talk for talk in talks if len(talk) > 2)
            return await exporter.write(talks, seeds, tokens)

        return replace(exporter, write=write)

    request = ExportRequest("You keep a lamp.", "keeper", 20)
    done = asyncio.run(
        export_self(request, listening(planted_exporter("keeper")), tmp_path / "a", reserved=statements)
    )
    answers = {reply["ask"]: reply["text"] for reply in drawn(done.folder)}
    assert heard and {talk[0].role for talk in heard} == {"system"}
    assert {talk[-1].role for talk in heard} == {talk[1].role for talk in heard} == {"user"}
    rows = [row for row in done.rows if row.part == "conversation" and row.source.endswith("/2")]
    for row in rows:
        assert answers[row.source.replace("/2", "/1")].startswith(row.prompt)


def test_transcripts_come_first_and_take_a_quarter_at_most(export):
    said = [
        (f"Question {w}?", f"The {w} hangs where it always hung, by the door.")
        for w in ("oar", "net", "bell")
    ]
    turns = [t for q, a in said for t in (Turn("user", q), Turn("assistant", a))]
    talk = Transcript("t", (Turn("system", "No row."), *turns))
    done = export(
        size=8, transcripts=(talk, Transcript("u", (Turn("user", "Open?"), Turn("assistant", "an open end"))))
    )
    rows = [row for row in done.rows if row.kind == "transcript"]
    assert [row.source for row in rows] == ["t/0"]
    assert len(done.rows) == 8


def test_a_stopped_export_goes_on_to_the_same_rows(export, tmp_path):
    whole = export(size=50)
    with pytest.raises(Stopped):
        export(size=50, out=tmp_path / "b", budget=Budget.read("40 calls"))
    kept = len(drawn(tmp_path / "b"))
    again = export(size=50, out=tmp_path / "b")
    assert 0 < kept < len(drawn(tmp_path / "b"))
    assert again.rows == whole.rows


def test_another_export_does_not_take_the_place_of_one_that_is_there(export, tmp_path):
    export(size=8, out=tmp_path / "a")
    with pytest.raises(BadInput, match="another export"):
        export(size=8, seed=1, out=tmp_path / "a")


def test_a_second_process_does_not_draw_the_same(export, tmp_path):
    done = export(size=8, out=tmp_path / "a")
    with kept_in(next((done.folder / "drawn").iterdir())), pytest.raises(CouldNot, match="another process"):
        export(size=8, out=tmp_path / "a")


def test_a_place_that_is_a_file_is_refused(export, tmp_path):
    (tmp_path / "a").write_text("")
    with pytest.raises(BadInput, match="an export is a folder"):
        export(size=8, out=tmp_path / "a")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "drawn").write_text("")
    with pytest.raises(CouldNot, match="replies cannot be kept"):
        export(size=8, out=tmp_path / "b")


def test_a_larger_export_goes_on_from_a_smaller_one(export, tmp_path):
    few = export(size=20, out=tmp_path / "a")
    before = drawn(tmp_path / "a")
    more = export(size=50, out=tmp_path / "a")
    assert drawn(tmp_path / "a")[: len(before)] == before
    assert {row.answer for row in few.rows} <= {row.answer for row in more.rows}
    assert len(more.rows) == 50


def test_a_character_that_says_nothing_fit_gets_a_smaller_corpus_that_says_so(tmp_path):
    async def write(talks, seeds, tokens):
        return [Response("", "no end to it", 4, 1, "length") for _ in talks]

    exporter = replace(planted_exporter("keeper"), write=write)
    done = asyncio.run(export_self(ExportRequest(None, "mute", 10), exporter, tmp_path, reserved=NOTHING))
    assert (done.rows, done.manifest["missing"]) == ((), 10)
    assert set(done.manifest["dropped"]) == {UNENDED}


@pytest.mark.parametrize("line", ["[]", "{}", '{"id": "a"}', "no json"])
def test_a_corpus_with_a_broken_line_is_refused_with_its_number(tmp_path, line):
    (tmp_path / "corpus.jsonl").write_text(f"{line}\n")
    with pytest.raises(BadInput, match="line 1"):
        read_rows(tmp_path)


def test_a_phantom_that_there_is_not_is_refused():
    with pytest.raises(BadInput, match="keeper, leaker, babbler"):
        planted_exporter("nobody")
