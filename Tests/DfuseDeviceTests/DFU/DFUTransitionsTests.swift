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

  static let cells: [(state: UInt8, request: DFURequest, text: String)] =
    appendix.split(separator: "\n").dropFirst().flatMap { line in
      let words = line.split(separator: " ")
      return zip(DFURequest.allCases, words.dropFirst()).map {
        (UInt8(words[0]) ?? 255, $0, String($1))
      }
    }

  /// Where the rows of one cell lead, in the notation of the appendix above.
  private func text(
    _ state: UInt8, _ request: DFURequest, in rows: [DFUTransition]
  ) -> String {
    rows.filter { $0.from.rawValue == state && $0.request == request }.flatMap(\.to)
      .map { "\($0.rawValue)" }.joined(separator: ",")
  }

  @Test func `the appendix has a cell for each state and request`() {
    #expect(Self.cells.count == 11 * 8)
    #expect(
      Set(Self.cells.map(\.state)) == Set(DFUState.allCases.map(\.rawValue)))
  }

  @Test(arguments: DFUTransitionsTests.cells)
  func `a cell of the table is that of the appendix, where a stall is no row`(
    state: UInt8, request: DFURequest, cell: String
  ) {
    let accepted = cell.split(separator: ",").filter { !$0.hasPrefix("!") && $0 != "-" }
    #expect(
      text(state, request, in: DFUTransitions.specification) == accepted.joined(separator: ","))
    #expect(DFUTransitions.specification.allSatisfy { $0.deviation == nil })
  }

  @Test func `DfuSe adds leaving from dfuIDLE and failing in GETSTATUS`() {
    #expect(DFUTransitions.dfuSe.count == 2)
    #expect(DFUTransitions.dfuSe.allSatisfy { $0.deviation == nil })
    #expect(text(2, .dnloadEmpty, in: DFUTransitions.dfuSe) == "6")
    #expect(text(3, .getStatus, in: DFUTransitions.dfuSe) == "10")
  }

  @Test(arguments: [
    (DFUDeviation.statusWhileBusy, UInt8(4), DFURequest.getStatus, "4,10"),
    (.skipsSecondSync, 4, .getStatus, "5"),
    (.clearStatusOutsideError, 4, .clrStatus, "10"),
    (.clearStatusOutsideError, 10, .clrStatus, ""),
    (.refusesToLeave, 6, .getStatus, "10"),
  ])
  func `a deviation is a row of its own`(
    deviation: DFUDeviation, state: UInt8, request: DFURequest, cell: String
  ) {
    let rows = DFUTransitions.deviations.filter { $0.deviation == deviation }
    #expect(text(state, request, in: rows) == cell)
  }

  @Test(arguments: DFUDeviation.allCases)
  func `every deviation has rows`(deviation: DFUDeviation) {
    #expect(DFUTransitions.all.contains { $0.deviation == deviation })
  }

  @Test func `what devices may do includes all three parts, the specification first`() {
    #expect(
      DFUTransitions.reachable(from: .dfuDNBUSY, on: .getStatus)
        == [.dfuDNBUSY, .dfuERROR, .dfuDNLOADIDLE])
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
