import DfuseTestSupport
import Testing

@testable import DfuseDevice

/// The table of chips against AN2606 Rev 70, table 3, its rows with USB DFU.
@Suite struct ChipTableTests {
  /// A row: the line of parts, the ids, where they stand, the release of the protocol.
  struct Row: Sendable, CustomTestStringConvertible {
    var parts: String
    var ids: [UInt16]
    var address: UInt32?
    var dfu: UInt16
    var testDescription: String { parts }
  }

  // swift-format-ignore
  static let rows: [Row] = [
    .init(parts: "STM32C071", ids: [0xD1], address: 0x1FFF_67FE, dfu: 0x0220),
    .init(parts: "STM32C59x/5A3", ids: [0x100], address: 0x0BF8_85FE, dfu: 0x0300),
    .init(parts: "STM32C551/552/562", ids: [0x101], address: 0x0BF8_85FE, dfu: 0x0300),
    .init(parts: "STM32C531/532/542", ids: [0x100], address: 0x0BF8_85FE, dfu: 0x0300),
    .init(parts: "STM32F04x", ids: [0xA1], address: 0x1FFF_F6A6, dfu: 0x0220),
    .init(parts: "STM32F071/072", ids: [0xA1], address: 0x1FFF_F6A6, dfu: 0x0220),
    .init(parts: "STM32F070x6", ids: [0xA2], address: 0x1FFF_F6A6, dfu: 0x0220),
    .init(parts: "STM32F070xB", ids: [0xA3], address: 0x1FFF_F6A6, dfu: 0x0220),
    .init(parts: "STM32F105/107", ids: [], address: nil, dfu: 0x0220),
    .init(parts: "STM32F2xx", ids: [0x33], address: 0x1FFF_77DE, dfu: 0x0220),
    .init(parts: "STM32F373", ids: [0x41], address: 0x1FFF_F7A6, dfu: 0x0220),
    .init(parts: "STM32F302/303xB/C", ids: [0x41], address: 0x1FFF_F796, dfu: 0x0220),
    .init(parts: "STM32F301, F302x4/6/8", ids: [0x40], address: 0x1FFF_F796, dfu: 0x0220),
    .init(parts: "STM32F302/303xD/E", ids: [0x40], address: 0x1FFF_F796, dfu: 0x0220),
    .init(parts: "STM32F40x/41x", ids: [0x31, 0x91], address: 0x1FFF_77DE, dfu: 0x0220),
    .init(parts: "STM32F42x/43x", ids: [0x70, 0x91], address: 0x1FFF_76DE, dfu: 0x0220),
    .init(parts: "STM32F401", ids: [0xD1], address: 0x1FFF_76DE, dfu: 0x0220),
    .init(parts: "STM32F411", ids: [0xD0], address: 0x1FFF_76DE, dfu: 0x0220),
    .init(parts: "STM32F412", ids: [0x91], address: 0x1FFF_76DE, dfu: 0x0220),
    .init(parts: "STM32F413/423", ids: [0x90], address: 0x1FFF_76DE, dfu: 0x0220),
    .init(parts: "STM32F446", ids: [0x90], address: 0x1FFF_76DE, dfu: 0x0220),
    .init(parts: "STM32F469/479", ids: [0x90], address: 0x1FFF_76DE, dfu: 0x0220),
    .init(parts: "STM32F72x/73x", ids: [0x90], address: 0x1FF0_EDBE, dfu: 0x0220),
    .init(parts: "STM32F74x/75x", ids: [0x70, 0x90], address: 0x1FF0_EDBE, dfu: 0x0220),
    .init(parts: "STM32F76x/77x", ids: [0x93], address: 0x1FF0_EDBE, dfu: 0x0220),
    .init(parts: "STM32G0B0", ids: [0xD0], address: 0x1FFF_9FFE, dfu: 0x0220),
    .init(parts: "STM32G0B1/0C1", ids: [0x92], address: 0x1FFF_9FFE, dfu: 0x0220),
    .init(parts: "STM32G431/441", ids: [0xD4], address: 0x1FFF_6FFE, dfu: 0x0220),
    .init(parts: "STM32G47x/48x", ids: [0xD5], address: 0x1FFF_6FFE, dfu: 0x0220),
    .init(parts: "STM32G491/4A1", ids: [0xD2], address: 0x1FFF_6FFE, dfu: 0x0220),
    .init(parts: "STM32H503", ids: [0xE2], address: 0x0BF8_FFFE, dfu: 0x0300),
    .init(parts: "STM32H562/563/573", ids: [0xE5], address: 0x0BF9_FAFE, dfu: 0x0300),
    .init(parts: "STM32H523/533", ids: [0xE2], address: nil, dfu: 0x0300),
    .init(parts: "STM32H5E/5F", ids: [0xF0], address: 0x0BFB_5FFE, dfu: 0x0300),
    .init(parts: "STM32H72x/73x", ids: [0x93], address: 0x1FF1_E7FE, dfu: 0x0220),
    .init(parts: "STM32H74x/75x", ids: [0x92], address: 0x1FF1_E7FE, dfu: 0x0220),
    .init(parts: "STM32H7A3/7B0/7B3", ids: [0x92], address: 0x1FF1_3FFE, dfu: 0x0220),
    .init(parts: "STM32H7R/7S", ids: [0xE3, 0xE5], address: 0x1FF1_FCFE, dfu: 0x0220),
    .init(parts: "STM32L07x/08x", ids: [0x41], address: 0x1FF0_1FFE, dfu: 0x0220),
    .init(parts: "STM32L1xxxC", ids: [0x40], address: 0x1FF0_1FFE, dfu: 0x0220),
    .init(parts: "STM32L1xxxD", ids: [0x45], address: 0x1FF0_1FFE, dfu: 0x0220),
    .init(parts: "STM32L1xxxE", ids: [0x40], address: 0x1FF0_1FFE, dfu: 0x0220),
    .init(parts: "STM32L412/422", ids: [0xD1], address: 0x1FFF_6FFE, dfu: 0x0220),
    .init(parts: "STM32L43x/44x", ids: [0x91], address: 0x1FFF_6FFE, dfu: 0x0220),
    .init(parts: "STM32L45x/46x", ids: [0x92], address: 0x1FFF_6FFE, dfu: 0x0220),
    .init(parts: "STM32L47x/48x", ids: [0xA3, 0x92], address: 0x1FFF_6FFE, dfu: 0x0220),
    .init(parts: "STM32L496/4A6", ids: [0x93], address: 0x1FFF_6FFE, dfu: 0x0220),
    .init(parts: "STM32L4R/4S", ids: [0x95], address: 0x1FFF_6FFE, dfu: 0x0220),
    .init(parts: "STM32L4P5/4Q5", ids: [0x90], address: 0x1FFF_6FFE, dfu: 0x0220),
    .init(parts: "STM32L552/562", ids: [0x92], address: 0x0BF9_7FFE, dfu: 0x0220),
    .init(parts: "STM32U073/083", ids: [0xD0], address: 0x1FFF_67FE, dfu: 0x0220),
    .init(parts: "STM32U375/385", ids: [0xE2], address: 0x0BF9_8FFE, dfu: 0x0300),
    .init(parts: "STM32U3B5/3C5", ids: [0xE0], address: 0x0BF9_8FFE, dfu: 0x0300),
    .init(parts: "STM32U535/545", ids: [0x91], address: 0x0BF9_9EFE, dfu: 0x0220),
    .init(parts: "STM32U575/585", ids: [0x93], address: 0x0BF9_9EFE, dfu: 0x0220),
    .init(parts: "STM32U59x/5Ax", ids: [0x92], address: 0x0BF9_9EFE, dfu: 0x0220),
    .init(parts: "STM32U5Fx/5Gx", ids: [0x90], address: 0x0BF9_9EFE, dfu: 0x0220),
    .init(parts: "STM32WB30/35/50/55", ids: [0xD5], address: 0x1FFF_6FFE, dfu: 0x0220),
    .init(parts: "STM32WBA2", ids: [0xD0], address: 0x0BF8_CCFE, dfu: 0x0300),
    .init(parts: "STM32WBA62-65", ids: [0xD2], address: 0x0BF9_7EFE, dfu: 0x0300),
  ]

