import DfuseFormat
import DfuseTestSupport

/// Firmware for tests.
enum Firmware {
  /// A program for a Cortex-M: a vector table, then bytes that repeat nowhere.
  static func program(_ size: Int, at address: UInt32 = 0x0800_0000, seed: UInt64 = 1) -> [UInt8] {
    var random = SplitMix64(seed: seed)
    var bytes: [UInt8] = [0x00, 0x00, 0x02, 0x20]
    let reset = address + UInt32(min(0x100, max(size - 2, 0) & ~1)) + 1
    for _ in 0..<15 { bytes += (0..<4).map { UInt8(truncatingIfNeeded: reset >> (8 * $0)) } }
    while bytes.count < size { bytes.append(UInt8(truncatingIfNeeded: random.next())) }
    return Array(bytes.prefix(size))
  }

  /// A container with a target for each part.
  static func container(
    _ parts: [(alternateSetting: UInt8, address: UInt32, bytes: [UInt8])],
    productID: UInt16 = 0xDF11, vendorID: UInt16 = 0x0483
  ) throws -> [UInt8] {
    try DfuseFormat.Firmware(
      suffix: DFUSuffix(productID: productID, vendorID: vendorID),
      targets: parts.map {
        .init(
          alternateSetting: $0.alternateSetting,
          elements: [ImageElement(address: $0.address, bytes: $0.bytes)])
      }
    ).encoded()
  }
}

extension DfuseFormat.Firmware {
  /// Whether both have the same targets, for the same device.
  func isSame(as other: Self) -> Bool {
    targets == other.targets && suffix?.deviceVersion == other.suffix?.deviceVersion
      && suffix?.productID == other.suffix?.productID
      && suffix?.vendorID == other.suffix?.vendorID
  }
}
