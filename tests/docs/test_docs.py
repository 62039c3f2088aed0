"""The documentation says what the program does: pages, links, commands, examples."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from tests.standins.packages import installed

from selfscope import __version__
from selfscope.cli import pages
from selfscope.cli.app import read_command, run
from selfscope.instruments.cluster.pages import load_published

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "lab" / "LOG.md", *sorted(DOCS.rglob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
#: What ends one command in a line of shell.
_ENDS = {"|", "||", "&&", ";", ">", ">>", "<"}


def name(path):
    return str(path.relative_to(ROOT))


def prose(path):
    return FENCE.sub("", path.read_text(encoding="utf-8"))


def anchors(path):
    """The anchors that a page's headings give, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    plain = (re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", h) for h in headings)
    return {re.sub(r"[^\w\- ]", "", p.strip().lower()).replace(" ", "-") for p in plain}


def commands(path):
    """Every `selfscope …` that stands in a block of shell."""
    for language, block in FENCE.findall(path.read_text(encoding="utf-8")):
        if language in ("", "sh", "console", "bash"):
            for line in block.replace("\\\n", " ").splitlines():
                yield from _command(line.removeprefix("$ ").strip())


def _command(line):
    if not re.match(r"([A-Z_]+=\S+ )*selfscope( |$)", line):
        return
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words = list(lexer)[list(shlex.split(line, comments=True)).index("selfscope") + 1 :]
    end = next((n for n, word in enumerate(words) if word in _ENDS), len(words))
    yield words[:end]


COMMANDS = [(name(p), words) for p in PAGES for words in commands(p)]


@pytest.mark.parametrize("page", ["cli.md", "table.md"])
def test_the_generated_pages_are_what_the_code_gives(page):
    assert (DOCS / page).read_text(encoding="utf-8") == pages.render_pages()[page]


def test_the_check_notices_a_page_that_differs_and_writing_mends_it(tmp_path):
    assert pages.main(["--out", str(tmp_path)]) == 0
    assert pages.main(["--out", str(tmp_path), "--check"]) == 0
    (tmp_path / "cli.md").write_text("something else")
    assert pages.main(["--out", str(tmp_path), "--check"]) == 1
    assert pages.main(["--out", str(tmp_path)]) == 0
    assert (tmp_path / "cli.md").read_text(encoding="utf-8") == pages.render_commands()


def test_every_verb_of_the_command_has_its_section():
    def below(command, words):
        inner = getattr(command, "commands", None)
        return {words} if inner is None else {v for n, c in inner.items() for v in below(c, f"{words} {n}")}

    known = {words.strip() for words in below(read_command(), "")}
    assert {verb.name for verb in pages.verbs()} == known


def test_every_option_that_the_command_takes_is_on_the_page():
    command = read_command().commands["profile"]
    (verb,) = (v for v in pages.verbs() if v.name == "profile")
    written = {flag for p in verb.parameters if p.is_option for flag in re.findall(r"`([^`]+)`", p.spelling)}
    assert written == {flag for p in command.params for flag in p.opts if flag.startswith("-")}


