# shellcheck shell=bash
# checks: boards that are unplugged in the middle of the work
# limit: 180 s
# shellcheck source=SCRIPTDIR/lib.sh
. /run/dfuse/host/Kernel/lib.sh
# shellcheck source=SCRIPTDIR/firmware.sh
. /run/dfuse/host/Kernel/firmware.sh

# Unplugs the board when `dfuse flash` has come to a phase; then the same command again.
unplugged_while() {  # unplugged_while PHASE CHIP SCALE [OPTION…]
  local flash=(dfuse flash --stay --json --address 0x08000000 "${@:4}" /tmp/new.bin)
  start_board "$2" --time-scale "$3"
  start_beside "${flash[@]}"
  wait_for_output 60 "\"event\":\"start\",\"phase\":\"$1\"" "$state/beside"
  detach
  expect_end 74
  if grep -q "\"event\":\"finish\",\"phase\":\"$1\"" "$state/stdout"; then
    fail_check "it was done with '$1' before the board was unplugged"
  fi
  expect_output "plug the board in again"
  # What is on the chip is not what was to be there, and dfuse says so.
  expect_output "\"now\":\""
  re_attach
  expect_status 0 "${flash[@]}"
  expect_output '"verified":true'
  expect_status 0 dfuse verify --address 0x08000000 /tmp/new.bin
}

while_reading() {
  rm -f /tmp/read.bin
  start_board stm32f405 --time-scale 0.3
  start_beside dfuse read -o /tmp/read.bin --json
  wait_for_output 20 '"phase":"read"' "$state/beside"
  detach
  expect_end 74
  test ! -e /tmp/read.bin
  re_attach
  expect_status 0 dfuse read -o /tmp/read.bin --address 0x08000000 --length 4096
}

# One of two boards is pulled; the other does not notice.
one_of_two() {
  local first second
  start_board stm32f405 --count 2
  attach 1-2
  find_port 1-1
  first=$device_name
  find_port 1-2
  second=$device_name
  start_beside dfuse flash --all --full --stay --json --address 0x08000000 /tmp/new.bin
  wait_for_output 30 '"event":"start","phase":"write"' "$state/beside"
  detach 1-2
  expect_end 74
  grep '"event":"result"' "$state/stdout" | grep "\"board\":\"$first\"" | grep '"status":0'
  grep '"event":"result"' "$state/stdout" | grep "\"board\":\"$second\"" | grep '"status":74'
  expect_output '"failed":1'
  expect_output '"flashed":1'
  expect_status 0 dfuse verify --path "$first" --address 0x08000000 /tmp/new.bin
  re_attach 1-2
  find_port 1-2
  expect_status 0 dfuse flash --all --stay --address 0x08000000 /tmp/new.bin
  expect_status 0 dfuse verify --path "$device_name" --address 0x08000000 /tmp/new.bin
}

both() {
  start_board stm32g474 --count 2 --time-scale 20
  attach 1-2
  expect_status 0 dfuse flash --all /tmp/new.bin
  expect_output "flashed 2 boards"
  wait_for 10 is_gone is_attached 1-1
  wait_for 10 is_gone is_attached 1-2
}

setup make_firmware /tmp/new.bin 30000 1
check "during an erase" unplugged_while erase stm32f405 0.5 --full
check "during a write" unplugged_while write stm32f405 0.5 --full
check "during verification" unplugged_while verify stm32f405 0.15
check "during an erase, of a chip with 1024-byte blocks" unplugged_while erase stm32h743 0.5 --full
check "while reading" while_reading
check "two boards at once" both
check "two boards at once, one pulled: the other is flashed" one_of_two
