import DfuseFormat
import DfuseTestSupport
import Testing

@testable import DfuseDevice

/// What a change of option bytes plans, and what it refuses.
@Suite struct OptionChangeTests {
  private static let everything: OptionConsent = {
    var consent = OptionConsent()
    consent.permanentLockSerial = "S1"
    consent.allowsNoWayBack = true
    consent.allowsErase = true
    return consent
  }()

  @discardableResult
  private func set(
    _ options: OptionBytes, _ settings: [(String, UInt64)], _ consent: OptionConsent = .init(),
    serial: String? = "S1"
  ) throws(OptionError) -> OptionChange {
    try options.change(
      settings.map { OptionSetting(name: $0.0, value: $0.1) },
      shown: options.layout?.reads ?? [], consent: consent, serial: serial)
  }

  private static let written = OptionLayout.all.filter(\.isWritten)

  /// Values to try: all of up to four bits, of others the ends and sixteen at random.
  private func values(of field: OptionField) -> [UInt32] {
    if field.width <= 4 { return Array(0...field.most) }
    var random = SplitMix64(seed: UInt64(field.address) ^ UInt64(field.mask))
    return [0, 1, field.most - 1, field.most]
      + (0..<16).map { _ in UInt32(truncatingIfNeeded: random.next()) & field.most }
  }

