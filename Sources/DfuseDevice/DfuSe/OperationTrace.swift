import DfuseFormat

/// Makes operations out of traced transfers: what was done to the memory, and where.
///
/// A transfer of the DfuSe protocol does not say its address; the address pointer does, which came
/// earlier.
///
/// - SeeAlso: ST AN3156 for the commands and the address of a block.
public struct OperationTrace: Sendable {
  private var pointer: UInt32?
  private let blocks: BlockNumbering

  /// Starts before the first transfer to a device.
  ///
  /// - Parameter blocks: How the device counts its blocks.
  public init(blocks: BlockNumbering) { self.blocks = blocks }

  /// The operation that a transfer is, or nil when it only asks for the status or chooses a state.
  ///
  /// - Parameter transfer: The next transfer to the device.
  /// - Returns: What it does, as the beginning of a sentence in lower case.
  public mutating func operation(of transfer: TracedTransfer) -> String? {
    let request = transfer.request
    switch (request.bmRequestType, request.bRequest, request.wValue) {
    case (0x21, 1, _) where transfer.length == 0:
      return "leave DFU mode"
    case (0x21, 1, 0):
      return command(transfer.data)
    case (0x21, 1, 2...):
      return "write \(transfer.length) bytes at \(address(of: request.wValue))"
    case (0xA1, 2, 0):
      return "get commands"
    case (0xA1, 2, 2...):
      return "read \(transfer.length) bytes at \(address(of: request.wValue))"
    case (0x01, 11, _):
      return "select alternate setting \(request.wValue)"
    case (0x21, 4, _):
      return "clear status"
    case (0x21, 6, _):
      return "abort"
    default:
      return nil
    }
  }

  private mutating func command(_ data: [UInt8]) -> String {
    let argument: UInt32? =
      data.count == 5 ? data.dropFirst().reversed().reduce(0) { $0 << 8 | UInt32($1) } : nil
    switch (data.first, argument) {
    case (0x21, .some(let address)):
      pointer = address
      return "set address \(address.hex)"
    case (0x41, .some(let address)): return "erase the sector at \(address.hex)"
    case (0x41, nil): return "erase the whole flash"
    case (0x92, nil): return "remove the read protection"
    default: return "command \(data.bytesText)"
    }
  }

  private func address(of block: UInt16) -> String {
    guard let address = pointer.flatMap({ blocks.address(of: block, pointer: $0) }) else {
      return "the pointer, block \(block)"
    }
    return UInt32(exactly: address)?.hex ?? address.addressText
  }
}
