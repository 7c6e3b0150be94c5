import Testing

@testable import DfuseSimulator

/// The state file.
@Suite struct BoardStateTests {
  static func used() throws -> SimulatedBoard {
    var faults = FaultPlan()
    faults.writeProtected = [0x0800_4000]
    var probe = try Probe("stm32l476", faults: faults)
    probe.write([UInt8](repeating: 0xFF, count: 8), at: 0x0800_0000)
    probe.write(pattern(2048), at: 0x0801_0000)
    return probe.board
  }

  @Test func `a board goes on from its state file`() throws {
    let board = try Self.used()
    let state = try SimulatedBoardState(decoding: board.state.encode())
    #expect(state == board.state)
    var probe = try Probe("stm32l476")
    probe.board = try SimulatedBoard(board.chip, state: state)
    probe.configure()
    #expect(probe.memory(2048, at: 0x0801_0000) == pattern(2048))
    // That a unit of all ones was programmed is remembered.
    probe.write(pattern(8), at: 0x0800_0000)
    #expect(probe.memory(8, at: 0x0800_0000) == [UInt8](repeating: 0xFF, count: 8))
    #expect(probe.board.state.writeProtected == [0x0800_4000])
  }

  @Test func `the head of a file is as documented`() throws {
    let bytes = try Self.used().state.encode()
    #expect(bytes.prefix(9).elementsEqual(Array("DFUSESIM".utf8) + [1]))
    #expect(bytes[9] == 9)
    #expect(bytes[10..<19].elementsEqual("stm32l476".utf8))
    #expect(bytes[19] == 12)
    #expect(bytes[20..<32].elementsEqual("207E32823141".utf8))
    #expect(bytes[32] == 0)
    #expect(bytes[33..<41].elementsEqual([1, 0, 0, 0, 0x00, 0x40, 0x00, 0x08]))
    // Pages: flash 0x08000 and 0x08010, the option bytes' 0x1FFF7, Device Feature's 0xFFFF0.
    #expect(bytes[41..<49].elementsEqual([4, 0, 0, 0, 0x00, 0x80, 0x00, 0x00]))
    #expect(bytes.count == 45 + 4 * (4 + 4096 + 512))
  }

  @Test func `every prefix of a file is refused`() throws {
    let bytes = try Self.used().state.encode()
    for count in Array(0..<64) + stride(from: 64, to: bytes.count, by: 97) {
      #expect(throws: BoardStateError.self) {
        try SimulatedBoardState(decoding: Array(bytes.prefix(count)))
      }
    }
  }

  @Test func `wrong fields are named`() throws {
    let bytes = try Self.used().state.encode()
    func changed(_ index: Int, _ value: UInt8) -> [UInt8] {
      var copy = bytes
      copy[index] = value
      return copy
    }
    #expect(throws: BoardStateError.notAStateFile) {
      try SimulatedBoardState(decoding: changed(0, 0x64))
    }
    #expect(throws: BoardStateError.unknownVersion(2)) {
      try SimulatedBoardState(decoding: changed(8, 2))
    }
    #expect(throws: BoardStateError.badField("read protection")) {
      try SimulatedBoardState(decoding: changed(32, 3))
    }
    #expect(throws: BoardStateError.badField("write-protected sectors")) {
      try SimulatedBoardState(decoding: changed(36, 0xFF))
    }
    #expect(throws: BoardStateError.badField("page number")) {
      try SimulatedBoardState(decoding: changed(48, 0x01))
    }
    #expect(throws: BoardStateError.trailingBytes(1)) {
      try SimulatedBoardState(decoding: bytes + [0])
    }
    #expect(throws: BoardStateError.truncated(field: "page number", offset: bytes.count)) {
      try SimulatedBoardState(decoding: changed(41, 5))
    }
  }

  @Test func `a state of another chip is refused`() throws {
    let state = try Self.used().state
    let other = try #require(SimulatedChip.named("stm32f405"))
    #expect(throws: BoardStateError.otherChip(found: "stm32l476", expected: "stm32f405")) {
      try SimulatedBoard(other, state: state)
    }
  }
}
