# shellcheck shell=bash
# checks: what Scripts/install puts into its place
# shellcheck source=SCRIPTDIR/lib.sh
. /run/dfuse/host/Kernel/lib.sh

usr=/run/dfuse/usr
blink=$host/Examples/blink

old_name() {
  cd "$blink"
  expect_status 0 dfuse_pack -o /tmp/old.dfu -m 0x08000000 -i blink.bin -m 0x08004000 \
    -i settings.bin -a 0
  expect_status 0 dfuse pack -o /tmp/new.dfu blink.hex
  cmp /tmp/old.dfu /tmp/new.dfu
  start_board stm32f405 --time-scale 20
  # dfu-util takes the container.
  expect_status 0 dfu-util -a 0 -D /tmp/old.dfu
  expect_status 0 dfuse verify blink.elf
}

manual_pages() {
  local command
  for command in '' -flash -list -pack -simulate -udev; do
    grep -q '^\.Nm\|^\.TH\|^\.Dt' "$usr/share/man/man1/dfuse$command.1"
  done
  grep -q '^\.Nm dfuse_pack$' "$usr/share/man/man1/dfuse_pack.1"
  grep -q -e '--mass-erase\|mass\\-erase\|Fl -mass-erase' "$usr/share/man/man1/dfuse-flash.1"
}

# What bash offers behind `dfuse fl`.
completion() {
  # shellcheck source=/dev/null
  . "$usr/share/bash-completion/completions/dfuse"
  complete -p dfuse
  local COMP_WORDS=(dfuse fl) COMP_CWORD=1 COMP_LINE='dfuse fl' COMP_POINT=8 COMPREPLY=() name
  name=$(complete -p dfuse | sed 's/.*-F \([^ ]*\) .*/\1/')
  set +eu
  "$name" dfuse fl dfuse
  set -eu
  printf '%s\n' "${COMPREPLY[@]}"
  [[ " ${COMPREPLY[*]} " == *" flash "* ]]
  test -s "$usr/share/zsh/site-functions/_dfuse"
  test -s "$usr/share/fish/vendor_completions.d/dfuse.fish"
}

documents() {
  test -s "$usr/share/doc/dfuse/60-dfuse.rules"
  dfuse udev print | cmp - "$usr/share/doc/dfuse/60-dfuse.rules"
}

check "dfuse_pack by its old name; dfu-util flashes what it packs" old_name
check "manual pages" manual_pages
check "completions" completion
check "documents" documents
