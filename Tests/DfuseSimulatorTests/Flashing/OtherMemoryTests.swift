import DfuseFormat
import DfuseTestSupport
import Testing

@testable import DfuseDevice
@testable import DfuseSimulator

/// Memory that is not flash: option bytes, one-time programmable memory, EEPROM, Device Feature.
@Suite struct OtherMemoryTests {
  private static func chips(with kind: MemoryKind) -> [String] {
    SimulatedChip.all.filter { chip in
      // The option bytes of an AT32 do not fit into one of its blocks.
      guard chip.name != "at32f435" else { return false }
      let maps = chip.profile.usb.maps.compactMap(MemoryMap.parse)
      return maps.contains { $0.kind == kind }
    }.map(\.name)
  }

  static let optionByteChips = chips(with: .optionBytes)
  static let otpChips = chips(with: .otp)
  static let eepromChips = chips(with: .dataEEPROM)
  static let featureChips = chips(with: .deviceFeature)

  private var consent: FlashOptions {
    var options = FlashOptions()
    options.allowOptionBytes = true
    options.allowOTP = true
    return options
  }

  /// A container for the flash and one other memory.
  private func container(
    _ rig: FlashRig, _ kind: MemoryKind, at address: UInt32, _ bytes: [UInt8]
  ) throws -> Firmware {
    let flasher = try rig.flasher()
    let memory = try #require(flasher.memories.first { $0.map.kind == kind })
    let image = try TestProgram.image(for: try rig.board.chip)
    return Firmware(
      suffix: DFUSuffix(
        productID: flasher.identity.productID, vendorID: flasher.identity.vendorID),
      targets: [
        .init(
          alternateSetting: memory.alternateSetting,
          elements: [ImageElement(address: address, bytes: bytes)]),
        .init(alternateSetting: 0, elements: image.runs),
      ])
  }

  /// No real map is like these; what a device says of itself must not end the program.
  @Test(arguments: [
    "@Option Bytes  /0x1FFFC008/01*008 e/0x1FFFC000/01*016 e",
    "@Option Bytes  /0x1FFFC000/01*016 e/0x1FFFC008/01*008 e",
    "@Option Bytes  /0x1FFFC000/01*016 e/0x1FFFC000/01*016 e/0x1FFFC004/01*004 e",
  ])
  func `option bytes in segments that overlap end in a plan or in an error`(map: String) throws {
    let chip = try TestProgram.chip("stm32f405").variant("overlapping", part: "F405") {
      $0.usb.maps[1] = map
    }
    let rig = FlashRig(SimulatedBoard(chip))
    let bytes: [UInt8] = [0xEF, 0xAA, 0x10, 0x55, 0xEF, 0xAA, 0x10, 0x55] + le(UInt32(0xFFFF_FFFF))
    let firmware = try container(rig, .optionBytes, at: 0x1FFF_C000, bytes)
    var flasher = try rig.flasher()
    do throws(FlashError) {
      let plan = try flasher.plan(firmware, options: consent)
      #expect(plan.memories.flatMap(\.runs).allSatisfy { !$0.bytes.isEmpty })
      _ = try flasher.run(plan)
    } catch {
      #expect(!"\(error)".isEmpty)
    }
  }

  /// A word with another watchdog bit, as it stands in memory; the read protection stays as it is.
  private static func change(
    _ chip: SimulatedChip, in region: MemoryRegion
  ) -> (address: UInt32, bytes: [UInt8]) {
    guard let options = chip.profile.options else { return (region.start + 9, [0x77, 0x78]) }
    // F0, F1, F3; F2, F4, F7; L0, L1; H7; all others.
    let place: (offset: UInt32, bit: UInt32) =
      switch region.start {
      case 0x1FFF_F800: (0, 16)
      case 0x1FFF_C000, 0x1FFE_C000, 0x1FFF_0000: (0, 5)
      case 0x1FF8_0000: (4, 4)
      case 0x5200_201C: (0, 4)
      default: (0, 16)
      }
    let address = options.level.address + place.offset
    let value = options.initial(address) ^ 1 << place.bit
    return (options.place(address), options.encode(value))
  }

  @Test(arguments: optionByteChips)
  func `option bytes are changed in one block, what is beside them kept, and the flash before`(
    name: String
  ) throws {
    let chip = try TestProgram.chip(name)
    let level = chip.profile.options?.level.address
    let regions = chip.profile.memories.filter { $0.kind == .optionBytes }
    let region = try #require(
      regions.first { level == nil || $0.range.contains(UInt64(level ?? 0)) })
    var board = TestProgram.usedBoard(chip)
    let resets = chip.profile.leavesAfterOptions
    var before = board.read(region.size, at: region.start)
    if chip.profile.options == nil {
      for index in 8..<12 { before[index] = UInt8(0x30 + index) }
      board.load(before, at: region.start)
    }
    let rig = FlashRig(board)
    rig.record()
    let change = Self.change(chip, in: region)
    let container = try container(rig, .optionBytes, at: change.address, change.bytes)
    let result = try rig.flash(container, options: consent, leave: false)
    #expect(result.deviceReset == resets)
    #expect(result.isVerified == !resets)
    #expect(rig.events.contains(.note(.resetByOptionBytes)) == resets)
    let offset = Int(change.address - region.start)
    before.replaceSubrange(offset..<(offset + change.bytes.count), with: change.bytes)
    #expect(try rig.memory(region.range) == before)
    #expect(try rig.holds(try TestProgram.image(for: chip)))
    let writes = try rig.steps.compactMap { step -> Range<UInt64>? in
      if case .write(let range) = step { range } else { nil }
    }
    // All of them, and no word that takes a key.
    let keys = chip.profile.options?.keys.map { UInt64($0.lowerBound) }
    let whole = region.range.lowerBound..<min(keys ?? .max, region.range.upperBound)
    let written = try #require(writes.last)
    #expect(writes.filter { $0.overlaps(region.range) } == [written])
    #expect(written.lowerBound == whole.lowerBound)
    // The U0 has a word of its own between both.
    #expect(written == whole || written.upperBound + 4 == whole.upperBound && keys != nil)

