import DfuseTestSupport
import Testing

@testable import DfuseFormat

/// The checksum of DFU 1.1 appendix B.
@Suite struct CRC32Tests {
  @Test(
    arguments: [
      ([], 0xFFFF_FFFF),
      ([0x00], 0x2DFD_1072),
      ([0xFF], 0x00FF_FFFF),
      ([0, 0, 0, 0], 0xDEBB_20E3),
      (Array("123456789".utf8), 0x340B_C6D9),
    ] as [([UInt8], UInt32)])
  func `known inputs have their known checksums`(bytes: [UInt8], expected: UInt32) {
    #expect(CRC32.checksum(of: bytes) == expected)
  }

  /// The definition, a bit at a time, without a table.
  private func byDefinition(_ bytes: [UInt8]) -> UInt32 {
    var value: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      value ^= UInt32(byte)
      for _ in 0..<8 { value = value & 1 != 0 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    }
    return value
  }

  @Test func `every length around the step of sixteen agrees with the definition`() {
    var random = SplitMix64(seed: 1)
    for length in 0...100 {
      let bytes = random.bytes(length)
      #expect(CRC32.checksum(of: bytes) == byDefinition(bytes))
    }
  }

  @Test func `every length around the least for two lanes agrees with the definition`() {
    var random = SplitMix64(seed: 5)
    let lengths = Array(4080...4144) + [8191, 8192, 65_535, 131_072 + 17]
    let bytes = random.bytes(131_072 + 17)
    for length in lengths {
      let part = Array(bytes.prefix(length))
      #expect(CRC32.checksum(of: part) == byDefinition(part))
    }
  }

  @Test func `a large piece goes on from what was added before`() {
    var random = SplitMix64(seed: 6)
    let bytes = random.bytes(20_003)
    var crc = CRC32()
    crc.update(bytes[..<7])
    crc.update(bytes[7..<10_007])
    crc.update(bytes[10_007...])
    #expect(crc.value == byDefinition(bytes))
  }

  @Test func `pieces of any size give the checksum of the whole`() {
    var random = SplitMix64(seed: 2)
    let bytes = random.bytes(500)
    for size in [1, 3, 15, 16, 17, 64, 499] {
      var crc = CRC32()
      for start in stride(from: 0, to: bytes.count, by: size) {
        crc.update(bytes[start..<min(start + size, bytes.count)])
      }
      #expect(crc.value == byDefinition(bytes))
    }
  }

  @Test func `bytes that are not stored in one piece count the same`() {
    var random = SplitMix64(seed: 3)
    let bytes = random.bytes(100)
    #expect(CRC32.checksum(of: bytes.lazy.map { $0 }) == byDefinition(bytes))
  }

  @Test func `a sound file with its checksum gives zero`() throws {
    let file = try ContainerSamples.worked.encoded()
    #expect(CRC32.checksum(of: file) == 0)
  }

  @Test(.enabled(if: OutsideWitness.gzip.isInstalled))
  func `gzip stores the complement of the same checksum`() throws {
    var random = SplitMix64(seed: 4)
    let bytes = random.bytes(10_000)
    let packed = try OutsideWitness.gzip.run(
      ["-k", "data"], input: ["data": bytes], output: "data.gz")
    // RFC 1952: CRC-32, then the length, both little-endian, end the file.
    let stored = packed.suffix(8).prefix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    #expect(~CRC32.checksum(of: bytes) == stored)
  }
}
