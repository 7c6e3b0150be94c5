/// The checksum of a DFU suffix, `dwCRC`.
///
/// Reflected CRC-32 with the polynomial 0x04C11DB7, initial value 0xFFFFFFFF and no final
/// exclusive-or (CRC-32/JAMCRC): the bitwise complement of zlib's `crc32`. Of the ASCII bytes
/// "123456789" it is 0x340BC6D9. Bytes can be added piece by piece.
///
/// - SeeAlso: DFU 1.1 appendix B.
public struct CRC32: Hashable, Sendable {
  /// The checksum of all bytes added so far.
  public internal(set) var value: UInt32

  /// Starts a checksum of no bytes, or goes on from a value reached before.
  public init(resuming value: UInt32 = 0xFFFF_FFFF) {
    self.value = value
  }

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
    if done == nil {
      for byte in bytes { add(byte) }
    }
  }

  private mutating func add(_ byte: UInt8) {
    value = Self.tables[Int(UInt8(truncatingIfNeeded: value) ^ byte)] ^ (value >> 8)
  }
}
