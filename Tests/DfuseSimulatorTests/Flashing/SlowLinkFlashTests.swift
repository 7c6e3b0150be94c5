import DfuseFormat
import DfuseTestSupport
import Testing

@testable import DfuseDevice
@testable import DfuseSimulator

/// Writing over a slow link: what is sent together, and that it harms nothing when something fails.
@Suite struct SlowLinkFlashTests {
  /// A link that carries what it is given together, or one at a time, and counts its round trips.
  private final class CountedLink: USBTransport {
    let inner: any USBTransport
    let together: Bool
    private(set) var roundTrips = 0

    init(_ inner: any USBTransport, together: Bool) {
      (self.inner, self.together) = (inner, together)
    }

    var board: Board { inner.board }
    var now: Duration { inner.now }
    func controlOut(
      _ request: ControlRequest, data: [UInt8], timeout: Duration
    ) throws(USBError) {
      roundTrips += 1
      try inner.controlOut(request, data: data, timeout: timeout)
    }
    func controlIn(
      _ request: ControlRequest, length: Int, timeout: Duration
    ) throws(USBError) -> [UInt8] {
      roundTrips += 1
      return try inner.controlIn(request, length: length, timeout: timeout)
    }
    func perform(
      _ transfers: [QueuedTransfer], until isStopped: (() -> Bool)?
    ) -> [TransferAnswer] {
      roundTrips += together ? 1 : transfers.count
      guard !together else { return inner.perform(transfers, until: isStopped) }
      return transfers.flatMap { inner.perform([$0], until: isStopped) }
    }
    func selectAlternateSetting(_ number: UInt8) throws(USBError) {
      roundTrips += 1
      try inner.selectAlternateSetting(number)
    }
    func wait(_ duration: Duration) { inner.wait(duration) }
    func reset() throws(USBError) { try inner.reset() }
    func string(at index: UInt8) -> String? { inner.string(at: index) }
    func watchPort(for limit: Duration, away: Duration) -> PortSighting {
      inner.watchPort(for: limit, away: away)
    }
  }

  private static let image = MemoryImage.random(32 << 10)
  private static let longImage = MemoryImage.random(64 << 10)

