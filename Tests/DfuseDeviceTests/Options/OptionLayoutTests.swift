import DfuseFormat
import Testing

@testable import DfuseDevice

/// The layouts of option bytes: that the text says what it should, and that nothing in it contradicts
/// itself.
@Suite struct OptionLayoutTests {
  /// OEM1KEYR1 to OEM2KEYR2 of U5, and to OEM2KEYR4 of U0 (ST's CMSIS headers), by where the window to
  /// the registers begins; those of other chips have options at these addresses.
  static func keys(of layout: OptionLayout) -> Range<UInt64> {
    switch layout.reads.first?.lowerBound {
    case 0x4002_2040: 0x4002_2070..<0x4002_2080
    case 0x4002_2020: 0x4002_2088..<0x4002_20A8
    default: 0..<0
    }
  }

  @Test func `every line of a layout is read`() {
    for layout in OptionLayout.all { #expect(layout.problems == [], "\(layout.name)") }
    #expect(OptionLayout.all.count == 54)
    #expect(OptionLayout.all.reduce(0) { $0 + $1.fields.count } > 1100)
  }

  @Test(arguments: OptionLayout.all)
  func `fields fit their words and do not overlap`(layout: OptionLayout) {
    var used: [UInt64: UInt32] = [:]
    var names: Set<String> = []
    for field in layout.fields {
      #expect(used[field.address, default: 0] & field.mask == 0, "\(field.name)")
      #expect(field.mask & layout.family.form.mask == field.mask, "\(field.name)")
      used[field.address, default: 0] |= field.mask
      #expect(names.insert(field.name.lowercased()).inserted, "\(field.name) twice")
      if let factory = field.factory { #expect(field.allows(factory), "\(field.name)") }
      for value in field.legal ?? [] { #expect(value <= field.most, "\(field.name)") }
      // A condition, or a unit that has one, names a field of the same chip.
      let conditions = [field.condition].compactMap { $0 } + field.units.compactMap(\.condition)
      for name in conditions.flatMap(\.values).map(\.field) {
        #expect(layout.fields.contains { $0.name == name }, "\(field.name) asks \(name)")
      }
    }
    #expect(layout.fields.count { $0.role == .protection } == 1)
  }

  @Test(arguments: OptionLayout.all)
  func `what is written is among what is read, and no password`(layout: OptionLayout) {
    for write in layout.writes {
      #expect(layout.reads.contains { $0.contains(write) })
      #expect(write.lowerBound % 4 == 0 && write.upperBound % 4 == 0)
    }
    for range in layout.reads + layout.writes {
      #expect(!Self.keys(of: layout).overlaps(range))
    }
    // What ST's tool writes has every field of the words that are read.
    for field in layout.fields where layout.isWritten {
      let address = layout.writeAddress(of: field.address)
      #expect(layout.writes.contains { $0.contains(address) }, "\(field.name)")
    }
  }

  /// What AN2606 has with USB DFU, and no layout: nobody has written their option bytes down.
  static let without: Set<String> = [
    "STM32H5E/5F", "STM32H7R/7S", "STM32WBA2", "STM32WBA62-65",
  ]

  @Test func `each line of parts has a layout, or is named as one without`() {
    for row in ChipTableTests.rows {
      let found = OptionLayout.all.filter { $0.parts.contains(row.parts) }
      #expect(found.isEmpty == Self.without.contains(row.parts), "\(row.parts)")
    }
    let rows = Set(ChipTableTests.rows.map(\.parts))
    for parts in OptionLayout.all.flatMap(\.parts) { #expect(rows.contains(parts), "\(parts)") }
  }

  @Test func `those are written that have two sources`() {
    let shown = Set(OptionLayout.all.filter { !$0.isWritten }.map(\.name))
    #expect(
      shown == [
        "STM32F105/107", "STM32F301/302x8", "STM32F302/303xC", "STM32F302/303xE", "STM32F373",
        "STM32F2", "STM32L07x/08x", "STM32L1xxxC", "STM32L1xxxD", "STM32L1xxxE", "STM32L4R/4S",
        "STM32L4P5/4Q5", "STM32L552/562", "STM32C071", "STM32WB", "STM32U073/083",
        "STM32U375/385", "STM32U3B5/3C5", "STM32U5Fx/5Gx", "STM32H503", "STM32H523/533",
        "STM32H562/563/573", "STM32C55x/59x", "STM32C53x", "STM32H7A3/7B0/7B3",
      ])
  }

  /// Known errors of the data base of ST's programmer, put right by the CMSIS headers.
  @Test func `known errors of the source are put right`() throws {
    func field(_ name: String, _ device: UInt16) throws -> OptionField {
      let layout = try #require(OptionLayout.all.first { $0.device == device })
      return try #require(layout.fields.first { $0.name == name })
    }
    // DB1M is bit 14 of the second half word, not bit 30 of the first (CMSIS OPTCR.30).
    let db1m = try field("DB1M", 0x419)
    #expect(db1m.address == 0x1FFF_C008 && db1m.low == 14)
    // Rising before falling (RM0444).
    #expect(try field("BORR_LEV", 0x467).low == 9)
    #expect(try field("BORF_LEV", 0x467).low == 11)
    // embassy's stm32-data: BOOT0 is bit 23, SINGLE_BANK bit 30.
    #expect(try field("SINGLE_BANK", 0x44E).low == 30)
    #expect(try field("WRP2B_STRT", 0x415).units.first?.bytes == 0x800)
  }

  @Test func `chips that cannot be told apart have what is common`() throws {
    let f4 = OptionLayout.all.filter { [0x413, 0x441, 0x463, 0x411].contains($0.device) }
    let common = try #require(OptionLayout.common(f4))
    #expect(common.isWritten)
    #expect(
      common.fields.map(\.name) == ["BOR_LEV", "WDG_SW", "nRST_STOP", "nRST_STDBY", "RDP"])
    // SPRMOD is not on an F405: there the bit is reserved.
    #expect(!common.fields.contains { $0.name == "SPRMOD" })
    #expect(OptionLayout.common([]) == nil)
    let mixed = OptionLayout.all.filter { [0x413, 0x468].contains($0.device) }
    #expect(OptionLayout.common(mixed) == nil)
  }

  /// The F446 and an F469 with 512 KiB have one bootloader id and one map (AN2606): eight sectors.
  @Test func `of write protection, chips have the bits that all of them have`() throws {
    let layouts = OptionLayout.all.filter { [0x421, 0x434].contains($0.device) }
    #expect(layouts.count == 2)
    let common = try #require(OptionLayout.common(layouts))
    let field = try #require(common.fields.first { $0.role == .writeProtection })
    #expect(field.width == 8 && field.low == 0 && field.factory == 0xFF)
    #expect(common.fields.contains { $0.name == "SPRMOD" })
  }

  @Test func `complements are made as the hardware has them`() {
    #expect(OptionForm.bytes.word(of: 0x00FF_00AA, before: 0) == 0x00FF_55AA)
    #expect(OptionForm.bytes.holdsComplement(0x00FF_55AA))
    #expect(!OptionForm.bytes.holdsComplement(0xFFFF_FFAA))
    #expect(OptionForm.halfWords.word(of: 0x00AA, before: 0xFF44_00BB) == 0xFF55_00AA)
    // What was no complement before is kept.
    #expect(OptionForm.halfWords.word(of: 0xAAEC, before: 0xFFFF_AAEF) == 0xFFFF_AAEC)
    #expect(OptionForm.registers.word(of: 0x1FEF_F8AA, before: 0) == 0x1FEF_F8AA)
  }
}

extension OptionLayout: CustomTestStringConvertible {
  /// The chips.
  public var testDescription: String { name }
}

extension OptionBytes {
  /// A board as it left the factory, with zeros where that is not known.
  static func factory(_ name: String, protecting level: UInt32? = nil) throws -> OptionBytes {
    let layout = try #require(OptionLayout.all.first { $0.name == name })
    return factory(layout)
  }

  static func factory(_ layout: OptionLayout) -> OptionBytes {
    var blocks = layout.reads.map {
      ImageElement(
        address: UInt32($0.lowerBound), bytes: [UInt8](repeating: 0, count: $0.count))
    }
    for word in layout.words {
      let options = word.factory ?? 0
      let value =
        layout.family.form == .registers || layout.family.form == .registerPairs
          || layout.family.form == .words
        ? options : layout.family.form.word(of: options, before: layout.family.form.erased)
      for index in blocks.indices where blocks[index].range.contains(word.address) {
        blocks[index].replace(
          ImageElement(address: UInt32(word.address), bytes: littleEndian(value)))
        if layout.family.form.complementsNext,
          blocks[index].range.upperBound >= word.address + 8
        {
          blocks[index].replace(
            ImageElement(address: UInt32(word.address) + 4, bytes: littleEndian(~value)))
        }
      }
    }
    return OptionBytes(layout: layout, blocks: blocks)
  }
}

extension OptionForm {
  /// A word that holds its complement, so that one that is made of it does as well.
  fileprivate var erased: UInt32 { self == .halfWords ? 0xFFFF_0000 : 0 }
}
