import DfuseFormat
import DfuseTestSupport
import Testing

@Suite struct RawBinaryTests {
  /// A stack pointer at the end of 128 KiB of RAM, a reset vector at byte 8, and code.
  private static let vectors: [UInt8] = [0, 0, 2, 0x20, 9, 0, 0, 8, 0xFE, 0xE7]

  @Test func `bytes go to the address given`() throws {
    let firmware = try RawBinary.parse(Self.vectors, at: 0x0800_0000)
    var image = MemoryImage()
    try image.insert(Self.vectors, at: 0x0800_0000)
    #expect(firmware == FirmwareImage(kind: .raw, image: image))
  }

  @Test func `address 0 is warned of, and nothing else there`() throws {
    #expect(try RawBinary.parse([1, 2, 3], at: 0).warnings == [.rawAtAddressZero])
  }

  @Test func `bytes that are no vector table are warned of`() throws {
    #expect(
      try RawBinary.parse([UInt8](repeating: 0xFF, count: 16), at: 0x0800_0000).warnings == [
        .notAVectorTable(address: 0x0800_0000, reason: .stackPointerNotInRAM(0xFFFF_FFFF))
      ])
  }

  @Test func `no vector table is looked for where none can be`() throws {
    #expect(try RawBinary.parse([0xFF, 0xFF], at: 0x0800_0040).warnings == [])
  }

  @Test func `no bytes are refused`() {
    #expect(throws: FormatError.noData(.raw)) { try RawBinary.parse([], at: 0x0800_0000) }
  }

  @Test func `a DfuSe container is refused`() {
    #expect(throws: FormatError.alreadyContainer(isDfuSe: true)) {
      try RawBinary.parse(Array("DfuSe".utf8) + [1, 0, 0, 0, 0, 1], at: 0x0800_0000)
    }
  }

  @Test func `a plain DFU file is refused, bytes that only look like one are not`() throws {
    var file: [UInt8] = [UInt8](0...15) + [0xFF, 0xFF, 0x11, 0xDF, 0x83, 0x04, 0x00, 0x01]
    file += [0x55, 0x46, 0x44, 0x10, 0xCC, 0x41, 0xC6, 0xB1]
    #expect(throws: FormatError.alreadyContainer(isDfuSe: false)) {
      try RawBinary.parse(file, at: 0x0800_0000)
    }
    file[0] = 1
    #expect(try RawBinary.parse(file, at: 0x0800_0000).image.byteCount == 32)
  }

  @Test func `bytes above the address space are refused`() {
    #expect(throws: FormatError.outsideAddressSpace(address: 0xFFFF_FFFF, size: 2)) {
      try RawBinary.parse([1, 2], at: 0xFFFF_FFFF)
    }
  }

  @Test(
    arguments: [
      (0x2002_0000, 0x0800_0009, nil), (0x2000_0000, 0x0800_0101, nil),
      (0x1000_4000, 0x0800_0009, nil), (0x2400_0000, 0x0800_0009, nil),
      (0x0800_0000, 0x0800_0009, .stackPointerNotInRAM(0x0800_0000)),
      (0x4000_0004, 0x0800_0009, .stackPointerNotInRAM(0x4000_0004)),
      (0x2002_0000, 0x0800_0008, .resetVectorEven(0x0800_0008)),
      (0x2002_0000, 0x0800_0103, .resetVectorOutsideImage(0x0800_0103)),
      (0x2002_0000, 0x0000_0001, .resetVectorOutsideImage(1)),
    ] as [(UInt32, UInt32, VectorTable.Implausibility?)])
  func `a vector table has a stack in RAM and a reset vector in the firmware`(
    stackPointer: UInt32, reset: UInt32, reason: VectorTable.Implausibility?
  ) throws {
    var image = MemoryImage()
    let words = [stackPointer, reset].flatMap { word in
      (0..<4).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) }
    }
    try image.insert(words + [UInt8](repeating: 0, count: 0xFA), at: 0x0800_0000)
    #expect(
      VectorTable.check(image)
        == reason.map { .notAVectorTable(address: 0x0800_0000, reason: $0) })
  }

  @Test func `a vector table is looked for at the lowest address`() throws {
    var image = MemoryImage()
    try image.insert(Self.vectors, at: 0x0800_0000)
    try image.insert([1, 2, 3], at: 0x1FFF_C000)
    #expect(VectorTable.check(image) == nil)
    try image.insert([1, 2, 3, 4, 5, 6, 7], at: 0x0700_0000)
    #expect(
      VectorTable.check(image)
        == .notAVectorTable(address: 0x0700_0000, reason: .tooShort(bytes: 7)))
    #expect(VectorTable.check(MemoryImage()) == nil)
  }
}
