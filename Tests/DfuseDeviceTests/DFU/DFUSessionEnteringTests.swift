import Testing

@testable import DfuseDevice

@Suite struct DFUSessionEnteringTests {
  private func enter(
    _ script: String, limits: OperationLimits = OperationLimits(),
    source: SourceLocation = #_sourceLocation
  ) throws -> [EntryStep] {
    try playFromStart(script, limits: limits, source: source) { (session: consuming DFUSession) in
      let report = try session.enter()
      #expect(session.state == .dfuIDLE, sourceLocation: source)
      return report
    }
  }

  @Test func `a device in dfuIDLE costs one request`() throws {
    #expect(try enter("GETSTATUS -> 00 00 00 00 02 00") == [])
  }

  @Test(arguments: [("05", DFUState.dfuDNLOADIDLE), ("09", .dfuUPLOADIDLE)])
  func `an idle state is left by ABORT, never by CLRSTATUS`(
    number: String, state: DFUState
  ) throws {
    let report = try enter(
      """
      GETSTATUS -> 00 00 00 00 \(number) 00
      ABORT
      GETSTATUS -> 00 00 00 00 02 00
      """)
    #expect(report == [.aborted(state)])
  }

  @Test func `an old error is cleared, and its text asked for once`() throws {
    let report = try enter(
      """
      GETSTATUS -> 0A 00 00 00 0A 04
      string 4 -> firmware is corrupt
      CLRSTATUS
      GETSTATUS -> 00 00 00 00 02 00
      """)
    #expect(report == [.cleared(.errFIRMWARE, text: "firmware is corrupt")])
  }

  @Test func `a text that cannot be fetched is no error`() throws {
    let report = try enter(
      """
      GETSTATUS -> 0B 00 00 00 0A 04
      string 4 -> none
      CLRSTATUS
      GETSTATUS -> 00 00 00 00 02 00
      """)
    #expect(report == [.cleared(.errVENDOR, text: nil)])
  }

  @Test func `a busy device is waited for as long as it says, then aborted`() throws {
    let report = try enter(
      """
      GETSTATUS -> 00 64 00 00 04 00
      wait 100
      GETSTATUS -> 00 00 00 00 04 00
      wait 5
      GETSTATUS -> 00 00 00 00 05 00
      ABORT
      GETSTATUS -> 00 00 00 00 02 00
      """)
    #expect(report == [.waited(.milliseconds(105)), .aborted(.dfuDNLOADIDLE)])
  }

  @Test func `dfuDNLOAD-SYNC is asked again until it settles`() throws {
    let report = try enter(
      """
      GETSTATUS -> 00 0A 00 00 03 00
      wait 10
      GETSTATUS -> 00 00 00 00 05 00
      ABORT
      GETSTATUS -> 00 00 00 00 02 00
      """)
    #expect(report == [.waited(.milliseconds(10)), .aborted(.dfuDNLOADIDLE)])
  }

  @Test func `a busy device that does not answer is waited for`() throws {
    let report = try enter(
      """
      GETSTATUS -> timeout
      wait 5
      GETSTATUS -> 00 00 00 00 02 00 after 3000
      """)
    #expect(report == [.waited(.milliseconds(5005))])
  }

