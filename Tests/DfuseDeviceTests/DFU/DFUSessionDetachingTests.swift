import Testing

@testable import DfuseDevice

@Suite struct DFUSessionDetachingTests {
  private func detach(
    _ script: String, mode: DFUInterface.Mode = .runTime, bmAttributes: UInt8 = 0x0B,
    source: SourceLocation = #_sourceLocation
  ) throws -> PortSighting {
    try playFromStart(script, mode: mode, bmAttributes: bmAttributes, source: source) {
      (session: consuming DFUSession) in try session.detach()
    }
  }

  @Test func `an application that will detach needs no reset`() throws {
    #expect(try detach("DETACH 255\nport 5000 -> gone") == .gone)
  }

  @Test func `an application that will not detach is reset`() throws {
    let script = "DETACH 255\nreset -> gone\nport 5000 -> back"
    guard case .returned = try detach(script, bmAttributes: 0x03) else {
      Issue.record("the device did not return")
      return
    }
  }

  @Test func `a device that is gone before it has answered has detached`() throws {
    #expect(try detach("DETACH 255 -> gone\nport 5000 -> gone") == .gone)
  }

  @Test func `a refusal is an error when the device is still there`() {
    #expect(throws: DFUError.usb(.stall, during: .detaching)) {
      try detach("DETACH 255 -> stall\nport 5000 -> still")
    }
  }

  @Test func `a device in DFU mode is never told to detach`() {
    #expect(throws: DFUError.illegalRequest(.detach, state: nil, during: .detaching)) {
      try detach("", mode: .dfu)
    }
  }
}
