#!/usr/bin/env bash
# Prints the summary of a `cargo test` run: tests/summary.sh LOG FOLDER STATUS
#
# LOG is the output of the run and STATUS its exit status. The output of each failed test is copied to a file in FOLDER, where
# failing tests leave their operator and audit logs as well. The summary lists each failed test with its files. Its last line is
# "N passed, N failed", which CI reads. Exits with 1 if the run failed.
set -euo pipefail
log=$1 folder=$2 status=$3
mkdir -p "$folder"

# Sections of LOG: a "failures:" block holds the output of each failed test, a second one lists their names.
awk -v folder="$folder" '
  function file_of(test) { gsub(/::/, ".", test); gsub(/[^A-Za-z0-9_.-]+/, "_", test); return folder "/" test }
  /^ *(Running|Doc-tests) / { if (unfinished) print unfinished > (folder "/unfinished"); unfinished = $0; section = "" }
  /^failures:$/ { section = "names"; next }
  section == "names" && /^    [^ ]/ { print substr($0, 5) "\t" file_of(substr($0, 5)) > (folder "/failed") }
  match($0, /^---- .* stdout ----$/) && section != "" { section = file_of(substr($0, 6, length($0) - 17)) ".log"; next }
  /^test result:/ { passed += $4; failed += $6; unfinished = section = "" }
  /^test .*::platform_only::.* ok$/ { platform_only++ }
  section ~ /\.log$/ { print > section }
  END {
    if (unfinished) print unfinished > (folder "/unfinished")
    printf "%d\t%d\t%d\n", platform_only, passed, failed > (folder "/counts")
  }' "$log"

IFS=$'\t' read -r platform_only passed failed <"$folder/counts"
printf '%d of these show behaviour of the platform alone (platform_only)\n' "$platform_only"
if [ "$failed" -gt 0 ] || [ "$status" -ne 0 ]; then
  printf '\nFailed:\n'
  while IFS=$'\t' read -r test file; do
    printf '  %s\n' "$test"
    for path in "$file".log "$file".operator.log "$file".audit.log; do
      if [ -f "$path" ]; then printf '    %s\n' "$path"; fi
    done
  done < <(if [ -f "$folder/failed" ]; then sort -u "$folder/failed"; fi)
  if [ -f "$folder/unfinished" ]; then
    # It was killed or it crashed, so it named no tests.
    sed -E 's/^ *(Running|Doc-tests) +(.*)$/  ended without a result: \2/' "$folder/unfinished"
  elif [ "$failed" -eq 0 ]; then
    printf '  cargo test ended with status %d before a test failed\n' "$status"
  fi
  printf 'The whole output: %s\n' "$log"
fi
printf '%d passed, %d failed\n' "$passed" "$failed"
rm -f "$folder"/{counts,failed,unfinished}
[ "$failed" -eq 0 ] && [ "$status" -eq 0 ]
