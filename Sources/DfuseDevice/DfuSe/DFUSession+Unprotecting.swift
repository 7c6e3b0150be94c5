extension DFUSession {
  /// Removes the read protection.
  ///
  /// Everything in flash and RAM is lost, and the device resets.
  ///
  /// DFU_DNLOAD and one DFU_GETSTATUS, which starts it; there is no second one. The device then
  /// leaves the bus, and often has to be unplugged before it comes back.
  ///
  /// - Parameter forced: Sends the command even if the device does not list it.
  /// - Returns: Whether the device has left the bus.
  /// - Throws: ``DFUError/notOffered(_:listed:)`` before the command is sent; errUNKNOWN as
  ///   ``DFUError/device(_:state:text:during:)`` when the chip refuses; other ``DFUError``.
  /// - SeeAlso: ST AN3156, the Read Unprotect command.
  public consuming func readUnprotect(
    forced: Bool = false
  ) throws(DFUError) -> UnprotectOutcome {
    let activity = Activity.unprotecting
    if !forced { try requireOffer(of: .readUnprotect) }
    try start(.readUnprotect, kind: .unprotect, limit: limits.massErase, during: activity)
    let reply: DFUStatusReply
    do {
      let timeout = answerTimeout(for: .unprotect, reported: .zero, left: limits.massErase)
      reply = try status(timeout: timeout, during: activity)
    } catch {
      guard error.mayMeanDisappearance else { throw error }
      let sighting = transport.watchPort(for: limits.unprotect)
      guard sighting == .stillThere else { return .left(sighting) }
      if case .usb(.stall, _) = error { throw explainedStall(during: activity) }
      throw error
    }
    guard let found = reply.state else {
      _ = try? enter()
      throw .unknownState(reply.bState, during: activity)
    }
    if found == .dfuERROR { throw deviceError(reply, in: found, during: activity) }
    // Some clones are done at once, in dfuDNLOAD-IDLE (keirf/flashfloppy#584).
    waitReported(reply.pollTimeout)
    let sighting = transport.watchPort(for: limits.unprotect)
    return sighting == .stillThere ? .stayed(found) : .left(sighting)
  }
}
