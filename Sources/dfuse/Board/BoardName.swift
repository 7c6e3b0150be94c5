import DfuseDevice

/// How a board is called in sentences: by its chip and its port.
struct BoardName: Hashable, Sendable, CustomStringConvertible {
  /// The port path.
  var path: String
  /// The chip or chips it may be; nil when that is not known.
  var chip: String?

  init(path: String, chip: String?) {
    self.path = path
    self.chip = chip
  }

  init(_ identity: DeviceIdentity, _ profile: ChipProfile) {
    path = identity.path
    chip = profile.family == .unknown ? nil : profile.name
  }

  init(_ device: SelectedDevice) {
    let memories = device.interface.memories(of: device.identity)
    self.init(
      device.identity, ChipProfile.identify(device.identity, maps: memories.map(\.map)))
  }

  /// `STM32F405/407/415/417 at 1-1`, or `the board at 1-1`.
  var description: String { "\(chip ?? "the board") at \(path)" }
}

extension DeviceIdentity {
  /// The device on one line: path, ids, product and serial number.
  var line: String {
    var line = "\(path)  \(usbID)"
    if let product { line += "  \(product.visible)" }
    if let serialNumber { line += "  serial \(serialNumber.visible)" }
    return line
  }
}
