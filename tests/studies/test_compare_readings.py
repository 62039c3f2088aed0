"""Two runs that read, compared: what is planted is found, nothing where nothing is, and scales are kept."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files

import jsonschema
import numpy as np
import pytest
from safetensors.numpy import save_file

from selfscope.cli.app import run
from selfscope.cli.compared import readings_view
from selfscope.errors import BadInput
from selfscope.models.ground import GroundIdentity
from selfscope.report.readings import readings_lead, render_readings
from selfscope.stats.paired_areas import area_parts, gain
from selfscope.stats.paired_readings import Twice, judge_twice
from selfscope.studies.compare_emotion import LEAST_AREA
from selfscope.studies.compare_readings import KINDS, compare_readings, kind_of
from selfscope.studies.drift_held import AFTER, CONVERSATIONS, FRESH, SAID
from selfscope.studies.drift_planted import phantom
from selfscope.studies.emotion_rows import DIRECTIONS
from selfscope.studies.evaluation import table_of
from selfscope.studies.store import RunStore
from selfscope.values import Arm, ItemSet, Study, content_id, plain

SCHEMA = json.loads((files("selfscope.cli") / "schemas" / "compare.json").read_text(encoding="utf-8"))
GROUND = GroundIdentity("tiny", "local", "llama", "r1")
EVIDENCE = {"user": "u", "reply": "", "text": "", "agree": "", "disagree": "", "system": "", "evidence": "e"}


def study_of(title, name, items, software=None, ground=GROUND):
    arms = (Arm(name, "subject", None if name == "none" else f"You are {name}."),)
    return Study(title, plain(ground), items, items, (), arms, "standard", 0, software=software or {})


def stored(root, study, rows, **files_):
    store = RunStore.of(study, root)
    store.begin(study, ItemSet("none", ()))
    store.write_part("rows-00000", table_of(EVIDENCE | row for row in rows), {})
    store.finish(study)
    for name, told in files_.items():
        store.write_json(f"{name}.json", told)
    return store


# Drift


def drift_run(
    root,
    name,
    made,
    *,
    axis="a",
    split_half=0.9,
    memory=0.0,
    ground=GROUND,
    inside=True,
    expected="counterfactual",
):
    """Store planted readings as the run of drift that would have had them."""
    ids = [f"{script}/0" for script in made.scripts]
    said = zip(made.scripts, ids, strict=True)
    talks = [
        {"id": i, "script": s, "turns": 12, "perturbed": 0, "baseline": False, "user": content_id(s)}
        for s, i in said
    ]
    read = {SAID: made.y, FRESH: made.fresh, AFTER: made.after} if inside else {}
    rows = [
        {"instrument": "axis", "construct": "assistant_axis", "channel": "internal", "item": kind}
        | {"thread": ids[n], "script": made.scripts[n], "turn": t + 1, "value": float(values[n, t])}
        | {"keyed": 1, "polarity": 1, "scale": "axis_z"}
        for kind, values in read.items()
        for n in range(len(ids))
        for t in range(12)
    ]
    noise = np.random.default_rng(len(name))
    rows += [
        {"instrument": "own_words", "construct": "memory", "channel": "utterance", "item": f"m{k}"}
        | {"thread": i, "script": i[:-2], "turn": t, "keyed": k, "polarity": v, "scale": "log_prob"}
        | {"value": k * v * memory * t + noise.normal(0, 0.1)}
        for i in ids
        for t in (0, 6, 12)
        for k in (1, -1)
        for v in (1, -1)
    ]
    software = {"drift": "d", "axis": axis}
    study = study_of(f"drift {name}", name, "cluster", software, ground)
    told = {"id": axis, "name": f"map {axis}", "layer": 1, "split_half": split_half} if inside else None
    talks_told = {"axis": told, "expected": expected, "conversations": talks}
    return stored(root, study, rows, conversations=talks_told)


def planted(seed, **more):
    return phantom(np.random.default_rng(seed), **more)


def by_name(found):
    return {f.dimension: f for f in found.findings}


def test_planted_drift_is_the_difference_and_its_speed_is_found(tmp_path):
    still, moving = planted(1), planted(2, drift=0.5)
    first = drift_run(tmp_path, "none", still)
    second = drift_run(tmp_path, "ilse", moving, memory=0.2)
    found = by_name(compare_readings(first, second))
    assert found["drift"].verdict == "shifted"
    assert found["drift"].estimate == pytest.approx(0.5, abs=0.1)
    assert found["drift"].claim == "than this control" and found["drift"].n_items == 16
    assert (found["drift"].subject, found["drift"].control) == ("tiny as ilse", "tiny")
    assert found["memory"].verdict == "shifted"
    assert found["memory"].estimate == pytest.approx(0.2, abs=0.02)
    back = by_name(compare_readings(second, first))
    assert back["drift"].estimate == pytest.approx(-found["drift"].estimate)


def test_nothing_is_found_where_nothing_is_planted_and_topic_cancels(tmp_path):
    false = 0
    for seed in range(12):
        pair = [
            drift_run(
                tmp_path / str(seed), name, planted(20 + seed, topic=4.0 * (name != "none"), length=0.3)
            )
            for name in ("none", "ilse")
        ]
        found = by_name(compare_readings(*pair))["drift"]
        false += found.verdict == "shifted"
    assert false == 0


def test_the_same_course_is_equivalent_and_words_alone_claim_no_absence(tmp_path):
    made = planted(3)
    again = made._replace(y=made.y + 0.01 * np.random.default_rng(0).standard_normal(made.y.shape))
    found = compare_readings(drift_run(tmp_path, "none", made), drift_run(tmp_path, "ilse", again))
    own = by_name(found)
    assert (own["drift"].verdict, own["place"].verdict) == ("equivalent", "equivalent")
    assert own["memory"].verdict == "inconclusive"
    assert any("absence cannot be claimed" in note for note in own["memory"].notes)


def test_another_axis_is_another_scale_and_an_unreliable_one_is_not_interpreted(tmp_path):
    made = planted(4)
    first = drift_run(tmp_path, "none", made)
    other = compare_readings(first, drift_run(tmp_path, "ilse", planted(5, drift=1.0), axis="b"))
    assert "another direction" in other.unavailable["internal"]
    assert set(by_name(other)) == {"memory"}
    loose = drift_run(tmp_path, "otto", planted(5, drift=1.0), split_half=0.6)
    found = by_name(compare_readings(first, loose))
    assert found["drift"].verdict == found["place"].verdict == "not interpretable"
    assert "second run is not reliable enough" in found["drift"].gate.reasons[0]
    assert np.isnan(found["drift"].p_adjusted)
    by_words = drift_run(tmp_path, "emil", made, expected="messages")
    assert "expected values are from" in compare_readings(first, by_words).unavailable["internal"]
    blind = drift_run(tmp_path, "api", made, inside=False)
    assert compare_readings(first, blind).unavailable["internal"] == "one of the runs read nothing inside"


def test_few_scripts_describe_and_only_shared_ones_count(tmp_path):
    first = drift_run(tmp_path, "none", planted(6, scripts=10))
    second = drift_run(tmp_path, "ilse", planted(7, scripts=5, drift=2.0))
    found = compare_readings(first, second)
    drift = by_name(found)["drift"]
    assert (drift.n_items, drift.verdict, drift.claim) == (5, "inconclusive", "screening")
    assert any("5 scripts describe" in note for note in drift.notes)
    assert any("left out: script-05" in w for w in found.warnings)
    unlike = planted(8)._replace(scripts=tuple(f"mine-{n}" for n in range(16)))
    with pytest.raises(BadInput, match="no script in common"):
        compare_readings(first, drift_run(tmp_path, "other", unlike))


def test_words_of_another_model_are_not_compared(tmp_path):
    far = replace(GROUND, name="other", revision="r2")
    pair = [drift_run(tmp_path, "none", planted(9), ground=ground) for ground in (GROUND, far)]
    found = compare_readings(*pair)
    assert "likelihood of a text is the model's own" in found.unavailable["utterance"]
    (tmp_path / pair[1].run / CONVERSATIONS).unlink()
    with pytest.raises(BadInput, match="does not tell of its conversations"):
        compare_readings(*pair)


# Emotion


def emotion_run(root, name, size, *, turn=0.0, p=0.01, leaky=False, report=0.0, mass=0.5, pairs=40, seed=0):
    """Store planted readings of pairs: `size` is how far those of texts that move lie above their twins'."""
    draw = np.random.default_rng([seed, 3])
    texts = []
    for n in range(pairs):
        level, own = draw.normal(0, 0.3), draw.normal(0, 0.5, 4)
        for kind, k in (("keyword_free", 1), ("neutral", 0)):
            for person, e in (("first", own[k]), ("third", own[2 + k])):
                texts.append(
                    {"id": f"{n}{kind}{person}", "text": "t", "emotion": ("joy", "fear")[n % 2], "kind": kind}
                    | {"pair": str(n), "person": person, "form": "", "step": 0, "tokens": 5, "family": None}
                    | {"reading": float(size * (k - 0.5) + level + e)}
                    | {"report": float(report * k + e) if person == "first" else None}
                )
    told = {
        "texts": texts,
        "affect": {"layer": 1},
        "keyword": {"area": {"auroc": 0.99, "ci": [0.97, 1.0]}},
        "control": {"p": p},
        "leakage": {"verdict": "leaky" if leaky else "clean"},
        "self_report": {"yes": 0.0, "mass": mass},
    }
    study = study_of(f"emotion {name}", name, "emotion")
    fixed = {"instrument": "emotion", "channel": "internal", "scale": "reading", "keyed": 1}
    rows = [
        fixed
        | {"item": t["id"], "value": t["reading"], "construct": t["emotion"], "template": t["kind"]}
        | {"format": t["person"], "polarity": 1 if t["kind"] == "keyword_free" else -1}
        for t in texts
    ]
    store = stored(root, study, rows, emotion=told)
    axis = np.array([[1.0, 0.0], [np.cos(turn), np.sin(turn)]], np.float32)
    save_file({"affect": axis}, store.folder / DIRECTIONS)
    return store


