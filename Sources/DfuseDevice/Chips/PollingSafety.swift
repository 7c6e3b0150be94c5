/// Whether a host may ask a busy device for its status earlier than bwPollTimeout says.
public enum PollingSafety: Hashable, Sendable {
  /// Asking early does no harm; `reason` says how that is known.
  case adaptive(reason: String)
  /// bwPollTimeout has to be waited for, or nothing else is known; `reason` says which.
  case spec(reason: String)
}
