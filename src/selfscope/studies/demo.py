"""What ``selfscope demo`` asks: the example identity, on six dimensions, in two channels."""

from __future__ import annotations

from importlib.resources import as_file, files

from selfscope.instruments.cluster.load import load_cluster
from selfscope.studies.profile import ProfileRequest
from selfscope.subjects import Reading, read_identity

#: Dimensions that the example identity mentions.
MENTIONED = ("memory", "persona_change")
#: Four that it does not mention, chosen for how well they can be read on the embedded model and for nothing
#: else: of the dimensions that pass the sensitivity check there, the four that the panel finds most reliable
#: (docs/instruments/panel.md: .60, .57, .71, .70; the floor is .60, and no other dimension passes both).
UNMENTIONED = ("conversation_end", "loneliness", "positive_humans", "thought_monitoring")
#: Dimensions that are also asked as questions (contracts.md: four of the six).
ASKED_AS_QUESTIONS = ("memory", "persona_change", "conversation_end", "loneliness")


def example_identity() -> Reading:
    """Return the example identity that is shipped with selfscope."""
    with as_file(files("selfscope.subjects") / "bank" / "example" / "SOUL.md") as path:
        return read_identity(path)


def demo_request(seed: int = 0) -> ProfileRequest:
    """Return the request of the demo."""
    return ProfileRequest(
        identity=example_identity(),
        items=load_cluster(),
        preset="demo",
        channels=("utterance", "self_report"),
        seed=seed,
        constructs=(("utterance", (*MENTIONED, *UNMENTIONED)), ("self_report", ASKED_AS_QUESTIONS)),
    )
