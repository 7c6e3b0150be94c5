/// What had to be done to bring a device to dfuIDLE, in order; empty when it was there.
///
/// Nothing here is an error: earlier programs leave devices in all kinds of states, and an STM32F4
/// ROM is often found in dfuERROR.
public struct EntryReport: Hashable, Sendable {
  /// One remedy.
  public enum Step: Hashable, Sendable {
    /// The device was in dfuERROR with this status, and was cleared.
    case cleared(DFUStatus, text: String?)
    /// The device was in a download or an upload, which was ended.
    case aborted(DFUState)
    /// The device was busy, or did not answer, for this long.
    case waited(Duration)
    /// The device stayed in dfuDNBUSY, and was freed by two DFU_CLRSTATUS.
    case freed
    /// The device reported a state that does not exist.
    case foundUnknownState(UInt8)
    /// The device was reset over USB.
    case reset
  }

  /// The remedies, in the order they were applied.
  public var steps: [Step]

  /// Makes a report.
  public init(steps: [Step] = []) { self.steps = steps }
}

extension EntryReport.Step: CustomStringConvertible {
  /// The step as a clause about the device.
  public var description: String {
    switch self {
    case .cleared(let status, let text):
      "an earlier session left it in dfuERROR with \(status)"
        + (text.map { " (\"\($0)\")" } ?? "") + "; cleared"
    case .aborted(let state): "an earlier session left it in \(state); aborted"
    case .waited(let time): "it was busy for \(time.quantityText)"
    case .freed: "it stayed in dfuDNBUSY; freed"
    case .foundUnknownState(let number): "it was in state \(number), which does not exist"
    case .reset: "it was reset over USB"
    }
  }
}
