import Testing

@testable import DfuseDevice

@Suite struct DFUSessionCommandsTests {
  private func commands(
    _ script: String, transferSize: UInt16 = 2048, source: SourceLocation = #_sourceLocation
  ) throws -> [UInt8]? {
    try play(script, transferSize: transferSize, source: source) { session in
      let list = try session.commands()
      #expect(session.state == .dfuIDLE, sourceLocation: source)
      return list
    }
  }

  @Test func `the list is the short answer to UPLOAD of block 0`() throws {
    let list = try commands("UPLOAD 0 64 -> 00 21 41 92\nABORT")
    #expect(list == [0x00, 0x21, 0x41, 0x92])
  }

  @Test func `no more is asked for than one transfer holds`() throws {
    #expect(
      try commands("UPLOAD 0 16 -> 00 21 41\nABORT", transferSize: 16)
        == [0x00, 0x21, 0x41])
  }

  @Test func `a device that stalls and stays where it was has no list`() throws {
    #expect(
      try commands("UPLOAD 0 64 -> stall\nGETSTATUS -> 00 00 00 00 02 00") == nil)
  }

  @Test func `a device that stalls into dfuERROR is cleared`() throws {
    let script = """
      UPLOAD 0 64 -> stall
      GETSTATUS -> 0F 00 00 00 0A 00
      CLRSTATUS
      """
    #expect(try commands(script) == nil)
  }

  @Test func `a device that stalls into an unknown state is brought back`() throws {
    let script = """
      UPLOAD 0 64 -> stall
      GETSTATUS -> 00 00 00 00 0F 00
      GETSTATUS -> 00 00 00 00 0F 00
      ABORT
      GETSTATUS -> 00 00 00 00 0F 00
      CLRSTATUS
      GETSTATUS -> 0E 00 00 00 0A 00
      CLRSTATUS
      GETSTATUS -> 00 00 00 00 02 00
      """
    #expect(try commands(script) == nil)
  }

  @Test func `an empty answer is no list`() throws {
    #expect(try commands("UPLOAD 0 64 ->  \nABORT") == nil)
  }

  @Test func `a device that vanishes is an error`() {
    #expect(throws: DFUError.usb(.disconnected, during: .gettingCommands)) {
      try play("UPLOAD 0 64 -> gone") { session in _ = try session.commands() }
    }
  }

  @Test func `a download is ended before the list is asked for`() throws {
    let script = """
      DNLOAD 0 [21 00 00 00 08]
      GETSTATUS -> 00 00 00 00 05 00
      ABORT
      UPLOAD 0 64 -> 00 21 41 92
      ABORT
      """
    try play(script) { session in
      try session.setAddress(0x0800_0000)
      let list = try session.commands()
      #expect(list == [0x00, 0x21, 0x41, 0x92])
    }
  }

  @Test func `setting the address takes three transfers`() throws {
    let script = """
      DNLOAD 0 [21 00 40 00 08]
      GETSTATUS -> 00 01 00 00 04 00
      wait 1
      GETSTATUS -> 00 00 00 00 05 00
      """
    try play(script) { session in
      try session.setAddress(0x0800_4000)
      #expect(session.state == .dfuDNLOADIDLE)
      #expect(session.addressPointer == 0x0800_4000)
    }
  }

  @Test func `a command that stalls into dfuERROR is explained and cleared`() throws {
    let script = """
      DNLOAD 0 [21 00 00 00 08] -> stall
      GETSTATUS -> 0B 00 00 00 0A 00
      CLRSTATUS
      """
    let activity = Activity.settingAddress(0x0800_0000)
    let error = DFUError.device(.errVENDOR, state: .dfuERROR, text: nil, during: activity)
    #expect(throws: error) { try play(script) { try $0.setAddress(0x0800_0000) } }
  }

  @Test(arguments: ["stall", "timeout"])
  func `a stall that the device cannot explain is a stall`(answer: String) {
    let script = "DNLOAD 0 [21 00 00 00 08] -> stall\nGETSTATUS -> \(answer)"
    #expect(throws: DFUError.usb(.stall, during: .settingAddress(0x0800_0000))) {
      try play(script) { try $0.setAddress(0x0800_0000) }
    }
  }

  @Test func `a command that times out is not repeated`() {
    #expect(throws: DFUError.usb(.timedOut, during: .settingAddress(0x0800_0000))) {
      try play("DNLOAD 0 [21 00 00 00 08] -> timeout") { try $0.setAddress(0x0800_0000) }
    }
  }
}
