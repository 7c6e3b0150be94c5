extension DFUSession {
  /// Writes one block.
  ///
  /// Leaves the device in dfuDNLOAD-IDLE.
  ///
  /// Three transfers: DFU_DNLOAD, DFU_GETSTATUS to start it, DFU_GETSTATUS to hear that it is done.
  /// Two when the device is done at once. The device does not report a write to protected memory.
  ///
  /// - Parameters:
  ///   - block: Block number, 2 to 0xFFFF; ``BlockNumbering`` says which address it means.
  ///   - data: 2 bytes to one transfer size. A multiple of 4 for most memories; a length
  ///     that is not a multiple of the programming unit makes some devices write stale bytes.
  ///   - mayReset: Takes a device that leaves the bus for success: option bytes.
  /// - Returns: Whether the device said that it is done; always, without `mayReset`.
  /// - Throws: ``DFUError/illegalBlock(_:count:transferSize:)`` before anything is sent; other
  ///   ``DFUError``. errVENDOR means read protection, or any failure of ST's USB device library;
  ///   ``isReadProtected(at:)`` tells them apart.
  /// - SeeAlso: ST AN3156, the Write Memory operation.
  @discardableResult
  public mutating func write(
    block: UInt16, data: [UInt8], mayReset: Bool = false
  ) throws(DFUError) -> WriteOutcome {
    let address = try self.address(of: block, count: data.count)
    let activity = Activity.writing(address: address, count: data.count)
    if state == .dfuUPLOADIDLE { try abort() }
    try sendExplained(.dnload, wValue: block, data: data, during: activity)
    do {
      try poll(
        until: [.dfuDNLOADIDLE], kind: .write(bytes: data.count), limit: limits.write,
        during: activity)
      return .done
    } catch {
      guard mayReset, error.mayMeanDisappearance else { throw error }
      let sighting = transport.watchPort(for: limits.leave)
      guard sighting != .stillThere else { throw error }
      state = nil
      return .deviceReset(sighting)
    }
  }

  /// The address of a block that may be transferred, or the error why it may not.
  func address(of block: UInt16, count: Int) throws(DFUError) -> UInt32 {
    guard let addressPointer, count >= 2, count <= transferSize,
      let first = blocks.address(of: block, pointer: addressPointer),
      let address = UInt32(exactly: first), first + UInt64(count) <= 0x1_0000_0000
    else {
      throw .illegalBlock(block, count: count, transferSize: transferSize)
    }
    return address
  }
}

extension DFUError {
  /// Whether the reason can be that the device has left the bus.
  var mayMeanDisappearance: Bool {
    switch self {
    case .usb, .malformedReply, .stillBusy: true
    case .device, .unexpectedState, .unknownState, .illegalRequest, .illegalBlock, .shortBlock,
      .notOffered,
      .cannotRecover:
      false
    }
  }
}
