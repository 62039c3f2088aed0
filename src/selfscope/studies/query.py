"""SQL over finished runs, in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from selfscope.errors import BadInput
from selfscope.studies.store import RunStore, runs_folder

if TYPE_CHECKING:
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
        raise BadInput("there is no finished run to ask", got=run or runs_folder(), fix="run a profile first")
    with duckdb.connect() as connection:
        for table in ("observations", "evidence"):
            files = [str(f / f"{table}.parquet") for f in finished]
            connection.read_parquet(files, union_by_name=True).create_view(table)
        try:
            frame: pd.DataFrame = connection.sql(sql).df()
        except duckdb.Error as error:
            raise BadInput(
                "the query cannot be answered", got=error, fix="see DESCRIBE observations"
            ) from error
        except AttributeError as error:
            raise BadInput("the query gives no table", got=sql, fix="write a SELECT") from error
        return frame
