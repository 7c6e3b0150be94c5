import DfuseFormat

extension DFUError: CustomStringConvertible {
  /// What happened and why, in one sentence without a full stop.
  public var description: String {
    switch self {
    case .usb(let error, let activity):
      return "\(activity) failed: \(Self.sentence(for: error))"
    case .device(let status, let state, let text, let activity):
      let said = text.map { " (\"\($0)\")" } ?? ""
      return "\(activity) failed: the device reports \(status) in \(state)\(said)"
    case .unexpectedState(let found, let expected, let activity):
      let names = expected.map(\.description).joined(separator: " or ")
      return "\(activity) failed: the device is in \(found), expected was \(names)"
    case .unknownState(let number, let activity):
      return "\(activity) failed: the device reports state \(number), which does not exist"
    case .malformedReply(let bytes, let activity):
      return "\(activity) failed: the status reply is not 6 bytes long: \(bytes.bytesText)"
    case .stillBusy(let time, let activity):
      return "\(activity) failed: the device is still busy after \(time.quantityText)"
    case .illegalRequest(let event, let state, let activity):
      let place = state.map { "in \($0)" } ?? "in an unknown state"
      return "\(activity) failed: \(event) must not be sent \(place)"
    case .illegalBlock(let block, let count, let transferSize):
      return "block \(block) of \(count) bytes cannot be transferred "
        + "(transfer size \(transferSize))"
    case .shortBlock(let found, let expected, let address):
      return "reading \(expected) bytes at \(address.addressText) failed: "
        + "the device sent only \(found)"
    case .notOffered(let command, let listed):
      guard let listed else { return "\(command) failed: the device does not list its commands" }
      return "\(command) failed: the device offers only the commands \(listed.bytesText)"
    case .cannotRecover(let bState, let status):
      let name = DFUState(rawValue: bState).map(\.description) ?? "the unknown state \(bState)"
      return "the device stays in \(name) with \(status) and does not come to dfuIDLE"
    }
  }

  private static func sentence(for error: USBError) -> String {
    switch error {
    case .stall: "the device refused the request"
    case .timedOut: "the device did not answer in time"
    case .disconnected: "the device left the bus"
    case .accessDenied: "this user may not open the device"
    case .busy: "another program or driver holds the interface"
    case .noDriver: "no driver that can be used is bound to the device"
    case .overflow: "the device sent more than was asked for"
    case .noBus: "there is no USB on this machine"
    case .badDescriptor(let reason): "the device's descriptors cannot be understood: \(reason)"
    case .other(let call, let code, let name): "\(call) returned \(name) (\(code))"
    }
  }
}