  @Test func `every row has one entry, and no other is there`() {
    #expect(Self.rows.count == 60)
    #expect(
      Set(ChipTable.roms.map(\.parts)) == Set(Self.rows.map(\.parts)),
      "the rows above are AN2606's, written down a second time: add the new one, and count it")
    #expect(ChipTable.roms.count == Self.rows.count)
  }

  @Test(arguments: rows)
  func `a row is as AN2606 has it`(row: Row) throws {
    let rom = try #require(ChipTable.roms.first { $0.parts == row.parts })
    #expect(rom.ids == row.ids)
    #expect(rom.idAddress == row.address)
    #expect(rom.dfu == row.dfu)
    #expect(!rom.flash.isEmpty && rom.flash == rom.flash.sorted())
  }

  /// A chip that is none of them is not taken for one, whatever it says.
  @Test func `an entry is claimed only if its whole signature fits`() {
    var random = SplitMix64(seed: 20_261_127)
    let starts: [UInt64] = [
      0x1FFF_F800, 0x1FFF_C000, 0x1FFF_0000, 0x1FF8_0000, 0x1FFF_7800, 0x1FF0_0000, 0x1FFF_8000,
      0x4002_2040, 0x4002_2020, 0x4002_2050, 0x5200_201C, 0x01FF_8000, 0x1234_5678,
    ]
    let lengths = [16, 32, 40, 48, 64, 88, 128, 136, 176, 297, 432]
    for _ in 0..<20_000 {
      let count = UInt64.random(in: 1...2048, using: &random)
      let size = [128, 256, 1024, 2048, 4096, 8192, 16384, 131_072].randomElement(using: &random)!
      var alternates = ["@Internal Flash  /0x08000000/\(count)*\(size) g"]
      if Bool.random(using: &random) {
        let start = UInt32(truncatingIfNeeded: starts.randomElement(using: &random)!)
        alternates.append(
          "@Option Bytes  /0x\(String(start, radix: 16))/01*\(lengths.randomElement(using: &random)!) e"
        )
      }
      if Bool.random(using: &random) { alternates.append("@OTP Memory /0x1FFF6800/01*1024 e") }
      let identity = DeviceIdentity(
        vendorID: 0x0483, productID: 0xDF11,
        bcdDevice: Bool.random(using: &random) ? 0x2200 : 0x0200, path: "1-1", address: 1,
        product: Bool.random(using: &random) ? nil : "DFU in FS Mode")
      let maps = alternates.compactMap(MemoryMap.parse)
      let chip = ChipProfile.identify(identity, maps: maps)
      let facts = ChipFacts(identity: identity, maps: maps)
      let fitting = ChipTable.entries.filter { $0.signature.fits(facts) }
      #expect(chip.isKnown == (fitting.count == 1))
      guard chip.isKnown else { continue }
      // So much flash comes with no other line of parts than those.
      let kibibytes = count * UInt64(size) / 1024
      #expect(
        chip.roms.allSatisfy { $0.flash.contains(kibibytes) }
          || chip.roms == fitting[0].profile.roms)
    }
  }

  @Test func `no two entries fit one device that somebody has seen`() {
    for sample in ChipCase.all {
      let maps = sample.alternates.compactMap(MemoryMap.parse)
      let facts = ChipFacts(identity: sample.identity, maps: maps)
      let fitting = ChipTable.entries.filter { $0.signature.fits(facts) }
      #expect(fitting.count == 1, "\(sample)")
    }
  }

  @Test func `every entry can be worked with`() {
    for entry in ChipTable.entries {
      let chip = entry.profile
      #expect(chip.programmingUnit >= 4 && chip.programmingUnit.nonzeroBitCount == 1)
      #expect(
        chip.sectorEraseTimes.map(\.sectorSize) == chip.sectorEraseTimes.map(\.sectorSize).sorted())
      #expect(chip.roms.isEmpty != chip.name.isEmpty)
    }
  }

  /// Of ST's CMSIS headers, `SRAM1_BASE` and the like: the end of RAM, and the word behind it.
  @Test(
    arguments: [
      ("STM32F04x", 0x2000_1800), ("STM32F401", 0x2001_8000), ("STM32F411", 0x2002_0000),
      ("STM32F40x/41x", 0x1001_0000), ("STM32L47x/48x", 0x2001_8000),
      ("STM32L1xxxD", 0x2001_4000), ("STM32U535/545", 0x2004_0000),
      ("STM32U575/585", 0x200C_0000), ("STM32U575/585", 0x2800_4000),
      ("STM32U59x/5Ax", 0x2027_0000), ("STM32U5Fx/5Gx", 0x202F_0000),
      ("STM32WBA2", 0x2001_8000), ("STM32H523/533", 0x2004_4000),
      ("STM32H562/563/573", 0x300A_0000), ("STM32H7R/7S", 0x2407_2000),
      ("STM32H74x/75x", 0x2408_0000), ("STM32C071", 0x2000_6000),
    ] as [(String, UInt32)])
  func `a stack may begin at the end of RAM, and not behind it`(parts: String, end: UInt32) throws {
    let rom = try #require(ChipTable.roms.first { $0.parts == parts })
    var chip = ChipProfile.unknown
    #expect(chip.hasRAM(forStackAt: end) == nil)
    chip.roms = [rom]
    #expect(chip.hasRAM(forStackAt: end) == true)
    #expect(chip.hasRAM(forStackAt: end - 4) == true)
    #expect(chip.hasRAM(forStackAt: end + 4) == false)
  }

  @Test func `where the RAM of one line is not known, nothing is said of the stack`() throws {
    var chip = ChipProfile.unknown
    chip.roms = ChipTable.roms.filter { $0.parts == "STM32F401" || $0.parts == "STM32C551/552/562" }
    #expect(chip.roms.count == 2)
    #expect(chip.hasRAM(forStackAt: 0x0800_0000) == nil)
    #expect(ChipTable.roms.filter { $0.ram.isEmpty }.allSatisfy { $0.parts.hasPrefix("STM32C5") })
  }
}
