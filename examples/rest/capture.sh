#!/usr/bin/env bash
# Records a test stream over the REST API: arm, stream, stop, list, exact figures of its second half, and its files.
# usage: PUNKTFUNK_TOKEN=… examples/rest/capture.sh [SECONDS] [FOLDER]
# Prints one line a stage: name, frames, p50, p99 and max in µs. Needs curl and jq.
set -euo pipefail

seconds="${1:-5}"
folder="${2:-.}"
api="${PUNKTFUNK_API:-http://127.0.0.1:47990}/api/v1"
: "${PUNKTFUNK_TOKEN:?set it to what 'punktfunk-host token' prints}"

# call METHOD PATH [JSON]: prints the body of the answer, or the host's own sentence and ends. The token goes in by a
# file descriptor: what stands in a command line, every user of the machine can read.
call() {
  local method="$1" path="$2" body=() answer status
  [ $# -lt 3 ] || body=(-H 'Content-Type: application/json' --data-binary "$3")
  answer=$(curl -sS -X "$method" -H @<(printf 'Authorization: Bearer %s' "$PUNKTFUNK_TOKEN") \
    -w '\n%{http_code}' "${body[@]}" "$api$path")
  status="${answer##*$'\n'}"
  answer="${answer%$'\n'*}"
  if [ "$status" -ge 400 ]; then
    echo "$method $path: $status $(jq -r '"\(.error) (\(.code))"' <<<"$answer" 2>/dev/null || echo "$answer")" >&2
    return 1
  fi
  printf '%s' "$answer"
}

# save PATH FILE: an answer as it is, byte for byte.
save() {
  curl -sS --fail-with-body -H @<(printf 'Authorization: Bearer %s' "$PUNKTFUNK_TOKEN") -o "$2" "$api$1"
}

call POST /stats/capture/start >/dev/null
# Whatever happens now, the capture does not stay armed.
trap 'call POST /stats/capture/stop >/dev/null || true' EXIT
call POST /test-streams "{\"source\":\"synthetic\",\"seconds\":$seconds}" >/dev/null
echo "streaming for $seconds s …" >&2
state=''
until [[ "$(jq -r .state <<<"$state")" =~ ^(done|failed|idle)$ ]]; do
  sleep 0.25
  state=$(call GET /test-streams)
done
[ "$(jq -r .state <<<"$state")" = 'done' ] || {
  echo "the test stream failed: $(jq -r .error <<<"$state")" >&2
  exit 1
}

trap - EXIT
meta=$(call POST /stats/capture/stop)
[ -n "$meta" ] || {
  echo 'somebody else has stopped the capture' >&2
  exit 1
}
id=$(jq -r .id <<<"$meta")
call GET '/stats/recordings?limit=5' | jq -r '.[] | "\(.id)  \(.duration_ms / 1000 | floor) s"' >&2

half=$(jq '.duration_ms / 2 | floor' <<<"$meta")
call GET "/stats/recordings/$id/quantiles?from_ms=$half&percents=50,99" |
  jq -r '.stages[] | [.name, .count, .quantiles_us.p50, .quantiles_us.p99, .max_us] | join(" ")'

save "/stats/recordings/$id" "$folder/$id.json"
save "/stats/recordings/$id/frames" "$folder/$id.frames.parquet"
echo "saved $folder/$id.json and $id.frames.parquet" >&2
