import Testing

@testable import DfuseSimulator

extension Probe {
  /// Writes bytes as one block to option bytes, and lets happen what follows.
  ///
  /// - Returns: What runs then; the bootloader goes on where the board stayed.
  mutating func writeOptions(_ bytes: [UInt8], at address: UInt32) -> RunningProgram {
    guard setAddress(address) == [0, 5], dnload(2, bytes) == .acknowledge else { return .nothing }
    let reply = getStatus()
    guard case .leaveBus(let after, let next, _) = reply.then else {
      // A wait, since some drop what is polled early; then the end of the work.
      now += .seconds(1)
      _ = condition()
      abort()
      return .bootloader
    }
    now += after
    return restart(as: next)
  }

  /// The same for words with their complements as the chip has them.
  mutating func writeOptionWords(_ words: [UInt32], at address: UInt32) -> RunningProgram {
    writeOptions(words.flatMap { le($0) }, at: address)
  }

  /// The board leaves the bus and comes back without having been without power.
  mutating func restart(as next: RunningProgram) -> RunningProgram {
    board.model.losePower(at: now)
    let program = board.starts(next)
    board.run(program, at: now)
    configure()
    return program
  }

  /// Unplugs the board, with BOOT0 held, and plugs it in again.
  @discardableResult
  mutating func powerCycle() -> RunningProgram {
    board.model.losePower(at: now)
    board.losePower()
    let program = board.starts(board.firstProgram)
    board.run(program, at: now)
    configure()
    return program
  }

  /// A program that does nothing, where the chip starts one.
  mutating func loadProgram() {
    board.load(
      [0x00, 0x50, 0x00, 0x20, 0x09, 0x00, 0x00, 0x08, 0xFE, 0xE7], at: 0x0800_0000)
  }

  /// What a host reads of memory, in one block.
  mutating func readBack(_ count: UInt16, at address: UInt32) -> [UInt8]? {
    guard setAddress(address) == [0, 5] else { return nil }
    abort()
    defer { abort() }
    guard case .data(let bytes) = upload(2, count) else { return nil }
    return bytes
  }
}
