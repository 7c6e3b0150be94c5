# shellcheck shell=bash
# checks: machines on which udev's daemon is missing, or says nothing, as in containers
# lane: chips
# shellcheck source=SCRIPTDIR/lib.sh
. /run/dfuse/host/Kernel/lib.sh
# shellcheck source=SCRIPTDIR/firmware.sh
. /run/dfuse/host/Kernel/firmware.sh
# shellcheck source=SCRIPTDIR/udevd.sh
. /run/dfuse/host/Kernel/udevd.sh

# The words of lib.sh wait for udev after an attach; here nobody would answer.
udevadm() { true; }

# As in a container that mounts /run/udev: the socket is there, and no event ever comes.
silence_udevd() {
  local process
  test -e /run/udev/control
  for process in $(udevd_processes); do kill -STOP "$process"; done
}

wake_udevd() {
  local process
  for process in $(udevd_processes); do kill -CONT "$process"; done
  command udevadm settle --timeout=30
}

# A board that leaves is seen to leave: nothing is asked of it afterwards.
leaves() {
  start_board stm32f405 --time-scale 20
  expect_status 0 dfuse flash --trace --address 0x08000000 /tmp/first.bin
  expect_output "verified"
  if grep -q 'disconnected' "$state/stdout" "$state/stderr"; then
    fail_check "the board was asked for its status after it had left"
  fi
  wait_for 10 is_gone is_attached
  expect_status 69 dfuse list
  re_attach
  expect_status 0 dfuse verify --address 0x08000000 /tmp/first.bin
}

waits() {
  start_server stm32f405 --time-scale 20
  start_beside dfuse flash --wait=60 --stay --address 0x08000000 /tmp/first.bin
  wait_for_output 20 "waiting for a board" "$state/beside"
  attach
  expect_end 0
  expect_output "verified"
}

has_flashed() { [ "$(grep -c '^flashed .* at .*: verified\|^.* holds this firmware already' "$state/beside")" -eq "$1" ]; }

# Two boards one after the other, and the first one once more on the same port.
station() {
  start_server stm32f405 --count 2 --time-scale 20
  start_beside dfuse flash --loop --address 0x08000000 /tmp/first.bin
  wait_for_output 20 "flashing each board that is plugged in" "$state/beside"
  usbip --tcp-port "$board_port" attach -r 127.0.0.1 -b 1-1
  wait_for 20 has_flashed 1
  usbip --tcp-port "$board_port" attach -r 127.0.0.1 -b 1-2
  wait_for 20 has_flashed 2
  wait_for 20 is_gone is_attached 1-1
  # What comes back sooner than a hand could plug it in is taken for the board that was flashed.
  sleep 3
  usbip --tcp-port "$board_port" attach -r 127.0.0.1 -b 1-1
  wait_for 20 has_flashed 3
  kill -INT "$beside"
  expect_end 0
  expect_output "flashed 3 boards"
}

setup make_firmware /tmp/first.bin 5000 1
check "with udev's daemon: a board leaves" leaves
check "with udev's daemon: --loop, and a port is used again" station
setup stop_udevd
check "without it: a board leaves" leaves
check "without it: --wait, and a board is plugged in" waits
check "without it: --loop, and a port is used again" station
setup start_udevd
setup silence_udevd
check "its socket without its events: a board leaves" leaves
check "its socket without its events: --wait, and a board is plugged in" waits
check "its socket without its events: --loop, and a port is used again" station
setup wake_udevd
