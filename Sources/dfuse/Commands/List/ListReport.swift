import DfuseDevice

/// What `dfuse list --json` prints.
struct ListReport: Encodable, Equatable {
  /// Version of this schema.
  var schema = 1
  /// In the order of their paths.
  var devices: [DeviceReport]
  var warnings: [String]

  init(_ listings: [USBDeviceListing], filter: DeviceFilter = DeviceFilter()) {
    devices = listings.filter { !$0.interfaces.isEmpty }.map {
      DeviceReport($0, filter: filter)
    }
    warnings = []
    let serials = Dictionary(grouping: devices.filter(\.isBoard)) { $0.serial ?? "" }
    for (serial, boards) in serials.sorted(by: { $0.key < $1.key }) {
      guard !serial.isEmpty, boards.count > 1 else { continue }
      let paths = boards.map(\.path).joined(separator: ", ")
      warnings.append(
        "\(boards.count) boards have the serial number \(serial.visible): \(paths); "
          + "choose by --path, not by --serial")
    }
  }

  /// Whether any device is a board that could be flashed.
  var hasBoard: Bool { devices.contains(where: \.isBoard) }
}

extension DeviceReport {
  /// Whether it is a board in its bootloader.
  var isBoard: Bool { mode == .dfuse }
}
