# shellcheck shell=bash
# Sourced by files of checks that take udev's daemon away, and bring it back.

udevd_processes() { grep -l -x 'systemd-udevd\|udevadm' /proc/[0-9]*/comm 2>/dev/null | cut -d / -f 3; }
has_udevd() { [ -n "$(udevd_processes)" ]; }

stop_udevd() {
  command udevadm control --exit || true
  wait_for 10 is_gone has_udevd
  # Not even a stale socket may make anyone believe that it runs.
  rm -f /run/udev/control
}

start_udevd() {
  if ! has_udevd; then /lib/systemd/systemd-udevd --daemon; fi
  command udevadm trigger --action=add --subsystem-match=usb
  command udevadm settle --timeout=30
}
