/// What a device does on one control transfer.
package struct Reaction: Hashable, Sendable {
  /// The end of the transfer as the host sees it.
  package enum Answer: Hashable, Sendable {
    /// The data were taken, or there were none.
    case acknowledge
    /// Bytes for the host, at most `wLength`.
    case data([UInt8])
    /// The control endpoint stalls.
    case stall
    /// Nothing, ever: the host's timer has to end the transfer.
    case silence
  }

  /// What becomes of the device after the answer.
  package enum Consequence: Hashable, Sendable {
    /// It stays on the bus.
    case stay
    /// It drops off the bus this long after the answer; what comes back is away for a while.
    case leaveBus(after: Duration, as: Afterlife, absentFor: Duration = .milliseconds(300))
  }

  /// What a device that dropped off the bus comes back as.
  package enum Afterlife: Hashable, Sendable {
    /// It does not come back by itself.
    case nothing
    /// The firmware that was flashed, with its own USB identity.
    case application
    /// The bootloader, freshly started.
    case bootloaderAgain
  }

  /// The answer.
  package var answer: Answer
  /// How long the device sends NAK before it answers.
  package var delay: Duration
  /// What happens afterwards.
  package var then: Consequence

  /// Makes a reaction.
  package init(_ answer: Answer, delay: Duration = .zero, then: Consequence = .stay) {
    self.answer = answer
    self.delay = delay
    self.then = then
  }
}
