#!/usr/bin/env bash
# Records a run over the REST API and saves the recording: start, wait, stop, download.
# usage: PUNKTFUNK_TOKEN=… examples/rest/capture.sh [SECONDS] [FILE]
# Streams nothing itself: play, or start a test stream, while it waits. Needs curl and jq.
set -euo pipefail

seconds="${1:-10}"
file="${2:-recording.json}"
api="${PUNKTFUNK_API:-http://127.0.0.1:47990}/api/v1"
: "${PUNKTFUNK_TOKEN:?set it to what 'punktfunk-host token' prints}"

# Prints the body of the answer, or the host's own sentence and ends.
call() {
  local method="$1" path="$2" answer status
  answer=$(curl -sS -X "$method" -H "Authorization: Bearer $PUNKTFUNK_TOKEN" -w '\n%{http_code}' "$api$path")
  status="${answer##*$'\n'}"
  answer="${answer%$'\n'*}"
  if [ "$status" -ge 400 ]; then
    echo "$method $path: $status $(jq -r '"\(.error) (\(.code))"' <<<"$answer" 2>/dev/null || echo "$answer")" >&2
    return 1
  fi
  printf '%s' "$answer"
}

call POST /stats/capture/start >/dev/null
echo "recording for $seconds s …" >&2
sleep "$seconds"

meta=$(call POST /stats/capture/stop)
if [ -z "$meta" ]; then
  echo 'somebody else has stopped the capture' >&2
  exit 1
fi
id=$(jq -r .id <<<"$meta")
call GET "/stats/recordings/$id" >"$file"
echo "$id: $(jq -r .sample_count <<<"$meta") samples in $file" >&2
