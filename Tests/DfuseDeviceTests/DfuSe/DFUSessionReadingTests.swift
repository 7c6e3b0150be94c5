import Testing

@testable import DfuseDevice

@Suite struct DFUSessionReadingTests {
  private static let begin = """
    DNLOAD 0 [21 00 00 00 08]
    GETSTATUS -> 00 00 00 00 04 00
    wait 1
    GETSTATUS -> 00 00 00 00 05 00
    ABORT

    """
  private let reading = Activity.reading(address: 0x0800_0000, count: 4)

  /// What ``begin`` begins: a read of four bytes.
  private static func readFour(_ session: inout DFUSession) throws(DFUError) {
    try session.beginUpload(at: 0x0800_0000)
    _ = try session.read(block: 2, length: 4)
    try session.endUpload()
  }

  @Test func `a run is an address, one transfer a block, and ABORT`() throws {
    let script = Self.begin + "UPLOAD 2 64 -> <64>\nUPLOAD 3 64 -> <64>\nUPLOAD 9 16 -> <16>\nABORT"
    try play(script, transferSize: 64) { session in
      try session.beginUpload(at: 0x0800_0000)
      #expect(session.state == .dfuIDLE)
      let part1 = try session.read(block: 2, length: 64)
      #expect(part1.count == 64)
      let part2 = try session.read(block: 3, length: 64)
      #expect(part2.count == 64)
      #expect(session.state == .dfuUPLOADIDLE)
      let part3 = try session.read(block: 9, length: 16)
      #expect(part3.count == 16)
      try session.endUpload()
      #expect(session.state == .dfuIDLE)
    }
  }

  @Test func `a short block ends the upload`() throws {
    try play(Self.begin + "UPLOAD 2 64 -> <63>", transferSize: 64) { session in
      try session.beginUpload(at: 0x0800_0000)
      let part4 = try session.read(block: 2, length: 64)
      #expect(part4.count == 63)
      #expect(session.state == .dfuIDLE)
    }
  }

  @Test func `going from writing to reading and back costs one ABORT each`() throws {
    let script = """
      DNLOAD 0 [21 00 00 00 08]
      GETSTATUS -> 00 00 00 00 05 00
      ABORT
      UPLOAD 2 4 -> 01 02 03 04
      ABORT
      DNLOAD 2 [01 02 03 04]
      GETSTATUS -> 00 00 00 00 05 00
      """
    try play(script) { session in
      try session.setAddress(0x0800_0000)
      _ = try session.read(block: 2, length: 4)
      try session.write(block: 2, data: [1, 2, 3, 4])
    }
  }

  @Test(arguments: [(UInt16(1), 4), (2, 0), (2, 1), (2, 65), (2, -1)])
  func `a block that may not be asked for is refused`(block: UInt16, length: Int) {
    #expect(throws: DFUError.illegalBlock(block, count: length, transferSize: 64)) {
      try play(Self.begin, transferSize: 64) { session in
        try session.beginUpload(at: 0x0800_0000)
        _ = try session.read(block: block, length: length)
      }
    }
  }

  @Test func `a read that stalls is explained by GETSTATUS`() {
    let script =
      Self.begin
        + """
        UPLOAD 2 4 -> stall
        GETSTATUS -> 01 00 00 00 0A 00
        CLRSTATUS
        """
    let error = DFUError.device(.errTARGET, state: .dfuERROR, text: nil, during: reading)
    #expect(throws: error) {
      try play(script) { try Self.readFour(&$0) }
    }
  }

  @Test func `a failed read of ST's device library leaves state 15, and is recovered from`() throws
  {
    let script =
      Self.begin
        + """
        UPLOAD 2 4 -> stall
        GETSTATUS -> 00 00 00 00 0F 00
        GETSTATUS -> 00 00 00 00 0F 00
        ABORT
        GETSTATUS -> 00 00 00 00 0F 00
        CLRSTATUS
        GETSTATUS -> 0E 00 00 00 0A 00
        CLRSTATUS
        GETSTATUS -> 00 00 00 00 02 00
        """
    try play(script) { session in
      do {
        try Self.readFour(&session)
        Issue.record("no error")
      } catch let error as DFUError {
        #expect(error == .unknownState(15, during: reading))
      }
      #expect(session.state == .dfuIDLE)
    }
  }

  @Test func `more bytes than asked for are a USB error`() {
    let script = Self.begin + "UPLOAD 2 4 -> overflow"
    #expect(throws: DFUError.usb(.overflow, during: reading)) {
      try play(script) { try Self.readFour(&$0) }
    }
  }

  @Test func `errVENDOR on a read means read protection`() throws {
    let script =
      Self.begin
        + """
        UPLOAD 2 4 -> stall
        GETSTATUS -> 0B 00 00 00 0A 00
        CLRSTATUS
        """
    try play(script) { session in
      let isProtected = try session.isReadProtected(at: 0x0800_0000)
      #expect(isProtected)
      #expect(session.state == .dfuIDLE)
    }
  }

  @Test func `errVENDOR on setting the address means read protection`() throws {
    let script = """
      DNLOAD 0 [21 00 00 00 08]
      GETSTATUS -> 0B 00 00 00 0A 00
      CLRSTATUS
      """
    #expect(try play(script) { try $0.isReadProtected(at: 0x0800_0000) })
  }

  @Test func `memory that can be read is not protected`() throws {
    let script = Self.begin + "UPLOAD 2 4 -> 01 02 03 04\nABORT"
    #expect(try !play(script) { try $0.isReadProtected(at: 0x0800_0000) })
  }

  @Test func `another failure does not answer the question`() {
    let script =
      Self.begin
        + """
        UPLOAD 2 4 -> stall
        GETSTATUS -> 01 00 00 00 0A 00
        CLRSTATUS
        """
    let error = DFUError.device(.errTARGET, state: .dfuERROR, text: nil, during: reading)
    #expect(throws: error) { try play(script) { _ = try $0.isReadProtected(at: 0x0800_0000) } }
  }
}