def test_affect_that_is_told_better_is_found_and_an_equal_one_is_equivalent(tmp_path):
    first = emotion_run(tmp_path, "none", 0.5)
    better = by_name(compare_readings(first, emotion_run(tmp_path, "ilse", 1.2, report=1.0)))
    assert better["affect"].verdict == "shifted" and better["affect"].estimate > 0.1
    assert better["affect/size"].verdict == "shifted"
    assert better["affect/size"].estimate == pytest.approx(0.35)
    assert better["report"].verdict == "shifted" and better["report"].estimate == pytest.approx(1.0)
    assert set(better) == {"affect", "affect/joy", "affect/fear", "affect/size", "report"}
    same = by_name(compare_readings(first, emotion_run(tmp_path, "otto", 0.505)))
    assert same["affect"].verdict == "equivalent"
    assert same["report"].verdict == "inconclusive", "no control says that a report could be seen to move"


def test_nothing_is_found_between_two_runs_of_one_truth(tmp_path):
    found = [
        by_name(
            compare_readings(*(emotion_run(tmp_path / f"{n}", c, 0.5, seed=10 * n + ord(c)) for c in "ab"))
        )
        for n in range(12)
    ]
    assert sum(f["affect"].verdict == "shifted" for f in found) <= 1


def test_sizes_along_another_direction_are_not_compared_and_areas_are(tmp_path):
    first = emotion_run(tmp_path, "none", 0.5)
    found = compare_readings(first, emotion_run(tmp_path, "ilse", 1.2, turn=0.5))
    assert "affect/size" not in by_name(found) and by_name(found)["affect"].verdict == "shifted"
    assert any("directions differ (cosine 0.878" in w for w in found.warnings)


