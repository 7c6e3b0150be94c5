import DfuseTestSupport
import Testing

@testable import DfuseFormat

@Suite struct IntelHexTests {
  private static let end = ":00000001FF"

  private func parse(_ text: String) throws(FormatError) -> Firmware {
    try Firmware(reading: Array(text.utf8), as: .hex)
  }

  /// The error of a file, as the line, the column and the problem.
  private func expect(
    _ problem: RecordProblem, line: Int, column: Int, in text: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(
      throws: FormatError.badRecord(.hex, line: line, column: column, problem: problem),
      sourceLocation: sourceLocation
    ) {
      try parse(text)
    }
  }

  // MARK: What a file says

  @Test func `a program at the start of flash is read whole`() throws {
    let firmware = try parse(
      """
      :020000040800F2
      :10000000000102030405060708090A0B0C0D0E0F78
      :0800100010111213141516174C
      :0400000508000009E6
      :00000001FF

      """)
    let image = try MemoryImage(merging: [
      ImageElement(address: 0x0800_0000, bytes: [UInt8](0...0x17))
    ])
    #expect(firmware == Firmware(.hex, image, entryPoint: 0x0800_0009))
  }

  @Test func `type 03 gives CS and IP as one address`() throws {
    let firmware = try parse(":0400000300003800C1\n:0100000055AA\n\(Self.end)")
    #expect(firmware.entryPoint == 0x3800)
    let high = try parse(
      "\(RecordLines.hex(3, 0, [0xFF, 0xFF, 0xFF, 0xFF]))\n:0100000055AA\n\(Self.end)")
    #expect(high.entryPoint == 0x10_FFEF)
  }

  @Test func `type 02 sets a base of sixteen times its value`() throws {
    let firmware = try parse(":020000021000EC\n:0100050055A5\n\(Self.end)")
    #expect(try firmware.image.runs == [ImageElement(address: 0x1_0005, bytes: [0x55])])
  }