  @Test(arguments: written)
  func `a field changes its bits and no others`(layout: OptionLayout) throws {
    let options = OptionBytes.factory(layout)
    for field in layout.fields where !layout.family.neverWritten.contains(field.name) {
      for value in values(of: field) {
        guard field.allows(value) else {
          guard !field.hasNamedBits else { continue }
          #expect(throws: OptionError.illegal(field, UInt64(value))) {
            try set(options, [(field.name, UInt64(value))], Self.everything)
          }
          continue
        }
        // TrustZone has fields of its own, and only one way.
        guard field.condition == nil, field.role != .trustZone else { continue }
        let after = options.setting([field: value])
        #expect(after.value(of: field) == value)
        for other in layout.fields where other != field {
          #expect(after.value(of: other) == options.value(of: other), "\(other.name)")
        }
        for word in layout.words where word.address != field.address {
          #expect(after.word(at: word.address) == options.word(at: word.address))
        }
        let before = try #require(options.word(at: field.address))
        let now = try #require(after.word(at: field.address))
        let optionsOnly = layout.family.form.mask & ~field.mask
        #expect(before & optionsOnly == now & optionsOnly)
        if layout.family.form.complementsNext, let next = after.word(at: field.address + 4) {
          #expect(next == ~now)
        }
        #expect(layout.family.form.holdsComplement(now))
      }
    }
  }

  @Test(arguments: written)
  func `what is written has the change, and keeps within the table`(layout: OptionLayout) throws {
    let options = OptionBytes.factory(layout)
    for field in layout.fields
    where field.width == 1 && field.condition == nil && field.role != .trustZone
      && field.role != .protection && !layout.family.neverWritten.contains(field.name)
    {
      let value = try #require(options.value(of: field)) ^ 1
      let change = try set(options, [(field.name, UInt64(value))], Self.everything)
      #expect(change.blocks.count == 1)
      let block = try #require(change.blocks.first)
      #expect(layout.writes.contains(block.range))
      let place = layout.writeAddress(of: field.address)
      let offset = Int(place - block.range.lowerBound)
      #expect(field.value(in: littleEndian(block.bytes[offset..<offset + 4])) == value)
      #expect(!OptionLayoutTests.keys(of: layout).overlaps(block.range))
    }
  }

  @Test func `registers that are written elsewhere get what they hold first`() throws {
    let options = try OptionBytes.factory("STM32H74x/75x")
    let change = try set(options, [("IWDG1_SW", 0)])
    let block = try #require(change.blocks.first)
    // PRG of BOOT holds CUR's value, though the block that was read had something else there.
    let boot = Int(UInt64(0x5200_2044) - block.range.lowerBound)
    #expect(littleEndian(block.bytes[boot..<boot + 4]) == 0x1FF0_0800)
    let first = Int(UInt64(0x5200_2020) - block.range.lowerBound)
    #expect(littleEndian(block.bytes[first..<first + 4]) == 0x1BC6_AAE0)
  }

  // MARK: - What must never happen

  @Test(
    arguments: [
      ("STM32F07x", "RDP", 0xCC), ("STM32F40x/41x", "RDP", 0xCC), ("STM32F74x/75x", "RDP", 204),
      ("STM32L43x/44x", "RDP", 0xCC), ("STM32G0B1/0C1", "RDP", 0xCC),
      ("STM32G431/441", "RDP", 0xCC), ("STM32H74x/75x", "RDP", 0xCC),
      ("STM32U575/585", "RDP", 0xCC),
    ] as [(String, String, UInt64)])
  func `a level for ever needs the board's serial number`(
    name: String, field: String, value: UInt64
  ) throws {
    let options = try OptionBytes.factory(name)
    let level = try #require(options.fields.first { $0.name == field })
    for (consent, serial) in [
      (nil, "S1"), ("S2", "S1"), ("S1", nil), (nil, nil),
    ] as [(String?, String?)] {
      var given = Self.everything
      given.permanentLockSerial = consent
      #expect(throws: OptionError.permanent(level, UInt32(value), serial: serial)) {
        try set(options, [(field, value)], given, serial: serial)
      }
    }
    let change = try set(options, [(field, value)], Self.everything)
    #expect(change.differences.map(\.after) == [UInt32(value)])
  }

  @Test func `product states and the C5's levels are never written`() throws {
    for name in ["STM32H562/563/573", "STM32H503", "STM32C55x/59x"] {
      let options = try OptionBytes.factory(name)
      #expect(throws: OptionError.shownOnly(chip: name)) {
        try set(options, [("SWAP_BANK", 1)], Self.everything)
      }
    }
    // Every product state but Open counts as one for ever.
    #expect(OptionFamily.h5.levels.permanent.count == 255)
    #expect(OptionFamily.c5.levels.permanent == [0xD1, 0x72])
    #expect(OptionFamily.f1.levels == .init(open: 0xA5, permanent: []))
  }

  @Test func `opening a chip erases it, and needs a yes`() throws {
    let layout = try #require(OptionLayout.all.first { $0.name == "STM32F40x/41x" })
    let level = try #require(layout.fields.first { $0.name == "RDP" })
    let options = OptionBytes.factory(layout).setting([level: 0xBB])
    #expect(throws: OptionError.erasesEverything(level)) { try set(options, [("RDP", 0xAA)]) }
    var consent = OptionConsent()
    consent.allowsErase = true
    #expect(try set(options, [("RDP", 0xAA)], consent).differences.count == 1)
  }

  /// Section by section of what decides how a chip starts; the polarities differ by family.
  @Test(
    arguments: [
      ("STM32F07x", [("nBOOT1", 0)]),
      ("STM32F04x/070x6", [("nBOOT1", 0)]),
      ("STM32F04x/070x6", [("BOOT_SEL", 0)]),
      ("STM32L43x/44x", [("nSWBOOT0", 0)]),
      ("STM32L43x/44x", [("nBOOT1", 0)]),
      ("STM32L47x/48x", [("nBOOT1", 0)]),
      ("STM32G431/441", [("nSWBOOT0", 0), ("nBOOT0", 1)]),
      ("STM32G47x/48x", [("BOOT_LOCK", 1)]),
      ("STM32F74x/75x", [("BOOT_ADD1", 0x2040)]),
      (
        "STM32F76x/77x",
        [("nDBANK", 1), ("nDBOOT", 1), ("BOOT_ADD0", 0x2000), ("BOOT_ADD1", 0x2040)]
      ),
      ("STM32H74x/75x", [("BOOT_CM7_ADD1", 0x0810)]),
      ("STM32U575/585", [("NSBOOTADD1", 0x10_0200)]),
      ("STM32U575/585", [("nSWBOOT0", 0)]),
    ] as [(String, [(String, UInt64)])])
  func `what closes the way into the bootloader is refused`(
    name: String, settings: [(String, UInt64)]
  ) throws {
    let options = try OptionBytes.factory(name)
    do {
      _ = try set(options, settings)
      Issue.record("\(settings) was allowed")
    } catch {
      guard case .closesBootloader(let fields) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(!fields.isEmpty)
    }
    #expect(try set(options, settings, Self.everything).after.reachesBootloader == false)
  }

  @Test(
    arguments: [
      // Forced into the bootloader.
      ("STM32L43x/44x", [("nSWBOOT0", 0), ("nBOOT0", 0)]),
      ("STM32G0B1/0C1", [("nBOOT0", 0)]),
      ("STM32H74x/75x", [("BOOT_CM7_ADD0", 0x1FF0)]),
      // No memory.
      ("STM32F74x/75x", [("BOOT_ADD0", 0xFFFF)]),
    ] as [(String, [(String, UInt64)])])
  func `what starts no firmware is refused`(name: String, settings: [(String, UInt64)]) throws {
    let options = try OptionBytes.factory(name)
    do {
      _ = try set(options, settings)
      Issue.record("\(settings) was allowed")
    } catch {
      guard case .startsNothing = error else {
        Issue.record("\(error)")
        return
      }
    }
  }

  @Test func `a door that was closed before does not keep the rest from being set`() throws {
    // A G0 leaves the factory with its pin ignored (qmk#24301).
    let options = try OptionBytes.factory("STM32G0B1/0C1")
    #expect(options.reachesBootloader == false)
    #expect(try set(options, [("IWDG_STOP", 0)]).differences.count == 1)
    // And opening it is no trouble.
    let open = try set(options, [("nBOOT_SEL", 0)])
    #expect(open.after.reachesBootloader == true)
    #expect(open.cautions == [.holdSupply])
    // Nor is what leaves another door open.
    let back = try OptionBytes.factory("STM32L43x/44x")
    let forced = try set(back, [("nSWBOOT0", 0), ("nBOOT0", 0)], Self.everything)
    #expect(forced.after.reachesBootloader == true)
    #expect(try set(forced.after, [("nBOOT0", 1), ("nSWBOOT0", 1)]).differences.count == 2)
  }

  @Test func `what only level 1 undoes is one way`() throws {
    let g4 = try OptionBytes.factory("STM32G431/441")
    let pcrop = try #require(g4.fields.first { $0.name == "PCROP_RDP" })
    #expect(throws: OptionError.oneWay(pcrop)) { try set(g4, [("PCROP_RDP", 1)]) }
    let set1 = g4.setting([pcrop: 1])
    #expect(throws: OptionError.cannotBeUndone(pcrop)) { try set(set1, [("PCROP_RDP", 0)]) }
    let f4 = try OptionBytes.factory("STM32F446")
    let sprmod = try #require(f4.fields.first { $0.name == "SPRMOD" })
    #expect(throws: OptionError.oneWay(sprmod)) { try set(f4, [("SPRMOD", 1)]) }
    // ST 53653: "Expected DMEP1 0, found 1".
    let h7 = try OptionBytes.factory("STM32H74x/75x")
    let dmep = try #require(h7.fields.first { $0.name == "DMEP1" })
    #expect(throws: OptionError.cannotBeUndone(dmep)) {
      try set(h7.setting([dmep: 1]), [("DMEP1", 0)])
    }
    let u5 = try OptionBytes.factory("STM32U575/585")
    let unlock = try #require(u5.fields.first { $0.name == "UNLOCK_1A" })
    #expect(throws: OptionError.oneWay(unlock)) { try set(u5, [("UNLOCK_1A", 0)]) }
  }

  @Test func `TrustZone closes the flash to the bootloader`() throws {
    let u5 = try OptionBytes.factory("STM32U575/585")
    let tzen = try #require(u5.fields.first { $0.name == "TZEN" })
    #expect(throws: OptionError.trustZone(tzen, on: true)) { try set(u5, [("TZEN", 1)]) }
    #expect(throws: OptionError.trustZone(tzen, on: false)) {
      try set(u5.setting([tzen: 1]), [("TZEN", 0)], Self.everything)
    }
    // Fields that are there only with it.
    let lock = try #require(u5.fields.first { $0.name == "BOOT_LOCK" })
    #expect(throws: OptionError.notThere(lock, needs: "TZEN=1")) {
      try set(u5, [("BOOT_LOCK", 1)], Self.everything)
    }
    // AN2606, V9.2: not at once.
    let rdp = try #require(u5.fields.first { $0.name == "RDP" })
    #expect(throws: OptionError.separately(rdp, tzen)) {
      try set(u5, [("RDP", 0xDC), ("TZEN", 1)], Self.everything)
    }
  }

  @Test func `what is outside the bootloader's map is not written`() throws {
    let g4 = try OptionBytes.factory("STM32G431/441")
    let lock = try #require(g4.fields.first { $0.name == "BOOT_LOCK" })
    #expect(throws: OptionError.outsideMap(lock)) {
      try g4.change(
        [OptionSetting(name: "BOOT_LOCK", value: 1)], shown: [0x1FFF_7800..<0x1FFF_7828],
        consent: Self.everything, serial: nil)
    }
    // H723: OPTSR2 can be read at 0x5200_2070, and its own word to write is behind the string.
    let h7 = try OptionBytes.factory("STM32H72x/73x")
    let shared = try #require(h7.fields.first { $0.name == "TCM_AXI_SHARED" })
    #expect(throws: OptionError.outsideMap(shared)) {
      try h7.change(
        [OptionSetting(name: "TCM_AXI_SHARED", value: 1)], shown: [0x5200_201C..<0x5200_2074],
        consent: Self.everything, serial: nil)
    }
  }

  // MARK: - Names and values

  @Test func `names are the programmer's or the manual's, in any case`() throws {
    let f4 = try OptionBytes.factory("STM32F40x/41x")
    for name in ["nWRP3", "WRP3", "nwrp3", "wrp3"] {
      let change = try set(f4, [(name, 0)])
      #expect(change.differences.map(\.after) == [0xFF7], "\(name)")
    }
    #expect(try set(f4, [("bor_lev", 1)]).differences.count == 1)
    let h7 = try OptionBytes.factory("STM32H74x/75x")
    #expect(try set(h7, [("swap_bank_opt", 1)]).differences.map(\.field.name) == ["SWAP_BANK"])
    #expect(try set(h7, [("BOOT_ADD0", 0x0810)]).differences.count == 1)
  }

  @Test func `bits with names go together`() throws {
    let f4 = try OptionBytes.factory("STM32F40x/41x")
    let change = try set(f4, [("nWRP0", 0), ("nWRP1", 0)])
    #expect(change.differences.map(\.after) == [0xFFC])
    #expect(change.after.meaning(of: 0xFFC, for: change.differences[0].field) == "protected: 0 1")
    #expect(throws: OptionError.twoValues("WRP0")) {
      try set(f4, [("nWRP0", 0), ("WRP0", 1)])
    }
    #expect(throws: OptionError.noSuchField("nWRP12")) {
      try set(f4, [("nWRP12", 0)])
    }
  }

  @Test func `a boot address may be given as such`() throws {
    let f7 = try OptionBytes.factory("STM32F74x/75x")
    #expect(try set(f7, [("BOOT_ADD0", 0x2000)]).differences.map(\.after) == [0x2000])
    #expect(try set(f7, [("BOOT_ADD0", 0x0800_0000)]).differences.map(\.after) == [0x2000])
    let boot = try #require(f7.fields.first { $0.name == "BOOT_ADD0" })
    #expect(throws: OptionError.illegal(boot, 0x0800_0001)) {
      try set(f7, [("BOOT_ADD0", 0x0800_0001)])
    }
    let u5 = try OptionBytes.factory("STM32U575/585")
    #expect(try set(u5, [("NSBOOTADD0", 0x0801_0000)]).differences.map(\.after) == [0x10_0200])
    #expect(try set(u5, [("NSBOOTADD0", 0x10_0200)]).differences.map(\.after) == [0x10_0200])
  }

  @Test func `the factory's values come back, the level and one way apart`() throws {
    let options = try OptionBytes.factory("STM32G431/441")
    func field(_ name: String) throws -> OptionField {
      try #require(options.fields.first { $0.name == name })
    }
    let changed = options.setting([
      try field("BOR_LEV"): 4, try field("nSWBOOT0"): 0, try field("nBOOT0"): 0,
      try field("PCROP_RDP"): 1, try field("RDP"): 0xBB, try field("WRP1A_END"): 3,
    ])
    let change = try changed.changeToFactory(
      shown: changed.layout?.reads ?? [], consent: .init(), serial: nil)
    #expect(
      Set(change.differences.map(\.field.name)) == ["BOR_LEV", "nSWBOOT0", "nBOOT0", "WRP1A_END"])
    #expect(change.cautions.contains(.leftAlone(try field("PCROP_RDP"))))
    #expect(change.after.value(of: try field("RDP")) == 0xBB)
    let h72 = try OptionBytes.factory("STM32H72x/73x")
    #expect(throws: OptionError.factoryUnknown(chip: "STM32H72x/73x")) {
      try h72.changeToFactory(shown: h72.layout?.reads ?? [], consent: .init(), serial: nil)
    }
    // A G0 whose pin was made to work would lose that.
    let g0 = try OptionBytes.factory("STM32G0B1/0C1")
    let select = try #require(g0.fields.first { $0.name == "nBOOT_SEL" })
    #expect(throws: OptionError.closesBootloader([select])) {
      try g0.setting([select: 0]).changeToFactory(
        shown: g0.layout?.reads ?? [], consent: .init(), serial: nil)
    }
  }
}
