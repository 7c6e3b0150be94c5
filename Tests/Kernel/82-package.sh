# shellcheck shell=bash
# checks: the package for Debian: installed, used by a plain user, purged
# shellcheck source=SCRIPTDIR/lib.sh
. /run/dfuse/host/Kernel/lib.sh
# shellcheck source=SCRIPTDIR/firmware.sh
. /run/dfuse/host/Kernel/firmware.sh

rules=/usr/lib/udev/rules.d/60-dfuse.rules
layer=/run/dfuse/layer

# The root is read-only: what is installed goes to a layer over /usr, and dpkg has a data base in which
# there is nothing but the two packages that this one may need.
make_writable() {
  local installed
  installed=$(dpkg-query --status libc6 && echo && dpkg-query --status libusb-1.0-0)
  mkdir -p "$layer/upper" "$layer/work"
  mount -t overlay -o "lowerdir=/usr,upperdir=$layer/upper,workdir=$layer/work" overlay /usr
  mount -t tmpfs tmpfs /var/lib/dpkg
  mkdir /var/lib/dpkg/{info,updates,triggers,alternatives}
  printf '%s\n\n' "$installed" >/var/lib/dpkg/status
  : >/var/lib/dpkg/available
}

# The program as it is installed, whatever else of that name is in this guest's PATH.
installed() { as_member env PATH=/usr/bin:/bin "$@"; }

dpkg_quietly() {
  expect_status 0 env DEBIAN_FRONTEND=noninteractive dpkg --log=/dev/null "$@"
}

before() {
  expect_status 77 as_member dfuse flash --stay /tmp/first.bin
}

install_package() {
  dpkg_quietly --install "$host"/package/dfuse_*_amd64.deb
  dfuse udev print | cmp - "$rules"
  expect_status 0 installed dfuse --version
  expect_output "dfuse $(dpkg-query --show --showformat='${Version}' dfuse)"
  # As it is installed now, sudo finds it by its name.
  expect_status 77 installed dfuse udev install
  expect_output "fix: sudo dfuse udev install"
  # What its program is linked with, and what that is linked with.
  ldd /usr/bin/dfuse | sed 's/ (0x.*//; s/.* => //' | tee "$state/libraries"
  if grep -v '/lib\(c\|m\|usb-1\.0\|udev\|pthread\)\.so\.\|ld-linux\|linux-vdso' "$state/libraries"; then
    fail_check "it needs the libraries above as well"
  fi
}

plain_user() {
  expect_status 0 installed dfuse flash --stay /tmp/first.bin
  expect_output "verified"
  expect_status 0 installed dfuse doctor
  expect_output "$rules is in place"
  expect_status 0 installed dfuse_pack -o /tmp/packed.dfu -m 0x08000000 -i /tmp/first.bin -a 0
  expect_status 0 installed dfuse verify /tmp/packed.dfu
}

pages_and_completions() {
  local name
  for name in dfuse dfuse-flash dfuse_pack; do
    expect_status 0 env MANPATH=/usr/share/man MANPAGER=cat man "$name"
    expect_output "NAME"
  done
  expect_output "--image"
  for name in dfuse dfuse_pack; do
    bash -c ". /usr/share/bash-completion/completions/$name && complete -p $name"
    test -s "/usr/share/zsh/vendor-completions/_$name"
    test -s "/usr/share/fish/vendor_completions.d/$name.fish"
  done
  gzip --test /usr/share/doc/dfuse/changelog.gz
}

purge() {
  dpkg_quietly --purge dfuse
  # In the layer there are but the folders that are below it as well. A device there stands for what was
  # removed: of what is below, that may be empty folders, which belong to nobody that this dpkg knows of.
  umount --lazy /usr
  (cd "$layer/upper" && find . -mindepth 1 -printf '%y %P\n') | while read -r kind name; do
    case $kind in
      d | c) if [ -d "/usr/$name" ]; then continue; fi ;;
    esac
    echo "left or lost: $kind /usr/$name"
  done | tee "$state/left"
  test ! -s "$state/left"
  expect_status 1 dpkg-query --status dfuse
  detach
  re_attach
  before
}

setup make_firmware /tmp/first.bin 5000 1
setup start_board stm32f405 --time-scale 20
setup make_writable
check "before: a plain user may not flash" before
check "it installs where there is nothing but libc6 and libusb-1.0-0" install_package
check "the board that is plugged in can be flashed at once, by a plain user" plain_user
check "manual pages and completions" pages_and_completions
check "purged, it leaves nothing, and boards are root's again" purge
if mountpoint -q /usr; then umount --lazy /usr; fi
umount --lazy /var/lib/dpkg
