extension DFUSession {
  /// The error for a reply that reports one; the device is cleared before it comes back.
  ///
  /// The text of `iString` is asked for once; failing to get it is not an error. When
  /// DFU_CLRSTATUS fails the state is unknown.
  mutating func deviceError(
    _ reply: DFUStatusReply, in found: DFUState, during activity: Activity
  ) -> DFUError {
    let text = statusText(of: reply)
    clearError(during: activity)
    return .device(reply.bStatus, state: found, text: text, during: activity)
  }

  /// The string that a reply points at, if any.
  func statusText(of reply: DFUStatusReply) -> String? {
    reply.iString == 0 ? nil : transport.string(at: reply.iString)
  }

  /// Leaves dfuERROR by DFU_CLRSTATUS; does nothing in any other state.
  ///
  /// The address pointer is in doubt after an error.
  mutating func clearError(during activity: Activity) {
    addressPointer = nil
    if state == .dfuERROR { try? send(.clrStatus, during: activity) }
  }

  /// Finds out why the device stalled a request, and brings it back to a known state.
  ///
  /// A device that follows DFU 1.1 is in dfuERROR and has a status to tell. ST's USB device library
  /// only stalls, or is in state 15, in which case ``enter()`` helps.
  ///
  /// - Returns: The device's own error, or the stall when there is none.
  mutating func explainedStall(during activity: Activity) -> DFUError {
    state = nil
    addressPointer = nil
    guard let reply = try? status(during: activity) else { return .usb(.stall, during: activity) }
    switch reply.state {
    case .dfuERROR:
      return deviceError(reply, in: .dfuERROR, during: activity)
    case nil:
      _ = try? enter()
      return .unknownState(reply.bState, during: activity)
    case .appIDLE, .appDETACH, .dfuIDLE, .dfuDNLOADSYNC, .dfuDNBUSY, .dfuDNLOADIDLE,
      .dfuMANIFESTSYNC, .dfuMANIFEST, .dfuMANIFESTWAITRESET, .dfuUPLOADIDLE:
      return .usb(.stall, during: activity)
    }
  }

  /// Sends a request of a download or upload, and explains a stall.
  mutating func sendExplained(
    _ request: DFURequest, wValue: UInt16, data: [UInt8], timeout: Duration = ordinaryTimeout,
    during activity: Activity
  ) throws(DFUError) {
    do {
      try send(request, wValue: wValue, data: data, timeout: timeout, during: activity)
    } catch .usb(.stall, _) {
      throw explainedStall(during: activity)
    }
  }

  /// Frees a device that stays in dfuDNBUSY for ever, by two DFU_CLRSTATUS.
  ///
  /// The first leads to dfuERROR with errUNKNOWN, the second to dfuIDLE. So does ST's own
  /// programmer with the STM32H743 rev V (betaflight/betaflight-configurator#1861).
  mutating func freeStuckDevice(during activity: Activity) throws(DFUError) {
    state = .dfuDNBUSY
    addressPointer = nil
    try send(.clrStatus, relyingOn: [.clearStatusOutsideError], during: activity)
    let first = try status(during: activity)
    guard first.state == .dfuERROR, first.bStatus == .errUNKNOWN else {
      throw stuck(first)
    }
    try send(.clrStatus, during: activity)
    let second = try status(during: activity)
    guard second.state == .dfuIDLE else { throw stuck(second) }
  }

  private func stuck(_ reply: DFUStatusReply) -> DFUError {
    .cannotRecover(bState: reply.bState, status: reply.bStatus)
  }
}
