# shellcheck shell=bash
# checks: dfuse doctor on a machine with a board, and on what such a machine may lack
# shellcheck source=SCRIPTDIR/lib.sh
. /run/dfuse/host/Kernel/lib.sh
# shellcheck source=SCRIPTDIR/udevd.sh
. /run/dfuse/host/Kernel/udevd.sh

# The words of lib.sh wait for udev after an attach; without its daemon nobody would answer.
udevadm() { if has_udevd; then command udevadm "$@"; fi; }

no_board() {
  expect_status 0 dfuse doctor
  expect_output "none is in its bootloader"
  expect_output "nothing is in the way of boards"
}

as_root() {
  start_board stm32f405
  expect_status 0 dfuse doctor
  expect_output "(0483:df11, STM32 bootloader) can be used"
  expect_output "each device has its node in /dev/bus/usb"
  expect_output "its daemon runs"
  expect_output "root, who needs no rules"
  expect_status 0 dfuse doctor --json
  expect_output '"problems" : 0'
}

before_rules() {
  start_board stm32f405
  expect_status 77 as_user dfuse doctor
  # Debian's dfu-util may be there, whose rules are for those who sit at the machine.
  expect_output "fix: sudo /run/dfuse/usr/bin/dfuse udev install"
  expect_output "cannot be opened: no permission"
  expect_status 77 as_user dfuse doctor -q
  if grep -q '^ok\|^note' "$state/stdout"; then fail_check "-q shows what is no problem"; fi
}

with_rules() {
  start_board stm32f405
  expect_status 0 dfuse udev install
  expect_status 0 as_member dfuse doctor
  expect_output "/etc/udev/rules.d/60-dfuse.rules is in place"
  expect_output "a member of plugdev, whom the rules let in"
  expect_output "can be used"
  expect_status 77 as_user dfuse doctor
  # shellcheck disable=SC2016
  expect_output 'sudo usermod -aG plugdev "$USER"'
  expect_status 0 dfuse udev uninstall
}

# Rules that came after the board, and were not applied to it.
not_applied() {
  start_board stm32f405
  mkdir -p /etc/udev/rules.d
  dfuse udev print >/etc/udev/rules.d/60-dfuse.rules
  expect_status 77 as_member dfuse doctor
  expect_output "fix: apply them: sudo /run/dfuse/usr/bin/dfuse udev install"
  expect_status 0 dfuse udev install
  expect_status 0 as_member dfuse doctor
  expect_status 0 dfuse udev uninstall
}

has_open() { find "/proc/$1/fd" -lname '/dev/bus/usb/*' 2>/dev/null | grep -q .; }

in_use() {
  local holder
  start_board stm32f405
  dfuse read -o /tmp/held.bin >"$state/holder" 2>&1 &
  holder=$!
  wait_for 30 has_open "$holder"
  pause 1
  expect_status 74 dfuse doctor
  expect_output "is in use by dfuse (process $holder)"
  expect_output "fix: end that program: sudo kill $holder"
  kill "$holder"
  wait "$holder" || true
  expect_status 0 dfuse doctor
}

not_authorized() {
  start_board stm32f405
  find_port 1-1
  echo 0 >"/sys/bus/usb/devices/$device_name/authorized"
  expect_status 77 dfuse doctor
  expect_output "$device_name (0483:df11) is kept away from everybody"
  echo 1 >"/sys/bus/usb/devices/$device_name/authorized"
  wait_for 20 is_attached
  expect_status 0 dfuse doctor
}

without_udevd() {
  start_board stm32f405
  expect_status 0 dfuse doctor
  expect_output "its daemon does not run; waits do not need it"
  expect_output "can be used"
  expect_status 77 as_user dfuse doctor
  expect_output "its daemon does not run, so every device is root's alone"
}

without_nodes() {
  expect_status 69 unshare --mount bash -c 'mount -t tmpfs tmpfs /dev/bus/usb && exec dfuse doctor'
  expect_output "/dev/bus/usb is missing or empty: no device can be opened"
}

# Its marks are those of a container only where the processes are those of one as well.
container() {
  touch /run/.containerenv
  expect_status 69 unshare --mount --pid --fork --mount-proc bash -c \
    'mount -t tmpfs tmpfs /dev/bus/usb && exec dfuse doctor'
  expect_output "it was not passed to this Podman container"
  expect_output "podman run -v /dev/bus/usb:/dev/bus/usb --device-cgroup-rule='c 189:* rmw' IMAGE"
  expect_status 0 dfuse doctor
  if grep -q container "$state/stdout"; then fail_check "this machine was taken for a container"; fi
  rm /run/.containerenv
}

check "no board is no problem" no_board
check "root, with a board" as_root
check "a plain user without rules: 77, and the command that installs them" before_rules
check "with rules: a member of the group can, others are told how to become one" with_rules
check "rules that were not applied to the board" not_applied
check "a program that has the board is named" in_use
check "a board that is not authorized" not_authorized
check "no nodes" without_nodes
check "what marks a container" container
setup stop_udevd
check "no udev daemon" without_udevd
setup start_udevd
