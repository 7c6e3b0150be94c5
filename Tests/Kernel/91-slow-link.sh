# shellcheck shell=bash
# checks: dfuse over a slow link, at 0, 2 and 10 ms each way, beside dfu-util
# limit: 900 s
# lane: measured
# shellcheck source=SCRIPTDIR/lib.sh
. /run/dfuse/host/Kernel/lib.sh
# shellcheck source=SCRIPTDIR/firmware.sh
. /run/dfuse/host/Kernel/firmware.sh
# shellcheck source=/dev/null
. /run/dfuse/host/options

table=$host/out/slow-link.md
command_limit=300
# The port behind which bytes take their time; another one each time, since what failed may have left
# its link behind.
slow_port=3250

# A board behind a link that takes so many milliseconds each way, as another machine would be.
start_slow_board() {  # start_slow_board CHIP MILLISECONDS
  start_server "$1" --trace "$state/trace"
  slow_port=$((3250 + RANDOM % 700))
  "$host/Kernel/slowlink" "$slow_port" "$board_port" "$2" &
  slow_link=$!
  board_port=$slow_port wait_for 10 server_answers || fail_check "the slow link does not answer"
  board_port=$slow_port attach
}

stop_slow_board() {
  board_port=$slow_port detach
  kill "$slow_link"
  wait "$slow_link" || true
  stop_board
}

# Runs one program on a new board; $seconds is what it took from its first DFU request to its last.
measure() {  # measure CHIP MILLISECONDS COMMAND…
  start_slow_board "$1" "$2"
  expect_status 0 "${@:3}"
  stop_slow_board
  seconds=$(awk '
    $3 ~ /^(DNLOAD|UPLOAD|GETSTATUS|CLRSTATUS|GETSTATE|ABORT)$/ { if (!count++) first = $2; last = $2 }
    END { if (count < 32) exit 1; printf "%.2f", last - first }' "$state/trace") ||
    fail_check "the trace of $3 has no flash in it"
}

compare() {  # compare CHIP MILLISECONDS KIBIBYTES
  local usual full theirs=-
  local image=/tmp/$3k.bin
  measure "$1" "$2" dfuse flash --stay --address 0x08000000 "$image"
  usual=$seconds
  measure "$1" "$2" dfuse flash --full --stay --address 0x08000000 "$image"
  full=$seconds
  if [ "$3" = 32 ]; then
    measure "$1" "$2" dfu-util -a 0 -s 0x08000000 -D "$image"
    theirs=$seconds
  fi
  printf '| %s | %s | %s | %s | %s | %s |\n' "$1" "$3" "$2" "$usual" "$full" "$theirs" >>"$table"
}

# Begins to write over a slow link, with transfers under way.
start_writing() {
  start_slow_board stm32l476 10
  start_beside dfuse flash --full --stay --json --address 0x08000000 /tmp/128k.bin
  wait_for_output 60 '"event":"start","phase":"write"' "$state/beside"
  pause 0.5
}

# The same command again.
write_again() {
  expect_status 0 dfuse flash --stay --address 0x08000000 /tmp/128k.bin
  expect_output "verified"
  stop_slow_board
}

# What is sent together must come back in order, and a board that goes in the middle must be noticed.
pulled() {
  start_writing
  board_port=$slow_port detach
  expect_end 74
  board_port=$slow_port attach
  write_again
}

# Ctrl-C while transfers are under way: the board is left in dfuIDLE, and the same command continues.
stopped() {
  start_writing
  kill -INT "$beside"
  expect_end 130
  write_again
}

setup make_firmware /tmp/128k.bin 131072
setup make_firmware /tmp/32k.bin 32768
setup make_firmware /tmp/256k.bin 262144
# shellcheck disable=SC2154
if [ "${half:-2}" = 2 ]; then
  {
    echo '| chip | KiB | ms each way | dfuse: s | dfuse --full: s | dfu-util: s |'
    echo '|---|---:|---:|---:|---:|---:|'
  } >"$table"
  for chip in stm32f405 stm32l476; do
    for link in 0 2 10; do
      check "$chip over a link of $link ms" compare "$chip" "$link" 32
    done
  done
  for link in 0 10; do
    check "256 KiB over a link of $link ms" compare stm32f405 "$link" 256
  done
  check "a board that is pulled in the middle" pulled
  check "Ctrl-C in the middle" stopped
  cat "$table"
fi
