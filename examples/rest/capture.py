#!/usr/bin/env python3
"""Records a test stream over the REST API: arm, stream, stop, list, exact figures of its second half, and its files.

usage: PUNKTFUNK_TOKEN=… python3 examples/rest/capture.py [SECONDS] [FOLDER]
Prints one line a stage: name, frames, p50, p99 and max in µs. Needs nothing but Python 3.9.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Optional

API = os.environ.get("PUNKTFUNK_API", "http://127.0.0.1:47990") + "/api/v1"


class Refused(Exception):
    """The host's own sentence."""


def ask(method: str, path: str, body: Optional[dict] = None) -> bytes:
    request = urllib.request.Request(
        API + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {os.environ['PUNKTFUNK_TOKEN']}"},
    )
    if body is not None:
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()
    except urllib.error.HTTPError as refusal:
        raise Refused(f"{method} {path}: {refusal.code} {refusal.read().decode()}") from None


def call(method: str, path: str, body: Optional[dict] = None) -> Any:
    answer = ask(method, path, body)
    return json.loads(answer) if answer else None


def stream(seconds: float) -> None:
    call("POST", "/test-streams", {"source": "synthetic", "seconds": seconds})
    print(f"streaming for {seconds:g} s …", file=sys.stderr)
    while (state := call("GET", "/test-streams"))["state"] in ("starting", "running"):
        time.sleep(0.25)
    if state["state"] != "done":
        raise Refused(f"the test stream failed: {state.get('error')}")


def main(seconds: float, folder: Path) -> None:
    call("POST", "/stats/capture/start")
    try:
        stream(seconds)
    finally:
        meta = call("POST", "/stats/capture/stop")
    if meta is None:
        raise Refused("somebody else has stopped the capture")
    for one in call("GET", "/stats/recordings?limit=5"):
        print(f"{one['id']}  {one['duration_ms'] // 1000} s", file=sys.stderr)

    recording = f"/stats/recordings/{meta['id']}"
    half = meta["duration_ms"] // 2
    figures = call("GET", f"{recording}/quantiles?from_ms={half}&percents=50,99")
    for stage in figures["stages"]:
        of = stage["quantiles_us"]
        print(stage["name"], stage["count"], of["p50"], of["p99"], stage["max_us"])

    (folder / f"{meta['id']}.json").write_bytes(ask("GET", recording))
    (folder / f"{meta['id']}.frames.parquet").write_bytes(ask("GET", f"{recording}/frames"))
    print(f"saved {folder}/{meta['id']}.json and {meta['id']}.frames.parquet", file=sys.stderr)


if __name__ == "__main__":
    if "PUNKTFUNK_TOKEN" not in os.environ:
        sys.exit("set PUNKTFUNK_TOKEN to what 'punktfunk-host token' prints")
    try:
        main(float(sys.argv[1]) if len(sys.argv) > 1 else 5, Path(sys.argv[2] if len(sys.argv) > 2 else "."))
    except (Refused, OSError) as problem:
        sys.exit(str(problem))
