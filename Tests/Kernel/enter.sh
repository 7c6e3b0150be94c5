# shellcheck shell=bash
# Sourced by the files of checks that take boards from their firmware into their bootloader.

# Assigned in lib.sh:
# shellcheck disable=SC2154

start=0x08000000

# The ids of what runs at a port now.
running_ids() {  # running_ids [BUSID]
  local folder
  folder=$(device_folder "${1:-1-1}") || return 1
  echo "$(cat "$folder/idVendor" 2>/dev/null):$(cat "$folder/idProduct" 2>/dev/null)"
}

runs_as() {  # runs_as VID:PID [BUSID]
  [ "$(running_ids "${2:-1-1}" 2>/dev/null)" = "$1" ]
}

# A board that runs a firmware, and is attached again whenever it has left.
start_running() {  # start_running APPLICATION [OPTION…]
  start_board stm32f405 --application "$@"
  start_auto_attach 1-1
}

there_and_back() {  # there_and_back APPLICATION OPTION…
  local ids
  # shellcheck disable=SC2086
  start_running "$1" --time-scale "${scale:-4}" ${fault:+--fault "enter=$fault"}
  ids=$(running_ids)
  expect_status 0 dfuse flash "${@:2}" --address "$start" /tmp/first.bin
  expect_output "verified; the firmware is running (the board came back as $ids"
  wait_for 20 runs_as "$ids"
}

# It waits for the reset of its port for a second, and a faster one for less than that takes here.
reset_in_time() {
  local scale=1
  there_and_back dfu-runtime-reset --enter
}

# Its firmware stands behind a bootloader of its own.
crazyflie() {
  start=0x08004000
  there_and_back crazyflie --enter=crazyflie
}

# What dfu-util's -e does: it goes the same way, from the same firmware.
beside_dfu_util() {
  start_running dfu-runtime --time-scale 4
  expect_status 0 dfu-util -e -d 1209:0001
  wait_for 20 runs_as 0483:df11
  end_auto_attach
  stop_board
  start_running dfu-runtime --time-scale 4
  expect_status 0 dfuse enter
  expect_output "is in its bootloader, from 1209:0001"
  rm -f /tmp/uploaded.bin
  expect_status 0 dfuse flash --stay --address "$start" /tmp/first.bin
  expect_status 0 dfu-util -d 0483:df11 -a 0 -s "$start:5000" -U /tmp/uploaded.bin
  expect_same /tmp/uploaded.bin /tmp/first.bin
}

# The speed that a tty has; DTR rises and falls by that.
speed_of() { stty -F "$1" speed; }

# What was last set on the lines of the board's serial port: bit 0 is DTR, bit 1 RTS.
last_lines() { sed -n 's/^.* request 21 22 \([0-9a-f]*\).*$/\1/p' "$1" | tail -n 1; }

# As root, who is let into any port, so that only the list of open files tells.
in_use() {
  start_running betaflight
  start_beside bash -c 'exec sleep 100 </dev/ttyACM0'
  expect_status 74 dfuse flash --enter --address "$start" /tmp/first.bin
  expect_output "/dev/ttyACM0 of 1-1"
  expect_output "sleep (process $beside) has it open"
  expect_output "the board is as it was, and runs its firmware"
  end_beside
  beside=''
  expect_status 0 dfuse enter
}

no_permission() {
  start_running betaflight
  expect_status 77 as_user dfuse enter
  expect_output "/dev/ttyACM0 of 1-1"
  expect_output "only members of the group dialout may"
  runs_as 0483:5740
}

# The board and its port are given to whoever sits there; the port stays the group's.
rules() {
  start_running betaflight
  expect_status 0 dfuse udev install --running 0483:5740
  udevadm info -q property /dev/ttyACM0 | tee "$state/info"
  grep -q '^ID_MM_DEVICE_IGNORE=1$' "$state/info"
  grep -q '^ID_MM_PORT_IGNORE=1$' "$state/info"
  grep -q '^CURRENT_TAGS=.*:uaccess:' "$state/info"
  [ "$(stat -c '%G %a' /dev/ttyACM0)" = "dialout 660" ]
  find_port 1-1
  udevadm info -q property "/sys/bus/usb/devices/$device_name" | grep -q '^ID_MM_DEVICE_IGNORE=1$'
  [ "$(stat -c '%G %a' "$(udevadm info -q name -r "/sys/bus/usb/devices/$device_name")")" = "plugdev 660" ]
  # The board that is plugged in can be used at once, and so can its bootloader.
  expect_status 0 timeout --kill-after=2 60 setpriv --reuid=1000 --regid=1000 \
    --groups plugdev,dialout --inh-caps=-all -- \
    dfuse flash --enter --address "$start" /tmp/first.bin
  expect_output "verified"
  expect_status 0 dfuse udev uninstall
}

