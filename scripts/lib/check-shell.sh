#!/usr/bin/env bash
# Every shell script parses, and is clean for shellcheck where that is installed.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

scripts=(.ci/run)
while IFS= read -r -d '' file; do
  head -c 20 "$file" | grep -qE '^#(!.*sh| )' && scripts+=("$file")
done < <(find scripts examples -type f ! -name '*.ts' ! -name '*.html' ! -name '*.md' -print0 2>/dev/null)

status=0
for script in "${scripts[@]}"; do
  bash -n "$script" || status=1
done
if command -v shellcheck >/dev/null; then
  shellcheck -x -P SCRIPTDIR "${scripts[@]}" || status=1
fi
exit "$status"
