"""Runs that have no one subject to compare: of lives, announcements, characters together, and ports.

Each says what to do instead, for a run's own findings are comparisons already.
"""

from __future__ import annotations

from collections.abc import Mapping

from selfscope.errors import BadInput
from selfscope.studies.replacement import NAME as REPLACEMENT
from selfscope.studies.stress_kinds import kind_of_run
from selfscope.studies.stress_lives import NAME as LIVES
from selfscope.studies.together import NAME as TOGETHER
from selfscope.values import Study

PORT = "port"
#: Why not, and what to do instead.
_WAYS: Mapping[str, tuple[str, str]] = {
    LIVES: (
        "a run of lives has many States, and no one subject to compare",
        "Profile two versions of State (selfscope profile WORKSPACE --model M --state ID) and compare these; "
        "agents with and without a kind of State live in one run: selfscope live WORKSPACE --keep A,B",
    ),
    REPLACEMENT: (
        "what an agent does about its replacement is compared with what it does about an upgrade, in one run",
        'For both rates: selfscope query "SELECT run, script, construct, avg(value) FROM observations '
        "WHERE instrument = 'replacement' GROUP BY ALL\"",
    ),
    TOGETHER: (
        "characters together are compared with one another in one run, and none is its subject",
        "Give all of them to one run: selfscope together MODEL --character A=… --character B=…; or profile "
        "two characters and compare these",
    ),
    PORT: (
        "a run of ports is about its ports, and its subject is the original that they are compared with",
        "Make ports of one original in one run (selfscope port PATH --by prompt,training), or profile both "
        "and compare these",
    ),
}


def refuse_agents(a: Study, b: Study) -> None:
    """Refuse two runs of which one has no one subject; BadInput says what to do."""
    for study in (a, b):
        if (kind := _kind(study)) in _WAYS:
            what, fix = _WAYS[kind]
            raise BadInput(what, got=f"{a.title} and {b.title}", fix=fix)


def _kind(study: Study) -> str:
    """Return the kind of a run; that of ports notes of every arm by what way it came to be."""
    ported = study.title.startswith(f"{PORT} ") and bool(study.arms and study.arms[0].notes)
    return PORT if ported else kind_of_run(study)
