import DfuseFormat
import DfuseTestSupport
import Testing

@testable import DfuseDevice
@testable import DfuseSimulator

/// Boards behind a link on which each round trip costs time, as USB/IP from another machine.
@Suite struct SlowLinkTests {
  /// A board at the end of a link that takes so many milliseconds each way.
  static func rig(_ chip: String, link: Int, _ faults: String...) throws -> FlashRig {
    let rig = try FlashRig(chip) { board in
      board.recordsTransfers = true
    }
    rig.bus.changeBoard(at: "1-1") { board in
      board.faults = (try? FaultPlan(parsing: faults + ["link=\(link)"])) ?? FaultPlan()
    }
    return rig
  }

  /// What it takes to read a range in virtual time, and how many transfers.
  static func read(_ count: Int, from rig: FlashRig) throws -> (bytes: [UInt8], time: Duration) {
    var flasher = try rig.flasher()
    let start = try rig.now
    let bytes = try flasher.read(0x0800_0000..<0x0800_0000 + UInt64(count)).bytes
    return (bytes, try rig.now - start)
  }

  // MARK: - Reading

  @Test func `a slow link costs reading a round trip for 16 blocks`() throws {
    let image = MemoryImage.random(128 << 10)
    var times: [Int: Duration] = [:]
    var transcripts: [Int: [String]] = [:]
    for link in [0, 10] {
      let rig = try Self.rig("stm32f405", link: link)
      rig.bus.changeBoard(at: "1-1") { $0.load(image.runs[0].bytes, at: 0x0800_0000) }
      let (bytes, time) = try Self.read(128 << 10, from: rig)
      #expect(bytes == image.runs[0].bytes)
      times[link] = time
      transcripts[link] = try rig.board.transcript.map(\.description)
    }
    // The same transfers in the same order.
    #expect(transcripts[0] == transcripts[10])
    let added = try #require(times[10]) - #require(times[0])
    // 64 blocks: the first, three times 16, and the 15 that are left; besides, one round trip for each
    // of the requests that are sent by themselves.
    let alone = try #require(transcripts[10]).count { !$0.hasPrefix("UPLOAD") }
    #expect(added <= .milliseconds(20) * (5 + alone))
  }

  @Test(arguments: [Fault.Action.stall, .timeOut, .short(5), .status(0x0B)])
  func `a block that fails in a row is read again, and all others one at a time`(
    action: Fault.Action
  ) throws {
    let image = MemoryImage.random(64 << 10)
    for number in 1...32 {
      let rig = try Self.rig("stm32f405", link: 10)
      rig.bus.changeBoard(at: "1-1") {
        $0.load(image.runs[0].bytes, at: 0x0800_0000)
        $0.faults.faults = [Fault(action, at: .upload, number)]
      }
      do {
        let (bytes, _) = try Self.read(64 << 10, from: rig)
        #expect(bytes == image.runs[0].bytes, "block \(number)")
      } catch let error as FlashError {
        // What a device says of itself is its last word.
        guard action == .status(0x0B) else { throw error }
      }
      // After the row with the failure, no two uploads are closer than a round trip.
      let uploads = try rig.board.transcript.filter { $0.description.hasPrefix("UPLOAD") }.map(\.at)
      let first = number == 1 ? 1 : (number - 2) / 16 * 16 + 17
      for (before, after) in zip(uploads.dropFirst(first), uploads.dropFirst(first + 1)) {
        #expect(after - before >= .milliseconds(20), "block \(number)")
      }
    }
  }

  @Test func `a time-out in a row is the sum of those before it`() throws {
    let rig = try Self.rig("stm32f405", link: 10)
    let board = try #require(try rig.bus.devices().first?.board)
    let transport = try rig.bus.open(board)
    rig.bus.changeBoard(at: "1-1") { $0.faults.faults = [Fault(.timeOut, at: .getstatus, 3)] }
    let request = DFURequest.getStatus.control(interface: board.interface.number)
    let start = transport.now
    let answers = transport.perform(
      (1...5).map { _ in .asking(for: 6, request, timeout: .seconds(1)) }, until: nil)
    #expect(answers.count == 3)
    #expect(answers.last == TransferAnswer(.failure(.timedOut), ended: start + .seconds(3)))
    #expect(transport.now == start + .seconds(3))
    // The two behind it never came to the device.
    #expect(try rig.board.counters.count(.getstatus) == 3)
  }

  @Test func `a transfer that stalls does not keep those behind it from the device`() throws {
    let rig = try Self.rig("stm32f405", link: 0, "stall@getstatus:2")
    let board = try #require(try rig.bus.devices().first?.board)
    let transport = try rig.bus.open(board)
    let request = DFURequest.getStatus.control(interface: board.interface.number)
    let answers = transport.perform(
      (1...3).map { _ in .asking(for: 6, request, timeout: .seconds(1)) }, until: nil)
    #expect(answers.map { (try? $0.result.get())?.count } == [6, nil, 6])
  }

  @Test func `what has not begun when the work is to stop never comes to the device`() throws {
    let rig = try Self.rig("stm32f405", link: 10)
    let board = try #require(try rig.bus.devices().first?.board)
    let transport = try rig.bus.open(board)
    let request = DFURequest.getStatus.control(interface: board.interface.number)
    var asked = 0
    let answers = transport.perform(
      (1...5).map { _ in .asking(for: 6, request, timeout: .seconds(1)) }
    ) {
      asked += 1
      return asked > 2
    }
    #expect(answers.count == 3)
    #expect(answers.last?.result == .failure(.cancelled))
    #expect(try rig.board.counters.count(.getstatus) == 2)
  }

  @Test func `a read can be stopped at every block of a row, and leaves the board in dfuIDLE`()
    throws
  {
    var asked = 0
    let sound = try Self.rig("stm32f405", link: 10)
    var flasher = try sound.flasher {
      asked += 1
      return false
    }
    _ = try flasher.read(0x0800_0000..<0x0801_0000)
    // Asked about each block but those that were read by themselves.
    #expect(asked > 32)
    for stop in 0..<asked {
      let rig = try Self.rig("stm32f405", link: 10)
      var left = stop
      func read() throws {
        var flasher = try rig.flasher {
          left -= 1
          return left < 0
        }
        _ = try flasher.read(0x0800_0000..<0x0801_0000)
      }
      #expect(throws: FlashError.cancelled(.untouched), "\(stop)") { try read() }
      var next = try rig.flasher()
      rig.clearEvents()
      try next.enter()
      #expect(rig.events.isEmpty, "\(stop)")
    }
  }
}
