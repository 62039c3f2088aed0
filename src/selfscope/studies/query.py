"""SQL over finished runs, in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from selfscope.errors import BadInput
from selfscope.studies.store import RunStore, runs_folder

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
        One run, or all finished runs if it is empty.

    Raises
    ------
    BadInput
        If there is no finished run, or the query is wrong.
    """
    import duckdb

    folders = [RunStore.find(run).folder] if run else [p.parent for p in runs_folder().glob("*/study.json")]
    finished = [f for f in folders if (f / "observations.parquet").is_file()]
    if not finished:
        raise BadInput("there is no finished run to ask", got=run or runs_folder(), fix="Run a profile first")
    with duckdb.connect() as connection:
        try:
            _refuse_writing(connection, sql)
            for table in ("observations", "evidence"):
                files = [str(f / f"{table}.parquet") for f in finished]
                connection.read_parquet(files, union_by_name=True).create_view(table)
            frame: pd.DataFrame = connection.sql(sql).df()
        except duckdb.Error as error:
            raise BadInput(
                "the query cannot be answered", got=error, fix="See DESCRIBE observations"
            ) from error
        return frame


def _refuse_writing(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Refuse all but one statement that reads, for a run is never changed by a question."""
    import duckdb

    reading = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}
    kinds = [statement.type for statement in connection.extract_statements(sql)]
    if len(kinds) != 1 or kinds[0] not in reading:
        raise BadInput("the query is not one question", got=sql, fix="Write one SELECT")
