/// A port path taken apart, so that paths sort as people count: `1-2` before `1-10`.
struct PortPath: Comparable {
  /// The bus, then one port number a hub.
  var numbers: [Int]

  /// Takes `BUS-PORT[.PORT]…` apart; what is no number counts as 0.
  init(_ path: String) {
    numbers = path.split { $0 == "-" || $0 == "." }.map { Int($0) ?? 0 }
  }

  static func < (left: PortPath, right: PortPath) -> Bool {
    left.numbers.lexicographicallyPrecedes(right.numbers)
  }
}

/// The path of a device as the Linux kernel writes it: `BUS-PORT[.PORT]…`, or `usbBUS` for a root
/// hub, which is behind no port.
func portPath(bus: UInt8, ports: [UInt8]) -> String {
  ports.isEmpty ? "usb\(bus)" : "\(bus)-" + ports.map(String.init).joined(separator: ".")
}
