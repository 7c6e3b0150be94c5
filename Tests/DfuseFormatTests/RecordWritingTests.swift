import Testing

@testable import DfuseFormat

/// Firmware as text of records.
@Suite struct RecordWritingTests {
  private func text(_ format: Firmware.Format, _ elements: ImageElement...) throws -> String {
    let firmware = Firmware(targets: [.init(elements: elements)])
    return String(decoding: try #require(try firmware.encodedRecords(as: format)), as: UTF8.self)
  }

  /// Checksums worked out by hand: the bytes of a HEX record add up to 0.
  @Test func `Intel HEX has the upper half of the address in a record of its own`() throws {
    #expect(
      try text(.hex, ImageElement(address: 0x0800_FFFE, bytes: [1, 2, 3])) == """
        :020000040800F2
        :02FFFE000102FE
        :020000040801F1
        :0100000003FC
        :00000001FF

        """)
  }

  /// The line that Wikipedia's page on the format shows.
  @Test func `a data record is the one that others write`() throws {
    let bytes: [UInt8] = [
      0x21, 0x46, 0x01, 0x36, 0x01, 0x21, 0x47, 0x01, 0x36, 0x00, 0x7E, 0xFE, 0x09, 0xD2, 0x19,
      0x01,
    ]
    #expect(
      try text(.hex, ImageElement(address: 0x0100, bytes: bytes))
        .contains("\n:10010000214601360121470136007EFE09D2190140\n"))
  }

  /// The bytes of an S-record and its checksum add up to 0xFF.
  @Test func `S-records have 32 bits of address`() throws {
    #expect(
      try text(.srec, ImageElement(address: 0x0800_0000, bytes: [1, 2, 3, 4])) == """
        S0030000FC
        S3090800000001020304E4
        S70500000000FA

        """)
  }

  @Test(arguments: [Firmware.Format.hex, .srec])
  func `what is written is read again`(_ format: Firmware.Format) throws {
    let elements = [
      ImageElement(address: 0, bytes: [9]),
      ImageElement(address: 0x0800_FFF0, bytes: (0..<100).map { UInt8($0) }),
      ImageElement(address: 0xFFFF_FFFF, bytes: [7]),
    ]
    var firmware = Firmware(targets: [.init(elements: elements)])
    firmware.entryPoint = 0x0800_0199
    let file = try #require(try firmware.encodedRecords(as: format))
    let again = try Firmware(reading: file)
    #expect(again.format == format)
    #expect(again.elements == elements)
    #expect(again.entryPoint == 0x0800_0199)
    #expect(again.findings.isEmpty)
  }

  @Test func `other forms are no records`() throws {
    let firmware = Firmware(targets: [.init(elements: [ImageElement(address: 0, bytes: [1])])])
    for format in [Firmware.Format.container, .plainDFU, .raw, .elf] {
      #expect(try firmware.encodedRecords(as: format) == nil)
    }
  }
}
