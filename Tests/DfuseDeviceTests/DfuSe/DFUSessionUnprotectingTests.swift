import Testing

@testable import DfuseDevice

@Suite struct DFUSessionUnprotectingTests {
  private static let start = """
    GETSTATUS -> 00 00 00 00 02 00
    DNLOAD 0 [92] (35000)

    """

  private func unprotect(
    _ script: String, source: SourceLocation = #_sourceLocation
  ) throws -> LeaveOutcome {
    try playFromStart(script, source: source) { (session: consuming DFUSession) in
      try session.enter()
      return try session.readUnprotect()
    }
  }

  @Test func `one GETSTATUS, the reported time, and then the device is gone`() throws {
    let script =
      Self.start
        + """
        GETSTATUS (35000) -> 00 E8 03 00 04 00
        wait 1000
        port 30000 -> gone
        """
    #expect(try unprotect(script) == .left(.gone))
  }

  @Test(arguments: ["gone", "timeout", "stall"])
  func `a device that is gone before it has answered is unprotected`(answer: String) throws {
    let script = Self.start + "GETSTATUS (35000) -> \(answer)\nport 30000 -> gone"
    #expect(try unprotect(script) == .left(.gone))
  }

  @Test func `a clone that is done at once and stays says so`() throws {
    let script = Self.start + "GETSTATUS (35000) -> 00 00 00 00 05 00\nport 30000 -> still"
    #expect(try unprotect(script) == .stayed(.dfuDNLOADIDLE, .ok))
  }

  @Test func `a chip that refuses reports errUNKNOWN`() {
    let script = Self.start + "GETSTATUS (35000) -> 0E 00 00 00 0A 00\nCLRSTATUS"
    let error = DFUError.device(.errUNKNOWN, state: .dfuERROR, text: nil, during: .unprotecting)
    #expect(throws: error) { _ = try unprotect(script) }
  }

  @Test func `a device that does not answer and is still there is an error`() {
    let script = Self.start + "GETSTATUS (35000) -> timeout\nport 30000 -> still"
    #expect(throws: DFUError.usb(.timedOut, during: .unprotecting)) { _ = try unprotect(script) }
    let stalled =
      Self.start
        + """
        GETSTATUS (35000) -> stall
        port 30000 -> still
        GETSTATUS -> 0F 00 00 00 0A 00
        CLRSTATUS
        """
    let error = DFUError.device(
      .errSTALLEDPKT, state: .dfuERROR, text: nil, during: .unprotecting)
    #expect(throws: error) { _ = try unprotect(stalled) }
  }
}
