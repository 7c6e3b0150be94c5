# shellcheck shell=bash
# checks: every command, on a chip of each transfer size and each erased value
# limit: 240 s
# shellcheck source=SCRIPTDIR/lib.sh
. /run/dfuse/host/Kernel/lib.sh
# shellcheck source=SCRIPTDIR/firmware.sh
. /run/dfuse/host/Kernel/firmware.sh

start=0x08000000
blink=$host/Examples/blink

expect_blank() {  # expect_blank FILE BYTE
  local other
  other=$(od -An -v -tx1 "$1" | tr -s ' ' '\n' | grep -v "^$2\$" | grep -c . || true)
  if [ "$other" -ne 0 ]; then fail_check "$other bytes of $1 are not $2"; fi
}

flash_and_verify() {
  expect_status 0 dfuse flash --dry-run --address "$start" /tmp/first.bin
  expect_output "nothing was changed"
  expect_status 1 dfuse verify --address "$start" /tmp/first.bin
  expect_status 0 dfuse flash --stay /tmp/first.bin
  expect_output "verified"
  expect_status 0 dfuse verify --address "$start" /tmp/first.bin
  expect_status 0 dfuse flash --stay /tmp/first.bin
  expect_output "holds this firmware already"
  expect_status 1 dfuse verify --address "$start" /tmp/second.bin
  expect_output "differs from"
}

read_back() {
  expect_status 0 dfuse read -o /tmp/read.bin --address "$start" --length 20000
  expect_same /tmp/read.bin /tmp/first.bin
  expect_status 0 dfuse read -o /tmp/read.dfu --address "$start" --length 20000
  expect_status 0 dfuse info /tmp/read.dfu
  expect_status 0 dfuse verify /tmp/read.dfu
  rm /tmp/read.bin /tmp/read.dfu
}

two_elements() {
  expect_status 0 dfuse pack -o /tmp/two.dfu -m 0x08000000 -i /tmp/second.bin \
    -m 0x08010000 -i /tmp/small.bin -a 0
  expect_status 0 dfuse flash --stay /tmp/two.dfu
  expect_status 0 dfuse verify /tmp/two.dfu
  expect_status 0 dfuse read -o /tmp/read.bin --address 0x08010000 --length 1000
  expect_same /tmp/read.bin /tmp/small.bin
}

hex_directly() {
  expect_status 0 dfuse flash --stay "$blink/blink.hex"
  expect_status 0 dfuse verify "$blink/blink.elf"
  expect_status 0 dfuse flash --stay "$blink/blink-v2.srec"
  expect_output "held their bytes already"
  expect_status 0 dfuse read -o /tmp/settings.bin --address 0x08004000 --length 64
  expect_same /tmp/settings.bin "$blink/settings-v2.bin"
}

erase() {  # erase ERASED
  expect_status 0 dfuse erase --address "$start" --length 1
  expect_status 0 dfuse read -o /tmp/blank.bin --address "$start" --length 16
  expect_blank /tmp/blank.bin "$1"
  # The other sector is as it was.
  expect_status 0 dfuse read -o /tmp/settings.bin --address 0x08004000 --length 64
  expect_same /tmp/settings.bin "$blink/settings-v2.bin"
  expect_status 0 dfuse erase --all
  expect_status 0 dfuse read -o /tmp/blank.bin --address 0x08004000 --length 64
  expect_blank /tmp/blank.bin "$1"
}

leave() {
  expect_status 0 dfuse flash --stay "$blink/blink.hex"
  expect_status 0 dfuse leave
  expect_output "the board left the bus to start its firmware"
  expect_status 69 dfuse list
  re_attach
  expect_status 0 dfuse verify "$blink/blink.hex"
  expect_status 0 dfuse flash "$blink/blink-v2.hex"
  expect_output "verified; the board left the bus to start its firmware"
  wait_for 5 is_gone is_attached
  re_attach
  expect_status 0 dfuse verify "$blink/blink-v2.elf"
}

two_targets() {
  start_board stm32l072 --time-scale 50
  expect_status 0 dfuse pack -o /tmp/targets.dfu -n Flash -m 0x08000000 -i /tmp/first.bin -a 0 \
    -n Data -m 0x08080000 -i /tmp/small.bin -a 2
  expect_status 0 dfuse flash --stay /tmp/targets.dfu
  expect_output "verified"
  expect_status 0 dfuse verify /tmp/targets.dfu
  expect_status 0 dfuse read -a "DATA Memory" -o /tmp/data.bin --address 0x08080000 --length 1000
  expect_same /tmp/data.bin /tmp/small.bin
  expect_status 0 dfuse read -a 0 -o /tmp/flash.bin --address 0x08000000 --length 20000
  expect_same /tmp/flash.bin /tmp/first.bin
}

unprotect() {  # unprotect CHIP
  start_board "$1" --fault rdp=1 --time-scale 20
  expect_status 76 dfuse flash /tmp/first.bin
  expect_output "read protected"
  expect_output "dfuse unprotect --yes"
  expect_status 64 dfuse unprotect
  expect_status 0 dfuse unprotect --yes
  expect_output "read protection is removed"
  re_attach
  expect_status 0 dfuse flash --stay /tmp/first.bin
  expect_output "verified"
}

refusals() {
  start_board stm32f405
  expect_status 65 dfuse flash --address 0x08200000 /tmp/first.bin
  expect_output "nothing on the board was changed"
  expect_status 66 dfuse flash /tmp/there-is-no-such-file.bin
  head -c 400 /tmp/two.dfu >/tmp/cut.dfu
  expect_status 65 dfuse flash /tmp/cut.dfu
  expect_status 64 dfuse erase
  expect_status 0 dfuse pack -o /tmp/other.dfu -v 28e9 -p 0189 -m 0x08000000 -i /tmp/first.bin -a 0
  expect_status 65 dfuse flash /tmp/other.dfu
  expect_output "--ignore-ids"
}

setup make_firmware /tmp/first.bin 20000 1
setup make_firmware /tmp/second.bin 20000 2
setup make_firmware /tmp/small.bin 1000 3
while read -r chip erased; do
  setup start_board "$chip" --time-scale 50
  check "$chip: flash, verify, flash again" flash_and_verify
  check "$chip: read, into a file and a container" read_back
  check "$chip: a container of two elements" two_elements
  check "$chip: HEX, ELF and S-record directly" hex_directly
  check "$chip: erase a sector, erase all (to 0x$erased)" erase "$erased"
  check "$chip: leave, gone from the bus, and back" leave
  setup stop_board
done <<'TEXT'
stm32f405 ff
stm32g474 ff
stm32l072 00
TEXT
check "a container of two targets, flash and EEPROM" two_targets
for chip in stm32f405 stm32g474; do
  check "$chip: unprotect" unprotect "$chip"
done
check "what must not be flashed is refused" refusals
