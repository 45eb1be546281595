"""Figures of a plan, computed by DuckDB from the plan alone: what every recording of it must say, exactly.

usage: judge.py PLAN.jsonl QUESTIONS.json > ANSWERS.json

PLAN: one object a frame, boundaries in ns after the recording's origin (null = never reached).
QUESTIONS: {"sessions": [{"session", "kind", "windows"}], "ranges": [{"session"?, "from_us", "to_us", "frames", "percents"}]}.
Every boundary is rounded to whole microseconds by itself; a duration is the difference of two of them.
"""

import json
import sys

import duckdb

BOUNDARIES = ["converted", "submitted", "encoded", "packetized", "dequeued", "first_sent", "last_sent"]
STAGES = {
    "gamestream": {
        "capture": ("grabbed", "converted"),
        "encode": ("converted", "encoded"),
        "packetize": ("encoded", "packetized"),
        "send": ("packetized", "last_sent"),
    },
    "native": {
        "capture": ("grabbed", "converted"),
        "submit": ("converted", "submitted"),
        "encode": ("submitted", "encoded"),
        "send": ("encoded", "last_sent"),
    },
}
FINER = {
    "convert": ("grabbed", "converted"),
    "submit": ("converted", "submitted"),
    "wait": ("submitted", "encoded"),
    "packetize": ("encoded", "packetized"),
    "queue": ("packetized", "dequeued"),
    "first_send": ("dequeued", "first_sent"),
    "pace": ("first_sent", "last_sent"),
}
WINDOW_US = {"gamestream": 1_000_000, "native": 2_000_000}
KEY, REPEAT = 1, 2
SENT, SESSION_ENDED = 0, 6


def main(plan_path: str, questions_path: str) -> None:
    with open(questions_path, encoding="utf-8") as file:
        questions = json.load(file)
    db = duckdb.connect()
    load(db, plan_path)
    answers = {
        "windows": [windows(db, one) for one in questions["sessions"]],
        "ranges": [in_range(db, one, questions["sessions"]) for one in questions["ranges"]],
    }
    json.dump(answers, sys.stdout)


def load(db, path: str) -> None:
    micro = ", ".join(f"({name}_ns + 500) // 1000 AS {name}" for name in ["grabbed", *BOUNDARIES])
    columns = {"session": "INTEGER", "seq": "BIGINT", "age_ns": "BIGINT", "bytes": "BIGINT", "flags": "INTEGER"}
    columns |= {"outcome": "INTEGER", "refused": "INTEGER", "interval_us": "DOUBLE"}
    columns |= {f"{name}_ns": "BIGINT" for name in ["grabbed", *BOUNDARIES]}
    db.execute(
        f"CREATE TABLE f AS SELECT row_number() OVER (ORDER BY session, grabbed_ns) AS n, session, seq, bytes, flags,"
        f" outcome, refused, (age_ns + 500) // 1000 AS age, interval_us, {micro}"
        f" FROM read_json(?, format = 'newline_delimited', columns = {columns!r})",
        [path],
    )


def windows(db, session: dict) -> list:
    """Every window of a session: its frames, and each stage's nearest-rank p50 and p99."""
    length, last = WINDOW_US[session["kind"]], session["windows"] - 1
    db.execute(
        "CREATE OR REPLACE TEMP TABLE w AS SELECT *, least((grabbed - min(grabbed) OVER ()) // $length, $last) AS w"
        " FROM f WHERE session = $session",
        {"length": length, "last": last, "session": session["session"]},
    )
    rows = db.execute(
        "SELECT w, count(*), count(*) FILTER (flags & 2 = 0), sum(bytes) FILTER (outcome = 0),"
        " count(*) FILTER (outcome NOT IN (0, 6)), sum(refused) FROM w GROUP BY w ORDER BY w"
    ).fetchall()
    # A source counts modulo 2^32; a step of n is n - 1 pictures that no frame carried.
    skipped = dict(
        db.execute(
            "SELECT w, sum(greatest(0, step - 1))::BIGINT FROM (SELECT w, coalesce("
            " ((seq - lag(seq) OVER (ORDER BY grabbed) + 2147483648 + 4294967296) % 4294967296) - 2147483648, 0) AS step"
            " FROM w WHERE seq IS NOT NULL) GROUP BY w"
        ).fetchall()
    )
    names = ["window", "frames", "new", "bytes", "dropped", "refused"]
    out = [dict(zip(names, (int(value or 0) for value in row))) for row in rows]
    for one in out:
        one |= {"skipped": skipped.get(one["window"]), "stages": {}}
    by_window = {one["window"]: one for one in out}
    spans = STAGES[session["kind"]] | {"total": ("grabbed", "last_sent")}
    for name, (start, end) in spans.items():
        found = db.execute(
            f"SELECT w, list_sort(list({end} - {start})) FROM w WHERE {end} IS NOT NULL AND {start} IS NOT NULL GROUP BY w"
        ).fetchall()
        for w, values in found:
            by_window[w]["stages"][name] = [rank(values, 50_000), rank(values, 99_000)]
    return out


def in_range(db, question: dict, sessions: list) -> dict:
    """Figures of a range: one session's, or all sessions' finer spans."""
    where = "grabbed >= $from AND grabbed < $to"
    values = {"from": question["from_us"], "to": question["to_us"]}
    if question.get("session") is not None:
        where += " AND session = $session"
        values["session"] = question["session"]
    counts = db.execute(
        "SELECT count(*), count(*) FILTER (flags & 2 = 0), count(*) FILTER (flags & 2 <> 0),"
        " count(*) FILTER (outcome NOT IN (0, 6)), count(*) FILTER (flags & 1 <> 0),"
        " coalesce(sum(bytes) FILTER (outcome = 0), 0),"
        " count(*) FILTER (flags & 2 = 0 AND age > interval_us), count(age)"
        f" FROM f WHERE {where}",
        values,
    ).fetchone()
    names = ["count", "new", "repeated", "dropped", "key_frames", "bytes", "late", "stamped"]
    answer = dict(zip(names, map(int, counts)))
    only = where + (" AND flags & 2 = 0" if question["frames"] == "new" else "")
    kinds = {one["kind"] for one in sessions if question.get("session") in (None, one["session"])}
    spans = dict(FINER) | {"total": ("grabbed", "last_sent")}
    if len(kinds) == 1:
        spans |= STAGES[kinds.pop()]
    answer["stages"] = {}
    for name, (start, end) in spans.items():
        (found,) = db.execute(
            f"SELECT list_sort(list({end} - {start})) FROM f WHERE {only} AND {end} IS NOT NULL AND {start} IS NOT NULL", values
        ).fetchone()
        if found:
            answer["stages"][name] = {
                "count": len(found),
                "min": found[0],
                "max": found[-1],
                "quantiles": {str(p): rank(found, round(p * 1000)) for p in question["percents"]},
            }
    return answer


def rank(values: list, thousandths_of_percent: int) -> int:
    """Nearest rank in whole numbers: no percent is ever rounded by a float."""
    at = (thousandths_of_percent * len(values) + 99_999) // 100_000
    return values[max(1, at) - 1]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
