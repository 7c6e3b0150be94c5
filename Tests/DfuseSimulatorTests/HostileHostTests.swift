import Testing

@testable import DfuseSimulator

/// Whatever a host sends, a model answers, and stays within its rules.
@Suite struct HostileHostTests {
  /// Repeatable numbers (splitmix64).
  struct Numbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
  }

  /// Mostly DFU requests that make some sense, some that make none.
  static func request(_ numbers: inout Numbers) -> (setup: [UInt8], data: [UInt8]) {
    let block = [0, 0, 0, 1, 2, 2, 3, 0xFFFF].randomElement(using: &numbers) ?? 0
    let address: [UInt8] =
      [
        [0, 0, 0, 8], [0, 0xC0, 0, 8], [0xFF, 0xFF, 0xFF, 0xFF], [0xF0, 0xFF, 0x0F, 8],
        [0, 0x78, 0xFF, 0x1F], [0, 0xC0, 0xFF, 0x1F], [0, 0, 0xFF, 0xFF],
      ].randomElement(using: &numbers) ?? []
    var data: [UInt8]
    switch Int.random(in: 0..<8, using: &numbers) {
    case 0: data = []
    case 1: data = [0x41]
    case 2: data = [0x92]
    case 3: data = [0x41] + address
    case 4, 5: data = [0x21] + address
    case 6: data = pattern(Int.random(in: 1...64, using: &numbers))
    default: data = pattern(Int.random(in: 1...4096, using: &numbers))
    }
    let isUpload = Bool.random(using: &numbers)
    let wLength = isUpload ? UInt16.random(in: 0...5000, using: &numbers) : UInt16(data.count)
    switch Int.random(in: 0..<12, using: &numbers) {
    case 0...4: return ([0x21, 1] + le(UInt16(block)) + [0, 0] + le(UInt16(data.count)), data)
    case 5: return ([0xA1, 2] + le(UInt16(block)) + [0, 0] + le(wLength), [])
    case 6...8: return ([0xA1, 3, 0, 0, 0, 0, 6, 0], [])
    case 9: return ([0x21, [4, 6, 0].randomElement(using: &numbers) ?? 4, 0, 0, 0, 0, 0, 0], [])
    case 10: return ([0x00, 9, 1, 0, 0, 0, 0, 0], [])
    default:
      // Nonsense, with data that do not fit the announced length.
      data = pattern(Int.random(in: 0...3000, using: &numbers))
      return ((0..<8).map { _ in UInt8.random(in: 0...255, using: &numbers) }, data)
    }
  }

  @Test(arguments: SimulatedChip.all.map(\.name))
  func `a thousand random requests are all answered within wLength`(name: String) throws {
    var probe = try Probe(name)
    var numbers = Numbers(state: UInt64(name.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) }))
    for _ in 0..<1000 {
      let (setup, data) = Self.request(&numbers)
      let reaction = probe.send(setup, data)
      #expect(reaction.delay >= .zero)
      if case .data(let bytes) = reaction.answer {
        #expect(bytes.count <= Int(setup[6]) | Int(setup[7]) << 8)
      }
      if case .leaveBus(let after, _, _) = reaction.then {
        #expect(after >= .zero)
        probe.board.model.losePower(at: probe.now)
        probe.board.model.powerOn(at: probe.now)
        probe.configure()
      }
      probe.now += .milliseconds(Int.random(in: 0...300, using: &numbers))
    }
    // It can still be brought to dfuIDLE.
    probe.now += .seconds(100)
    probe.configure()
    probe.clrStatusIfFailed()
    // An mboot does not notice a choice of configuration.
    if name == "mboot" { probe.abort() }
    #expect(probe.condition() == [0, 2])
    let state = probe.board.state
    #expect(try SimulatedBoardState(decoding: state.encode()) == state)
  }

  @Test func `a damaged state file is refused or read, but never traps`() throws {
    let bytes = try BoardStateTests.used().state.encode()
    var numbers = Numbers(state: 7)
    var refused = 0
    for _ in 0..<300 {
      var damaged = bytes
      for _ in 0..<Int.random(in: 1...4, using: &numbers) {
        damaged[Int.random(in: 0..<64, using: &numbers)] = UInt8.random(
          in: 0...255, using: &numbers)
      }
      guard let state = try? SimulatedBoardState(decoding: damaged) else {
        refused += 1
        continue
      }
      #expect(try SimulatedBoardState(decoding: state.encode()) == state)
    }
    #expect(refused > 0)
  }
}
