"""How long components of a balanced table take, beside statsmodels and GPBoost on the same values.

Run ``python bench/variance.py --gpboost PYTHON``, PYTHON being an interpreter of an environment of its own
with GPBoost (``python3.11 -m venv E && E/bin/pip install gpboost``); left out, its rows are left out. It
prints seconds, ratios and components, and what a million values take from a file to the last number.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from selfscope.stats.variance import components
from selfscope.stats.variance_design import Design, design_of
from selfscope.stats.variance_located import Asked, locate
from selfscope.studies.where_table import lay_out, read_table

#: Components of the tables that are drawn, by term.
PLANTED = {
    "character": 0.5,
    "item": 0.8,
    "thread:character": 0.3,
    "character×item": 0.4,
    "thread:character×item": 1.0,
}
NESTED = {"thread": ("character",)}
#: Runs in a process of its own: reads a table, prints components and seconds.
GPBOOST = """
import json, sys, time
import numpy as np, pandas as pd, gpboost
frame = pd.read_csv(sys.argv[1])
who, item = frame.character, frame.item
groups = np.column_stack([who, item, who + frame.thread, who + item])
began = time.perf_counter()
model = gpboost.GPModel(group_data=groups, likelihood="gaussian")
model.fit(y=frame.value.to_numpy(float), X=np.ones((len(frame), 1)))
found = model.get_cov_pars()
print(json.dumps({"seconds": time.perf_counter() - began, "found": np.asarray(found).ravel().tolist()}))
"""


def drawn(characters: int, threads: int, items: int, seed: int = 0) -> tuple[Design, np.ndarray]:
    rng = np.random.default_rng(seed)
    levels = (("character", characters), ("thread", threads), ("item", items))
    design = design_of(levels, NESTED, random=("character", "thread", "item"))
    y = np.zeros(design.shape)
    for term in design.terms:
        shape = [n if f in term.facets else 1 for f, n in levels]
        y = y + np.sqrt(PLANTED[term.name]) * rng.standard_normal(shape)
    return design, y


def long(design: Design, y: np.ndarray) -> pd.DataFrame:
    at = np.indices(design.shape).reshape(len(design.facets), -1)
    names = {f.name: np.char.add(f.name[0], at[n].astype(str)) for n, f in enumerate(design.facets)}
    return pd.DataFrame(names | {"value": y.ravel()})


def timed(work: Callable[[], Any], rounds: int = 1) -> tuple[Any, float]:
    best, found = np.inf, None
    for _ in range(rounds):
        began = time.perf_counter()
        found = work()
        best = min(best, time.perf_counter() - began)
    return found, best


def ours(design: Design, y: np.ndarray) -> tuple[dict[str, float], float]:
    found, seconds = timed(lambda: components(y, design), 3)
    return {t.name: float(v) for t, v in zip(design.terms, found.variance, strict=True)}, seconds


def mixed(frame: pd.DataFrame) -> tuple[dict[str, float], float]:
    """REML of statsmodels: one group, crossed effects as variance components."""
    from statsmodels.regression.mixed_linear_model import MixedLM

    parts = {
        "character": "0 + C(character)",
        "item": "0 + C(item)",
        "thread:character": "0 + C(character):C(thread)",
        "character×item": "0 + C(character):C(item)",
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = MixedLM.from_formula("value ~ 1", frame, vc_formula=parts, groups=np.ones(len(frame)))
        fitted, seconds = timed(lambda: model.fit(reml=True))
    named = dict(zip(model.exog_vc.names, fitted.vcomp, strict=True))
    return {**{k: float(v) for k, v in named.items()}, "thread:character×item": float(fitted.scale)}, seconds


def gpboost(frame: pd.DataFrame, python: str) -> tuple[dict[str, float], float]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        frame.to_csv(path, index=False)
        done = subprocess.run([python, "-c", GPBOOST, str(path)], check=True, capture_output=True, text=True)
    told = json.loads(done.stdout.splitlines()[-1])
    order = ["thread:character×item", "character", "item", "thread:character", "character×item"]
    return dict(zip(order, told["found"], strict=False)), told["seconds"]


def compared(name: str, size: tuple[int, int, int], python: str, with_mixed: bool) -> None:
    design, y = drawn(*size)
    frame = long(design, y)
    rows = {"ours": ours(design, y)}
    if with_mixed:
        rows["statsmodels, REML"] = mixed(frame)
    if python:
        rows["GPBoost, ML"] = gpboost(frame, python)
    base = rows["ours"]
    print(f"{name}: {y.size:,} values")
    for who, (found, seconds) in rows.items():
        told = "  ".join(f"{k} {found[k]:.4f}" for k in PLANTED)
        apart = max(abs(found[k] - base[0][k]) for k in PLANTED)
        print(f"  {who:18} {seconds:9.4f} s  ×{seconds / base[1]:<8.0f} {told}  apart by {apart:.1e}")


def million() -> None:
    """A million values of six crossed facets, from the file on: reading, laying out, all that is said."""
    rng = np.random.default_rng(1)
    names = [f"f{n}" for n in range(6)]
    at = np.indices([10] * 6).reshape(6, -1)
    frame = pd.DataFrame({n: np.char.add("level", at[i].astype(str)) for i, n in enumerate(names)})
    frame["value"] = rng.standard_normal(len(frame)) + rng.standard_normal(10)[at[0]]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.parquet"
        frame.to_parquet(path)
        table, reading = timed(lambda: read_table(path))
    laid, laying = timed(lambda: lay_out(table, "value", names, {}))
    design = design_of(laid.levels)
    _, core = timed(lambda: components(laid.values, design), 3)
    _, whole = timed(lambda: locate(laid.values, Asked(laid.levels, "f0")))
    print(f"a million values, 6 crossed facets, {len(design.terms)} terms: components {core:.2f} s")
    print(f"  reading {reading:.2f} s, laying out {laying:.2f} s, all that is said {whole:.2f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--gpboost", default="", help="an interpreter that has GPBoost")
    chosen = parser.parse_args()
    compared("small", (8, 3, 8), chosen.gpboost, with_mixed=True)
    compared("large", (60, 10, 50), chosen.gpboost, with_mixed=False)
    million()


if __name__ == "__main__":
    main()
