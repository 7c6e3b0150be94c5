import DfuseFormat
import Testing

@testable import DfuseDevice
@testable import DfuseSimulator

/// What a chip tells of itself.
@Suite struct IdentifyTests {
  /// Chips that serve what they are, and are ROMs of ST.
  static let telling = SimulatedChip.all.filter { $0.profile.system != nil }.map(\.name)

  private func identify(
    _ name: String, faults: String..., serial: String? = nil
  ) throws -> (ChipIdentity, SimulatedBoard) {
    let chip = try #require(SimulatedChip.named(name))
    let rig = FlashRig(
      SimulatedBoard(chip, serial: serial, faults: try FaultPlan(parsing: faults)))
    var flasher = try rig.flasher()
    let identity = try flasher.identify()
    return (identity, try rig.board)
  }

  @Test(arguments: telling)
  func `a chip that tells is known by its own word`(name: String) throws {
    let (identity, board) = try identify(name)
    let system = try #require(board.chip.profile.system)
    #expect(identity.version?.id == system.id)
    #expect(identity.versionAddress == system.idAddress)
    #expect(identity.isReadProtected == false)
    // All that is left has its id there.
    #expect(identity.roms.allSatisfy { $0.idAddress == system.idAddress })
    if system.flashSize != nil {
      #expect(identity.kibibytes == UInt64(board.chip.flashSize / 1024))
    }
    if !system.uniqueID.isEmpty, !board.chip.profile.usb.serialIsConstant {
      #expect(identity.uniqueID?.serialNumber == board.chip.profile.usb.serial)
      #expect(identity.uniqueID?.serialNumber == identity.serialNumber)
    }
    #expect(board.counters.erases.isEmpty && board.counters.bytesProgrammed == 0)
  }

  @Test(
    arguments: [
      ("stm32f401", "STM32F401"), ("stm32f405", "STM32F40x/41x"),
      ("stm32f427", "STM32F42x/43x"), ("stm32l476", "STM32L47x/48x"),
      ("stm32g474", "STM32G47x/48x"), ("stm32u575", "STM32U575/585"),
      ("stm32h563", "STM32H562/563/573"), ("stm32c562", "STM32C551/552/562"),
      ("stm32f303", "STM32F302/303xB/C"),
    ])
  func `the id tells lines of parts apart that look alike`(name: String, parts: String) throws {
    let (identity, _) = try identify(name)
    #expect(identity.name == parts)
  }

  /// Of these, engineering bytes that they serve as a memory have it.
  static let engineering = ["stm32c071", "stm32u083"]

  @Test(arguments: telling.filter { !engineering.contains($0) })
  func `one that says no tells nothing, and is no other chip for that`(name: String) throws {
    let (identity, _) = try identify(name, faults: "system=refused")
    #expect(identity.version == nil && identity.kibibytes == nil && identity.uniqueID == nil)
    #expect(identity.name == identity.nameByMap)
    #expect(identity.source == .map)
  }

  @Test func `one that falls silent is told of`() throws {
    #expect {
      _ = try identify("stm32f405", faults: "system=silent")
    } throws: { error in
      guard case .fellSilent(reading: 0x1FFF_77DE, _)? = error as? FlashError else { return false }
      return true
    }
  }

  @Test func `a protected chip is asked nothing`() throws {
    let (identity, board) = try identify("stm32f405", faults: "rdp=1")
    #expect(identity.isReadProtected == true)
    #expect(identity.version == nil)
    #expect(board.model.pointer != 0x1FFF_77DE)
  }

  @Test(arguments: ["gd32vf103", "at32f435", "st-usbd", "mboot", "daisy", "f105-clone"])
  func `nothing is read where the table has no address`(name: String) throws {
    let (identity, _) = try identify(name)
    #expect(identity.version == nil && identity.uniqueID == nil && identity.kibibytes == nil)
  }

  @Test(arguments: telling)
  func `limits are told of a release that was read, and of no other`(name: String) throws {
    #expect(try identify(name, faults: "system=refused").0.limits.isEmpty)
    let wanted: [String: Int] = [
      "stm32l476": 1, "stm32h743": 2, "stm32h743-v9.1": 2, "stm32h7a3-v9.0": 1, "stm32h723": 0,
      "stm32g0b1": 1, "stm32u575": 0, "stm32f405": 0, "stm32f427": 0,
    ]
    if let count = wanted[name] { #expect(try identify(name).0.limits.count == count) }
  }
}

/// What the bytes at an id's address say, whatever they are.
@Suite struct BootloaderVersionTextTests {
  private let rom = BootloaderROM(
    "STM32X", ids: [0x92], at: 0x1FFF_0000, dfu: 0x0220, flash: [64], ram: [])
  private let longROM = BootloaderROM(
    "STM32C5", ids: [0x100], at: 0x1FFF_0000, dfu: 0x0300, flash: [64], ram: [])

  @Test(
    arguments: [
      ([0x92, 0xFF], "V9.2"), ([0x91, 0x00], "V9.1"), ([0xD1, 0x12], "V13.1"),
      ([0x31, 0xFF], "V3.1"),
    ] as [([UInt8], String)])
  func `an id is interfaces and revision`(bytes: [UInt8], text: String) {
    #expect(BootloaderVersion(bytes, of: [rom])?.description == text)
  }

  @Test(
    arguments: [[0xFF, 0xFF], [0x00, 0x00], [0x05, 0xFF], [0x9F, 0xFF], [0x92], []] as [[UInt8]])
  func `blank or empty memory is no id`(bytes: [UInt8]) {
    #expect(BootloaderVersion(bytes, of: [rom]) == nil)
  }

  @Test func `three digits take both bytes`() {
    #expect(BootloaderVersion([0x00, 0x01], of: [longROM])?.id == 0x100)
    #expect(BootloaderVersion([0xFF, 0xFF], of: [longROM]) == nil)
  }

  /// Get_SerialNum of ST's USB device library: the sum of the first and the third word in eight
  /// digits, and four of the second.
  @Test func `the serial number is made of the unique id`() {
    let id = UniqueID(words: [0x0039_0027, 0x3136_5107, 0x2036_3331])
    #expect(id.serialNumber == "206F33583136")
    #expect(id.bytes == "27 00 39 00 07 51 36 31 31 33 36 20")
    #expect(UniqueID(words: [.max, .max, .max]).serialNumber == "FFFFFFFEFFFF")
  }
}