  @Test func `within a type 02 segment the address wraps at 64 KiB`() throws {
    let data = RecordLines.hex(0, 0xFFFE, [1, 2, 3, 4])
    let firmware = try parse(":020000021000EC\n\(data)\n\(Self.end)")
    #expect(
      try firmware.image.runs == [
        ImageElement(address: 0x1_0000, bytes: [3, 4]),
        ImageElement(address: 0x1_FFFE, bytes: [1, 2]),
      ])
  }

  @Test func `within a type 04 base the address runs on`() throws {
    let data = RecordLines.hex(0, 0xFFFE, [1, 2, 3, 4])
    let firmware = try parse(":020000040800F2\n\(data)\n\(Self.end)")
    #expect(try firmware.image.runs == [ImageElement(address: 0x0800_FFFE, bytes: [1, 2, 3, 4])])
  }

  @Test func `before any base the address runs on from 0`() throws {
    let firmware = try parse("\(RecordLines.hex(0, 0xFFFF, [1, 2]))\n\(Self.end)")
    #expect(try firmware.image.runs == [ImageElement(address: 0xFFFF, bytes: [1, 2])])
  }

  @Test func `a later base replaces an earlier one of either type`() throws {
    let lines = [
      RecordLines.hex(2, 0, [0x10, 0]), RecordLines.hex(4, 0, [0x08, 0]),
      RecordLines.hex(0, 0xFFFF, [1, 2]), RecordLines.hex(2, 0, [0x10, 0]),
      RecordLines.hex(0, 0xFFFF, [3, 4]), Self.end,
    ]
    #expect(
      try Firmware(reading: lines.file, as: .hex).image.runs == [
        ImageElement(address: 0x1_0000, bytes: [4]), ImageElement(address: 0x1_FFFF, bytes: [3]),
        ImageElement(address: 0x0800_FFFF, bytes: [1, 2]),
      ])
  }

  @Test func `the last byte of the address space can be given`() throws {
    let lines = [RecordLines.hex(4, 0, [0xFF, 0xFF]), RecordLines.hex(0, 0xFFFF, [1]), Self.end]
    #expect(
      try Firmware(reading: lines.file, as: .hex).image.ranges == [0xFFFF_FFFF..<0x1_0000_0000])
  }

  @Test func `a record may hold 255 bytes or none`() throws {
    let bytes = [UInt8](repeating: 0xA5, count: 255)
    let lines = [RecordLines.hex(0, 0x10, bytes), RecordLines.hex(0, 0x8000, []), Self.end]
    #expect(
      try Firmware(reading: lines.file, as: .hex).image.runs == [
        ImageElement(address: 0x10, bytes: bytes)
      ])
  }

  @Test func `gaps are not filled`() throws {
    let lines = [RecordLines.hex(0, 0, [1]), RecordLines.hex(0, 2, [2]), Self.end]
    #expect(try Firmware(reading: lines.file, as: .hex).image.ranges == [0..<1, 2..<3])
  }

  @Test func `equal bytes given twice are noted`() throws {
    let lines = [RecordLines.hex(0, 0, [1, 2, 3]), RecordLines.hex(0, 1, [2, 3, 4]), Self.end]
    let firmware = try Firmware(reading: lines.file, as: .hex)
    #expect(try firmware.image.runs == [ImageElement(address: 0, bytes: [1, 2, 3, 4])])
    #expect(firmware.warnings == [.duplicateData(bytes: 2)])
  }

  @Test(arguments: ["\n", "\r\n", "\r", "\n\n", "  \t\n", "\r\n \r\n"])
  func `any line ends, blank lines and trailing blanks are the same file`(
    separator: String
  ) throws {
    let lines = [":020000040800F2", ":0800100010111213141516174c", Self.end]
    let firmware = try parse(separator + lines.joined(separator: separator) + separator)
    #expect(
      try firmware.image.runs == [ImageElement(address: 0x0800_0010, bytes: [UInt8](0x10...0x17))])
    #expect(try parse(lines.joined(separator: separator)) == firmware)
  }

  // MARK: What is wrong with a file

  @Test func `a line without a colon is refused`() {
    expect(
      .startMark(expected: 0x3A, found: 0x30), line: 2, column: 1,
      in: ":0100000055AA\n0100010055A9\n\(Self.end)")
    expect(.startMark(expected: 0x3A, found: 0x20), line: 1, column: 1, in: " \(Self.end)")
  }

  @Test func `a character that is no digit is pointed at`() {
    expect(.notHexDigit(found: 0x67), line: 1, column: 10, in: ":01000000g5AA\n\(Self.end)")
    expect(.notHexDigit(found: 0x47), line: 1, column: 11, in: ":010000005GAA\n\(Self.end)")
    expect(.notHexDigit(found: 0x20), line: 1, column: 4, in: ":01 000055AA\n\(Self.end)")
    expect(.notHexDigit(found: 0xC3), line: 1, column: 14, in: ":0100000055AAü\n\(Self.end)")
    expect(.notHexDigit(found: 0x3B), line: 1, column: 14, in: ":0100000055AA; note\n\(Self.end)")
  }

  @Test func `a lone digit is pointed at`() {
    expect(.oddDigitCount(11), line: 1, column: 12, in: ":0100000055A\n\(Self.end)")
  }

  @Test func `a record cut off is told from a wrong count`() {
    expect(.tooShort(needed: 5, available: 0), line: 1, column: 2, in: ":\n\(Self.end)")
    expect(.tooShort(needed: 5, available: 4), line: 1, column: 10, in: ":00000001\n")
    expect(
      .lengthMismatch(declared: 2, found: 1), line: 1, column: 2, in: ":0200000055A9\n\(Self.end)")
    expect(
      .lengthMismatch(declared: 0, found: 1), line: 1, column: 2, in: ":0000000055AB\n\(Self.end)")
  }

  @Test func `a wrong checksum is told with the right one`() {
    expect(
      .checksum(stored: 0xAB, computed: 0xAA), line: 3, column: 12,
      in: "\r\n\r\n:0100000055AB  \r\n\(Self.end)")
    expect(.checksum(stored: 0xFE, computed: 0xFF), line: 1, column: 10, in: ":00000001FE")
  }

  @Test(arguments: [UInt8(6), 0x10, 0xFF])
  func `an unknown type is refused`(type: UInt8) {
    expect(
      .unknownType(type), line: 1, column: 8,
      in: "\(RecordLines.hex(type, 0, [1]))\n\(Self.end)")
  }

  @Test(arguments: [(UInt8(1), 0, 1), (2, 2, 1), (2, 2, 3), (3, 4, 2), (4, 2, 4), (5, 4, 0)])
  func `a type has one count`(type: UInt8, expected: Int, found: Int) {
    let bytes = [UInt8](repeating: 0, count: found)
    expect(
      .wrongLength(type: type, expected: expected, found: found), line: 1, column: 2,
      in: "\(RecordLines.hex(type, 0, bytes))\n\(Self.end)")
  }

  @Test func `a file without an end record is refused where it ends`() {
    expect(.missingEndRecord, line: 2, column: 1, in: ":0100000055AA\n")
    expect(.missingEndRecord, line: 1, column: 14, in: ":0100000055AA")
  }

  @Test func `nothing that says something may follow the end record`() {
    let whole = ":0100000055AA\r\n\(Self.end)\r\n\r\n"
    expect(.secondFile, line: 4, column: 1, in: whole + ":0100000055AA")
    expect(.dataAfterEnd, line: 4, column: 1, in: whole + "end")
  }

  @Test(arguments: [":00000001FF", "\u{1A}", "\0\0\0", "; built on Monday"])
  func `padding, a comment and a second end record may follow`(more: String) throws {
    let firmware = try Firmware(
      reading: Array(":0100000055AA\r\n\(Self.end)\r\n\(more)".utf8), as: .hex)
    #expect(try firmware.image.byteCount == 1)
  }

  @Test func `data above the address space are refused`() {
    expect(
      .outsideAddressSpace(address: 0xFFFF_FFFF, size: 2), line: 2, column: 4,
      in: [RecordLines.hex(4, 0, [0xFF, 0xFF]), RecordLines.hex(0, 0xFFFF, [1, 2]), Self.end]
        .joined(separator: "\n"))
  }

  @Test func `an overlap names both lines, both ranges and the first difference`() {
    let lines = [
      RecordLines.hex(0, 0x100, [1, 2, 3, 4]), RecordLines.hex(0, 0x104, [5, 6, 7, 8]),
      RecordLines.hex(0, 0x0FE, [0xFE, 0xFF]), RecordLines.hex(0, 0x103, [4, 5, 9]), Self.end,
    ]
    expect(
      .overlap(
        new: 0x103..<0x106, existing: 0x104..<0x108, existingLine: 2, firstDifference: 0x105),
      line: 4, column: 14, in: lines.joined(separator: "\n"))
  }

  @Test func `an overlap points at the later line also when its address is lower`() {
    let lines = [
      RecordLines.hex(0, 0x200, [1, 2]), RecordLines.hex(0, 0x1FF, [0, 1, 9]), Self.end,
    ]
    expect(
      .overlap(
        new: 0x1FF..<0x202, existing: 0x200..<0x202, existingLine: 1, firstDifference: 0x201),
      line: 2, column: 14, in: lines.joined(separator: "\r"))
  }

  @Test func `the part of a record that wrapped can overlap`() {
    let lines = [
      RecordLines.hex(2, 0, [0x10, 0]), RecordLines.hex(0, 1, [7]),
      RecordLines.hex(0, 0xFFFF, [1, 2, 3]), Self.end,
    ]
    expect(
      .overlap(
        new: 0x1_0000..<0x1_0002, existing: 0x1_0001..<0x1_0002, existingLine: 2,
        firstDifference: 0x1_0001),
      line: 3, column: 14, in: lines.joined(separator: "\n"))
  }

  @Test(arguments: ["", "\n \r\n", ":00000001FF", ":020000040800F2\n:00000001FF\n"])
  func `a file without data is refused`(text: String) {
    #expect(throws: FormatError.noData(.hex)) { try parse(text) }
  }
}
