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
