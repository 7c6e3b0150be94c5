# shellcheck shell=bash
# checks: waiting for boards, boards that leave and come back, JSON
# shellcheck source=SCRIPTDIR/lib.sh
. /run/dfuse/host/Kernel/lib.sh
# shellcheck source=SCRIPTDIR/firmware.sh
. /run/dfuse/host/Kernel/firmware.sh

waits_for_board() {
  start_server stm32f405 --time-scale 20
  start_beside dfuse flash --wait=60 --stay /tmp/first.bin
  wait_for_output 20 "waiting for a board" "$state/beside"
  attach
  expect_end 0
  expect_output "verified"
}

waits_at_path() {
  local path
  start_board stm32f405 --time-scale 20 --count 2
  find_port 1-1
  path=$device_name
  detach 1-1
  start_beside dfuse flash --wait=60 --stay --path "$path" /tmp/first.bin
  wait_for_output 20 "waiting for a board" "$state/beside"
  attach 1-1
  find_port 1-1
  test "$device_name" = "$path"
  expect_end 0
  expect_output "at $path"
}

waits_in_vain() {
  expect_status 69 dfuse flash --wait=1 /tmp/first.bin
  expect_output "none came"
}

# Ctrl-C, while waiting and while writing.
interrupted() {
  start_server stm32f405
  start_beside dfuse flash --wait=60 /tmp/first.bin
  wait_for_output 20 "waiting for a board" "$state/beside"
  kill -INT "$beside"
  expect_end 130
  attach
  start_beside dfuse flash --full --stay --json --address 0x08000000 /tmp/first.bin
  wait_for_output 20 '"event":"start","phase":"erase"' "$state/beside"
  kill -INT "$beside"
  expect_end 130
  expect_output "run the same command again"
  expect_status 0 dfuse flash --stay --address 0x08000000 /tmp/first.bin
  expect_output "verified"
}

# An erase cannot be stopped: Ctrl-C is answered at once, and obeyed when the erase is over. A second
# one ends the program, and the next run goes on with the board.
interrupted_erase() {
  start_board stm32f405 --time-scale 4
  expect_status 0 dfuse flash --stay --address 0x08000000 /tmp/first.bin
  begin_mass_erase
  if beside_has_ended; then fail_check "it did not wait for the end of the erase"; fi
  expect_end 130
  expect_output "stopped on request"
  expect_output "run the same command again"
  begin_mass_erase
  kill -INT "$beside"
  expect_end 130
  if grep -q "stopped on request" "$state/beside"; then fail_check "the second Ctrl-C did not end it"; fi
  # The chip goes on erasing, and does not answer before that is over.
  wait_for 40 dfuse flash -q --stay --address 0x08000000 /tmp/first.bin ||
    fail_check "the board was not flashed after the erase"
  expect_status 0 dfuse verify --address 0x08000000 /tmp/first.bin
}

begin_mass_erase() {
  start_beside dfuse flash --mass-erase --stay --json --address 0x08000000 /tmp/first.bin
  wait_for_output 20 '"event":"start","phase":"erase"' "$state/beside"
  kill -INT "$beside"
  wait_for_output 1 "stopping when the erase that has begun is over" "$state/beside"
}

# Each line an object, the last one the result; nothing else on standard output.
json_lines() {
  start_board stm32g474 --time-scale 20
  expect_status 0 dfuse flash --json /tmp/first.bin
  if grep -v '^{.*}$' "$state/stdout"; then fail_check "a line is no object"; fi
  tail -n 1 "$state/stdout" | grep '"event":"result"' | grep '"status":0' | grep '"verified":true'
  grep -q '"event":"plan"' "$state/stdout"
  grep -q '"departure":"left"' "$state/stdout"
  wait_for 10 is_gone is_attached
  expect_status 69 dfuse flash --json /tmp/first.bin
  tail -n 1 "$state/stdout" | grep '"status":69'
}

# Boards whose bootloader ends without a word, with an error, or in the middle of its last answer.
leaves() {  # leaves CHIP ADDRESS
  start_board "$1" --time-scale 20
  expect_status 0 dfuse flash --address "$2" /tmp/first.bin
  expect_output "the board left the bus to start its firmware"
  wait_for 10 is_gone is_attached
  re_attach
  expect_status 0 dfuse leave
  expect_output "the board left the bus to start its firmware"
}

# The server keeps boards in files, for the next one.
kept_in_files() {
  rm -rf /tmp/kept
  start_board stm32f405 --time-scale 20 --state /tmp/kept
  expect_status 0 dfuse flash --stay --address 0x08000000 /tmp/first.bin
  stop_board
  ls -l /tmp/kept
  start_board stm32f405 --time-scale 20 --state /tmp/kept
  expect_status 0 dfuse verify --address 0x08000000 /tmp/first.bin
  stop_board
  # The same file, without a kernel.
  expect_status 0 dfuse verify --simulate stm32f405:/tmp/kept/stm32f405-1.state \
    --address 0x08000000 /tmp/first.bin
}

# A server takes what a network brings.
hostile_clients() {
  start_board stm32f405 --time-scale 20
  head -c 100000 /tmp/first.bin >"/dev/tcp/127.0.0.1/$board_port" || true
  expect_status 1 usbip attach -r 127.0.0.1 -b 9-9
  exec 7<>"/dev/tcp/127.0.0.1/$board_port"
  printf '\x01\x11\x80\x03' >&7
  expect_status 0 dfuse flash --stay --address 0x08000000 /tmp/first.bin
  exec 7>&-
  expect_status 0 dfuse verify --address 0x08000000 /tmp/first.bin
}

setup make_firmware /tmp/first.bin 5000 1
check "--wait, and a board is plugged in" waits_for_board
check "--wait at a port, while another board is there" waits_at_path
check "--wait in vain" waits_in_vain
check "Ctrl-C while waiting, and while erasing" interrupted
check "Ctrl-C during an erase is answered at once, and twice ends" interrupted_erase
check "flash --json: an object a line, the last one the result" json_lines
for chip in gd32vf103 stm32wb55 stm32h7a3 stm32f405 stm32c071; do
  check "$chip: leaves after a flash, and once more" leaves "$chip" 0x08000000
done
check "st-usbd: leaves after a flash, and once more" leaves st-usbd 0x0800c000
check "simulate --state keeps boards in files" kept_in_files
check "simulate copes with nonsense and half an import" hostile_clients
