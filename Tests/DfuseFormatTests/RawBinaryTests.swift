import DfuseTestSupport
import Testing

@testable import DfuseFormat

@Suite struct RawBinaryTests {
  /// A stack pointer at the end of 128 KiB of RAM, a reset vector at byte 8, and code.
  private static let vectors: [UInt8] = [0, 0, 2, 0x20, 9, 0, 0, 8, 0xFE, 0xE7]

  @Test func `bytes go to the address given`() throws {
    let firmware = try Firmware(reading: Self.vectors, as: .raw, at: 0x0800_0000)
    let image = try MemoryImage(merging: [
      ImageElement(address: 0x0800_0000, bytes: Self.vectors)
    ])
    #expect(firmware == Firmware(.raw, image))
  }

  @Test func `a place that nobody stated is address 0, which is warned of, and nothing else there`()
    throws
  {
    let firmware = try Firmware(reading: [1, 2, 3], as: .raw)
    #expect(firmware.warnings == [.rawAtAddressZero])
    #expect(firmware.elements == [ImageElement(address: 0, bytes: [1, 2, 3])])
    #expect(!firmware.isPlaced)
    #expect(try Firmware(reading: [1, 2, 3], as: .raw, at: 0).findings.isEmpty)
  }

  @Test func `bytes without a place get one later`() throws {
    var firmware = try Firmware(reading: Self.vectors)
    #expect(throws: FormatError.outsideAddressSpace(address: 0xFFFF_FFFF, size: 10)) {
      try firmware.place(at: 0xFFFF_FFFF)
    }
    try firmware.place(at: 0x0800_4000)
    #expect(firmware.isPlaced)
    #expect(firmware.elements == [ImageElement(address: 0x0800_4000, bytes: Self.vectors)])
  }

  @Test func `bytes that are no vector table are warned of`() throws {
    #expect(
      try Firmware(reading: [UInt8](repeating: 0xFF, count: 16), as: .raw, at: 0x0800_0000).warnings
        == [
          .notAVectorTable(address: 0x0800_0000, reason: .resetVectorOutsideImage(0xFFFF_FFFF))
        ])
  }

  @Test func `no vector table is looked for where none can be`() throws {
    #expect(try Firmware(reading: [0xFF, 0xFF], as: .raw, at: 0x0800_0040).warnings == [])
  }

  @Test func `no bytes are refused`() {
    #expect(throws: FormatError.noData(.raw)) {
      try Firmware(reading: [], as: .raw, at: 0x0800_0000)
    }
  }

  @Test func `bytes above the address space are refused`() {
    #expect(throws: FormatError.outsideAddressSpace(address: 0xFFFF_FFFF, size: 2)) {
      try Firmware(reading: [1, 2], as: .raw, at: 0xFFFF_FFFF)
    }
  }

  @Test(
    arguments: [
      (0x2002_0000, 0x0800_0009, nil), (0x2000_0000, 0x0800_0101, nil),
      (0x1000_4000, 0x0800_0009, nil), (0x2400_0000, 0x0800_0009, nil),
      // rusefi#147, #696: good programs have odd stack pointers.
      (0x0800_0000, 0x0800_0009, nil), (0xFFFF_FFFF, 0x0800_0009, nil),
      (0x2002_0000, 0x0800_0008, .resetVectorEven(0x0800_0008)),
      (0x2002_0000, 0x0800_0103, .resetVectorOutsideImage(0x0800_0103)),
      // The same flash at 0, at 0x0020_0000 (F7) and at 0x0C00_0000 (TrustZone).
      (0x2002_0000, 0x0000_0009, nil), (0x2002_0000, 0x0020_0009, nil),
      (0x2002_0000, 0x0C00_0009, nil), (0x2002_0000, 0x0000_0103, .resetVectorOutsideImage(0x103)),
    ] as [(UInt32, UInt32, VectorTable.Implausibility?)])
  func `a vector table has a reset vector in the firmware`(
    stackPointer: UInt32, reset: UInt32, reason: VectorTable.Implausibility?
  ) throws {
    let image = try MemoryImage(merging: [
      ImageElement(
        address: 0x0800_0000, bytes: words(stackPointer, reset) + [UInt8](repeating: 0, count: 0xFA)
      )
    ])
    #expect(VectorTable.implausibility(of: image, at: 0x0800_0000) == reason)
  }

  /// ARMv7-M B1.5.2: what stands at 7 to 10 and 13 is reserved.
  @Test(arguments: 2..<16)
  func `system exceptions have vectors in the firmware, or none`(number: Int) throws {
    let isReserved = (7...10).contains(number) || number == 13
    for wrong: UInt32 in [0x0800_0010, 0x0800_0101, 0xFFFF_FFFF] {
      var table = [UInt32](repeating: 0, count: 16)
      table[1] = 0x0800_0041
      table[number] = wrong
      var bytes: [UInt8] = []
      for word in table + [0] { bytes += words(word) }
      let reason = VectorTable.implausibility(of: bytes) {
        (0x0800_0000..<0x0800_0044).contains($0)
      }
      #expect(reason == (isReserved ? nil : .exceptionVector(number: number, wrong)))
    }
  }

  @Test func `where an image has nothing, no table is missed`() throws {
    let image = try MemoryImage(merging: [
      ImageElement(address: 0x0800_0000, bytes: Self.vectors),
      ImageElement(address: 0x1FFF_C000, bytes: [1, 2, 3]),
    ])
    #expect(VectorTable.implausibility(of: image, at: 0x0800_0000) == nil)
    #expect(VectorTable.implausibility(of: image, at: 0x0801_0000) == nil)
    #expect(VectorTable.implausibility(of: image, at: 0x1FFF_C000) == .tooShort(bytes: 3))
  }

  private func words(_ words: UInt32...) -> [UInt8] {
    words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }
  }
}
