import DfuseTestSupport
import Testing

@testable import DfuseFormat

@Suite struct SRecordTests {
  private func parse(_ text: String) throws(FormatError) -> Firmware {
    try Firmware(reading: Array(text.utf8), as: .srec)
  }

  /// The error of a file, as the line, the column and the problem.
  private func expect(
    _ problem: RecordProblem, line: Int, column: Int, in text: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(
      throws: FormatError.badRecord(.srec, line: line, column: column, problem: problem),
      sourceLocation: sourceLocation
    ) {
      try parse(text)
    }
  }

  // MARK: What a file says

  @Test func `all three address sizes are read, and mixed`() throws {
    let firmware = try parse(
      """
      S00600004844521B
      S10B10000001020304050607C8
      S20808000001020304E5
      S31508000000000102030405060708090A0B0C0D0E0F6A
      S5030003F9
      S70508000009E9

      """)
    let image = try MemoryImage(merging: [
      ImageElement(address: 0x1000, bytes: [UInt8](0...7)),
      ImageElement(address: 0x08_0000, bytes: [UInt8](1...4)),
      ImageElement(address: 0x0800_0000, bytes: [UInt8](0...15)),
    ])
    #expect(
      firmware
        == Firmware(.srec, image, entryPoint: 0x0800_0009, header: "HDR"))
  }

  @Test(
    arguments: [
      ("S70508000009E9", 0x0800_0009), ("S804080009EA", 0x08_0009), ("S9031000EC", 0x1000),
      ("S9030000FC", nil), ("S70500000000FA", nil),
    ] as [(String, UInt32?)])
  func `an end record gives the start address, 0 means none`(line: String, entry: UInt32?) throws {
    let firmware = try parse("S10B10000001020304050607C8\n\(line)")
    #expect(firmware.entryPoint == entry)
    #expect(firmware.warnings == [])
  }

  @Test func `a missing end record is a warning`() throws {
    let firmware = try parse("S10B10000001020304050607C8\n")
    #expect(firmware.warnings == [.missingEndRecord])
    #expect(try firmware.image.ranges == [0x1000..<0x1008])
  }

  @Test func `the first header is kept, fit to be shown`() throws {
    let escape = RecordLines.srec(0, 0, Array("a\u{1B}[31m b\0\n".utf8))
    let second = RecordLines.srec(0, 0, Array("other".utf8))
    let firmware = try parse("\(escape)\n\(second)\nS10B10000001020304050607C8\nS9030000FC")
    #expect(firmware.header == "a[31m b")
  }

  @Test func `counts of both sizes are checked where they stand`() throws {
    let data = "S10B10000001020304050607C8"
    let lines = [data, RecordLines.srec(5, 1, []), data, RecordLines.srec(6, 2, []), "S9030000FC"]
    #expect(try Firmware(reading: lines.file, as: .srec).warnings == [.duplicateData(bytes: 8)])
  }

  @Test func `data run on beyond their address field`() throws {
    let lines = [
      RecordLines.srec(1, 0xFFFF, [1, 2]), RecordLines.srec(2, 0xFF_FFFF, [3, 4]), "S9030000FC",
    ]
    #expect(
      try Firmware(reading: lines.file, as: .srec).image.ranges == [
        0xFFFF..<0x1_0001, 0xFF_FFFF..<0x100_0001,
      ])
  }

  @Test func `the longest record holds 252 bytes with two address bytes`() throws {
    let bytes = [UInt8](repeating: 0x5A, count: 252)
    let lines = [RecordLines.srec(1, 0x10, bytes), "S9030000FC"]
    #expect(
      try Firmware(reading: lines.file, as: .srec).image.runs == [
        ImageElement(address: 0x10, bytes: bytes)
      ])
  }

  @Test(arguments: ["\n", "\r\n", "\r", " \t\n\n"])
  func `any line ends, blanks and either case are the same file`(separator: String) throws {
    let lines = ["S10b1000aabbccddeeff0011d8", "S9030000fc"]
    let firmware = try parse(lines.joined(separator: separator) + separator)
    #expect(
      try firmware.image.runs == [
        ImageElement(
          address: 0x1000, bytes: [0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF, 0x00, 0x11])
      ])
  }

  // MARK: What is wrong with a file

  @Test func `a line that is no record is refused`() {
    expect(
      .startMark(expected: 0x53, found: 0x3A), line: 2, column: 1, in: "S5030000FC\n:00000001FF")
    expect(.unknownTypeCharacter(0x41), line: 1, column: 2, in: "SA030000FC")
    expect(.tooShort(needed: 4, available: 0), line: 1, column: 2, in: "S")
  }

  @Test func `an S4 is reserved`() {
    expect(.reservedType, line: 1, column: 2, in: "S4030000FC")
  }

  @Test func `a character that is no digit is pointed at`() {
    expect(.notHexDigit(found: 0x47), line: 1, column: 12, in: "S10B1000000G02030405060708C8")
    expect(.oddDigitCount(7), line: 1, column: 9, in: "S9030000F")
  }

  @Test func `a record cut off is told from a wrong count`() {
    expect(.tooShort(needed: 4, available: 0), line: 1, column: 3, in: "S9")
    expect(.tooShort(needed: 6, available: 4), line: 1, column: 11, in: "S7030000FC")
    expect(
      .lengthMismatch(declared: 11, found: 10), line: 1, column: 3, in: "S10B100000010203040506C8")
    expect(.lengthMismatch(declared: 3, found: 0), line: 1, column: 3, in: "S903")
  }

  @Test func `a wrong checksum is told with the right one`() {
    expect(
      .checksum(stored: 0xC9, computed: 0xC8), line: 2, column: 25,
      in: "S00600004844521B\r\nS10B10000001020304050607C9\r\n")
    expect(.checksum(stored: 0x00, computed: 0xFC), line: 1, column: 9, in: "S903000000")
  }

  @Test(arguments: [(5, 3), (6, 4), (7, 5), (8, 4), (9, 3)])
  func `counts and end records hold no data`(type: Int, expected: Int) {
    expect(
      .wrongLength(type: UInt8(type), expected: expected, found: expected + 1), line: 1, column: 3,
      in: RecordLines.srec(type, 0, [1]))
  }

  @Test(arguments: [5, 6])
  func `a wrong count of records is refused`(type: Int) {
    expect(
      .wrongRecordCount(stored: 2, actual: 1), line: 2, column: 5,
      in: "S10B10000001020304050607C8\n\(RecordLines.srec(type, 2, []))")
  }

  @Test func `nothing may follow the end record`() {
    expect(
      .secondFile, line: 3, column: 1,
      in: "S10B10000001020304050607C8\nS9030000FC\nS10B10000001020304050607C8")
  }

  @Test func `data above the address space are refused`() {
    expect(
      .outsideAddressSpace(address: 0xFFFF_FFFF, size: 2), line: 1, column: 5,
      in: RecordLines.srec(3, 0xFFFF_FFFF, [1, 2]))
  }

  @Test func `an overlap names both lines, both ranges and the first difference`() {
    let lines = [
      RecordLines.srec(3, 0x0800_0100, [1, 2, 3, 4]), RecordLines.srec(1, 0x100, [9]),
      RecordLines.srec(3, 0x0800_0102, [3, 4, 5]), RecordLines.srec(3, 0x0800_0104, [6]),
    ]
    expect(
      .overlap(
        new: 0x0800_0104..<0x0800_0105, existing: 0x0800_0102..<0x0800_0105, existingLine: 3,
        firstDifference: 0x0800_0104),
      line: 4, column: 13, in: lines.joined(separator: "\n"))
  }

  @Test(arguments: ["", " \n", "S00600004844521B\nS9030000FC", "S5030000FC", "S1031000EC"])
  func `a file without data is refused`(text: String) {
    #expect(throws: FormatError.noData(.srec)) { try parse(text) }
  }
}
