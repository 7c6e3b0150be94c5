import Testing

@testable import DfuseDevice

@Suite struct DFURequestTests {
  @Test(arguments: [
    // DFU 1.1 section 3, table 3.2
    (DFURequest.detach, UInt8(0x21), UInt8(0)),
    (.dnloadData, 0x21, 1),
    (.dnloadEmpty, 0x21, 1),
    (.upload, 0xA1, 2),
    (.getStatus, 0xA1, 3),
    (.clrStatus, 0x21, 4),
    (.getState, 0xA1, 5),
    (.abort, 0x21, 6),
  ])
  func `a request has the type and number of table 3.2`(
    request: DFURequest, bmRequestType: UInt8, bRequest: UInt8
  ) {
    let control = request.control(wValue: 0x1234, interface: 5)
    #expect(
      control
        == ControlRequest(
          bmRequestType: bmRequestType, bRequest: bRequest, wValue: 0x1234, wIndex: 5))
  }

  @Test func `a status reply is read field by field`() {
    let reply = DFUStatusReply([0x0B, 0x03, 0x02, 0x01, 0x0A, 0x04])
    #expect(
      reply
        == DFUStatusReply(
          bStatus: .errVENDOR, pollTimeout: .milliseconds(0x010203), bState: 10, iString: 4))
    #expect(reply?.state == .dfuERROR)
  }

  @Test func `the longest poll time-out is more than four hours`() {
    let reply = DFUStatusReply([0, 0xFF, 0xFF, 0xFF, 4, 0])
    #expect(reply?.pollTimeout == .milliseconds(16_777_215))
  }

  @Test func `a state above 10 keeps its number`() {
    let reply = DFUStatusReply([0, 0, 0, 0, 15, 0])
    #expect(reply?.bState == 15)
    #expect(reply?.state == nil)
  }

  @Test(arguments: [0, 1, 5, 7])
  func `a status reply that is not 6 bytes is none`(count: Int) {
    #expect(DFUStatusReply([UInt8](repeating: 0, count: count)) == nil)
  }
}
