import Testing

@testable import DfuseDevice

@Suite struct DFUSessionPollingTests {
  private let setting = Activity.settingAddress(0x0800_0000)

  private func setAddress(
    _ script: String, polling: any PollPolicy = SpecificationPolling(),
    source: SourceLocation = #_sourceLocation
  ) throws {
    try play(
      "DNLOAD 0 [21 00 00 00 08]\n" + script, polling: polling, source: source
    ) { try $0.setAddress(0x0800_0000) }
  }

  private func erase(
    _ script: String, limits: OperationLimits = OperationLimits(), maximum: Duration? = nil,
    source: SourceLocation = #_sourceLocation
  ) throws -> OperationOutcome {
    try play(script, limits: limits, source: source) {
      try $0.erase(sectorAt: 0x0810_0000, size: 131_072, datasheetMaximum: maximum)
    }
  }
  private let erasing = Activity.erasing(address: 0x0810_0000, size: 131_072)

  @Test func `each bwPollTimeout is waited for before the next GETSTATUS, none after the last`()
    throws
  {
    try setAddress(
      """
      GETSTATUS -> 00 64 00 00 04 00
      wait 100
      GETSTATUS -> 00 01 02 00 04 00
      wait 513
      GETSTATUS -> 00 32 00 00 05 00
      """)
  }

  @Test func `a device that is done at once is not asked again`() throws {
    try setAddress("GETSTATUS -> 00 00 00 00 05 00")
  }

  @Test func `zero time-outs get small growing waits`() throws {
    try setAddress(
      """
      GETSTATUS -> 00 00 00 00 04 00
      wait 1
      GETSTATUS -> 00 00 00 00 04 00
      wait 2
      GETSTATUS -> 00 00 00 00 04 00
      wait 3
      GETSTATUS -> 00 00 00 00 04 00
      wait 4
      GETSTATUS -> 00 00 00 00 04 00
      wait 5
      GETSTATUS -> 00 00 00 00 04 00
      wait 5
      GETSTATUS -> 00 00 00 00 05 00
      """)
  }

