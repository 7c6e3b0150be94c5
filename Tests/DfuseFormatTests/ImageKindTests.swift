import DfuseFormat
import Testing

@Suite struct ImageKindTests {
  @Test(
    arguments: [
      (":10000000", .image(.hex)), ("\r\n \t:10000000", .image(.hex)), (":0x", .image(.raw)),
      (":fF", .image(.hex)), (":", .image(.raw)), (":1", .image(.raw)), ("::10", .image(.raw)),
      ("S00600004844521B", .image(.srec)), ("\n\nS9030000FC", .image(.srec)),
      ("S4ab", .image(.srec)), ("SA06", .image(.raw)), ("S00", .image(.raw)),
      ("S1xy", .image(.raw)),
      ("s00600004844521B", .image(.raw)), ("\u{7F}ELF", .image(.elf)), (" \u{7F}ELF", .image(.raw)),
      ("\u{7F}EL", .image(.raw)), ("DfuSe\u{1}", .dfuseContainer), ("DfuS", .image(.raw)),
      ("dfuse\u{1}", .image(.raw)), ("", .image(.raw)), (" \n", .image(.raw)),
    ] as [(String, DetectedInput)])
  func `content tells what a file is`(content: String, expected: DetectedInput) {
    #expect(ImageKind.detect(content: Array(content.utf8), fileName: nil) == expected)
    #expect(ImageKind.detect(content: Array(content.utf8), fileName: "a.hex") == expected)
  }

  @Test(arguments: ["a.bin", "A.BIN", "/build/firmware.v2.Bin", ".bin"])
  func `a name that ends in bin makes any content raw`(name: String) {
    for content in [":10000000", "S00600004844521B", "\u{7F}ELF", "DfuSe\u{1}"] {
      #expect(
        ImageKind.detect(content: Array(content.utf8), fileName: name) == .image(.raw))
    }
  }

  @Test(arguments: ["bin", "a.bin.hex", "abin", "a.binary"])
  func `other names leave it to the content`(name: String) {
    #expect(
      ImageKind.detect(content: Array(":10000000".utf8), fileName: name) == .image(.hex))
  }

  @Test func `a form is read by its parser, raw bytes at the address given`() throws {
    let hex = Array(":0100050055A5\n:00000001FF".utf8)
    #expect(
      try FirmwareImage.read(hex, kind: .hex, rawAddress: 0x100).image.ranges == [5..<6])
    #expect(
      try FirmwareImage.read(hex, kind: .raw, rawAddress: 0x0800_0001).image.runs == [
        ImageElement(address: 0x0800_0001, bytes: hex)
      ])
    #expect(
      throws: FormatError.badRecord(
        .srec, line: 1, column: 1, problem: .startMark(expected: 0x53, found: 0x3A))
    ) {
      try FirmwareImage.read(hex, kind: .srec, rawAddress: 0)
    }
    #expect(
      throws: FormatError.badSignature(
        field: "e_ident", offset: 0, expected: [0x7F, 0x45, 0x4C, 0x46],
        found: [0x3A, 0x30, 0x31, 0x30])
    ) {
      try FirmwareImage.read(hex, kind: .elf, rawAddress: 0)
    }
  }
}
