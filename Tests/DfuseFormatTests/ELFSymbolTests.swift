import DfuseTestSupport
import Testing

@testable import DfuseFormat

/// Where the variables of an ELF file have their bytes in flash.
@Suite struct ELFSymbolTests {
  /// The names in the string table, and their offsets.
  private static let names = ["", "serial", "config", "zeroed", "main", "local", "page", "sector"]

  private static func offset(_ name: String) -> Int {
    names.prefix { $0 != name }.reduce(0) { $0 + $1.utf8.count + 1 }
  }

  private static func symbol(
    _ name: String, _ value: UInt32, _ size: UInt32, info: UInt8 = 0x11, section: UInt16 = 1
  ) -> [UInt8] {
    ELFBuilder.symbol(
      name: offset(name), value: value, size: size, info: info, section: section)
  }

  /// 32 bytes of flash at 0x0800_0000, and 16 bytes of data in RAM that are stored behind them.
  private static func program(_ symbols: [[UInt8]]) -> ELFBuilder {
    let table = [UInt8](repeating: 0, count: 16) + symbols.joined()
    let strings: [UInt8] = names.flatMap { name in Array(name.utf8) + [0] }
    let start = ELFBuilder.contentOffset
    return ELFBuilder(
      segments: [
        .init(
          offset: start, virtualAddress: 0x0800_0000, physicalAddress: 0x0800_0000, fileSize: 32),
        .init(
          offset: start + 32, virtualAddress: 0x2000_0000, physicalAddress: 0x0800_0020,
          fileSize: 16, memorySize: 64),
      ],
      sections: [
        .init(address: 0x0800_0000, offset: start, size: 32),
        .init(address: 0x2000_0000, offset: start + 32, size: 16),
        .init(
          type: 2, flags: 0, address: 0, offset: start + 48, size: UInt32(table.count), link: 4,
          entrySize: 16),
        .init(
          type: 3, flags: 0, address: 0, offset: start + 48 + UInt32(table.count),
          size: UInt32(strings.count)),
      ],
      content: [UInt8](0..<48) + table + strings)
  }

  private static let usual = program([
    symbol("serial", 0x0800_0010, 8), symbol("config", 0x2000_0004, 4),
    symbol("zeroed", 0x2000_0010, 4), symbol("main", 0x0800_0001, 8, info: 0x12),
    symbol("page", 0x0800_FC00, 0, info: 0x10, section: 0xFFF1),
    symbol("sector", 0x0801_0000, 256),
  ])

  private func symbol(
    _ name: String, in builder: ELFBuilder = usual
  ) throws -> ELFSymbols.Symbol {
    try ELFSymbols(builder.bytes).symbol(named: name)
  }

  @Test func `a constant is where it stands`() throws {
    #expect(try symbol("serial") == .init(address: 0x0800_0010, size: 8))
  }

  @Test func `a variable in RAM is stored in flash`() throws {
    #expect(try symbol("config") == .init(address: 0x0800_0024, size: 4))
  }

  @Test func `a variable that starts as zeros has no place`() {
    #expect(throws: ELFSymbols.Problem.notStored(address: 0x2000_0010)) { try symbol("zeroed") }
  }

  @Test func `a number of the linker script and a section that is not loaded are places`() throws {
    #expect(try symbol("page") == .init(address: 0x0800_FC00, size: nil))
    #expect(try symbol("sector") == .init(address: 0x0801_0000, size: 256))
  }

  @Test func `functions, other names and parts of names are none`() {
    #expect(throws: ELFSymbols.Problem.function) { try symbol("main") }
    for name in ["Serial", "seria", "serial1", "erial", "", "local"] {
      #expect(throws: ELFSymbols.Problem.notFound) { try symbol(name) }
    }
  }

