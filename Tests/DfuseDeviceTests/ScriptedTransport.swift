import Testing

@testable import DfuseDevice

/// A device that knows its part by heart: a bus capture, played back line by line.
///
/// Each line is what the host must do next and, after `->`, what the device says to that:
///
///     DNLOAD 0 [21 00 00 00 08]                  data up to 8 bytes in full, longer as <2048>
///     GETSTATUS -> 00 64 00 00 04 00             six bytes
///     wait 100                                   milliseconds of virtual time
///     GETSTATUS (35000) -> timeout               a time-out other than 5000 ms is part of the line
///     UPLOAD 2 64 -> <64>                        64 bytes of 0xA5
///     GETSTATUS -> stall after 20                20 ms later
///     ABORT -> gone                              the device has left the bus
///     UPLOAD 2 4 -> overflow                     more bytes than asked for
///     select 1, reset, string 4 -> text          SET_INTERFACE, port reset, string descriptor
///     port 2000 -> still | gone | back           watching the port
///
/// Anything else fails the test. The numbers of requests are this type's own.
final class ScriptedTransport: USBTransport {
  let identity = DeviceIdentity(
    vendorID: 0x0483, productID: 0xDF11, bcdDevice: 0x2200, path: "1-2", address: 7)
  let interface: DFUInterface
  var board: Board { Board(identity: identity, interface: interface) }
  private(set) var now: Duration = .seconds(1000)

  private var lines: [Substring]
  private let source: SourceLocation

  init(
    _ script: String, transferSize: UInt16 = 2048, mode: DFUInterface.Mode = .dfu,
    bmAttributes: UInt8 = 0x0B, source: SourceLocation
  ) {
    lines = script.split(separator: "\n")
    interface = DFUInterface(
      number: 3, mode: mode, alternateSettings: [.init(number: 0, name: "@Flash")],
      functional: DFUFunctionalDescriptor(
        bmAttributes: bmAttributes, wDetachTimeOut: 255, wTransferSize: transferSize,
        bcdDFUVersion: 0x011A))
    self.source = source
  }

  /// Complains about lines that were not played.
  func finish() {
    for line in lines {
      Issue.record("not sent: \(line)", sourceLocation: source)
    }
    lines = []
  }

  func controlOut(
    _ request: ControlRequest, data: [UInt8], timeout: Duration
  ) throws(USBError) {
    var line: String
    switch (request.bmRequestType, request.bRequest) {
    case (0x21, 0): line = "DETACH \(request.wValue)"
    case (0x21, 1): line = "DNLOAD \(request.wValue) \(Self.text(data))"
    case (0x21, 4): line = "CLRSTATUS"
    case (0x21, 6): line = "ABORT"
    default: line = "unknown request \(request)"
    }
    line += Self.suffix(request, timeout)
    _ = try answer(to: line, timeout: timeout)
  }

  func controlIn(
    _ request: ControlRequest, length: Int, timeout: Duration
  ) throws(USBError) -> [UInt8] {
    var line: String
    switch (request.bmRequestType, request.bRequest, length) {
    case (0xA1, 2, _): line = "UPLOAD \(request.wValue) \(length)"
    case (0xA1, 3, 6): line = "GETSTATUS"
    default: line = "unknown request \(request) length \(length)"
    }
    line += Self.suffix(request, timeout)
    return Self.bytes(try answer(to: line, timeout: timeout))
  }

  func selectAlternateSetting(_ number: UInt8) throws(USBError) {
    _ = try answer(to: "select \(number)", timeout: .seconds(5))
  }

  func wait(_ duration: Duration) {
    _ = next(Self.milliseconds("wait", duration))
    now += duration
  }

  func reset() throws(USBError) {
    _ = try answer(to: "reset", timeout: .seconds(5))
  }

