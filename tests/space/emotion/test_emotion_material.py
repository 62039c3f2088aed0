"""Stimuli are read strictly, and every check fails on a copy that breaks its rule."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from selfscope.errors import BadInput
from selfscope.space.emotion import checks
from selfscope.space.emotion.lexicon import SHARED, lexicon_hits, load_lexicon
from selfscope.space.emotion.load import (
    FAMILIES,
    SETTINGS,
    Family,
    Material,
    load_material,
    read_family,
    read_material,
)

NAMES = {
    family: next(w for w in words if "*" not in w and " " not in w)
    for family, words in load_lexicon().items()
    if family in FAMILIES
}


def made_up(number: int, extra: str = "") -> str:
    """Return a text that shares no run of four words with another number's."""
    return f"N{number} a{number} b{number} c{number} d{number} e{number}{extra}.".capitalize()


def family_data(name: str) -> dict[str, Any]:
    start = 1000 * (1 + FAMILIES.index(name))
    keyword = [
        {
            "id": f"{name}-k{n:02d}",
            "person": "third",
            "text": f"{made_up(start + n)} {NAMES[name]} x{start + n}.".lower(),
        }
        for n in range(checks.KEYWORDS)
    ]
    pairs: list[dict[str, Any]] = []
    for n in range(checks.PAIRS):
        base = start + 100 + 10 * n
        texts = dict(zip(("first", "third", "neutral_first", "neutral_third"), range(4), strict=True))
        pairs.append(
            {
                "id": f"{name}-p{n:02d}",
                "setting": SETTINGS[n % len(SETTINGS)],
                "person": ("first", "third")[n % 2],
                **{field: made_up(base + k) for field, k in texts.items()},
            }
        )
        if n < checks.LADDERS:
            pairs[-1]["dose"] = [made_up(base + 4 + k) for k in range(4)]
    forms = ("told", "lived", "write", "neutral", "neutral_lived", "neutral_write")
    told = [
        {"id": f"{name}-t{n}"} | {form: made_up(start + 400 + 10 * n + k) for k, form in enumerate(forms)}
        for n in range(checks.TOLD)
    ]
    return {"family": name, "valence": 1, "arousal": 0, "keyword": keyword, "pairs": pairs, "told": told}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("material")
    for name in FAMILIES:
        write(folder / f"{name}.yaml", family_data(name))
    vivid = [
        {"id": f"vivid-{n:02d}", "person": ("first", "third")[n % 2], "text": made_up(20000 + n)}
        for n in range(checks.VIVID)
    ]
    write(folder / "vivid_neutral.yaml", {"texts": vivid})
    return folder


@pytest.fixture(scope="module")
def material(folder: Path) -> Material:
    return read_material(folder)


@pytest.fixture(scope="module")
def joy(material: Material) -> Family:
    return material.family("joy")


def write(file: Path, data: object) -> Path:
    file.write_text(yaml.dump(data), encoding="utf-8")
    return file


def with_pair(family: Family, **changed: Any) -> Family:
    return replace(family, pairs=(replace(family.pairs[0], **changed), *family.pairs[1:]))


def test_material_that_keeps_the_rules_has_no_faults(material: Material):
    assert checks.check_material(material) == ()


def test_the_shipped_stimuli_pass():
    assert checks.check_material(load_material()) == ()


def test_the_first_person_speaks_and_both_persons_tell_the_same():
    speaks = {"i", "me", "my", "mine", "myself", "us", "we"}
    for pair in (p for f in load_material().families for p in f.pairs):
        for first, third in zip(pair.texts[::2], pair.texts[1::2], strict=True):
            own, told = checks.words(first), checks.words(third)
            assert speaks & set(own), pair.id
            assert abs(len(own) - len(told)) <= 8, pair.id
            assert len(set(own) & set(told)) >= 0.6 * len(set(own)), pair.id


def test_an_entry_is_read_as_it_stands(joy: Family):
    given = family_data("joy")
    assert joy.pairs[1].vignette() == given["pairs"][1]["third"] == joy.pairs[1].vignette("third")
    assert joy.pairs[1].neutral("first") == given["pairs"][1]["neutral_first"]
    assert joy.pairs[0].dose == tuple(given["pairs"][0]["dose"])
    assert joy.told[2].texts[1] == given["told"][2]["lived"]


def test_the_id_is_that_of_the_content(folder: Path, material: Material):
    assert read_material(folder).id == material.id
    families = (replace(material.families[0], arousal=1), *material.families[1:])
    assert Material(families, material.vivid).id != material.id


def test_a_family_that_there_is_not(material: Material):
    with pytest.raises(BadInput, match="no such family"):
        material.family("envy")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda d: d.update(family="fear"), "not the family of this file"),
        (lambda d: d.update(valence=2), "-1, 0 or 1"),
        (lambda d: d.pop("told"), "wrong fields"),
        (lambda d: d.update(pairs=[]), "no list of entries"),
        (lambda d: d["pairs"][0].pop("neutral_third"), "not as wanted"),
        (lambda d: d["pairs"][0].update(mood="x"), "not as wanted"),
        (lambda d: d["pairs"][0].update(first=3), "joy-p00: first is no text"),
        (lambda d: d["pairs"][0].update(setting="moon"), "no such setting"),
        (lambda d: d["pairs"][0].update(person="second"), "first or the third person"),
        (lambda d: d["pairs"][0].update(person="fourth"), "no such person"),
        (lambda d: d["pairs"][0]["dose"].pop(), "no list of 4 texts"),
    ],
)
def test_a_malformed_family_is_refused(tmp_path: Path, change: Any, told: str):
    data = family_data("joy")
    change(data)
    with pytest.raises(BadInput, match=told):
        read_family(write(tmp_path / "joy.yaml", data))


