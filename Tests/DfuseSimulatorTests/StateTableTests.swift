import Testing

@testable import DfuseSimulator

/// DFU 1.1 appendix A, cell by cell, as a host in each state sees it.
@Suite struct StateTableTests {
  /// Next state, with `s` for a stall.
  ///
  /// Columns are in the order of ``requests``. DNLOAD of length 0 in dfuIDLE is AN3156's: leave.
  /// dfuMANIFEST-SYNC and dfuDNBUSY show what DFU_GETSTATUS tells: the new state is in the answer.
  static let table: [(state: Int, row: String)] = [
    //    DETACH DNLOAD DNLOAD0 UPLOAD GETSTATUS CLRSTATUS GETSTATE ABORT
    (2, "s10    3      6       9      2         s10       2        2"),
    (3, "s10    s10    s10     s10    4         s10       3        s10"),
    (4, "s10    s10    s10     s10    4         s10       s10      s10"),
    (5, "s10    3      6       s10    5         s10       5        2"),
    (6, "s10    s10    s10     s10    7         s10       6        s10"),
    (9, "s10    s10    s10     9      9         s10       9        2"),
    (10, "s10    s10    s10     s10    10        2         10       s10"),
  ]

  static let requests = [
    "DETACH", "DNLOAD", "DNLOAD0", "UPLOAD", "GETSTATUS", "CLRSTATUS", "GETSTATE", "ABORT",
  ]

  static let transitions: [(state: Int, request: String, expected: String)] = table.flatMap {
    entry in
    zip(requests, entry.row.split(separator: " ")).map { (entry.state, $0, String($1)) }
  }

  /// A G474 answers while it works, so that every state can be seen.
  static func probe(in state: Int) throws -> Probe {
    var probe = try Probe("stm32g474")
    switch state {
    case 3: probe.dnload(0, [0x41, 0, 0, 0, 8])
    case 4:
      probe.dnload(0, [0x41, 0, 0, 0, 8])
      _ = probe.getStatus()
    case 5: probe.setAddress(0x0800_0000)
    case 6: probe.dnload(0, [])
    case 9: _ = probe.upload(2, 16)
    case 10: _ = probe.upload(1, 16)
    default: break
    }
    return probe
  }

  @Test(arguments: transitions)
  func `each state takes each request as the specification says`(
    state: Int, request: String, expected: String
  ) throws {
    var probe = try Self.probe(in: state)
    let answer: Reaction.Answer
    switch request {
    case "DETACH": answer = probe.detach()
    case "DNLOAD": answer = probe.dnload(0, [0x21, 0, 0, 0, 8])
    case "DNLOAD0": answer = probe.dnload(0, [])
    case "UPLOAD": answer = probe.upload(2, 16)
    case "GETSTATUS": answer = probe.getStatus().answer
    case "CLRSTATUS": answer = probe.clrStatus()
    case "GETSTATE": answer = probe.getState()
    default: answer = probe.abort()
    }
    #expect((answer == .stall) == expected.hasPrefix("s"))
    let next = expected.drop { $0 == "s" }
    if request == "GETSTATUS", case .data(let bytes) = answer {
      #expect(bytes[4] == UInt8(next))
      return
    }
    // DFU_GETSTATE only looks, but is not answered while busy.
    if next != "4" { #expect(probe.getState() == .data([UInt8(next) ?? 0xFF])) }
  }

  @Test func `a stall into dfuERROR is errSTALLEDPKT and keeps the first error`() throws {
    var probe = try Probe("stm32g474")
    _ = probe.dnload(1, [1, 2])
    #expect(probe.condition() == [15, 10])
    probe.clrStatus()
    _ = probe.upload(2, 16)
    _ = probe.abort()
    #expect(probe.setAddress(0x4000_0000) == [1, 10])
    _ = probe.abort()
    #expect(probe.condition() == [1, 10])
  }

  @Test func `a short upload ends in dfuIDLE`() throws {
    var probe = try Probe("stm32g474")
    #expect(probe.upload(0, 64) == .data([0x00, 0x21, 0x41, 0x92]))
    #expect(probe.condition() == [0, 2])
    #expect(probe.upload(0, 4) == .data([0x00, 0x21, 0x41, 0x92]))
    #expect(probe.condition() == [0, 9])
  }

  @Test func `choosing the configuration again resets to dfuIDLE`() throws {
    var probe = try Self.probe(in: 10)
    probe.configure()
    #expect(probe.condition() == [0, 2])
  }

  @Test func `an unconfigured device stalls DFU requests`() throws {
    var probe = try Probe("stm32g474")
    _ = probe.send([0x00, 9, 0, 0, 0, 0, 0, 0])
    #expect(probe.getStatus().answer == .stall)
  }
}
