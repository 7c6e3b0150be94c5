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
  ///   ``FormatError/outsideAddressSpace(address:size:)`` if they end above 0x1_0000_0000.
  public static func parse(
    _ bytes: [UInt8], at address: UInt32
  ) throws(FormatError) -> FirmwareImage {
    let warnings = try check(
      beginning: Array(bytes.prefix(beginningSize)), size: bytes.count, at: address)
    var image = MemoryImage()
    try image.insert(bytes, at: UInt64(address))
    return FirmwareImage(kind: .raw, image: image, warnings: warnings)
  }

  /// Bytes that ``check(beginning:size:at:)`` wants to see of a file that has as many.
  public static let beginningSize = VectorTable.size

  /// Checks a file by its beginning, for one that is not read whole.
  ///
  /// - Parameters:
  ///   - beginning: The first ``beginningSize`` bytes, or all if there are fewer.
  ///   - size: Bytes of the whole file.
  ///   - address: Where its first byte belongs.
  /// - Returns: Warnings of address 0, and of bytes that are no vector table where one could be:
  ///   the address of a table is a multiple of 128 at least.
  /// - Throws: ``FormatError/noData(_:)`` if there are no bytes;
  ///   ``FormatError/outsideAddressSpace(address:size:)`` if they end above 0x1_0000_0000.
  public static func check(
    beginning: [UInt8], size: Int, at address: UInt32
  ) throws(FormatError) -> [ImageWarning] {
    guard size > 0, !beginning.isEmpty else { throw .noData(.raw) }
    let end = UInt64(address) + UInt64(size)
    guard end <= 1 << 32 else {
      throw .outsideAddressSpace(address: UInt64(address), size: UInt64(size))
    }
    if address == 0 { return [.rawAtAddressZero] }
    guard address.isMultiple(of: 128) else { return [] }
    let range = UInt64(address)..<end
    let reason = VectorTable.implausibility(of: beginning) { range.contains($0) }
    return reason.map { [.notAVectorTable(address: range.lowerBound, reason: $0)] } ?? []
  }
}
