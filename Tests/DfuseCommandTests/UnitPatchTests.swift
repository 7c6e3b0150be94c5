import DfuseFormat
import Testing

@testable import dfuse

/// What `--patch` is read as, and the bytes that it makes.
@Suite struct UnitPatchTests {
  private let files: FirmwareSet = FirmwareSet(
    FirmwareFile(shown: "fw", firmware: DfuseFormat.Firmware(targets: []), isSnapshot: false))

  private func placed(_ text: String) throws(Failure) -> PlacedPatch {
    try PlacedPatch(UnitPatch(parsing: text), in: files)
  }

  private func value(_ text: String, row: [String: String] = [:]) throws -> [UInt8] {
    let table = try UnitTable(
      reading: Array(
        (CSVText.row(["mac", "name"]) + CSVText.row(["00:80:E1:01", "Ünit 7"])).utf8),
      shown: "t.csv", columns: ["mac", "name"])
    let facts = UnitFacts(
      number: 1017, row: table.rows[0], uniqueID: [UInt8](1...12),
      time: UTCTime(seconds: 1_800_000_000))
    return try placed("0x08000000=" + text).value(for: facts).bytes
  }

  @Test(
    arguments: [
      ("bytes:DEADBEEF", [0xDE, 0xAD, 0xBE, 0xEF]),
      ("bytes:de:ad be-ef", [0xDE, 0xAD, 0xBE, 0xEF]),
      ("u8:255", [255]), ("i8:-128", [0x80]), ("u16:0x1234", [0x34, 0x12]),
      ("u16be:0x1234", [0x12, 0x34]), ("U32:1_000_000", [0x40, 0x42, 0x0F, 0]),
      ("u32le:1", [1, 0, 0, 0]), ("i16be:-2", [0xFF, 0xFE]),
      ("u64:18446744073709551615", [UInt8](repeating: 0xFF, count: 8)),
      ("u32:counter", [0xF9, 3, 0, 0]), ("u16be:counter:1000", [3, 0xF9]),
      ("text:counter", Array("1017".utf8)), ("text:counter:000001", Array("001017".utf8)),
      ("text:ACME", Array("ACME".utf8)), ("text6:ACME", Array("ACME\0\0".utf8)),
      ("text:SN-{counter:000001}{{}}", Array("SN-001017{}".utf8)),
      ("text:", nil), ("text:{counter", nil), ("text:{serial}", nil),
      ("uid", [UInt8](1...12)), ("bytes:uid", [UInt8](1...12)),
      ("text:uid", Array("0102030405060708090A0B0C".utf8)),
      ("text:date", Array("2027-01-15".utf8)), ("text:time", Array("2027-01-15T08:00:00Z".utf8)),
      ("u32:date", [0, 0xD2, 0x49, 0x6B]), ("u32be:time", [0x6B, 0x49, 0xD2, 0]),
      ("bytes:csv:t.csv:mac", [0, 0x80, 0xE1, 1]), ("text:csv:t.csv:name", Array("Ünit 7".utf8)),
      ("text:{csv:t.csv:mac}/{date}", Array("00:80:E1:01/2027-01-15".utf8)),
      ("u8:256", nil), ("u8:-1", nil), ("i8:128", nil), ("u24:1", nil), ("u32", nil), ("1234", nil),
      ("u32:1x", nil), ("u32:uid", nil), ("u32:", nil), ("u32:+-1", nil), ("bytes:ABC", nil),
      ("bytes:", nil), ("bytes:date", nil), ("text0:a", nil), ("textx:a", nil), ("u032:1", nil),
      ("u32:counter:-1", nil), ("u32:counter(1000)", nil), ("text:csv:t.csv", nil),
      ("u64:18446744073709551616", nil), ("u8:counter", nil), ("text3:ACME", nil),
      ("bytes:csv:t.csv:name", nil), ("u32:csv:t.csv:name", nil),
    ] as [(String, [UInt8]?)])
  func `a value makes its bytes`(text: String, bytes: [UInt8]?) throws {
    if let bytes {
      #expect(try value(text) == bytes)
    } else {
      #expect(throws: Failure.self) { try value(text) }
    }
  }

  @Test(
    arguments: [
      ("0x0800FC00", 0x0800_FC00), ("0800fc00", 0x0800_FC00), ("0x0800_FC00+4", 0x0800_FC04),
      ("0x0800FC00+0x10", 0x0800_FC10), ("0x1FFFF8000", nil), ("0xffffffff+1", nil), ("", nil),
      ("serial", nil), ("0x0800FC00+x", nil), ("+4", nil),
    ] as [(String, UInt32?)])
  func `a place is an address`(text: String, address: UInt32?) throws {
    if let address {
      #expect(try placed(text + "=u8:1").address == address)
    } else {
      #expect(throws: Failure.self) { try placed(text + "=u8:1") }
    }
  }

