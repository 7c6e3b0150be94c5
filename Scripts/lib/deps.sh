# shellcheck shell=bash
# Sourced by the scripts: makes sure that what they need is on this machine.
#
#   need libusb cc     installs what is missing, and says so first
#   as_root COMMAND…   runs COMMAND as root, through sudo when one is not root
#
# A need is met when its check passes, however it came to the machine. Where it cannot be met, the
# script ends with status 69 (EX_UNAVAILABLE) and the command that a person would type.

say() { printf '%s\n' "$*" >&2; }

# Prints an error and what to do about it, and ends the script.
fail() {  # fail STATUS WHAT FIX
  say "error: $2"
  say "  fix: $3"
  exit "$1"
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    sudo -- "$@"
  fi
}

# The system's package manager, or nothing.
package_manager() {
  local candidate
  for candidate in apt-get dnf pacman zypper brew; do
    if command -v "$candidate" >/dev/null 2>&1; then
      echo "$candidate"
      return
    fi
  done
}

# Whether a need is met already.
is_met() {
  case $1 in
    libusb) command -v pkg-config >/dev/null 2>&1 && pkg-config --exists libusb-1.0 ;;
    cc) command -v cc >/dev/null 2>&1 ;;
    git) command -v git >/dev/null 2>&1 ;;
    shellcheck) command -v shellcheck >/dev/null 2>&1 ;;
    cmark) command -v cmark-gfm >/dev/null 2>&1 ;;
    mandoc) command -v mandoc >/dev/null 2>&1 ;;
    arm-gcc) command -v arm-none-eabi-gcc >/dev/null 2>&1 ;;
    qemu) command -v qemu-system-x86_64 >/dev/null 2>&1 ;;
    dfu-util) command -v dfu-util >/dev/null 2>&1 ;;
    usbutils) command -v lsusb >/dev/null 2>&1 ;;
    # Debian keeps programs for root where a plain user's PATH does not look.
    usbip) [ -x /usr/sbin/usbip ] ;;
    kmod) [ -x /sbin/depmod ] && [ -x /sbin/modprobe ] ;;
    dpkg-dev) command -v dpkg-shlibdeps >/dev/null 2>&1 ;;
    xz) command -v xz >/dev/null 2>&1 ;;
    mmdebstrap) command -v mmdebstrap >/dev/null 2>&1 ;;
    meson) command -v meson >/dev/null 2>&1 && command -v ninja >/dev/null 2>&1 ;;
    cmake) command -v cmake >/dev/null 2>&1 && command -v ninja >/dev/null 2>&1 ;;
    udev) [ -x /lib/systemd/systemd-udevd ] && command -v udevadm >/dev/null 2>&1 ;;
    *) fail 70 "the scripts know no need called '$1'" "look for the name in Scripts/lib/deps.sh" ;;
  esac
}

# The packages that meet a need, by the names of one package manager.
packages_for() {  # packages_for MANAGER NEED
  case $1:$2 in
    apt-get:libusb) echo libusb-1.0-0-dev pkg-config ;;
    dnf:libusb) echo libusb1-devel pkgconf-pkg-config ;;
    pacman:libusb) echo libusb pkgconf ;;
    zypper:libusb) echo libusb-1_0-devel pkg-config ;;
    brew:libusb) echo libusb pkgconf ;;
    apt-get:cc) echo gcc libc6-dev ;;
    zypper:cc) echo gcc glibc-devel ;;
    *:cc) echo gcc ;;
    *:git) echo git ;;
    dnf:shellcheck | zypper:shellcheck) echo ShellCheck ;;
    *:shellcheck) echo shellcheck ;;
    # For Scripts/site.
    *:cmark) echo cmark-gfm ;;
    *:mandoc) echo mandoc ;;
    apt-get:arm-gcc) echo gcc-arm-none-eabi ;;
    dnf:arm-gcc) echo arm-none-eabi-gcc-cs ;;
    pacman:arm-gcc) echo arm-none-eabi-gcc ;;
    zypper:arm-gcc) echo cross-arm-none-eabi-gcc ;;
    brew:arm-gcc) echo arm-none-eabi-gcc ;;
    # For Scripts/test-kernel, which runs on Debian alone.
    apt-get:qemu) echo qemu-system-x86 ;;
    *:dfu-util) echo dfu-util ;;
    *:usbutils) echo usbutils ;;
    *:usbip) echo usbip ;;
    *:kmod) echo kmod ;;
    *:udev) echo udev ;;
    # For Scripts/package, which is for Debian alone.
    apt-get:dpkg-dev) echo dpkg-dev ;;
    apt-get:xz) echo xz-utils ;;
    apt-get:mmdebstrap) echo mmdebstrap ;;
    # For the examples of build systems.
    apt-get:meson | apt-get:cmake | dnf:meson | dnf:cmake) echo "$2" ninja-build ;;
    *:meson | *:cmake) echo "$2" ninja ;;
  esac
}

