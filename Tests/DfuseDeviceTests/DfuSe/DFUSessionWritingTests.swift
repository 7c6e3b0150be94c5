import Testing

@testable import DfuseDevice

@Suite struct DFUSessionWritingTests {
  @Test func `a request that does not fit the state that those before it lead to is not sent`() {
    let status = DFURequest.getStatus.control(interface: 3)
    let upload = DFURequest.upload.control(wValue: 2, interface: 3)
    let chain: [DFUSession.Link] = [
      .init(
        request: .getStatus, transfer: .asking(for: 6, status, timeout: .seconds(5)),
        leadsTo: .dfuIDLE),
      .init(
        request: .upload, transfer: .asking(for: 64, upload, timeout: .seconds(5)),
        leadsTo: .dfuDNLOADIDLE),
    ]
    #expect(throws: DFUError.illegalRequest(.upload, state: .dfuIDLE, during: .aborting)) {
      try play("") { session in _ = try session.send(together: chain, during: .aborting) }
    }
  }

  private static let address = """
    DNLOAD 0 [21 00 00 00 08]
    GETSTATUS -> 00 00 00 00 05 00

    """

  @discardableResult
  private func write(
    _ script: String, block: UInt16 = 2, data: [UInt8] = [1, 2, 3, 4], mayReset: Bool = false,
    source: SourceLocation = #_sourceLocation
  ) throws -> OperationOutcome {
    try play(Self.address + script, source: source) { session in
      try session.setAddress(0x0800_0000)
      return try session.write(block: block, data: data, mayReset: mayReset)
    }
  }
  private let writing = Activity.writing(address: 0x0800_0000, count: 4)

  @Test func `a block takes three transfers`() throws {
    let outcome = try write(
      """
      DNLOAD 2 [01 02 03 04]
      GETSTATUS -> 00 68 00 00 04 00
      wait 104
      GETSTATUS -> 00 00 00 00 05 00
      """)
    #expect(outcome == .done)
  }

  @Test func `a run is one address and rising block numbers`() throws {
    let block = [UInt8](repeating: 0, count: 2048)
    let script =
      Self.address
        + """
        DNLOAD 2 <2048>
        GETSTATUS -> 00 00 00 00 05 00
        DNLOAD 3 <2048>
        GETSTATUS -> 00 00 00 00 05 00
        DNLOAD 9 <2048>
        GETSTATUS -> 00 00 00 00 05 00
        """
    try play(script) { session in
      try session.setAddress(0x0800_0000)
      try session.write(block: 2, data: block)
      try session.write(block: 3, data: block)
      try session.write(block: 9, data: block)
    }
  }

  @Test(arguments: [
    (UInt16(0), 4), (1, 4), (2, 0), (2, 1), (2, 2049),
  ])
  func `a block that may not be sent is refused`(block: UInt16, count: Int) {
    let error = DFUError.illegalBlock(block, count: count, transferSize: 2048)
    #expect(throws: error) {
      try write("", block: block, data: [UInt8](repeating: 0, count: count))
    }
  }

  @Test func `a block without an address is refused`() {
    #expect(throws: DFUError.illegalBlock(2, count: 2, transferSize: 2048)) {
      try play("") { try $0.write(block: 2, data: [0, 0]) }
    }
  }

  @Test func `a block beyond 4 GiB is refused`() {
    let script = """
      DNLOAD 0 [21 FE FF FF FF]
      GETSTATUS -> 00 00 00 00 05 00
      DNLOAD 2 [00 00]
      GETSTATUS -> 00 00 00 00 05 00
      """
    #expect(throws: DFUError.illegalBlock(2, count: 4, transferSize: 2048)) {
      try play(script) { session in
        try session.setAddress(0xFFFF_FFFE)
        try session.write(block: 2, data: [0, 0])
        try session.write(block: 2, data: [0, 0, 0, 0])
      }
    }
    #expect(throws: DFUError.illegalBlock(3, count: 2, transferSize: 2048)) {
      try play("DNLOAD 0 [21 FE FF FF FF]\nGETSTATUS -> 00 00 00 00 05 00") { session in
        try session.setAddress(0xFFFF_FFFE)
        try session.write(block: 3, data: [0, 0])
      }
    }
  }

  @Test(arguments: [
    ("03", DFUStatus.errWRITE), ("01", .errTARGET), ("0B", .errVENDOR),
    ("E7", .init(rawValue: 0xE7)),
  ])
  func `the device's status is kept as it is`(code: String, status: DFUStatus) {
    let script = """
      DNLOAD 2 [01 02 03 04]
      GETSTATUS -> 00 00 00 00 04 00
      wait 1
      GETSTATUS -> \(code) 00 00 00 0A 00
      CLRSTATUS
      """
    let error = DFUError.device(status, state: .dfuERROR, text: nil, during: writing)
    #expect(throws: error) { try write(script) }
  }

  @Test func `after an error the address must be set again`() throws {
    let script = """
      DNLOAD 2 [01 02]
      GETSTATUS -> 03 00 00 00 0A 00
      CLRSTATUS
      """
    try play(Self.address + script) { session in
      try session.setAddress(0x0800_0000)
      _ = try? session.write(block: 2, data: [1, 2])
      #expect(session.state == .dfuIDLE)
      do {
        try session.write(block: 2, data: [1, 2])
        Issue.record("no error")
      } catch let error as DFUError {
        #expect(error == .illegalBlock(2, count: 2, transferSize: 2048))
      }
    }
  }

  @Test(arguments: [
    "GETSTATUS -> 00 64 00 00 04 00\nwait 100\nGETSTATUS -> gone\n",
    "GETSTATUS -> gone\n",
    "GETSTATUS -> 00 00 00 00 04 00\nwait 1\nGETSTATUS -> timeout\nwait 2\nGETSTATUS -> timeout\n",
  ])
  func `a write that may reset has succeeded when the device leaves the bus`(
    answers: String
  ) throws {
    let script = "DNLOAD 2 [01 02 03 04]\n" + answers + "port 2000 -> gone"
    #expect(try write(script, mayReset: true) == .deviceReset)
  }

  @Test func `a write that may reset may also just be done`() throws {
    let script = """
      DNLOAD 2 [01 02 03 04]
      GETSTATUS -> 00 00 00 00 04 00
      wait 1
      GETSTATUS -> 00 00 00 00 05 00
      """
    #expect(try write(script, mayReset: true) == .done)
  }

  @Test func `a write that may reset has failed when the device is still there`() {
    let script = """
      DNLOAD 2 [01 02 03 04]
      GETSTATUS -> gone
      port 2000 -> still
      """
    #expect(throws: DFUError.usb(.disconnected, during: writing)) {
      try write(script, mayReset: true)
    }
  }

  @Test func `a write that may reset has failed when its data did not arrive`() {
    #expect(throws: DFUError.usb(.disconnected, during: writing)) {
      try write("DNLOAD 2 [01 02 03 04] -> gone", mayReset: true)
    }
  }

  @Test func `any other write has failed when the device leaves the bus`() {
    #expect(throws: DFUError.usb(.disconnected, during: writing)) {
      try write("DNLOAD 2 [01 02 03 04]\nGETSTATUS -> gone")
    }
  }
}