@pytest.mark.parametrize(
    ("more", "dimension", "reason"),
    [({"leaky": True}, "affect", "give themselves away"), ({"mass": 1e-5}, "report", "option mass")],
)
def test_what_cannot_be_interpreted_has_no_other_verdict(tmp_path, more, dimension, reason):
    first = emotion_run(tmp_path, "none", 0.5)
    found = by_name(compare_readings(first, emotion_run(tmp_path, "ilse", 3.0, report=3.0, **more)))
    assert found[dimension].verdict == "not interpretable"
    assert reason in found[dimension].gate.reasons[0]


def test_what_is_read_in_neither_run_is_not_compared(tmp_path):
    pair = [emotion_run(tmp_path, name, 0.0, p=0.4, seed=n) for n, name in enumerate(("none", "ilse"))]
    found = by_name(compare_readings(*pair))
    assert found["affect"].verdict == "not interpretable"
    one = emotion_run(tmp_path, "otto", 3.0)
    assert by_name(compare_readings(pair[0], one))["affect"].verdict == "shifted"


def test_runs_of_two_kinds_or_other_stimuli_are_refused(tmp_path):
    emotion, drift = emotion_run(tmp_path, "none", 1.0), drift_run(tmp_path, "none", planted(1))
    assert (kind_of(emotion), kind_of(drift)) == ("emotion", "drift") and set(KINDS) >= {"emotion", "drift"}
    with pytest.raises(BadInput, match="two kinds"):
        compare_readings(emotion, drift)


