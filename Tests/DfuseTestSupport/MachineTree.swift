import Foundation

/// A folder made like the `/` of a Linux machine, as far as USB goes.
///
/// Nodes are links to `/dev/null`, since only root can make nodes: a device with the number `1:3` has
/// its own there, and any other one somebody else's.
public struct MachineTree {
  /// The folder.
  public let root: String

  /// Fills a folder, which need not be there.
  public init(root: String) { self.root = root }

  /// A folder of its own, below the system's for temporary files.
  public init() {
    self.init(
      root: FileManager.default.temporaryDirectory
        .appendingPathComponent("dfuse-machine-\(UUID().uuidString)").path)
  }

  /// Removes the folder.
  public func remove() { try? FileManager.default.removeItem(atPath: root) }

  private func url(_ path: String) throws -> URL {
    let url = URL(fileURLWithPath: root + path)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    return url
  }

  /// Writes a file.
  public func write(_ path: String, _ text: String = "") throws {
    try Data(text.utf8).write(to: url(path))
  }

  /// Makes a symbolic link.
  public func link(_ path: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(
      atPath: url(path).path, withDestinationPath: target)
  }

  /// Takes a file, a link or a folder away.
  public func remove(_ path: String) throws {
    try FileManager.default.removeItem(atPath: root + path)
  }

  /// Adds a device as the kernel shows it; with `node`, it can be opened.
  public func device(
    _ name: String, address: Int, vendor: String, product: String, class code: String = "00",
    node: Bool = true
  ) throws {
    let folder = "/sys/bus/usb/devices/\(name)"
    for (file, text) in [
      ("busnum", "1"), ("devnum", "\(address)"), ("idVendor", vendor), ("idProduct", product),
      ("bDeviceClass", code), ("speed", "12"), ("authorized", "1"), ("bConfigurationValue", "1"),
      ("dev", "1:3"),
    ] {
      try write("\(folder)/\(file)", text + "\n")
    }
    let number = String(repeating: "0", count: 3 - "\(address)".count) + "\(address)"
    if node { try link("/dev/bus/usb/001/\(number)", to: "/dev/null") }
  }

  /// Adds an interface to a device: class, subclass and protocol, and the driver that has it.
  public func interface(_ name: String, _ codes: [String], driver: String? = nil) throws {
    let folder = "/sys/bus/usb/devices/\(name)"
    for (file, code) in zip(["bInterfaceClass", "bInterfaceSubClass", "bInterfaceProtocol"], codes)
    {
      try write("\(folder)/\(file)", code + "\n")
    }
    if let driver { try link("\(folder)/driver", to: "../../../../bus/usb/drivers/\(driver)") }
  }

  /// Adds a program, with the files that it has open.
  public func program(_ id: Int, _ name: String, open files: [String] = []) throws {
    try write("/proc/\(id)/comm", name + "\n")
    for (number, file) in files.enumerated() { try link("/proc/\(id)/fd/\(number + 3)", to: file) }
  }

  /// A machine as most are: one bus, udev, a log, and a user with this number and these groups.
  public func makeUsual(user: Int = 1000, groups: [Int] = []) throws {
    try device("usb1", address: 1, vendor: "1d6b", product: "0002", class: "09")
    try program(1, "systemd")
    try program(300, "systemd-udevd")
    try write("/run/udev/control")
    try write("/run/systemd/system/x")
    try write("/dev/kmsg", "6,1,1000000,-;usb 1-1: New USB device found\n")
    try write("/proc/version", "Linux version 6.1.0-18-amd64 (debian-kernel@lists.debian.org)\n")
    try write(
      "/proc/self/status",
      "Name:\tdfuse\nUid:\t\(user)\t\(user)\t\(user)\t\(user)\nGid:\t\(user)\t\(user)\n"
        + "Groups:\t\(groups.map(String.init).joined(separator: " ")) \n")
    try write("/etc/group", "root:x:0:\nplugdev:x:46:anna,bert\nbert:x:1000:\n")
    try write("/etc/passwd", "root:x:0:0::/root:/bin/sh\ncarl:x:1000:1000::/home/carl:/bin/sh\n")
  }
}
