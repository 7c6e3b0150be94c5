import DfuseDevice
import DfuseFormat
import Synchronization
import Testing

@testable import DfuseSimulator

/// Many boards at once.
@Suite struct DeviceFleetTests {
  private let image = (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }

  private typealias Fleet = DeviceFleet<Board, FlashEvent, Result<FlashResult, FlashError>>

  private func fleet(_ bus: SimulatedBus) throws -> Fleet {
    let input = Firmware(
      try MemoryImage(merging: [ImageElement(address: 0x0800_0000, bytes: image)]))
    return Fleet { device, report in
      do throws(FlashError) {
        let transport: any USBTransport
        do throws(USBError) {
          transport = try bus.open(device)
        } catch {
          throw .device(.usb(error, during: .entering), .untouched)
        }
        var flasher = Flasher(transport: transport, report: report)
        let plan = try flasher.plan(input, options: FlashOptions())
        return .success(try flasher.run(plan))
      } catch {
        return .failure(error)
      }
    }
  }

  @Test func `no more devices are worked on at once than are wanted`() throws {
    let now = Mutex((running: 0, most: 0))
    let fleet = DeviceFleet<Int, Int, Int>(limit: 3) { number, report in
      now.withLock { $0 = ($0.running + 1, max($0.most, $0.running + 1)) }
      for step in 0..<100 { report(step) }
      now.withLock { $0.running -= 1 }
      return number
    }
    for number in 0..<40 {
      fleet.start(
        number,
        as: DeviceIdentity(
          vendorID: 1, productID: 2, bcdDevice: 0, path: "1-\(number)", address: 1))
    }
    var ends: Set<Int> = []
    while let news = fleet.next() {
      if case .finished(_, let number) = news { ends.insert(number) }
    }
    #expect(ends.count == 40)
    #expect(now.withLock { $0.most } <= 3)
  }

  private func bus(_ count: Int, faults: [Int: FaultPlan] = [:]) throws -> SimulatedBus {
    let chip = try #require(SimulatedChip.named("f405"))
    return SimulatedBus(
      (0..<count).map {
        SimulatedBoard(
          chip, serial: chip.serial(ofBoard: $0), faults: faults[$0] ?? FaultPlan())
      })
  }

  @Test func `sixteen boards are flashed at once, and each ends once`() throws {
    let bus = try bus(16)
    let fleet = try fleet(bus)
    for device in DeviceFilter().selection(from: try bus.devices()).selected {
      fleet.start(device, as: device.identity)
    }
    #expect(fleet.runningCount == 16)
    var ends: [String: Int] = [:]
    while let news = fleet.next() {
      if case .finished(let identity, let outcome) = news {
        ends[identity.path, default: 0] += 1
        #expect(try outcome.get().isVerified)
      }
    }
    #expect(fleet.runningCount == 0)
    #expect(ends.count == 16)
    #expect(ends.values.allSatisfy { $0 == 1 })
    for number in 1...16 {
      #expect(bus.board(at: "1-\(number)")?.read(4096, at: 0x0800_0000) == image)
    }
  }

  /// Flashes all boards of a bus: how it ended with each, and how long it took by its own clock.
  private func flashAll(
    _ bus: SimulatedBus
  ) throws -> [String: (succeeded: Bool, time: Duration)] {
    let input = Firmware(
      try MemoryImage(merging: [ImageElement(address: 0x0800_0000, bytes: image)]))
    let fleet = DeviceFleet<Board, FlashEvent, (Bool, Duration)> { device, report in
      guard let transport = try? bus.open(device) else { return (false, .zero) }
      let start = transport.now
      var flasher = Flasher(transport: transport, report: report)
      let result = try? flasher.run(flasher.plan(input, options: FlashOptions()))
      return (result?.isVerified ?? false, transport.now - start)
    }
    for device in DeviceFilter().selection(from: try bus.devices()).selected {
      fleet.start(device, as: device.identity)
    }
    var ends: [String: (succeeded: Bool, time: Duration)] = [:]
    while let news = fleet.next() {
      if case .finished(let identity, let end) = news { ends[identity.path] = end }
    }
    return ends
  }

