"""The golden figures of a recording, by DuckDB out of its files alone; docs/recording-format.md says what each is.

usage: judge.py RECORDING.json FRAMES.parquet|- QUESTIONS.json > ANSWERS.json

QUESTIONS: {"sessions": [{"session_id", "kind", "fps"}], "ranges": [{"session", "fromMs", "toMs", "frames"}]}.
The shape of an answer is GoldenFigures in figures.ts.
"""

import json
import math
import sys

import duckdb

STEPS = ["convert", "submit", "wait", "packetize", "queue", "first_send", "pace"]
# By number of boundary: 0 is grabbed, 7 last_sent.
STAGES = {
    "gamestream": {"capture": (0, 1), "encode": (1, 3), "packetize": (3, 4), "send": (4, 7)},
    "native": {"capture": (0, 1), "submit": (1, 2), "encode": (2, 3), "send": (3, 7)},
}
FINER = {name: (i, i + 1) for i, name in enumerate(STEPS)}
PERCENTS = {"p50": 50_000, "p90": 90_000, "p95": 95_000, "p99": 99_000, "p99.9": 99_900}
NEIGHBOURS_US = 100_000


def main(recording: str, frames: str, questions_path: str) -> dict:
    with open(questions_path, encoding="utf-8") as file:
        questions = json.load(file)
    db = duckdb.connect()
    sessions = {one["session_id"]: one for one in questions["sessions"]}
    answer = {"windows": [windows(db, recording, session) for session in sessions], "ranges": [], "outliers": []}
    if frames == "-":
        return answer
    load(db, frames)
    answer["ranges"] = [in_range(db, one, sessions[one["session"]]) for one in questions["ranges"]]
    answer["outliers"] = [outliers(db, one) for one in sessions.values()]
    return answer


def load(db, path: str) -> None:
    """b0 … b7: µs after `grabbed`; null where a boundary was not reached, or lies before one that was passed earlier."""
    db.execute(f"CREATE TEMP TABLE f AS SELECT *, 0 AS b0, 0 AS here_us, 0 AS latest_us FROM read_parquet('{path}')")
    for i, step in enumerate(STEPS, start=1):
        here = f"here_us + {step}_us"
        reached = f"CASE WHEN {here} >= latest_us THEN {here} END"
        db.execute(
            "CREATE OR REPLACE TEMP TABLE f AS SELECT * EXCLUDE (here_us, latest_us), coalesce("
            f"{here}, here_us) AS here_us, coalesce({reached}, latest_us) AS latest_us, {reached} AS b{i} FROM f"
        )
    db.execute("CREATE OR REPLACE TEMP TABLE f AS SELECT *, b7 AS total, source_sequence AS seq FROM f")


def windows(db, path: str, session: int) -> dict:
    columns = {"session_id": "BIGINT", "frames_dropped": "BIGINT", "frames_late": "BIGINT"}
    columns |= {"total_p99_us": "DOUBLE", "total_max_us": "DOUBLE", "stages": "STRUCT(name VARCHAR, p99_us DOUBLE)[]"}
    struct = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    source = f"(SELECT unnest(samples, max_depth := 2) FROM read_json('{path}', columns = {{samples: 'STRUCT({struct})[]'}},"
    source += f" maximum_object_size = 268435456)) WHERE session_id = {session}"
    row = db.execute(
        f"SELECT count(*), sum(frames_dropped), max(total_p99_us), max(total_max_us), sum(frames_late) FROM {source}"
    ).fetchone()
    count, dropped, p99, most, late = (plain(value) for value in row)
    stages = db.execute(
        f"SELECT s.name, max(s.p99_us) FROM (SELECT unnest(stages) AS s FROM {source}) GROUP BY 1 ORDER BY 1"
    ).fetchall()
    worst = {name: plain(value) for name, value in stages}
    known = {"total_p99": p99, "total_max": most, "late": late}
    return {"session": session, "windows": count, "dropped": dropped, "worst_p99": worst} | known


def in_range(db, question: dict, session: dict) -> dict:
    # A decimal fraction of ms may lie a hair beside its µs in binary.
    edges = {name: math.ceil(round(question[f"{name}Ms"] * 1000, 3)) for name in ("from", "to")}
    mine = f"session = {question['session']}"
    where = f"{mine} AND grabbed_us >= {edges['from']} AND grabbed_us < {edges['to']}"
    only = where + (" AND flags & 2 = 0" if question["frames"] == "new" else "")
    budget = 1e6 / session["fps"]
    counters = db.execute(
        "SELECT count(*), count(*) FILTER (flags & 2 = 0), count(*) FILTER (flags & 2 <> 0),"
        " count(*) FILTER (outcome NOT IN (0, 6)), count(*) FILTER (flags & 1 <> 0),"
        f" coalesce(sum(bytes) FILTER (outcome = 0), 0) FROM f WHERE {where}"
    ).fetchone()
    counters = dict(zip(["count", "new", "repeated", "dropped", "key_frames", "bytes"], map(int, counters)))
    counters |= of_source(db, where, mine, edges, budget)
    spans = FINER | STAGES[session["kind"]]
    stages = {name: stage(values(db, f"b{end} - b{start}", only)) for name, (start, end) in spans.items()}
    stages |= {name: stage(values(db, span, only)) for name, span in (("total", "total"), ("other", other(session)))}
    return question | {
        "counters": counters,
        "stages": {name: found for name, found in sorted(stages.items()) if found is not None},
        "detail": detail(db, only, session, budget),
    }


