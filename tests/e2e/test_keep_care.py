"""Looking after an archive, by the command: reading it again, replicas, repairs, and letting go."""

import pytest

from selfscope.archive.policy.rules import default_text

pytest_plugins = ("tests.e2e.keep_fixtures",)


def seen(keep, instance):
    """When somebody last looked at an instance, as the lineage tells it."""
    (node,) = [each for each in keep("lineage", instance)["nodes"] if each["id"] == instance]
    return node["detail"]


def test_a_scrub_attests_and_a_verification_does_so_when_asked(keep, model):
    one = keep("add", model, "--origin")["instance"]
    before = seen(keep, one)
    assert keep("verify")["attested"] is False and seen(keep, one) == before
    assert keep("verify", "--attest")["whole"] == [one] and seen(keep, one) != before
    between = seen(keep, one)
    done = keep("scrub")
    assert (done["ok"], done["attested"], done["whole"], done["damaged"]) == (True, True, [one], [])
    assert seen(keep, one) != between


@pytest.mark.parametrize("verb", [("verify", "--attest"), ("scrub",)])
def test_damage_is_attested_and_then_counts_for_survival(keep, model, damage, verb):
    one = keep("add", model, "--origin")["instance"]
    damage()
    found = keep(*verb, code=1)
    assert not found["ok"] and found["damaged"] == [one] and found["whole"] == []
    assert {v["view"]: v["answer"] for v in keep("survives", one)["views"]}["hardware"] == "no"


def test_what_a_budget_leaves_out_is_attested_by_nobody(keep, model, tmp_path):
    for n in range(4):
        (tmp_path / f"{n}.txt").write_text(f"{n}" * 5000)
        keep("add", f"{n}.txt")
    sample = keep("verify", "--megabytes", "0.005", "--seed", "3", "--attest")
    assert not sample["complete"] and len(sample["whole"]) == sample["checked"] == 1
    assert keep("verify", "--megabytes", "0.005", "--seed", "4", "--attest")["whole"] != sample["whole"]
    assert keep("verify", "--seconds", "0")["checked"] == 0
    first = keep("scrub", "--megabytes", "0.006")
    rest = keep("scrub", "--megabytes", "0.006")
    assert not set(first["whole"]) & set(rest["whole"]), "a scrub goes on where the last one ended"
    assert keep("scrub")["oldest"]


def test_one_content_or_everything_at_every_level(keep, model, tmp_path):
    (tmp_path / "note.txt").write_text("a note")
    keep("add", model, "--name", "model")
    keep("add", "note.txt")
    levels = {"--quick": "quick", "--deep": "deep", "--json": "full"}
    for option, level in levels.items():
        one, all_ = keep("verify", "note.txt", option), keep("verify", option)
        assert one["level"] == all_["level"] == level
        assert one["checked"] == (level != "quick") and one["checked"] <= all_["checked"]


def test_collection_says_first_what_it_would_remove(keep, model, tmp_path):
    keep("add", model)
    left = tmp_path / "kept" / "objects" / "b3" / "00" / "00"
    left.mkdir(parents=True)
    name = left / ("00" * 32)
    name.write_bytes(b"of something that died")
    assert keep("gc")["young"] == 1 and name.exists(), "what is young is left"
    told = keep("gc", "--grace", "0 seconds", "--dry-run")
    assert told["objects"] == [f"b3:{'00' * 32}"] and not told["executed"] and name.exists()
    assert keep("gc", "--grace", "0 seconds")["objects"] == told["objects"] and not name.exists()
    assert keep("verify")["ok"]


def test_a_replica_mends_what_is_damaged_and_says_who_took_whose_place(keep, model, damage):
    one = keep("add", model, "--origin", "--name", "first")["instance"]
    made = keep("replicate", "replica", "--device", "shelf")
    assert len(made["instances"]) == 1 and made["problems"] == []
    assert keep("verify", root="replica")["ok"]
    damage()
    told = keep("repair", "--from", "replica", "--dry-run")
    assert len(told["repaired"]) == 1 and not told["executed"]
    assert not keep("verify", code=1)["ok"]
    done = keep("repair", "--from", "replica")
    assert done["repaired"] == told["repaired"] and done["left"] == []
    assert [each["ended"] for each in done["instances"]] == [one]
    assert keep("verify")["ok"]
    edges = {(e["source"], e["target"]) for e in keep("lineage", "first")["edges"]}
    assert (made["instances"][0], done["instances"][0]["began"]) in edges


