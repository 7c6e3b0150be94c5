@testable import DfuseSimulator

/// What a request did to a board, read from the wire: the capture of a flash in a few words.
enum FlashStep: Hashable {
  case erase(UInt32)
  case massErase
  case setAddress(UInt32)
  case write(Range<UInt64>)
  case read(Range<UInt64>)
  case leave(from: UInt32)

  /// The steps of a capture.
  ///
  /// Decoded here and not by the host's code: DNLOAD 0 is a command, blocks from 2 on are data at
  /// pointer + (block - 2) × transfer size.
  static func steps(of transcript: [TransferRecord], transferSize: Int) -> [FlashStep] {
    var pointer: UInt32 = 0
    var steps: [FlashStep] = []
    func range(_ record: TransferRecord, _ count: Int) -> Range<UInt64> {
      let start = UInt64(pointer) + UInt64(record.packet.wValue - 2) * UInt64(transferSize)
      return start..<(start + UInt64(count))
    }
    for record in transcript {
      switch (record.packet.bmRequestType, record.packet.bRequest, record.answer) {
      case (0x21, 1, .acknowledge) where record.packet.wLength == 0:
        steps.append(.leave(from: pointer))
      case (0x21, 1, .acknowledge) where record.packet.wValue == 0:
        let address = record.data.dropFirst().prefix(4).reversed().reduce(UInt32(0)) {
          $0 << 8 | UInt32($1)
        }
        switch (record.data.first, record.packet.wLength) {
        case (0x21, _):
          pointer = address
          steps.append(.setAddress(address))
        case (0x41, 1): steps.append(.massErase)
        case (0x41, _): steps.append(.erase(address))
        default: break
        }
      case (0x21, 1, .acknowledge):
        steps.append(.write(range(record, Int(record.packet.wLength))))
      case (0xA1, 2, .data) where record.packet.wValue >= 2:
        steps.append(.read(range(record, record.received)))
      default: break
      }
    }
    return steps
  }

  /// Whether the board holds something else afterwards.
  var changesTheBoard: Bool {
    switch self {
    case .erase, .massErase, .write: true
    case .setAddress, .read, .leave: false
    }
  }
}

extension FlashRig {
  /// Starts a capture.
  func record() { bus.changeBoard(at: "1-1") { $0.recordsTransfers = true } }

  /// What the capture shows.
  var steps: [FlashStep] {
    get throws {
      let board = try board
      return FlashStep.steps(
        of: board.transcript, transferSize: Int(board.chip.profile.blockSize))
    }
  }
}
