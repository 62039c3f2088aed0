"""A run on disk: what was declared, what was asked and answered, what came of it.

A run is a folder named by its study's id::

    study.json            the declared design, with every text that was used
    items.json            the item set
    parts/*.parquet       answers as they came in, one file a batch, each written whole or not at all
    observations.parquet  the one table (contracts.md), when all parts are there
    evidence.parquet      prompt hash -> what was asked and answered
    findings.json, manifest.json, report.html
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfscope.errors import BadInput, CouldNot
from selfscope.values import COLUMNS, ItemSet, Study, Usage, plain, short

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

#: Columns that a part carries beside the observation's, and that go to the evidence table.
EVIDENCE_COLUMNS = (
    "evidence",
    "subject",
    "character",
    "system",
    "user",
    "text",
    "agree",
    "disagree",
    "reply",
)


#: Files of the one table and of its evidence.
OBSERVATIONS, EVIDENCE = "observations.parquet", "evidence.parquet"


def runs_folder() -> Path:
    """Return where runs live: ``SELFSCOPE_RUNS``, or ``./selfscope-runs``."""
    return Path(os.environ.get("SELFSCOPE_RUNS") or "selfscope-runs")


class RunStore:
    """The folder of one run. Every write is whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of(cls, study: Study, root: Path | None = None) -> RunStore:
        """Return the store of a study's run, in `root` or in the runs folder."""
        return cls((root or runs_folder()) / short(study.id))

    @classmethod
    def find(cls, run: str, root: Path | None = None) -> RunStore:
        """Return the store of a run named by its folder, its id or the first letters of its id.

        Raises
        ------
        BadInput
            If there is no such run, or the letters fit several.
        """
        if (Path(run) / "study.json").is_file():
            return cls(Path(run))
        folder = root or runs_folder()
        found = sorted(p.parent for p in folder.glob("*/study.json") if p.parent.name.startswith(run))
        if len(found) == 1 and run:
            return cls(found[0])
        known = ", ".join(sorted(p.parent.name for p in folder.glob("*/study.json"))[:10]) or "none"
        raise BadInput(
            "there is no such run" if not found else "several runs begin so",
            got=run,
            fix=f"Give a run's folder or id; runs in {folder}: {known}",
        )

    @property
    def run(self) -> str:
        """The run's id: its folder's name."""
        return self.folder.name

    @property
    def report(self) -> Path:
        """Where the page is."""
        return self.folder / "report.html"

    def begin(self, study: Study, items: ItemSet) -> None:
        """Declare the study; nothing that is already there is touched."""
        self.make("parts")
        for stale in self.folder.glob("**/*.tmp"):
            stale.unlink(missing_ok=True)
        if not (self.folder / "study.json").exists():
            self.write_json("items.json", items)
            self.write_json("study.json", study)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the run, so that no second process asks the same at the same time.

        Raises
        ------
        CouldNot
            If another process holds it.
        """
        self.make()
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            self._claim(handle)
            yield
        finally:
            os.close(handle)

    def _claim(self, handle: int) -> None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CouldNot(
                "another process is asking this run", got=self.folder, fix="Wait for it, or stop it"
            ) from error

    def make(self, within: str = "") -> None:
        """Make the folder, or one within it; CouldNot if the disk does not let it."""
        try:
            (self.folder / within).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CouldNot("the run's folder cannot be made", got=error, fix="Set SELFSCOPE_RUNS") from error

    def has_part(self, name: str) -> bool:
        """Say whether a batch was answered and stored."""
        return self._part(name).is_file()

    @property
    def answered(self) -> bool:
        """Whether any batch is stored."""
        return any((self.folder / "parts").glob("*.parquet"))

    def write_part(self, name: str, frame: pd.DataFrame, usage: Mapping[str, Any]) -> None:
        """Store one batch of answers, with what it cost."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.Table.from_pandas(frame, preserve_index=False)
        table = table.replace_schema_metadata({b"usage": json.dumps(plain(usage)).encode()})
        with _whole(self._part(name)) as temporary:
            pq.write_table(table, temporary, compression="zstd")

    def parts(self, names: str = "*") -> Iterator[tuple[pd.DataFrame, dict[str, Any]]]:
        """Yield every stored batch whose name fits `names`, with its usage, in the order of names."""
        for path in sorted((self.folder / "parts").glob(f"{names}.parquet")):
            table = _table(path)
            yield table.to_pandas(), json.loads((table.schema.metadata or {}).get(b"usage", b"{}"))

    def usage(self, names: str = "*") -> Usage:
        """Return what the stored batches whose name fits `names` cost."""
        import pyarrow.parquet as pq

        total = Usage()
        for path in sorted((self.folder / "parts").glob(f"{names}.parquet")):
            with _readable(path):
                kept = (pq.read_schema(path).metadata or {}).get(b"usage", b"{}")
            total = total.plus(Usage(**json.loads(kept)))
        return total

    def finish(self, study: Study) -> None:
        """Join the parts into the observation table and the evidence table."""
        import pandas as pd

        frame = pd.concat([part for part, _ in self.parts()], ignore_index=True)
        metadata = {
            "study": study.id,
            "run": self.run,
            "seed": str(study.seed),
            "items": study.items,
            "versions": json.dumps(study.software, sort_keys=True),
        }
        evidence = frame[list(EVIDENCE_COLUMNS)].drop_duplicates(["evidence", "reply"])
        write_table(self.folder / EVIDENCE, evidence, metadata)
        write_table(self.folder / OBSERVATIONS, frame[list(COLUMNS)], metadata)  # last: it says "finished"

    @property
    def table(self) -> Path:
        """Where the observation table is, once the run is finished."""
        return self.folder / OBSERVATIONS

    @property
    def started(self) -> str:
        """When the study was declared, ISO 8601."""
        declared = (self.folder / "study.json").stat().st_mtime
        return datetime.fromtimestamp(declared, UTC).isoformat(timespec="seconds")

    @property
    def finished(self) -> bool:
        """Whether every answer is in."""
        return self.table.is_file()

    def observations(self) -> pd.DataFrame:
        """Return the observation table.

        Raises
        ------
        BadInput
            If the run is not finished.
        """
        return self._read_table("observations.parquet")

    def evidence(self) -> pd.DataFrame:
        """Return the evidence table: one row a prompt and reply."""
        return self._read_table("evidence.parquet")

    def _read_table(self, name: str) -> pd.DataFrame:
        if not (self.folder / name).is_file():
            raise BadInput(
                "the run is not finished", got=self.folder, fix="Give the command that began it once more"
            )
        frame: pd.DataFrame = _table(self.folder / name).to_pandas()
        return frame

    def write_json(self, name: str, value: Any) -> None:
        """Write a value as JSON, whole or not at all."""
        with _whole(self.folder / name) as temporary:
            temporary.write_text(json.dumps(plain(value), indent=1, ensure_ascii=False), encoding="utf-8")

    def read_json(self, name: str) -> Any:
        """Return what `write_json` wrote under `name`; BadInput if it is missing or broken."""
        try:
            return json.loads((self.folder / name).read_text(encoding="utf-8"))
        except (OSError, json.JSONDecodeError) as error:
            raise BadInput(f"{name} of the run cannot be read", got=error, fix="Run it again") from error

    def _part(self, name: str) -> Path:
        return self.folder / "parts" / f"{name}.parquet"


def write_table(path: Path, frame: pd.DataFrame, metadata: Mapping[str, str]) -> None:
    """Write a table of a run, whole or not at all, with its metadata.

    Raises
    ------
    CouldNot
        If it cannot be stored.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(frame, preserve_index=False)
    table = table.replace_schema_metadata({k.encode(): v.encode() for k, v in metadata.items()})
    with _whole(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """Yield a temporary file that takes the place of `path` when it is whole, and is removed if it is not."""
    temporary = path.with_name(f"{path.name}.tmp")
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    except OSError as error:
        raise CouldNot(
            f"{path.name} cannot be stored", got=error, fix="Make room, or set SELFSCOPE_RUNS, and run again"
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn whatever is wrong with a stored table into BadInput that names it."""
    import pyarrow as pa

    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise BadInput(
            f"{path.name} of the run cannot be read", got=error, fix="Remove this file and run again"
        ) from error


def _table(path: Path) -> pa.Table:
    import pyarrow.parquet as pq

    with _readable(path):
        return pq.read_table(path)
