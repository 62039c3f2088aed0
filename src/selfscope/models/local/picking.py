"""One token drawn from a network's log-probabilities, by temperature and nucleus."""

from __future__ import annotations

import torch

Tensor = torch.Tensor

SORTED = 256
"""Tokens that are sorted for a nucleus before the whole vocabulary is."""


def pick(logp: Tensor, temperature: float, top_p: float, random: torch.Generator) -> int:
    """Return one token, drawn by inverting the cumulative probability.

    The tokens stand in the vocabulary's order, or, where `top_p` cuts some off, by falling likelihood.

    Parameters
    ----------
    logp
        Log-probabilities, shape (vocabulary,).
    random
        Gives one uniform number a call, whatever the settings, unless the temperature is 0.
    """
    if temperature == 0:
        return int(logp.argmax())
    chance = torch.softmax(logp.double() / temperature, -1)
    order = None
    if top_p < 1:
        order = _likeliest(chance, top_p)
        chance = chance[order]
        chance = chance[: int((chance.cumsum(0) < top_p).sum()) + 1]
    reached = chance.cumsum(0)
    at = torch.rand(1, generator=random, dtype=torch.float64) * reached[-1]
    place = min(int(torch.searchsorted(reached, at, right=True)), len(reached) - 1)
    return place if order is None else int(order[place])


def _likeliest(chance: Tensor, mass: float) -> Tensor:
    """Return tokens by falling likelihood, equals in the vocabulary's order: enough of them to reach `mass`.

    A whole vocabulary takes longer to sort than a small network to compute. Where a few hundred tokens reach
    the mass, and all that are as likely as the last of them, the others are never drawn.
    """
    if len(chance) > SORTED:
        best = torch.topk(chance, SORTED).values
        if best.sum() >= mass + 1e-9:
            places = torch.nonzero(chance >= best[-1]).squeeze(1)
            return places[chance[places].sort(descending=True, stable=True).indices]
    return chance.sort(descending=True, stable=True).indices
