import DfuseDevice

/// A host that sends the requests dfu-util 0.11 sends for `-s ADDRESS -D FILE`, without verifying.
///
/// Erases each sector, then sets the address of every block before it writes it, and sleeps each
/// `bwPollTimeout`. A stall while the device is busy is answered by sleeping the same time again.
struct DfuUtilHost {
  let transport: any USBTransport
  let transferSize: Int

  func flash(
    _ image: [UInt8], at address: UInt32, erasing sectors: [UInt64]
  ) throws(USBError) {
    // Any error an earlier program left behind.
    let found = try transport.controlIn(request(3, type: 0xA1), length: 6, timeout: .seconds(5))
    if found.count == 6, found[4] == 10 {
      try transport.controlOut(request(4), data: [], timeout: .seconds(5))
    }
    for sector in sectors { try command(0x41, UInt32(sector)) }
    for offset in stride(from: 0, to: image.count, by: transferSize) {
      try command(0x21, address + UInt32(offset))
      try download(block: 2, Array(image[offset..<min(offset + transferSize, image.count)]))
    }
  }

  private func command(_ code: UInt8, _ address: UInt32) throws(USBError) {
    let bytes = (0..<4).map { UInt8(truncatingIfNeeded: address >> (8 * $0)) }
    try download(block: 0, [code] + bytes)
  }

  private func download(block: UInt16, _ bytes: [UInt8]) throws(USBError) {
    try transport.controlOut(request(1, wValue: block), data: bytes, timeout: .seconds(35))
    var poll: Duration = .zero
    while true {
      var reply: [UInt8] = []
      do {
        reply = try transport.controlIn(request(3, type: 0xA1), length: 6, timeout: .seconds(35))
      } catch .stall where poll > .zero {
        transport.wait(poll)
        continue
      }
      guard reply.count == 6 else { throw .overflow }
      poll = .milliseconds(Int(reply[1]) | Int(reply[2]) << 8 | Int(reply[3]) << 16)
      transport.wait(poll)
      if reply[4] == 5 { return }
      guard reply[4] == 4 else { throw .stall }
    }
  }

  private func request(_ number: UInt8, type: UInt8 = 0x21, wValue: UInt16 = 0) -> ControlRequest {
    ControlRequest(
      bmRequestType: type, bRequest: number, wValue: wValue,
      wIndex: UInt16(transport.interface.number))
  }
}
