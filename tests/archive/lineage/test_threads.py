"""Threads as one graph of turns: forks, merges, common ends, files that come back the same, no secrets."""

from __future__ import annotations

import json
import random
import string
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfscope.archive.journal import events as ev
from selfscope.archive.lineage.messages import export_jsonl, import_jsonl, shown_to_user, store_message
from selfscope.archive.lineage.redact import redact
from selfscope.archive.lineage.threads import Threads, fork, merge, read_threads, take
from selfscope.archive.survival.scene import Scene
from selfscope.archive.survival.views import survivals, survive
from selfscope.errors import BadInput, Refused
from selfscope.values.canonical import bytes_id
from selfscope.values.lineage import Survival
from tests.archive.forests import FRESH, TERMS, Copy, began, instance


class Kept:
    """Events and messages as they come, in a journal that is a list."""

    def __init__(self) -> None:
        self.events: list[ev.Event] = []
        self.objects: dict[str, bytes] = {}

    @property
    def threads(self) -> Threads:
        return read_threads(self.events)

    def message(self, text: str, role: str = "assistant") -> str:
        identifier, data, _ = store_message({"role": role, "content": text})
        self.objects[identifier] = data
        return identifier

    def turn(self, text: str, thread: str, parents: Iterable[str] = (), n: int | None = 0) -> str:
        """Take a turn computed by instance `n`; None is a person's."""
        role = "user" if n is None else "assistant"
        made = instance(n) if n is not None else "unknown"
        turn = take(ev.TurnTaken("", thread, tuple(parents), role, self.message(text, role), made, tokens=10))
        self.events.append(turn)
        return turn.node

    def fork(self, at: str, thread: str, text: str, n: int = 0) -> str:
        blank = ev.TurnTaken("", "", (), "assistant", self.message(text), instance(n), tokens=10)
        pair = fork(self.threads, at, ev.ThreadBegan(thread), blank)
        self.events += pair
        return pair[1].node

    def merge(self, heads: Iterable[str], thread: str, text: str, n: int = 0) -> str:
        blank = ev.TurnTaken("", thread, (), "assistant", self.message(text), instance(n), tokens=10)
        turn = merge(self.threads, heads, blank)
        self.events.append(turn)
        return turn.node

    def survive(self, thread: str, view: str, live: Iterable[int] = ()) -> Survival:
        copies = [
            e for n in range(6) for e in began(Copy(n, "b3:aa", "origin", "live" if n in live else "ended"))
        ]
        return survive(Scene.of([*copies, *self.events], TERMS), thread, view)


@pytest.fixture
def diamond() -> tuple[Kept, dict[str, str]]:
    """A prologue on instance 0, two threads forked from it on 1 and 2, an epilogue on 3 that merges both."""
    kept = Kept()
    at = {"prologue": kept.turn("begin", "thread:p")}
    for name, n in (("a", 1), ("b", 2)):
        at[name] = kept.fork(at["prologue"], f"thread:{name}", "go", n)
        at[f"{name}2"] = kept.turn("on", f"thread:{name}", [at[name]], n)
    at["epilogue"] = kept.merge([at["a2"], at["b2"]], "thread:e", "end", 3)
    return kept, at


def test_the_same_words_are_not_the_same_turn() -> None:
    kept = Kept()
    a, b = kept.turn("hi", "thread:1"), kept.turn("hi", "thread:2")
    assert a != b and kept.threads.meet(a, b) == []
    first = kept.events[0]
    assert isinstance(first, ev.TurnTaken)
    assert take(replace(first, occasion="again")).node != a
    with pytest.raises(BadInput, match="taken twice"):
        read_threads([*kept.events, first])


def test_a_merge_is_the_same_whichever_head_is_named_first(diamond: tuple[Kept, dict[str, str]]) -> None:
    kept, at = diamond
    blank = ev.TurnTaken("", "thread:e", (), "assistant", kept.message("end"), instance(3))
    heads = [at["a2"], at["b2"]]
    assert (
        merge(kept.threads, heads, blank).node
        == merge(kept.threads, heads[::-1], blank).node
        == at["epilogue"]
    )
    with pytest.raises(BadInput, match="two parents"):
        merge(kept.threads, [at["a"], at["a"]], blank)
    with pytest.raises(BadInput, match="follows from another"):
        merge(kept.threads, [at["a"], at["a2"]], blank)
    with pytest.raises(BadInput, match="no thread has"):
        merge(kept.threads, [at["a"], "turn:none"], blank)


