import DfuseDevice
import DfuseFormat
import DfuseTestSupport
import Testing

@testable import DfuseSimulator

/// Devices whose blocks are not 1024 or 2048 bytes: how they count, and how long a block may be.
@Suite struct FlashBlockTests {
  /// A board whose descriptor shows `sent`, and whose firmware counts by `counted`.
  private func board(
    _ name: String, sent: UInt16, counted: UInt16? = nil
  ) throws -> SimulatedBoard {
    let chip = try TestProgram.chip(name)
    var profile = chip.profile
    profile.usb.transferSize = sent
    profile.quirks.countsBlocksBy = counted
    return TestProgram.usedBoard(SimulatedChip(chip.name, profile: profile))
  }

  private func check(_ board: SimulatedBoard, longestBlock: Int) throws {
    let rig = FlashRig(board)
    rig.record()
    let size = board.chip.profile.usb.transferSize
    let image = try TestProgram.image(for: board.chip, first: size < 64 ? 3001 : 41_001)
    let input = Firmware(image)
    let result = try rig.flash(input, leave: false)
    #expect(result.isVerified)
    #expect(result.sectorsRepeated == 0)
    #expect(try rig.holds(image))
    #expect(try rig.board.counters.refusedPrograms.isEmpty)
    #expect(try rig.board.transcript.allSatisfy { Int($0.packet.wLength) <= longestBlock })
    try readBack(image, from: rig)
    #expect(try rig.flash(input, leave: false).bytesWritten == 0)
  }

  private func readBack(_ image: MemoryImage, from rig: FlashRig) throws {
    var flasher = try rig.flasher()
    let input = Firmware(image)
    #expect(try flasher.verify(input) == UInt64(image.byteCount))
    for run in image.runs { #expect(try flasher.read(run.range) == run) }
  }

  @Test(
    arguments: ["stm32f405", "stm32g431", "stm32h723", "st-usbd"],
    [8, 9, 13, 64, 1000, 1024, 2048, 4096, 4097, 8192, 0x8000, 0xFFFE] as [UInt16])
  func `the stride is what the device sends, and a block what libusb carries`(
    name: String, size: UInt16
  ) throws {
    // In fewer bytes there is no room for what an H7 programs at once.
    guard name != "stm32h723" || size >= 32 else { return }
    try check(board(name, sent: size), longestBlock: max(64, min(Int(size), 4096)))
  }

  @Test func `a board whose blocks are longer than a control transfer can be simulated`() throws {
    try check(SimulatedBoard(TestProgram.chip("st-usbd-8192")), longestBlock: 4096)
  }

  @Test(arguments: ["stm32f405", "stm32l072", "st-usbd"], [0, 0xFFFF] as [UInt16])
  func `a size that says nothing gives each block of 1024 bytes an address of its own`(
    name: String, sent: UInt16
  ) throws {
    for counted: UInt16 in [1024, 2048, 0xFFFF] {
      try check(board(name, sent: sent, counted: counted), longestBlock: 1024)
    }
  }

  @Test(arguments: [1, 2, 4, 7] as [UInt16])
  func `blocks in which no programming unit fits are refused, and nothing is sent`(
    size: UInt16
  ) throws {
    let rig = FlashRig(try board("stm32f405", sent: size))
    let image = try TestProgram.image(for: try rig.board.chip)
    let expected = FlashError.blocksTooShort(transferSize: size)
    let requests = try rig.requests
    #expect(throws: expected) { try rig.flash(Firmware(image)) }
    #expect(throws: expected) {
      var flasher = try rig.flasher()
      _ = try flasher.readAll()
    }
    #expect(throws: expected) {
      var flasher = try rig.flasher()
      _ = try flasher.eraseAll()
    }
    #expect(try rig.requests == requests)
  }

  /// What is written over a pointer with a wrong stride reads back right over the same pointer.
  @Test(
    arguments: ["stm32f405", "stm32g431", "stm32h723"],
    [(512, 1024), (512, 2048), (1024, 2048), (1024, 4096), (2048, 8192), (64, 96)]
      as [(UInt16, UInt16)])
  func `a device that counts otherwise than it says is never called verified with wrong bytes`(
    name: String, sizes: (sent: UInt16, counted: UInt16)
  ) throws {
    for offset: UInt32 in [0, 0x1_0000] {
      let rig = FlashRig(try board(name, sent: sizes.sent, counted: sizes.counted))
      try checkNotFooled(rig, .random(30_000, at: 0x0800_0000 + offset))
    }
  }

  private func checkNotFooled(_ rig: FlashRig, _ image: MemoryImage) throws {
    let error = try rig.failure {
      let result = try $0.flash(Firmware(image), leave: false)
      #expect(result.isVerified)
    }
    let isRight = try rig.holds(image)
    #expect(error != nil || isRight)
  }

  @Test func `a run at the start of its memory is read over another pointer, too`() throws {
    // External flash: there is no vector table that would split its first run.
    let chip = try TestProgram.chip("stm32f405")
    var profile = chip.profile
    profile.usb.maps.append("@SPI Flash: M25P64/0x00000000/64*064Kg")
    profile.memories.append(MemoryRegion(.flash, at: 0, [.init(64, 64 << 10)]))
    profile.quirks.countsBlocksBy = 4096
    let rig = FlashRig(SimulatedBoard(SimulatedChip(chip.name, profile: profile)))
    try checkNotFooled(rig, .random(30_000, at: 0))
  }
}
