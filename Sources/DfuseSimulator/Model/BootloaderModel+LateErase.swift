/// An erase that goes on although the device has said that it is done.
struct LateErase: Hashable, Sendable {
  /// An address in the sector.
  var address: UInt32
  /// When it is over.
  var end: Duration
}

extension BootloaderModel {
  /// Begins an erase that is reported as done at once, if this is one.
  mutating func startsLateErase(_ job: Job, at now: Duration) -> Bool {
    guard case .erase(let address) = job, let first = profile.quirks.reportsEraseEarlyFrom,
      address >= first, refusal(of: job) == nil
    else { return false }
    let duration = time(of: job)
    counters.busyTime += duration
    // The flash takes no second command before the first is over.
    if lateErase == nil { lateErase = LateErase(address: address, end: now + duration) }
    return true
  }

  /// Ends the erase if its time is over.
  mutating func settleLateErase(at now: Duration) {
    guard let late = lateErase, late.end <= now else { return }
    lateErase = nil
    _ = erase(at: late.address)
  }

  /// Whether a write comes into an erase that goes on in the same bank.
  mutating func isLost(writeAt address: UInt32) -> Bool {
    guard lateErase != nil, let first = profile.quirks.reportsEraseEarlyFrom, address >= first
    else { return false }
    counters.refusedPrograms.append(address)
    return true
  }
}