  func watchPort(for limit: Duration, away: Duration) -> PortSighting {
    let said = next(Self.milliseconds("port", limit))
    now += limit
    switch said {
    case "still": return .stillThere
    case "gone": return .gone
    case "back": return .returned(identity)
    default:
      Issue.record("port must be still, gone or back: \(said)", sourceLocation: source)
      return .gone
    }
  }

  func string(at index: UInt8) -> String? {
    let said = next("string \(index)")
    return said == "none" ? nil : String(said)
  }

  /// Takes the next line, which must be about `request`, and returns what follows the arrow.
  private func next(_ request: String) -> Substring {
    guard !lines.isEmpty else {
      Issue.record("sent after the end of the script: \(request)", sourceLocation: source)
      return "gone"
    }
    let line = lines.removeFirst()
    let arrow = line.firstRange(of: " -> ")
    let expected = arrow.map { line[..<$0.lowerBound] } ?? line
    guard expected == request else {
      Issue.record("sent: \(request)\nexpected: \(expected)", sourceLocation: source)
      lines = []
      return "gone"
    }
    return arrow.map { line[$0.upperBound...] } ?? ""
  }

  private func answer(to request: String, timeout: Duration) throws(USBError) -> Substring {
    var said = next(request)
    if let after = said.firstRange(of: " after ") {
      now += .milliseconds(Int(said[after.upperBound...]) ?? 0)
      said = said[..<after.lowerBound]
    }
    switch said {
    case "stall": throw .stall
    case "gone": throw .disconnected
    case "overflow": throw .overflow
    case "timeout":
      now += timeout
      throw .timedOut
    default: return said
    }
  }

  private static func suffix(_ request: ControlRequest, _ timeout: Duration) -> String {
    (timeout == .seconds(5)
      ? ""
      : " (\(timeout / .milliseconds(1)))"
        .replacing(".0)", with: ")"))
      + (request.wIndex == 3 ? "" : " to interface \(request.wIndex)")
  }

  private static func milliseconds(_ word: String, _ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    return "\(word) \(seconds * 1000 + attoseconds / 1_000_000_000_000_000)"
  }

  private static func text(_ data: [UInt8]) -> String {
    if data.count > 8 { return "<\(data.count)>" }
    let digits = data.map { byte in
      let text = String(byte, radix: 16, uppercase: true)
      return text.count < 2 ? "0" + text : text
    }
    return "[" + digits.joined(separator: " ") + "]"
  }

  private static func bytes(_ text: Substring) -> [UInt8] {
    if text.hasPrefix("<"), let count = Int(text.dropFirst().dropLast()) {
      return [UInt8](repeating: 0xA5, count: count)
    }
    return text.split(separator: " ").compactMap { UInt8($0, radix: 16) }
  }
}

/// Plays `script` against what `body` does with a session that is in dfuIDLE.
///
/// - Throws: What `body` throws.
@discardableResult
func play<Result>(
  _ script: String, limits: OperationLimits = OperationLimits(), transferSize: UInt16 = 2048,
  polling: any PollPolicy = SpecificationPolling(), source: SourceLocation = #_sourceLocation,
  _ body: (inout DFUSession) throws -> Result
) throws -> Result {
  let transport = ScriptedTransport(
    "GETSTATUS -> 00 00 00 00 02 00\n" + script, transferSize: transferSize, source: source)
  var session = DFUSession(transport: transport, limits: limits, polling: polling)
  defer { transport.finish() }
  try session.enter()
  return try body(&session)
}

/// Plays `script` against what `body` does with a session that knows nothing yet.
@discardableResult
func playFromStart<Result>(
  _ script: String, limits: OperationLimits = OperationLimits(),
  mode: DFUInterface.Mode = .dfu, bmAttributes: UInt8 = 0x0B,
  source: SourceLocation = #_sourceLocation,
  _ body: (consuming DFUSession) throws -> Result
) throws -> Result {
  let transport = ScriptedTransport(
    script, mode: mode, bmAttributes: bmAttributes, source: source)
  defer { transport.finish() }
  return try body(DFUSession(transport: transport, limits: limits))
}
