import Testing

@testable import DfuseSimulator

/// Faults as text, and what they do.
@Suite struct FaultPlanTests {
  static let texts: [(String, Fault)] = [
    ("stall@dnload:3", Fault(.stall, at: .dnload, 3)),
    ("STALL@DNLOAD", Fault(.stall, at: .dnload, 1)),
    ("timeout@getstatus:7", Fault(.timeOut, at: .getstatus, 7)),
    ("stall@any:2+", Fault(.stall, at: .any, 2, andLater: true)),
    ("short=2@upload:1", Fault(.short(2), at: .upload, 1)),
    ("errVENDOR@write:4", Fault(.status(0x0B), at: .write, 4)),
    ("status=0x0b@write:4", Fault(.status(0x0B), at: .write, 4)),
    ("busy@erase:1", Fault(.stayBusy(nil), at: .erase, 1)),
    ("busy=2000@erase:1", Fault(.stayBusy(.seconds(2)), at: .erase, 1)),
    ("disconnect@write:5", Fault(.disconnect, at: .write, 5)),
    (
      "return@write:5",
      Fault(.disconnectAndReturn(after: .milliseconds(300)), at: .write, 5)
    ),
    (
      "return=800@write:5",
      Fault(.disconnectAndReturn(after: .milliseconds(800)), at: .write, 5)
    ),
  ]

  @Test(arguments: texts)
  func `a fault reads as it is written`(text: String, fault: Fault) throws {
    #expect(try FaultPlan(parsing: [text]) == FaultPlan([fault]))
  }

  @Test func `conditions of the board read as they are written`() throws {
    var expected = FaultPlan()
    expected.start = .dfuDNLOADIDLE
    expected.reportedPoll = .seconds(60)
    expected.stuckBits = [0x0800_0123: 0x10]
    expected.isReadProtected = true
    expected.writeProtected = [0x0800_4000]
    #expect(
      try FaultPlan(parsing: [
        "start=dfuDNLOAD-IDLE", "poll=60000", "stuckbit@0x08000123:4", "rdp=1", "wrp=0x08004000",
      ]) == expected)
  }

  static let wrong: [(String, FaultSpecError)] = [
    ("", .malformed("")),
    ("@dnload:1", .malformed("@dnload:1")),
    ("stall@dnload:1@2", .malformed("stall@dnload:1@2")),
    ("stall@dnload:1:2", .malformed("stall@dnload:1:2")),
    ("stall", .missingRequest("stall")),
    ("stuckbit", .missingRequest("stuckbit")),
    ("explode@dnload:1", .unknownAction("explode", in: "explode@dnload:1")),
    ("OK@dnload:1", .unknownAction("OK", in: "OK@dnload:1")),
    ("explode", .unknownAction("explode", in: "explode")),
    ("stall@format:1", .unknownRequest("format", in: "stall@format:1")),
    ("stall@dnload:0", .badNumber("0", in: "stall@dnload:0")),
    ("stall@dnload:x", .badNumber("x", in: "stall@dnload:x")),
    ("stall@dnload:-1", .badNumber("-1", in: "stall@dnload:-1")),
    ("stall@dnload:", .badNumber("", in: "stall@dnload:")),
    (
      "stall@dnload:99999999999999999999",
      .badNumber("99999999999999999999", in: "stall@dnload:99999999999999999999")
    ),
    ("status=256@write", .badNumber("256", in: "status=256@write")),
    ("stuckbit@0x08000000:8", .badNumber("8", in: "stuckbit@0x08000000:8")),
    ("start=appIDLE", .unknownState("appIDLE", in: "start=appIDLE")),
    ("rdp=2", .badNumber("2", in: "rdp=2")),
    ("poll=", .badNumber("", in: "poll=")),
  ]

  @Test(arguments: wrong)
  func `what cannot be understood is said`(text: String, error: FaultSpecError) {
    #expect(throws: error) { try FaultPlan(parsing: [text]) }
  }

  @Test func `the words of an error quote the text`() {
    #expect(
      FaultSpecError.missingRequest("stall").description
        == "fault 'stall' does not say at which request, as in stall@dnload:3")
  }

  static func probe(_ text: String, chip: String = "stm32g474") throws -> Probe {
    try Probe(chip, faults: try FaultPlan(parsing: [text]))
  }

  @Test func `a stall changes nothing`() throws {
    var probe = try Self.probe("stall@dnload:2")
    #expect(probe.dnload(0, [0x21, 0, 0, 0, 8]) == .acknowledge)
    _ = probe.getStatus()
    probe.now += .seconds(1)
    _ = probe.getStatus()
    #expect(probe.dnload(0, [0x21, 0, 0, 0, 8]) == .stall)
    #expect(probe.condition() == [0, 5])
    #expect(probe.dnload(0, [0x21, 0, 0, 0, 8]) == .acknowledge)
  }

  @Test func `a lost request is not answered and has no effect`() throws {
    var probe = try Self.probe("timeout@dnload")
    #expect(probe.dnload(0, [0x21, 0, 0, 0, 8]) == .silence)
    #expect(probe.condition() == [0, 2])
  }

  @Test func `a short answer is cut`() throws {
    var probe = try Self.probe("short=2@getstatus:1")
    #expect(probe.getStatus().answer == .data([0, 0]))
    #expect(probe.condition() == [0, 2])
  }

  @Test func `a status is shown from the request on`() throws {
    var write = try Self.probe("errPROG@write:1")
    write.setAddress(0x0800_0000)
    #expect(write.dnload(2, pattern(8)) == .acknowledge)
    #expect(write.condition() == [6, 10])
    var poll = try Self.probe("errVERIFY@getstatus:1")
    #expect(poll.condition() == [7, 10])
  }

  @Test func `a longer erase is dfuDNBUSY meanwhile, on a device that waits as well`() throws {
    var probe = try Self.probe("busy=5000@erase:1", chip: "stm32f405")
    probe.dnload(0, [0x41, 0, 0, 0, 8])
    #expect(probe.condition() == [0, 4])
    probe.now += .milliseconds(5399)
    #expect(probe.condition() == [0, 4])
    probe.now += .milliseconds(1)
    #expect(probe.condition() == [0, 5])
  }

  @Test func `an erase for ever is ended by an error only`() throws {
    var probe = try Self.probe("busy@erase", chip: "stm32f405")
    probe.dnload(0, [0x41, 0, 0, 0, 8])
    probe.now += .seconds(1_000_000)
    #expect(probe.condition() == [0, 4])
  }

  static let starts = [
    ("dfuERROR", [14, 10]), ("dfuUPLOAD-IDLE", [0, 9]), ("dfuDNLOAD-IDLE", [0, 5]),
    ("dfuDNBUSY", [0, 4]),
  ]

  @Test(arguments: starts)
  func `a board can be found in the middle of something`(state: String, condition: [Int]) throws {
    var probe = try Self.probe("start=" + state)
    #expect(probe.condition() == condition)
    probe.now += .seconds(1)
    #expect(probe.condition() == (state == "dfuDNBUSY" ? [0, 5] : condition))
  }

  @Test func `faults count their own kind of request, standard ones apart`() throws {
    var probe = try Self.probe("stall@any:2")
    for _ in 0..<5 { probe.configure() }
    #expect(probe.getStatus().answer != .stall)
    #expect(probe.getStatus().answer == .stall)
    #expect(probe.board.counters.count(.standard) == 6)
    #expect(probe.board.counters.count(.any) == 2)
    #expect(probe.board.counters.count(.all) == 8)
  }
}