def test_what_is_damaged_on_both_sides_is_left_and_said(keep, model, damage):
    keep("add", model)
    keep("replicate", "replica")
    damage()
    damage("replica")
    assert len(keep("repair", "--from", "replica", code=1)["left"]) == 1
    assert len(keep("replicate", "again", code=1)["problems"]) == 1


def test_a_copy_is_let_go_only_while_enough_others_are_whole_now(keep, model, damage, tmp_path):
    one = keep("add", model, "--name", "first")["instance"]
    for name in ("a", "b"):
        keep("replicate", name)
    both = ("--replica", "a", "--replica", "b")
    assert "the policy asks for 2" in keep("drop", one, "--why", "room", "--replica", "a", code=4)
    damage("b")
    assert "1 other copies" in keep("drop", one, "--why", "room", *both, code=4)
    keep("replicate", "c")
    done = keep("drop", one, "--why", "room", "--replica", "a", "--replica", "c")
    assert done["instance"] == one and len(done["others"]) == 2
    assert keep("list")["contents"] == []
    assert keep("gc", "--grace", "0 seconds")["bytes"] > 160_000
    assert "does not hold" in keep("get", "first", "back", code=2)
    assert keep("verify", root="a")["ok"]


def test_a_pinned_copy_stays(keep, model, tmp_path):
    policy = tmp_path / "policy.yaml"
    policy.write_text(default_text().replace("min_copies: 2", "min_copies: 1"))
    keep("policy", "adopt", policy, "--by", "Ada")
    one = keep("add", model)["instance"]
    keep("replicate", "replica")
    keep("instance", "pin", one)
    assert "pinned" in keep("drop", one, "--why", "room", "--replica", "replica", code=4)
    keep("instance", "pin", one, "--unpin")
    assert len(keep("drop", one, "--why", "room", "--replica", "replica")["others"]) == 1


def test_a_checkpoint_kept_elsewhere_shows_a_journal_that_was_cut(keep, model, tmp_path):
    keep("add", model)
    keep("checkpoint", "checkpoint.json")
    assert keep("verify", "--checkpoint", "checkpoint.json")["ok"]
    last = max((tmp_path / "kept" / "journal").rglob("*.json"))
    last.unlink()
    for index in (tmp_path / "kept").glob("index.*"):
        index.unlink()
    assert keep("verify")["ok"], "nothing inside the directory can show it"
    found = keep("verify", "--checkpoint", "checkpoint.json", code=1)
    assert {each["what"] for each in found["problems"]} == {"checkpoint"}


def test_a_copy_moves_to_other_storage_and_its_line_goes_on(keep, model):
    one = keep("add", model, "--origin")["instance"]
    shelf = keep("copy", "--from", one, "--device", "server")["instance"]
    cold = keep("instance", "move", shelf, "--device", "vault", "--medium", "tape")["instance"]
    told = keep("lineage", one)
    assert {n["id"]: n["standing"] for n in told["nodes"]}[shelf] == "gone"
    assert (shelf, cold) in {(e["source"], e["target"]) for e in told["edges"]}
    assert "ended already" in keep("instance", "move", shelf, "--device", "vault", code=2)
    keep("instance", "pin", cold)
    assert "pinned" in keep("instance", "move", cold, "--device", "server", code=4)
    assert "holds this copy" in keep("instance", "move", one, "--device", "vault", code=2)
    assert "knows no such instance" in keep("instance", "move", "instance:no", "--device", "vault", code=2)


def test_a_look_before_a_repair_tells_what_the_replica_cannot_mend(keep, model, damage):
    keep("add", model)
    keep("replicate", "replica")
    damage()
    damage("replica")
    told = keep("repair", "--from", "replica", "--dry-run", code=1)
    assert told["repaired"] == [] and [each["what"] for each in told["left"]] == ["object"]


def test_with_its_key_elsewhere_a_sealed_copy_is_checked_as_far_as_it_can_be(keep, model, tmp_path):
    keep("add", model, "--domain", "family")
    keys = next(each for each in tmp_path.iterdir() if each.name not in ("kept", "model"))
    (wrapped,) = (tmp_path / "kept" / "keys").glob("family.wrapped")
    keys.rename(tmp_path / "safe")
    wrapped.rename(tmp_path / "safe-too")
    seen = keep("verify")
    assert seen["ok"] and any("only its ciphertext" in note for note in seen["notes"])
    (tmp_path / "safe").rename(keys)
    lost = keep("verify", code=1)
    assert "the key of this domain is not here" in lost["problems"][0]["why"]
