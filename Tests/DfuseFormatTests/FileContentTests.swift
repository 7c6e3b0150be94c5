import DfuseTestSupport
import Testing

@testable import DfuseFormat

/// What a file is taken for, by its bytes and its name.
@Suite struct FileContentTests {
  private static let hex = ":0100050055A5\n:00000001FF\n"
  private static let vectors: [UInt8] = [0, 0, 2, 0x20, 9, 0, 0, 8, 0xFE, 0xE7]

  struct Case: Sendable, CustomTestStringConvertible {
    var text: String
    var content: FileContent
    init(_ text: String, _ content: FileContent) { (self.text, self.content) = (text, content) }
    var testDescription: String { text }
  }

  @Test(
    arguments: [
      Case(":10000000", .firmware(.hex)), Case("\r\n \t:10000000", .firmware(.hex)),
      Case(":0x", .firmware(.raw)), Case(":fF", .firmware(.hex)), Case(":", .firmware(.raw)),
      Case(":1", .firmware(.raw)), Case("::10", .firmware(.raw)),
      Case("S00600004844521B", .firmware(.srec)),
      Case("\n\nS9030000FC", .firmware(.srec)), Case("S4ab", .firmware(.srec)),
      Case("SA06", .firmware(.raw)), Case("S00", .firmware(.raw)), Case("S1xy", .firmware(.raw)),
      Case("s00600004844521B", .firmware(.srec)), Case("\u{7F}ELF", .firmware(.elf)),
      Case(" \u{7F}ELF", .firmware(.raw)), Case("\u{7F}EL", .firmware(.raw)),
      Case("DfuSe\u{1}", .firmware(.container)), Case("DfuS", .firmware(.raw)),
      Case("dfuse\u{1}", .firmware(.raw)),
      Case("", .firmware(.raw)), Case(" \n", .firmware(.raw)),
      Case("\u{FEFF}:10000000", .firmware(.hex)),
      Case("; made by hand\n:10000000", .firmware(.hex)),
      Case("# one\n// two\nS1130000", .firmware(.srec)), Case("fw.hex\n:10000000", .firmware(.hex)),
      Case("\u{1B}[32m:10000000\u{1B}[0m", .firmware(.hex)),
      Case("$$ a.srec\n  main $8000100\n$$ \nS0060000", .firmware(.srec)),
      Case("<!DOCTYPE html>", .foreign(.html)), Case("\n <html lang=en>", .foreign(.html)),
      Case("<!-- a comment -->\n<head>", .foreign(.html)),
      Case("<?xml version=\"1.0\"?>", .foreign(.xml)), Case("<svg xmlns=''>", .foreign(.xml)),
      Case("{\"message\":\"Not Found\"}", .foreign(.json)), Case("[ {\"a\": 1} ]", .foreign(.json)),
      Case("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a", .foreign(.gitLFSPointer)),
      Case("404: Not Found", .foreign(.text)), Case("Grüße von der Platine", .foreign(.text)),
      Case("PK\u{3}\u{4}aaaa", .foreign(.zip)), Case("%PDF-1.7\n", .foreign(.pdf)),
    ])
  func `content tells what a file is`(example: Case) {
    #expect(FileContent(Array(example.text.utf8)) == example.content)
  }

