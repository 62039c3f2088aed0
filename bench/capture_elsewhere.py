"""Capture by libraries that need an environment of their own: a process that is asked for runs over a pipe.

``python capture_elsewhere.py WAY FOLDER THREADS`` loads the weights in FOLDER, says on standard output that
it is ready (or why it cannot be), and then answers every line of standard input with one line: the job as
JSON, and seconds, working memory and the first role's mean vectors. It idles in between, so ways in several
processes can take turns. Nothing of selfscope is imported here.

Each library is used in the leanest way that it documents for means of every layer:

- ``nnsight``: one trace a batch, means taken inside it, ``tracer.stop()`` after the last block, so that the
  language-model head is not computed.
- ``transformer_lens``: ``TransformerBridge`` (the 4.x releases have no ``HookedTransformer`` any more) with
  its raw weights, nothing folded; ``run_with_hooks`` with a hook at each block that takes the means. It sets
  attention to ``eager``, and where all blocks are wanted it has no way to leave out the head.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from capture_clock import Clock, measured

Means = Callable[[Any, Any, list[Any]], list[Any]]
"""From tokens, mask and the places of each row to one (rows, width) tensor of means a layer."""

PACKAGES = {"nnsight": "nnsight", "transformer_lens": "transformer-lens"}


def by_nnsight(folder: str) -> Means:
    import torch
    from nnsight import TransformersModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    weights = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    traced = TransformersModel(weights, tokenizer=AutoTokenizer.from_pretrained(folder))

    def means(tokens: Any, mask: Any, places: list[Any]) -> list[Any]:
        with traced.trace(input_ids=tokens, attention_mask=mask, use_cache=False) as tracer:
            found = [].save()  # nnsight gives every object this method
            for layer in traced.model.layers:
                states = layer.output
                found.append(torch.stack([states[k, p].mean(0) for k, p in enumerate(places)]))
            tracer.stop()
        return list(found)

    return means


def by_transformer_lens(folder: str) -> Means:
    import torch
    from transformer_lens.model_bridge import TransformerBridge

    bridge = TransformerBridge.boot_transformers(folder, device="cpu", dtype=torch.float32)
    names = [f"blocks.{i}.hook_out" for i in range(len(bridge.blocks))]

    def means(tokens: Any, mask: Any, places: list[Any]) -> list[Any]:
        found = {}

        def see(states: Any, hook: Any) -> None:
            found[hook.name] = torch.stack([states[k, p].mean(0) for k, p in enumerate(places)])

        hooks = [(name, see) for name in names]
        bridge.run_with_hooks(tokens, fwd_hooks=hooks, attention_mask=mask, use_cache=False, return_type=None)
        return [found[name] for name in names]

    return means


WAYS = {"nnsight": by_nnsight, "transformer_lens": by_transformer_lens}


def run(means: Means, job: dict[str, Any]) -> dict[str, Any]:
    """Return seconds, and the mean of the first role's conversations, shape (layers, width)."""
    import torch

    kept: dict[int, Any] = {}
    clock = Clock()
    with torch.inference_mode():
        for batch in job["batches"]:
            tokens, mask = padded([job["tokens"][i] for i in batch])
            places = [torch.tensor(job["places"][i]) for i in batch]
            layers = torch.stack(means(tokens, mask, places))
            kept |= {i: layers[:, k] for k, i in enumerate(batch)}
    told = clock.told()
    vector = torch.stack([kept[i].double() for i in job["first"]]).mean(0)
    return {**told, "vector": vector.tolist(), "tokens": sum(map(len, job["tokens"]))}


def padded(batch: list[list[int]]) -> tuple[Any, Any]:
    """Return tokens and mask of a batch, padded on the right."""
    import torch

    longest = max(map(len, batch))
    tokens = torch.zeros((len(batch), longest), dtype=torch.long)
    mask = torch.zeros_like(tokens)
    for k, sequence in enumerate(batch):
        tokens[k, : len(sequence)] = torch.tensor(sequence)
        mask[k, : len(sequence)] = 1
    return tokens, mask


def main() -> None:
    way, folder, threads = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print goes to standard error
    try:
        import torch

        torch.set_num_threads(int(threads))
        means = WAYS[way](folder)
        said = {"ready": f"{way} {version(PACKAGES[way])}"}
    except Exception as error:  # whatever it is, the table tells it
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}), file=answers)
        return
    print(json.dumps(said), file=answers)
    for line in sys.stdin:
        job = json.loads(line)
        print(json.dumps(measured(lambda job=job: run(means, job))), file=answers)


if __name__ == "__main__":
    main()