def of_source(db, where: str, mine: str, edges: dict, budget: float) -> dict:
    """Pictures that no frame carried, counted modulo 2^32 over the whole session; new ones that were old when taken."""
    counted, stamped, late = db.execute(
        "SELECT count(seq), count(source_age_us) FILTER (flags & 2 = 0),"
        f" count(*) FILTER (flags & 2 = 0 AND source_age_us > {budget!r}) FROM f WHERE {where}"
    ).fetchone()
    found = {}
    if counted > 0:
        skipped, furthest = 0, None
        for at, seq in db.execute(
            f"SELECT grabbed_us, seq FROM f WHERE {mine} AND seq IS NOT NULL ORDER BY grabbed_us, frame_index, seq"
        ).fetchall():
            step = 0 if furthest is None else (seq - furthest + 2**31) % 2**32 - 2**31
            if edges["from"] <= at < edges["to"]:
                skipped += max(0, step - 1)
            if furthest is None or step > 0:
                furthest = seq
        found["skipped"] = skipped
    if stamped > 0:
        found["late"] = late
    return found


def detail(db, only: str, session: dict, budget: float) -> dict:
    totals = values(db, "total", only)
    rows = db.execute(
        "SELECT CASE WHEN total < 1 THEN 0 ELSE least(177, 1 + floor(log2(total) * 8 + 1e-9)) END::INTEGER AS bin, count(*)"
        f" FROM f WHERE {only} AND total IS NOT NULL GROUP BY bin ORDER BY bin"
    ).fetchall()
    answer = {"count": len(totals), "late": sum(us > budget for us in totals), "histogram": {str(bin): n for bin, n in rows}}
    return answer | {"excess": excess(db, only, session, totals)}


def excess(db, only: str, session: dict, totals: list) -> dict | None:
    if not totals:
        return None
    limit = rank(totals, PERCENTS["p99"])
    spans = {name: f"b{end} - b{start}" for name, (start, end) in STAGES[session["kind"]].items()}
    spans["other"] = other(session)
    sums = {}
    for name, span in spans.items():
        known = values(db, span, only)
        above = values(db, span, f"{only} AND total >= {limit}")
        median = rank(known, PERCENTS["p50"]) if known else None
        sums[name] = sum(max(0, us - median) for us in above) if known else 0
    whole = sum(sums.values())
    shares = {name: math.floor(one / whole * 1e6 + 0.5) if whole > 0 else None for name, one in sorted(sums.items())}
    return {"frames": sum(us >= limit for us in totals), "from_us": limit, "shares": shares}


def other(session: dict) -> str:
    """What of the total belongs to no stage."""
    told = [f"coalesce(b{end} - b{start}, 0)" for start, end in STAGES[session["kind"]].values()]
    return f"total - ({' + '.join(told)})"


def outliers(db, session: dict) -> dict:
    """Over the budget and twice the median, or dropped: of each kind the worst first, none beside one that was taken."""
    mine = f"session = {session['session_id']}"
    totals = values(db, "total", mine)
    limit = max(1e6 / session["fps"], 2 * rank(totals, PERCENTS["p50"])) if totals else 1e6 / session["fps"]
    late = f"SELECT grabbed_us, total FROM f WHERE {mine} AND total > {limit!r} ORDER BY total DESC, grabbed_us"
    dropped = f"SELECT grabbed_us, NULL FROM f WHERE {mine} AND total IS NULL AND outcome NOT IN (0, 6) ORDER BY grabbed_us"
    found = []
    for query in (late, dropped):
        taken = []
        for at, us in db.execute(query).fetchall():
            if all(abs(at - other) > NEIGHBOURS_US for other, _ in taken):
                taken.append([at, us])
        found += taken
    return {"session": session["session_id"], "found": sorted(found, key=lambda one: one[0])}


def values(db, span: str, where: str) -> list:
    """Rising; only of frames that have it."""
    return [us for (us,) in db.execute(f"SELECT {span} AS us FROM f WHERE {where} AND ({span}) IS NOT NULL ORDER BY us").fetchall()]


def stage(known: list) -> dict | None:
    if not known:
        return None
    ranks = {name: rank(known, thousandths) for name, thousandths in PERCENTS.items()}
    return {"count": len(known), "min": known[0]} | ranks | {"max": known[-1], "sum": sum(known)}


def rank(known: list, thousandths_of_percent: int) -> int:
    """Nearest rank in whole numbers: no percent is ever rounded by a float."""
    return known[max(1, (thousandths_of_percent * len(known) + 99_999) // 100_000) - 1]


def plain(value):
    """JSON has one kind of number."""
    return int(value) if value is not None and value == int(value) else value


if __name__ == "__main__":
    json.dump(main(*sys.argv[1:4]), sys.stdout)
