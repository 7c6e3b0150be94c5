import Testing

@testable import DfuseSimulator

/// A USB/IP client's messages, encoded as the kernel does it, and readers for the replies.
enum USBIPMessages {
  static let list: [UInt8] = [0x01, 0x11, 0x80, 0x05, 0, 0, 0, 0]

  static func importing(_ busID: String) -> [UInt8] {
    let name = Array(busID.utf8)
    return [0x01, 0x11, 0x80, 0x03, 0, 0, 0, 0] + name
      + [UInt8](repeating: 0, count: 32 - name.count)
  }

  static func be(_ value: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(value >> $0 & 0xFF) }
  }

  /// CMD_SUBMIT on endpoint 0 of device 2 on bus 1, with Linux's flags.
  static func submit(
    _ seqnum: UInt32, _ setup: [UInt8], _ data: [UInt8] = [], devid: UInt32 = 0x1_0002,
    endpoint: UInt32 = 0, length: UInt32? = nil
  ) -> [UInt8] {
    let isIn = setup[0] & 0x80 != 0
    let wLength = UInt32(setup[6]) | UInt32(setup[7]) << 8
    let words = [
      1, seqnum, devid, isIn ? 1 : 0, endpoint, isIn ? 0x200 : 0, length ?? wLength, 0, 0, 0,
    ]
    return words.flatMap(be) + setup + data
  }

  static func unlink(_ seqnum: UInt32, victim: UInt32) -> [UInt8] {
    ([2, seqnum, 0x1_0002, 0, 0, victim].flatMap(be)) + [UInt8](repeating: 0, count: 24)
  }

  static func retSubmit(
    _ seqnum: UInt32, status: Int32 = 0, actual: UInt32 = 0, _ data: [UInt8] = []
  ) -> [UInt8] {
    [3, seqnum, 0, 0, 0, UInt32(bitPattern: status), actual, 0, 0, 0, 0, 0].flatMap(be) + data
  }

  static func retUnlink(_ seqnum: UInt32, status: Int32) -> [UInt8] {
    [4, seqnum, 0, 0, 0, UInt32(bitPattern: status), 0, 0, 0, 0, 0, 0].flatMap(be)
  }

  static let configure: [UInt8] = [0x00, 9, 1, 0, 0, 0, 0, 0]
  static let getStatus: [UInt8] = [0xA1, 3, 0, 0, 0, 0, 6, 0]
  static func dnload(_ block: UInt16, _ length: UInt16) -> [UInt8] {
    [0x21, 1] + le(block) + [0, 0] + le(length)
  }

  /// A board behind the server, on port 1 unless told otherwise.
  static func device(
    _ name: String, _ faults: String..., port: UInt32 = 1
  ) throws -> SimulatedUSBIPDevice {
    let chip = try #require(SimulatedChip.named(name))
    return SimulatedUSBIPDevice(
      SimulatedBoard(chip, faults: try FaultPlan(parsing: faults)), port: port)
  }
}
