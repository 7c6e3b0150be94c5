# shellcheck shell=bash
# checks: dfuse and dfu-util side by side, 128 KiB
# limit: 1500 s
# lane: measured
# shellcheck source=SCRIPTDIR/lib.sh
. /run/dfuse/host/Kernel/lib.sh
# shellcheck source=SCRIPTDIR/firmware.sh
. /run/dfuse/host/Kernel/firmware.sh
# shellcheck source=/dev/null
. /run/dfuse/host/options

firmware=/tmp/128k.bin
table=$host/out/side-by-side.md
command_limit=120

# Control transfers of DFU's class so far: what the summary of `dfuse simulate` counts by request.
class_transfers() {
  sed -n 's/^  \(.*getstatus .*\)$/\1/p' "$state/$board_port/log" | tr ',' '\n' |
    awk '$1 ~ /^(detach|dnload|upload|getstatus|clrstatus|getstate|abort)$/ { sum += $2 }
         END { print sum + 0 }'
}

# Runs one program on a new board, in real time; $transfers and $milliseconds are what it took, and
# $busy_time what the chip worked of that.
measure() {  # measure CHIP COMMAND…
  local chip=$1 began
  shift
  start_board "$chip"
  began=${EPOCHREALTIME/./}
  expect_status 0 "$@"
  milliseconds=$(((${EPOCHREALTIME/./} - began) / 1000))
  stop_board
  cat "$state/$board_port/log"
  transfers=$(class_transfers)
  busy_time=$(sed -n 's/^1-1: .* busy for //p' "$state/$board_port/log")
}

ratio_of() { awk "BEGIN { printf \"%.2f\", $1 / $2 }"; }
seconds_of() { printf '%d.%02d' "$(($1 / 1000))" "$(($1 % 1000 / 10))"; }

compare() {  # compare CHIP [OPTION-OF-DFUSE…]
  local chip=$1 start=0x08000000
  # shellcheck disable=SC2154
  if $all_chips; then
    start_board "$chip" --time-scale 1000
    expect_status 0 dfuse list
    start=$(first_writable "$state/stdout")
    stop_board
    if [ "$chip" = mboot ]; then start=0x08008000; fi
  fi
  measure "$chip" dfuse flash --stay --address "$start" "${@:2}" "$firmware"
  local usual=$transfers usual_time=$milliseconds
  # Erases what is blank already, as dfu-util does.
  measure "$chip" dfuse flash --full --stay --address "$start" "${@:2}" "$firmware"
  local full=$transfers full_time=$milliseconds busy=$busy_time
  if [ ! -e "$state/witness-$chip" ]; then
    measure "$chip" dfu-util -a 0 -s "$start" -D "$firmware"
    echo "$transfers $milliseconds" >"$state/witness-$chip"
  fi
  read -r transfers milliseconds <"$state/witness-$chip"
  printf '| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n' "$*" "$busy" \
    "$usual" "$(seconds_of "$usual_time")" "$full" "$(seconds_of "$full_time")" \
    "$transfers" "$(seconds_of "$milliseconds")" \
    "$(ratio_of "$usual_time" "$milliseconds")" "$(ratio_of "$full_time" "$milliseconds")" \
    >>"$table"
  # How long it takes depends on the machine; how many transfers it takes does not.
  if [ "$usual" -ge "$transfers" ] || [ "$full" -ge "$transfers" ]; then
    fail_check "$chip: dfuse took $usual transfers, --full $full, dfu-util $transfers"
  fi
}

setup make_firmware "$firmware" 131072
: >"$table"
# Two guests have a half of the chips each, which take about as long.
# shellcheck disable=SC2154
if $all_chips; then
  # One of them has no room for 128 KiB.
  mapfile -t chips < <(dfuse simulate --list | sed -n '2,/^mboot /s/^\([^ ,]*\).*$/\1/p' |
    grep -v stm32f042 | awk -v half="$half" 'NR % 2 == half % 2')
elif [ "$half" = 1 ]; then
  chips=(stm32f405 stm32f745 stm32h743 stm32l476)
else
  chips=(stm32g474 gd32vf103)
fi
for chip in "${chips[@]}"; do
  check "$chip: dfuse writes and verifies in fewer transfers than dfu-util writes" compare "$chip"
  # What the others do not offer: telling the bootloader of an F4 that its supply allows words.
  if [ "$chip" = stm32f405 ]; then
    check "$chip, told its supply" compare "$chip" --supply 2.7-3.6
  fi
done
