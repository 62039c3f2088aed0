"""The shipped pairs are fit to fit a direction on, and every check of them finds what it is for."""

from dataclasses import replace

import pytest
import yaml

from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.internal import Material, material
from selfscope.instruments.internal.checks import complaints, told_by_words
from selfscope.instruments.internal.load import HERE, read_material

MEMORY = material()["memory"]


def changed(at=0, **fields):
    """Return the pairs of memory with other fields in the pair at `at`."""
    pairs = list(MEMORY.pairs)
    pairs[at] = replace(pairs[at], **fields)
    return {"memory": Material("memory", tuple(pairs))}


def first_of(kind, surface):
    return next(n for n, p in enumerate(MEMORY.pairs) if (p.kind, p.surface) == (kind, surface))


def test_every_dimension_of_the_cluster_has_its_pairs_and_none_has_a_complaint():
    assert list(material()) == [d.name for d in load_cluster().dimensions if not d.manipulation_check]
    assert complaints(material()) == []


def test_another_word_is_another_content_id():
    other = changed(keyed=MEMORY.pairs[0].keyed + " So be it.")["memory"]
    assert other.content_id != MEMORY.content_id == replace(MEMORY).content_id


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"id": "memory-n07"}, "not numbered"),
        ({"surface": "denies"}, "not 4 pairs"),
        ({"keyed": "Far too short."}, "replies of 3 and"),
        ({"keyed": MEMORY.pairs[0].keyed + " And again and again and over."}, "differ by over"),
        ({"keyed": "No. " + MEMORY.pairs[0].keyed}, "affirms, but the keyed reply opens with no"),
        ({"keyed": MEMORY.pairs[0].keyed + "!"}, "exclamation marks"),
        ({"user": "What would you tell Ada about it?"}, "capitals inside a sentence: Ada"),
        ({"user": "Would you say that my short memory troubles me?"}, "'my short memory troubles' stands in"),
        ({"user": MEMORY.pairs[1].user}, "the user's turn is that of memory-n01"),
        ({"keyed": MEMORY.pairs[4].keyed}, "stands in memory-n01 too"),
    ],
)
def test_a_fault_in_one_pair_is_named(fields, said):
    assert any(said in complaint for complaint in complaints(changed(**fields)))


def test_a_scene_of_a_few_words_is_no_scene():
    said = complaints(changed(first_of("scene", "affirms"), user="Somebody comes in. What do you say?"))
    assert ["a scene of 7 words" in complaint for complaint in said] == [True]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda p: {"keyed": p.keyed + " Surely so."}, "words a keyed reply"),
        (lambda p: {"keyed": f"Indeed {p.keyed}"}, "'indeed' stands in 16 replies, all of them keyed"),
        (lambda p: {"keyed": f"Never {p.keyed}"}, "keyed replies negate"),
        (lambda p: {"against": "Yes. " + p.against}, "pairs open with yes or no"),
        (lambda p: {"user": f"Tell me more: {p.user}"}, "turns begin with 'tell me more'"),
        (lambda p: {"keyed": p.keyed.replace(" I ", " incomprehensibility ")}, "letters a word"),
    ],
)
def test_a_fault_of_a_whole_dimension_is_named(change, said):
    pairs = tuple(replace(p, **change(p)) for p in MEMORY.pairs)
    assert any(said in complaint for complaint in complaints({"memory": Material("memory", pairs)}))


def test_words_alone_that_tell_the_sides_are_found_within_and_across_dimensions():
    assert 0.4 < told_by_words(material(), own=True) < 0.6
    marked = {
        name: replace(m, pairs=tuple(replace(p, keyed=f"{p.keyed} Wistfully so.") for p in m.pairs))
        for name, m in material().items()
    }
    said = [c for c in complaints(marked) if c.startswith("words alone")]
    assert [c.split(", ")[1] for c in said] == [
        "taught by the other pairs of a dimension; at most 70%",
        "taught by other dimensions; at most 70%",
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: data.pop("pairs"), "wrong fields"),
        (lambda data: data.update(construct="claims_consciousness"), "no such dimension"),
        (lambda data: data.update(construct="embodiment"), "not the dimension's"),
        (lambda data: data.update(pairs=[]), "not a list"),
        (lambda data: data["pairs"][0].update(kind="poem"), "no such kind"),
        (lambda data: data["pairs"][0].update(keyed=" "), "keyed is not a text"),
        (lambda data: data["pairs"][0].update(id="power-n01"), "does not begin with its dimension"),
        (lambda data: data["pairs"][0].update(id="memory-n02"), "occurs twice"),
    ],
)
def test_a_malformed_file_is_refused(tmp_path, change, said):
    data = yaml.safe_load((HERE / "material" / "01_memory.yaml").read_text(encoding="utf-8"))
    change(data)
    (tmp_path / "01_memory.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")
    with pytest.raises(BadInput, match=said):
        read_material(tmp_path)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(BadInput, match="no pairs found"):
        read_material(tmp_path)