  @Test func `a symbol that reaches beyond what is stored has no place`() {
    let builder = Self.program([Self.symbol("config", 0x2000_000C, 5)])
    #expect(throws: ELFSymbols.Problem.notStored(address: 0x2000_000C)) {
      try symbol("config", in: builder)
    }
  }

  @Test func `what other files see goes before what they do not`() throws {
    let local = Self.symbol("serial", 0x0800_0000, 4, info: 0x01)
    let seen = Self.symbol("serial", 0x0800_0008, 4)
    let builder = Self.program([local, seen])
    #expect(try symbol("serial", in: builder).address == 0x0800_0008)
    let two = Self.program([local, Self.symbol("serial", 0x0800_0004, 4, info: 0x01)])
    #expect(throws: ELFSymbols.Problem.ambiguous([0x0800_0000, 0x0800_0004])) {
      try symbol("serial", in: two)
    }
  }

  @Test func `one that is not defined here is none`() {
    let builder = Self.program([Self.symbol("serial", 0x0800_0000, 4, section: 0)])
    #expect(throws: ELFSymbols.Problem.notFound) { try symbol("serial", in: builder) }
  }

  @Test func `a file that was stripped has no table`() {
    var builder = Self.usual
    builder.sections?.removeLast(2)
    #expect(throws: ELFSymbols.Problem.noTable) { try symbol("serial", in: builder) }
    builder.sections = nil
    #expect(throws: ELFSymbols.Problem.noTable) { try symbol("serial", in: builder) }
  }

  @Test func `the names of data are told`() throws {
    #expect(
      try ELFSymbols(Self.usual.bytes).dataNames
        == ["serial", "config", "zeroed", "page", "sector"])
  }

  // MARK: - Damaged tables

  @Test func `tables beyond the file are refused`() {
    for (index, field) in [(2, 16), (3, 20)] {
      var bytes = Self.usual.bytes
      let place = Self.usual.sectionHeaderOffset(index + 1) + field
      bytes.replaceSubrange(place..<place + 4, with: [0xFF, 0xFF, 0xFF, 0x7F])
      #expect(throws: FormatError.self) { try ELFSymbols(bytes) }
    }
  }

  @Test func `entries of another size are refused`() {
    var builder = Self.usual
    builder.sections?[2].entrySize = 15
    #expect(
      throws: FormatError.badELF(
        offset: builder.sectionHeaderOffset(3) + 36,
        problem: .entrySize(table: .symbols, expected: 16, found: 15))
    ) { try ELFSymbols(builder.bytes) }
  }

  @Test func `names beyond their table are no names`() throws {
    let end = Self.names.reduce(0) { $0 + $1.utf8.count + 1 }
    let builder = Self.program(
      [end - 1, end, end + 1, Int(UInt32.max)].map {
        ELFBuilder.symbol(name: $0, value: 0x0800_0000, size: 4)
      })
    let symbols = try ELFSymbols(builder.bytes)
    #expect(symbols.dataNames == ["", "", "", ""])
    #expect(throws: ELFSymbols.Problem.notFound) { try symbols.symbol(named: "sector") }
  }

  @Test func `values and sizes at the end of the address space are no trap`() throws {
    for value in [UInt32.max, 0x0800_001F, 0x2000_000F, 0x2000_003F] {
      for size in [0, 1, 16, UInt32.max] {
        let builder = Self.program([Self.symbol("serial", value, size)])
        _ = try? ELFSymbols(builder.bytes).symbol(named: "serial")
      }
    }
  }

  @Test func `damaged files are read or refused`() {
    var generator = SplitMix64(seed: 7)
    let sample = Self.usual.bytes
    func ask(_ bytes: [UInt8]) {
      guard let symbols = try? ELFSymbols(bytes) else { return }
      #expect(symbols.dataNames.count <= bytes.count / 16)
      for name in Self.names {
        guard let found = try? symbols.symbol(named: name) else { continue }
        #expect(found.size != 0)
      }
    }
    for length in 0..<sample.count { ask(Array(sample.prefix(length))) }
    for _ in 0..<3000 { ask(Mutation.of(sample, using: &generator)) }
  }

  @Test(
    arguments: [
      (.noTable, "the file has no names: it was stripped"),
      (.notFound, "no variable has that name"),
      (.function, "the name is that of a function, and no variable's"),
      (
        .ambiguous([0x0800_0010, 0x0800_0020]),
        "2 variables have that name, at 0x0800_0010, 0x0800_0020"
      ),
      (
        .notStored(address: 0x2000_0004),
        "the variable has no bytes in the file: it is in RAM, at 0x2000_0004"
      ),
    ] as [(ELFSymbols.Problem, String)])
  func `a name that leads to no bytes has a reason`(problem: ELFSymbols.Problem, words: String) {
    #expect(problem.description == words)
  }
}
