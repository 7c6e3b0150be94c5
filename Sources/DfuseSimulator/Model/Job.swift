/// What a DNLOAD asks the chip to do.
enum Job: Hashable, Sendable {
  /// Move the address pointer.
  case setAddress(UInt32)
  /// Erase the sector that holds an address.
  case erase(UInt32)
  /// Erase the whole flash.
  case massErase
  /// Program bytes at an address, which is beyond the address space when the block number is wild.
  case program(UInt64, [UInt8])
  /// Lift the read protection and erase everything.
  case unprotect
  /// Nothing, but in the form of work.
  case nothing
  /// A command that never ends (ST's device library on an unknown command of five bytes).
  case endless
  /// A command that is too short or too long (ST's device library stalls its DFU_GETSTATUS).
  case malformed
}

/// How a job ended.
enum JobResult: Hashable, Sendable {
  /// Well, or so the device says.
  case done
  /// With a status and the index of a text.
  case failed(UInt8, text: UInt8)
}

/// A job in progress.
struct Work: Hashable, Sendable {
  /// What is done.
  var job: Job
  /// Since when.
  var begin: Duration
  /// Until when; nil for ever.
  var end: Duration?
  /// The `bwPollTimeout` to report.
  var poll: Duration
  /// Whether dfuDNBUSY is answered whatever the device's manners.
  var isShownBusy = false
}
