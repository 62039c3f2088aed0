"""From a GGUF file to a folder of safetensors with its tokenizer: once, in a process of its own.

Run as ``python -m selfscope.models.convert GGUF FOLDER``: loading a GGUF file holds several copies of the
weights for a while, and a process of its own gives all of that back, and can be stopped at any moment.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any


def convert(gguf: Path, folder: Path) -> None:
    """Write the weights and the tokenizer of a GGUF file into `folder`, dequantised to float32.

    A model loaded from GGUF cannot be saved as it is: its configuration says "quantized with gguf", which
    transformers refuses to write. So the mark is removed, a fresh network is made from the configuration, and
    the weights are moved into that.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    loaded = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    config = loaded.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    blank: Any = AutoModelForCausalLM
    fresh = blank.from_config(config, dtype=torch.float32)
    fresh.load_state_dict(loaded.state_dict())
    folder.mkdir(parents=True, exist_ok=True)
    fresh.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
