/// The vector table of a Cortex-M program: its initial stack pointer, its reset vector, and those of
/// the system exceptions.
///
/// The stack pointer is not asked: good programs begin with any value there.
///
/// - SeeAlso: ARMv7-M Architecture Reference Manual, B1.5.2, the vector table.
public enum VectorTable {
  /// Why bytes cannot be a vector table.
  public enum Implausibility: Hashable, Sendable {
    /// There are fewer than the 8 bytes of the first two vectors.
    case tooShort(bytes: Int)
    /// The reset vector is even, and so no Thumb code.
    case resetVectorEven(UInt32)
    /// The reset vector points outside the firmware.
    case resetVectorOutsideImage(UInt32)
    /// The vector of a system exception is even, or points outside the firmware.
    case exceptionVector(number: Int, UInt32)
  }

  /// The numbers of the system exceptions; what stands at 7 to 10 and 13 is reserved, and free for
  /// the use of a program.
  static let exceptions = [2, 3, 4, 5, 6, 11, 12, 14, 15]

  /// Bytes up to the last system exception's vector.
  public static let size = 64

  /// Where `address` is reached as well: the flash at 0x0800_0000 also stands at 0, at
  /// 0x0020_0000 (STM32F7, ITCM) and at 0x0C00_0000 (secure, on parts with TrustZone).
  ///
  /// - Returns: The address itself, and the flash addresses that it may mean.
  public static func meanings(of address: UInt32) -> [UInt32] {
    switch address {
    case 0..<0x0020_0000: [address, 0x0800_0000 + address]
    case 0x0020_0000..<0x0100_0000: [address, 0x0800_0000 + address, 0x07E0_0000 + address]
    case 0x0C00_0000..<0x0D00_0000: [address, address - 0x0400_0000]
    default: [address]
    }
  }

  /// Why bytes cannot be the vector table of a firmware, if they cannot.
  ///
  /// - Parameters:
  ///   - bytes: The first ``size`` bytes of the program, or all that it has.
  ///   - isFirmware: Whether an address belongs to the program.
  /// - Returns: The first reason, or nil if they can be one.
  public static func implausibility(
    of bytes: some Collection<UInt8>, isFirmware: (UInt64) -> Bool
  ) -> Implausibility? {
    guard bytes.count >= 8 else { return .tooShort(bytes: bytes.count) }
    let words = words(of: Array(bytes.prefix(size)))
    func isInside(_ vector: UInt32) -> Bool {
      meanings(of: vector & ~1).contains { isFirmware(UInt64($0)) }
    }
    let reset = words[1]
    guard reset & 1 == 1 else { return .resetVectorEven(reset) }
    guard isInside(reset) else { return .resetVectorOutsideImage(reset) }
    for number in exceptions where number < words.count && words[number] != 0 {
      guard words[number] & 1 == 1, isInside(words[number]) else {
        return .exceptionVector(number: number, words[number])
      }
    }
    return nil
  }

  /// Why the bytes of an image at an address cannot be a vector table, if they cannot.
  ///
  /// - Returns: Nil as well if the image has nothing at the address.
  public static func implausibility(
    of image: MemoryImage, at address: UInt64
  ) -> Implausibility? {
    guard let run = image.runs.first(where: { $0.range.contains(address) }) else { return nil }
    let table = run.bytes.dropFirst(Int(address - run.range.lowerBound)).prefix(size)
    return implausibility(of: table) { image.contains($0) }
  }

  /// Where the stack of a program begins: the first word of its vector table.
  ///
  /// - Parameters:
  ///   - image: The program.
  ///   - address: Where its vector table is.
  /// - Returns: Nil if the image has no four bytes there.
  public static func stackPointer(of image: MemoryImage, at address: UInt64) -> UInt32? {
    guard let run = image.runs.first(where: { $0.range.contains(address) }) else { return nil }
    let start = Int(address - run.range.lowerBound)
    guard run.bytes.count - start >= 4 else { return nil }
    return littleEndian(run.bytes[start..<start + 4])
  }

  /// Little-endian words; what is left behind the last whole one is dropped.
  private static func words(of bytes: [UInt8]) -> [UInt32] {
    stride(from: 0, through: bytes.count - 4, by: 4).map { littleEndian(bytes[$0..<($0 + 4)]) }
  }
}

extension VectorTable.Implausibility: CustomStringConvertible {
  /// The reason in a phrase.
  public var description: String {
    switch self {
    case .tooShort(let bytes):
      "there are only \(bytes) bytes"
    case .resetVectorEven(let value):
      "the reset vector would be \(UInt64(value).addressText), which is even"
    case .resetVectorOutsideImage(let value):
      "the reset vector would be \(UInt64(value).addressText), which is outside the firmware"
    case .exceptionVector(let number, let value):
      "the vector of exception \(number) would be \(UInt64(value).addressText), which is "
        + (value & 1 == 0 ? "even" : "outside the firmware")
    }
  }
}