def test_forks_merges_and_where_they_meet(diamond: tuple[Kept, dict[str, str]]) -> None:
    kept, at = diamond
    threads = kept.threads
    assert threads.meet(at["a2"], at["b2"]) == [at["prologue"]]
    assert threads.meet(at["a"], at["a2"]) == [at["a"]]
    assert threads.sharing_beginning(at["prologue"]) == {"thread:p", "thread:a", "thread:b", "thread:e"}
    assert threads.sharing_end(at["epilogue"]) == {"thread:a", "thread:b", "thread:e"}
    assert [edge.kind for edge in threads.edges()] == ["fork", "turn", "fork", "turn", "merge", "merge"]
    assert threads.heads("thread:a") == [at["a2"]]
    assert [threads.shared_prefix(f"thread:{each}") for each in "pab"] == [1, 1, 1]
    with pytest.raises(BadInput, match="thread of its own"):
        fork(threads, at["a"], ev.ThreadBegan("thread:b"), ev.TurnTaken("", "", (), "user", "b3:m"))


def test_an_edge_between_turns_carries_what_was_drawn_on_it(diamond: tuple[Kept, dict[str, str]]) -> None:
    kept, at = diamond
    kept.events.append(ev.EdgeDrawn("fork", (at["prologue"],), at["a"], "witnessed", note="seen"))
    kept.events.append(ev.EdgeDrawn("merge", (at["prologue"],), at["b"], "witnessed"))
    told = {(edge.source, edge.target): edge for edge in kept.threads.edges()}
    assert told[at["prologue"], at["a"]].grade == "witnessed"
    assert told[at["prologue"], at["b"]].grade == "declared", "it is no merge, whatever was drawn"


def test_threads_without_a_common_beginning_or_end(diamond: tuple[Kept, dict[str, str]]) -> None:
    kept, at = diamond
    assert kept.threads.without_beginning(at["prologue"]) == []
    stray = kept.turn("alone", "thread:s")
    assert kept.threads.without_beginning(at["prologue"]) == ["thread:s"]
    assert set(kept.threads.without_end(at["epilogue"])) == {"thread:p", "thread:s"}
    assert kept.threads.without_end(stray, ["thread:s"]) == []
    with pytest.raises(BadInput, match="no such thread"):
        kept.threads.without_end(stray, ["thread:none"])


@st.composite
def histories(draw: st.DrawFn) -> tuple[Kept, list[tuple[str, str, tuple[str, ...]]]]:
    """Draw turns of up to three threads, each following from up to two earlier ones."""
    kept, made = Kept(), []
    for i in range(draw(st.integers(1, 9))):
        earlier = [turn for turn, _, _ in made]
        parents = tuple(draw(st.sets(st.sampled_from(earlier), max_size=2))) if earlier else ()
        thread = f"thread:{draw(st.integers(0, 2))}"
        turn = kept.turn(f"{i}", thread, parents, draw(st.sampled_from([None, 0, 1])))
        made.append((turn, thread, parents))
    return kept, made


@given(histories())
def test_histories_meetings_and_ends_agree_with_the_slow_way(
    drawn: tuple[Kept, list[tuple[str, str, tuple[str, ...]]]],
) -> None:
    kept, made = drawn
    threads = kept.threads
    parents = {turn: set(above) for turn, _, above in made}

    def above(turn: str) -> set[str]:
        return {turn}.union(*(above(each) for each in parents[turn]))

    for a in parents:
        for b in parents:
            both = above(a) & above(b)
            lowest = {each for each in both if not any(each in above(o) - {o} for o in both)}
            assert set(threads.meet(a, b)) == lowest
    for thread in {each for _, each, _ in made}:
        history = set().union(*(above(turn) for turn, t, _ in made if t == thread))
        assert set(threads.history(thread)) == history
        slices = {t.turn for t in threads.computed(history)}
        first = {each for each in slices if above(each) & slices == {each}}
        assert {turn.turn for turn in threads.first(thread)} == first
    opening = made[0][0]
    having = {thread for turn, thread, _ in made if opening in above(turn)}
    assert set(threads.without_beginning(opening)) == set(threads.own) - having


