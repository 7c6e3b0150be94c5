import Testing

@testable import DfuseDevice

@Suite struct DFUSessionErasingTests {
  @Test func `erasing a sector takes three transfers`() throws {
    let script = """
      DNLOAD 0 [41 00 00 01 08] (30000)
      GETSTATUS (30000) -> 00 64 00 00 04 00
      wait 100
      GETSTATUS (29900) -> 00 00 00 00 05 00
      """
    try play(script) { session in
      let outcome = try session.erase(sectorAt: 0x0801_0000, size: 65_536)
      #expect(outcome == .done)
      #expect(session.state == .dfuDNLOADIDLE)
    }
  }

  @Test(
    arguments: [
      (nil, 30), (.seconds(2), 30), (.seconds(10), 30), (.seconds(11), 33),
    ] as [(Duration?, Int)])
  func `the limit is 30 s or three times the datasheet's maximum`(
    maximum: Duration?, seconds: Int
  ) {
    #expect(OperationLimits().erase(datasheetMaximum: maximum) == .seconds(seconds))
  }

  @Test func `a protected or missing sector is the device's error`() {
    let script = """
      DNLOAD 0 [41 00 00 01 08] (30000)
      GETSTATUS (30000) -> 00 64 00 00 04 00
      wait 100
      GETSTATUS (29900) -> 0B 00 00 00 0A 00
      CLRSTATUS
      """
    let activity = Activity.erasing(address: 0x0801_0000, size: 65_536)
    let error = DFUError.device(.errVENDOR, state: .dfuERROR, text: nil, during: activity)
    #expect(throws: error) {
      try play(script) { try $0.erase(sectorAt: 0x0801_0000, size: 65_536) }
    }
  }

  @Test func `a mass erase of 30 s that reports 100 ms is waited for, as on the STM32F405`() throws
  {
    let script = """
      DNLOAD 0 [41] (35000)
      GETSTATUS (35000) -> 00 64 00 00 04 00
      wait 100
      GETSTATUS (35200) -> 00 00 00 00 05 00 after 30000
      """
    try play(script) { try $0.massErase() }
  }

  @Test func `a mass erase ends after 120 s`() {
    let script = """
      DNLOAD 0 [41] (35000)
      GETSTATUS (35000) -> 00 60 EA 00 04 00
      wait 60000
      GETSTATUS (60000) -> 00 60 EA 00 04 00
      wait 60000
      GETSTATUS -> 00 60 EA 00 04 00
      """
    #expect(throws: DFUError.stillBusy(after: .seconds(120), during: .massErasing)) {
      try play(script) { try $0.massErase() }
    }
  }

  @Test func `after an erase the address must be set again`() throws {
    let script = """
      DNLOAD 0 [21 00 00 00 08]
      GETSTATUS -> 00 00 00 00 05 00
      DNLOAD 0 [41 00 00 01 08] (30000)
      GETSTATUS (30000) -> 00 00 00 00 05 00
      """
    try play(script) { session in
      try session.setAddress(0x0800_0000)
      try session.erase(sectorAt: 0x0801_0000, size: 65_536)
      #expect(session.addressPointer == nil)
    }
  }
}
