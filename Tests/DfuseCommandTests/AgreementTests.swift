import DfuseDevice
import DfuseFormat
import DfuseSimulator
import DfuseTestSupport
import Testing

@testable import dfuse

/// All commands that read files say the same of a file, and what can be flashed can be packed and
/// flashed, to the same bytes.
@Suite struct AgreementTests: FlashSuite {
  let sandbox: Sandbox
  let bus: SimulatedBus

  init() throws {
    (sandbox, bus) = try Self.setUp()
  }

  /// What becomes of a file without options.
  enum Verdict: Sendable {
    /// It brings addresses: flash, verify, info and pack take it.
    case firmware
    /// A container: flash, verify, info and unpack take it; it is packed already.
    case container
    /// Raw bytes that are a program for the board's start: pack wants an address.
    case program
    /// Raw bytes that are none: flash wants an address as well, and info says what it is.
    case data
    /// A plain DFU file: info says what it is; flash wants an address.
    case plainDFU
    /// Refused by every command.
    case refused
  }

  struct Kind: Sendable, CustomTestStringConvertible {
    var name: String
    var verdict: Verdict
    var bytes: [UInt8]
    var testDescription: String

    init(_ description: String, _ name: String, _ verdict: Verdict, _ bytes: [UInt8]) {
      (testDescription, self.name) = (description, name)
      (self.verdict, self.bytes) = (verdict, bytes)
    }

    init(_ description: String, _ name: String, _ verdict: Verdict, _ text: String) {
      self.init(description, name, verdict, Array(text.utf8))
    }
  }

  private static let program = Firmware.program(600)
  private static let sealedPlain: [UInt8] = {
    let body = program + [0xFF, 0xFF, 0x11, 0xDF, 0x83, 0x04, 0, 1, 0x55, 0x46, 0x44, 16]
    let checksum = CRC32.checksum(of: body)
    return body + (0..<4).map { UInt8(truncatingIfNeeded: checksum >> (8 * $0)) }
  }()

  /// The program as Intel HEX of 16 bytes a record, in an order.
  private static func hex(_ order: (inout [String]) -> Void = { _ in }) -> String {
    func line(_ type: UInt8, _ address: Int, _ data: [UInt8]) -> String {
      let fields = [UInt8(data.count), UInt8(address >> 8), UInt8(address & 0xFF), type] + data
      let record = fields + [0 &- fields.reduce(0, &+)]
      return ":" + record.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + "\n"
    }
    var data = stride(from: 0, to: program.count, by: 16).map {
      line(0, $0, Array(program[$0...].prefix(16)))
    }
    order(&data)
    return line(4, 0, [8, 0]) + data.joined() + line(1, 0, [])
  }

  private static let srec: String = {
    func line(_ type: Int, _ address: Int, _ data: [UInt8]) -> String {
      let field = [3, 2, 1, 0].map { UInt8(truncatingIfNeeded: address >> ($0 * 8)) }
      let bytes = [UInt8(data.count + 5)] + field + data
      let record = bytes + [~bytes.reduce(0, &+)]
      return "S\(type)" + record.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        + "\n"
    }
    let data = stride(from: 0, to: program.count, by: 32).map {
      line(3, 0x0800_0000 + $0, Array(program[$0...].prefix(32)))
    }
    return data.joined() + line(7, 0, [])
  }()

  private static let elf = ELFBuilder(
    segments: [
      .init(
        offset: 0x100, virtualAddress: 0x0800_0000, physicalAddress: 0x0800_0000, fileSize: 600)
    ], sections: nil, content: program
  ).bytes

  private static func container(_ change: (inout [UInt8]) -> Void = { _ in }) -> [UInt8] {
    var bytes = (try? Firmware.container([(0, 0x0800_0000, program)])) ?? []
    change(&bytes)
    return bytes
  }