  @Test func `an error says what to write`() {
    func words(_ text: String) -> [String] {
      do throws(Failure) {
        _ = try placed(text)
        return []
      } catch {
        #expect(error.status == .usage)
        return error.lines
      }
    }
    #expect(
      words("serial") == [
        "error: --patch 'serial' does not say what goes where",
        "  fix: write --patch PLACE=VALUE, such as --patch serial=u32:1234",
      ])
    #expect(
      words("0x08000000=u8:256") == [
        "error: --patch 0x08000000=u8:256: 256 does not fit into u8",
        "  fix: take a wider one, if the program reads it so",
      ])
    #expect(
      words("0x08000000=u32:counter(1000)") == [
        "error: --patch 0x08000000=u32:counter(1000): there are no brackets behind counter",
        "  fix: write counter:1000",
      ])
    #expect(
      words("serial=u8:1") == [
        "error: --patch serial: fw has no names",
        "  why: only ELF files have them",
        "  fix: flash the ELF file, or say the address, as 'nm' shows it for the ELF file: --patch "
          + "0x0800FC00=…",
      ])
  }

  @Test func `values that reach into each other are refused`() throws {
    let facts = UnitFacts(time: UTCTime(seconds: 0))
    let apart = [try placed("0x100=u32:1"), try placed("0x0FE=u16:2")]
    #expect(try apart.values(for: facts).map(\.address) == [0xFE, 0x100])
    let over = [try placed("0x100=u32:1"), try placed("0x103=u8:2")]
    #expect(throws: Failure.self) { try over.values(for: facts) }
  }

  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"),
      (1_800_000_000, "2027-01-15T08:00:00Z"), (4_107_542_399, "2100-02-28T23:59:59Z"),
      (4_107_542_400, "2100-03-01T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"),
    ])
  func `a moment is told in UTC`(seconds: Int64, text: String) {
    #expect(UTCTime(seconds: seconds).text == text)
  }
}

/// Tables of units.
@Suite struct UnitTableTests {
  private func table(_ text: String, _ columns: Set<String> = ["id"]) throws -> UnitTable {
    try UnitTable(reading: Array(text.utf8), shown: "t.csv", columns: columns)
  }

  private func problem(_ text: String, _ columns: Set<String> = ["id"]) -> String? {
    do {
      _ = try table(text, columns)
      return nil
    } catch {
      return (error as? Failure)?.what
    }
  }

  @Test(
    arguments: [
      "id,name\n1,a\n2,b\n", "id,name\r\n1,a\r\n2,b", "\u{FEFF}id;name\n1;a\n\n2;b\n",
      "id\tname\n1\ta\n2\tb\n,\n",
    ])
  func `tables of all spreadsheets are read`(text: String) throws {
    let rows = try? table(text).rows
    if text.hasSuffix(",\n") {
      #expect(rows == nil)
    } else {
      #expect(rows?.map { $0["id"] } == ["1", "2"])
    }
  }

  @Test func `fields in quotes have what they have`() throws {
    let rows = try table("id,\"a \"\"b\"\"\"\n\"1,\n2\",\"\"\n", ["id"]).rows
    #expect(rows.map { $0["id"] } == ["1,\n2"])
    #expect(
      try CSVText.rows(Array(CSVText.row(["a,b", "c\"d", " e ", "", "f"]).utf8)) == [
        ["a,b", "c\"d", " e ", "", "f"]
      ])
  }

  @Test func `what is wrong is told with its row`() {
    #expect(problem("") == "t.csv has no row with the names of its columns")
    #expect(problem("id\n") == "t.csv has no row for a board")
    #expect(problem("no\n1\n") == "t.csv has no column 'id'")
    #expect(problem("id,id\n1,2\n") == "t.csv has several columns 'id'")
    #expect(problem("id,b\n1,2\n3\n") == "row 3 of t.csv has 1 field, and the first row 2")
    #expect(problem("id,b\n1,2\n,3\n") == "row 3 of t.csv has nothing as 'id'")
    #expect(problem("id\n1\n2\n1\n") == "rows 2 and 4 of t.csv are the same")
    #expect(problem("id\n\"1\n") == "row 2 of t.csv opens quotes that are never closed")
    #expect(problem("id\n\"1\"2\n") == "row 2 of t.csv has text behind closing quotes")
  }

  @Test func `a row is the same wherever it stands`() throws {
    let one = try table("id,n\n1,a\n2,b\n").rows
    let other = try table("id,n\n2,b\n1,a\n").rows
    #expect(one.map(\.key) == other.reversed().map(\.key))
    #expect(Set(try table("a,id\nx,yz\nxy,z\n").rows.map(\.key)).count == 2)
  }
}
