# shellcheck shell=bash
# checks: a bench of eight boards, of which one is pulled, one is faulty, and two have one serial number
# limit: 240 s
# lane: enter
# shellcheck source=SCRIPTDIR/lib.sh
. /run/dfuse/host/Kernel/lib.sh
# shellcheck source=SCRIPTDIR/firmware.sh
. /run/dfuse/host/Kernel/firmware.sh
# shellcheck source=SCRIPTDIR/udevd.sh
. /run/dfuse/host/Kernel/udevd.sh

# The words of lib.sh wait for udev after an attach; for a while nobody would answer.
udevadm() { true; }

flash() { dfuse flash --all --full --stay --address 0x08000000 "$@" /tmp/first.bin; }

has_result() {  # has_result PORT STATUS
  grep '"event":"result"' "$state/stdout" | grep "\"board\":\"$1\"" | grep -q "\"status\":$2"
}

bench() {
  local number pulled faulty port good=()
  start_server stm32f405 --count 5 --time-scale 2
  for number in {1..5}; do attach "1-$number"; done
  board_port=3241 start_server stm32f446 --count 2 --same-serial --time-scale 2
  for number in 1 2; do board_port=3241 attach "1-$number"; done
  board_port=3242 start_board stm32g474 --fault stall@write:1+ --time-scale 2
  board_port=3242 find_port 1-1
  faulty=$device_name
  find_port 1-3
  pulled=$device_name
  for port in /sys/bus/usb/devices/*/idProduct; do
    if [ "$(cat "$port")" = df11 ]; then
      port=$(basename "$(dirname "$port")")
      if [ "$port" != "$faulty" ] && [ "$port" != "$pulled" ]; then good+=("$port"); fi
    fi
  done
  [ "${#good[@]}" -eq 6 ]
  # Seven are meant, and eight are there: nothing is erased.
  expect_status 69 flash --boards 7
  expect_output "8 boards fit, and 7 were meant"
  start_beside dfuse flash --all --boards 8 --full --stay --json --address 0x08000000 /tmp/first.bin
  wait_for_output 60 "\"board\":\"$pulled\",\"event\":\"start\",\"phase\":\"write\"" "$state/beside"
  detach 1-3
  expect_end 74
  expect_output "2 boards have the serial number"
  expect_output '"failed":2,"flashed":6'
  has_result "$faulty" 74
  has_result "$pulled" 74
  for port in "${good[@]}"; do has_result "$port" 0; done
  # The second time, with what was wrong put right, all have it.
  board_port=3242 stop_board
  board_port=3242 start_board stm32g474 --time-scale 2
  re_attach 1-3
  # The ports are others now: each board takes the first that is free.
  find_port 1-3
  pulled=$device_name
  expect_status 0 dfuse flash --all --boards 8 --jobs 3 --stay --address 0x08000000 /tmp/first.bin
  expect_output "flashed 8 boards"
  [ "$(grep -c 'holds this firmware already' "$state/stdout")" -eq 6 ]
  expect_status 0 dfuse verify --path "$pulled" --address 0x08000000 /tmp/first.bin
  board_port=3242 stop_board
  board_port=3241 stop_board
  stop_board
}

setup make_firmware /tmp/first.bin 60000 1
check "eight boards at once" bench
setup stop_udevd
check "eight boards at once, without udev's daemon" bench
setup start_udevd