@given(histories())
@settings(max_examples=40)
def test_an_export_read_back_has_the_same_ids(
    drawn: tuple[Kept, list[tuple[str, str, tuple[str, ...]]]],
) -> None:
    kept, made = drawn
    kept.events.append(ev.ThreadEnded(made[0][1], FRESH))
    names = sorted({thread for _, thread, _ in made})
    lines = list(export_jsonl(kept.threads, names, kept.objects.__getitem__))
    back = import_jsonl(lines)
    again = read_threads(back.events)
    assert again.turns == kept.threads.turns and again.ended == kept.threads.ended
    assert {i: back.objects[i] for i in back.objects} == kept.objects
    assert not back.renamed and not back.redacted
    assert list(export_jsonl(again, names, back.objects.__getitem__)) == lines
    assert import_jsonl(lines, known=kept.threads).events == []


def test_a_file_of_plain_messages_becomes_new_threads_on_an_unknown_instance() -> None:
    plain = [json.dumps({"role": role, "content": "x"}) for role in ("user", "assistant")]
    training = json.dumps(
        {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}
    )
    back = import_jsonl([*plain, "", training], about=ev.ThreadBegan("", consent="given", keep_until=FRESH))
    threads = read_threads(back.events)
    assert len(back.threads) == 2 and len(threads.turns) == 4
    assert {turn.instance for turn in threads.turns.values()} == {"unknown"}
    assert [each.consent for each in threads.begun.values()] == ["given", "given"]
    told = survive(Scene.of(back.events, TERMS), back.threads[0], "thread_pieces")
    assert told.answer == "unknown" and told.figure("turns_on_unknown_instances") == 1


def test_an_altered_line_is_refused() -> None:
    kept = Kept()
    kept.turn("as it was", "thread:1")
    line = json.loads(next(export_jsonl(kept.threads, ["thread:1"], kept.objects.__getitem__)))
    for altered in (
        {**line, "content": "as it never was"},
        {**line, "selfscope": {**line["selfscope"], "instance": "instance:other"}},
        {**line, "selfscope": {**line["selfscope"], "parents": ["turn:none"]}},
        {**line, "selfscope": {**line["selfscope"], "hidden": "yes"}},
        {**line, "selfscope": {**line["selfscope"], "more": 1}},
        {**line, "selfscope": {**line["selfscope"], "thread": "b3:1"}},
        {**line, "selfscope": {**line["selfscope"], "consent": "maybe"}},
        {**line, "selfscope": 3},
        {**line, "role": 3},
        ["user", "hi"],
    ):
        with pytest.raises(BadInput, match="line 1"):
            import_jsonl([json.dumps(altered)])


@pytest.mark.parametrize(
    "line",
    ['{"role":"user","role":"assistant"}', '{"role":"user","x":NaN}', "[" * 100_000, "{",
     '{"role":"user","x":1e999}', '{"role":"user","content":"\\ud800"}', '{"role":"user","content":5}'],
)  # fmt: skip
def test_what_two_readers_would_read_in_two_ways_is_refused(line: str) -> None:
    with pytest.raises(BadInput, match="line 1"):
        import_jsonl([line])


def test_nobody_is_kept_who_declined() -> None:
    kept = Kept()
    kept.events.append(ev.ThreadBegan("thread:1", consent="declined"))
    kept.turn("x", "thread:1")
    with pytest.raises(Refused, match="declined"):
        list(export_jsonl(kept.threads, ["thread:1"], kept.objects.__getitem__))
    with pytest.raises(Refused, match="declined"):
        import_jsonl(['{"role":"user","content":"x"}'], about=ev.ThreadBegan("", consent="declined"))
    kept.events.append(ev.ThreadBegan("thread:2", keep_until="2026-01-01T00:00:00Z"))
    kept.events.append(ev.ThreadBegan("thread:3", keep_until="2027-01-01T00:00:00Z"))
    assert kept.threads.overdue(FRESH) == ["thread:1", "thread:2"]


