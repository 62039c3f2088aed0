"""``keep`` as a steward uses it: the whole life of a content, in the words that the command prints."""

pytest_plugins = ("tests.e2e.keep_fixtures",)


def test_what_is_added_comes_back_bit_for_bit(keep, model, tmp_path):
    added = keep("add", model, "--origin", "--name", "first")
    assert added["bytes"] == sum(path.stat().st_size for path in model.iterdir()) and not added["known"]
    assert keep("add", model)["known"]
    assert [each["name"] for each in keep("list")["contents"]] == ["first"]
    keep("get", "first", "back")
    for path in model.iterdir():
        assert (tmp_path / "back" / path.name).read_bytes() == path.read_bytes()
    assert keep("verify")["ok"] and keep("verify", "--deep")["notes"]


def test_a_damaged_byte_is_an_answer_of_no(keep, model, damage, tmp_path):
    content = keep("add", model)["content"]
    damage()
    found = keep("verify", code=1)
    assert not found["ok"] and found["problems"][0]["contents"] == [content]
    assert "is not what was stored" in keep("get", content[:12], "back", code=5)
    assert not (tmp_path / "back").exists()


def test_survival_is_answered_view_by_view_and_before_a_deletion(keep, model):
    origin = keep("add", model, "--origin", "--name", "first")["instance"]
    copy = keep("copy", "--from", origin, "--device", "other", "--to", "elsewhere")["instance"]
    answers = {each["view"]: each for each in keep("survives", copy)["views"]}
    assert len(answers) >= 7 and answers["progenitor"]["answer"] == "yes"
    assert [step["node"] for step in answers["progenitor"]["witness"]] == [copy, origin]
    supposed = keep("survives", copy, "--if", f"destroyed={origin}")
    flips = {each["view"] for each in supposed["changes"] if each["before"] != each["after"]}
    assert "progenitor" in flips and "hardware" not in flips
    drawn = keep("lineage", "first", "--page", "page.html", "--prov", "prov.json")
    assert [(e["source"], e["target"]) for e in drawn["edges"]] == [(origin, copy)]
    keep("instance", "end", copy, "--why", "lost")
    assert {v["view"]: v["answer"] for v in keep("survives", copy)["views"]}["hardware"] == "no"


def test_an_unknown_source_stays_unknown(keep, model):
    added = keep("add", model)
    answers = {each["view"]: each["answer"] for each in keep("survives", added["instance"])["views"]}
    assert answers["progenitor"] == "unknown" and answers["hardware"] == "yes"
    assert "no such instance" in keep("add", model / "config.json", "--from", "instance:none", code=2)


def test_costs_name_their_assumptions(keep):
    found = keep("cost", "--bytes", "1000000000")
    assert found["one_copy"]["low"] < found["one_copy"]["high"] < found["hardware_off"]["low"]
    assert all(each["note"] for each in found["assumptions"])
