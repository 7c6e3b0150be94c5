import Testing

@testable import DfuseDevice

@Suite struct DFUTransitionsTests {
  /// DFU 1.1 appendix A.2: `n` goes to state n, `!n` stalls and is then in n, `-` is ignored.
  static let appendix = """
    state DETACH DNLOAD DNLOAD0 UPLOAD GETSTATUS CLRSTATUS GETSTATE ABORT
    0     1      !0     !0      !0     0         !0        0        !0
    1     !0     !0     !0      !0     1         !0        1        !0
    2     !10    3,!10  !10     9,!10  2         !10       2        2
    3     !10    !10    !10     !10    4,5       !10       3        !10
    4     !10    !10    !10     !10    !10       !10       !10      !10
    5     !10    3      6,!10   !10    5         !10       5        2
    6     !10    !10    !10     !10    7,2       !10       6        !10
    7     !10    !10    !10     !10    !10       !10       !10      !10
    8     -      -      -       -      -         -         -        -
    9     !10    !10    !10     9,2    9         !10       9        2
    10    !10    !10    !10     !10    10        2         10       !10
    """

  static let cells: [(state: UInt8, event: DFUEvent, text: String)] =
    appendix.split(separator: "\n").dropFirst().flatMap { line in
      let words = line.split(separator: " ")
      return zip(DFUEvent.requests, words.dropFirst()).map {
        (UInt8(words[0]) ?? 255, $0, String($1))
      }
    }

  /// The outcomes of one cell in the notation of the appendix above.
  private func text(
    _ state: UInt8, _ event: DFUEvent, where keep: (DFUTransition.Source) -> Bool
  ) -> String {
    DFUTransitions.all
      .filter { $0.from.rawValue == state && $0.event == event && keep($0.source) }
      .map { row in
        switch row.outcome {
        case .goes(let next): "\(next.rawValue)"
        case .stalls(let next): "!\(next.rawValue)"
        case .ignores: "-"
        }
      }
      .joined(separator: ",")
  }

  @Test func `the appendix has a cell for each state and request`() {
    #expect(Self.cells.count == 11 * 8)
    #expect(
      Set(Self.cells.map(\.state)) == Set(DFUState.allCases.map(\.rawValue)))
  }

  @Test(arguments: DFUTransitionsTests.cells)
  func `a cell of the table is that of the appendix`(
    state: UInt8, event: DFUEvent, cell: String
  ) {
    #expect(text(state, event) { $0 == .specification } == cell)
  }

  @Test(arguments: [
    // DFU 1.1 appendix A.1 and A.2: events that are not requests
    (UInt8(1), DFUEvent.usbReset, "2"), (1, .detachTimeoutPassed, "0"), (1, .powerOnReset, "0"),
    (2, .usbReset, "0,10"), (3, .usbReset, "0,10"), (4, .usbReset, "0,10"),
    (5, .usbReset, "0,10"), (6, .usbReset, "0,10"), (7, .usbReset, "0,10"),
    (8, .usbReset, "0"), (8, .powerOnReset, "0"), (9, .usbReset, "0,10"),
    (10, .usbReset, "0,10"), (4, .pollTimeoutPassed, "3"), (7, .pollTimeoutPassed, "6,8"),
    (3, .pollTimeoutPassed, ""), (0, .usbReset, ""),
  ])
  func `an event without a request leads where the diagram says`(
    state: UInt8, event: DFUEvent, cell: String
  ) {
    #expect(text(state, event) { $0 == .specification } == cell)
  }

  @Test func `DfuSe adds leaving from dfuIDLE and failing in GETSTATUS`() {
    let rows = DFUTransitions.all.filter { $0.source == .dfuSe }
    #expect(rows.count == 2)
    #expect(text(2, .dnloadEmpty) { $0 == .dfuSe } == "6")
    #expect(text(3, .getStatus) { $0 == .dfuSe } == "10")
  }

  @Test(arguments: [
    (DFUDeviation.statusWhileBusy, UInt8(4), DFUEvent.getStatus, "4,10"),
    (.stallsWhileBusy, 4, .getStatus, "!4"),
    (.skipsSecondSync, 4, .getStatus, "5"),
    (.abortBeforeStatus, 3, .abort, "2"),
    (.abortBeforeStatus, 6, .abort, "2"),
    (.abortBeforeStatus, 4, .abort, ""),
    (.abortWithoutEffect, 10, .abort, "10"),
    (.abortWithoutEffect, 4, .abort, "4"),
    (.clearStatusOutsideError, 4, .clrStatus, "10"),
    (.clearStatusOutsideError, 2, .clrStatus, "10"),
    (.clearStatusOutsideError, 10, .clrStatus, ""),
    (.stallKeepsState, 5, .upload, "!5"),
    (.stallKeepsState, 9, .dnloadData, "!9"),
    (.stallKeepsState, 3, .dnloadData, "!3"),
    (.stallKeepsState, 2, .clrStatus, "!2"),
    (.stallKeepsState, 5, .abort, ""),
    (.commandListStaysIdle, 2, .upload, "2"),
    (.refusesToLeave, 6, .getStatus, "10"),
    (.resetStaysInDFU, 10, .usbReset, "2"),
    (.resetStaysInDFU, 0, .usbReset, ""),
  ])
  func `a deviation is a row of its own`(
    deviation: DFUDeviation, state: UInt8, event: DFUEvent, cell: String
  ) {
    #expect(text(state, event) { $0 == .seen(deviation) } == cell)
  }

  @Test(arguments: DFUDeviation.allCases)
  func `every deviation has rows`(deviation: DFUDeviation) {
    #expect(DFUTransitions.all.contains { $0.source == .seen(deviation) })
  }

  @Test func `what devices may do includes all three parts, the specification first`() {
    #expect(
      DFUTransitions.next(from: .dfuDNBUSY, on: .getStatus) == [
        .stalls(.dfuERROR), .goes(.dfuDNBUSY), .goes(.dfuERROR), .stalls(.dfuDNBUSY),
        .goes(.dfuDNLOADIDLE),
      ])
    #expect(
      DFUTransitions.reachable(from: .dfuDNLOADSYNC, on: .getStatus)
        == [.dfuDNBUSY, .dfuDNLOADIDLE, .dfuERROR])
  }

  @Test func `a host counts on a deviation only by name`() {
    #expect(DFUTransitions.successor(of: .dfuDNBUSY, on: .clrStatus) == nil)
    #expect(
      DFUTransitions.successor(
        of: .dfuDNBUSY, on: .clrStatus, relyingOn: [.statusWhileBusy]) == nil)
    #expect(
      DFUTransitions.successor(
        of: .dfuDNBUSY, on: .clrStatus, relyingOn: [.clearStatusOutsideError]) == .dfuERROR)
  }

  @Test func `leaving is legal from both states that AN3156 names`() {
    #expect(DFUTransitions.successor(of: .dfuIDLE, on: .dnloadEmpty) == .dfuMANIFESTSYNC)
    #expect(DFUTransitions.successor(of: .dfuDNLOADIDLE, on: .dnloadEmpty) == .dfuMANIFESTSYNC)
  }

  @Test func `an ignored request is not a legal one`() {
    #expect(DFUTransitions.successor(of: .dfuMANIFESTWAITRESET, on: .getStatus) == nil)
  }
}