  @Test(
    arguments: [
      ([0x55, 0x46, 0x32, 0x0A, 0x57, 0x51, 0x5D, 0x9E], .uf2), ([0x1F, 0x8B, 8, 0], .gzip),
      ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0, 0], .xz),
      ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C, 0], .sevenZip),
      ([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], .png),
      (
        [0xFF, 0xFE, 0x3C, 0, 0x68, 0, 0x74, 0, 0x6D, 0, 0x6C, 0, 0x3E, 0, 0x20, 0, 0x20, 0], .html
      ),
    ] as [([UInt8], ForeignFile)])
  func `signatures of other files are known`(bytes: [UInt8], file: ForeignFile) throws {
    #expect(FileContent(bytes) == .foreign(file))
    #expect(throws: FormatError.notFirmware(file)) {
      try FileContent.recognise(bytes, name: "fw.bin", isPlaced: false)
    }
    // Pictures, archives and file systems are flashed where somebody says; what is in the place of
    // another file is not.
    let placed = try? FileContent.recognise(bytes, name: "logo.bin", isPlaced: true)
    #expect(placed == ([.uf2, .html].contains(file) ? nil : .raw))
  }

  @Test(
    arguments: [
      "a.hex", "a.IHX", "a.ihex", "/x/a.h86", "a.s19", "a.S28", "a.s37", "a.srec", "a.mot", "a.elf",
      "a.axf", "a.out", "a.dfu",
    ])
  func `a name that promises something is held to it`(name: String) throws {
    let promise = try #require(Firmware.Format(promisedBy: name))
    for content in ["<!DOCTYPE html>", "{\"a\": \"b\"}", "404: Not Found", "PK\u{3}\u{4}aaaa"] {
      let bytes = Array(content.utf8)
      #expect(throws: FormatError.otherThanNamed(promise, holds: FileContent(bytes))) {
        try FileContent.recognise(bytes, name: name, isPlaced: false)
      }
    }
    #expect(throws: FormatError.otherThanNamed(promise, holds: .firmware(.raw))) {
      try FileContent.recognise(Self.vectors, name: name, isPlaced: false)
    }
    let kept = promise == .hex
    let hex = Array(Self.hex.utf8)
    if kept {
      #expect(try FileContent.recognise(hex, name: name, isPlaced: false) == .hex)
    } else {
      #expect(throws: FormatError.otherThanNamed(promise, holds: .firmware(.hex))) {
        try FileContent.recognise(hex, name: name, isPlaced: false)
      }
    }
  }

  @Test(arguments: ["fw.hex.bin", "a.binary", "hex", "fw.bin", "FW.HEX", nil])
  func `records are records under any other name`(name: String?) throws {
    #expect(
      try FileContent.recognise(Array(Self.hex.utf8), name: name, isPlaced: false) == .hex)
  }

  @Test func `records under a name in bin are data where their place is stated, unless damaged`()
    throws
  {
    #expect(
      try FileContent.recognise(Array(Self.hex.utf8), name: "t.bin", isPlaced: true) == .raw
    )
    #expect(throws: FormatError.self) {
      try FileContent.recognise(Array(":0100050055A6\n".utf8), name: "t.bin", isPlaced: true)
    }
  }

  @Test func `a form is read by its parser, raw bytes at the address given`() throws {
    let hex = Array(":0100050055A5\n:00000001FF".utf8)
    #expect(
      try Firmware(reading: hex, as: .hex, at: 0x100).image.ranges == [5..<6])
    #expect(
      try Firmware(reading: hex, as: .raw, at: 0x0800_0001).image.runs == [
        ImageElement(address: 0x0800_0001, bytes: hex)
      ])
    #expect(
      throws: FormatError.badRecord(
        .srec, line: 1, column: 1, problem: .startMark(expected: 0x53, found: 0x3A))
    ) {
      try Firmware(reading: hex, as: .srec, at: 0)
    }
    #expect(
      throws: FormatError.badSignature(
        field: "e_ident", offset: 0, expected: [0x7F, 0x45, 0x4C, 0x46],
        found: [0x3A, 0x30, 0x31, 0x30])
    ) {
      try Firmware(reading: hex, as: .elf, at: 0)
    }
  }
}

/// What editors, shells and other tools put around records.
@Suite struct RecordTextTests {
  private static let records = ":0100050055A5\r\n:00000001FF\r\n"

  private func image(_ text: String, _ encode: (String) -> [UInt8] = { Array($0.utf8) }) throws
    -> (MemoryImage, [Firmware.Warning])
  {
    let firmware = try Firmware(reading: encode(text), as: .hex)
    return (try firmware.image, firmware.warnings)
  }

  private static func utf16(_ text: String, mark: Bool, isLittle: Bool) -> [UInt8] {
    (mark ? [0xFEFF] : []).appending(contentsOf: Array(text.utf16)).flatMap { unit in
      let bytes = [UInt8(unit & 0xFF), UInt8(unit >> 8)]
      return isLittle ? bytes : bytes.reversed()
    }
  }

