# shellcheck shell=bash
# checks: a plain user's board, before and after `dfuse udev install`
# shellcheck source=SCRIPTDIR/lib.sh
. /run/dfuse/host/Kernel/lib.sh
# shellcheck source=SCRIPTDIR/firmware.sh
. /run/dfuse/host/Kernel/firmware.sh

rules=/etc/udev/rules.d/60-dfuse.rules
# The program is where sudo would not look for it.
install="sudo /run/dfuse/usr/bin/dfuse udev install"

before() {
  expect_status 77 as_user dfuse flash --stay /tmp/first.bin
  expect_output "no permission"
  expect_output "plug it in again: $install"
  expect_status 77 as_member dfuse flash --stay /tmp/first.bin
  # It is listed all the same, with why it cannot be used.
  as_user dfuse list >"$state/stdout" 2>&1 || true
  cat "$state/stdout"
  grep -q '0483:df11' "$state/stdout"
  grep -q "$install" "$state/stdout"
}

only_root() {
  expect_status 77 as_user dfuse udev install
  expect_output "$install"
  test ! -e "$rules"
}

install_rules() {
  expect_status 0 dfuse udev install
  expect_output "installed $rules"
  expect_output "0483:df11): its node has the permissions of the rules"
  dfuse udev print | cmp - "$rules"
  expect_status 0 dfuse udev install
  expect_output "was there already"
}

# Without a re-plug: install has told udev to apply its rules to what is plugged in.
at_once() {
  expect_status 0 as_member dfuse flash --stay /tmp/first.bin
  expect_output "verified"
}

after_replug() {
  detach
  re_attach
  find_port 1-1
  ls -l /dev/bus/usb/*/
  expect_status 0 as_member dfuse flash --stay /tmp/second.bin
  expect_output "verified"
  # The rule is for a group, not for everyone.
  expect_status 77 as_user dfuse flash --stay /tmp/first.bin
}

other_boards() {  # other_boards CHIP
  board_port=3241
  start_board "$1"
  expect_status 0 as_member dfuse list --device "$2"
}

uninstall() {
  expect_status 0 dfuse udev uninstall
  test ! -e "$rules"
  detach
  re_attach
  expect_status 77 as_member dfuse flash --stay /tmp/first.bin
}

setup make_firmware /tmp/first.bin 5000 1
setup make_firmware /tmp/second.bin 5000 2
setup start_board stm32f405 --time-scale 20
check "before: a plain user's flash ends with 77 and says what to do" before
check "only root can install the rules" only_root
check "dfuse udev install, twice" install_rules
check "the board that is plugged in can be used at once" at_once
check "after a re-plug the same command succeeds; for others it does not" after_replug
check "the rules are for GD32 boards, too" other_boards gd32vf103 28e9:0189
check "the rules are for AT32 boards, too" other_boards at32f435 2e3c:df11
check "dfuse udev uninstall" uninstall
