extension DFUSession {
  /// Leaves DFU mode and starts the program whose vector table is at the address that was set.
  ///
  /// The pointer is at 0x0800_0000 at power-up, and somewhere else after writing.
  ///
  /// Sends the empty DFU_DNLOAD, asks for the status once. From the empty
  /// DFU_DNLOAD on, every failed transfer can mean success: many devices are gone before they have
  /// answered (STM32U5, STM32H7A3, STM32WB55, GD32VF103). Only the port tells, so it is watched.
  ///
  /// - Parameter away: How long something may take to come back at the port.
  /// - Returns: Whether the device has left. One that stays in dfuERROR has been cleared.
  /// - Throws: ``DFUError`` when the device is there but does not answer.
  /// - SeeAlso: ST AN3156, the Leave DFU mode operation.
  consuming func leave(away: Duration) throws(DFUError) -> LeaveOutcome {
    if state == .dfuUPLOADIDLE { try abort() }
    var last: DFUStatusReply?
    var failure: DFUError?
    do {
      // ROMs ignore the block number. 2 is what dfu-util sends, and so what clones are tried with.
      try send(.dnloadEmpty, wValue: 2, during: .leaving)
      if !limits.leavesWithoutStatus { last = try status(during: .leaving) }
    } catch .illegalRequest(let request, let state, let activity) {
      throw .illegalRequest(request, state: state, during: activity)
    } catch {
      failure = error
    }
    let reported = min(last?.pollTimeout ?? .zero, .seconds(60))
    let sighting = transport.watchPort(for: limits.leave + reported, away: away)
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

extension DFUSession {
  /// Removes the read protection.
  ///
  /// Everything in flash and RAM is lost, and the device resets.
  ///
  /// DFU_DNLOAD and one DFU_GETSTATUS, which starts it; there is no second one. The device then
  /// leaves the bus, and often has to be unplugged before it comes back.
  ///
  /// - Returns: Whether the device has left the bus.
  /// - Throws: errUNKNOWN as ``DFUError/device(_:state:text:during:)`` when the chip refuses; other
  ///   ``DFUError``.
  /// - SeeAlso: ST AN3156, the Read Unprotect command.
  consuming func readUnprotect() throws(DFUError) -> LeaveOutcome {
    let activity = Activity.unprotecting
    try start(.readUnprotect, kind: .unprotect, limit: limits.massErase, during: activity)
    let reply: DFUStatusReply
    do {
      let timeout = answerTimeout(for: .unprotect, reported: .zero, left: limits.massErase)
      reply = try status(timeout: timeout, during: activity)
    } catch {
      guard error.mayMeanDisappearance else { throw error }
      let sighting = transport.watchPort(for: limits.unprotect, away: limits.away)
      guard sighting == .stillThere else { return .left(sighting) }
      if case .usb(.stall, _) = error { throw explainedStall(during: activity) }
      throw error
    }
    let found = try soundState(in: reply, during: activity)
    // Some clones are done at once, in dfuDNLOAD-IDLE (keirf/flashfloppy#584).
    waitReported(reply.pollTimeout)
    let sighting = transport.watchPort(for: limits.unprotect, away: limits.away)
    return sighting == .stillThere ? .stayed(found, reply.bStatus) : .left(sighting)
  }
}

/// How an erase or a write ended.
enum OperationOutcome: Hashable, Sendable {
  /// The device said that it is done.
  case done
  /// The device never said so, and was freed after the longest time an erase takes.
  ///
  /// Whether the sector is blank, only reading it tells.
  case freedWhileBusy
  /// The device left the bus instead of answering, as after a write of option bytes.
  case deviceReset
}

/// What became of a device that was told to leave DFU mode, or to remove its read protection.
public enum LeaveOutcome: Hashable, Sendable {
  /// It left the bus; never with ``PortSighting/stillThere``.
  ///
  /// After removing the protection many must be unplugged and plugged in again.
  case left(PortSighting)
  /// It is still there, in this state.
  ///
  /// ST's USB device library acknowledges that the protection is to be removed, and does nothing.
  case stayed(DFUState, DFUStatus)
}
