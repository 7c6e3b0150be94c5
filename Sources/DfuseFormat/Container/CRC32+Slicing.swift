extension CRC32 {
  /// Sixteen bytes a step: one table look-up for each, none of which waits for another.
  ///
  /// Table `n` holds the checksum of a byte with `n` zero bytes behind it, so that the sixteen
  /// look-ups only need to be combined. The idea is Intel's "slicing-by-8" (2006), twice as wide.
  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    var crc = value
    // Every index is a byte plus a multiple of 256 below 16 * 256, the tables' size; every load is
    // below `steps * 16`, which is at most the buffer's count. So nothing here can go out of bounds.
    let steps = bytes.count / 16
    unsafe Self.tables.withUnsafeBufferPointer { tables in
      for step in 0..<steps {
        let base = step &* 16
        let low = unsafe UInt64(
          littleEndian: bytes.loadUnaligned(fromByteOffset: base, as: UInt64.self))
        let high = unsafe UInt64(
          littleEndian: bytes.loadUnaligned(fromByteOffset: base &+ 8, as: UInt64.self))
        crc = unsafe Self.eight(low ^ UInt64(crc), tables, 8) ^ Self.eight(high, tables, 0)
      }
      for index in (steps &* 16)..<bytes.count {
        let slot = unsafe Int(UInt8(truncatingIfNeeded: crc) ^ bytes[index])
        crc = unsafe tables[slot] ^ (crc >> 8)
      }
    }
    value = crc
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

  /// Sixteen tables of 256 values, one after the other.
  static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 16 * 256)
    for byte in 0..<256 {
      var value = UInt32(byte)
      for _ in 0..<8 {
        value = value & 1 != 0 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1
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
