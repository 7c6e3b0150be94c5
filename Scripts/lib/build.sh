# shellcheck shell=bash
# Sourced by the scripts, after deps.sh: builds the program as it is shipped.

# Flags of every release build, so that one script's build serves the next.
release_flags=(-c release)
# On Linux the Swift runtime goes into the program: it then runs where no Swift is installed.
# On macOS the system has the runtime.
if [ "$(uname -s)" = Linux ]; then
  release_flags+=(--static-swift-stdlib)
fi

# Runs a command of the build; shows what it printed only if it failed.
build_quietly() {
  local log
  log=$(mktemp)
  if ! "$@" >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    fail 70 "the build failed (its output is above)" "report it with that output"
  fi
  rm -f "$log"
}

# Builds one product of the package in release mode; its path is in $built afterwards.
build_release() {  # build_release ROOT PRODUCT
  say "building $2 (release; the first time takes minutes)"
  build_quietly swift build --package-path "$1" "${release_flags[@]}" --product "$2"
  # shellcheck disable=SC2034
  built=$(swift build --package-path "$1" "${release_flags[@]}" --show-bin-path)/$2
}
