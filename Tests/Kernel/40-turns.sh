# shellcheck shell=bash
# checks: dfuse and dfu-util on one board in turn, whatever state the other left it in
# limit: 180 s
# shellcheck source=SCRIPTDIR/lib.sh
. /run/dfuse/host/Kernel/lib.sh
# shellcheck source=SCRIPTDIR/firmware.sh
. /run/dfuse/host/Kernel/firmware.sh

start=0x08000000

dfu_util_flashes() {  # dfu_util_flashes FILE
  expect_status 0 dfu-util -a 0 -s "$start" -D "$1"
  expect_status 0 dfuse verify --address "$start" "$1"
}

dfuse_flashes() {  # dfuse_flashes FILE
  expect_status 0 dfuse flash --stay --address "$start" "$1"
  expect_output "verified"
  rm -f /tmp/uploaded.bin
  expect_status 0 dfu-util -a 0 -s "$start:8000" -U /tmp/uploaded.bin
  expect_same /tmp/uploaded.bin "$1"
}

in_turn() {
  start_board "$1" --time-scale 20
  dfu_util_flashes /tmp/first.bin
  dfuse_flashes /tmp/second.bin
  dfu_util_flashes /tmp/first.bin
  dfuse_flashes /tmp/second.bin
}

found_in() {  # found_in STATE
  start_board stm32f405 --time-scale 20 --fault "start=$1"
  dfuse_flashes /tmp/first.bin
  stop_board
  start_board stm32f405 --time-scale 20 --fault "start=$1"
  dfu_util_flashes /tmp/second.bin
}

# The third block fails once; whoever comes next finds the board in dfuERROR.
dfu_util_fails() {
  start_board stm32f405 --time-scale 20 --fault errWRITE@write:3
  if dfu-util -a 0 -s "$start" -D /tmp/first.bin; then fail_check "dfu-util saw no error"; fi
  dfuse_flashes /tmp/second.bin
}

dfuse_fails() {
  start_board stm32f405 --time-scale 20 --fault errWRITE@write:3
  expect_status 76 dfuse flash --stay --address "$start" /tmp/first.bin
  expect_output "run the same command again"
  dfu_util_flashes /tmp/second.bin
}

# Killed, a program leaves the board where it is: in the middle of an upload or of a download.
killed() {  # killed COMMAND…
  start_beside "$@"
  wait_for 20 grep -q -e '[1-9][0-9]*%' -e '"done"' "$state/beside"
  kill -KILL "$beside"
  wait "$beside" || true
  beside=''
}

dfu_util_is_killed() {
  start_board stm32f405
  rm -f /tmp/uploaded.bin
  killed stdbuf -o0 dfu-util -a 0 -s "$start:1048576" -U /tmp/uploaded.bin
  dfuse_flashes /tmp/first.bin
  killed stdbuf -o0 dfu-util -a 0 -s "$start" -D /tmp/long.bin
  dfuse_flashes /tmp/second.bin
}

dfuse_is_killed() {
  start_board stm32f405
  killed dfuse read --json -o /tmp/read.bin
  dfu_util_flashes /tmp/first.bin
  killed dfuse flash --full --json --stay --address "$start" /tmp/long.bin
  dfu_util_flashes /tmp/second.bin
}

setup make_firmware /tmp/first.bin 8000 1
setup make_firmware /tmp/second.bin 8000 2
setup make_firmware /tmp/long.bin 100000 3
for chip in stm32f405 stm32g474 stm32l072; do
  check "$chip: in turn" in_turn "$chip"
done
for found in dfuERROR dfuUPLOAD-IDLE dfuDNLOAD-IDLE dfuDNBUSY; do
  check "a board found in $found, by each of the two" found_in "$found"
done
check "dfuse, after dfu-util failed" dfu_util_fails
check "dfu-util, after dfuse failed" dfuse_fails
check "dfuse, after dfu-util was killed while reading and writing" dfu_util_is_killed
check "dfu-util, after dfuse was killed while reading and writing" dfuse_is_killed
