import DfuseFormat
import DfuseTestSupport
import Testing

@testable import DfuseDevice
@testable import DfuseSimulator

/// What cannot work is refused before a request has changed the board.
@Suite struct FlashRefusalTests {
  /// Something that cannot be flashed, and why.
  struct Refusal: Sendable, CustomTestStringConvertible {
    var chip = "stm32f405"
    var input: Firmware
    var options = FlashOptions()
    var error: FlashError
    var testDescription: String { "\(chip): \(error)" }

    static let flashMap = MemoryMap.parse("@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg")
    static let all: MemoryAccess = [.readable, .erasable, .writable]

    static func container(_ targets: (UInt8, UInt32)..., vendorID: UInt16 = 0x0483) -> Firmware {
      Firmware(
        suffix: DFUSuffix(vendorID: vendorID),
        targets: targets.map {
          .init(
            alternateSetting: $0.0, elements: [ImageElement(address: $0.1, bytes: pattern(8))])
        })
    }

    static let cases: [Refusal] = [
      .init(
        input: container((0, 0x0800_0000), (4, 0x0800_0000)),
        error: .noSuchAlternateSetting(4, available: [0, 1, 2, 3])),
      .init(
        input: container((0, 0x0800_0000), vendorID: 0x1234),
        error: .otherDevice(
          wanted: USBID(vendorID: 0x1234, productID: 0xDF11), found: .stBootloader)),
      .init(
        input: Firmware(targets: [
          .init(
            alternateSetting: 0,
            elements: [
              ImageElement(address: 0x0800_0000, bytes: [1, 2]),
              ImageElement(address: 0x0800_0001, bytes: [3, 4]),
            ])
        ]),
        error: .conflict(
          .overlap(
            new: 0x0800_0001..<0x0800_0003, existing: 0x0800_0000..<0x0800_0002,
            firstDifference: 0x0800_0001))),
      .init(
        input: container((0, 0x0800_0000), (0, 0x0810_0000)),
        error: .outsideMemory(
          0x0810_0000..<0x0810_0008, alternateSetting: 0, memory: flashMap, found: nil)),
      .init(
        input: container((0, 0x1FFF_7800)),
        error: .outsideMemory(
          0x1FFF_7800..<0x1FFF_7808, alternateSetting: 0, memory: flashMap, found: 2)),
      .init(
        input: Firmware(.of(pattern(8), at: 0xFFFF_FFF8)),
        error: .outsideMemory(
          0xFFFF_FFF8..<0x1_0000_0000, alternateSetting: nil, memory: flashMap, found: nil)),
      .init(
        chip: "at32f435",
        input: Firmware(.of(pattern(8), at: 0x0800_7FFC)),
        error: .notWritable(
          0x0800_7FFC..<0x0800_8000,
          segment: .init(start: 0x0800_0000, sectorSize: 4096, sectorCount: 8, access: .readable),
          writable: .init(start: 0x0800_8000, sectorSize: 4096, sectorCount: 1000, access: all))),
      .init(
        input: container((0, 0x0800_0000), (1, 0x1FFF_C000)),
        error: .needsConsent(
          .optionBytes, name: "Option Bytes", range: 0x1FFF_C000..<0x1FFF_C008)),
      .init(
        input: container((0, 0x0800_0000), (2, 0x1FFF_7800)),
        error: .needsConsent(.otp, name: "OTP Memory", range: 0x1FFF_7800..<0x1FFF_7808)),
      .init(
        chip: "stm32g431", input: container((0, 0x0800_0000)), options: supplied,
        error: .noSupplySetting),
    ]

    private static var supplied: FlashOptions {
      var options = FlashOptions()
      options.supply = .from2700mV
      return options
    }
  }

  @Test(arguments: Refusal.cases)
  func `what cannot work is refused before anything is sent`(refusal: Refusal) throws {
    let rig = FlashRig(TestProgram.usedBoard(try TestProgram.chip(refusal.chip)))
    rig.record()
    for massErase in [false, true] {
      var options = refusal.options
      options.massErase = massErase
      #expect(throws: refusal.error) { try rig.flash(refusal.input, options: options) }
    }
    #expect(try rig.requests == 0)
    #expect(rig.events.isEmpty)
  }

  @Test func `ranges outside the flash are neither erased nor read`() throws {
    let chip = try TestProgram.chip("stm32f405")
    let rig = FlashRig(TestProgram.usedBoard(chip))
    let map = Refusal.flashMap
    var flasher = try rig.flasher()
    #expect(
      throws: FlashError.outsideMemory(
        0x080F_FFFF..<0x0810_0001, alternateSetting: 0, memory: map, found: nil)
    ) { try flasher.erase(0x080F_FFFF..<0x0810_0001) }
    #expect(
      throws: FlashError.outsideMemory(
        0x080F_FFFF..<0x0810_0001, alternateSetting: 0, memory: map, found: nil)
    ) { try flasher.read(0x080F_FFFF..<0x0810_0001) }
    #expect(
      throws: FlashError.outsideMemory(
        0x2000_0000..<0x2000_0004, alternateSetting: nil, memory: map, found: nil)
    ) { try flasher.read(0x2000_0000..<0x2000_0004) }
    #expect(
      throws: FlashError.outsideMemory(
        0x0800_0000..<UInt64.max, alternateSetting: 0, memory: map, found: nil)
    ) { try flasher.erase(0x0800_0000..<UInt64.max) }
    #expect(throws: FlashError.noSuchAlternateSetting(9, available: [0, 1, 2, 3])) {
      try flasher.read(0x0800_0000..<0x0800_0004, alternateSetting: 9)
    }
    #expect(try rig.requests == 0)
  }

  @Test func `a bootloader's own sectors are not erased`() throws {
    let rig = try FlashRig("st-usbd")
    var flasher = try rig.flasher()
    #expect(throws: FlashError.notErasable(0x0800_8000..<0x0800_C000)) {
      try flasher.erase(0x0800_BFFF..<0x0800_C001)
    }
    #expect(try rig.requests == 0)
  }

  @Test(arguments: ["stm32f405", "stm32h743", "stm32f745", "stm32g431"])
  func `a read-protected chip is told, whatever was to be done`(name: String) throws {
    let chip = try TestProgram.chip(name)
    let rig = FlashRig(TestProgram.usedBoard(chip, faults: try FaultPlan(parsing: ["rdp=1"])))
    let before = try rig.board.state
    #expect(throws: FlashError.readProtected) {
      var flasher = try rig.flasher()
      _ = try flasher.erase(0x0800_0000..<0x0800_0001)
    }
    #expect(throws: FlashError.readProtected) {
      var flasher = try rig.flasher()
      _ = try flasher.eraseAll()
    }
    rig.record()
    var flasher = try rig.flasher()
    #expect(throws: FlashError.readProtected) { try flasher.read(0x0800_0000..<0x0800_0004) }
    #expect(throws: FlashError.readProtected) { try flasher.verify(.random(8)) }
    #expect(try rig.board.state == before)
    #expect(try rig.steps.allSatisfy { !$0.changesTheBoard })
  }
}
