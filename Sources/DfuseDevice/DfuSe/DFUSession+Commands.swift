extension DFUSession {
  /// Asks for the commands that the device knows.
  ///
  /// Leaves the device in dfuIDLE.
  ///
  /// DFU_UPLOAD of block 0 with room for 64 commands, then DFU_ABORT.
  ///
  /// - Returns: The first byte of each command, with 0x00 for the list itself. One code stands for
  ///   both kinds of erase, so a listed mass erase may still do nothing. Nil for a device that
  ///   refuses, does not answer, or has nothing to say, as devices made with libopencm3: setting the
  ///   address and erasing a sector can be counted on then; nothing else can.
  /// - Throws: ``DFUError``, but not for a refusal.
  /// - SeeAlso: ST AN3156, the Get Commands request.
  mutating func commands() throws(DFUError) -> [UInt8]? {
    if state == .dfuDNLOADIDLE { try abort() }
    var listed: [UInt8]?
    do {
      let codes = try upload(block: 0, length: min(64, transferSize), during: .gettingCommands)
      if !codes.isEmpty { listed = codes }
      // Also after a short answer: not every device takes that for the end of the upload.
      try send(.abort, during: .gettingCommands)
    } catch .usb(.stall, let activity) {
      _ = explainedStall(during: activity)
      if state != .dfuIDLE { try enter() }
    } catch .usb(.timedOut, _) {
      // Not every device answers a request that it does not know.
      try enter()
    }
    return listed
  }

  /// Sets the address pointer to which block number 2 refers.
  ///
  /// Leaves the device in dfuDNLOAD-IDLE.
  ///
  /// Three transfers. The pointer is sent even if it should already be right, because a write moves
  /// it on some devices.
  ///
  /// - Throws: ``DFUError``. Some protected chips answer errVENDOR here, and others errTARGET to an
  ///   address they do not serve; ST's USB device library checks nothing.
  /// - SeeAlso: ST AN3156, the Set Address Pointer command.
  mutating func setAddress(_ address: UInt32) throws(DFUError) {
    let activity = Activity.settingAddress(address)
    addressPointer = nil
    try run(.setAddress(address), kind: .setAddress, limit: limits.write, during: activity)
    addressPointer = address
  }

  /// Sends a command and polls until the device is in dfuDNLOAD-IDLE.
  @discardableResult
  mutating func run(
    _ command: DfuSeCommand, kind: OperationKind, limit: Duration, stuckAfter: Duration? = nil,
    during activity: Activity
  ) throws(DFUError) -> OperationOutcome {
    try start(command, kind: kind, limit: limit, andAsking: true, during: activity)
    return try poll(
      until: [.dfuDNLOADIDLE], kind: kind, limit: limit, stuckAfter: stuckAfter,
      during: activity)
  }

  /// Sends a command, after ending an upload if there is one.
  ///
  /// Some devices acknowledge an erase command only when they are done, hence the time-out.
  mutating func start(
    _ command: DfuSeCommand, kind: OperationKind, limit: Duration, andAsking: Bool = false,
    during activity: Activity
  ) throws(DFUError) {
    if state == .dfuUPLOADIDLE { try abort() }
    try download(
      block: 0, data: command.bytes,
      timeout: answerTimeout(for: kind, reported: .zero, left: limit), andAsking: andAsking,
      during: activity)
  }
}

extension DFUSession {
  /// Erases the sector that holds `address`.
  ///
  /// Leaves the device in dfuDNLOAD-IDLE.
  ///
  /// Three transfers. A device may do all the work before it answers the first DFU_GETSTATUS. A
  /// write-protected sector is not erased, and the device does not say so. The address pointer is in
  /// doubt afterwards, because AN3156 does not say what the command's address does to it.
  ///
  /// - Parameters:
  ///   - address: The sector's first address.
  ///   - size: Bytes in the sector, for the polling policy and for error texts.
  ///   - maximum: The datasheet's longest time for this sector, if known. With
  ///     ``OperationLimits/stuckBusyRecovery`` a device that is busy for longer is freed.
  /// - Returns: Whether the device said that it is done. It is in dfuIDLE if it had to be freed.
  /// - Throws: ``DFUError``; ``DFUError/stillBusy(after:during:)`` after
  ///   ``OperationLimits/erase(datasheetMaximum:)``.
  /// - SeeAlso: ST AN3156, the Erase command.
  @discardableResult
  mutating func erase(
    sectorAt address: UInt32, size: UInt64, datasheetMaximum maximum: Duration? = nil
  ) throws(DFUError) -> OperationOutcome {
    let activity = Activity.erasing(address: address, size: size)
    let limit = limits.erase(datasheetMaximum: maximum)
    addressPointer = nil
    return try run(
      .eraseSector(address), kind: .erase(sectorSize: size), limit: limit,
      stuckAfter: limits.stuckBusyRecovery ? maximum ?? limit : nil, during: activity)
  }

  /// Erases the whole internal flash.
  ///
  /// Leaves the device in dfuDNLOAD-IDLE.
  ///
  /// Only for a device that lists the command: one made with libopencm3 would erase some page. ST's
  /// USB device library reports success and does nothing, so look at the flash afterwards.
  ///
  /// - Throws: ``DFUError``.
  /// - SeeAlso: ST AN3156, the Erase command.
  mutating func massErase() throws(DFUError) {
    addressPointer = nil
    try run(.massErase, kind: .massErase, limit: limits.massErase, during: .massErasing)
  }
}
