import Testing

@testable import DfuseDevice
@testable import DfuseSimulator

/// The host's own code against every simulated chip: two readings of the same documents meet.
@Suite struct HostTests {
  static let names = SimulatedChip.all.map(\.name)

  /// A board on a bus, and the host's view of it.
  struct Bench {
    let bus: SimulatedBus
    let device: USBDeviceListing
    let interface: DFUInterface
    let chip: ChipProfile
    let flash: AlternateMemory

    init(_ board: SimulatedBoard) throws {
      bus = SimulatedBus([board])
      device = try #require(try bus.devices().first)
      interface = try #require(device.interfaces.first)
      let memories = interface.memories(of: device.identity)
      chip = ChipProfile.identify(device.identity, maps: memories.map(\.map))
      flash = try #require(memories.first { $0.map.kind == .internalFlash })
    }

    func open() throws -> DFUSession {
      var limits = OperationLimits()
      limits.stuckBusyRecovery = chip.quirks.contains(.h743StuckBusy)
      limits.leavesWithoutStatus = chip.quirks.contains(.leavesWithoutStatus)
      return DFUSession(
        transport: try bus.open(Board(identity: device.identity, interface: interface)),
        limits: limits)
    }
  }

  static func board(_ name: String) throws -> SimulatedBoard {
    SimulatedBoard(try #require(SimulatedChip.named(name)))
  }

  @Test(arguments: names)
  func `the sectors the host makes of the map are those of the silicon`(name: String) throws {
    let board = try Self.board(name)
    let bench = try Bench(board)
    let flash = try #require(board.chip.profile.memory(.flash))
    for segment in bench.flash.map.segments where segment.access.contains(.erasable) {
      var address = segment.start
      while address < segment.end {
        let sector = segment.sector(at: address)
        // An mboot's map has the sectors it lives in.
        if name != "mboot" || address >= UInt64(flash.start) {
          #expect(flash.sector(at: address) == sector)
        }
        address = sector.upperBound
      }
    }
    #expect(bench.flash.map.segments.map(\.end).max() == flash.range.upperBound)
    #expect(bench.chip.erasedByte == flash.erased || !bench.chip.isKnown)
    #expect(bench.chip.programmingUnit % board.chip.profile.rules.unit == 0)
  }

  @Test(arguments: names)
  func `a session erases, writes, reads and leaves`(name: String) throws {
    let bench = try Bench(try Self.board(name))
    let flash = try #require(bench.bus.board(at: "1-1")?.chip.profile.memory(.flash))
    var session = try bench.open()
    _ = try session.enter()
    try session.selectAlternateSetting(bench.flash.alternateSetting)
    let image = CommandTests.image + pattern(3000 / 32 * 32 - 8)
    let first = flash.start
    let last = UInt32(flash.range.upperBound - UInt64(image.count) / 4096 * 4096 - 4096)
    for address in [first, last] {
      var next = UInt64(address)
      while next < UInt64(address) + UInt64(image.count) {
        let sector = try #require(flash.sector(at: next))
        try session.erase(sectorAt: UInt32(sector.lowerBound), size: UInt64(sector.count))
        // A session believes what it is told; the flasher above it looks.
        if name == "stm32h743-v9.1" { session.transport.wait(.seconds(4)) }
        next = sector.upperBound
      }
      try session.setAddress(address)
      var offset = 0
      while image.count - offset >= session.transferSize {
        try session.write(
          block: UInt16(2 + offset / session.transferSize),
          data: Array(image[offset..<(offset + session.transferSize)]))
        offset += session.transferSize
      }
      try session.setAddress(address + UInt32(offset))
      try session.write(block: 2, data: Array(image[offset...]))
      try session.beginUpload(at: address)
      for offset in stride(from: 0, to: image.count, by: session.transferSize) {
        let length = min(session.transferSize, image.count - offset)
        let block = UInt16(2 + offset / session.transferSize)
        let read = try session.read(block: block, length: length)
        #expect(read == Array(image[offset..<(offset + length)]))
      }
      try session.endUpload()
    }
    try session.setAddress(first)
    let outcome = try session.leave(away: .seconds(1))
    guard case .left = outcome else {
      Issue.record("the board stayed: \(outcome)")
      return
    }
    let board = try #require(bench.bus.board(at: "1-1"))
    #expect(board.counters.earlyPolls.isEmpty)
    #expect(board.counters.refusedPrograms.isEmpty)
    #expect(board.read(image.count, at: first) == image)
  }
}
