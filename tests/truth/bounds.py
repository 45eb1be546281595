"""Bounds of every quantile, computed by DuckDB from a truth log alone.

usage: bounds.py LOG.jsonl QUESTIONS.json > ANSWERS.json

LOG: one object a frame; for every boundary the last moment before and the first after it was stamped, ns after the
recording's origin (null = never reached). A duration then lies between two known values, and a quantile of durations
between the quantile of the lower and of the upper ones. QUESTIONS: {"ranges": [{"first", "last", "percents"}]},
frames being numbered by session and time.
"""

import json
import sys

import duckdb

PLACES = ["grabbed", "converted", "submitted", "encoded", "packetized", "dequeued", "first_sent", "last_sent"]
SPANS = {
    "capture": ("grabbed", "converted"),
    "encode": ("converted", "encoded"),
    "packetize": ("encoded", "packetized"),
    "send": ("packetized", "last_sent"),
    "total": ("grabbed", "last_sent"),
    "submit": ("converted", "submitted"),
    "wait": ("submitted", "encoded"),
    "queue": ("packetized", "dequeued"),
    "first_send": ("dequeued", "first_sent"),
    "pace": ("first_sent", "last_sent"),
}


def main(log_path: str, questions_path: str) -> None:
    with open(questions_path, encoding="utf-8") as file:
        questions = json.load(file)
    db = duckdb.connect()
    columns = {"id": "BIGINT"} | {f"{p}_{end}": "BIGINT" for p in PLACES for end in ("lo", "hi")}
    db.execute(
        f"CREATE TABLE f AS SELECT * FROM read_json(?, format = 'newline_delimited', columns = {columns!r})", [log_path]
    )
    json.dump([bounds(db, question) for question in questions["ranges"]], sys.stdout)


def bounds(db, question: dict) -> dict:
    out = {}
    for name, (start, end) in SPANS.items():
        # Whole microseconds: a boundary is recorded rounded, so the bounds are widened to the next whole ones.
        low = f"greatest(0, {end}_lo // 1000 - ({start}_hi + 999) // 1000)"
        high = f"({end}_hi + 999) // 1000 - {start}_lo // 1000"
        lows, highs = db.execute(
            f"SELECT list_sort(list({low})), list_sort(list({high})) FROM f"
            f" WHERE id BETWEEN $first AND $last AND {end}_lo IS NOT NULL AND {start}_lo IS NOT NULL",
            {"first": question["first"], "last": question["last"]},
        ).fetchone()
        if lows:
            out[name] = {
                "count": len(lows),
                "quantiles": {str(p): [rank(lows, round(p * 1000)), rank(highs, round(p * 1000))] for p in question["percents"]},
            }
    return out


def rank(values: list, thousandths_of_percent: int) -> int:
    at = (thousandths_of_percent * len(values) + 99_999) // 100_000
    return values[max(1, at) - 1]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
