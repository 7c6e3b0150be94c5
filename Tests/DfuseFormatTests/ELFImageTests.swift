import DfuseTestSupport
import Testing

@testable import DfuseFormat

@Suite struct ELFImageTests {
  /// Flash at 0x0800_0000 with 8 bytes of code, and 4 bytes of data that run at 0x2000_0000.
  private static let program = ELFBuilder(
    segments: [
      .init(
        offset: 0x100, virtualAddress: 0x0800_0000, physicalAddress: 0x0800_0000, fileSize: 8),
      .init(
        offset: 0x108, virtualAddress: 0x2000_0000, physicalAddress: 0x0800_0008, fileSize: 4,
        memorySize: 0x40),
    ],
    sections: [
      .init(address: 0x0800_0000, offset: 0x100, size: 8),
      .init(address: 0x2000_0000, offset: 0x108, size: 4),
      .init(type: 8, flags: 3, address: 0x2000_0004, offset: 0x10C, size: 0x3C),
      .init(flags: 0, address: 0, offset: 0x100, size: 12),
    ],
    content: [UInt8](1...12))

  private static func variant(_ change: (inout ELFBuilder) -> Void) -> ELFBuilder {
    var builder = program
    change(&builder)
    return builder
  }

  private func expect(
    _ error: FormatError, in bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(throws: error, sourceLocation: sourceLocation) {
      try Firmware(reading: bytes, as: .elf)
    }
  }

  // MARK: What is loaded