  /// A flash of a board that holds something else: the time, and each transfer that came to it.
  private static func flash(
    _ chip: String, _ image: MemoryImage = image, link: Int, together: Bool,
    options: FlashOptions = FlashOptions()
  ) throws -> (time: Duration, transcript: [String], roundTrips: Int) {
    let rig = try SlowLinkTests.rig(chip, link: link)
    rig.bus.changeBoard(at: "1-1") {
      $0.load([UInt8](repeating: 0, count: image.byteCount), at: 0x0800_0000)
    }
    let transport = try rig.bus.open(try #require(try rig.bus.devices().first?.board))
    let start = try rig.now
    let counted = CountedLink(transport, together: together)
    var flasher = Flasher(transport: counted)
    let result = try flasher.run(try flasher.plan(Firmware(image), options: options))
    #expect(result.isVerified == options.verify)
    #expect(result.sectorsRepeated == 0)
    #expect(try rig.holds(image))
    return (
      try rig.now - start, try rig.board.transcript.map(\.description), counted.roundTrips
    )
  }

  @Test(arguments: ["stm32g431", "stm32l476", "stm32l072", "stm32f405", "stm32f072", "gd32vf103"])
  func `a local bus has the same transfers in the same order, at the same time`(
    chip: String
  ) throws {
    let together = try Self.flash(chip, link: 0, together: true)
    let alone = try Self.flash(chip, link: 0, together: false)
    #expect(together.transcript == alone.transcript)
    #expect(together.time == alone.time)
  }

  @Test func `a slow link costs writing one round trip a block`() throws {
    let fast = try Self.flash("stm32g431", link: 0, together: true)
    let together = try Self.flash("stm32g431", link: 10, together: true)
    let alone = try Self.flash("stm32g431", link: 10, together: false)
    #expect(together.transcript == alone.transcript)
    let blocks = together.transcript.count { $0.hasPrefix("DNLOAD ") && !$0.hasPrefix("DNLOAD 0:") }
    #expect(blocks == 32)
    // Two of three round trips are saved of each block but the first ones of a run, and 15 of 16 of
    // what is read back.
    #expect(alone.time - together.time >= .milliseconds(20) * (2 * blocks - 8))
    let commands = together.transcript.count { $0.hasPrefix("DNLOAD 0:") }
    #expect(together.time - fast.time <= .milliseconds(20) * (blocks + 2 * commands + 30))
  }

  @Test(arguments: ["stm32f405", "stm32h743"])
  func `a chip that holds its answers back has one round trip a block after some`(
    chip: String
  ) throws {
    let together = try Self.flash(chip, Self.longImage, link: 10, together: true)
    let alone = try Self.flash(chip, Self.longImage, link: 10, together: false)
    #expect(together.transcript == alone.transcript)
    let blocks = together.transcript.count { $0.hasPrefix("DNLOAD ") && !$0.hasPrefix("DNLOAD 0:") }
    let reads = together.transcript.count { $0.hasPrefix("UPLOAD ") }
    // Of each block written two round trips are saved, but of the first ones, of each block read almost
    // one.
    #expect(alone.time - together.time >= .milliseconds(20) * (2 * blocks - 10 + reads - 20))
  }

  private static let quarterMebibyte = MemoryImage.random(256 << 10)

  /// Three blocks are looked at before whole ones are sent ahead, and the first is waited for as told.
  @Test(arguments: ["stm32f405", "stm32f745", "stm32h743"])
  func `whole blocks ahead make 256 KiB over a slow link cost 1.3 times the time`(
    chip: String
  ) throws {
    let fast = try Self.flash(chip, Self.quarterMebibyte, link: 0, together: true)
    let slow = try Self.flash(chip, Self.quarterMebibyte, link: 10, together: true)
    #expect(slow.time * 10 <= fast.time * 13, "\(slow.time) and \(fast.time)")
    #expect(slow.transcript == fast.transcript)
  }

  @Test func `many blocks go over the link in one round trip where they take little time`() throws {
    let slow = try Self.flash("stm32f745", Self.quarterMebibyte, link: 10, together: true)
    let kinds = ["DNLOAD ", "UPLOAD "].map { kind in
      slow.transcript.count { $0.hasPrefix(kind) && !$0.hasPrefix("DNLOAD 0:") }
    }
    #expect(kinds[0] == 128)
    let commands = slow.transcript.count { $0.hasPrefix("DNLOAD 0:") || $0.hasPrefix("ABORT") }
    // One for each of the first five blocks at most, then one for ten; one for 16 that are read.
    let most = 2 * 5 + 123 / 10 + kinds[1] / 16 + 2 * commands + 30
    #expect(slow.roundTrips <= most, "\(slow.roundTrips)")
  }

  @Test(arguments: ["stm32f405", "stm32f745"])
  func `a chip that says busy after all has its sectors done again`(chip: String) throws {
    for number in 12...14 {
      let rig = try SlowLinkTests.rig(chip, link: 10)
      rig.bus.changeBoard(at: "1-1") {
        $0.faults.faults = [Fault(.stayBusy(.seconds(1)), at: .write, number)]
      }
      let result = try rig.flash(Firmware(Self.image), leave: false)
      #expect(result.isVerified)
      #expect(result.sectorsRepeated >= 1)
      #expect(try rig.holds(Self.image))
    }
  }

  @Test func `what is not read back has two round trips a block`() throws {
    var options = FlashOptions()
    options.full = true
    options.verify = false
    let fast = try Self.flash("stm32g431", link: 0, together: true, options: options)
    let together = try Self.flash("stm32g431", link: 10, together: true, options: options)
    let writes = together.transcript.count { $0.hasPrefix("DNLOAD ") }
    #expect(together.time - fast.time <= .milliseconds(20) * (2 * writes + 8))
    #expect(together.time - fast.time >= .milliseconds(20) * (2 * writes))
  }

  @Test(arguments: ["stm32f072", "stm32f042", "st-usbd", "mboot"])
  func `a chip that short gaps harm, and one that nobody knows, gets one at a time`(
    chip: String
  ) throws {
    let rig = try SlowLinkTests.rig(chip, link: 10)
    let start = try rig.flashStart + (chip.hasPrefix("stm32") ? 0 : 0xC000)
    let image = MemoryImage.random(8 << 10, at: start)
    try rig.flash(Firmware(image), leave: false)
    #expect(try rig.holds(image))
    let downloads = try rig.board.transcript.filter { !$0.description.hasPrefix("UPLOAD") }.map(
      \.at)
    for (before, after) in zip(downloads, downloads.dropFirst()) {
      #expect(after - before >= .milliseconds(20))
    }
  }

  // MARK: - What goes wrong

  /// Everything but the sectors of the image keeps its bytes.
  private func expectUntouchedBeside(_ rig: FlashRig, _ end: UInt32, _ what: String) throws {
    let beside = try rig.board.read(8192, at: end)
    #expect(beside.allSatisfy { $0 == 0x5A }, "\(what)")
  }

  private static let actions: [Fault.Action] = [
    .stall, .timeOut, .short(3), .status(0x03), .status(0x0F), .stayBusy(.seconds(1)),
    .disconnectAndReturn(after: .milliseconds(300)),
  ]

  @Test(arguments: ["stm32g431", "stm32l476", "stm32f405", "stm32f745"], actions)
  func `every request of a flash over a slow link fails once`(
    name: String, action: Fault.Action
  ) throws {
    let chip = try TestProgram.chip(name)
    let isLong = name.hasPrefix("stm32f")
    let size = (isLong ? 25 : 9) << 10
    let end = UInt32(0x0800_0000) + (isLong ? 0x8000 : 0x3000)
    let image = MemoryImage.of(
      TestProgram.vectors(for: 0x0800_0000) + MemoryImage.random(size - 8).runs[0].bytes,
      at: 0x0800_0000)
    func rig(_ faults: [Fault]) -> FlashRig {
      var board = SimulatedBoard(chip)
      board.load([UInt8](repeating: 0x5A, count: 48 << 10), at: 0x0800_0000)
      board.faults.linkDelay = .milliseconds(10)
      board.faults.faults = faults
      return FlashRig(board)
    }
    let sound = rig([])
    let before = try sound.board.counters.count(.all)
    try sound.flash(Firmware(image), leave: false)
    for request in (before + 1)...(try sound.board.counters.count(.all)) {
      let rig = rig([Fault(action, at: .all, request)])
      let what = "\(action) at request \(request)"
      do {
        let result = try rig.flash(Firmware(image), leave: false)
        #expect(result.isVerified, "\(what)")
        #expect(try rig.holds(image), "\(what)")
      } catch is FlashError {
        // What is left is for the next flash.
      }
      try expectUntouchedBeside(rig, end, what)
      try rig.mend()
      #expect(try rig.flash(Firmware(image)).isVerified, "\(what)")
      #expect(try rig.holds(image), "\(what)")
      try expectUntouchedBeside(rig, end, what)
    }
  }

  @Test func `a block that is not done in its time has its sector done again, one at a time`()
    throws
  {
    for number in 3...10 {
      let rig = try SlowLinkTests.rig("stm32g431", link: 10)
      rig.bus.changeBoard(at: "1-1") {
        $0.faults.faults = [Fault(.stayBusy(.seconds(1)), at: .write, number)]
      }
      let image = MemoryImage.random(12 << 10)
      let result = try rig.flash(Firmware(image), leave: false)
      #expect(result.isVerified)
      #expect(result.sectorsRepeated >= 1, "block \(number)")
      #expect(try rig.holds(image))
      // The block behind it was sent too soon; after that, none is.
      let writes = try rig.board.transcript.filter {
        $0.description.hasPrefix("DNLOAD ") || $0.description.hasPrefix("GETSTATUS")
      }
      let sent = writes.indices.filter { writes[$0].description.hasPrefix("DNLOAD ") }
      let data = sent.filter { !writes[$0].description.hasPrefix("DNLOAD 0:") }
      for index in data.dropFirst(number + 1) {
        #expect(writes[index].at - writes[index - 1].at >= .milliseconds(20), "block \(number)")
      }
    }
  }

  @Test func `nothing goes to another address when a Set Address is lost`() throws {
    // Made with libopencm3: it takes a DNLOAD in dfuERROR.
    let chip = try TestProgram.chip("black-magic-probe")
    let start = try #require(chip.profile.memory(.flash)?.start) + 0x8000
    let image = try MemoryImage(merging: [
      ImageElement(address: start, bytes: MemoryImage.random(5000).runs[0].bytes),
      ImageElement(address: start + 0x4000, bytes: MemoryImage.random(5000, seed: 2).runs[0].bytes),
    ])
    func rig(_ faults: [Fault]) -> FlashRig {
      var board = SimulatedBoard(chip)
      board.load([UInt8](repeating: 0x5A, count: 0xC000), at: start)
      board.faults.linkDelay = .milliseconds(10)
      board.faults.faults = faults
      return FlashRig(board)
    }
    func flash(_ rig: FlashRig) throws -> FlashResult {
      var flasher = try rig.flasher()
      // As if it were known to take it.
      flasher.session.writes = .untried
      return try flasher.run(try flasher.plan(Firmware(image), options: FlashOptions()))
    }
    let sound = rig([])
    _ = try flash(sound)
    let addresses = try sound.board.counters.count(.setaddress)
    #expect(addresses > 4)
    for action in [Fault.Action.status(0x01), .stall, .timeOut] {
      for number in 1...addresses {
        let rig = rig([Fault(action, at: .setaddress, number)])
        let what = "\(action) at \(number)"
        _ = try? flash(rig)
        // Between the pieces, and behind the second one, lie sectors of which nothing is in the plan.
        #expect(try rig.board.read(0x2000, at: start + 0x2000).allSatisfy { $0 == 0x5A }, "\(what)")
        #expect(try rig.board.read(0x4000, at: start + 0x6000).allSatisfy { $0 == 0x5A }, "\(what)")
        try rig.mend()
        #expect(try flash(rig).isVerified, "\(what)")
        #expect(try rig.holds(image), "\(what)")
      }
    }
  }

  @Test(arguments: ["stm32g431", "stm32f745"])
  func `a flash over a slow link can be stopped at every block`(name: String) throws {
    let chip = try TestProgram.chip(name)
    var image = try TestProgram.image(for: chip)
    if name == "stm32f745" {
      // Long enough for whole blocks ahead.
      image = .of(
        TestProgram.vectors(for: 0x0800_0000) + MemoryImage.random(25 << 10).runs[0].bytes,
        at: 0x0800_0000)
    }
    var asked = 0
    func rig() -> FlashRig {
      var board = TestProgram.usedBoard(chip)
      board.faults.linkDelay = .milliseconds(10)
      return FlashRig(board)
    }
    try rig().flash(Firmware(image), leave: false) {
      asked += 1
      return false
    }
    for stop in 0..<asked {
      let rig = rig()
      var left = stop
      let error = try rig.failure {
        try $0.flash(Firmware(image)) {
          left -= 1
          return left < 0
        }
      }
      guard case .cancelled(let progress) = error else {
        Issue.record("stopped at \(stop): \(String(describing: error))")
        continue
      }
      let vectors = try rig.memory(0x0800_0000..<0x0800_0008)
      let isWhole = [.unverified, .complete].contains(progress)
      #expect((vectors == Array(image.runs[0].bytes.prefix(8))) == isWhole, "\(stop): \(progress)")
      rig.clearEvents()
      #expect(try rig.flash(Firmware(image)).isVerified)
      // The device was left in dfuIDLE.
      #expect(!rig.events.contains { if case .note(.entered) = $0 { true } else { false } })
      #expect(try rig.holds(image))
    }
  }

  @Test func `comparing over a slow link reads ahead as long as nothing differs`() throws {
    var times: [Int: Duration] = [:]
    var uploads: [Int: Int] = [:]
    for link in [0, 10] {
      let rig = try SlowLinkTests.rig("stm32f405", link: link)
      rig.bus.changeBoard(at: "1-1") { $0.load(Self.image.runs[0].bytes, at: 0x0800_0000) }
      var flasher = try rig.flasher()
      let start = try rig.now
      #expect(try flasher.plan(Firmware(Self.image), options: FlashOptions()).isEmpty)
      times[link] = try rig.now - start
      uploads[link] = try rig.board.counters.count(.upload)
    }
    #expect(uploads[0] == uploads[10])
    let added = try #require(times[10]) - #require(times[0])
    // Rows of 1, 1, 2, 4 and 8 blocks; the rest is what is sent by itself.
    #expect(added <= .milliseconds(20) * 20)
  }
}