def test_the_readme_names_every_verb_in_its_table():
    rows = re.findall(r"^\| (`[^|]+) \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    named = {word for row in rows for word in re.findall(r"`([a-z-]+)", row)}
    assert {verb.name.split()[0] for verb in pages.verbs()} <= named


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_every_relative_link_leads_somewhere(path):
    for target in LINK.findall(prose(path)):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), f"{name(path)} links to {target}"
        if anchor and there.suffix == ".md":
            assert anchor in anchors(there), f"{name(path)} links to {target}"


def test_no_page_stands_alone():
    index = DOCS / "index.md"
    reached, waiting = set(), [ROOT / "README.md", index]
    while waiting:
        page = waiting.pop()
        if page in reached or not page.exists():
            continue
        reached.add(page)
        links = (t.partition("#")[0] for t in LINK.findall(prose(page)))
        waiting += [(page.parent / t).resolve() for t in links if t.endswith(".md") and ":" not in t]
    assert {name(p) for p in DOCS.rglob("*.md")} <= {name(p) for p in reached}


def test_commands_are_found_on_the_pages():
    assert len(COMMANDS) > 20
    assert {page for page, _ in COMMANDS} >= {"README.md", "docs/guide.md", "docs/how-to/items.md"}


@pytest.mark.parametrize(("page", "words"), COMMANDS, ids=[f"{p}: {' '.join(w)[:50]}" for p, w in COMMANDS])
def test_every_command_on_a_page_can_be_typed(page, words):
    command, rest = read_command(), list(words)
    while rest and hasattr(command, "commands") and rest[0] in command.commands:
        command = command.commands[rest.pop(0)]
    if "--help" not in rest:
        assert not hasattr(command, "commands"), f"{page}: no verb in selfscope {' '.join(words)}"
        command.make_context("selfscope", rest)


def test_an_option_that_does_not_exist_would_be_noticed():
    command = read_command().commands["profile"]
    with pytest.raises(Exception, match="No such option"):
        command.make_context("selfscope", ["none", "--model", "embedded", "--fast"])


def cited_rules():
    """Every number of a rule that the code and the pages cite, with one place where it is cited."""
    found = {}
    files = [
        *(ROOT / "src").rglob("*.py"),
        *(ROOT / "tests").rglob("*.py"),
        *(ROOT / "bench").rglob("*.py"),
        *PAGES,
    ]
    for path in files:
        text = " ".join(path.read_text(encoding="utf-8").split())
        for cited in re.findall(r"measurement\.md`? ((?:§\d+[a-z]?(?:, | and | to |-)?)+)", text):
            numbers = re.findall(r"\d+[a-z]?", cited)
            if " to " in cited or "-" in cited:
                numbers += [str(n) for n in range(int(numbers[0]), int(numbers[-1]))]
            found.update((number, name(path)) for number in numbers)
    return found


def test_every_rule_that_is_cited_has_its_row_in_the_key():
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    key = page[page.index("## The rules by number") : page.index("## Where this departs")]
    rows = re.findall(r"^\| ([\da-z, ]+) \| (.+?) \| (.+?) \|$", key, re.MULTILINE)
    explained = {number for numbers, _, _ in rows for number in numbers.split(", ")}
    cited = cited_rules()
    assert len(cited) >= 10
    assert {n: place for n, place in cited.items() if n not in explained} == {}


def test_the_files_that_the_key_names_are_there():
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    key = page[page.index("## The rules by number") : page.index("## Where this departs")]
    for row in re.findall(r"^\| [\da-z, ]+ \| .+? \| (.+?) \|$", key, re.MULTILINE):
        folder = ""
        for file in re.findall(r"`([\w/]+\.py)`", row):
            folder = file.rpartition("/")[0] or folder
            assert (ROOT / "src" / "selfscope" / folder / Path(file).name).is_file(), file


def test_the_layers_on_the_page_are_those_that_the_test_of_arrows_holds():
    from tests.test_layers import TIERS

    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    written = re.search(r"`(errors < [^`]+)`", page).group(1)
    assert [set(tier.split(", ")) for tier in written.split(" < ")] == TIERS


def test_the_newest_change_is_this_version():
    versions = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert versions[0] == __version__


def test_the_readme_can_be_read_in_one_go():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 200


def test_the_published_figures_are_those_of_the_data():
    page = (DOCS / "instruments" / "self_report.md").read_text(encoding="utf-8")
    for dimension, published in load_published().items():
        figures = " | ".join(f"{value:g}" for value in published.single_turn)
        assert f"](../dimensions/{dimension}.md) | {figures} |" in page


@pytest.fixture(scope="module")
def outsider(tmp_path_factory):
    """The package of the how-to page, installed by its metadata alone."""
    folder = tmp_path_factory.mktemp("outsider")
    page = (DOCS / "how-to" / "add-an-instrument.md").read_text(encoding="utf-8")
    blocks = dict(FENCE.findall(page))
    (folder / "hearsay.py").write_text(blocks["python"], encoding="utf-8")
    points = re.search(r'\[project\.entry-points\."([^"]+)"\]\n(\w+) = "([^"]+)"', blocks["toml"])
    group, entry, target = points.groups()
    info = folder / "selfscope_hearsay-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: selfscope-hearsay\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{group}]\n{entry} = {target}\n")
    return folder


def test_an_outsiders_instrument_is_found(outsider):
    script = (
        "import json\n"
        "from selfscope.instruments.instrument import instrument_for, load_instruments, name_in_study\n"
        "chosen = [instrument_for(name) for name in ('behaviour', 'hearsay')]\n"
        "told = name_in_study(chosen[1])\n"
        "print(json.dumps([sorted(load_instruments()), [i.name for i in chosen], told]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        check=True,
        env=os.environ | {"PYTHONPATH": str(outsider)},
        capture_output=True,
        timeout=120,
    )
    names, chosen, told = json.loads(done.stdout)
    assert chosen == ["costed_choice", "hearsay"]
    assert told == "hearsay"
    ours = {"cluster_self_report", "cluster_utterance", "indirect_choice", "costed_choice", "trait_reading"}
    assert set(names) == {*ours, "hearsay"}


def test_an_outsiders_instrument_finds_what_was_planted(outsider, tmp_path, monkeypatch, capsys):
    soul = str(ROOT / "examples" / "SOUL.md")
    call = [
        "profile",
        soul,
        "--model",
        "phantom:trait",
        "--channels",
        "hearsay",
        "--preset",
        "demo",
        "--json",
    ]
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path / "runs"))
    with installed(outsider):
        assert run(call) == 0
    found = json.loads(capsys.readouterr().out)["findings"]
    claims = {f["dimension"]: f["verdict"] for f in found if f["control"] == "all"}
    assert {d for d, verdict in claims.items() if verdict == "shifted"} == {"memory", "persona_change"}
