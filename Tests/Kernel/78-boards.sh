# shellcheck shell=bash
# checks: plain DFU that looks like DfuSe, application bootloaders, and a station's ports
# shellcheck source=SCRIPTDIR/lib.sh
. /run/dfuse/host/Kernel/lib.sh
# shellcheck source=SCRIPTDIR/firmware.sh
. /run/dfuse/host/Kernel/firmware.sh

expect_summary() {  # expect_summary TEXT
  grep -F -e "$1" "$state/$board_port/log" || { cat "$state/$board_port/log"; fail_check "the server did not print: $1"; }
}

# Nothing that dfuse does reaches a device with plain DFU; dfu-util flashes it.
plain_dfu() {  # plain_dfu CHIP VID:PID
  start_board "$1" --time-scale 20
  expect_status 69 dfuse list
  expect_output "$2"
  expect_output "plain DFU"
  expect_status 69 dfuse leave --address 0x08000000
  expect_output "--assume-dfuse --device $2"
  expect_status 69 dfuse unprotect --yes
  expect_status 69 dfuse erase --all
  expect_status 69 dfuse flash /tmp/first.bin
  expect_status 64 dfuse leave --assume-dfuse
  stop_board
  # The kernel and libusb read descriptors; no request of the DFU class was sent.
  expect_summary "0 sectors erased, 0 bytes programmed, 0 bytes read"
  if grep -i 'dfu_\|dnload\|upload\|status\|abort\|detach ' "$state/$board_port/log"; then
    fail_check "a request of the DFU class was sent"
  fi
  start_board "$1" --time-scale 20
  # The device tolerates manifestation: it has the firmware, and stays.
  expect_status 0 dfu-util -d "$2" -a 0 -D /tmp/first.bin
  expect_output "Download done."
  expect_output "Done!"
  stop_board
  expect_summary "0 sectors erased, 4.9 KiB programmed, 0 bytes read"
}

# It says something else, and speaks DfuSe.
speaks_dfuse() {  # speaks_dfuse CHIP ADDRESS
  start_board "$1" --time-scale 20
  expect_status 0 dfuse list
  expect_status 0 dfuse flash --stay --address "$2" /tmp/first.bin
  expect_status 0 dfuse verify --address "$2" /tmp/first.bin
}

arduino() {
  start_board portenta-h7 --time-scale 20
  expect_status 0 dfuse list
  expect_output "programs begin at 0x0804_0000"
  expect_status 64 dfuse flash --address 0x08020000 /tmp/first.bin
  expect_status 64 dfuse erase --address 0x08020000
  expect_output "--allow-bootloader"
  stop_board
  expect_summary "0 sectors erased, 0 bytes programmed"
  start_board portenta-h7 --time-scale 20
  expect_status 0 dfuse flash --stay --address 0x08040000 /tmp/first.bin
  expect_status 0 dfuse verify --address 0x08040000 /tmp/first.bin
  expect_status 0 dfuse flash --stay --allow-bootloader --address 0x08020000 /tmp/first.bin
}

driver_of() { basename "$(readlink "/sys/bus/usb/devices/$device_name:1.$1/driver")"; }  # driver_of INTERFACE

# Arduino's bootloader has a serial port beside its DFU interface, which the kernel binds its driver to;
# the port's requests stall, nothing comes from it, and what is sent there is lost.
serial_port_beside() {
  start_board portenta-h7 --time-scale 20
  wait_for 20 test -c /dev/ttyACM0
  expect_status 0 dfu-util -l
  sed -n 's/.* name="\(.*\)", serial=.*/\1/p' "$state/stdout" | sort >/tmp/names-of-dfu-util
  test "$(grep -c 'intf=0, ' "$state/stdout")" -eq 4
  expect_status 0 dfuse list --verbose
  sed -n 's/^ *as sent: "\(.*\)"$/\1/p' "$state/stdout" | sort | diff /tmp/names-of-dfu-util -
  expect_status 0 timeout 10 bash -c 'exec 3<>/dev/ttyACM0; echo hello >&3; ! read -r -t 1 -u 3'
  expect_status 0 dfuse flash --stay --address 0x08040000 /tmp/first.bin
  expect_output "verified"
  rm -f /tmp/uploaded.bin
  expect_status 0 dfu-util -d 2341:035b -a 0 -s 0x08040000:5000 -U /tmp/uploaded.bin
  expect_same /tmp/uploaded.bin /tmp/first.bin
  # Only the DFU interface was taken.
  find_port 1-1
  test "$(driver_of 1) $(driver_of 2)" = "cdc_acm cdc_acm"
  test -c /dev/ttyACM0
}

# A device newer than USB 2.0: the kernel reads what it has for browsers and for Windows.
platforms() {
  start_board numworks
  expect_status 0 lsusb -v -d 0483:a291
  expect_output "Binary Object Store Descriptor"
  expect_output "{3408b638-09a9-47a0-8bfd-a0768815b665}"
  stop_board
  start_board tinyusb-dfu
  expect_status 0 lsusb -v -d 0483:df11
  expect_output "{d8dd60df-4589-4cc7-9cd2-659d9e648a9f}"
}

count_results() { grep -c '^flashed .* at \|holds this firmware already' "$state/beside"; }
has_result() { [ "$(count_results)" -ge 1 ]; }

# A board that stays is flashed once, however long it stays.
stays() {
  start_board stm32f405 --time-scale 20
  start_beside dfuse flash --loop --stay --address 0x08000000 /tmp/first.bin
  wait_for 30 has_result
  sleep 5
  kill -INT "$beside"
  expect_end 0
  if [ "$(count_results)" -ne 1 ]; then fail_check "it was flashed more than once"; fi
}

# Another program has the board when the station sees it, and lets go of it soon.
held() {
  local holder
  start_board stm32f405 --time-scale 20
  dfuse read -o /tmp/held.bin --length 128K >"$state/holder" 2>&1 &
  holder=$!
  start_beside dfuse flash --loop --stay --address 0x08000000 /tmp/first.bin
  wait_for 60 has_result
  wait "$holder"
  kill -INT "$beside"
  expect_end 0
  expect_output "flashed 1 board"
}

setup make_firmware /tmp/first.bin 5000 1
check "TinyUSB's DFU class under ST's ids is left alone" plain_dfu tinyusb-dfu 0483:df11
check "an Arduino UNO R4 is left alone" plain_dfu uno-r4 2341:0369
check "a NumWorks calculator is flashed, though it says 1.0" speaks_dfuse numworks 0x90000000
check "an AT32F415 is flashed, though it says no version" speaks_dfuse at32f415 0x08000000
check "an Arduino Portenta keeps its bootloader" arduino
check "an Arduino Portenta is flashed beside its serial port" serial_port_beside
check "BOS descriptors are read" platforms
check "--loop flashes a board once that stays" stays
check "--loop waits for a board that another program holds" held
