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
  public mutating func erase(
    sectorAt address: UInt32, size: UInt64, datasheetMaximum maximum: Duration? = nil
  ) throws(DFUError) -> EraseOutcome {
    let activity = Activity.erasing(address: address, size: size)
    let limit = limits.erase(datasheetMaximum: maximum)
    addressPointer = nil
    let end = try run(
      .eraseSector(address), kind: .erase(sectorSize: size), limit: limit,
      stuckAfter: limits.stuckBusyRecovery ? maximum ?? limit : nil, during: activity)
    switch end {
    case .reached: return .done
    case .unstuck: return .freedWhileBusy
    }
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
  public mutating func massErase(forced: Bool = false) throws(DFUError) {
    if !forced { try requireOffer(of: .massErase) }
    addressPointer = nil
    try run(.massErase, kind: .massErase, limit: limits.massErase, during: .massErasing)
  }
}