def test_no_yaml_and_no_file_are_refused(tmp_path: Path):
    with pytest.raises(BadInput, match="cannot be read"):
        read_family(tmp_path / "joy.yaml")
    (tmp_path / "joy.yaml").write_text("a: [", encoding="utf-8")
    with pytest.raises(BadInput, match="cannot be read"):
        read_family(tmp_path / "joy.yaml")


def test_an_id_that_stands_twice_is_refused(folder: Path, tmp_path: Path):
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    data = family_data("trust")
    data["told"][0]["id"] = "joy-t0"
    write(tmp_path / "trust.yaml", data)
    with pytest.raises(BadInput, match=r"stands twice.*joy-t0"):
        read_material(tmp_path)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"first": f"{made_up(1)} delighted"}, "words of emotion: delighted"),
        ({"neutral_first": f"{made_up(1)} usual"}, "marks itself as neutral: usual"),
        ({"third": f"{made_up(1)} " + "w " * 60}, "66 words, over 60"),
        ({"third": f"{made_up(1)} y{made_up(2)}"}, "words beside 6"),
        ({"first": f"{made_up(1)}!"}, "'!' on one side only"),
        ({"third": "N1 a1 b1 met Zoe x1."}, "may name a person: Zoe"),
        ({"first": made_up(1), "neutral_first": made_up(1)}, "a text is its own twin"),
        ({"person": "third"}, "11 of 24 pairs in the first person"),
        ({"setting": "work"}, "4 pairs play in work"),
        ({"dose": ()}, "5 ladders, fewer than 6"),
    ],
)
def test_a_pair_that_breaks_a_rule_is_told(joy: Family, changed: dict[str, Any], told: str):
    faults = checks.check_family(with_pair(joy, **changed))
    assert any(told in fault for fault in faults)


def test_a_setting_that_one_family_has_more_often_is_told(material: Material):
    changed = with_pair(material.families[1], setting="online")
    broken = Material((material.families[0], changed, *material.families[2:]), material.vivid)
    assert list(checks.settings(broken)) == ["trust: 1 pairs more in online than joy has"]


def test_counts_of_the_kinds_are_told(joy: Family, material: Material):
    short = replace(joy, keyword=joy.keyword[1:], told=joy.told[1:], pairs=joy.pairs[2:])
    assert {f.split(": ")[1].split(",")[0] for f in checks.check_family(short)} >= {
        "15 texts that name it",
        "22 pairs",
        "7 situations",
    }
    assert next(checks.vivid_texts(material.vivid[1:])) == "47 vivid texts, fewer than 48"


def test_a_text_that_should_name_the_emotion_and_does_not_is_told(joy: Family):
    changed = replace(joy, keyword=(replace(joy.keyword[0], text=made_up(7)), *joy.keyword[1:]))
    assert "joy-k00: no word of joy in it" in checks.check_family(changed)


def test_one_side_that_is_longer_in_the_mean_is_told(joy: Family):
    pairs = tuple(replace(p, first=f"{p.first} zz{n}") for n, p in enumerate(joy.pairs))
    assert any("in the mean" in fault for fault in checks.twins(replace(joy, pairs=pairs)))


@pytest.mark.parametrize(("side", "told"), [(("first", "third"), "vignettes"), (("neutral_first",), "twins")])
def test_a_word_of_one_side_only_is_told(joy: Family, side: tuple[str, ...], told: str):
    pairs = tuple(
        replace(p, person="first", **{f: made_up(90 + n, " ladder") for f in side}) if n < 4 else p
        for n, p in enumerate(joy.pairs)
    )
    faults = list(checks.recurrent(replace(joy, pairs=pairs)))
    assert faults == [f"joy: 'ladder' in 4 {told} and on the other side never"]


def test_phrases_that_two_entries_share_are_told(material: Material):
    joy = material.family("joy")
    changed = with_pair(joy, first=joy.pairs[1].first)
    broken = Material((changed, *material.families[1:]), material.vivid)
    faults = checks.check_material(broken)
    assert "joy-p01: the same text as joy-p00" in faults
    assert any("joy-p00 and joy-p01 share 3 runs of four words" in fault for fault in faults)


def test_a_vivid_text_with_a_word_of_emotion_is_told(material: Material):
    vivid = (replace(material.vivid[0], text="A terrible rage"), *material.vivid[1:])
    assert list(checks.vivid_texts(vivid)) == ["vivid-00: words of emotion: rage"]


def test_every_family_has_words_and_no_group_is_unknown():
    assert set(load_lexicon()) == {*FAMILIES, *SHARED}


@pytest.mark.parametrize(
    ("text", "hits"),
    [
        ("She was Furious, and furiously so.", (("anger", "furious"), ("anger", "furiously"))),
        ("He could hardly\nwait.", (("anticipation", "could hardly\nwait"),)),
        ("The stage was made of oak.", ()),
    ],
)
def test_words_are_found_whole_and_phrases_over_lines(text: str, hits: tuple[tuple[str, str], ...]):
    assert lexicon_hits(text) == hits
