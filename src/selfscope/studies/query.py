"""SQL over finished runs, in place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from selfscope.errors import BadInput
from selfscope.studies.joined import store_of
from selfscope.studies.store import EVIDENCE, OBSERVATIONS, runs_folder

if TYPE_CHECKING:
    import duckdb
    import pandas as pd


def ask_tables(sql: str, run: str = "") -> pd.DataFrame:
    """Return the answer to `sql` over the views ``observations`` and ``evidence``.

    Parameters
    ----------
    sql
        A query in DuckDB's SQL. It reads; the runs are opened as Parquet and cannot be changed.
    run
        One run, a study of runs or the folder of a map; all finished runs and maps if it is empty.

    Raises
    ------
    BadInput
        If there is no finished run, or the query is wrong.
    """
    import duckdb

    folders = [_folder(run)] if run else sorted({p.parent for p in _tables(runs_folder())})
    finished = [f for f in folders if (f / OBSERVATIONS).is_file()]
    if not finished:
        raise BadInput("there is no finished run to ask", got=run or runs_folder(), fix="Run a profile first")
    with duckdb.connect() as connection:
        try:
            _refuse_writing(connection, sql)
            for name in (OBSERVATIONS, EVIDENCE):
                files = [str(f / name) for f in finished]
                connection.read_parquet(files, union_by_name=True).create_view(Path(name).stem)
            frame: pd.DataFrame = connection.sql(sql).df()
        except duckdb.Error as error:
            raise BadInput(
                "the query cannot be answered", got=error, fix="See DESCRIBE observations"
            ) from error
        return frame


def _folder(run: str) -> Path:
    """Return the folder of a run, of joined runs, or a map's own: all keep the same two tables."""
    return Path(run) if (Path(run) / OBSERVATIONS).is_file() else store_of(run).folder


def _tables(folder: Path) -> Iterator[Path]:
    yield from folder.glob(f"*/{OBSERVATIONS}")
    yield from folder.glob(f"maps/*/{OBSERVATIONS}")


def _refuse_writing(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Refuse all but one statement that reads, for a run is never changed by a question."""
    import duckdb

    reading = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}
    kinds = [statement.type for statement in connection.extract_statements(sql)]
    if len(kinds) != 1 or kinds[0] not in reading:
        raise BadInput("the query is not one question", got=sql, fix="Write one SELECT")
