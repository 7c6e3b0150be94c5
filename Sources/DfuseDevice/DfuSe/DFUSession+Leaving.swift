extension DFUSession {
  /// Leaves DFU mode and starts the program whose vector table is at `address`.
  ///
  /// Sets the address, sends the empty DFU_DNLOAD, asks for the status once. From the empty
  /// DFU_DNLOAD on, every failed transfer can mean success: many devices are gone before they have
  /// answered (STM32U5, STM32H7A3, STM32WB55, GD32VF103). Only the port tells, so it is watched.
  ///
  /// - Parameter address: The program's vector table; nil leaves the pointer where the device has
  ///   it, 0x0800_0000 at power-up. After writing it is somewhere else.
  /// - Returns: Whether the device has left. One that stays in dfuERROR has been cleared.
  /// - Throws: ``DFUError`` when setting the address fails, or when the device is there but does
  ///   not answer.
  /// - SeeAlso: ST AN3156, the Leave DFU mode operation.
  public consuming func leave(to address: UInt32?) throws(DFUError) -> LeaveOutcome {
    if state == .dfuUPLOADIDLE { try abort() }
    if let address { try setAddress(address) }
    var last: DFUStatusReply?
    var failure: DFUError?
    do {
      // ROMs ignore the block number. 2 is what dfu-util sends, and so what clones are tried with.
      try send(.dnload, wValue: 2, during: .leaving)
      if !limits.leavesWithoutStatus { last = try status(during: .leaving) }
    } catch .illegalRequest(let event, let state, let activity) {
      throw .illegalRequest(event, state: state, during: activity)
    } catch {
      failure = error
    }
    let reported = min(last?.pollTimeout ?? .zero, .seconds(60))
    let sighting = transport.watchPort(for: limits.leave + reported)
    guard sighting == .stillThere else { return .left(sighting) }
    return try stayed(last: last, failure: failure)
  }

  /// Asks a device that did not leave where it is.
  private mutating func stayed(
    last: DFUStatusReply?, failure: DFUError?
  ) throws(DFUError) -> LeaveOutcome {
    state = nil
    let reply: DFUStatusReply
    do {
      reply = try status(during: .leaving)
    } catch .usb(.disconnected, _) {
      return .left(.gone)
    } catch {
      // In dfuMANIFEST a device need not answer.
      if let last, let state = last.state { return .stayed(state, last.bStatus) }
      throw failure ?? error
    }
    guard let found = reply.state else {
      _ = try? enter()
      throw .unknownState(reply.bState, during: .leaving)
    }
    clearError(during: .leaving)
    return .stayed(found, reply.bStatus)
  }
}
