extension DFUSession {
  /// Asks for the commands that the device knows.
  ///
  /// Leaves the device in dfuIDLE.
  ///
  /// DFU_UPLOAD of block 0 with room for 64 commands, then DFU_ABORT. A device that refuses,
  /// does not answer, or has nothing to say, gets the commands that every DfuSe device has.
  ///
  /// - Throws: ``DFUError``, but not for a refusal.
  /// - SeeAlso: ST AN3156, the Get Commands request.
  mutating func commands() throws(DFUError) -> CommandList {
    if state == .dfuDNLOADIDLE { try abort() }
    var list = CommandList.assumed
    do {
      let codes = try upload(
        block: 0, length: min(64, transferSize), during: .gettingCommands)
      if !codes.isEmpty { list = .listed(codes) }
      // Also after a short answer: not every device takes that for the end of the upload.
      try send(.abort, during: .gettingCommands)
    } catch .usb(.stall, let activity) {
      _ = explainedStall(during: activity)
      if state != .dfuIDLE { try enter() }
    } catch .usb(.timedOut, _) {
      // Not every device answers a request that it does not know.
      try enter()
    }
    commandList = list
    return list
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
  ) throws(DFUError) -> EraseOutcome {
    try start(command, kind: kind, limit: limit, during: activity)
    return try poll(
      until: [.dfuDNLOADIDLE], kind: kind, limit: limit, stuckAfter: stuckAfter,
      during: activity)
  }

  /// Sends a command, after ending an upload if there is one.
  ///
  /// Some devices acknowledge an erase command only when they are done, hence the time-out.
  mutating func start(
    _ command: DfuSeCommand, kind: OperationKind, limit: Duration, during activity: Activity
  ) throws(DFUError) {
    if state == .dfuUPLOADIDLE { try abort() }
    try sendExplained(
      .dnload, wValue: 0, data: command.bytes,
      timeout: answerTimeout(for: kind, reported: .zero, left: limit), during: activity)
  }

  /// Makes sure the device lists `command`, asking for the list if that has not been done.
  mutating func requireOffer(of command: DfuSeCommand) throws(DFUError) {
    let list: CommandList
    if let known = commandList { list = known } else { list = try commands() }
    guard list.offers(command) else {
      throw .notOffered(command, listed: list.codes)
    }
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
  ) throws(DFUError) -> EraseOutcome {
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
  /// ST's USB device library reports success and does nothing, so look at the flash afterwards.
  ///
  /// - Parameter forced: Sends the command even if the device does not list it. Devices made with
  ///   libopencm3 then erase some page.
  /// - Throws: ``DFUError/notOffered(_:listed:)`` before the command is sent; other ``DFUError``.
  /// - SeeAlso: ST AN3156, the Erase command.
  mutating func massErase(forced: Bool = false) throws(DFUError) {
    if !forced { try requireOffer(of: .massErase) }
    addressPointer = nil
    try run(.massErase, kind: .massErase, limit: limits.massErase, during: .massErasing)
  }
}
