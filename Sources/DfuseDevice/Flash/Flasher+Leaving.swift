extension Flasher {
  /// Leaves the bootloader and starts a program.
  ///
  /// - Parameter address: Its vector table; nil for where the bootloader's programs are known to be,
  ///   else for the start of the flash.
  /// - Returns: What became of the board.
  /// - Throws: ``FlashError/device(_:_:)``.
  public consuming func leave(to address: UInt32? = nil) throws(FlashError) -> LeaveOutcome {
    let wanted = address ?? bootloader?.programStart
    let flash =
      wanted.flatMap { start in memories.first { $0.map.segment(at: UInt64(start)) != nil } }
      ?? memories.first { $0.map.kind == .internalFlash }
    let start = wanted ?? flash?.map.segments.map(\.start).min().flatMap { UInt32(exactly: $0) }
    if let flash { try select(flash.alternateSetting) }
    if session.state == nil { try enter() }
    if let start {
      try attemptAgain { session throws(DFUError) in try session.setAddress(start) }
    }
    do {
      return try session.leave(to: nil)
    } catch {
      throw .device(error, .untouched)
    }
  }

  /// Removes the chip's read protection, which erases everything on it.
  ///
  /// The command is sent only if the device lists it. ST's ROMs all know it: one of them that does
  /// not answer the request for its list gets the command too.
  ///
  /// - Parameter unlisted: Sends it whatever the device lists.
  /// - Returns: What became of the board; often it has to be plugged in again.
  /// - Throws: ``FlashError/device(_:_:)``, with ``DFUError/notOffered(_:listed:)`` when nothing was
  ///   sent.
  public consuming func unprotect(unlisted: Bool = false) throws(FlashError) -> UnprotectOutcome {
    try enter()
    var forced = unlisted
    if !forced, identity.usbID == .stBootloader {
      forced = try attempt { session throws(DFUError) in try session.commands() } == .assumed
    }
    do {
      return try session.readUnprotect(forced: forced)
    } catch {
      throw .device(error, .untouched)
    }
  }
}