# Nothing leaves: the port is as it was, and whoever opens and closes it touches nobody.
speed_afterwards() {
  start_running klipper --fault enter=nothing
  speed_of /dev/ttyACM0 | tee "$state/before"
  expect_status 69 dfuse enter --via klipper
  expect_output "has not left the bus within 3.0 s"
  speed_of /dev/ttyACM0 | cmp - "$state/before"
  # One who has left 1200 baud there is not followed.
  stty -F /dev/ttyACM0 1200
  expect_status 69 dfuse enter --via klipper
  [ "$(speed_of /dev/ttyACM0)" = 115200 ]
}

given_up() {
  start_running cdc --trace "$state/trace"
  expect_status 69 dfuse enter --via msp --path 1-1
  expect_output "gave no answer"
  runs_as 0483:5740
  end_auto_attach
  stop_board
  cat "$state/trace"
  [ "$(last_lines "$state/trace")" = 0000 ]
}

# The bootloader is there only after five seconds.
slow() {
  local scale=2 fault=slow began=${EPOCHREALTIME/./}
  there_and_back betaflight --enter
  [ "$((${EPOCHREALTIME/./} - began))" -ge 5000000 ]
}

# What comes while DTR is low is lost; a port raises it when it is opened.
needs_dtr() {  # needs_dtr APPLICATION
  local fault=needs-dtr
  there_and_back "$1" --enter
}

needs_dtr_without_driver() {
  if [ -e /sys/module/cdc_acm ]; then busybox rmmod cdc_acm; fi
  needs_dtr betaflight
}

# It looks at each new port, talks to what is there, and goes away. Root is let into any port, so that
# the list of open files tells. Its name is that of its file.
held() {
  start_running repl --time-scale 4 --fault enter=held
  grep -q "enter=held: the port is the client's" "$state/$board_port/log"
  cp /bin/bash "$state/ModemManager"
  rm -f "$state/enough"
  # shellcheck disable=SC2016
  "$state/ModemManager" -c '
    exec 3<>/dev/ttyACM0
    stty raw -echo <&3
    printf "AT\r" >&3
    echo it is open
    until [ -e "$0" ] || [ "$SECONDS" -ge 100 ]; do read -r -t 0.5 -u 3 _ || true; done
    ' "$state/enough" >"$state/modem-manager" 2>&1 </dev/null &
  wait_for_output 20 "it is open" "$state/modem-manager"
  start_beside dfuse flash --enter --address "$start" /tmp/first.bin
  wait_for_output 20 "waiting for /dev/ttyACM0, which ModemManager has open" "$state/beside"
  : >"$state/enough"
  expect_end 0
  expect_output "verified; the firmware is running"
}

fault() {  # fault NAME STATUS TEXT
  start_running betaflight --time-scale 4 --fault "enter=$1"
  expect_status "$2" dfuse flash --enter --address "$start" /tmp/first.bin
  expect_output "$3"
}

# No driver: the board's interfaces are claimed, and given back.
without_driver() {
  if [ -e /sys/module/cdc_acm ]; then busybox rmmod cdc_acm; fi
  start_running "$1" --time-scale 4
  [ ! -e /dev/ttyACM0 ]
  expect_status 0 dfuse flash "${@:2}" --address "$start" /tmp/first.bin
  expect_output "verified"
}

with_driver_again() {
  busybox insmod /run/dfuse/modules/cdc-acm.ko
  start_running betaflight --time-scale 4
  wait_for 20 test -c /dev/ttyACM0
  expect_status 0 dfuse enter
}

without_node() {
  start_running betaflight
  rm /dev/ttyACM0
  expect_status 74 dfuse enter
  expect_output "pass /dev/ttyACM* to the container"
  runs_as 0483:5740
}

# They leave together, and come back together. A virtual hub has 15 ports, and as many for SuperSpeed.
many() {
  local number round
  start_server stm32f405 --count 16 --same-serial --application touch --time-scale 20
  for number in {1..15}; do attach_at "$((number - 1))" "1-$number"; done
  attach_at 30 1-16
  for number in {1..16}; do wait_for 60 is_attached "1-$number"; done
  start_auto_attach 1-{1..16}
  for round in first second first; do
    command_limit=150 expect_status 0 dfuse flash --enter=touch --all --device 0483:5740 \
      --address "$start" "/tmp/$round.bin"
    [ "$(grep -c 'verified; the firmware is running' "$state/stdout")" = 16 ]
    for number in {1..16}; do wait_for 60 runs_as 0483:5740 "1-$number"; done
  done
  end_auto_attach
  stop_board
  [ "$(grep -c 'told to enter its bootloader 3 times' "$state/$board_port/log")" = 16 ]
}
