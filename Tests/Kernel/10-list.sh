# shellcheck shell=bash
# checks: dfuse list against lsusb
# shellcheck source=SCRIPTDIR/lib.sh
. /run/dfuse/host/Kernel/lib.sh

no_board() {
  expect_status 69 dfuse list
  expect_output "no board is in its bootloader"
  expect_output "no USB device is plugged in but hubs"
  expect_status 69 dfuse erase --all
  expect_output "start the board's bootloader"
}

log_says() { dmesg | grep -F -e "$1" >/dev/null; }

# A board that stalls every request does not become a device, and the kernel's log says so.
no_answer() {
  local record
  start_server stm32f405 --fault stall@standard:1+
  usbip --tcp-port "$board_port" attach -r 127.0.0.1 -b 1-1
  wait_for 60 log_says "unable to enumerate USB device"
  # A line that only looks like the kernel's.
  echo '<3>usb 99-1: device descriptor read/64, error -71' >/dev/kmsg
  expect_status 69 dfuse list
  expect_output "gave no proper answer (kernel: "
  expect_output "try another cable, another port, no hub between, then start it there"
  if grep -q -F 99-1 "$state/stderr"; then fail_check "a program's line was taken for the kernel's"; fi
  for record in /run/vhci_hcd/port*; do
    if grep -q -F -x "127.0.0.1 $board_port 1-1" "$record"; then
      # usbip itself does not find a port at which there is no device.
      echo "${record##*port}" >/sys/devices/platform/vhci_hcd.0/detach
    fi
  done
  wait_for 20 is_gone find_port 1-1
}

# What lsusb says of each board: ids, serial number, transfer size, and the string of each alternate.
facts_of_lsusb() {
  lsusb -v -d "$1" 2>/dev/null | awk '
    $1 == "idVendor" { ids = substr($2, 3) }
    $1 == "idProduct" { ids = ids ":" substr($2, 3) }
    $1 == "iSerial" { serial = $3 }
    $1 == "iInterface" { sub(/^ *iInterface *[0-9]+ /, ""); sub(/ +$/, ""); maps = maps "\n" $0 }
    $1 == "wTransferSize" { print ids, serial, $2 maps; maps = "" }'
}

# The same of `dfuse list`.
facts_of_dfuse() {
  dfuse list --verbose --device "$1" | awk '
    /^[0-9]/ { ids = $2; serial = $NF }
    /transfer size/ { size = $0; sub(/.*transfer size /, "", size); print ids, serial, size + 0 }
    /as sent:/ { sub(/^ *as sent: "/, ""); sub(/ *"$/, ""); print }'
}

same_facts() {  # same_facts VID:PID
  facts_of_lsusb "$1" | tee /tmp/of-lsusb
  facts_of_dfuse "$1" | tee /tmp/of-dfuse
  test -s /tmp/of-lsusb
  # The order of equal boards is that of the bus in one, of the ports in the other.
  diff <(sort /tmp/of-lsusb) <(sort /tmp/of-dfuse)
}

two_boards() {
  start_board stm32f405 --count 2
  attach 1-2
  same_facts 0483:df11
  test "$(grep -c '^0483:df11' /tmp/of-dfuse)" -eq 2
  # dfuse names boards by the kernel's names of their ports.
  find_port 1-1
  expect_status 0 dfuse list --path "$device_name"
  expect_output "$device_name  0483:df11"
  test "$(grep -c '0483:df11' "$state/stdout")" -eq 1
  expect_status 69 dfuse verify "$host/Examples/blink/blink.hex"
  expect_output "2 boards fit"
  expect_output "--path $device_name"
}

one_board() {  # one_board CHIP VID:PID
  start_board "$1"
  same_facts "$2"
}

json() {
  start_board stm32h743
  expect_status 0 dfuse list --json
  expect_output '"serial" : "200364500000"'
  expect_output '"transferSize" : 1024'
  expect_output '"path" : "'
}

same_serial() {
  start_board stm32h743 --count 2
  attach 1-2
  expect_status 0 dfuse list
  expect_output "warning:"
}

check "without a board: status 69, and what to do" no_board
check "a board that does not answer: what the kernel's log says" no_answer
check "two boards: the same as lsusb, and --path picks one" two_boards
for chip in stm32g474 stm32l072 stm32f429; do
  check "$chip: the same as lsusb" one_board "$chip" 0483:df11
done
check "AT32: the same as lsusb" one_board at32f435 2e3c:df11
check "boards with one serial number: a warning" same_serial
check "list --json" json
