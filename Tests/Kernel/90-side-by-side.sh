# shellcheck shell=bash
# checks: dfuse and dfu-util side by side, 128 KiB
# limit: 240 s
# shellcheck source=SCRIPTDIR/lib.sh
. /run/dfuse/host/Kernel/lib.sh
# shellcheck source=SCRIPTDIR/firmware.sh
. /run/dfuse/host/Kernel/firmware.sh

firmware=/tmp/128k.bin
table=$host/out/side-by-side.md
command_limit=120

# Control transfers of DFU's class so far: what the summary of `dfuse simulate` counts by request.
class_transfers() {
  sed -n 's/^  \(.*getstatus .*\)$/\1/p' "$state/$board_port/log" | tr ',' '\n' |
    awk '$1 ~ /^(detach|dnload|upload|getstatus|clrstatus|getstate|abort)$/ { sum += $2 }
         END { print sum + 0 }'
}

# Runs one program on a new board; $transfers and $milliseconds are what it took.
measure() {  # measure CHIP SCALE COMMAND…
  local chip=$1 scale=$2 began
  shift 2
  start_board "$chip" --time-scale "$scale"
  began=${EPOCHREALTIME/./}
  expect_status 0 "$@"
  milliseconds=$(((${EPOCHREALTIME/./} - began) / 1000))
  stop_board
  cat "$state/$board_port/log"
  transfers=$(class_transfers)
}

seconds_of() { printf '%d.%02d' "$(($1 / 1000))" "$(($1 % 1000 / 10))"; }

compare() {  # compare CHIP
  local chip=$1 ours our_time theirs their_time
  measure "$chip" 1 dfuse flash --full --stay --address 0x08000000 "$firmware"
  ours=$transfers our_time=$milliseconds
  measure "$chip" 1 dfu-util -a 0 -s 0x08000000 -D "$firmware"
  theirs=$transfers their_time=$milliseconds
  printf '| %s | %s | %s | %s | %s | %s |\n' "$chip" "$ours" "$(seconds_of "$our_time")" \
    "$theirs" "$(seconds_of "$their_time")" \
    "$(awk "BEGIN { printf \"%.1f\", $their_time / $our_time }")" >>"$table"
  if [ "$our_time" -gt "$their_time" ]; then
    fail_check "$chip: dfuse took $our_time ms, dfu-util $their_time ms"
  fi
}

setup make_firmware "$firmware" 131072
{
  echo '| chip | dfuse: transfers | dfuse: s | dfu-util: transfers | dfu-util: s | dfu-util / dfuse |'
  echo '|---|---:|---:|---:|---:|---:|'
} >"$table"
for chip in stm32f405 stm32f745 stm32h743 stm32g474 stm32l476 gd32vf103; do
  check "$chip: dfuse writing and verifying is no slower than dfu-util writing" compare "$chip"
done
print_table "$table"