  static let kinds: [Kind] = [
    Kind("Intel HEX", "fw.hex", .firmware, hex()),
    Kind("Intel HEX of another name", "fw.bin", .firmware, hex()),
    Kind("Intel HEX, upside down", "fw.hex", .firmware, hex { $0.reverse() }),
    Kind("Intel HEX, records twice", "fw.hex", .firmware, hex { $0 += $0 }),
    Kind("Intel HEX with a comment", "FW.HEX", .firmware, "; made by hand\n" + hex()),
    Kind("Intel HEX with a byte-order mark", "fw.hex", .firmware, "\u{FEFF}" + hex()),
    Kind(
      "Intel HEX in UTF-16", "fw.hex", .firmware,
      [0xFF, 0xFE] + hex().utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }),
    Kind("S-records", "fw.s19", .firmware, srec),
    Kind("S-records without a name", "firmware", .firmware, srec),
    Kind("lower-case S-records", "fw.srec", .firmware, srec.lowercased()),
    Kind("ELF", "fw.elf", .firmware, elf),
    Kind("ELF without an ending", "blink", .firmware, elf),
    Kind("a container", "fw.dfu", .container, container()),
    Kind("a container of another name", "fw.bin", .container, container()),
    Kind("raw bytes", "fw.bin", .program, program),
    Kind("raw bytes without an ending", "fw", .program, program),
    Kind("raw data", "data.bin", .data, [UInt8](repeating: 0xFA, count: 500)),
    Kind("a plain DFU file", "fw.dfu", .plainDFU, sealedPlain),
    Kind("an empty file", "fw.bin", .refused, ""),
    Kind("an empty file with a promise", "fw.hex", .refused, ""),
    Kind("Intel HEX without data", "fw.hex", .refused, ":00000001FF\n"),
    Kind("Intel HEX without its end", "fw.hex", .refused, String(hex().dropLast(12))),
    Kind("a damaged record", "fw.hex", .refused, hex().replacing(":10", with: ":11")),
    Kind("two files in one", "fw.hex", .refused, hex() + hex()),
    Kind("ELF named HEX", "fw.hex", .refused, elf),
    Kind("Intel HEX named DFU", "fw.dfu", .refused, hex()),
    Kind("Intel HEX named S-record", "fw.s19", .refused, hex()),
    Kind("a container named HEX", "fw.hex", .refused, container()),
    Kind("raw bytes named ELF", "fw.elf", .refused, program),
    Kind("a cut ELF file", "fw.elf", .refused, Array(elf.prefix(300))),
    Kind("a damaged container", "fw.dfu", .refused, container { $0[400] ^= 1 }),
    Kind("half a container", "fw.dfu", .refused, Array(container().prefix(400))),
    Kind("a web page", "fw.bin", .refused, "<!DOCTYPE html><html></html>"),
    Kind("text", "fw.bin", .refused, "404: Not Found"),
    Kind("text without a name", "README", .refused, "What this firmware does:\n"),
    Kind("a zip archive", "fw.zip", .refused, "PK\u{3}\u{4}aaaaaaaaaaaa"),
    Kind("a UF2 file", "fw.uf2", .refused, [0x55, 0x46, 0x32, 0x0A, 0x57, 0x51, 0x5D, 0x9E, 0, 0]),
  ]

  private func accepts(_ words: String...) -> Bool {
    sandbox.run(words).status == .success
  }

  @Test(arguments: kinds)
  func `all commands agree about a file`(kind: Kind) throws {
    let file = "@" + kind.name
    try sandbox.write(kind.bytes, to: kind.name)
    let (info, pack) = (accepts("info", file), accepts("pack", "-q", "-o", "@packed.dfu", file))
    let unpack = accepts("unpack", "-q", "--force", file, "-d", "@parts")
    let flash = flash("--stay", file).status == .success
    let verify = sandbox.run("verify", file).status == .success
    let taken: [Verdict: [Bool]] = [
      .firmware: [true, true, false, true, true], .container: [true, false, true, true, true],
      .program: [true, false, false, true, true], .data: [true, false, false, false, false],
      .plainDFU: [true, false, false, false, false],
      .refused: [false, false, false, false, false],
    ]
    #expect([info, pack, unpack, flash, verify] == taken[kind.verdict])
    switch kind.verdict {
    case .firmware:
      // The packed file leads to the same bytes.
      #expect(memory(600) == Self.program)
      #expect(sandbox.run("erase", "--all").status == .success)
      #expect(self.flash("--stay", "@packed.dfu").status == .success)
      #expect(memory(600) == Self.program)
    case .program, .data, .plainDFU:
      // Where a place is stated, it is taken, and packed with it.
      #expect(self.flash("--stay", file, "--address", "08008000").status == .success)
      let bytes = memory(500, at: 0x0800_8000)
      if kind.verdict != .plainDFU {
        #expect(
          accepts("pack", "-q", "-o", "@packed.dfu", "-m", "08008000", "-i", file, "-a", "0"))
        #expect(sandbox.run("erase", "--all").status == .success)
        #expect(self.flash("--stay", "@packed.dfu").status == .success)
        #expect(memory(500, at: 0x0800_8000) == bytes)
      }
    case .container: #expect(memory(600) == Self.program)
    case .refused: #expect(bus.board(at: "1-1")?.counters.bytesProgrammed == 0)
    }
  }

  @Test func `text whose place is stated is data for both`() throws {
    try sandbox.write(Array("name = dfuse\n".utf8), to: "settings.txt")
    #expect(!accepts("pack", "-q", "-o", "@s.dfu", "-i", "@settings.txt", "-a", "0"))
    #expect(
      accepts("pack", "-q", "-o", "@s.dfu", "-m", "08008000", "-i", "@settings.txt", "-a", "0"))
    #expect(flash("--stay", "@settings.txt", "--address", "08008000").status == .success)
    #expect(sandbox.run("verify", "@s.dfu").status == .success)
  }

  @Test func `unpack says what a file is that is no container`() throws {
    try sandbox.write(Array(Self.hex().utf8), to: "fw.hex")
    try sandbox.write(Self.elf, to: "fw.elf")
    #expect(
      sandbox.run("unpack", "@fw.hex").error
        == "error: fw.hex is an Intel HEX file, and no container to take apart\n")
    #expect(
      sandbox.run("unpack", "@fw.elf").error
        == "error: fw.elf is an ELF file, and no container to take apart\n")
  }
}
