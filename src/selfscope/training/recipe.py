"""How an adapter is trained: one frozen value, whose id is part of the adapter's name."""

from __future__ import annotations

from dataclasses import dataclass

from selfscope.values import content_id


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what a training makes of a corpus, but the corpus, the model and the seed.

    Attributes
    ----------
    rank, alpha
        Of the low-rank change: W + (alpha / rank) B A, A of shape (rank, in), B of shape (out, rank).
    modules
        Last names of the linear layers that are changed, in every block: attention projections only.
    rate
        Learning rate of AdamW at its highest: it rises linearly over `warmup` steps and falls linearly to 0.
    epochs
        Times that every pair is seen, each time in another order.
    pairs
        Pairs in one step. They are laid out in one row behind the tokens that all of them begin with, so
        nothing is padded, and no pair sees another.
    clip
        Largest norm of a step's gradient.
    precision
        What the file stores; training itself is in float32.
    threads
        Of the processor. Sums over several threads are grouped by their number, so it is part of the recipe.
        One loses nothing where two trainings can run side by side, and much less where other work runs.
    """

    rank: int = 8
    alpha: int = 16
    modules: tuple[str, ...] = ("q_proj", "k_proj", "v_proj", "o_proj")
    rate: float = 1e-3
    epochs: int = 2
    pairs: int = 16
    warmup: int = 5
    decay: float = 0.0
    clip: float = 1.0
    precision: str = "float16"
    threads: int = 1

    @property
    def id(self) -> str:
        """The content id of the recipe."""
        return content_id(self)


#: The one recipe of the adapters that are shipped and compared.
RECIPE = Recipe()
#: The recipe of ports where a CUDA device is: more ranks, on all linear layers of a block.
LARGE = Recipe(
    rank=32,
    alpha=64,
    modules=("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"),
    rate=5e-4,
)


def recipe_on(device: str) -> Recipe:
    """Return the recipe of a port on a device: the larger one on ``cuda``."""
    return LARGE if device == "cuda" else RECIPE
