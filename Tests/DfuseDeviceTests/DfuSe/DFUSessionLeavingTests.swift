import Testing

@testable import DfuseDevice

@Suite struct DFUSessionLeavingTests {
  private static let start = """
    GETSTATUS -> 00 00 00 00 02 00
    DNLOAD 0 [21 00 00 00 08]
    GETSTATUS -> 00 00 00 00 04 00
    wait 1
    GETSTATUS -> 00 00 00 00 05 00

    """

  private func leave(
    _ script: String, to address: UInt32? = 0x0800_0000,
    limits: OperationLimits = OperationLimits(), source: SourceLocation = #_sourceLocation
  ) throws -> LeaveOutcome {
    try playFromStart(script, limits: limits, source: source) { (session: consuming DFUSession) in
      try session.enter()
      if let address { try session.setAddress(address) }
      return try session.leave(away: .seconds(1))
    }
  }

  @Test func `leaving is address, empty DNLOAD and one GETSTATUS`() throws {
    let script =
      Self.start
        + """
        DNLOAD 2 []
        GETSTATUS -> 00 01 00 00 07 00
        port 2001 -> gone
        """
    #expect(try leave(script) == .left(.gone))
  }

  @Test func `leaving without an address sends none`() throws {
    let script = """
      GETSTATUS -> 00 00 00 00 02 00
      DNLOAD 2 []
      GETSTATUS -> 00 01 00 00 07 00
      port 2001 -> gone
      """
    #expect(try leave(script, to: nil) == .left(.gone))
  }

  @Test(arguments: ["stall", "timeout", "gone", "", "00 00 00 00 05 00"])
  func `whatever comes after the empty DNLOAD, a device that is gone has left`(
    answer: String
  ) throws {
    let script = Self.start + "DNLOAD 2 []\nGETSTATUS -> \(answer)\nport 2000 -> gone"
    #expect(try leave(script) == .left(.gone))
  }

  @Test(arguments: ["stall", "timeout", "gone"])
  func `so it is when the empty DNLOAD itself fails`(answer: String) throws {
    let script = Self.start + "DNLOAD 2 [] -> \(answer)\nport 2000 -> back"
    guard case .left(.returned) = try leave(script) else {
      Issue.record("not left")
      return
    }
  }

  @Test func `a GD32VF103 is not asked for its status`() throws {
    var limits = OperationLimits()
    limits.leavesWithoutStatus = true
    #expect(
      try leave(Self.start + "DNLOAD 2 []\nport 2000 -> gone", limits: limits) == .left(.gone))
  }

  @Test func `a device that stays is asked where it is`() throws {
    let script =
      Self.start
        + """
        DNLOAD 2 []
        GETSTATUS -> 00 01 00 00 07 00
        port 2001 -> still
        GETSTATUS -> 00 00 00 00 02 00
        """
    #expect(try leave(script) == .stayed(.dfuIDLE, .ok))
  }

  @Test func `a device that refuses is cleared`() throws {
    let script =
      Self.start
        + """
        DNLOAD 2 []
        GETSTATUS -> 0E 00 00 00 0A 00
        port 2000 -> still
        GETSTATUS -> 0E 00 00 00 0A 00
        CLRSTATUS
        """
    #expect(try leave(script) == .stayed(.dfuERROR, .errUNKNOWN))
  }

  @Test func `a device that stays in dfuMANIFEST and says no more is reported there`() throws {
    let script =
      Self.start
        + """
        DNLOAD 2 []
        GETSTATUS -> 00 01 00 00 07 00
        port 2001 -> still
        GETSTATUS -> stall
        """
    #expect(try leave(script) == .stayed(.dfuMANIFEST, .ok))
  }

  @Test func `a device that goes late has left`() throws {
    let script =
      Self.start + "DNLOAD 2 []\nGETSTATUS -> timeout\nport 2000 -> still\nGETSTATUS -> gone"
    #expect(try leave(script) == .left(.gone))
  }

  @Test func `a device that stays and is silent is the first error`() {
    let script =
      Self.start + "DNLOAD 2 [] -> stall\nport 2000 -> still\nGETSTATUS -> timeout"
    #expect(throws: DFUError.usb(.stall, during: .leaving)) { _ = try leave(script) }
  }

  @Test func `an address that is refused is an error before the device has been told to leave`() {
    let script = """
      GETSTATUS -> 00 00 00 00 02 00
      DNLOAD 0 [21 00 00 00 20]
      GETSTATUS -> 01 00 00 00 0A 00
      CLRSTATUS
      """
    let activity = Activity.settingAddress(0x2000_0000)
    let error = DFUError.device(.errTARGET, state: .dfuERROR, text: nil, during: activity)
    #expect(throws: error) { _ = try leave(script, to: 0x2000_0000) }
  }

  @Test func `a session that has not entered does not leave`() {
    #expect(throws: DFUError.illegalRequest(.dnloadEmpty, state: nil, during: .leaving)) {
      _ = try playFromStart("") { (session: consuming DFUSession) in
        try session.leave(away: .seconds(1))
      }
    }
  }
}