  @Test(arguments: [(true, true), (true, false), (false, true), (false, false)])
  func `UTF-16 is read`(mark: Bool, isLittle: Bool) throws {
    let (image, warnings) = try image(Self.records) {
      Self.utf16($0, mark: mark, isLittle: isLittle)
    }
    #expect(image.runs == [ImageElement(address: 5, bytes: [0x55])])
    #expect(warnings == [.leftOut(.utf16)])
    #expect(
      FileContent(Self.utf16(Self.records, mark: mark, isLittle: isLittle)) == .firmware(.hex))
  }

  @Test(
    arguments: [
      ("\u{FEFF}" + records, .byteOrderMark), ("; a\n//b\n# c\n" + records, .comments),
      (":0100050055A5\n  ; between\n:00000001FF", .comments), ("fw.hex v1.2\n" + records, .name),
      ("\u{1B}[1;32m:0100050055A5\u{1B}[0m\n:00000001FF", .colourCodes),
    ] as [(String, TextOddity)])
  func `what stands around the records is left out and told`(
    text: String, oddity: TextOddity
  ) throws {
    let (image, warnings) = try image(text)
    #expect(image.runs == [ImageElement(address: 5, bytes: [0x55])])
    #expect(warnings == [.leftOut(oddity)])
  }

  /// One bit makes `;` of `:`; a record that is lost that way must not be lost in silence.
  @Test(
    arguments: [
      ";0100050055A5\n:00000001FF", "0100050055A5\n:00000001FF",
      ":0100050055A5\n#:0100060055A4\n:00000001FF", "fw.hex :0100050055A5\n:00000001FF",
      "one\ntwo\n:0100050055A5\n:00000001FF", ":0100050055A5\nname\n:00000001FF",
    ])
  func `nothing is left out that may be a record`(text: String) {
    #expect(throws: FormatError.self) { try Firmware(reading: Array(text.utf8), as: .hex) }
  }

  @Test func `lower-case S-records, and those with a table of symbols, are read`() throws {
    let text = """
      $$ blink.srec
        main $8000101
        _estack $20020000
      $$\u{20}
      s10b10000001020304050607c8
      s9030000fc
      """
    let firmware = try Firmware(reading: Array(text.utf8), as: .srec)
    #expect(try firmware.image.ranges == [0x1000..<0x1008])
    #expect(firmware.warnings == [.leftOut(.symbols)])
  }
}

/// What stands behind the end record, and other ends.
@Suite struct RecordEndTests {
  private static let end = ":0100050055A5\n:00000001FF\n"

  @Test(
    arguments: [
      end + "\u{1A}", end + "\u{0}\u{0}\u{0}\n\u{0}", end + ":00000001FF\n",
    ])
  func `padding behind the end record is accepted`(text: String) throws {
    let firmware = try Firmware(reading: Array(text.utf8), as: .hex)
    #expect(try firmware.image.ranges == [5..<6])
    #expect(firmware.warnings == [.paddingAfterEnd])
    let filled = try Firmware(reading: Array(Self.end.utf8) + [0xFF, 0xFF, 0xFF], as: .hex)
    #expect(filled.warnings == [.paddingAfterEnd])
    #expect(
      try Firmware(reading: Array((Self.end + "; made by X").utf8), as: .hex).image.ranges == [
        5..<6
      ])
  }

  @Test func `data behind the end record is not, and another file is called that`() {
    for (text, problem) in [
      (Self.end + "data", RecordProblem.dataAfterEnd),
      (Self.end + ":0100060055A4\n:00000001FF\n", .secondFile),
    ] {
      #expect(throws: FormatError.badRecord(.hex, line: 3, column: 1, problem: problem)) {
        try Firmware(reading: Array(text.utf8), as: .hex)
      }
    }
  }

  @Test func `a count of records has 16 bits, also where there are more`() throws {
    let record = "S1041000AA41\n"
    let text = String(repeating: record, count: 65_537) + "S5030001FB\nS9030000FC\n"
    #expect(try Firmware(reading: Array(text.utf8), as: .srec).image.byteCount == 1)
  }

  /// Such records are read as a table, which knows their lines.
  @Test func `records in any order give the same image`() throws {
    var pieces: [ImageElement] = []
    var lines: [String] = []
    for index in 0..<6000 as Range<UInt32> {
      let place = index * 7919 % 6000
      pieces.append(
        ImageElement(address: place * 16, bytes: [UInt8(truncatingIfNeeded: place)]))
      lines.append(RecordLines.srec(3, place * 16, [UInt8(truncatingIfNeeded: place)]))
    }
    #expect(
      try Firmware(reading: lines.file, as: .srec).image == MemoryImage(merging: pieces))
    lines.append(RecordLines.srec(3, 16 * 5, [0xEE]))
    #expect(throws: FormatError.self) { try Firmware(reading: lines.file, as: .srec) }
  }

  @Test func `a segment of an ELF file that covers its own headers is warned of`() throws {
    let elf = ELFBuilder(
      segments: [
        .init(offset: 0, virtualAddress: 0x0800_0000, physicalAddress: 0x0800_0000, fileSize: 0x108)
      ], sections: nil, content: [UInt8](1...12)
    ).bytes
    #expect(
      try Firmware(reading: elf, as: .elf).warnings.contains(.headersLoaded(address: 0x0800_0000)))
  }
}

extension Array {
  fileprivate func appending(contentsOf other: [Element]) -> [Element] { self + other }
}
