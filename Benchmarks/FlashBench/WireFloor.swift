import DfuseDevice
import DfuseSimulator

/// The requests that cannot be saved, and their time on a full-speed bus.
///
/// Counted from the image and the chip, not from what the host did, so that a needless request
/// shows in the ratio.
struct WireFloor {
  var requests = 0
  var time: Duration = .zero

  /// The floor of a flash.
  ///
  /// - Parameters:
  ///   - flashCase: What is done.
  ///   - board: On what.
  ///   - usesMassErase: One command erases everything.
  init(_ flashCase: FlashCase, _ board: BenchBoard, usesMassErase: Bool) {
    let size = board.image.count
    status()  // finds the device in dfuIDLE
    switch flashCase {
    case .blank:
      read(size, board)
      write(size, board)
    case .same:
      read(size, board)
    case .full:
      for _ in 0..<(usesMassErase ? 1 : board.sectors.count) { operation(5) }
      write(size, board)
    case .oneSector:
      let sector = board.middleSector.count
      // Of the changed sector one block tells that it differs.
      read(size - max(sector - block(board), 0), board)
      operation(5)
      write(min(sector, size), board)
    }
  }

  private func block(_ board: BenchBoard) -> Int { Int(board.chip.profile.usb.transferSize) }

  private mutating func transfer(_ bytes: Int) {
    requests += 1
    time += WireTime.of(bytes: UInt64(bytes))
  }

  private mutating func status() { transfer(6) }

  /// DFU_DNLOAD, DFU_GETSTATUS that starts it, DFU_GETSTATUS that confirms it.
  private mutating func operation(_ bytes: Int) {
    transfer(bytes)
    status()
    status()
  }

  /// An address, the blocks, and the same again to read them back.
  private mutating func write(_ count: Int, _ board: BenchBoard) {
    operation(5)
    var rest = count
    while rest > 0 {
      operation(min(rest, block(board)))
      rest -= block(board)
    }
    read(count, board)
  }

  /// An address, DFU_ABORT, the blocks, DFU_ABORT.
  private mutating func read(_ count: Int, _ board: BenchBoard) {
    operation(5)
    transfer(0)
    var rest = count
    while rest > 0 {
      transfer(min(rest, block(board)))
      rest -= block(board)
    }
    transfer(0)
  }
}
