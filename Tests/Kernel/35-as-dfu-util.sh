# shellcheck shell=bash
# checks: dfuse under the name dfu-util, beside the real one: the same memory, files, lists and statuses
# limit: 300 s
# lane: chips
# shellcheck source=SCRIPTDIR/lib.sh
. /run/dfuse/host/Kernel/lib.sh
# shellcheck source=SCRIPTDIR/firmware.sh
. /run/dfuse/host/Kernel/firmware.sh

real=$(command -v dfu-util)
ours=/tmp/ours/dfu-util

prepare() {
  "$real" --version | grep -q '^dfu-util 0\.11$'
  mkdir -p /tmp/ours /tmp/boards
  ln -sf "$(command -v dfuse)" "$ours"
  "$ours" --version | grep -q '^dfu-util 0\.11$'
  "$ours" --version | grep -q '^dfuse '
  # Whole programming units of every chip, of 32 bytes on the H7: what comes behind a part of one is
  # up to the ROM for dfu-util, and blank for dfuse.
  make_firmware /tmp/fw.bin 9024 1
  make_firmware /tmp/other.bin 5024 2
  dfuse pack -q -o /tmp/fw.dfu -m 0x08000000 -i /tmp/fw.bin -m 0x08008000 -i /tmp/other.bin -a 0
  dfuse pack -q -p 1234 -o /tmp/foreign.dfu -m 0x08000000 -i /tmp/fw.bin -a 0
  { head -c 400 /tmp/fw.dfu; printf X; tail -c +402 /tmp/fw.dfu; } >/tmp/damaged.dfu
  head -c 5000 /tmp/fw.dfu >/tmp/short.dfu
  cp /tmp/fw.bin /tmp/suffixed.bin
  dfu-suffix -v 0483 -p df11 -a /tmp/suffixed.bin >/dev/null
  printf ':0400000000000120DB\n:00000001FF\n' >/tmp/fw.hex
}

# The bar and its line ends are of no interest in a log.
quietly() { "$@" 2>&1 | tr '\r' '\n' | grep -v '%  '; }

# What a fresh board holds after a command line, all of it, in a file.
memory_after() {  # memory_after PROGRAM TO ARGUMENT…
  local program=$1 to=$2 status=0
  shift 2
  rm -rf /tmp/boards/*
  start_board "$chip" --time-scale 20 --state /tmp/boards
  printf '$ %s %s\n' "$program" "$*"
  if [ -n "$before" ]; then "$program" -a 0 -s "$before" -D /tmp/other.bin >/dev/null 2>&1; fi
  timeout 60 "$program" "$@" >"$state/stdout" 2>&1 || status=$?
  tr '\r' '\n' <"$state/stdout" | grep -v '%  '
  # Boards that are gone before they answer are an error for the real one; the download went well.
  case $program:$status in
    *:0 | "$real":74) ;;
    *) fail_check "status $status" ;;
  esac
  grep -q 'Download done\.' "$state/stdout" || fail_check "no 'Download done.'"
  stop_board
  dfuse read -q --simulate "$chip:$(echo /tmp/boards/*)" -o "$to"
}

same_memory() {  # same_memory ARGUMENT…
  memory_after "$real" /tmp/theirs.memory "$@"
  memory_after "$ours" /tmp/ours.memory "$@"
  expect_same /tmp/theirs.memory /tmp/ours.memory
}

status_of() {  # status_of PROGRAM ARGUMENT…
  local status=0
  timeout 60 "$@" >"$state/stdout" 2>&1 </dev/null || status=$?
  echo "$status"
}

same_statuses() {
  local line theirs our wrong=0 words
  start_board stm32f405 --time-scale 20
  while IFS= read -r line; do
    read -ra words <<<"$line"
    # The real one leaves an empty file behind when it cannot read.
    rm -f /tmp/read.bin
    theirs=$(status_of "$real" "${words[@]}")
    rm -f /tmp/read.bin
    our=$(status_of "$ours" "${words[@]}")
    printf '%s %s  dfu-util %s\n' "$theirs" "$our" "$line"
    if [ "$theirs" != "$our" ]; then
      wrong=$((wrong + 1))
      cat "$state/stdout"
    fi
  done
  test "$wrong" -eq 0
}

mistakes() {
  same_statuses <<'LINES'

-q
stray
-D
-c one -l
-D /tmp/missing.bin
-a 0 -D /tmp/fw.bin
-a 0 -D /tmp/fw.hex
-a 0 -D /tmp/suffixed.bin
-a 0 -D /tmp/damaged.dfu
-a 0 -D /tmp/short.dfu
-d 0483:df11 -a 0 -D /tmp/foreign.dfu
-a 0 -s 0x08000000 -D /tmp/fw.dfu
-a 0 -s 0x20000000 -D /tmp/fw.bin
-a 0 -s 0x080ffff0 -D /tmp/fw.bin
-a 0 -s start -D /tmp/fw.bin
-a 0 -s 0x08000000:backwards -D /tmp/fw.bin
-a 0 -s 0x08000000:mass-erase -D /tmp/fw.bin
-a 0 -s 0x08000000:unprotect -D /tmp/fw.bin
-a 0 -s :mass-erase
-a 7 -s 0x08000000 -D /tmp/fw.bin
-a Flash -s 0x08000000 -D /tmp/fw.bin
-d ,28e9:0189 -a 0 -s 0x08000000 -D /tmp/fw.bin
-S nobody -a 0 -s 0x08000000 -D /tmp/fw.bin
-p 9-9 -a 0 -s 0x08000000 -D /tmp/fw.bin
-n 99 -a 0 -s 0x08000000 -D /tmp/fw.bin
-a 0 -s 0x08000000:16 -U /tmp/fw.bin
-a 0 -s 0x20000000:16 -U /tmp/read.bin
LINES
}

# Without -d, dfu-util takes the ids in a file for those that are wanted, and then finds that they fit.
foreign() {
  start_board stm32f405 --time-scale 20
  expect_status 64 "$ours" -a 0 -D /tmp/foreign.dfu
  expect_output "nothing on the board was changed"
}

no_mistakes() {
  same_statuses <<'LINES'
--help
-V
-l
-a 0 -e
-a 0 -s 0x08000000
-a 0 -s :
-d 0483:df11 -a 0 -s 0x08000000 -D /tmp/suffixed.bin
-R -a 0 -s 0x08000000 -D /tmp/fw.bin
-t 1024 -E 1 -Z 100 -c 1 -i 0 -a0 -s 134217728 -D /tmp/fw.bin
LINES
}

failing_block() {
  start_board stm32f405 --time-scale 20 --fault errWRITE@write:3
  expect_status 74 "$real" -a 0 -s 0x08000000 -D /tmp/fw.bin
  stop_board
  start_board stm32f405 --time-scale 20 --fault errWRITE@write:3
  expect_status 74 "$ours" -a 0 -s 0x08000000 -D /tmp/fw.bin
  expect_output "run the same command again"
}

without_boards() {
  expect_status 0 "$ours" -l
  for program in "$real" "$ours"; do
    expect_status 74 "$program" -a 0 -s 0x08000000 -D /tmp/fw.bin
    expect_output "No DFU capable USB device available"
  done
}

no_permission() {
  start_board stm32f405
  chmod 600 /dev/bus/usb/*/*
  for program in "$real" "$ours"; do
    expect_status 74 as_user "$program" -a 0 -s 0x08000000 -D /tmp/fw.bin
    expect_output "LIBUSB_ERROR_ACCESS"
    expect_status 0 as_user "$program" -l
    expect_output "Cannot open DFU device 0483:df11 found on devnum"
  done
}

