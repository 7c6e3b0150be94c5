import DfuseFormat
import DfuseTestSupport
import Testing

@testable import DfuseDevice
@testable import DfuseSimulator

/// What a plan says of its time, beside the time that the flash then takes.
@Suite struct ExpectedTimeTests {
  /// All that speak DfuSe.
  static let names = SimulatedChip.every.map(\.name).filter { name in
    !SimulatedChip.plain.contains { $0.name == name }
  }

  /// What the board holds before.
  enum Before: CaseIterable { case blank, otherFirmware, sameFirmware }

  /// Where programs go on a board, and how much of `count` bytes fits there.
  private func program(_ name: String, _ count: Int, seed: UInt64 = 3) throws -> MemoryImage {
    let chip = try TestProgram.chip(name)
    let bootloader = try FlashRig(name).flasher().bootloader
    let own =
      bootloader?.programStart.map(UInt64.init) ?? bootloader?.ownRanges.first?.upperBound ?? 0
    let region = try #require(
      chip.profile.memories.filter { $0.kind == .flash && $0.range.upperBound > own }
        .min { $0.start < $1.start })
    let start = max(UInt64(region.start), own)
    return .random(
      min(count, Int(region.range.upperBound - start)), at: UInt32(start), seed: seed)
  }

  private func board(
    _ name: String, _ before: Before, _ image: MemoryImage
  ) throws -> SimulatedBoard {
    var board = SimulatedBoard(try TestProgram.chip(name))
    let run = try #require(image.runs.first)
    switch before {
    case .blank: break
    case .sameFirmware: board.load(run.bytes, at: run.address)
    case .otherFirmware:
      var random = SplitMix64(seed: 99)
      board.load(random.bytes(run.bytes.count), at: run.address)
    }
    return board
  }

  /// Flashes as `dfuse flash` does, and compares what was said with what it took.
  private func check(
    _ board: SimulatedBoard, _ image: MemoryImage, _ options: FlashOptions = FlashOptions(),
    polling: Polling? = nil, source: SourceLocation = #_sourceLocation
  ) throws {
    let rig = FlashRig(board)
    rig.polling = polling
    var flasher = try rig.flasher()
    let start = try rig.now
    let plan = try flasher.plan(Firmware(image), options: options)
    let result = try flasher.run(plan)
    let time = try rig.now - start
    #expect(result.sectorsRepeated == 0, sourceLocation: source)
    let off = max(plan.expectedTime - time, time - plan.expectedTime)
    #expect(
      off <= max(time / 10, .milliseconds(2)),
      "\(board.chip.name): \(plan.expectedTime) for \(time)", sourceLocation: source)
  }

  @Test(arguments: names, Before.allCases)
  func `a flash takes as long as its plan says, within a tenth`(
    name: String, before: Before
  ) throws {
    // To read what is there is the same for each block.
    for size in before == .sameFirmware ? [3000] : [3000, 64 << 10] {
      let image = try program(name, size)
      try check(board(name, before, image), image)
    }
  }

  @Test(arguments: names)
  func `so it does when nothing is compared, nothing verified, or the neighbours are kept`(
    name: String
  ) throws {
    // Blank flash, and what is there already, are less of the same work.
    let before = Before.otherFirmware
    let image = try program(name, 9000)
    for change: (inout FlashOptions) -> Void in [
      { $0.full = true }, { $0.verify = false }, { $0.preserve = true },
    ] {
      var options = FlashOptions()
      change(&options)
      // What cannot be read cannot be kept.
      let board = try board(name, before, image)
      if options.preserve, board.chip.profile.usb.attributes & 0x02 == 0 { continue }
      try check(board, image, options)
    }
  }

  @Test(arguments: names)
  func `so it does with a mass erase`(name: String) throws {
    var options = FlashOptions()
    options.massErase = true
    let image = try program(name, 9000)
    // Nobody looks at what was there.
    try check(board(name, .otherFirmware, image), image, options)
  }

  @Test(arguments: ["stm32f405", "stm32f745"], SupplyRange.allCases)
  func `so it does with any supply`(name: String, supply: SupplyRange) throws {
    var options = FlashOptions()
    options.supply = supply
    let image = try program(name, 64 << 10)
    try check(board(name, .otherFirmware, image), image, options)
  }

  @Test(arguments: names, Polling.allCases)
  func `so it does however the board is polled`(name: String, polling: Polling) throws {
    // Polled early, it says that it is done and does nothing: no such flash succeeds.
    guard name != "stm32f072" || polling == .spec else { return }
    let image = try program(name, 20_000)
    try check(board(name, .otherFirmware, image), image, polling: polling)
  }

  @Test func `erases that do not end count as long as they are waited for`() throws {
    let image = MemoryImage.random(9000, at: 0x0810_0000)
    try check(board("stm32h743", .otherFirmware, image), image)
  }

  /// Whatever is in bank 2, and whether it is looked at before or not.
  @Test(arguments: Before.allCases, [FlashOptions(), .everything, .massErased])
  func `so do erases that are reported as done while they go on`(
    before: Before, options: FlashOptions
  ) throws {
    let image = MemoryImage.random(600 << 10, at: 0x080C_0000)
    try check(board("stm32h743-v9.1", before, image), image, options)
  }

  @Test func `an unknown bootloader that was not read is asked once for what it reports`() throws {
    var options = FlashOptions()
    options.full = true
    let rig = try FlashRig("mboot")
    var flasher = try rig.flasher()
    let image = Firmware(try program("mboot", 3000))
    for _ in 0..<2 {
      _ = try flasher.plan(image, options: options)
      #expect(try rig.board.counters.count(.setaddress) == 1)
      #expect(flasher.session.state == .dfuIDLE)
    }
    #expect(try rig.board.counters.count(.dnload) == 1)
    // Of a chip in the table that is known.
    let known = try FlashRig("stm32f405")
    var other = try known.flasher()
    _ = try other.plan(.random(3000), options: options)
    #expect(try known.board.counters.count(.dnload) == 0)
  }

  @Test(arguments: ["stall@setaddress:1", "errTARGET@setaddress:1", "timeout@setaddress:1"])
  func `a board that does not answer that is flashed all the same`(fault: String) throws {
    var options = FlashOptions()
    options.full = true
    let rig = try FlashRig("apm32f103", faults: fault)
    #expect(try rig.flash(.random(3000), options: options).isVerified)
    #expect(try rig.board.counters.count(.setaddress) > 1)
  }

  @Test func `blank blocks, option bytes and FRAM count as what is done about them`() throws {
    var sparse = MemoryImage.random(3000).runs
    sparse.append(ImageElement(address: 0x0800_0C00, bytes: .init(repeating: 0xFF, count: 20_000)))
    try check(SimulatedBoard(TestProgram.chip("stm32f405")), MemoryImage(merging: sparse))
    var options = FlashOptions()
    options.allowOptionBytes = true
    try check(SimulatedBoard(TestProgram.chip("stm32g431")), .of([0x12], at: 0x1FFF_7808), options)
    try check(SimulatedBoard(TestProgram.chip("st-usbd-fram")), .random(5000, at: 0x9000_0001))
  }

  @Test func `a mass erase counts, instead of the sectors`() throws {
    var options = FlashOptions()
    options.massErase = true
    let rig = try FlashRig("stm32f405")
    var flasher = try rig.flasher()
    let plan = try flasher.plan(.random(4), options: options)
    #expect(plan.expectedTime > .seconds(16))
    #expect(plan.expectedTime < .seconds(17))
  }

  @Test func `of a board that holds everything only the comparison takes time`() throws {
    let rig = try FlashRig("stm32f405") {
      $0.load(MemoryImage.random(3000).runs[0].bytes, at: 0x0800_0000)
    }
    let start = try rig.now
    var flasher = try rig.flasher()
    let plan = try flasher.plan(.random(3000), options: FlashOptions())
    #expect(plan.isEmpty)
    let time = try rig.now - start
    #expect(plan.expectedTime == time)
  }
}

extension FlashOptions {
  fileprivate static var everything: FlashOptions {
    var options = FlashOptions()
    options.full = true
    return options
  }

  fileprivate static var massErased: FlashOptions {
    var options = FlashOptions()
    options.massErase = true
    return options
  }
}
