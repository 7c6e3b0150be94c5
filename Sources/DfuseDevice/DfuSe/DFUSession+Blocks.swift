extension DFUSession {
  /// Begins a run of reads: sets the address and goes to dfuIDLE.
  ///
  /// Four transfers.
  ///
  /// Then come any number of ``read(block:length:)``, one transfer each, and ``endUpload()``.
  /// - Throws: ``DFUError``.
  /// - SeeAlso: ST AN3156, the Read Memory operation.
  mutating func beginUpload(at address: UInt32) throws(DFUError) {
    try setAddress(address)
    try abort()
  }

  /// Reads one block.
  ///
  /// Leaves the device in dfuUPLOAD-IDLE, or in dfuIDLE after a short block.
  ///
  /// Ends a download that is going on. Block numbers may jump. A ROM does not always stop at the
  /// end of the memory: do not ask for bytes beyond it.
  ///
  /// - Parameters:
  ///   - block: Block number, 2 to 0xFFFF; ``BlockNumbering`` says which address it means.
  ///   - length: Bytes to ask for, 2 to one transfer size.
  /// - Returns: What the device sent; fewer bytes than asked for end the upload.
  /// - Throws: ``DFUError/illegalBlock(_:count:transferSize:)`` before anything is sent; other
  ///   ``DFUError``, with errVENDOR from a read-protected chip.
  /// - SeeAlso: ST AN3156, the Read Memory operation.
  mutating func read(block: UInt16, length: Int) throws(DFUError) -> [UInt8] {
    let address = try self.address(of: block, count: length)
    let activity = Activity.reading(address: address, count: length)
    if state == .dfuDNLOADIDLE { try abort() }
    let start = transport.now
    do {
      let bytes = try upload(block: block, length: length, during: activity)
      note(bytes: bytes.count, in: transport.now - start, transfers: 1)
      if bytes.count < length {
        rows = .never
      } else if rows == .untried {
        rows = .proven
      }
      return bytes
    } catch {
      rows = .never
      guard case .usb(.stall, _) = error else { throw error }
      throw explainedStall(during: activity)
    }
  }

  /// Takes in how long it took to read so many bytes, beyond the time of the wire.
  mutating func note(bytes: Int, in time: Duration, transfers: UInt64) {
    seen.read.bytes += bytes
    seen.read.time += max(
      time - WireTime.of(transfers: transfers, bytes: UInt64(bytes)), .zero)
  }

  /// Reads a few bytes where no memory map says that something is: system memory, which the
  /// bootloaders of many chips serve all the same.
  ///
  /// Six transfers, after which the device is in dfuIDLE. What it takes says nothing of how fast
  /// flash is read.
  ///
  /// - Parameters:
  ///   - address: The first address.
  ///   - count: Bytes, 2 to one transfer size.
  /// - Returns: The bytes; nil when the device says no, or sends fewer.
  /// - Throws: ``DFUError`` when it says nothing, or does not come back to dfuIDLE.
  /// - SeeAlso: ST AN2606 Rev 70, table 5: system memory can be read.
  mutating func peek(at address: UInt32, count: Int) throws(DFUError) -> [UInt8]? {
    let before = (seen.read, rows)
    defer { (seen.read, rows) = before }
    do {
      try beginUpload(at: address)
      let bytes = try read(block: BlockNumbering.first, length: count)
      try endUpload()
      return bytes.count == count ? bytes : nil
    } catch  where error.isRefusal || error.refusesReading {
      if state != .dfuIDLE { try enter() }
      return nil
    }
  }

  /// Ends a run of reads by DFU_ABORT: the device is in dfuIDLE afterwards.
  ///
  /// Sent after a short block too, because not every device takes that for the end.
  /// - Throws: ``DFUError/usb(_:during:)``.
  mutating func endUpload() throws(DFUError) {
    try send(.abort, during: .aborting)
  }

  /// Whether the chip is read protected: errVENDOR to a read of memory that can be read otherwise.
  ///
  /// Tells protection from the other failures for which ST's USB device library also uses
  /// errVENDOR. Leaves the device in dfuIDLE.
  ///
  /// - Parameter address: Flash that the memory map calls readable.
  /// - Returns: Whether the device refused; false when it sent anything.
  /// - Throws: Any other ``DFUError``: the question has no answer then.
  /// - SeeAlso: ST AN3156, the Read Memory operation under read protection.
  mutating func isReadProtected(at address: UInt32) throws(DFUError) -> Bool {
    do {
      try beginUpload(at: address)
      _ = try read(block: BlockNumbering.first, length: 4)
      try endUpload()
      return false
    } catch .device(.errVENDOR, _, _, _) {
      return true
    }
  }
}

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
  ///   - next: The blocks that are written next, whatever comes of this one. As many as
  ///     ``mostBlocksAhead`` are sent behind the last DFU_GETSTATUS of this one, where the device has
  ///     shown that it bears that: they depend on nothing but the address, which was confirmed. The
  ///     next calls are for them, in their order.
  ///   - mayReset: Takes a device that leaves the bus for success: option bytes.
  /// - Returns: Whether the device said that it is done; always, without `mayReset`.
  /// - Throws: ``DFUError/illegalBlock(_:count:transferSize:)`` before anything is sent; other
  ///   ``DFUError``. errVENDOR means read protection, or any failure of ST's USB device library;
  ///   ``isReadProtected(at:)`` tells them apart.
  /// - SeeAlso: ST AN3156, the Write Memory operation.
  @discardableResult
  mutating func write(
    block: UInt16, data: [UInt8], before next: [NextBlock] = [], mayReset: Bool = false
  ) throws(DFUError) -> OperationOutcome {
    let address = try self.address(of: block, count: data.count)
    let activity = Activity.writing(address: address, count: data.count)
    do {
      if let sent = blocksAhead.first, sent.number == block {
        if try take(sent, during: activity) { return .done }
      } else {
        if state == .dfuUPLOADIDLE { try abort() }
        try download(
          block: block, data: data, andAsking: !mayReset,
          untilDone: asksAtOnce(for: data, before: next), during: activity)
      }
    } catch {
      (writes, statusesAhead) = (.never, [])
      throw error
    }
    do {
      return try poll(
        until: [.dfuDNLOADIDLE], kind: .write(bytes: data.count), limit: limits.write,
        before: next, during: activity)
    } catch {
      (writes, statusesAhead) = (.never, [])
      guard mayReset, error.mayMeanDisappearance else { throw error }
      guard transport.watchPort(for: limits.leave, away: limits.away) != .stillThere else {
        throw error
      }
      state = nil
      return .deviceReset
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