same_lists() {
  local chip
  for chip in stm32f405 stm32g0b1 stm32h743 stm32l072 gd32vf103; do
    start_board "$chip"
    "$real" -l | grep '^Found' >/tmp/theirs.list
    "$ours" -l | grep '^Found' >/tmp/ours.list
    diff /tmp/theirs.list /tmp/ours.list
    cat /tmp/ours.list
    stop_board
  done
}

# Not without an address: dfu-util then reads from wherever the device's pointer stands.
same_uploads() {
  local arguments words
  start_board stm32f405 --time-scale 20
  "$real" -a 0 -s 0x08000000 -D /tmp/fw.bin >/dev/null 2>&1
  for arguments in "-a 0 -s 0x08000000" "-a 0 -s 0x08000004:1000" "-a 0 -s 0x0800fff0" \
    "-a 0 -s 0x08010000:0x20" "-a 1 -s 0x1fffc000:16"; do
    read -ra words <<<"$arguments"
    rm -f /tmp/theirs.bin /tmp/ours.bin
    expect_status 0 quietly "$real" "${words[@]}" -U /tmp/theirs.bin
    expect_status 0 "$ours" "${words[@]}" -U /tmp/ours.bin
    expect_output "Upload done."
    expect_same /tmp/theirs.bin /tmp/ours.bin
  done
}

leaving() {
  start_board stm32f405 --time-scale 20
  # Klipper's: both leave and -R.
  expect_status 0 "$ours" -d ,0483:df11 -R -a 0 -s 0x8000000:leave -D /tmp/fw.bin
  expect_output "File downloaded successfully"
  wait_for 10 is_gone is_attached
  re_attach
  expect_status 0 dfuse verify --address 0x08000000 /tmp/fw.bin
  expect_status 0 "$ours" -a 0 -s :leave
  wait_for 10 is_gone is_attached
  re_attach
  rm -f /tmp/leave.bin
  expect_status 0 "$ours" -a 0 -s 0x08000000:4:leave -U /tmp/leave.bin
  wait_for 10 is_gone is_attached
}

waiting() {
  start_beside "$ours" -w -d 0483:df11 -a 0 -s 0x08000000 -D /tmp/fw.bin
  wait_for_output 10 "waiting for a board" "$state/beside"
  start_board stm32f405 --time-scale 20
  expect_end 0
  expect_output "Download done."
}

setup prepare
before=''
for chip in stm32f405 stm32g474 stm32l072 gd32vf103; do
  check "$chip: the same memory after a raw file" same_memory -a 0 -s 0x08000000:leave -D /tmp/fw.bin
done
before=0x08000000
for chip in stm32f405 stm32h743; do
  check "$chip: the same memory after another firmware" same_memory -a 0 -s 0x08000000 -D /tmp/fw.bin
done
chip=stm32f405
check "the same memory after a container" same_memory -a 0 -d 0483:df11 -D /tmp/fw.dfu
check "the same memory after a mass erase" same_memory -a 0 -s 0x08008000:mass-erase:force -D /tmp/fw.bin
check "the same memory after a file with a suffix" same_memory -a 0 -s 0x08004000 -D /tmp/suffixed.bin
check "the same files after reading" same_uploads
check "the same lists" same_lists
check "the same statuses for mistakes" mistakes
check "a container for another device is refused without -d as well" foreign
check "the same statuses for what is none" no_mistakes
check "a failing block: 74" failing_block
check "no board: 74, and an empty list" without_boards
check "no permission: 74, and the sentence that people look for" no_permission
check "leave, with -R and alone" leaving
check "-w" waiting
