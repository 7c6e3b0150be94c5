import Testing

@testable import DfuseSimulator

/// A host that speaks to a model in raw SETUP packets, with encoders of its own.
struct Probe {
  var board: SimulatedBoard
  var now = Duration.zero

  /// A powered board that the host has configured.
  init(_ name: String, faults: FaultPlan = FaultPlan()) throws {
    board = SimulatedBoard(try TestProgram.chip(name), faults: faults)
    configure()
  }

  /// SET_CONFIGURATION 1.
  mutating func configure() { _ = send([0x00, 9, 1, 0, 0, 0, 0, 0]) }

  /// Sends a packet, and lets the time pass that the device takes to answer.
  mutating func send(_ setup: [UInt8], _ data: [UInt8] = []) -> Reaction {
    let reaction = board.handle(setup: setup, data: data, at: now)
    now += reaction.delay
    return reaction
  }

  mutating func detach() -> Reaction.Answer { send([0x21, 0, 0xE8, 3, 0, 0, 0, 0]).answer }

  @discardableResult
  mutating func dnload(_ block: UInt16, _ data: [UInt8]) -> Reaction.Answer {
    send([0x21, 1] + le(block) + [0, 0] + le(UInt16(data.count)), data).answer
  }

  mutating func upload(_ block: UInt16, _ length: UInt16) -> Reaction.Answer {
    send([0xA1, 2] + le(block) + [0, 0] + le(length)).answer
  }

  mutating func getStatus() -> Reaction { send([0xA1, 3, 0, 0, 0, 0, 6, 0]) }

  @discardableResult
  mutating func clrStatus() -> Reaction.Answer { send([0x21, 4, 0, 0, 0, 0, 0, 0]).answer }

  mutating func getState() -> Reaction.Answer { send([0xA1, 5, 0, 0, 0, 0, 1, 0]).answer }

  @discardableResult
  mutating func abort() -> Reaction.Answer { send([0x21, 6, 0, 0, 0, 0, 0, 0]).answer }

  /// `bStatus`, milliseconds of `bwPollTimeout`, `bState`, `iString`; nil when there is no answer.
  mutating func status() -> [Int]? {
    guard case .data(let bytes) = getStatus().answer, bytes.count == 6 else { return nil }
    let poll = Int(bytes[1]) | Int(bytes[2]) << 8 | Int(bytes[3]) << 16
    return [Int(bytes[0]), poll, Int(bytes[4]), Int(bytes[5])]
  }

  /// `bStatus` and `bState`.
  mutating func condition() -> [Int]? { status().map { [$0[0], $0[2]] } }

  /// DNLOAD, DFU_GETSTATUS, the wait that is asked for, DFU_GETSTATUS; the end as ``condition()``.
  @discardableResult
  mutating func run(_ block: UInt16, _ data: [UInt8]) -> [Int]? {
    guard dnload(block, data) == .acknowledge, let first = status() else { return nil }
    now += .milliseconds(first[1])
    var stalls = 0
    while true {
      guard let reply = status() else {
        // An L4 stalls while it works: the same wait again, at most three times.
        stalls += 1
        guard stalls <= 3 else { return nil }
        now += .milliseconds(first[1])
        continue
      }
      if reply[2] != 4 { return [reply[0], reply[2]] }
      guard now < .seconds(3600) else { return nil }
      now += .milliseconds(max(reply[1], 1))
    }
  }

  @discardableResult
  mutating func setAddress(_ address: UInt32) -> [Int]? { run(0, [0x21] + le(address)) }

  @discardableResult
  mutating func erase(_ address: UInt32) -> [Int]? { run(0, [0x41] + le(address)) }

  /// Sets the address and writes one block there.
  @discardableResult
  mutating func write(_ bytes: [UInt8], at address: UInt32) -> [Int]? {
    let end = setAddress(address)
    return end == [0, 5] ? run(2, bytes) : end
  }

  func memory(_ count: Int, at address: UInt32) -> [UInt8] { board.read(count, at: address) }
}

func le(_ value: UInt16) -> [UInt8] { [UInt8(value & 0xFF), UInt8(value >> 8)] }
func le(_ value: UInt32) -> [UInt8] {
  [0, 8, 16, 24].map { UInt8(value >> $0 & 0xFF) }
}

/// Bytes that are all different from their neighbours and from both erased values.
func pattern(_ count: Int, seed: UInt8 = 1) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: $0 % 251) ^ seed | 1 }
}
