# Shared by every script here: where the project is, and steps that say what they do and for how long.
# Sourced, never run. Keeps the caller's working directory out of it: all paths start at $ROOT.
# shellcheck shell=bash

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
LOG_DIR="$ROOT/.cache/log"
STAMP_DIR="$ROOT/.cache/stamp"
# shellcheck disable=SC2034 # read by the scripts that source this file
BUN="$ROOT/node_modules/.bin/bun"
mkdir -p "$LOG_DIR" "$STAMP_DIR"

# rustup puts cargo here, and only login shells have it in their path.
[ -d "$HOME/.cargo/bin" ] && PATH="$HOME/.cargo/bin:$PATH"

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# step NAME TITLE COMMAND…: runs the command quietly with its output in .cache/log/NAME.log, prints the title and
# the seconds it took. When the command fails, prints the log's beginning and end and answers its status.
step() {
  local name="$1" title="$2" started status log ticker
  shift 2
  log="$LOG_DIR/$name.log"
  started=$(now_ms)
  if [ -t 2 ]; then
    show_progress "$title" "$log" "$started" &
    ticker=$!
  else
    printf '  … %s\n' "$title" >&2
    ticker=
  fi
  "$@" >"$log" 2>&1 </dev/null
  status=$?
  if [ -n "$ticker" ]; then
    kill "$ticker" 2>/dev/null
    wait "$ticker" 2>/dev/null
    printf '\r\033[K' >&2
  fi
  if [ "$status" -eq 0 ]; then
    printf '  ✓ %s (%s s)\n' "$title" "$(seconds_since "$started")" >&2
  else
    printf '  ✗ %s failed after %s s with status %s. From %s:\n' \
      "$title" "$(seconds_since "$started")" "$status" "$log" >&2
    show_ends "$log" | sed 's/^/    /' >&2
  fi
  return "$status"
}

# unchanged NAME FINGERPRINT OUTPUT…: true when the step NAME last succeeded with this fingerprint and its outputs exist.
unchanged() {
  local name="$1" fingerprint="$2" output
  shift 2
  for output in "$@"; do
    [ -e "$output" ] || return 1
  done
  [ -f "$STAMP_DIR/$name" ] && [ "$(cat "$STAMP_DIR/$name")" = "$fingerprint" ]
}

# remember NAME FINGERPRINT: the other half of unchanged.
remember() {
  printf '%s' "$2" >"$STAMP_DIR/$1"
}

# fingerprint WORD -- PATH…: one hash over a word (a tool's version), and the names and contents of all files under the paths.
# Build output below a path is left out.
fingerprint() {
  local word="$1"
  shift 2
  {
    printf '%s\n' "$word"
    for path in "$@"; do
      [ -e "$ROOT/$path" ] && printf '%s\0' "$path"
    done | (cd "$ROOT" && xargs -0 -r sh -c 'find "$@" \( -name target -o -name node_modules \) -prune -o -type f -print0' sh |
      LC_ALL=C sort -z | xargs -0 -r sha256sum)
  } | sha256sum | cut -d' ' -f1
}

# npm names the fault first and explains itself at length, compilers name it last: so both ends.
show_ends() {
  if [ "$(wc -l <"$1")" -le 60 ]; then
    cat "$1"
  else
    head -n 12 "$1"
    echo …
    tail -n 40 "$1"
  fi
}

now_ms() {
  date +%s%3N
}

seconds_since() {
  local ms=$(($(now_ms) - $1))
  printf '%d.%d' $((ms / 1000)) $((ms % 1000 / 100))
}

# One line, rewritten: what runs, for how long, and the newest line of its log. Ends with the script that started it.
show_progress() {
  local title="$1" log="$2" started="$3" width last
  while kill -0 $$ 2>/dev/null; do
    width=$(tput cols 2>/dev/null || echo 80)
    last=$(tail -n 1 "$log" 2>/dev/null | tr -dc '[:print:]')
    printf '\r\033[K%s' "$(printf '  … %s, %s s  %s' "$title" "$(seconds_since "$started")" "$last" | cut -c "1-$((width - 1))")" >&2
    sleep 0.5
  done
}
