#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#elseif canImport(Darwin)
  private import Darwin
#endif

/// The USB devices that the Linux kernel has, as its own files show them.
///
/// libusb learns of arrivals and departures from udev's daemon. Where none runs, or its events do
/// not come through, as in containers, libusb's list stays what it was when libusb started
/// (libusb#1012, moby#35359). These files are always up to date, and reading them asks no device.
struct KernelDevices: Hashable, Sendable {
  /// One device, from one plug-in to the next.
  struct Device: Hashable, Sendable {
    /// Its bus.
    var bus: UInt8
    /// Its address there; addresses come again.
    var address: UInt8
    /// The number of its file: another one for each time that a device is plugged in.
    var file: UInt64
  }

  /// The devices, hubs included.
  var devices: Set<Device>

  /// What the kernel has now, or nil where it does not show that: on other systems than Linux, or
  /// without /sys and /dev/bus/usb.
  static func now() -> KernelDevices? {
    #if os(Linux)
      KernelDevices(sysfs: "/sys/bus/usb/devices") ?? KernelDevices(usbfs: "/dev/bus/usb")
    #else
      nil
    #endif
  }

  /// Reads the kernel's folder of devices; nil when it is not there or shows none.
  init?(sysfs folder: String) {
    devices = []
    // Interfaces stand beside the devices; their names have a colon.
    for name in Self.names(in: folder) where !name.contains(":") {
      let path = "\(folder)/\(name)"
      guard let bus = Self.text(in: path + "/busnum").flatMap(UInt8.init),
        let address = Self.text(in: path + "/devnum").flatMap(UInt8.init),
        let file = Self.fileNumber(path)
      else { continue }
      devices.insert(Device(bus: bus, address: address, file: file))
    }
    if devices.isEmpty { return nil }
  }

  /// Reads the nodes through which devices are opened, `BUS/ADDRESS`; nil when there are none.
  init?(usbfs folder: String) {
    devices = []
    for busName in Self.names(in: folder) {
      guard let bus = UInt8(busName) else { continue }
      for name in Self.names(in: "\(folder)/\(busName)") {
        guard let address = UInt8(name), let file = Self.fileNumber("\(folder)/\(busName)/\(name)")
        else { continue }
        devices.insert(Device(bus: bus, address: address, file: file))
      }
    }
    if devices.isEmpty { return nil }
  }

  /// The device at an address of a bus.
  func device(bus: UInt8, address: UInt8) -> Device? {
    devices.first { $0.bus == bus && $0.address == address }
  }

  /// The numbers of the plug-ins of devices in a list that is newer than this; nil for what has left.
  ///
  /// A device may have come between the two. It must not be taken for another plug-in than the same
  /// device a moment later, so `newer` is asked for it; where that tells nothing, it is 0.
  func plugIns(
    of list: [(bus: UInt8, address: UInt8)], orNewer newer: () -> KernelDevices?
  ) -> [UInt64?] {
    let known = list.map { device(bus: $0.bus, address: $0.address)?.file }
    guard known.contains(nil) else { return known }
    guard let newer = newer() else { return known.map { $0 ?? 0 } }
    return zip(list, known).map { entry, number in
      number ?? newer.device(bus: entry.bus, address: entry.address)?.file
    }
  }

  /// Whether the kernel has a device at an address, and there is no node by which it can be opened.
  static func lacksNode(
    bus: UInt8, address: UInt8, sysfs: String = "/sys/bus/usb/devices",
    usbfs: String = "/dev/bus/usb"
  ) -> Bool {
    KernelDevices(sysfs: sysfs)?.device(bus: bus, address: address) != nil
      && KernelDevices(usbfs: usbfs)?.device(bus: bus, address: address) == nil
  }

  /// The file by which a device is opened.
  static func node(bus: UInt8, address: UInt8, usbfs: String = "/dev/bus/usb") -> String {
    let numbers = [bus, address].map { number in
      String(repeating: "0", count: 3 - "\(number)".count) + "\(number)"
    }
    return "\(usbfs)/" + numbers.joined(separator: "/")
  }

  /// Strings of the device at a port, which the kernel read when it was plugged in: manufacturer,
  /// product, serial number.
  static func strings(
    at path: String, sysfs folder: String = "/sys/bus/usb/devices"
  ) -> (manufacturer: String?, product: String?, serialNumber: String?) {
    guard !path.contains("/") else { return (nil, nil, nil) }
    let device = "\(folder)/\(path)/"
    return (
      text(in: device + "manufacturer"), text(in: device + "product"), text(in: device + "serial")
    )
  }

  // MARK: - Files

  /// What a folder holds, hidden files left out; nothing when it cannot be read.
  static func names(in folder: String) -> [String] {
    guard let stream = unsafe opendir(folder) else { return [] }
    defer { unsafe _ = closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names
  }

  /// A short text, without the line's end; nil when it is not there or empty.
  static func text(in file: String) -> String? {
    let line = (bytes(of: file, limit: 256) ?? []).prefix { $0 != 0x0A }
    return line.isEmpty ? nil : String(decoding: line, as: UTF8.self)
  }

  /// What is in a file, as far as `limit`; nil when it cannot be read.
  static func bytes(of file: String, limit: Int) -> [UInt8]? {
    guard let stream = unsafe fopen(file, "r") else { return nil }
    defer { unsafe _ = fclose(stream) }
    return unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
      count = unsafe fread(buffer.baseAddress, 1, limit, stream)
    }
  }

  /// The number of a file or folder, another one for each that is made.
  static func fileNumber(_ path: String) -> UInt64? {
    var facts = stat()
    guard unsafe stat(path, &facts) == 0 else { return nil }
    return UInt64(facts.st_ino)
  }

  /// The number of a device from the kernel's `MAJOR:MINOR`, as `stat` has it.
  static func deviceNumber(_ text: String?) -> UInt64? {
    let numbers = (text ?? "").split(separator: ":").compactMap { UInt32($0) }
    guard numbers.count == 2 else { return nil }
    let (major, minor) = (UInt64(numbers[0]), UInt64(numbers[1]))
    return (major & 0xFFFF_F000) << 32 | (major & 0xFFF) << 8 | (minor & 0xFFFF_FF00) << 12
      | minor & 0xFF
  }

  /// The number of the device whose node a file is; nil where it is none.
  static func deviceNumber(of file: String) -> UInt64? {
    var facts = stat()
    guard unsafe stat(file, &facts) == 0, facts.st_mode & S_IFMT == S_IFCHR else { return nil }
    return UInt64(truncatingIfNeeded: facts.st_rdev)
  }

  /// The number of the group that may read and write a file; nil where none may.
  static func group(of file: String) -> UInt32? {
    var facts = stat()
    guard unsafe stat(file, &facts) == 0, facts.st_mode & 0o060 == 0o060 else { return nil }
    return UInt32(facts.st_gid)
  }

  /// What is written in a symbolic link; nil where there is none.
  static func linkTarget(_ path: String) -> String? {
    var text = [CChar](repeating: 0, count: 4096)
    let count = unsafe text.withUnsafeMutableBufferPointer { buffer in
      unsafe buffer.baseAddress.map { unsafe readlink(path, $0, buffer.count) } ?? -1
    }
    guard count > 0 else { return nil }
    return String(decoding: text.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
