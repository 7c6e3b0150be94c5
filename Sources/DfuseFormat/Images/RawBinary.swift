/// Firmware as bytes without addresses.
public enum RawBinary {
  /// Puts bytes at an address.
  ///
  /// Warns of address 0, and of bytes that are no vector table where one could be: the address of
  /// a table is a multiple of 128 at least.
  ///
  /// - Parameters:
  ///   - bytes: The whole file.
  ///   - address: Where its first byte belongs.
  /// - Returns: The firmware, one run.
  /// - Throws: ``FormatError/noData(_:)`` if there are no bytes;
  ///   ``FormatError/alreadyContainer(isDfuSe:)`` if they begin with the signature `DfuSe`,
  ///   or end in a DFU suffix whose checksum is right;
  ///   ``FormatError/outsideAddressSpace(address:size:)`` if they end above 0x1_0000_0000.
  public static func parse(
    _ bytes: [UInt8], at address: UInt32
  ) throws(FormatError) -> FirmwareImage {
    guard !bytes.isEmpty else { throw .noData(.raw) }
    guard !bytes.starts(with: "DfuSe".utf8) else { throw .alreadyContainer(isDfuSe: true) }
    guard !DFUSuffix.isPresent(in: bytes) else { throw .alreadyContainer(isDfuSe: false) }
    var image = MemoryImage()
    try image.insert(bytes, at: UInt64(address))
    var warnings: [ImageWarning] = []
    if address == 0 {
      warnings.append(.rawAtAddressZero)
    } else if address.isMultiple(of: 128), let warning = VectorTable.check(image) {
      warnings.append(warning)
    }
    return FirmwareImage(kind: .raw, image: image, warnings: warnings)
  }
}
