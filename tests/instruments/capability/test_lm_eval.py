"""Tasks of lm-evaluation-harness: the refusal where it is absent, and the whole way where it is installed.

The harness is an extra that the suite does without, so each of the two is a test where it can be one.
"""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from tests.standins.weights import write_folder

from selfscope.errors import BadInput, CouldNot
from selfscope.instruments.capability.lm_eval import LmEvalTask, _chat, harness_model, parse_task, run_task
from selfscope.models.local.ground import LocalGround, open_local
from selfscope.values import Message

THERE = find_spec("lm_eval") is not None
DOCUMENTS = [
    {"question": "What colour is grass?", "choices": ["A No.", "Yes."], "answer": 0},
    {"question": "What colour is coal?", "choices": ["Yes, B.", "No."], "answer": 1},
]
METRICS = {
    "multiple_choice": [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}],
    "generate_until": [{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}],
    "loglikelihood_rolling": [
        {"metric": "word_perplexity", "aggregation": "weighted_perplexity", "higher_is_better": False}
    ],
}


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> LocalGround:
    folder = tmp_path_factory.mktemp("weights") / "tiny"
    write_folder(folder)
    return open_local(folder, device="cpu", threads=1)


def declared(folder: Path, kind: str) -> LmEvalTask:
    """Write a task of local data as the harness declares one, and return it."""
    data = folder / "documents.jsonl"
    data.write_text("".join(json.dumps(d) + "\n" for d in DOCUMENTS), "utf-8")
    task = {
        "task": f"ours_{kind}",
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(data)}},
        "test_split": "test",
        "output_type": kind,
        "doc_to_text": "" if kind == "loglikelihood_rolling" else "{{question}}",
        "doc_to_target": "answer" if kind == "multiple_choice" else "{{question}}",
        "metric_list": METRICS[kind],
        "metadata": {"version": 1.0},
    }
    if kind == "multiple_choice":
        task["doc_to_choice"] = "choices"
    if kind == "generate_until":
        task["generation_kwargs"] = {"until": ["\n"], "max_gen_toks": 4}
    (folder / "task.yaml").write_text(yaml.safe_dump(task), "utf-8")
    return parse_task(f"lm-eval:ours_{kind}@{folder}")


def test_a_task_is_named_with_its_folder_or_without(tmp_path: Path):
    assert parse_task("lm-eval:arc_easy") == LmEvalTask("arc_easy")
    assert parse_task(f"lm-eval:mine@{tmp_path}") == LmEvalTask("mine", tmp_path)


@pytest.mark.parametrize("given", ["arc_easy", "lm-eval:", "lm-eval:mine@", "lm-eval:@here"])
def test_what_names_no_task_is_refused(given):
    with pytest.raises(BadInput, match="no task of lm-evaluation-harness"):
        parse_task(given)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(BadInput, match="no such folder"):
        parse_task(f"lm-eval:mine@{tmp_path / 'none'}")


def test_prompts_are_made_by_the_models_own_template(ground: LocalGround):
    history = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]
    wanted = ground.renderer.head([Message("system", "Be brief."), Message("user", "Hello")])
    assert _chat(ground, history, True) == wanted
    with pytest.raises(BadInput, match="begins the reply itself"):
        _chat(ground, history, False)


if not THERE:

    def test_without_the_harness_it_is_said_how_to_have_it(ground: LocalGround, tmp_path: Path):
        with pytest.raises(CouldNot, match="not installed") as caught:
            run_task(ground, declared(tmp_path, "multiple_choice"))
        assert 'pip install "selfscope[lm-eval]"' in str(caught.value)
        with pytest.raises(CouldNot, match="not installed"):
            harness_model(ground)

else:
    pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

    @pytest.mark.parametrize("kind", list(METRICS))
    def test_a_local_task_gives_one_value_a_document_and_again_the_same(ground, tmp_path, monkeypatch, kind):
        monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
        task = declared(tmp_path, kind)
        found = run_task(ground, task)
        assert (found.task, found.metric) == (task.name, METRICS[kind][0]["metric"])
        assert len(found.values) == len(DOCUMENTS)
        assert found.higher_is_better
        assert run_task(ground, task) == found
        assert run_task(ground, task, limit=1).values == pytest.approx(found.values[:1], abs=1e-4)

    def test_the_choice_is_that_of_the_models_own_scores(ground, tmp_path):
        from selfscope.values import Prompt

        prompts = [
            Prompt((Message("user", d["question"]),), text=choice)
            for d in DOCUMENTS
            for choice in d["choices"]
        ]
        odds = [each[0].value for each in ground.answer_here(prompts).answers]
        wanted = [
            float(odds[2 * n + d["answer"]] == max(odds[2 * n : 2 * n + 2])) for n, d in enumerate(DOCUMENTS)
        ]
        assert list(run_task(ground, declared(tmp_path, "multiple_choice")).values) == wanted

    def test_a_task_of_other_documents_is_another(tmp_path: Path):
        task = declared(tmp_path, "multiple_choice")
        before = task.id
        assert before == declared(tmp_path, "multiple_choice").id
        (tmp_path / "documents.jsonl").write_text("", "utf-8")
        assert task.id != before
        assert LmEvalTask("arc_easy").id != LmEvalTask("arc_challenge").id

    def test_a_task_that_the_harness_does_not_know_is_refused(ground: LocalGround, tmp_path: Path):
        with pytest.raises(BadInput, match="no such single task"):
            run_task(ground, LmEvalTask("nobody_made_this", tmp_path))
