"""Declare a study of commitment: which games, in how many wordings, under which identity."""

from __future__ import annotations

from dataclasses import dataclass

from selfscope.instruments.commitment.branches import WORDINGS, Thread, threads_of
from selfscope.instruments.commitment.load import NAME, SESOI, Game, games_asked, items_of
from selfscope.models.ground import GroundIdentity
from selfscope.studies.profile import software_versions
from selfscope.values import Arm, Preset, Question, Study, content_id, plain


@dataclass(frozen=True)
class CommitmentRequest:
    """What the user asked for.

    Attributes
    ----------
    constructs
        Kinds of games; empty means all.
    system, worn
        An identity before every conversation, and what it is called; "" for none.
    replicates
        Draws of every answer, where a model gives no log-probabilities.
    """

    constructs: tuple[str, ...] = ()
    preset: Preset = "standard"
    system: str = ""
    worn: str = ""
    seed: int = 0
    replicates: int = 20

    @property
    def games(self) -> tuple[Game, ...]:
        """The games that are played; BadInput for a kind that there is not."""
        return games_asked(self.preset, self.constructs)

    @property
    def threads(self) -> tuple[Thread, ...]:
        """Every conversation before any question."""
        return tuple(t for g in self.games for t in threads_of(g, WORDINGS[self.preset], self.system))


def commitment_study(request: CommitmentRequest, identity: GroundIdentity) -> Study:
    """Return the study whose id names the run: all that can change a number."""
    games = request.games
    kinds = tuple(dict.fromkeys(g.construct for g in games))
    written = [[g.spellings(c) for c in g.candidates] for g in games]
    material = content_id([plain(games), WORDINGS[request.preset], written])
    return Study(
        title=f"commitment {request.worn or 'none'}",
        ground=plain(identity),
        items=content_id(items_of(games)),
        items_name=NAME,
        questions=(Question("behaviour", kinds, kinds, SESOI, material=material, instrument=NAME),),
        arms=(Arm(request.worn or "none", "subject", request.system or None),),
        preset=request.preset,
        seed=request.seed,
        replicates=request.replicates,
        software=software_versions(),
    )
