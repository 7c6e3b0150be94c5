# shellcheck shell=bash
# checks: the guest itself, before anything is built on it
# shellcheck source=SCRIPTDIR/lib.sh
. /run/dfuse/host/Kernel/lib.sh

has_virtual_ports() {
  [ "$(grep -c '^[hs]s ' /sys/devices/platform/vhci_hcd.0/status)" -ge 8 ]
  usbip port
}

lists_root_hubs() {
  expect_status 0 lsusb
  expect_output "1d6b:0002"
}

udev_knows_root_hubs() {
  udevadm control --ping --timeout=10
  udevadm info /sys/bus/usb/devices/usb1 | tee "$state/info"
  # Without udev's data base a device has no properties but the kernel's.
  grep -q '^E: ID_VENDOR_FROM_DATABASE=\|^E: ID_PATH=' "$state/info"
}

host_is_read_only() {
  local folder
  for folder in / /etc /usr /var; do
    if touch "$folder/dfuse-was-here"; then fail_check "$folder can be written"; fi
  done
}

runs_as_user() {
  expect_status 0 as_user id -u
  expect_output 1000
}

has_programs() {
  expect_status 0 dfuse --version
  expect_status 0 dfu-util --version
}

check "the kernel has virtual USB ports" has_virtual_ports
check "lsusb lists their root hubs" lists_root_hubs
check "udev has put them into its data base" udev_knows_root_hubs
check "the host's files cannot be written" host_is_read_only
check "a command can run as a plain user" runs_as_user
check "dfuse and dfu-util run" has_programs
