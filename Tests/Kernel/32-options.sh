# shellcheck shell=bash
# checks: option bytes by name, and dfu-util as their witness
# limit: 240 s
# lane: chips
# shellcheck source=SCRIPTDIR/lib.sh
. /run/dfuse/host/Kernel/lib.sh

# What dfu-util reads at an address, as the words that `dfuse options --json` has.
words_by_dfu_util() {  # words_by_dfu_util ALTERNATE ADDRESS COUNT
  rm -f /tmp/options.bin
  timeout 60 dfu-util -a "$1" -s "$2:$3" -U /tmp/options.bin >"$state/stdout" 2>&1 ||
    fail_check "dfu-util could not read $2"
  od -An -v -t u4 -w4 /tmp/options.bin | tr -d ' '
}

words_by_dfuse() {
  dfuse options --json | tr '{' '\n' | sed -n 's/^"address":[0-9]*,"torn":[a-z]*,"value":\([0-9]*\)}.*$/\1/p'
}

same_words() {  # same_words ALTERNATE ADDRESS COUNT
  words_by_dfu_util "$@" >/tmp/option-words-of-dfu-util
  words_by_dfuse >/tmp/option-words-of-dfuse
  test -s /tmp/option-words-of-dfuse
  diff /tmp/option-words-of-dfu-util /tmp/option-words-of-dfuse
}

# A board whose bootloader stays, or comes back, is changed and read again by both.
witness() {  # witness CHIP ALTERNATE ADDRESS COUNT SETTING
  start_board "$1" --time-scale 20
  start_auto_attach 1-1
  expect_status 0 dfuse options
  same_words "$2" "$3" "$4"
  expect_status 0 dfuse options set --dry-run "$5"
  same_words "$2" "$3" "$4"
  expect_status 0 dfuse options set "$5"
  wait_for 10 is_attached
  same_words "$2" "$3" "$4"
  end_auto_attach
}

check "F405: dfu-util reads the option bytes that dfuse shows, before and after a change" \
  witness stm32f405 1 0x1FFFC000 16 BOR_LEV=1
check "F745: the same, with boot addresses" \
  witness stm32f745 1 0x1FFF0000 32 BOOT_ADD0=0x2000
check "F072: the same, with complements" \
  witness stm32f072 1 0x1FFFF800 16 Data0=0x5A
check "G431: the same" \
  witness stm32g431 1 0x1FFF7800 40 BOR_LEV=2