    // The same again changes nothing, and so does not reset the board.
    try rig.mend()
    let counters = try rig.board.counters
    let again = try rig.flash(container, options: consent)
    #expect(again.isVerified)
    #expect(!again.deviceReset)
    #expect(try rig.board.counters.bytesProgrammed == counters.bytesProgrammed)
  }

  @Test func `the second of two option blocks is not lost when the first resets the board`() throws
  {
    let rig = try FlashRig("stm32f427")
    let container = Firmware(targets: [
      .init(
        alternateSetting: 1,
        elements: [
          ImageElement(address: 0x1FFF_C008, bytes: [0xFE, 0x0F, 0x01, 0xF0]),
          ImageElement(address: 0x1FFE_C008, bytes: [0xFD, 0x0F, 0x02, 0xF0]),
        ])
    ])
    let first = try rig.flash(container, options: consent)
    #expect(first.deviceReset)
    #expect(!first.isVerified)
    #expect(first.toCheck.map(\.range) == [0x1FFF_C000..<0x1FFF_C010])
    #expect(first.toWrite == [0x1FFE_C000..<0x1FFE_C010])
    try rig.mend()
    let result = try rig.flash(container, options: consent)
    #expect(result.deviceReset)
    #expect(try rig.memory(0x1FFF_C008..<0x1FFF_C00C) == [0xFE, 0x0F, 0x01, 0xF0])
    #expect(try rig.memory(0x1FFE_C008..<0x1FFE_C00C) == [0xFD, 0x0F, 0x02, 0xF0])
  }

  @Test(arguments: otpChips)
  func `one-time memory takes what clears bits, and nothing else is tried`(name: String) throws {
    let chip = try TestProgram.chip(name)
    guard let otp = chip.profile.memory(.otp) else {
      Issue.record("\(name) has no OTP")
      return
    }
    let rig = FlashRig(SimulatedBoard(chip))
    let address = otp.start + 5
    let first = try container(rig, .otp, at: address, [0xF0, 0xF1])
    #expect(try rig.flash(first, options: consent).isVerified)
    #expect(
      try rig.memory(UInt64(otp.start)..<UInt64(otp.start + 8))
        == [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xF0, 0xF1, 0xFF])

    rig.bus.plugBack("1-1")
    let fewer = try container(rig, .otp, at: address, [0x70])
    #expect(try rig.flash(fewer, options: consent).isVerified)

    rig.bus.plugBack("1-1")
    rig.record()
    let programmed = try rig.board.counters.bytesProgrammed
    let more = try container(rig, .otp, at: address, [0x71])
    #expect(
      throws: FlashError.alreadyProgrammed(
        address: UInt64(address), found: 0x70, wanted: 0x71)
    ) { try rig.flash(more, options: consent) }
    #expect(try rig.board.counters.bytesProgrammed == programmed)
    #expect(try rig.steps.allSatisfy { !$0.changesTheBoard })
  }

  @Test(arguments: eepromChips)
  func `EEPROM is written in place, what is beside kept`(name: String) throws {
    let chip = try TestProgram.chip(name)
    let eeprom = try #require(chip.profile.memory(.eeprom))
    var board = SimulatedBoard(chip)
    board.load(pattern(16, seed: 0x40), at: eeprom.start)
    let rig = FlashRig(board)
    let data = pattern(4000, seed: 9)
    let address = eeprom.start + 2
    let container = try container(rig, .dataEEPROM, at: address, data)
    let result = try rig.flash(container)
    #expect(result.isVerified)
    #expect(
      try rig.memory(UInt64(eeprom.start)..<UInt64(eeprom.start + 2))
        == Array(pattern(16, seed: 0x40).prefix(2)))
    #expect(try rig.memory(UInt64(address)..<(UInt64(address) + 4000)) == data)
    #expect(try rig.board.counters.erases.isEmpty)
  }

  @Test(arguments: featureChips)
  func `Device Feature is written when the file says so`(name: String) throws {
    let rig = FlashRig(SimulatedBoard(try TestProgram.chip(name)))
    let address: UInt32 = 0xFFFF_0000
    let container = try container(rig, .deviceFeature, at: address, [0x03, 0xFF, 0xFF, 0xFF])
    let result = try rig.flash(container, options: consent, leave: false)
    #expect(result.isVerified)
    #expect(try rig.board.read(4, at: address) == [0x03, 0xFF, 0xFF, 0xFF])
  }

  @Test func `a bit of the EEPROM that does not program is named`() throws {
    let rig = try FlashRig("stm32l072", faults: "stuckbit@0x08080004:1")
    let address: UInt32 = 0x0808_0004
    let container = try container(rig, .dataEEPROM, at: address, [0xFF])
    #expect(
      throws: FlashError.different(
        .init(address: UInt64(address), expected: 0xFF, found: 0xFD, count: 1))
    ) { try rig.flash(container) }
  }
}
