# shellcheck shell=bash
# Sourced by the scripts, after deps.sh: builds the program as it is shipped.

# Flags of every release build of the package in ROOT, so that one script's build serves the next.
# On Linux the Swift runtime goes into the program: it then runs where no Swift is installed. On macOS
# the system has the runtime.
set_release_flags() {  # set_release_flags ROOT
  local archive
  release_flags=(-c release)
  [ "$(uname -s)" = Linux ] || return 0
  release_flags+=(--static-swift-stdlib -Xlinker --gc-sections -Xlinker -s)
  # The runtime's own need, libstdc++, costs every run half a millisecond to load: it goes in as well,
  # by a folder that the linker searches first, where it is to be had.
  archive=$(cc -print-file-name=libstdc++.a 2>/dev/null || true)
  if [ -f "$archive" ]; then
    mkdir -p "$1/.build/static"
    echo "GROUP ( $archive )" >"$1/.build/static/libstdc++.so"
    release_flags+=(-Xlinker "-L$1/.build/static" -Xswiftc -Xclang-linker -Xswiftc -static-libgcc)
  fi
}

# Runs a command of the build; shows what it printed only if it failed.
build_quietly() {
  local log
  log=$(mktemp)
  if ! "$@" >"$log" 2>&1; then
    cat "$log" >&2
    if grep -qiE 'failed to clone|could ?n.t (fetch|resolve host|connect)|unable to access' "$log"; then
      rm -f "$log"
      fail 69 "the Swift packages that dfuse is built with could not be fetched (the output is above)" \
        "see that this machine reaches github.com, and run the same command again"
    fi
    rm -f "$log"
    fail 70 "the build failed (its output is above)" "report it with that output"
  fi
  rm -f "$log"
}

# What a Swift compiler needs to import the libraries of the package in ROOT, beside the folder of their
# modules; in $import_flags afterwards.
set_import_flags() {  # set_import_flags ROOT
  local flag
  import_flags=(-Xcc "-fmodule-map-file=$1/Sources/CLibUSB/module.modulemap")
  for flag in $(pkg-config --cflags libusb-1.0); do
    import_flags+=(-Xcc "$flag")
  done
}

# Builds one product of the package in release mode; its path is in $built afterwards.
build_release() {  # build_release ROOT PRODUCT
  local release_flags
  set_release_flags "$1"
  say "building $2 (release; the first time takes minutes)"
  build_quietly swift build --package-path "$1" "${release_flags[@]}" --product "$2"
  # shellcheck disable=SC2034
  built=$(swift build --package-path "$1" "${release_flags[@]}" --show-bin-path)/$2
}