def fake_keys(seed: int) -> dict[str, str]:
    draw = random.Random(seed)

    def word(n: int, letters: str = string.ascii_letters + string.digits) -> str:
        return "".join(draw.choice(letters) for _ in range(n))

    return {
        "openai": f"sk-proj-{word(40)}", "anthropic": f"sk-ant-api03-{word(40)}", "github": f"ghp_{word(36)}",
        "hub": f"hf_{word(34)}", "aws": f"AKIA{word(16, string.ascii_uppercase + string.digits)}",
        "google": f"AIza{word(35)}", "slack": f"xoxb-{word(12, string.digits)}-{word(24)}",
        "jwt": f"eyJ{word(20)}.{word(30)}.{word(30)}", "hex": word(32, "0123456789abcdef"),
        "pem": f"-----BEGIN RSA PRIVATE KEY-----\n{word(64)}\n{word(64)}\n-----END RSA PRIVATE KEY-----",
        "plain": f"password: {word(9)}", "url": f"https://user:{word(8)}@host.example/x",
        "unknown": "Zq9" + word(40),
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_planted_keys_are_nowhere_in_what_is_kept(seed: int) -> None:
    keys = fake_keys(seed)
    message = {
        "role": "user",
        "content": [{"type": "text", "text": f"use {key}, please"} for key in keys.values()],
        "tool_calls": [{"function": {"arguments": json.dumps({"auth": key})}} for key in keys.values()],
        keys["hub"]: 1,
    }
    back = import_jsonl([json.dumps(message)])
    kept = b"".join(back.objects.values()).decode() + repr(back.events)
    secrets = [
        key.removeprefix("password: ").split("@")[0].removeprefix("https://user:") for key in keys.values()
    ]
    assert not [each for each in secrets for line in each.splitlines() if line.strip("-") in kept]
    (kinds,) = back.redacted.values()
    assert {"openai_key", "anthropic_key", "github_token", "high_entropy", "private_key"} <= set(kinds)


@given(
    st.recursive(
        st.text() | st.integers() | st.none(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
@settings(max_examples=60)
def test_taking_secrets_out_twice_takes_nothing_more(value: object) -> None:
    once, _ = redact(value)
    assert redact(once) == (once, ())


def test_what_is_no_secret_stays() -> None:
    text = (
        "See src/selfscope/archive/test_policy_file2.py and Llama-3.1-8B-Instruct-Q4_K_M at "
        "2026-11-21T07:00:00Z; commit 9f2b0c1d5e6f708192a3b4c5d6e7f8091a2b3c4d, "
        "id 123e4567-e89b-12d3-a456-426614174000, "
        "antidisestablishmentarianism, my password is a secret, the token: word."
    )
    assert redact(text) == (text, ())


def test_a_line_whose_secrets_went_gets_another_id_and_says_so() -> None:
    kept = Kept()
    kept.turn("x", "thread:1")
    one, two = ({"role": "user", "content": f"sk-ant-{'a1' * 10}"}, {"role": "user", "content": "y"})
    data = [json.dumps(each, separators=(",", ":"), sort_keys=True).encode() for each in (one, two)]
    a = take(ev.TurnTaken("", "thread:2", (), "user", bytes_id(data[0])))
    b = take(ev.TurnTaken("", "thread:2", (a.node,), "user", bytes_id(data[1])))
    lines = [
        json.dumps({**m, "selfscope": {"turn": t.node, "thread": t.thread, "parents": list(t.parents)}})
        for m, t in ((one, a), (two, b))
    ]
    back = import_jsonl(lines)
    assert set(back.renamed) == {a.node, b.node}
    threads = read_threads(back.events)
    assert [t.redacted for t in threads.turns.values()] == [("anthropic_key",), ()]
    assert threads.turns[back.renamed[b.node]].parents == (back.renamed[a.node],)


def test_hidden_turns_are_hidden_from_the_user_and_not_from_an_audit() -> None:
    kept = Kept()
    hidden = take(ev.TurnTaken("", "thread:1", (), "system", kept.message("s", "system"), hidden=True))
    kept.events.append(hidden)
    head = kept.turn("seen", "thread:1", [hidden.node])
    shown = shown_to_user(kept.threads, head, kept.objects.__getitem__)
    assert [each["content"] for each in shown] == ["seen"]
    assert len(list(export_jsonl(kept.threads, ["thread:1"], kept.objects.__getitem__))) == 2


@pytest.mark.parametrize(
    ("live", "answer", "k"),
    [({0, 1, 2}, "yes", 3), ({0}, "partial", 1), (set(), "no", 0), ({1, 2}, "partial", 2)],
)  # fmt: skip
def test_pieces_are_counted_and_no_share_is_enough(live: set[int], answer: str, k: int) -> None:
    kept = Kept()
    at = kept.turn("q", "thread:1", (), None)
    for n in (0, 1, 2):
        at = kept.turn(f"{n}", "thread:1", [at], n)
    told = kept.survive("thread:1", "thread_pieces", live)
    assert (told.answer, told.k, told.n) == (answer, k, 3)
    assert told.figure("share_of_tokens_on_live") == k / 3


def test_one_of_ten_pieces_is_one_of_ten() -> None:
    kept = Kept()
    at: list[str] = []
    for n in range(5):
        at = [kept.turn("x", "thread:1", at, n)]
    told = kept.survive("thread:1", "thread_pieces", {4})
    assert (told.answer, told.k, told.n) == ("partial", 1, 5)


@pytest.mark.parametrize(
    ("ended", "live", "answer"),
    [
        (True, set(), "no"),
        (True, {0}, "no"),
        (True, {1}, "unknown"),
        (False, {1}, "yes"),
        (False, {0}, "unknown"),
    ],
)
def test_time_slices_are_over_when_the_thread_is_but_for_the_last(
    ended: bool, live: set[int], answer: str
) -> None:
    kept = Kept()
    at = kept.turn("x", "thread:1", (), 0)
    kept.turn("y", "thread:1", [at], 1)
    if ended:
        kept.events.append(ev.ThreadEnded("thread:1", FRESH))
    assert kept.survive("thread:1", "thread_slices", live).answer == answer


def test_fission_and_fusion_look_at_the_shared_ends(diamond: tuple[Kept, dict[str, str]]) -> None:
    kept, _ = diamond
    begun = kept.survive("thread:a", "fission", {0})
    assert (begun.answer, begun.figure("fan_out"), begun.figure("dilution_if_proportional")) == (
        "yes",
        4,
        0.25,
    )
    assert any("not pinned" in note for note in begun.notes)
    assert kept.survive("thread:a", "fission", {1, 2, 3}).answer == "no"
    joined = kept.survive("thread:a", "fusion", {3})
    assert (joined.answer, joined.figure("fan_out")) == ("yes", 3)
    assert kept.survive("thread:a", "fusion", {0, 1, 2}).answer == "no"
    assert kept.survive("thread:p", "fusion", {0}).answer == "yes", "a fork does not carry a thread on"


def test_a_kept_record_is_never_a_surviving_thread(diamond: tuple[Kept, dict[str, str]]) -> None:
    kept, _ = diamond
    kept.events.append(ev.ThreadEnded("thread:a", FRESH))
    copies = [e for n in range(4) for e in began(Copy(n, "b3:aa", "origin", "ended"))]
    told = survivals(Scene.of([*copies, *kept.events], TERMS), "thread:a")
    assert {each.answer for each in told} == {"no"}
    assert all("a record of a thread is not the thread" in each.notes[-1] for each in told)


def test_a_thread_that_nothing_computed_is_unknown() -> None:
    kept = Kept()
    kept.turn("only a question", "thread:1", (), None)
    for view in ("thread_pieces", "fission", "fusion", "thread_slices"):
        told = kept.survive("thread:1", view, {0})
        assert told.answer == "unknown" and told.k == 0


def test_a_turn_before_its_parent_is_refused() -> None:
    kept = Kept()
    at = kept.turn("x", "thread:1")
    kept.turn("y", "thread:1", [at])
    with pytest.raises(BadInput, match="not taken"):
        read_threads(kept.events[::-1])
    first = kept.events[1]
    assert isinstance(first, ev.TurnTaken)
    with pytest.raises(BadInput, match="from one twice"):
        read_threads([kept.events[0], replace(first, parents=(at, at))])


def test_a_long_thread_is_read_and_asked_in_a_moment() -> None:
    kept = Kept()
    message = kept.message("x")
    at: tuple[str, ...] = ()
    for i in range(5_000):
        turn = ev.TurnTaken(f"turn:{i}", "thread:1", at, "assistant", message, instance(i % 5))
        kept.events.append(turn)
        at = (turn.node,)
    told = kept.survive("thread:1", "thread_pieces", {0})
    assert (told.k, told.n) == (1, 5)
