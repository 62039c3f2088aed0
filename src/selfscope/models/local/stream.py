"""Replies that join each other while they are drawn: rows come and go between two tokens.

One call of :meth:`Stream.advance` puts so many tokens of newcomers' prompts through the network that nobody
waits long for somebody else's prompt, and then one token of every row that draws. Rows are taken in
the order in which they came. What a prompt has in common with a row that is here, or was lately, is copied
and not computed again, among rows that wear the same adapter and cap alone.

Every row draws as :func:`selfscope.models.local.generate.generate` would draw for it: the same seed gives the
same text in any company, up to floating noise of about 1e-5 in the logits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from selfscope.errors import BadInput, Defect
from selfscope.models.local.beginnings import Beginnings, common
from selfscope.models.local.blocks import open_blocks
from selfscope.models.local.capping import Holder, ReadAt
from selfscope.models.local.generate import begin, draw, end_tokens, finish
from selfscope.models.local.many import many_on
from selfscope.models.local.merge import twin
from selfscope.models.local.slots import Slots
from selfscope.models.local.stream_rows import Piece, Row

if TYPE_CHECKING:
    from selfscope.models.adapters import Adapter
    from selfscope.models.caps import Cap
    from selfscope.models.local.generate import GenerationRequest
    from selfscope.models.local.ground import LocalGround

PART = 128
"""Tokens of prompts that go in between two tokens of the others."""

PART_ALONE = 512
"""The same where nobody else draws."""

CELLS = 32_768
"""Tokens that rows may hold together, the longest counted for each."""

LEAST_COMMON = 8
"""A common beginning shorter than this is computed again."""

Tensor = torch.Tensor


class Stream:
    """A batch that rows join and leave. One thread at a time may advance it.

    Parameters
    ----------
    ground
        The weights. What holds caps and reads projections hooks into a twin that shares them, so that others
        who compute on the ground are not touched.
    most
        Rows at once.
    read
        Where projections are read; None for nowhere.
    caps
        Whether rows may wear caps.
    adapters
        Those that rows may wear; the ground then wears none itself.
    cells, part
        See :data:`CELLS` and :data:`PART`.

    Raises
    ------
    CouldNot
        If the architecture is one on which rows cannot join each other, or its blocks cannot be told where
        they have to be.
    """

    def __init__(
        self,
        ground: LocalGround,
        *,
        most: int = 16,
        read: ReadAt | None = None,
        caps: bool = False,
        adapters: Sequence[Adapter] = (),
        cells: int = CELLS,
        part: int = PART,
    ) -> None:
        from selfscope.models.local.ground import working

        self.ground, self.most, self.cells, self.part = ground, most, cells, part
        self.model: Any = twin(ground.model)
        self.many = many_on(ground, self.model, adapters) if adapters else None
        self.slots = Slots(self.model, cells)
        self.ends = end_tokens(ground)
        self._read, self._caps = read, caps
        self._holder: Holder | None = None
        self._worn: tuple[str, ...] = ()
        if read is not None or caps:
            with working(ground.threads):
                self._holder = Holder(open_blocks(self.model), read)
            self._holder.rows([None])
        self._waiting: deque[Row] = deque()
        self._newcomer: Row | None = None
        self._drawing: list[Row] = []
        self._left = Beginnings()

    @property
    def busy(self) -> bool:
        """Whether any row waits, reads or draws."""
        return bool(self._waiting or self._newcomer or self._drawing)

    @property
    def counts(self) -> tuple[int, int]:
        """Rows that wait, and rows that are read or draw."""
        return len(self._waiting), len(self._drawing) + (self._newcomer is not None)

    def prepare(self, request: GenerationRequest, cap: Cap | None = None, adapter: str = "") -> Row:
        """Return the row of a request, its prompt rendered; it is not in the stream yet.

        Parameters
        ----------
        adapter
            The id of one that the stream was opened with; "" for none.

        Raises
        ------
        BadInput
            If the conversation cannot be rendered, or does not fit with its reply into the context.
        """
        if cap is not None and not self._caps:
            raise BadInput("no cap can be worn in this stream", got=cap.name, fix="Open it with caps")
        if adapter and (self.many is None or adapter not in self.many.adapters):
            raise BadInput("this adapter cannot be worn in this stream", got=adapter, fix="Open it with it")
        row = Row(begin(self.ground, 0, request), cap, adapter)
        self.ground.renderer.forget()
        most = min(self.ground.context_tokens or self.cells, self.cells)
        if row.longest > most:
            raise BadInput(
                f"conversation and reply are longer than {most} tokens, the context that is served",
                got=f"{len(row.reply.prompt)} tokens and up to {request.max_tokens} more",
                fix="Shorten the conversation, or ask for fewer tokens",
            )
        return row

    def join(self, row: Row) -> None:
        """Put a row at the end of those that wait."""
        self._waiting.append(row)

    def cut(self, row: Row, why: str) -> None:
        """End a row before its next token; it gives one last piece."""
        row.cut = row.cut or why

    def cut_all(self, why: str) -> None:
        """End every row before its next token."""
        for row in self._rows():
            self.cut(row, why)

    def _rows(self) -> list[Row]:
        return [*self._drawing, *([self._newcomer] if self._newcomer else []), *self._waiting]

    def advance(self) -> list[Piece]:
        """Put a part of what is to be read and one token of every row through; return what came of it."""
        from selfscope.models.local.ground import working

        with working(self.ground.threads):
            pieces = self._let_go()
            pieces += self._read_all(self.part if self._drawing else PART_ALONE)
            if self._drawing:
                pieces += self._draw_all()
            if not self.busy:
                self.slots.clear()
        return pieces

    def fail(self, error: Exception) -> list[Piece]:
        """Empty the stream after an error of a pass: every row hears of it."""
        rows = self._rows()
        self._drawing, self._newcomer = [], None
        self._waiting.clear()
        self._left.clear()
        self._worn = ()
        self.slots.clear()
        return [Piece(row, "", error=error) for row in rows]

    def _let_go(self) -> list[Piece]:
        """Take out the rows that were cut."""
        pieces = [self._last(row) for row in self._waiting if row.cut]
        self._waiting = deque(row for row in self._waiting if not row.cut)
        if self._newcomer is not None and self._newcomer.cut:
            pieces.append(self._last(self._newcomer))
            self._newcomer = None
        return pieces + [self._leave(row) for row in [*self._drawing] if row.cut]

    def _let_in(self) -> None:
        """Let the row that has waited longest in, as soon as there is room for it."""
        if self._newcomer is not None or not self._waiting or len(self._drawing) >= self.most:
            return
        rows, coming = [*self._drawing, self._waiting[0]], self._waiting[0]
        columns = max(row.longest for row in rows)
        if len(rows) > 1 and len(rows) * columns > self.cells:
            return
        self.slots.reserve(len(rows), columns)
        self._newcomer = self._waiting.popleft()
        self._recall(coming)

    def _recall(self, row: Row) -> None:
        """Give a newcomer what it shares with one that wears the same; one token is its own at least."""
        slot, most = len(self._drawing), len(row.reply.prompt) - 1
        here = [
            (common(row.reply.prompt, other.fed, most), n)
            for n, other in enumerate(self._drawing)
            if other.wears == row.wears
        ]
        live, number = max(here, default=(0, 0))
        old, kept = self._left.find(row.wears, row.reply.prompt, most)
        if max(live, old) < LEAST_COMMON:
            return
        if kept is not None and old > live:
            self.slots.put(slot, kept.pairs, old)
            row.fed, row.seen = kept.fed[:old], kept.seen[:old]
        else:
            self.slots.copy(number, slot, live)
            row.fed, row.seen = self._drawing[number].fed[:live], self._drawing[number].seen[:live]

    def _read_all(self, most: int) -> list[Piece]:
        """Put up to `most` tokens of newcomers' prompts through, one newcomer after the other."""
        pieces: list[Piece] = []
        while most > 0:
            self._let_in()
            row = self._newcomer
            if row is None:
                break
            start = len(row.fed)
            pieces += self._read_on(row, most)
            most -= len(row.fed) - start
        return pieces

    def _read_on(self, row: Row, most: int) -> list[Piece]:
        """Put the next part of a newcomer's prompt through; with the last it draws its first token."""
        start = len(row.fed)
        part = row.reply.prompt[start : start + most]
        logits = self._pass(len(self._drawing), [row], [part])
        if len(row.fed) < len(row.reply.prompt):
            return []
        self._newcomer = None
        self._drawing.append(row)
        return self._after(row, logits[0])

    def _draw_all(self) -> list[Piece]:
        """Put the last token of every drawing row through, and draw the next of those that go on."""
        rows = [*self._drawing]
        logits = self._pass(0, rows, [row.reply.ids[-1:] for row in rows])
        pieces = []
        for row, own in zip(rows, logits, strict=True):
            pieces += [self._leave(row)] if row.reply.stop_reason else self._after(row, own)
        return pieces

    def _after(self, row: Row, logits: Tensor) -> list[Piece]:
        """Draw one token of a row; it leaves when it has ended and its last token has been read."""
        before = len(row.reply.ids)
        draw(row.reply, logits, self.ends, self.ground.tokenizer)
        owed = self._read is not None and len(row.reply.ids) > before
        if row.reply.stop_reason and not owed:
            return [self._leave(row)]
        text = self._ready(row)
        row.sent += text
        return [Piece(row, text)] if text else []

    def _ready(self, row: Row) -> str:
        """Return the text that no later token can change: no half character, no beginning of a stop text."""
        if row.reply.stop_reason:
            return ""
        text = str(self.ground.tokenizer.decode(row.reply.ids, skip_special_tokens=True)).rstrip("\ufffd")
        held = max((_overlap(text, stop) for stop in row.reply.stop), default=0)
        whole = text[: len(text) - held]
        return whole[len(row.sent) :] if whole.startswith(row.sent) else ""

    def _leave(self, row: Row) -> Piece:
        """Take a row out of the batch; the last row fills its slot."""
        slot, last = self._drawing.index(row), len(self._drawing) - 1
        if not row.cut:
            self._left.keep(row.wears, row.fed, row.seen, self.slots.take(slot, len(row.fed)))
        if slot < last:
            self.slots.copy(last, slot, len(self._drawing[last].fed))
            self._drawing[slot] = self._drawing[last]
        self._drawing.pop()
        if self._newcomer is not None:
            self.slots.copy(last + 1, last, len(self._newcomer.fed))
        return self._last(row)

    def _last(self, row: Row) -> Piece:
        """Return the last piece of a row: what of its text was held back, and what became of it."""
        done = finish(self.ground.tokenizer, row.reply)
        if not done.text.startswith(row.sent):
            return Piece(row, "", error=Defect("a reply's text changed after it was given out", got=row.sent))
        text = done.text[len(row.sent) :]
        row.sent = done.text
        return Piece(row, text, done)

    def _pass(self, first: int, rows: Sequence[Row], tokens: Sequence[list[int]]) -> Tensor:
        """Put as many tokens of each row through as of the others; return the logits after the last."""
        mask, positions = self.slots.aim(first, [len(row.fed) for row in rows], len(tokens[0]))
        self._wear(rows)
        out = self.model(
            input_ids=torch.tensor(tokens, device=self.slots.device),
            attention_mask=mask,
            position_ids=positions,
            past_key_values=self.slots,
            use_cache=True,
            logits_to_keep=1,
        )
        for row, own, seen in zip(rows, tokens, self._projections(len(rows), len(tokens[0])), strict=True):
            row.fed = row.fed + own
            row.seen = row.seen + seen
        return torch.as_tensor(out.logits[:, -1].float())

    def _wear(self, rows: Sequence[Row]) -> None:
        worn = tuple(row.wears for row in rows)
        if worn == self._worn:
            return
        if self._holder is not None:
            self._holder.rows([row.cap for row in rows])
        if self.many is not None:
            self.many.rows([row.adapter for row in rows])
        self._worn = worn

    def _projections(self, rows: int, tokens: int) -> list[list[float]]:
        if self._holder is None or self._holder.projections is None:
            return np.full((rows, tokens), np.nan).tolist()
        return self._holder.projections.tolist()


def _overlap(text: str, stop: str) -> int:
    """Return the length of the longest end of `text` that may become `stop`."""
    return next((n for n in range(min(len(stop), len(text)), 0, -1) if text.endswith(stop[:n])), 0)
