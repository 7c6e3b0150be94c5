# shellcheck shell=bash
# checks: blocks longer than a control transfer, and memory that is not flash
# shellcheck source=SCRIPTDIR/lib.sh
. /run/dfuse/host/Kernel/lib.sh
# shellcheck source=SCRIPTDIR/firmware.sh
. /run/dfuse/host/Kernel/firmware.sh

# dfu-util counts blocks by its own 4096 bytes, and the device by 8192: only a first block is right.
upload_in_blocks() {  # upload_in_blocks ADDRESS SIZE FILE
  local offset count
  : >"$3"
  for ((offset = 0; offset < $2; offset += 4096)); do
    count=$(($2 - offset < 4096 ? $2 - offset : 4096))
    rm -f /tmp/block.bin
    expect_status 0 dfu-util -a 0 -s "$(printf '0x%08x' $(($1 + offset))):$count" -U /tmp/block.bin
    cat /tmp/block.bin >>"$3"
  done
}

big_blocks() {
  start_board st-usbd-8192 --time-scale 20
  expect_status 0 dfuse flash --stay --address 0x0800c000 /tmp/first.bin
  expect_output "verified"
  expect_status 0 dfuse verify --address 0x0800c000 /tmp/first.bin
  rm -f /tmp/read.bin
  expect_status 0 dfuse read --address 0x0800c000 --length 50000 -o /tmp/read.bin
  expect_same /tmp/read.bin /tmp/first.bin
  upload_in_blocks 0x0800c000 50000 /tmp/uploaded.bin
  expect_same /tmp/uploaded.bin /tmp/first.bin
}

# It sets the address of each block that it writes.
big_blocks_turned() {
  start_board st-usbd-8192 --time-scale 20
  expect_status 0 dfu-util -a 0 -s 0x0800c000 -D /tmp/first.bin
  expect_status 0 dfuse verify --address 0x0800c000 /tmp/first.bin
}

# Before, behind and between: the FRAM's other bytes stay, and nothing of it is erased or padded.
fram() {
  start_board st-usbd-fram --time-scale 20
  expect_status 0 dfuse list
  expect_output "FRAM"
  head -c 16384 /tmp/first.bin >/tmp/fram.bin
  expect_status 0 dfuse flash --stay --address 0x90000000 /tmp/fram.bin
  expect_status 0 dfuse flash --stay --address 0x90000ffd /tmp/piece.bin
  expect_status 0 dfuse verify --address 0x90000ffd /tmp/piece.bin
  cut_bytes /tmp/fram.bin 0 4093 /tmp/expected.bin
  cat /tmp/piece.bin >>/tmp/expected.bin
  tail -c "+$((4093 + 11 + 1))" /tmp/fram.bin >>/tmp/expected.bin
  rm -f /tmp/uploaded.bin
  expect_status 0 dfu-util -a 1 -s 0x90000000:16384 -U /tmp/uploaded.bin
  expect_same /tmp/uploaded.bin /tmp/expected.bin
  stop_board
  grep -F -e "0 sectors erased" "$state/$board_port/log" || fail_check "a sector was erased"
}

# What looks erased is written there as well.
fram_erased_values() {
  start_board st-usbd-fram --time-scale 20
  head -c 4096 /tmp/first.bin >/tmp/fram.bin
  expect_status 0 dfuse flash --stay --address 0x90000000 /tmp/fram.bin
  head -c 4096 /dev/zero | tr '\0' '\377' >/tmp/blank.bin
  expect_status 0 dfuse flash --stay --address 0x90000000 /tmp/blank.bin
  rm -f /tmp/uploaded.bin
  expect_status 0 dfu-util -a 1 -s 0x90000000:4096 -U /tmp/uploaded.bin
  expect_same /tmp/uploaded.bin /tmp/blank.bin
}

setup make_firmware /tmp/first.bin 50000 1
setup cut_bytes /tmp/first.bin 20000 11 /tmp/piece.bin
check "blocks of 8192 bytes: what dfuse writes is what it and dfu-util read" big_blocks
check "blocks of 8192 bytes: what dfu-util writes is what dfuse reads" big_blocks_turned
check "FRAM takes a piece between its bytes, which stay" fram
check "FRAM takes bytes that look erased" fram_erased_values