  @Test func `data are stored at their load address and zeroed RAM is not`() throws {
    let firmware = try Firmware(reading: Self.variant { $0.entry = 0x0800_0005 }.bytes, as: .elf)
    let image = try MemoryImage(merging: [
      ImageElement(address: 0x0800_0000, bytes: [UInt8](1...12))
    ])
    var expected = Firmware(.elf, image, entryPoint: 0x0800_0005)
    (expected.sections, expected.machine) = (firmware.sections, 40)
    #expect(firmware == expected)
    #expect(
      firmware.sections.map(\.range)
        == [0x0800_0000..<0x0800_0008, 0x0800_0008..<0x0800_000C])
    // The file has no table of section names.
    #expect(firmware.sections.allSatisfy { $0.name.isEmpty })
  }

  @Test func `an entry of 0 means none`() throws {
    #expect(try Firmware(reading: Self.program.bytes, as: .elf).entryPoint == nil)
  }

  @Test func `a segment that holds the ELF headers only is not loaded`() throws {
    let builder = Self.variant {
      $0.segments.insert(
        .init(offset: 0, virtualAddress: 0x07FF_0000, physicalAddress: 0x07FF_0000, fileSize: 0x94),
        at: 0)
    }
    #expect(
      try Firmware(reading: builder.bytes, as: .elf).image.ranges == [0x0800_0000..<0x0800_000C])
  }

  @Test func `headers in front of code in one segment are not loaded`() throws {
    let builder = Self.variant {
      $0.segments[0] = .init(
        offset: 0, virtualAddress: 0x07FF_FF00, physicalAddress: 0x07FF_FF00, fileSize: 0x108)
    }
    #expect(
      try Firmware(reading: builder.bytes, as: .elf).image.runs == [
        ImageElement(address: 0x0800_0000, bytes: [UInt8](1...12))
      ])
  }

  @Test func `without section headers the segments are loaded whole`() throws {
    let builder = Self.variant {
      $0.sections = nil
      $0.segments.insert(
        .init(offset: 0, virtualAddress: 0x07FF_0000, physicalAddress: 0x07FF_0000, fileSize: 0x94),
        at: 0)
    }
    #expect(
      try Firmware(reading: builder.bytes, as: .elf).image.ranges == [
        0x07FF_0000..<0x07FF_0094, 0x0800_0000..<0x0800_000C,
      ])
  }

  @Test func `segments of other types and empty ones are not loaded`() throws {
    let builder = Self.variant {
      $0.sections = nil
      $0.segments[0].type = 0x7000_0001
      // A segment for .bss has no bytes, wherever its offset points.
      $0.segments.append(
        .init(
          offset: 0xFFFF_FFFF, virtualAddress: 0x2000_0100, physicalAddress: 0x2000_0100,
          fileSize: 0, memorySize: 0x100))
    }
    #expect(
      try Firmware(reading: builder.bytes, as: .elf).image.ranges == [0x0800_0008..<0x0800_000C])
  }

  @Test(arguments: [1, 2, 3])
  func `a gap of up to 3 bytes is filled with zeros`(gap: UInt32) throws {
    let builder = Self.variant { $0.segments[1].physicalAddress += gap }
    let zeros = [UInt8](repeating: 0, count: Int(gap))
    #expect(
      try Firmware(reading: builder.bytes, as: .elf).image.runs == [
        ImageElement(address: 0x0800_0000, bytes: [UInt8](1...8) + zeros + [UInt8](9...12))
      ])
  }

  @Test func `a gap of 4 bytes stays`() throws {
    let builder = Self.variant { $0.segments[1].physicalAddress += 4 }
    #expect(
      try Firmware(reading: builder.bytes, as: .elf).image.ranges == [
        0x0800_0000..<0x0800_0008, 0x0800_000C..<0x0800_0010,
      ])
  }

  @Test func `a section with data in no segment is left out with a warning`() throws {
    let builder = Self.variant { $0.segments[1].fileSize = 3 }
    let firmware = try Firmware(reading: builder.bytes, as: .elf)
    #expect(try firmware.image.ranges == [0x0800_0000..<0x0800_0008])
    #expect(
      firmware.warnings == [.sectionNotLoaded(index: 2, address: 0x2000_0000, size: 4)])
  }

  @Test func `segments that share bytes of the file are told apart by virtual address`() throws {
    let builder = Self.variant {
      // The first segment reaches over the second one's bytes in the file.
      $0.segments[0].fileSize = 12
      $0.segments[0].memorySize = 12
      $0.segments[1].physicalAddress = 0x0801_0000
    }
    #expect(
      try Firmware(reading: builder.bytes, as: .elf).image.ranges == [
        0x0800_0000..<0x0800_0008, 0x0801_0000..<0x0801_0004,
      ])
  }

  @Test func `equal bytes loaded twice are noted`() throws {
    let builder = Self.variant {
      $0.content = [1, 2, 3, 4, 5, 6, 7, 8, 7, 8, 9, 10]
      $0.segments[1].physicalAddress = 0x0800_0006
    }
    let firmware = try Firmware(reading: builder.bytes, as: .elf)
    #expect(
      try firmware.image.runs == [ImageElement(address: 0x0800_0000, bytes: [UInt8](1...10))])
    #expect(firmware.warnings == [.duplicateData(bytes: 2)])
  }

  @Test(
    arguments: [
      (40, []), (243, []), (94, [.unusualMachine(94)]),
    ] as [(UInt16, [Firmware.Warning])])
  func `machines other than ARM and RISC-V are warned of`(
    machine: UInt16, warnings: [Firmware.Warning]
  ) throws {
    #expect(
      try Firmware(reading: Self.variant { $0.machine = machine }.bytes, as: .elf).warnings
        == warnings)
  }

  @Test func `the last byte of the address space can be loaded`() throws {
    let builder = Self.variant { $0.segments[1].physicalAddress = 0xFFFF_FFFC }
    #expect(
      try Firmware(reading: builder.bytes, as: .elf).image.ranges == [
        0x0800_0000..<0x0800_0008, 0xFFFF_FFFC..<0x1_0000_0000,
      ])
  }

  // MARK: What is refused

  @Test func `other files and cut headers are refused`() {
    expect(
      .badSignature(
        field: "e_ident", offset: 0, expected: [0x7F, 0x45, 0x4C, 0x46],
        found: [0x3A, 0x30, 0x31, 0x30]),
      in: Array(":0100000055AA".utf8))
    expect(.truncated(field: "ELF header", offset: 0, needed: 52, available: 0), in: [])
    expect(
      .truncated(field: "ELF header", offset: 0, needed: 52, available: 51),
      in: Array(Self.program.bytes.prefix(51)))
  }

  @Test func `programs for other processors are refused`() {
    expect(
      .badELF(offset: 4, problem: .notThirtyTwoBit),
      in: Self.variant { $0.identity[4] = 2 }.bytes)
    expect(
      .badELF(offset: 5, problem: .notLittleEndian),
      in: Self.variant { $0.identity[5] = 2 }.bytes)
    expect(
      .badELF(offset: 6, problem: .unsupportedVersion(0)),
      in: Self.variant { $0.identity[6] = 0 }.bytes)
  }

  @Test func `files that are not linked programs are refused`() throws {
    expect(
      .badELF(offset: 16, problem: .relocatable), in: Self.variant { $0.type = 1 }.bytes)
    expect(
      .badELF(offset: 16, problem: .notAProgram(type: 4)), in: Self.variant { $0.type = 4 }.bytes)
    #expect(
      try Firmware(reading: Self.variant { $0.type = 3 }.bytes, as: .elf).image.byteCount == 12)
  }

  @Test func `tables with other entries are refused`() {
    expect(
      .badELF(offset: 42, problem: .entrySize(table: .segments, expected: 32, found: 56)),
      in: Self.variant { $0.programHeaderSize = 56 }.bytes)
    expect(
      .badELF(offset: 46, problem: .entrySize(table: .sections, expected: 40, found: 0)),
      in: Self.variant { $0.sectionHeaderSize = 0 }.bytes)
  }

  @Test func `tables cut off are refused`() {
    let bytes = Self.program.bytes
    expect(
      .truncated(field: "table of sections", offset: 0x10C, needed: 200, available: 199),
      in: Array(bytes.dropLast()))
    expect(
      .truncated(field: "table of segments", offset: 52, needed: 64, available: 63),
      in: Array(bytes.prefix(52 + 63)))
    expect(
      .truncated(field: "table of sections", offset: 0x10C, needed: 200, available: 0),
      in: Array(bytes.prefix(0x10C)))
  }

  @Test func `bytes beyond the end of the file are refused`() {
    let size = Self.program.bytes.count
    expect(
      .badELF(
        offset: 52 + 4,
        problem: .outsideFile(
          .segments, index: 0, offset: 0x100, size: 0xFFFF_FFFF, fileSize: size)),
      in: Self.variant { $0.segments[0].fileSize = 0xFFFF_FFFF }.bytes)
    expect(
      .badELF(
        offset: Self.program.sectionHeaderOffset(2) + 16,
        problem: .outsideFile(
          .sections, index: 2, offset: 0xFFFF_FFFE, size: 4, fileSize: size)),
      in: Self.variant { $0.sections?[1].offset = 0xFFFF_FFFE }.bytes)
  }

  @Test func `bytes above the address space are refused`() {
    expect(
      .outsideAddressSpace(address: 0xFFFF_FFFD, size: 4),
      in: Self.variant { $0.segments[1].physicalAddress = 0xFFFF_FFFD }.bytes)
    expect(
      .outsideAddressSpace(address: 0x1_0000_0004, size: 4),
      in: Self.variant {
        $0.segments[0].physicalAddress = 0xFFFF_FFFC
        $0.segments[0].fileSize = 12
        $0.segments[1].type = 0
        $0.sections?[0].size = 4
      }.bytes)
  }

  @Test func `sections that differ in a byte are refused with both ranges`() {
    expect(
      .overlap(
        new: 0x0800_0006..<0x0800_000A, existing: 0x0800_0000..<0x0800_0008,
        firstDifference: 0x0800_0006),
      in: Self.variant { $0.segments[1].physicalAddress = 0x0800_0006 }.bytes)
  }

  @Test func `a file that loads its bytes again and again is refused`() {
    let size = UInt32(Self.program.bytes.count)
    expect(
      .badELF(
        offset: 0,
        problem: .moreThanTheFile(bytes: 2 * UInt64(size) - 400, fileSize: Int(size) - 200)),
      in: Self.variant {
        $0.sections = nil
        for index in 0...1 {
          $0.segments[index] = .init(
            offset: 0, virtualAddress: 0, physicalAddress: UInt32(index) << 16,
            fileSize: size - 200)
        }
      }.bytes)
  }

  @Test func `a program without data is refused`() {
    expect(.noData(.elf), in: Self.variant { $0.segments = [] }.bytes)
    expect(
      .noData(.elf),
      in: Self.variant {
        $0.segments = []
        $0.sections = nil
      }.bytes)
    expect(.noData(.elf), in: Self.variant { $0.sections = [] }.bytes)
  }
}
