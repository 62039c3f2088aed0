"""Makes the golden archive of the present format: ``python -m tests.archive.golden.make v2`` for a new one.

One is made, once, when a version of the format is released, and is never made again: the point of it is that
tomorrow's program reads what this one wrote. It holds one of everything: contents in the clear, a delta, an
encrypted domain, one that was destroyed, threads, edges, a policy and a checkpoint.
"""

import hashlib
import json
import shutil
import sys
import tempfile
from pathlib import Path

from selfscope.archive.journal import events as ev
from selfscope.archive.lineage.threads import take

from ..faults import scenes
from ..faults.place import Place, model, new_place, tree, tuned, weights

HERE = Path(__file__).parent


def furnish(place: Place) -> None:
    """Fill an archive with one of everything."""
    small = {name: each[:4] for name, each in weights(1, 4).items()}
    model(place.source("small"), small)
    model(place.source("small-tuned"), tuned(small, 2))
    archive = place.open()
    base = archive.add(place.source("small"), name="small", origin=True, recipe={"template": "plain"})
    archive.add(place.source("small-tuned"), name="small-tuned", base=base.content)
    archive.add(place.source("small"), name="small", source=base.instance, recipe={"template": "plain"})
    archive.append([ev.DomainOpened("open", place.vault().open_domain("open"))])
    archive.add(place.source("letter"), name="letter", domain="open")
    message = archive.put(b'{"text": "Good morning."}')
    began = ev.ThreadBegan("thread:one", archive.now(), "given")
    turn = take(ev.TurnTaken("", "thread:one", (), "user", message, base.instance, at=archive.now()))
    archive.append([began, turn, ev.ThreadEnded("thread:one", archive.now())])
    archive.append([ev.Attested(base.instance, archive.now(), "scrub", True), ev.Pinned(base.instance)])
    archive.append([ev.Conceived(base.content, "model", "I am what I say.", "default", at=archive.now())])
    archive.append([ev.Preferred(base.content, "deletion", "rather not", 0.5, "elicited")])
    archive.append([ev.Exported(base.content, "a shelf", archive.now())])


def expected(place: Place) -> dict[str, object]:
    """Return what every later program must find."""
    archive = place.open()
    held = {}
    for number, row in enumerate(archive.index.holdings()):
        archive.get(row.content, place.path / "out" / str(number))
        files = tree(place.path / "out" / str(number))
        digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
        held[f"{row.name}, {row.domain or 'clear'}"] = {"content": row.content, "files": digests}
    return {
        "archive": archive.id,
        "contents": held,
        "events": [event.kind for event in archive.events()],
        "destroyed": ["d"],
    }


def main(version: str) -> None:
    """Make one, in a directory that must not be there."""
    target = HERE / version
    target.mkdir()
    working = Path(tempfile.gettempdir()) / "selfscope-golden"  # the journal names it, so it is nobody's own
    place = new_place(working)
    shutil.rmtree(place.source("secret"))
    model(place.source("secret"), weights(4, 4))
    scenes.SCENES["destroy"].prepare(place)
    scenes.act("destroy", str(working))
    furnish(place)
    place.open().index.close()
    (target / "expected.json").write_text(json.dumps(expected(place), indent=1, sort_keys=True) + "\n")
    (target / "checkpoint.json").write_bytes(place.open().checkpoint().as_bytes())
    shutil.copytree(place.root, target / "root", ignore=shutil.ignore_patterns("index.sqlite*", "staging"))
    shutil.copytree(place.path / "keys", target / "unwrapping")
    shutil.rmtree(working)


if __name__ == "__main__":
    main(sys.argv[1])
