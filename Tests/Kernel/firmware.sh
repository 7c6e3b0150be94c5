# shellcheck shell=bash
# Sourced by files of checks, after lib.sh: firmware to flash, and commands that run beside a check.
#
#   make_firmware FILE BYTES [NUMBER]   a firmware; another number gives other bytes
#   start_beside COMMAND…; expect_end STATUS
#                                       runs a command while the check goes on
#
# Assigned in lib.sh:
# shellcheck disable=SC2154

# Writes a firmware of some bytes: a vector table, then bytes of which none is blank on any chip. Another number gives other bytes.
make_firmware() {  # make_firmware FILE BYTES [NUMBER]
  local skip=$(((${3:-1} - 1) * 100000))
  {
    # Stack at the end of 64 KiB of RAM, reset and all other handlers at 0x080001c0 (thumb).
    printf '\x00\x00\x01\x20'
    printf '\xc1\x01\x00\x08%.0s' {1..15}
    # A packed stream has no long runs of one byte. Its reader leaves early, on purpose.
    { tail -c "+$((skip + 1))" "$(command -v dfuse)" | gzip -1 -c || true; } 2>/dev/null |
      tail -c +1024
  } 2>/dev/null | head -c "$2" >"$1" || true
  if [ "$(stat -c %s "$1")" -ne "$2" ]; then fail_check "$1 did not become $2 bytes"; fi
}

# Bytes of a file from an offset, into another.
cut_bytes() {  # cut_bytes FROM OFFSET COUNT TO
  # The reader leaves early, on purpose.
  { tail -c "+$(($2 + 1))" "$1" || true; } 2>/dev/null | head -c "$3" >"$4"
  if [ "$(stat -c %s "$4")" -ne "$3" ]; then fail_check "$1 has no $3 bytes from $2 on"; fi
}

expect_same() {  # expect_same FILE FILE
  cmp "$1" "$2" || fail_check "$1 and $2 differ"
}

expect_not_same() {  # expect_not_same FILE FILE
  if cmp -s "$1" "$2"; then fail_check "$1 and $2 are the same"; fi
}

# The first address that may be written in the board's first memory, as `dfuse list` shows it.
first_writable() {  # first_writable OUTPUT-OF-LIST
  sed -n '/alternate setting 1:/q; s/^ *\(0x[0-9a-f_]*\)-.* write$/\1/p' "$1" |
    head -n 1 | tr -d _
}

# Asks again until a program that runs beside has printed something.
wait_for_output() {  # wait_for_output SECONDS TEXT FILE
  wait_for "$1" grep -q -F -e "$2" "$3" || { cat "$3"; fail_check "it did not print: $2"; }
}

# Starts a command beside; `expect_end` waits for it. Its output goes to $state/beside.
start_beside() {  # start_beside COMMAND…
  printf '$ %s &\n' "$*"
  # Flat, so that the process id is that of the command; with Ctrl-C as a person has it.
  env --default-signal=INT "$@" >"$state/beside" 2>&1 </dev/null &
  beside=$!
}

expect_end() {  # expect_end STATUS
  local status=0
  wait_for "${command_limit:-60}" beside_has_ended || true
  if ! beside_has_ended; then
    kill -KILL "$beside"
    cat "$state/beside"
    fail_check "the command beside does not end"
  fi
  wait "$beside" || status=$?
  beside=''
  cat "$state/beside"
  if [ "$status" -ne "$1" ]; then fail_check "status $status instead of $1"; fi
  cp "$state/beside" "$state/stdout"
  : >"$state/stderr"
}

# A process that has ended stays a zombie until it is waited for.
beside_has_ended() {
  local line
  read -r line 2>/dev/null <"/proc/$beside/stat" || return 0
  case $line in *') Z '*) return 0 ;; esac
  return 1
}
