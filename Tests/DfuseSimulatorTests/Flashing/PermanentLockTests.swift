import DfuseFormat
import DfuseTestSupport
import Testing

@testable import DfuseDevice
@testable import DfuseSimulator

/// Protection levels that are for ever: refused, whatever chip and whatever way they come.
@Suite struct PermanentLockTests {
  /// Chip, address of the level's byte, level: RM0091 (F0), PM0059 and RM0090 (F2, F4), RM0410 (F7),
  /// RM0367 (L0), RM0038 (L1), RM0351 (L4), RM0440 (G4), RM0433 (H7), RM0456 (U5), RM0434 (WB), RM0490 (C0).
  static let locks: [(String, UInt32, UInt8)] = [
    ("stm32f042", 0x1FFF_F800, 0xCC), ("stm32f072", 0x1FFF_F800, 0xCC),
    ("stm32f303", 0x1FFF_F800, 0xCC), ("stm32f405", 0x1FFF_C001, 0xCC),
    ("stm32f427", 0x1FFF_C001, 0xCC), ("stm32f446", 0x1FFF_C001, 0xCC),
    ("stm32f723", 0x1FFF_0001, 0xCC), ("stm32l072", 0x1FF8_0000, 0xCC),
    ("stm32l152", 0x1FF8_0000, 0xCC), ("stm32l476", 0x1FFF_7800, 0xCC),
    ("stm32l4r5", 0x1FF0_0000, 0xCC), ("stm32wb55", 0x1FFF_8000, 0xCC),
    ("stm32g431", 0x1FFF_7800, 0xCC), ("stm32g474", 0x1FFF_7800, 0xCC),
    ("stm32u083", 0x4002_2020, 0xCC), ("stm32h723", 0x5200_201D, 0xCC),
    ("stm32h723", 0x5200_2021, 0xCC), ("stm32h743", 0x5200_201D, 0xCC),
    ("stm32h743", 0x5200_2021, 0xCC), ("stm32h7a3", 0x5200_2021, 0xCC),
    ("stm32u575", 0x4002_2040, 0xCC), ("stm32c071", 0x1FFF_7800, 0xCC),
  ]

  private func image(_ byte: UInt8, at address: UInt32) -> MemoryImage {
    // Beside the level, what the option bytes hold anyway.
    .of([byte], at: address)
  }

  @Test(arguments: locks)
  func `the level is refused, and nothing is sent`(
    name: String, address: UInt32, level: UInt8
  ) throws {
    let rig = try FlashRig(name)
    var options = FlashOptions()
    options.allowOptionBytes = true
    let error = try rig.failure {
      var flasher = try $0.flasher()
      _ = try flasher.plan(
        Firmware(image(level, at: address)), options: options)
    }
    guard case .permanentLock(level, UInt64(address), _, let serial) = error else {
      Issue.record("\(name): \(String(describing: error))")
      return
    }
    let usb = try rig.board.chip.profile.usb
    #expect(serial == (usb.serialIsConstant ? nil : usb.serial))
    #expect(try rig.requests == 0)
  }

  @Test func `only its own serial number lets a board be locked`() throws {
    let lock = Firmware(image(0xCC, at: 0x1FFF_C001))
    for serial in ["", "315A28A0B957", "STM32"] {
      let rig = try FlashRig("stm32f405")
      var options = FlashOptions()
      options.allowOptionBytes = true
      options.permanentLockSerial = serial
      #expect(try rig.failure { _ = try $0.flash(lock, options: options) } != nil)
      #expect(try rig.board.state.readProtection == 0)
    }
    let rig = try FlashRig("stm32f405")
    var options = FlashOptions()
    options.allowOptionBytes = true
    options.permanentLockSerial = try rig.board.model.serial
    #expect(try rig.flash(lock, options: options, leave: false).deviceReset)
    #expect(try rig.board.state.readProtection == 2)
  }

