/// The checksum of a DFU suffix, `dwCRC`.
///
/// Reflected CRC-32 with the polynomial 0x04C11DB7, initial value 0xFFFFFFFF and no final
/// exclusive-or (CRC-32/JAMCRC): the bitwise complement of zlib's `crc32`. Of the ASCII bytes
/// "123456789" it is 0x340BC6D9. Bytes can be added piece by piece.
///
/// - SeeAlso: DFU 1.1 appendix B.
public struct CRC32: Hashable, Sendable {
  /// The checksum of all bytes added so far.
  public internal(set) var value: UInt32 = 0xFFFF_FFFF

  /// Starts a checksum of no bytes.
  public init() {}

  /// The checksum of `bytes` alone.
  public static func checksum(of bytes: some Collection<UInt8>) -> UInt32 {
    var crc = CRC32()
    crc.update(bytes)
    return crc.value
  }

  /// Adds bytes behind those added so far.
  public mutating func update(_ bytes: some Collection<UInt8>) {
    let done: Void? = bytes.withContiguousStorageIfAvailable { buffer in
      unsafe update(UnsafeRawBufferPointer(buffer))
    }
    if done == nil { update(Array(bytes)) }
  }
}

extension CRC32 {
  /// Buffers of at least this many bytes are worth two lanes.
  static let laneThreshold = 4096

  /// Checks two halves of a buffer side by side, because a processor can look up for both while
  /// each would have to wait for itself; then a rest of less than two steps.
  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= Self.laneThreshold else { return unsafe updateInOneLane(bytes) }
    let half = bytes.count / 32 * 16
    let lanes = unsafe Self.lanes(bytes, half: half, value)
    value = Self.append(half, to: lanes.first) ^ lanes.second
    unsafe updateInOneLane(UnsafeRawBufferPointer(rebasing: bytes[(half * 2)...]))
  }

  /// The register after `count` zero bytes: the register times x^(8 · count).
  ///
  /// The checksum is linear, so that this, exclusive-or the checksum that began with 0 of what
  /// really follows, is the checksum of both.
  static func append(_ count: Int, to register: UInt32) -> UInt32 {
    var result = register
    for (bit, power) in powers.enumerated() where count >> bit & 1 == 1 {
      result = multiply(result, power)
    }
    return result
  }

  /// The product of two polynomials over GF(2) modulo the checksum's; the highest bit is x^0.
  private static func multiply(_ a: UInt32, _ b: UInt32) -> UInt32 {
    var product: UInt32 = 0
    var shifted = b
    for bit in 0..<32 {
      if a << UInt32(bit) & 0x8000_0000 != 0 { product ^= shifted }
      shifted = shifted & 1 != 0 ? polynomial ^ (shifted >> 1) : shifted >> 1
    }
    return product
  }

  /// x^8, x^16, x^32 and so on: what 1, 2, 4 … zero bytes multiply with.
  private static let powers: [UInt32] = {
    var powers: [UInt32] = [0x0080_0000]
    for index in 1..<40 { powers.append(multiply(powers[index - 1], powers[index - 1])) }
    return powers
  }()
}

extension CRC32 {
  /// Sixteen bytes a step: one table look-up for each, none of which waits for another.
  ///
  /// Table `n` holds the checksum of a byte with `n` zero bytes behind it, so that the sixteen
  /// look-ups only need to be combined. The idea is Intel's "slicing-by-8" (2006), twice as wide.
  mutating func updateInOneLane(_ bytes: UnsafeRawBufferPointer) {
    var crc = value
    let steps = bytes.count / 16
    unsafe Self.tables.withUnsafeBufferPointer { tables in
      for step in 0..<steps {
        crc = unsafe Self.sixteen(bytes, at: step &* 16, crc, tables)
      }
      for index in (steps &* 16)..<bytes.count {
        let slot = unsafe Int(UInt8(truncatingIfNeeded: crc) ^ bytes[index])
        crc = unsafe tables[slot] ^ (crc >> 8)
      }
    }
    value = crc
  }

  /// The checksums of the first `half` bytes, beginning with `register`, and of as many behind
  /// them, beginning with 0; `half` is a multiple of 16, and at most half of the buffer.
  static func lanes(
    _ bytes: UnsafeRawBufferPointer, half: Int, _ register: UInt32
  ) -> (first: UInt32, second: UInt32) {
    var first = register
    var second: UInt32 = 0
    unsafe tables.withUnsafeBufferPointer { tables in
      for step in 0..<(half / 16) {
        first = unsafe sixteen(bytes, at: step &* 16, first, tables)
        second = unsafe sixteen(bytes, at: half &+ step &* 16, second, tables)
      }
    }
    return (first, second)
  }

  /// Adds the sixteen bytes at `offset`, which the buffer must have.
  ///
  /// Every index is a byte plus a multiple of 256 below 16 * 256, the tables' size: nothing here
  /// can go out of bounds.
  @inline(__always)
  private static func sixteen(
    _ bytes: UnsafeRawBufferPointer, at offset: Int, _ register: UInt32,
    _ tables: UnsafeBufferPointer<UInt32>
  ) -> UInt32 {
    let low = unsafe UInt64(
      littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    let high = unsafe UInt64(
      littleEndian: bytes.loadUnaligned(fromByteOffset: offset &+ 8, as: UInt64.self))
    return unsafe eight(low ^ UInt64(register), tables, 8) ^ eight(high, tables, 0)
  }

  /// The checksum of eight bytes, the first in the low bits of `word`, with `behind` bytes (0 or
  /// 8) to follow them.
  @inline(__always)
  private static func eight(
    _ word: UInt64, _ tables: UnsafeBufferPointer<UInt32>, _ behind: Int
  ) -> UInt32 {
    var sum: UInt32 = 0
    for byte in 0..<8 {
      let table = (7 &- byte &+ behind) &* 256
      let slot = Int(truncatingIfNeeded: (word >> UInt64(8 &* byte)) & 0xFF)
      sum ^= unsafe tables[table &+ slot]
    }
    return sum
  }

  /// The polynomial 0x04C11DB7, its highest power in the lowest bit.
  static let polynomial: UInt32 = 0xEDB8_8320

  /// Sixteen tables of 256 values, one after the other.
  static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 16 * 256)
    for byte in 0..<256 {
      var value = UInt32(byte)
      for _ in 0..<8 {
        value = value & 1 != 0 ? polynomial ^ (value >> 1) : value >> 1
      }
      tables[byte] = value
    }
    for slot in 256..<(16 * 256) {
      let shorter = tables[slot - 256]
      tables[slot] = tables[Int(shorter & 0xFF)] ^ (shorter >> 8)
    }
    return tables
  }()
}
