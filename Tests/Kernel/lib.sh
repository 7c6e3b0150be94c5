# shellcheck shell=bash
# Sourced by every file of checks, in the guest: boards made of software that the kernel believes in,
# and words to say what must be true.
#
#   start_board stm32f405        a board on the kernel's bus; more arguments go to `dfuse simulate`
#   detach; re_attach            unplugs it, plugs it in again
#   stop_board                   unplugs it, and ends its server
#   check "what holds" COMMAND…  runs a command or function; one row of the report
#   setup COMMAND…               outside checks: the same, silently; if it fails, the file ends
#   expect_status 0 COMMAND…     inside a check: runs a command, fails unless it ends with this status
#   expect_output "text"         inside a check: the last command printed this
#
# A check runs in a subshell under `set -e`: its first failing command ends it. A board started in a
# check goes when the check ends; one started outside checks lives to the end of the file.

host=/run/dfuse/host
# The file of checks that sources this one; its name goes to the logs.
file_name=$(basename "${BASH_SOURCE[1]:-shell}" .sh)
state=/run/dfuse/state
mkdir -p "$state"

# The TCP port of the server in hand. Set another for a second server beside the first.
board_port=${board_port:-3240}
# The process at whose end a board is stopped: the check's, or that of the file.
board_owner=$$

# --- words of a check -----------------------------------------------------------------------------

fail_check() {  # fail_check MESSAGE
  printf 'FAILED: %s\n' "$*"
  exit 1
}

# A pause, and a look into files, without a program: starting one takes longer here than most of them
# run. Nothing ever comes through this pipe.
exec {silence}<> <(:)
pause() { read -r -t "$1" -u "$silence" _ || true; }  # pause SECONDS

show() {  # show FILE…
  local file parts
  for file; do
    mapfile -d '' -t parts <"$file"
    printf '%s' "${parts[@]}"
  done
}

# Polls, since a kernel's bus tells nobody when it is done.
wait_for() {  # wait_for SECONDS COMMAND…
  local seconds=$1 end
  shift
  end=$((SECONDS + seconds))
  until "$@"; do
    if [ "$SECONDS" -ge "$end" ]; then
      printf 'still not so after %s s: %s\n' "$seconds" "$*"
      return 1
    fi
    pause 0.1
  done
}

is_gone() { ! "$@"; }

# Runs a command; its output is in $state/stdout and $state/stderr afterwards, and in the log.
expect_status() {  # expect_status STATUS COMMAND…
  local expected=$1 actual=0
  shift
  printf '$ %s\n' "$*"
  if [ "$(type -t "$1")" = file ]; then
    timeout --kill-after=2 "${command_limit:-60}" "$@" >"$state/stdout" 2>"$state/stderr" || actual=$?
  else
    "$@" >"$state/stdout" 2>"$state/stderr" || actual=$?
  fi
  show "$state/stdout" "$state/stderr"
  if [ "$actual" -ne "$expected" ]; then
    fail_check "status $actual instead of $expected: $*"
  fi
}

expect_output() {  # expect_output TEXT
  local printed
  printed=$(show "$state/stdout" "$state/stderr")
  case $printed in *"$1"*) ;; *) fail_check "the command did not print: $1" ;; esac
}

# Runs a command as somebody who is not root, and no member of any group.
as_user() {
  timeout --kill-after=2 "${command_limit:-60}" \
    setpriv --reuid=1000 --regid=1000 --clear-groups --inh-caps=-all -- "$@"
}

# A user with a login over the network: in the group plugdev, but at no seat.
as_member() {
  timeout --kill-after=2 "${command_limit:-60}" \
    setpriv --reuid=1000 --regid=1000 --groups plugdev --inh-caps=-all -- "$@"
}

# --- the report -----------------------------------------------------------------------------------

check_number=0
# A process that was started beside the check, and has to go with it; and the one that attaches boards
# again.
beside='' auto_attach=''

end_beside() {
  if [ -n "$beside" ]; then kill -KILL "$beside" 2>/dev/null || true; fi
}

# What a command beside a check that failed has printed.
show_beside() {  # show_beside STATUS
  if [ "$1" -ne 0 ] && [ -n "$beside" ]; then sed 's/^/beside: /' "$state/beside"; fi
}