  @Test func `of sixty-four boards each takes the time of one, and a second run repairs a third`()
    throws
  {
    let alone = try #require(try flashAll(try bus(1))["1-1"])
    #expect(alone.succeeded)
    let broken = try FaultPlan(parsing: ["stall@write:1+"])
    let thirds = Dictionary(
      uniqueKeysWithValues: stride(from: 0, to: 64, by: 3).map { ($0, broken) })
    let bus = try bus(64, faults: thirds)
    let first = try flashAll(bus)
    #expect(first.count == 64)
    let failed = Set(first.filter { !$0.value.succeeded }.keys)
    #expect(failed == Set(thirds.keys.map { "1-\($0 + 1)" }))
    for (path, end) in first where end.succeeded {
      #expect(end.time <= alone.time * 1.2, "\(path)")
    }
    for path in failed { bus.changeBoard(at: path) { $0.faults = FaultPlan() } }
    let second = try flashAll(bus)
    #expect(second.values.allSatisfy { $0.succeeded })
    for number in 1...64 {
      #expect(bus.board(at: "1-\(number)")?.read(4096, at: 0x0800_0000) == image)
    }
  }

  @Test func `one failure leaves the others alone`() throws {
    let bus = try bus(3, faults: [1: try FaultPlan(parsing: ["disconnect@write:1"])])
    let fleet = try fleet(bus)
    for device in DeviceFilter().selection(from: try bus.devices()).selected {
      fleet.start(device, as: device.identity)
    }
    var failed: [String] = []
    while let news = fleet.next() {
      if case .finished(let identity, .failure) = news { failed.append(identity.path) }
    }
    #expect(failed == ["1-2"])
    #expect(bus.board(at: "1-1")?.read(4096, at: 0x0800_0000) == image)
    #expect(bus.board(at: "1-3")?.read(4096, at: 0x0800_0000) == image)
  }

  @Test func `the news of each board come in their order, the end last`() throws {
    let bus = try bus(4)
    let fleet = try fleet(bus)
    for device in DeviceFilter().selection(from: try bus.devices()).selected {
      fleet.start(device, as: device.identity)
    }
    var phases: [String: [FlashEvent.Phase]] = [:]
    var ended: Set<String> = []
    while let news = fleet.next() {
      switch news {
      case .event(let identity, .started(let phase, _)):
        phases[identity.path, default: []].append(phase)
        #expect(!ended.contains(identity.path))
      case .event(let identity, _): #expect(!ended.contains(identity.path))
      case .finished(let identity, _): ended.insert(identity.path)
      }
    }
    #expect(phases.count == 4)
    #expect(phases.values.allSatisfy { $0 == [.compare, .write, .verify, .finish] })
  }

  @Test func `a fleet without boards has no news`() {
    let fleet = DeviceFleet<Board, Int, Int> { _, _ in 0 }
    #expect(fleet.next() == nil)
    #expect(fleet.next(limit: .seconds(1)) == nil)
  }

  @Test func `waiting for news ends with its time`() throws {
    let gate = Mutex(())
    let device = try #require(
      DeviceFilter().selection(from: try bus(1).devices()).selected.first)
    let fleet = DeviceFleet<Board, Int, Int> { _, report in
      gate.withLock { _ in }
      report(1)
      return 2
    }
    gate.withLock { _ in
      fleet.start(device, as: device.identity)
      #expect(fleet.next(limit: .milliseconds(1)) == nil)
      #expect(fleet.runningCount == 1)
    }
    guard case .event(device.identity, 1) = fleet.next() else {
      Issue.record("the event does not come first")
      return
    }
    guard case .finished(device.identity, 2) = fleet.next() else {
      Issue.record("the end does not come second")
      return
    }
    #expect(fleet.next() == nil)
  }
}
