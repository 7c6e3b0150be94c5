import DfuseDevice
import DfuseFormat
import DfuseTestSupport
import Testing

@testable import DfuseSimulator

/// What stays where it is: memory that is not flash, and sectors that hold their bytes.
@Suite struct FlashInPlaceTests {
  /// An application bootloader with memory that is written in place beside its flash.
  private func board(_ map: String, at address: UInt32, unreadable: Bool = false) throws
    -> SimulatedBoard
  {
    let chip = try TestProgram.chip("st-usbd")
    var profile = chip.profile
    profile.usb.maps[1] = map
    profile.memories.append(MemoryRegion(.eeprom, at: address, [.init(4, 4096)]))
    var board = SimulatedBoard(SimulatedChip(chip.name, profile: profile))
    board.load(pattern(0x4000, seed: 0x30), at: address)
    return board
  }

  static let maps: [(String, UInt32)] = [
    ("@FRAM /0x90000000/04*004Ke", 0x9000_0000), ("@EEPROM /0x60000000/04*004Ke", 0x6000_0000),
    ("@RAM /0x20001000/04*004Ke", 0x2000_1000), ("@Backup SRAM /0x40024000/01*016Ke", 0x4002_4000),
  ]

  @Test(arguments: maps, [1, 2, 3, 4, 5, 7, 8, 1023, 1025, 5001])
  func `memory that is not flash takes each byte, and the neighbours stay`(
    memory: (map: String, start: UInt32), count: Int
  ) throws {
    for offset: UInt32 in [0, 1, 2, 3, 4093] {
      let rig = FlashRig(try board(memory.map, at: memory.start))
      let start = memory.start + offset
      var bytes = pattern(count, seed: UInt8(truncatingIfNeeded: count))
      // What looks erased has to be written there, too.
      for index in 0..<min(count, 1024) where index % 3 != 1 { bytes[index] = 0xFF }
      let image = MemoryImage.of(bytes, at: start)
      let result = try rig.flash(Firmware(image), leave: false)
      #expect(result.isVerified)
      #expect(result.sectorsErased == 0)
      var expected = pattern(0x4000, seed: 0x30)
      expected.replaceSubrange(Int(offset)..<(Int(offset) + count), with: bytes)
      let range = UInt64(memory.start)..<(UInt64(memory.start) + 0x4000)
      #expect(try rig.memory(range) == expected)
    }
  }

  @Test(arguments: [0xFF, 0x00] as [UInt8])
  func `a block of nothing but the erased value is written where nothing is erased`(
    value: UInt8
  ) throws {
    let rig = FlashRig(try board("@FRAM /0x90000000/04*004Ke", at: 0x9000_0000))
    let image = MemoryImage.of([UInt8](repeating: value, count: 8000), at: 0x9000_0101)
    #expect(try rig.flash(Firmware(image), leave: false).isVerified)
    #expect(try rig.holds(image))
  }

  @Test func `a board with FRAM beside its flash can be simulated, and takes both at once`() throws
  {
    let rig = try FlashRig("st-usbd-fram") { $0.load(pattern(64, seed: 3), at: 0x9000_0000) }
    let pieces = [(0x0800_C000, 5000), (0x9000_0003, 9)] as [(UInt32, Int)]
    let image = try MemoryImage(
      merging: pieces.map { ImageElement(address: $0, bytes: pattern($1, seed: 7)) })
    let result = try rig.flash(Firmware(image), leave: false)
    #expect(result.isVerified)
    #expect(try rig.holds(image))
    #expect(try rig.memory(0x9000_0000..<0x9000_0003) == Array(pattern(64, seed: 3).prefix(3)))
    #expect(
      try rig.memory(0x9000_000C..<0x9000_0040) == Array(pattern(64, seed: 3).suffix(52)))
  }

  @Test func `flash and what is beside it in one map are each treated as what they are`() throws {
    let rig = FlashRig(try board("@Mixed /0x90000000/02*004Kg,02*004Ke", at: 0x9000_0000))
    rig.bus.changeBoard(at: "1-1") { $0.load(pattern(0x4000, seed: 1), at: 0x9000_0000) }
    let image = MemoryImage.of([UInt8](repeating: 0xFF, count: 0x2001), at: 0x9000_1000)
    // The model's memory is one that is not erased; so nothing before its middle is asked for.
    let parts = try MemoryImage(merging: [try #require(image.runs.first?.part(from: 0x9000_2000))])
    #expect(try rig.flash(Firmware(parts), leave: false).isVerified)
    #expect(try rig.holds(parts))
    #expect(
      try rig.memory(0x9000_3001..<0x9000_4000)
        == Array(pattern(0x4000, seed: 1)[0x3001..<0x4000]))
  }

  // MARK: Sectors that hold their bytes

  @Test(arguments: SimulatedChip.all.map(\.name))
  func `a sector that holds the image's bytes is kept, whatever stands in its padding`(
    name: String
  ) throws {
    let chip = try TestProgram.chip(name)
    let flash = try #require(chip.profile.memory(.flash))
    let rig = FlashRig(SimulatedBoard(chip))
    let image = MemoryImage.random(64, at: flash.start)
    #expect(try rig.flash(Firmware(image), leave: false).isVerified)
    let before = try rig.board
    for count in [63, 40, 33, 8, 3] {
      let first = MemoryImage.of(Array(image.runs[0].bytes.prefix(count)), at: flash.start)
      let result = try rig.flash(Firmware(first), leave: false)
      #expect(result.isVerified)
      #expect(result.sectorsKept == 1)
      #expect(result.sectorsErased == 0)
      #expect(result.bytesWritten == 0)
    }
    #expect(try rig.board.state == before.state)
  }

  // MARK: Alignment

  @Test(arguments: [
    ("stm32f042", 4), ("stm32f405", 4), ("stm32f745", 8), ("stm32l072", 8), ("stm32l152", 8),
    ("stm32l476", 8), ("stm32g431", 8), ("stm32c071", 8), ("stm32u083", 8), ("stm32wb55", 8),
    ("stm32h563", 16), ("stm32u575", 16), ("stm32h7a3", 16), ("stm32h723", 32),
  ])
  func `every address that is programmed is aligned as the family's ROM asks`(
    name: String, alignment: UInt64
  ) throws {
    let chip = try TestProgram.chip(name)
    let flash = try #require(chip.profile.memory(.flash))
    for offset: UInt32 in [1, 4, 5, 12, 20] {
      let rig = FlashRig(SimulatedBoard(chip))
      rig.record()
      let image = MemoryImage.random(3000, at: flash.start + offset)
      #expect(try rig.flash(Firmware(image), leave: false).isVerified)
      #expect(try rig.holds(image))
      #expect(try rig.board.counters.refusedPrograms.isEmpty)
      for case .write(let range) in try rig.steps {
        #expect(range.lowerBound % alignment == 0 && UInt64(range.count) % alignment == 0)
      }
    }
  }
}

extension ImageElement {
  /// The bytes from an address on.
  fileprivate func part(from address: UInt32) -> ImageElement {
    ImageElement(address: address, bytes: Array(bytes[Int(address - self.address)...]))
  }
}
