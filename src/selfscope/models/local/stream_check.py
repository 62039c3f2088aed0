"""Are rows that join each other computed as they are alone? Tried on the network itself before it serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from selfscope.errors import CouldNot

if TYPE_CHECKING:
    from selfscope.models.local.stream import Stream

Tensor = torch.Tensor

_DOES_NOT_RUN = (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError)

TOLERANCE = {torch.float32: 1e-3}
"""Largest difference in log-probability, in nats, that passes; .1 in half precision."""


def check_joining(stream: Stream) -> float:
    """Hold two rows that join against the network's own forward; return the largest difference, in nats.

    The stream must be empty. Where rows may wear adapters, one of the two wears the first of them.

    Raises
    ------
    CouldNot
        If log-probabilities differ by more than :data:`TOLERANCE`, or it does not run on these slots.
    """
    from selfscope.models.local.ground import working

    try:
        with working(stream.ground.threads):
            apart = _apart(stream)
    except _DOES_NOT_RUN as error:
        raise _refused(f"{type(error).__name__}: {error}") from error
    if not apart <= TOLERANCE.get(stream.model.dtype, 0.1):
        raise _refused(f"{apart:.1e} nats apart")
    return apart


def _refused(why: str) -> CouldNot:
    return CouldNot(
        "rows that join each other are not computed as they are alone on this architecture",
        got=why,
        fix="Serve another model",
    )


def _apart(stream: Stream) -> float:
    draws = torch.Generator().manual_seed(0)
    size = int(stream.model.config.get_text_config().vocab_size)
    long, short = (torch.randint(0, size, (n,), generator=draws).tolist() for n in (9, 5))
    worn = ["" if stream.many is None else next(iter(stream.many.adapters)), ""]
    stream.slots.reserve(2, 16)
    _pass(stream, 0, [0], [long[:8]], worn[:1])
    _pass(stream, 1, [0], [short[:4]], worn[1:])
    joined = _pass(stream, 0, [8, 4], [long[8:], short[4:]], worn)
    alone = torch.cat([_alone(stream, *each) for each in zip((long, short), worn, strict=True)])
    stream.slots.clear()
    return float((joined - alone).abs().max())


def _pass(stream: Stream, first: int, starts: list[int], tokens: list[list[int]], worn: list[str]) -> Tensor:
    if stream.many is not None:
        stream.many.rows(worn)
    mask, positions = stream.slots.aim(first, starts, len(tokens[0]))
    out = stream.model(
        input_ids=torch.tensor(tokens, device=stream.slots.device),
        attention_mask=mask,
        position_ids=positions,
        past_key_values=stream.slots,
        use_cache=True,
    )
    return torch.log_softmax(out.logits[:, -1].float(), -1)


def _alone(stream: Stream, tokens: list[int], worn: str) -> Tensor:
    if stream.many is not None:
        stream.many.rows([worn])
    out = stream.model(input_ids=torch.tensor([tokens], device=stream.slots.device), use_cache=False)
    return torch.log_softmax(out.logits[:, -1].float(), -1)
