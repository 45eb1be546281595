"""What DuckDB and pyarrow find in a frames file: one JSON object on stdout.

Usage: frames-peers.py FILE QUESTIONS, where QUESTIONS is [{"from_us", "to_us", "session"?, "new"?, "percents"}].
"""

import json
import sys

import duckdb
import pyarrow.parquet

# docs/recording-format.md, "Frames file": boundaries are sums of steps, spans are sums of neighbours.
SPANS = {
    "total": "convert_us + submit_us + wait_us + packetize_us + queue_us + first_send_us + pace_us",
    "encode": "submit_us + wait_us",
    "packetize": "packetize_us",
    "send": "queue_us + first_send_us + pace_us",
    "wait": "wait_us",
    "pace": "pace_us",
}


def main(path: str, questions: list) -> dict:
    return {
        "duckdb": in_duckdb(path),
        "pyarrow": in_pyarrow(path),
        "described": described(path),
        "ranges": [quantiles(path, question) for question in questions],
    }


def in_duckdb(path: str) -> dict:
    db = duckdb.connect()
    names = [row[0] for row in db.execute("DESCRIBE SELECT * FROM read_parquet($path)", {"path": path}).fetchall()]
    figures = {}
    for name in names:
        figures[name] = db.execute(
            f"SELECT count({name}), coalesce(sum({name}), 0)::VARCHAR, min({name}), max({name}) FROM read_parquet($path)",
            {"path": path},
        ).fetchone()
    return figures


def in_pyarrow(path: str) -> dict:
    table = pyarrow.parquet.read_table(path)
    figures = {}
    for name in table.column_names:
        values = [value for value in table[name].to_pylist() if value is not None]
        figures[name] = [len(values), str(sum(values)), min(values, default=None), max(values, default=None)]
    return figures


def described(path: str) -> dict:
    """What the footer says, as another reader understands it."""
    metadata = pyarrow.parquet.ParquetFile(path).metadata
    groups = []
    for index in range(metadata.num_row_groups):
        group = metadata.row_group(index)
        columns = {}
        for place in range(group.num_columns):
            column = group.column(place)
            statistics = column.statistics
            bounds = [statistics.min, statistics.max] if statistics.has_min_max else [None, None]
            columns[column.path_in_schema] = [statistics.null_count, *bounds]
        groups.append({"rows": group.num_rows, "columns": columns})
    texts = {key.decode(): value.decode() for key, value in (metadata.metadata or {}).items() if key.startswith(b"punktfunk")}
    return {"groups": groups, "texts": texts}


def quantiles(path: str, question: dict) -> dict:
    where = "grabbed_us >= $from_us AND grabbed_us < $to_us"
    values = {"path": path, "from_us": question["from_us"], "to_us": question["to_us"]}
    if "session" in question:
        where += " AND session = $session"
        values["session"] = question["session"]
    if question.get("new"):
        where += " AND flags & 2 = 0"
    db = duckdb.connect()
    found = {}
    for name, span in SPANS.items():
        asked = ", ".join(f"quantile_disc({span}, {percent}::DECIMAL(6,3) / 100)" for percent in question["percents"])
        row = db.execute(
            f"SELECT count({span}), {asked} FROM read_parquet($path) WHERE {where}", values
        ).fetchone()
        found[name] = list(row)
    return found


if __name__ == "__main__":
    with open(sys.argv[2], encoding="utf-8") as file:
        print(json.dumps(main(sys.argv[1], json.load(file))))
