# shellcheck shell=bash
# checks: readers of the output that go, and terminals that are closed, while a board is at work
# limit: 300 s
# shellcheck source=SCRIPTDIR/lib.sh
. /run/dfuse/host/Kernel/lib.sh
# shellcheck source=SCRIPTDIR/firmware.sh
. /run/dfuse/host/Kernel/firmware.sh

flash=(dfuse flash --full --stay --address 0x08000000 /tmp/first.bin)
erasing='"event":"start","phase":"erase"'

expect_firmware() { expect_status 0 dfuse verify --address 0x08000000 /tmp/first.bin; }

# Whether the command in front of a pipe goes on when the one behind it has seen enough.
reader_goes() {
  local ends
  start_board stm32f405 --time-scale 20
  "${flash[@]}" 2>&1 | head -n 1 || true
  "${flash[@]}" --json | grep -m 1 -F "$erasing" || true
  set +o pipefail
  "${flash[@]}" --json 2>&1 | head -n 1
  ends="${PIPESTATUS[0]}"
  set -o pipefail
  test "$ends" -eq 0
  expect_firmware
  dfuse list | head -n 1
  # Without streams, the board's node must not take their numbers.
  "${flash[@]}" --json >&- 2>&-
  expect_firmware
}

# SIGHUP and SIGTERM, in the middle of the work.
stopped_by() {  # stopped_by SIGNAL STATUS
  start_board stm32f405
  start_beside "${flash[@]}" --json
  wait_for_output 20 "$erasing" "$state/beside"
  kill -s "$1" "$beside"
  expect_end "$2"
  expect_output "run the same command again"
  expect_output "\"status\":$2"
  expect_status 0 "${flash[@]}"
  expect_firmware
}

# `script` gives the command a terminal of its own; without `script`, the terminal is gone.
terminal_closes() {
  start_board stm32f405
  rm -rf /tmp/closed
  mkdir /tmp/closed
  cd /tmp/closed
  start_beside script -q -f -e -c "${flash[*]} --trace; echo \$? >status" /tmp/closed/typescript
  wait_for_output 20 "DNLOAD" /tmp/closed/typescript
  kill -KILL "$beside"
  wait "$beside" || true
  beside=''
  wait_for 20 test -s dfuse-report.txt
  cat dfuse-report.txt
  grep -q "error: stopped on request" dfuse-report.txt
  grep -q "now: " dfuse-report.txt
  expect_status 0 "${flash[@]}"
  expect_firmware
}

setup make_firmware /tmp/first.bin 30000 1
check "readers that have seen enough, and streams that are closed" reader_goes
check "SIGHUP in the middle" stopped_by HUP 129
check "SIGTERM in the middle" stopped_by TERM 143
check "a closed terminal: the report is in a file" terminal_closes