  @Test func `a device that stays busy is reset, and given up if that does not help`() throws {
    var limits = OperationLimits()
    limits.entry = .seconds(1)
    let script = """
      GETSTATUS -> 00 E8 03 00 04 00
      wait 1000
      GETSTATUS -> 00 E8 03 00 04 00
      reset
      GETSTATUS -> 00 88 13 00 04 00
      wait 5000
      GETSTATUS -> 00 E8 03 00 04 00
      """
    #expect(throws: DFUError.stillBusy(after: .seconds(5), during: .entering)) {
      try enter(script, limits: limits)
    }
  }

  @Test func `a stuck STM32H743 is freed without a reset when that is allowed`() throws {
    var limits = OperationLimits()
    limits.entry = .seconds(1)
    limits.stuckBusyRecovery = true
    let report = try enter(
      """
      GETSTATUS -> 00 E8 03 00 04 00
      wait 1000
      GETSTATUS -> 00 E8 03 00 04 00
      CLRSTATUS
      GETSTATUS -> 0E 00 00 00 0A 00
      CLRSTATUS
      GETSTATUS -> 00 00 00 00 02 00
      GETSTATUS -> 00 00 00 00 02 00
      """, limits: limits)
    #expect(report == [.waited(.seconds(1)), .freed])
  }

  @Test func `freeing is tried once, then the device is reset`() throws {
    var limits = OperationLimits()
    limits.entry = .seconds(1)
    limits.stuckBusyRecovery = true
    let report = try enter(
      """
      GETSTATUS -> 00 E8 03 00 04 00
      wait 1000
      GETSTATUS -> 00 E8 03 00 04 00
      CLRSTATUS -> stall
      reset
      GETSTATUS -> 00 00 00 00 02 00
      """, limits: limits)
    #expect(report == [.waited(.seconds(1)), .freed, .reset])
  }

  @Test func `a stalled GETSTATUS is repeated three times at 100 ms, then the device is reset`()
    throws
  {
    let stalls = """
      GETSTATUS -> stall
      wait 100
      GETSTATUS -> stall
      wait 100
      GETSTATUS -> stall
      wait 100
      GETSTATUS -> stall
      """
    let report = try enter(stalls + "\nreset\nGETSTATUS -> 00 00 00 00 02 00")
    #expect(report == [.reset])
    #expect(throws: DFUError.usb(.stall, during: .entering)) {
      try enter(stalls + "\nreset\n" + stalls)
    }
  }

  @Test(arguments: ["06", "07", "08"])
  func `a device that was leaving is reset`(number: String) throws {
    let report = try enter(
      """
      GETSTATUS -> 00 00 00 00 \(number) 00
      reset
      GETSTATUS -> 00 00 00 00 02 00
      """)
    #expect(report == [.reset])
  }

  @Test func `a device that stays in dfuMANIFEST cannot be recovered`() {
    let script = """
      GETSTATUS -> 00 01 00 00 07 00
      reset
      GETSTATUS -> 00 01 00 00 07 00
      """
    #expect(throws: DFUError.cannotRecover(bState: 7, status: .ok)) { try enter(script) }
  }

  @Test func `a device that is lost in the reset is a USB error`() {
    #expect(throws: DFUError.usb(.disconnected, during: .entering)) {
      try enter("GETSTATUS -> 00 00 00 00 08 00\nreset -> gone")
    }
  }

  @Test func `an error that comes back three times cannot be recovered`() {
    let round = "GETSTATUS -> 0A 00 00 00 0A 00\nCLRSTATUS\n"
    #expect(throws: DFUError.cannotRecover(bState: 10, status: .errFIRMWARE)) {
      try enter(round + round + round + "GETSTATUS -> 0A 00 00 00 0A 00")
    }
  }

  @Test func `state 15 of ST's device library is left by CLRSTATUS twice`() throws {
    let report = try enter(
      """
      GETSTATUS -> 00 00 00 00 0F 00
      ABORT
      GETSTATUS -> 00 00 00 00 0F 00
      CLRSTATUS
      GETSTATUS -> 0E 00 00 00 0A 00
      CLRSTATUS
      GETSTATUS -> 00 00 00 00 02 00
      """)
    #expect(report == [.foundUnknownState(15)])
  }

  @Test func `an unknown state that nothing else helps is reset`() throws {
    let report = try enter(
      """
      GETSTATUS -> 0F 00 00 00 2A 00
      ABORT -> stall
      GETSTATUS -> 0F 00 00 00 2A 00
      CLRSTATUS -> stall
      GETSTATUS -> 0F 00 00 00 2A 00
      reset
      GETSTATUS -> 00 00 00 00 02 00
      """)
    #expect(report == [.foundUnknownState(42), .reset])
  }

  @Test func `a device with ever new unknown states is given up`() {
    let script = """
      GETSTATUS -> 00 00 00 00 0B 00
      ABORT
      GETSTATUS -> 00 00 00 00 0C 00
      CLRSTATUS
      GETSTATUS -> 00 00 00 00 0D 00
      reset
      GETSTATUS -> 00 00 00 00 0E 00
      """
    #expect(throws: DFUError.cannotRecover(bState: 14, status: .ok)) { try enter(script) }
  }

  @Test(arguments: [("00", DFUState.appIDLE), ("01", .appDETACH)])
  func `an application is not entered`(number: String, state: DFUState) {
    let error = DFUError.unexpectedState(found: state, expected: [.dfuIDLE], during: .entering)
    #expect(throws: error) { try enter("GETSTATUS -> 00 00 00 00 \(number) 00") }
  }

  @Test func `a reply of the wrong length is an error`() {
    #expect(throws: DFUError.malformedReply([0, 0, 0, 0, 2], during: .entering)) {
      try enter("GETSTATUS -> 00 00 00 00 02")
    }
  }

  @Test func `the alternate setting is chosen again after a reset`() throws {
    let script = """
      select 1
      GETSTATUS -> 00 00 00 00 08 00
      reset
      select 1
      GETSTATUS -> 00 00 00 00 02 00
      """
    try playFromStart(script) { (session: consuming DFUSession) in
      try session.selectAlternateSetting(1)
      let report = try session.enter()
      #expect(report == [.reset])
    }
  }

  @Test func `an alternate setting that does not exist is a stall`() {
    #expect(throws: DFUError.usb(.stall, during: .selecting(alternateSetting: 9))) {
      try playFromStart("select 9 -> stall") { (session: consuming DFUSession) in
        try session.selectAlternateSetting(9)
      }
    }
  }

  @Test func `choosing an alternate setting keeps the state and forgets the address`() throws {
    let script = """
      DNLOAD 0 [21 00 00 00 08]
      GETSTATUS -> 00 00 00 00 05 00
      select 2
      """
    try play(script) { session in
      try session.setAddress(0x0800_0000)
      try session.selectAlternateSetting(2)
      #expect(session.state == .dfuDNLOADIDLE)
      #expect(session.addressPointer == nil)
    }
  }

  @Test func `a session that has not entered sends nothing`() {
    let error = DFUError.illegalRequest(
      .dnloadData, state: nil, during: .settingAddress(0x0800_0000))
    #expect(throws: error) {
      try playFromStart("") { (session: consuming DFUSession) in
        try session.setAddress(0x0800_0000)
      }
    }
    #expect(throws: DFUError.illegalRequest(.abort, state: nil, during: .aborting)) {
      try playFromStart("") { (session: consuming DFUSession) in try session.abort() }
    }
  }
}