# The command, without sudo, that installs packages and asks nothing.
install_command() {  # install_command MANAGER
  case $1 in
    apt-get)
      # A new machine may still be updating itself: wait for its lock.
      echo env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 \
        install -y --no-install-recommends
      ;;
    dnf) echo dnf install -y ;;
    pacman) echo pacman -S --needed --noconfirm ;;
    zypper) echo zypper --non-interactive install ;;
    brew) echo brew install ;;
  esac
}

# Swift is never installed from here: it comes from swift.org, not from a package manager.
need_swift() {
  local version where="https://www.swift.org/install has 6.2 and later for Linux and macOS"
  if ! command -v swift >/dev/null 2>&1; then
    fail 69 "there is no 'swift' on this machine" "$where"
  fi
  version=$(swift --version 2>/dev/null |
    sed -n 's/.*Swift version \([0-9][0-9]*\.[0-9][0-9]*\).*/\1/p' | head -n 1)
  if [ -z "$version" ]; then
    fail 69 "'swift --version' does not name a version" "$where"
  fi
  if [ "${version%%.*}" -lt 6 ] || { [ "${version%%.*}" -eq 6 ] && [ "${version#*.}" -lt 2 ]; }; then
    fail 69 "Swift $version is too old: this package needs 6.2" "$where"
  fi
}

need() {  # need NAME…
  local name manager command
  local missing=() packages=() sudo=()
  for name in "$@"; do
    if [ "$name" = swift ]; then
      need_swift
    elif ! is_met "$name"; then
      missing+=("$name")
    fi
  done
  if [ "${#missing[@]}" -eq 0 ]; then
    return
  fi

  manager=$(package_manager)
  if [ -z "$manager" ]; then
    fail 69 "missing on this machine: ${missing[*]}" \
      "install them; none of apt-get, dnf, pacman, zypper and brew is here to do it"
  fi
  for name in "${missing[@]}"; do
    # Word by word on purpose: one need may be several packages.
    # shellcheck disable=SC2207
    packages+=($(packages_for "$manager" "$name"))
  done
  command="$(install_command "$manager") ${packages[*]}"

  # Homebrew refuses to run as root; every other manager wants it.
  if [ "$manager" != brew ] && [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
      fail 69 "missing on this machine: ${missing[*]}; installing them takes root, and there is no sudo" \
        "as root: $command"
    fi
    sudo=(sudo --)
  fi
  say "missing on this machine: ${missing[*]}"
  say "installing: ${sudo[*]+${sudo[*]} }$command"
  install_packages "$manager" "$command" ${sudo[@]+"${sudo[@]}"}

  for name in "${missing[@]}"; do
    if ! is_met "$name"; then
      fail 69 "$name is still missing after the installation" "install it by hand, then start again"
    fi
  done
}

# Runs the installation; shows what it printed only if it failed.
install_packages() {  # install_packages MANAGER COMMAND [SUDO…]
  local manager=$1 command=$2 log
  shift 2
  log=$(mktemp)
  # $command is built above from fixed words, so splitting it is safe.
  # shellcheck disable=SC2086
  if ! "$@" $command >"$log" 2>&1 </dev/null; then
    # A new machine has no package lists yet, or old ones that name files which are gone.
    if [ "$manager" = apt-get ]; then
      say "that failed; refreshing the package lists first: ${*:+$* }apt-get update"
      if "$@" apt-get update >>"$log" 2>&1 </dev/null && "$@" $command >>"$log" 2>&1 </dev/null; then
        rm -f "$log"
        return
      fi
    fi
    cat "$log" >&2
    rm -f "$log"
    fail 69 "the installation failed (its output is above)" "${*:+$* }$command"
  fi
  rm -f "$log"
}