check() {  # check NAME COMMAND…
  local name=$1 began=${EPOCHREALTIME/./} log
  shift
  check_number=$((check_number + 1))
  log=$host/out/$file_name-$check_number.log
  # For the report, if this check never ends.
  echo "$name" >"$state/current"
  # No condition around it: bash would ignore `set -e` there.
  (
    set -euo pipefail
    # Shellcheck takes this for a mistake: that it ends with the subshell is the point.
    # shellcheck disable=SC2030
    board_owner=$BASHPID
    trap 'show_beside "$?"; end_beside; end_auto_attach; stop_boards_of "$BASHPID"' EXIT
    "$@"
  ) >"$log" 2>&1
  print_row "$?" "$began" "$name" "$log"
  rm "$state/current"
}

setup() {  # setup COMMAND…
  local began=${EPOCHREALTIME/./} log=$host/out/$file_name-setup.log status
  echo "$*" >"$state/current"
  (
    set -euo pipefail
    # shellcheck disable=SC2030
    board_owner=$$
    "$@"
  ) >>"$log" 2>&1
  status=$?
  if [ "$status" -ne 0 ]; then
    print_row "$status" "$began" "$*" "$log"
    exit 0
  fi
  rm "$state/current"
}

print_row() {  # print_row STATUS BEGAN NAME LOG
  local tenths=$(((${EPOCHREALTIME/./} - $2) / 100000)) word=FAILED
  if [ "$1" -eq 0 ]; then word=ok; fi
  printf '  %-6s %4d.%d s  %s\n' "$word" "$((tenths / 10))" "$((tenths % 10))" "$3"
  if [ "$1" -ne 0 ]; then tail -n 25 "$4" | sed 's/^/            | /'; fi
  echo "$word" >>"$host/out/results"
}

# Shows a file between the rows, for what is measured and not only checked.
# --- the kernel's view ----------------------------------------------------------------------------