  @Test func `an F1 has no level that is for ever`() throws {
    for name in ["stm32f107", "f105-clone"] {
      let rig = try FlashRig(name)
      var options = FlashOptions()
      options.allowOptionBytes = true
      var flasher = try rig.flasher()
      let plan = try flasher.plan(
        Firmware(image(0xCC, at: 0x1FFF_F800)), options: options)
      #expect(!plan.isEmpty)
    }
  }

  @Test(arguments: [0xAA, 0xBB, 0x00, 0xFF] as [UInt8])
  func `other levels are not refused`(level: UInt8) throws {
    let rig = try FlashRig("stm32g431")
    var options = FlashOptions()
    options.allowOptionBytes = true
    var flasher = try rig.flasher()
    _ = try flasher.plan(
      Firmware(image(level, at: 0x1FFF_7800)), options: options)
  }

  /// A G474 has a second group at the address where an F0 has its level.
  @Test func `the second group of a G474 has no level`() throws {
    let rig = try FlashRig("stm32g474")
    var options = FlashOptions()
    options.allowOptionBytes = true
    var flasher = try rig.flasher()
    _ = try flasher.plan(
      Firmware(image(0xCC, at: 0x1FFF_F800)), options: options)
  }

  @Test(
    arguments: [
      (.h5([]), "@Option Bytes /0x40022050/01*176 e", 0x4002_2051, 0x5C),
      (.h5([]), "@Option Bytes /0x40022050/01*176 e", 0x4002_2055, 0x5C),
      (.c5([]), "@Option Bytes /0x40022050/01*432e", 0x4002_2051, 0xD1),
      (.c5([]), "@Option Bytes /0x40022050/01*432e", 0x4002_2055, 0x72),
      (.unknown, "@Option Bytes /0x40022050/01*432e", 0x4002_2055, 0x72),
      (.unknown, "@Option Bytes /0x40022050/01*432e", 0x4002_2055, 0x5C),
      (.unknown, "@Option Bytes /0x1FFFC000/01*016 e", 0x1FFF_C001, 0xCC),
      (.unknown, "@Option Bytes /0x1FFFF800/01*016 e", 0x1FFF_F800, 0xCC),
      (.unknown, "@Option Bytes /0x40022040/01*64 e", 0x4002_2040, 0xCC),
      (.at32("AT32"), "@Option byte /0x1FFFC000/01*512 g", 0x1FFF_C000, 0xCC),
      (.gd32, "@Option Bytes /0x1FFFF800/01*016 g", 0x1FFF_F800, 0xCC),
      // The name does not matter where the chip is known.
      (.f4([]), "@Settings /0x1FFFC000/01*016 e", 0x1FFF_C001, 0xCC),
      (.c0([]), "@Option Bytes /0x1FFF7800/01*128 e", 0x1FFF_7800, 0xCC),
    ] as [(ChipProfile, String, UInt32, UInt8)])
  func `the byte of a family is where its manual says`(
    chip: ChipProfile, text: String, address: UInt32, level: UInt8
  ) throws {
    let map = try #require(MemoryMap.parse(text))
    let lock = ProtectionLevel.lock(in: image(level, at: address), for: map, known: chip.protection)
    #expect(lock?.address == UInt64(address))
    #expect(lock?.level == level)
    // PRODUCT_STATE and RDP_LEVEL are open at another value than RDP.
    let open: UInt8 = text.contains("0x40022050") ? 0xED : 0xAA
    #expect(
      ProtectionLevel.lock(in: image(open, at: address), for: map, known: chip.protection) == nil)
  }

  /// Provisioning, iRoT-provisioned, TZ-closed, closed, locked: only debug authentication leads back, and
  /// whether a board has that cannot be told over USB.
  @Test(arguments: [0x17, 0x2E, 0xC6, 0x72, 0x5C] as [UInt8])
  func `every product state of an H5 but Open counts as for ever`(state: UInt8) throws {
    let map = try #require(MemoryMap.parse("@Option Bytes /0x40022050/01*176 e"))
    let lock = ProtectionLevel.lock(
      in: image(state, at: 0x4002_2055), for: map, known: ChipProfile.h5([]).protection)
    #expect(lock?.level == state)
  }
}
