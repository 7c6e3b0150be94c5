# shellcheck shell=bash
# checks: dfu-util as the witness of each simulated chip
# limit: 500 s
# lane: chips
# shellcheck source=SCRIPTDIR/lib.sh
. /run/dfuse/host/Kernel/lib.sh
# shellcheck source=SCRIPTDIR/firmware.sh
. /run/dfuse/host/Kernel/firmware.sh

size=5000

# dfu-util has no option to say no more than errors.
quietly() {
  "$@" 2>&1 | tr '\r' '\n' | grep -v '%  '
}

# Boards that are gone before they have answered the last DFU_GETSTATUS make dfu-util end with 74,
# after a download that went well (protocol: DFU 1.1 lets a device do so).
flash_and_leave() {  # flash_and_leave ADDRESS FILE
  local status=0
  timeout 60 dfu-util -a 0 -s "$1:leave" -D "$2" >"$state/stdout" 2>&1 || status=$?
  tr '\r' '\n' <"$state/stdout" | grep -v '%  '
  grep -q 'File downloaded successfully' "$state/stdout" || fail_check "dfu-util ended with $status"
  printf '| %s | %s |\n' "$chip" "$status" >>"$host/out/dfu-util-leaves.md"
  case $status in
    0 | 74) ;;
    *) fail_check "dfu-util ended with status $status" ;;
  esac
}

witness() {
  local start alternates
  start_board "$chip" --time-scale 20
  expect_status 0 quietly dfu-util -l
  alternates=$(grep -c 'Found DFU: ' "$state/stdout")
  sed -n 's/.* name="\(.*\)", serial=.*/\1/p' "$state/stdout" | sort >/tmp/names-of-dfu-util
  expect_status 0 dfuse list --verbose
  test "$alternates" -eq "$(grep -c 'alternate setting ' "$state/stdout")"
  # What the simulated boards say was posted, as the tests have it; here another program reads it.
  sed -n 's/^ *as sent: "\(.*\)"$/\1/p' "$state/stdout" | sort | diff /tmp/names-of-dfu-util -
  expect_status 0 dfuse identify
  expect_output "read protection: off"
  expect_status 0 dfuse list
  start=$(first_writable "$state/stdout")
  # Its map promises the sectors of the bootloader itself.
  if [ "$chip" = mboot ]; then start=0x08008000; fi
  echo "flash starts at $start"

  # dfu-util reads what dfuse wrote.
  expect_status 0 dfuse flash --stay --address "$start" /tmp/first.bin
  rm -f /tmp/uploaded.bin
  expect_status 0 quietly timeout 60 dfu-util -a 0 -s "$start:$size" -U /tmp/uploaded.bin
  expect_same /tmp/uploaded.bin /tmp/first.bin

  # dfuse reads what dfu-util wrote, after leaving and coming back.
  flash_and_leave "$start" /tmp/second.bin
  wait_for 10 is_gone is_attached
  re_attach
  expect_status 0 dfuse verify --address "$start" /tmp/second.bin
}

setup make_firmware /tmp/first.bin "$size" 1
setup make_firmware /tmp/second.bin "$size" 2
printf '| chip | status of dfu-util with :leave |\n|---|---|\n' >"$host/out/dfu-util-leaves.md"
# Those behind mboot have their checks in 78-boards.
for chip in $(dfuse simulate --list | sed -n '2,/^mboot /s/^\([^ ,]*\).*$/\1/p'); do
  check "$chip: dfuse and dfu-util read what the other wrote; leave" witness
done
