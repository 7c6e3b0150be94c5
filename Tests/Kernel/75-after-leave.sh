# shellcheck shell=bash
# checks: what a board is after it has left its bootloader
# shellcheck source=SCRIPTDIR/lib.sh
. /run/dfuse/host/Kernel/lib.sh
# shellcheck source=SCRIPTDIR/firmware.sh
. /run/dfuse/host/Kernel/firmware.sh

expect_in_log() {  # expect_in_log TEXT
  wait_for 10 grep -q -F -e "$1" "$state/$board_port/log" || {
    cat "$state/$board_port/log"
    fail_check "dfuse simulate did not print: $1"
  }
}

# What `dfuse list` may find is a bootloader; what lsusb finds is any device.
expect_firmware() {
  expect_status 0 lsusb -v -d 0483:5740
  expect_output "STMicroelectronics"
  expect_output "STM32 Virtual ComPort"
  expect_output "315A28A0B956"
  expect_output "Vendor Specific Class"
  expect_status 69 dfuse list
  expect_status 1 lsusb -d 0483:df11
}

expect_bootloader() {
  expect_status 0 dfuse list
  expect_output "0483:df11"
  expect_status 1 lsusb -d 0483:5740
  expect_status 0 dfuse verify --address 0x08000000 /tmp/first.bin
}

application() {
  start_board stm32f405 --time-scale 20 --after-leave application
  expect_status 0 dfuse flash --address 0x08000000 /tmp/first.bin
  expect_output "the board left the bus to start its firmware"
  expect_in_log "1-1 left its bootloader: the firmware runs; attach it again"
  re_attach
  expect_firmware
  detach
  expect_in_log "1-1 detached, and its firmware ended; attach it again"
  attach
  expect_bootloader
  # Not only after a flash.
  expect_status 0 dfuse leave
  re_attach
  expect_firmware
}

nothing() {
  start_board stm32f405 --time-scale 20
  expect_status 0 dfuse flash --address 0x08000000 /tmp/first.bin
  wait_for 10 is_gone is_attached
  expect_in_log "1-1 left its bootloader: the firmware runs, without USB; attach it again"
  expect_status 1 lsusb -d 0483:5740
  re_attach
  expect_bootloader
}

# A blank chip has nothing to start.
blank() {
  start_board stm32f405 --time-scale 20 --after-leave application
  expect_status 65 dfuse leave
  expect_output "the place is blank"
  expect_status 0 dfuse leave --force
  expect_in_log "1-1 went off the bus, and no firmware runs; attach it again"
  re_attach
  expect_status 0 dfuse list
}

setup make_firmware /tmp/first.bin 5000 1
check "--after-leave application: the firmware's device, and after a replug the bootloader" application
check "without it: nothing, and after a replug the bootloader" nothing
check "a blank board starts no firmware" blank
