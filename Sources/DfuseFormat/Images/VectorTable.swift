/// The first words of a Cortex-M program: its initial stack pointer and its reset vector.
///
/// - SeeAlso: ARMv7-M Architecture Reference Manual, B1.5.2, the vector table.
public enum VectorTable {
  /// Why bytes cannot be a vector table.
  public enum Implausibility: Hashable, Sendable {
    /// There are fewer than the 8 bytes of the first two vectors.
    case tooShort(bytes: Int)
    /// The initial stack pointer is not in RAM.
    case stackPointerNotInRAM(UInt32)
    /// The reset vector is even, and so no Thumb code.
    case resetVectorEven(UInt32)
    /// The reset vector points outside the firmware.
    case resetVectorOutsideImage(UInt32)
  }

  /// Looks whether firmware begins, at its lowest address, with a vector table.
  ///
  /// RAM is 0x2000_0000 up to 0x3FFF_FFFF, the SRAM region of the architecture, and 0x1000_0000 up
  /// to 0x10FF_FFFF, where several STM32 families have core-coupled memory. The stack grows down,
  /// so that its first address may also be the end of one of these.
  ///
  /// - Parameter image: The firmware; one for a RISC-V processor has no such table.
  /// - Returns: ``ImageWarning/notAVectorTable(address:reason:)``, or nil if the table is plausible
  ///   or the image is empty.
  public static func check(_ image: MemoryImage) -> ImageWarning? {
    guard let first = image.runs.first else { return nil }
    return implausibility(of: first.bytes) { image.contains($0) }.map {
      .notAVectorTable(address: first.range.lowerBound, reason: $0)
    }
  }

  /// Why the first bytes of a firmware cannot be a vector table, if they cannot.
  static func implausibility(
    of bytes: [UInt8], isFirmware: (UInt64) -> Bool
  ) -> Implausibility? {
    guard bytes.count >= 8 else { return .tooShort(bytes: bytes.count) }
    let stackPointer = word(bytes[0..<4])
    let reset = word(bytes[4..<8])
    switch stackPointer {
    case 0x1000_0000...0x1100_0000, 0x2000_0000...0x4000_0000: break
    default: return .stackPointerNotInRAM(stackPointer)
    }
    guard reset & 1 == 1 else { return .resetVectorEven(reset) }
    return isFirmware(UInt64(reset - 1)) ? nil : .resetVectorOutsideImage(reset)
  }

  private static func word(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }
}

extension VectorTable.Implausibility: CustomStringConvertible {
  /// The reason in a phrase.
  public var description: String {
    switch self {
    case .tooShort(let bytes):
      "there are only \(bytes) bytes"
    case .stackPointerNotInRAM(let value):
      "the initial stack pointer would be \(UInt64(value).addressText), which is not RAM"
    case .resetVectorEven(let value):
      "the reset vector would be \(UInt64(value).addressText), which is even"
    case .resetVectorOutsideImage(let value):
      "the reset vector would be \(UInt64(value).addressText), which is outside the firmware"
    }
  }
}