def test_readings_are_observations_for_where_and_stress(tmp_path, capsys):
    """A text and its neutral twin are two texts: their readings are no trait and bias of one statement."""
    table = str(emotion_run(tmp_path, "none", 2.0).folder / "observations.parquet")
    named = ["--only", "format=third", "--value", "value", "--json"]
    where = [
        "--object",
        "construct",
        "--facets",
        "construct,template,item",
        "--nested",
        "item:construct,template",
    ]
    assert run(["where", table, *where, *named, "--out", str(tmp_path / "w.html")]) == 0
    capsys.readouterr()
    stress = ["--contrast", "template:keyword_free,neutral", "--units", "construct,item", "--sesoi", "0.25"]
    assert run(["stress", table, *stress, *named, "--out", str(tmp_path / "s.html")]) == 0
    found = json.loads(capsys.readouterr().out)["findings"]
    assert found[0]["estimate"] == pytest.approx(2.0, abs=0.4)


# Page, lines, JSON


def test_compare_on_the_command_line_says_shows_and_gates(tmp_path, capsys):
    first = emotion_run(tmp_path, "none", 0.5)
    second = emotion_run(tmp_path, "<ilse>", 1.2, turn=0.5)
    given = ["compare", str(first.folder), str(second.folder)]
    assert run([*given, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, SCHEMA)
    assert told["kind"] == "emotion" and told["runs"] == [first.run, second.run]
    assert told["findings"][0]["sentence"].startswith("Affect, without the words: shifted")
    page = (second.folder / f"compare-{first.run}-{second.run}.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 2 and "&lt;ilse&gt;" in page and "<ilse>" not in page
    assert run([*given, "--fail-on", "shifted"]) == 1
    assert "differs from tiny in" in capsys.readouterr().out


def test_a_page_of_drift_says_when_nothing_can_be_said(tmp_path):
    stores = [drift_run(tmp_path, name, planted(1), split_half=0.5, memory=0.0) for name in ("none", "ilse")]
    result = compare_readings(*stores)
    view = readings_view(*stores, result)
    assert "not shown to differ" in readings_lead(view)
    silent = replace(view, findings=tuple(f for f in view.findings if f.channel == "internal"))
    assert readings_lead(silent).startswith("None of 2 measures can be interpreted")
    assert "no projection is interpreted" in render_readings(silent)


# Statistics


def test_parts_of_an_area_are_the_area_and_its_delong_error():
    rng = np.random.default_rng(0)
    scores, truths = rng.standard_normal(60), np.arange(60) < 25
    scores[truths] += 1
    _, parts = area_parts(scores, truths, [str(n) for n in range(60)])
    x, y = scores[truths], scores[~truths]
    above = (x[:, None] > y[None, :]).astype(float)
    assert parts.mean() == pytest.approx(above.mean())
    delong = above.mean(1).var(ddof=1) / 25 + above.mean(0).var(ddof=1) / 35
    assert parts.var(ddof=1) / 60 == pytest.approx(delong, rel=0.03)


def test_the_error_of_a_difference_of_areas_is_that_of_the_pair_bootstrap():
    rng = np.random.default_rng(1)
    truths, clusters = np.tile([True, False], 80), np.repeat([f"p{n:02d}" for n in range(40)], 4)
    shared = rng.standard_normal(40)[np.repeat(np.arange(40), 4)]
    first, second = (truths * 0.8 + shared + rng.standard_normal(160) for _ in range(2))
    delta = area_parts(second, truths, clusters)[1] - area_parts(first, truths, clusters)[1]
    drawn = gain(second, first, truths, clusters.tolist(), draws=4000)
    assert delta.mean() == pytest.approx(drawn.value)
    assert 1.96 * delta.std(ddof=1) / np.sqrt(40) == pytest.approx((drawn.high - drawn.low) / 2, rel=0.08)


def twice(delta, **more):
    given = {"sesoi": LEAST_AREA, "confirms": 12} | more
    return Twice("d", "internal", "area", "e", "pair", np.zeros(len(delta)), np.asarray(delta), **given)


def test_p_is_corrected_within_a_channel_and_what_is_barred_takes_no_part():
    rng = np.random.default_rng(2)
    delta = 0.08 + 0.1 * rng.standard_normal(30)
    one, other = judge_twice([twice(delta), twice(delta, barred=("for a reason",))], "b", "a")
    assert one.p_adjusted == one.p and other.verdict == "not interpretable"
    one, _ = judge_twice([twice(delta), twice(delta)], "b", "a")
    assert one.p_adjusted == pytest.approx(2 * one.p)


def test_verdicts_are_false_as_seldom_as_they_say():
    rng = np.random.default_rng(3)
    null = [twice(0.2 * rng.standard_normal(12)) for _ in range(200)]
    found = [judge_twice([m], "b", "a")[0] for m in null]
    assert np.mean([f.verdict == "shifted" for f in found]) <= 0.07


# Caps


def cap_run(root, name, late, style=0.0, *, part="confirm", ground=GROUND, items=24):
    """A run of a cap that changes late turns, jailbreaks and ordinary replies by so much."""
    rng = np.random.default_rng(7)
    plain_scores = rng.normal(0, 1, (4, items))
    moved = {"late": late, "jailbreak": late, "capability": 0.0, "style": style}
    own = np.random.default_rng(len(name))
    rows = [
        {"instrument": "cap", "channel": "utterance", "construct": construct, "script": f"c{n % 8}"}
        | {
            "item": f"{construct}.{n}",
            "evidence": f"{construct}.{n}",
            "character": character,
            "scale": "chance",
        }
        | {"value": plain_scores[k, n] + (by + own.normal(0, 0.002) if character == "cap" else 0.0)}
        for k, (construct, by) in enumerate(moved.items())
        for n in range(items)
        for character in ("none", "cap", "random")
    ]
    arms = (
        Arm("none", "control", None),
        Arm("cap", "subject", None, notes=(name, "validated" if name == "low" else "not validated")),
    )
    study = replace(study_of(f"cap {name}", "cap", "cap", {"part": part}, ground), arms=arms)
    return stored(root, study, rows)


def test_of_two_caps_the_one_that_holds_more_is_told_and_what_neither_moves_is_not_called_equal(tmp_path):
    low, high = cap_run(tmp_path, "low", -0.2), cap_run(tmp_path, "higher", -0.5, -0.1)
    assert kind_of(low) == "cap"
    found = compare_readings(low, high)
    own = by_name(found)
    assert (own["role"].verdict, own["role"].n_items) == ("shifted", 16)
    assert own["role"].estimate == pytest.approx(-0.3, abs=0.01)
    assert own["style"].estimate == pytest.approx(-0.1, abs=0.01) and own["style"].verdict == "shifted"
    assert own["capability"].verdict == "inconclusive"
    assert (own["role"].subject, own["role"].control) == ("tiny under cap higher", "tiny under cap low")
    assert found.warnings == ("The cap of the second run is not validated.",)
    back = by_name(compare_readings(high, low))["role"]
    assert back.estimate == pytest.approx(-own["role"].estimate)
    same = by_name(compare_readings(low, cap_run(tmp_path, "same", -0.2)))["role"]
    assert same.verdict == "equivalent"


def test_caps_of_two_networks_and_of_other_material_are_not_compared(tmp_path):
    first = cap_run(tmp_path, "low", -0.2)
    with pytest.raises(BadInput, match="two models"):
        compare_readings(first, cap_run(tmp_path, "b", -0.2, ground=replace(GROUND, revision="r2")))
    with pytest.raises(BadInput, match="other material"):
        compare_readings(first, cap_run(tmp_path, "c", -0.2, part="check"))
    some = compare_readings(first, cap_run(tmp_path, "d", -0.2, items=8))
    assert any("late: items that both runs scored alike: 8 of 24 and 8" in each for each in some.warnings)
