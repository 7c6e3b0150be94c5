# shellcheck shell=bash
# Sourced by Scripts/test-kernel, after deps.sh: a Debian kernel and what it needs to start, as files
# in a cache folder. Nothing here is installed on this machine.

# What the guest loads before it has its root, by name; modprobe adds what these depend on.
kernel_modules=(virtio_pci 9pnet_virtio 9p vhci-hcd cdc-acm overlay)

# Brings the kernel into the cache, once: CACHE/kernel then has vmlinuz, busybox, the modules, and in
# `order` their file names in the order of loading.
prepare_kernel() {  # prepare_kernel CACHE
  local cache=$1 kernel=$1/kernel wanted="${kernel_modules[*]}" work
  if [ "$(cat "$kernel/wanted" 2>/dev/null)" = "$wanted" ]; then
    say "kernel: $(cat "$kernel/package") from $cache"
    return
  fi

  work=$(mktemp -d "$cache/unpack-XXXXXX")
  mkdir "$work/kernel" "$work/image" "$work/busybox"
  download_packages "$work"
  dpkg -x "$work"/linux-image-*.deb "$work/image"
  dpkg -x "$work"/busybox-static_*.deb "$work/busybox"
  pick_files "$work"
  printf '%s\n' "$wanted" >"$work/kernel/wanted"
  rm -rf "$kernel"
  mv "$work/kernel" "$kernel"
  rm -rf "$work"
}

download_packages() {  # download_packages FOLDER
  local package
  package=$(kernel_package)
  if [ -z "$package" ]; then
    say "this machine has no list of packages yet; refreshing it: apt-get update"
    as_root apt-get -o DPkg::Lock::Timeout=300 update >&2
    package=$(kernel_package)
  fi
  if [ -z "$package" ]; then
    fail 69 "apt-get offers no 'linux-image-amd64'" "run this on Debian, for x86-64"
  fi
  say "kernel: downloading $package and busybox-static from Debian, to unpack (not install) in $1"
  echo "$package" >"$1/kernel/package"
  # Old lists name files that are gone from the server.
  if ! fetch_packages "$1" "$package" 2>/dev/null; then
    say "that failed; refreshing the list of packages first: apt-get update"
    as_root apt-get -o DPkg::Lock::Timeout=300 update >&2
    package=$(kernel_package)
    echo "$package" >"$1/kernel/package"
    fetch_packages "$1" "$package" ||
      fail 69 "downloading $package failed (the reason is above)" "see whether this machine is online"
  fi
}

fetch_packages() {  # fetch_packages FOLDER KERNEL-PACKAGE
  (cd "$1" && apt-get -qq download "$2" busybox-static)
}

# `linux-image-amd64` is empty: it depends on the package of the current kernel.
kernel_package() {
  apt-cache depends linux-image-amd64 2>/dev/null |
    sed -n 's/^ *Depends: \(linux-image-[0-9].*\)$/\1/p' | head -n 1
}

# Takes from the unpacked packages what the guest needs, into WORK/kernel.
pick_files() {  # pick_files WORK
  local image=$1/image kernel=$1/kernel release file
  # Newer kernels come merged into /usr; kmod is happy with either name.
  if [ ! -e "$image/lib" ]; then ln -s usr/lib "$image/lib"; fi
  release=$(basename "$image"/lib/modules/*)
  cp "$image/boot/vmlinuz-$release" "$kernel/vmlinuz"
  cp "$1/busybox/bin/busybox" "$kernel/busybox" 2>/dev/null ||
    cp "$1/busybox/usr/bin/busybox" "$kernel/busybox"
  /sbin/depmod -b "$image" "$release"

  mkdir "$kernel/modules"
  /sbin/modprobe -d "$image" -S "$release" --ignore-install --show-depends -a "${kernel_modules[@]}" |
    sed -n 's/^insmod \([^ ]*\).*$/\1/p' | awk '!seen[$0]++' >"$1/modules.txt"
  while IFS= read -r file; do
    case $file in
      *.xz) xz -dc "$file" >"$kernel/modules/$(basename "$file" .xz)" ;;
      *) cp "$file" "$kernel/modules/" ;;
    esac
    basename "$file" .xz >>"$kernel/order"
  done <"$1/modules.txt"
}

# Packs the file system that the kernel starts from: busybox, the modules, and the first program.
make_initramfs() {  # make_initramfs CACHE INIT OUT
  local tree
  tree=$(mktemp -d)
  mkdir -p "$tree"/{bin,dev,proc,sys,newroot}
  cp "$1/kernel/busybox" "$tree/bin/busybox"
  cp -r "$1/kernel/modules" "$1/kernel/order" "$tree/"
  install -m 755 "$2" "$tree/init"
  (cd "$tree" && find . | ./bin/busybox cpio -o -H newc -R 0:0 2>/dev/null) >"$3"
  rm -rf "$tree"
}