  @Test func `zero time-outs for ever end at the limit`() {
    let busy = "GETSTATUS -> 00 00 00 00 04 00\n"
    // 1 + 2 + 3 + 4 = 10 ms, and 998 times 5 ms to 5000 ms.
    let waits =
      (1...4).map { busy + "wait \($0)\n" } + Array(repeating: busy + "wait 5\n", count: 998)
    #expect(throws: DFUError.stillBusy(after: .seconds(5), during: setting)) {
      try setAddress(waits.joined() + busy)
    }
  }

  @Test func `a device that is still busy gets no other request before it has been entered`() throws
  {
    let script = """
      DNLOAD 0 [21 00 00 00 08]
      GETSTATUS -> 00 88 13 00 04 00
      wait 5000
      GETSTATUS -> 00 88 13 00 04 00
      GETSTATUS -> 00 00 00 00 05 00
      ABORT
      GETSTATUS -> 00 00 00 00 02 00
      """
    try play(script) { session in
      _ = try? session.setAddress(0x0800_0000)
      #expect(session.state == .dfuDNBUSY)
      do {
        try session.setAddress(0x0800_0000)
        Issue.record("no error")
      } catch let error as DFUError {
        #expect(error == .illegalRequest(.dnloadData, state: .dfuDNBUSY, during: setting))
      }
      let report = try session.enter()
      #expect(report == [.aborted(.dfuDNLOADIDLE)])
    }
  }

  @Test func `one wait is never longer than a minute, and the device is asked once more`() {
    let error = DFUError.stillBusy(after: .seconds(60), during: setting)
    #expect(throws: error) {
      try setAddress(
        """
        GETSTATUS -> 00 FF FF FF 04 00
        wait 60000
        GETSTATUS -> 00 FF FF FF 04 00
        """)
    }
  }

  @Test func `a wait longer than the limit is honoured`() throws {
    try setAddress(
      """
      GETSTATUS -> 00 28 23 00 04 00
      wait 9000
      GETSTATUS -> 00 00 00 00 05 00
      """)
  }

  @Test func `a device that works inside the first GETSTATUS gets the time for an erase`() throws {
    let outcome = try erase(
      """
      DNLOAD 0 [41 00 00 10 08] (30000)
      GETSTATUS (30000) -> 00 64 00 00 04 00 after 25000
      wait 100
      GETSTATUS -> 00 00 00 00 05 00
      """)
    #expect(outcome == .done)
  }

  @Test func `the time-out of GETSTATUS is 35 s and twice the reported time within the limit`()
    throws
  {
    let outcome = try erase(
      """
      DNLOAD 0 [41 00 00 10 08] (35000)
      GETSTATUS (35000) -> 00 E8 03 00 04 00
      wait 1000
      GETSTATUS (37000) -> 00 00 00 00 05 00
      """, maximum: .seconds(20))
    #expect(outcome == .done)
  }

  @Test func `silence during an erase counts as busy until the limit`() throws {
    var limits = OperationLimits()
    limits.sectorErase = .seconds(50)
    let script = """
      DNLOAD 0 [41 00 00 10 08] (35000)
      GETSTATUS (35000) -> timeout
      wait 1
      GETSTATUS (14999) -> timeout
      wait 2
      """
    let done = try erase(script + "\nGETSTATUS -> 00 00 00 00 05 00", limits: limits)
    #expect(done == .done)
    #expect(throws: DFUError.stillBusy(after: .milliseconds(55_002), during: erasing)) {
      try erase(script + "\nGETSTATUS -> timeout", limits: limits)
    }
  }

  @Test func `silence during a write counts as busy too`() throws {
    try setAddress(
      """
      GETSTATUS -> timeout
      wait 1
      GETSTATUS -> 00 00 00 00 05 00
      """)
  }

  @Test func `an STM32L4 that stalls while busy is given the last time again, three times`() throws
  {
    let script = """
      GETSTATUS -> 00 14 00 00 04 00
      wait 20
      GETSTATUS -> stall
      wait 20
      GETSTATUS -> stall
      wait 20
      GETSTATUS -> stall
      wait 20
      """
    try setAddress(script + "\nGETSTATUS -> 00 00 00 00 05 00")
    #expect(throws: DFUError.usb(.stall, during: setting)) {
      try setAddress(script + "\nGETSTATUS -> stall")
    }
  }

  @Test func `a first GETSTATUS that stalls is explained by a second`() {
    let error = DFUError.device(.errSTALLEDPKT, state: .dfuERROR, text: nil, during: setting)
    #expect(throws: error) {
      try setAddress(
        """
        GETSTATUS -> stall
        GETSTATUS -> 0F 00 00 00 0A 00
        CLRSTATUS
        """)
    }
    // ST's device library after a malformed command: dfuDNLOAD-IDLE as if nothing had been.
    #expect(throws: DFUError.usb(.stall, during: setting)) {
      try setAddress("GETSTATUS -> stall\nGETSTATUS -> 00 00 00 00 05 00")
    }
  }

  @Test(arguments: ["", "GETSTATUS -> 00 64 00 00 04 00\nwait 100\n"])
  func `dfuERROR is thrown with its text, and cleared`(before: String) throws {
    let error = DFUError.device(
      .errADDRESS, state: .dfuERROR, text: "Address out of range", during: setting)
    let script = """
      DNLOAD 0 [21 00 00 00 08]
      \(before)GETSTATUS -> 08 00 00 00 0A 10
      string 16 -> Address out of range
      CLRSTATUS
      """
    try play(script) { session in
      do {
        try session.setAddress(0x0800_0000)
        Issue.record("no error")
      } catch let found as DFUError {
        #expect(found == error)
      }
      #expect(session.state == .dfuIDLE)
      #expect(session.addressPointer == nil)
    }
  }

  @Test func `an error that cannot be cleared leaves the state unknown`() throws {
    let script = """
      DNLOAD 0 [21 00 00 00 08]
      GETSTATUS -> 01 00 00 00 0A 00
      CLRSTATUS -> timeout
      """
    try play(script) { session in
      do {
        try session.setAddress(0x0800_0000)
        Issue.record("no error")
      } catch let found as DFUError {
        #expect(
          found == .device(.errTARGET, state: .dfuERROR, text: nil, during: setting))
      }
      #expect(session.state == nil)
    }
  }

  @Test func `a status with success is not believed to be success`() {
    let error = DFUError.device(.errVERIFY, state: .dfuDNLOADIDLE, text: nil, during: setting)
    #expect(throws: error) { try setAddress("GETSTATUS -> 07 00 00 00 05 00") }
  }

  @Test func `a state that cannot follow is an error`() {
    let error = DFUError.unexpectedState(
      found: .dfuIDLE, expected: [.dfuDNBUSY, .dfuDNLOADIDLE, .dfuERROR], during: setting)
    #expect(throws: error) { try setAddress("GETSTATUS -> 00 00 00 00 02 00") }
  }

  @Test func `an unknown state is an error, after the device was brought back`() {
    #expect(throws: DFUError.unknownState(15, during: setting)) {
      try setAddress(
        """
        GETSTATUS -> 00 00 00 00 0F 00
        GETSTATUS -> 00 00 00 00 0F 00
        ABORT
        GETSTATUS -> 00 00 00 00 02 00
        """)
    }
  }

  @Test func `a reply of the wrong length is an error`() {
    #expect(throws: DFUError.malformedReply([], during: setting)) {
      try setAddress("GETSTATUS -> ")
    }
  }

  @Test func `a device that leaves the bus is an error`() {
    #expect(throws: DFUError.usb(.disconnected, during: setting)) {
      try setAddress("GETSTATUS -> 00 64 00 00 04 00\nwait 100\nGETSTATUS -> gone")
    }
  }

  @Test func `a stuck STM32H743 is freed after the reported and the longest time`() throws {
    var limits = OperationLimits()
    limits.stuckBusyRecovery = true
    let outcome = try erase(
      """
      DNLOAD 0 [41 00 00 10 08] (30000)
      GETSTATUS (30000) -> 00 E8 03 00 04 00
      wait 1000
      GETSTATUS (29000) -> 00 E8 03 00 04 00
      wait 1000
      GETSTATUS (28000) -> 00 E8 03 00 04 00
      CLRSTATUS
      GETSTATUS -> 0E 00 00 00 0A 00
      CLRSTATUS
      GETSTATUS -> 00 00 00 00 02 00
      """, limits: limits, maximum: .seconds(2))
    #expect(outcome == .freedWhileBusy)
  }

  @Test func `a stuck device that is not freed by CLRSTATUS is an error`() {
    var limits = OperationLimits()
    limits.stuckBusyRecovery = true
    let script = """
      DNLOAD 0 [41 00 00 10 08] (30000)
      GETSTATUS (30000) -> 00 D0 07 00 04 00
      wait 2000
      GETSTATUS (28000) -> 00 E8 03 00 04 00
      CLRSTATUS
      GETSTATUS -> 0B 00 00 00 0A 00
      """
    #expect(throws: DFUError.cannotRecover(bState: 10, status: .errVENDOR)) {
      try erase(script, limits: limits, maximum: .seconds(2))
    }
  }

  @Test func `without that option a stuck device is an error at the limit`() {
    let script = """
      DNLOAD 0 [41 00 00 10 08] (30000)
      GETSTATUS (30000) -> 00 30 75 00 04 00
      wait 30000
      GETSTATUS -> 00 E8 03 00 04 00
      """
    #expect(throws: DFUError.stillBusy(after: .seconds(30), during: erasing)) {
      try erase(script, maximum: .seconds(2))
    }
  }

  /// Asks early: half the reported time first, then the rest; notes what it is told.
  private struct Impatient: PollPolicy {
    mutating func delay(for kind: OperationKind, after answer: BusyAnswer) -> Duration {
      #expect(kind == .setAddress)
      #expect(answer.spentInAnswer == .milliseconds(answer.attempt == 1 ? 7 : 0))
      #expect(answer.elapsed == .milliseconds(7))
      return answer.attempt == 1 ? .zero : answer.reported / 2
    }

    mutating func ended(_ kind: OperationKind, busyAnswers: Int?) {
      #expect(busyAnswers == 2)
    }
  }

  @Test func `a policy decides how long to wait, and may ask early`() throws {
    try setAddress(
      """
      GETSTATUS -> 00 64 00 00 04 00 after 7
      GETSTATUS -> 00 64 00 00 04 00
      wait 50
      GETSTATUS -> 00 00 00 00 05 00
      """, polling: Impatient())
  }

  /// Never waits.
  private struct Restless: PollPolicy {
    mutating func delay(for kind: OperationKind, after answer: BusyAnswer) -> Duration { .zero }
    mutating func ended(_ kind: OperationKind, busyAnswers: Int?) {}
  }

  @Test func `a policy that never waits is held to a millisecond`() throws {
    try setAddress(
      """
      GETSTATUS -> 00 64 00 00 04 00
      GETSTATUS -> 00 64 00 00 04 00
      wait 1
      GETSTATUS -> 00 64 00 00 04 00
      wait 1
      GETSTATUS -> 00 00 00 00 05 00
      """, polling: Restless())
  }
}