# Finds the virtual port that a board is attached to: its number goes to $port_number, and the kernel's
# name for the device ("1-1") to $device_name. Fails if the board is not attached.
#
# `usbip attach` keeps in /run/vhci_hcd whose a port is, and leaves that there for ever; the kernel
# knows whether a port is in use (status 006). Polled often, so it starts no other program.
find_port() {  # find_port BUSID
  local record statuses line lines wanted
  for record in /run/vhci_hcd/port*; do
    if ! read -r line 2>/dev/null <"$record" || [ "$line" != "127.0.0.1 $board_port $1" ]; then continue; fi
    port_number=${record##*port}
    printf -v wanted ' %04d 006 ' "$port_number"
    for statuses in /sys/devices/platform/vhci_hcd.0/status*; do
      mapfile -t lines <"$statuses"
      for line in "${lines[@]}"; do
        if [[ $line == *"$wanted"* ]]; then
          device_name=${line##* }
          return
        fi
      done
    done
  done
  return 1
}

# The device's folder in /sys.
device_folder() {  # device_folder [BUSID]
  find_port "${1:-1-1}" || return 1
  echo "/sys/bus/usb/devices/$device_name"
}

# Whether the kernel has read the board's descriptors and set its configuration.
is_attached() {  # is_attached [BUSID]
  local configuration=
  find_port "${1:-1-1}" || return 1
  read -r configuration 2>/dev/null <"/sys/bus/usb/devices/$device_name/bConfigurationValue"
  [ -n "$configuration" ]
}

# --- boards ---------------------------------------------------------------------------------------

server_answers() { (exec 3<>"/dev/tcp/127.0.0.1/$board_port") 2>/dev/null; }

# Starts a server without attaching anything; $state/PORT/log has what it prints.
start_server() {  # start_server CHIP [ARGUMENT…]
  local folder=$state/$board_port
  mkdir -p "$folder"
  printf '$ dfuse simulate %s --port %s &\n' "$*" "$board_port"
  rm -f "$folder/status"
  (
    ended=0
    # Bash starts what runs beside it with Ctrl-C ignored.
    env --default-signal=INT dfuse simulate "$@" --port "$board_port" >"$folder/log" 2>&1 </dev/null &
    echo "$!" >"$folder/pid"
    wait "$!" || ended=$?
    echo "$ended" >"$folder/status"
  ) &
  # shellcheck disable=SC2031
  echo "$board_owner" >"$folder/owner"
  if ! wait_for 20 server_answers; then
    cat "$folder/log"
    fail_check "dfuse simulate does not answer on port $board_port"
  fi
}

start_board() {  # start_board CHIP [ARGUMENT…]
  start_server "$@"
  attach
}

attach() {  # attach [BUSID]
  local busid=${1:-1-1}
  usbip --tcp-port "$board_port" attach -r 127.0.0.1 -b "$busid" ||
    fail_check "usbip attach of $busid ended with status $?"
  wait_for 20 is_attached "$busid" || fail_check "the kernel does not list $busid"
  # What udev does to the node comes a moment after the node.
  udevadm settle --timeout=20
}

detach() {  # detach [BUSID]
  local busid=${1:-1-1}
  find_port "$busid" || fail_check "$busid is not attached"
  usbip detach -p "$port_number" || fail_check "usbip detach of port $port_number ended with status $?"
  wait_for 20 is_gone is_attached "$busid"
}

# After `detach`, or once the board has left the bus by itself.
# shellcheck disable=SC2120
re_attach() {  # re_attach [BUSID]
  local busid=${1:-1-1}
  wait_for 20 is_gone is_attached "$busid" || fail_check "the board is still on the bus"
  attach "$busid"
}

# Ends the server as a person would, with Ctrl-C. Afterwards $state/PORT/log ends with its summary,
# and $state/PORT/status has its exit status.
stop_board() {
  local folder=$state/$board_port record line
  if [ ! -e "$folder/owner" ]; then return; fi
  rm "$folder/owner"
  for record in /run/vhci_hcd/port*; do
    if ! read -r line 2>/dev/null <"$record"; then continue; fi
    case $line in
      "127.0.0.1 $board_port "*) if find_port "${line##* }"; then detach "${line##* }"; fi ;;
    esac
  done
  if server_has_ended; then
    cat "$folder/log"
    fail_check "dfuse simulate ended by itself, with status $(cat "$folder/status")"
  fi
  kill -INT "$(cat "$folder/pid")"
  if ! wait_for 10 server_has_ended; then
    kill -KILL "$(cat "$folder/pid")"
    fail_check "dfuse simulate did not end when asked to"
  fi
}

server_has_ended() { [ -e "$state/$board_port/status" ]; }

stop_boards_of() {  # stop_boards_of PROCESS
  local owner
  for owner in "$state"/*/owner; do
    if [ "$(cat "$owner" 2>/dev/null)" = "$1" ]; then
      board_port=$(basename "$(dirname "$owner")") stop_board
    fi
  done
}

# --- boards that leave and come back ----------------------------------------------------------------

# Attaches a board to a virtual port of one's choice, as `usbip attach` does to the first one that is
# free: boards that leave together would come back at each other's ports.
attach_at() {  # attach_at PORT BUSID
  local socket fields zeros=({1..32})
  exec {socket}<>"/dev/tcp/127.0.0.1/$board_port" || return 1
  # OP_REQ_IMPORT of USB/IP 1.1.1, and its answer: 8 bytes and the device.
  {
    printf '\x01\x11\x80\x03\0\0\0\0%s' "$2"
    printf '\0%.0s' "${zeros[@]:${#2}}"
  } >&"$socket"
  read -r -t 5 -a fields < <(od -An -v -tu1 -w320 -N320 <&"$socket" 2>/dev/null)
  if [ "${#fields[@]}" -eq 320 ]; then
    # The kernel takes the connection over: bus and device number, and the speed.
    if [ ! -d /run/vhci_hcd ]; then mkdir -p /run/vhci_hcd; fi
    printf '127.0.0.1 %s %s\n' "$board_port" "$2" >"/run/vhci_hcd/port$1"
    printf '%s %s %s %s\n' "$1" "$socket" \
      "$((fields[298] << 24 | fields[299] << 16 | fields[302] << 8 | fields[303]))" "${fields[307]}" \
      >/sys/devices/platform/vhci_hcd.0/attach
  fi
  exec {socket}>&-
}

# Attaches boards again at their ports whenever they have left, as `usbipd attach --auto-attach` does.
start_auto_attach() {  # start_auto_attach BUSID…
  (
    # What goes wrong now goes well the next time.
    set +e
    declare -A ports
    for busid; do
      until find_port "$busid"; do pause 0.1; done
      printf -v "ports[$busid]" '%04d' "$port_number"
    done
    while :; do
      # Which ports are free; 005 is one whose device has no address yet.
      states=''
      for statuses in /sys/devices/platform/vhci_hcd.*/status*; do
        mapfile -t lines <"$statuses"
        states+=" ${lines[*]}"
      done
      for busid; do
        case $states in
          *" ${ports[$busid]} 004 "*) attach_at "$((10#${ports[$busid]}))" "$busid" ;;
        esac
      done
      pause 0.1
    done
  ) >/dev/null 2>&1 &
  auto_attach=$!
}

end_auto_attach() {
  if [ -z "$auto_attach" ]; then return; fi
  kill "$auto_attach" 2>/dev/null || true
  wait "$auto_attach" 2>/dev/null || true
  auto_attach=''
}
