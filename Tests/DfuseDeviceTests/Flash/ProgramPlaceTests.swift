import DfuseFormat
import DfuseTestSupport
import Testing

@testable import DfuseDevice

/// Whether raw bytes belong where a board's programs start.
@Suite struct ProgramPlaceTests {
  private static let maps = [
    "f1": "@Internal Flash  /0x08000000/512*001Kg",
    "f1 high density": "@Internal Flash  /0x08000000/256*002Kg",
    "f4": "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg",
    "f7": "@Internal Flash  /0x08000000/04*032Kg,01*128Kg,03*256Kg",
    "h7": "@Internal Flash   /0x08000000/16*128Kg",
  ]

  /// A program as a linker makes it: a vector table, then code with literals that point into the
  /// program and into RAM, and numbers.
  private static func program(
    _ size: Int, at base: UInt32, seed: UInt64 = 1, alias: UInt32 = 0
  ) -> [UInt8] {
    var random = SplitMix64(seed: seed)
    func inside() -> UInt32 {
      base &- alias + UInt32.random(in: 0x190..<UInt32(size) / 4, using: &random) * 4 + 1
    }
    var words: [UInt32] = [0x2000_5000]
    let handler = base &- alias + 0x1A1
    words += [inside(), handler, handler, handler, handler, handler, 0, 0, 0, 0, handler, handler]
    words += [0, handler, handler]
    while words.count < size / 4 {
      switch words.count % 16 {
      case 0: words.append(inside())
      case 8: words.append(0x2000_0000 + UInt32.random(in: 0..<0x5000, using: &random))
      default: words.append(UInt32.random(in: 0...0x07FF_FFFF, using: &random))
      }
    }
    return words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }
  }

  private static func map(_ name: String) throws -> MemoryMap {
    try #require(maps[name].flatMap(MemoryMap.parse))
  }

  @Test(arguments: maps.keys.sorted(), [8, 64, 256])
  func `a program for the start of the flash goes there`(chip: String, size: Int) throws {
    for seed in 1...5 as ClosedRange<UInt64> {
      let bytes = Self.program(size << 10, at: 0x0800_0000, seed: seed)
      #expect(
        ProgramPlace.decide(bytes, in: try Self.map(chip), start: 0x0800_0000) == .sure)
    }
  }

  @Test(
    arguments: maps.keys.sorted(),
    [
      0x0800_2000, 0x0800_4000, 0x0800_5000, 0x0800_7000, 0x0800_8000, 0x0801_0000, 0x0802_0000,
    ] as [UInt32])
  func `a program for another place does not go to the start`(chip: String, base: UInt32) throws {
    let map = try Self.map(chip)
    let isSectorStart =
      map.segment(at: UInt64(base))?.sector(at: UInt64(base)).lowerBound == UInt64(base)
    for size in [8, 64, 256] {
      let bytes = Self.program(size << 10, at: base)
      switch ProgramPlace.decide(bytes, in: map, start: 0x0800_0000) {
      case .sure: Issue.record("\(size) KiB would go to the start")
      case .doubtful(let likely, let candidates):
        #expect(candidates.last == 0x0800_0000)
        if isSectorStart {
          #expect(likely == UInt64(base))
          #expect(candidates.first == UInt64(base))
        }
      case .elsewhere(_, let candidates):
        #expect(!isSectorStart || candidates.first == UInt64(base))
        #expect(!candidates.contains(0x0800_0000))
      }
    }
  }

  @Test func `a program for the start is refused for an application bootloader's base`() throws {
    let map = try #require(MemoryMap.parse("@Internal Flash  2MB   /0x08000000/01*128Ka,15*128Kg"))
    for size in [64, 300] {
      let bytes = Self.program(size << 10, at: 0x0800_0000)
      #expect(ProgramPlace.decide(bytes, in: map, start: 0x0804_0000) != .sure)
    }
    let bytes = Self.program(300 << 10, at: 0x0804_0000)
    #expect(ProgramPlace.decide(bytes, in: map, start: 0x0804_0000) == .sure)
  }

  @Test(arguments: [0x0800_0000, 0x07E0_0000] as [UInt32])
  func `vectors in an alias of the flash count as the flash`(alias: UInt32) throws {
    let bytes = Self.program(64 << 10, at: 0x0800_0000, alias: alias)
    #expect(ProgramPlace.decide(bytes, in: try Self.map("f7"), start: 0x0800_0000) == .sure)
  }

  @Test func `the table stands behind an MCUboot header`() throws {
    // struct image_header: magic, load address, header size 0x200.
    let header: [UInt8] =
      [0x3D, 0xB8, 0xF3, 0x96, 0, 0, 0, 0, 0, 2] + [UInt8](repeating: 0, count: 0x200 - 10)
    let map = try Self.map("f4")
    let bytes = header + Self.program(60 << 10, at: 0x0801_0200)
    #expect(ProgramPlace.decide(bytes, in: map, start: 0x0801_0000) == .sure)
    #expect(ProgramPlace.decide(bytes, in: map, start: 0x0800_0000) != .sure)
    let image = try MemoryImage(merging: [ImageElement(address: 0x0801_0000, bytes: bytes)])
    #expect(ProgramShape.misfit(of: image, at: 0x0801_0000) == nil)
  }

  @Test func `a RISC-V program is taken where the chip may be one`() throws {
    let map = try #require(MemoryMap.parse("@Internal Flash  /0x08000000/128*001Kg"))
    // `j 0x400`, as the GD32VF103's start file begins.
    let bytes: [UInt8] = [0x6F, 0x00, 0x00, 0x40] + [UInt8](repeating: 0x13, count: 8000)
    #expect(ProgramPlace.decide(bytes, in: map, start: 0x0800_0000, mayBeRISCV: true) == .sure)
    #expect(ProgramPlace.decide(bytes, in: map, start: 0x0800_0000) != .sure)
    let arm = Self.program(8 << 10, at: 0x0800_0000)
    #expect(ProgramPlace.decide(arm, in: map, start: 0x0800_0000, mayBeRISCV: true) == .sure)
  }

  @Test(
    arguments: [
      [], [1], [UInt8](repeating: 0xFF, count: 1000), [UInt8](repeating: 0, count: 1000),
      Array("<!DOCTYPE html><html><head><title>404</title></head></html>".utf8),
    ] as [[UInt8]])
  func `bytes that are no program fit nowhere`(bytes: [UInt8]) throws {
    guard
      case .elsewhere(_, let candidates) = ProgramPlace.decide(
        bytes, in: try Self.map("f4"), start: 0x0800_0000)
    else {
      Issue.record("taken for a program")
      return
    }
    #expect(candidates == [])
  }

  @Test func `hostile bytes and maps are only decided about`() throws {
    var random = SplitMix64(seed: 9)
    let maps = [
      "@Internal Flash  /0x08000000/1*1 g", "@x /0xFFFFFFF0/16*1 g", "@x /0x00000000/65536*256 g",
      "@x /0x08000000/04*016Ka",
    ]
    for text in maps {
      let map = try #require(MemoryMap.parse(text))
      for _ in 0..<50 {
        let bytes = random.bytes(Int.random(in: 0...3000, using: &random))
        _ = ProgramPlace.decide(bytes, in: map, start: map.segments.first?.start ?? 0)
      }
    }
  }
}
