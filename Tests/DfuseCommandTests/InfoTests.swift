import DfuseFormat
import Testing

@testable import dfuse

/// `dfuse info`.
@Suite struct InfoTests {
  let sandbox: Sandbox
  private let container = DfuseFormat.Firmware(
    suffix: DFUSuffix(deviceVersion: 0x0100),
    targets: [
      .init(
        alternateSetting: 0, name: "app",
        elements: [ImageElement(address: 0x0800_0000, bytes: Array("123456789".utf8))])
    ])

  init() throws {
    sandbox = try Sandbox()
    try sandbox.write(container.encoded(), to: "f.dfu")
  }

  private func damage(_ change: (inout [UInt8]) -> Void, sealed: Bool) throws {
    var bytes = try container.encoded()
    change(&bytes)
    if sealed {
      let body = Array(bytes.dropLast(4))
      let crc = CRC32.checksum(of: body)
      bytes = body + (0..<4).map { UInt8(truncatingIfNeeded: crc >> (8 * $0)) }
    }
    try sandbox.write(bytes, to: "f.dfu")
  }

  @Test func `a container is shown whole`() throws {
    let run = sandbox.run("info", "@f.dfu")
    #expect(run.status == .success)
    #expect(run.error.isEmpty)
    let checksum = try container.encode { _ in }
    #expect(
      run.output == """
        f.dfu: DfuSe container, 318 bytes
          for vendor 0x0483, product 0xDF11; firmware version 0x0100
          format 0x011A, CRC \(checksum.hex) (right)
          target 0: alternate setting 0, "app"
            0x0800_0000-0x0800_0008  9 bytes  CRC-32 0xCBF43926

        """)
  }

  @Test func `warnings leave the status at 0`() throws {
    try damage({ $0[6] = 0 }, sealed: true)
    let run = sandbox.run("info", "@f.dfu")
    #expect(run.status == .success)
    #expect(run.output.contains("  warning at offset 6: DFUImageSize is 256, should be 302\n"))
  }

  @Test func `damage ends with status 65 and still shows everything`() throws {
    try damage({ $0[300] ^= 0xFF }, sealed: false)
    let run = sandbox.run("info", "@f.dfu")
    #expect(run.status == .badData)
    #expect(run.output.contains("0x0800_0000-0x0800_0008  9 bytes"))
    #expect(run.output.contains("(WRONG, should be 0x"))
    #expect(run.output.contains("  error at offset 314: dwCRC at offset 314 is 0x"))
    #expect(
      run.error
        == "error: f.dfu is damaged (1 error, see above)\n  fix: build or download it again\n")
  }

  @Test func `a name cannot steer the terminal`() throws {
    var evil = container
    evil.targets[0].name = "a\u{1B}[2J\nb\u{202E}c\u{9B}\\"
    try sandbox.write(evil.encoded(), to: "f.dfu")
    let run = sandbox.run("info", "@f.dfu")
    #expect(run.output.contains(#""a\x1B[2J\nb\u{202E}c\x9B\\""#))
    #expect(!run.output.unicodeScalars.contains("\u{1B}"))
  }

  @Test func `the JSON form has the documented keys`() throws {
    let run = sandbox.run("info", "--json", "@f.dfu")
    let checksum = try container.encode { _ in }
    #expect(
      run.output == """
        {
          "file" : "f.dfu",
          "findings" : [

          ],
          "kind" : "dfuse",
          "schema" : 1,
          "size" : 318,
          "suffix" : {
            "checksum" : \(checksum),
            "computedChecksum" : \(checksum),
            "deviceVersion" : 256,
            "formatVersion" : 282,
            "productID" : 57105,
            "vendorID" : 1155
          },
          "targets" : [
            {
              "alternateSetting" : 0,
              "elements" : [
                {
                  "address" : 134217728,
                  "crc32" : 3421780262,
                  "size" : 9
                }
              ],
              "name" : "app"
            }
          ]
        }

        """)
  }

  @Test func `a damaged file in JSON has its errors as data`() throws {
    try damage({ $0[300] ^= 0xFF }, sealed: false)
    let run = sandbox.run("info", "--json", "@f.dfu")
    #expect(run.status == .badData)
    #expect(run.output.contains("\"severity\" : \"error\""))
    #expect(run.output.contains("\"offset\" : 314"))
  }

  @Test func `a HEX file shows what it would become`() throws {
    try sandbox.write(
      Array(":020000040800F2\n:0400200001020304D2\n:0400000508000009E6\n:00000001FF\n".utf8),
      to: "f.hex")
    let run = sandbox.run("info", "@f.hex")
    #expect(run.status == .success)
    #expect(
      run.output == """
        f.hex: Intel HEX, 68 bytes
          starts at 0x0800_0009
          would become one target for alternate setting 0:
            0x0800_0020-0x0800_0023  4 bytes  CRC-32 0xB63CFBCD

        """)
  }

  @Test func `a raw binary is described`() throws {
    try sandbox.write(Array(0x80...0x88), to: "f.bin")
    let run = sandbox.run("info", "@f.bin")
    #expect(run.status == .success)
    #expect(
      run.output == """
        f.bin: raw binary, 9 bytes
          CRC-32 0x74983EFF; a raw binary says no address

        """)
  }

  @Test func `text is called text`() throws {
    try sandbox.write(Array("123456789".utf8), to: "f.bin")
    let run = sandbox.run("info", "@f.bin")
    #expect(run.status == .badData)
    #expect(
      run.output == """
        f.bin: neither a DfuSe container nor a DFU file, 9 bytes
          error: this is text, not firmware

        """)
    let raw = sandbox.run("info", "--format", "raw", "@f.bin")
    #expect(raw.status == .success)
    #expect(raw.output.contains("CRC-32 0xCBF43926; a raw binary says no address"))
  }

  @Test func `a plain DFU file is described`() throws {
    try sandbox.write(
      Array(0x00...0x0F) + [
        0xFF, 0xFF, 0x11, 0xDF, 0x83, 0x04, 0x00, 0x01, 0x55, 0x46, 0x44, 0x10, 0xCC, 0x41, 0xC6,
        0xB1,
      ], to: "plain.dfu")
    let run = sandbox.run("info", "@plain.dfu")
    #expect(run.status == .success)
    #expect(
      run.output == """
        plain.dfu: DFU file (plain DFU 1.1: one image, without an address), 32 bytes
          for vendor 0x0483, product 0xDF11; firmware version any (0xFFFF)
          format 0x0100, CRC 0xB1C641CC (right)
          payload of 16 bytes, for a device that knows where it belongs

        """)
  }

  @Test func `a .dfu file that is none is called damaged`() throws {
    try sandbox.write(Array("not firmware".utf8), to: "x.dfu")
    let run = sandbox.run("info", "@x.dfu")
    #expect(run.status == .badData)
    #expect(
      run.output == """
        x.dfu: neither a DfuSe container nor a DFU file, 12 bytes
          error at offset 0: szSignature at offset 0 is "not f", should be "DfuSe"

        """)
  }
}
