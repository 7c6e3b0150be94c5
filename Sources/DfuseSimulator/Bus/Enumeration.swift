import DfuseDevice

/// What a host learns of a board when it is plugged in.
///
/// The board's raw descriptors go through the host's own parser, as with real boards.
struct Enumeration {
  /// Asked on a copy without faults, so that looking at a board changes nothing on it.
  private var board: SimulatedBoard

  init(of board: SimulatedBoard) {
    self.board = board
    self.board.recordsTransfers = false
    self.board.model.faults = FaultPlan()
    self.board.model.silentUntil = .zero
  }

  /// Identity and DFU interfaces of the board, as its bootloader or as its firmware's device.
  ///
  /// - Throws: ``USBError/badDescriptor(reason:)`` when the descriptors make no sense.
  mutating func listing(
    path: String, address: UInt8, generation: UInt64
  ) throws(USBError) -> USBDeviceListing {
    let device = try DeviceDescriptor.parse(descriptor(0x0100, length: 18))
    let interfaces = try ConfigurationDescriptor.dfuInterfaces(
      in: descriptor(0x0200, length: 0xFFFF))
    let serial = descriptor(0x0300 | UInt16(device.serialNumberIndex), length: 255)
    let identity = DeviceIdentity(
      vendorID: device.vendorID, productID: device.productID, bcdDevice: device.bcdDevice,
      path: path, address: address,
      generation: generation,
      serialNumber: StringDescriptor.decodeSerial(
        serial, vendorID: device.vendorID, productID: device.productID),
      manufacturer: text(device.manufacturerIndex), product: text(device.productIndex))
    var named: [DFUInterface] = []
    for interface in interfaces { named.append(interface.named { text($0) }) }
    return USBDeviceListing(identity: identity, interfaces: named)
  }

  private mutating func text(_ index: UInt8) -> String? {
    StringDescriptor.decode(descriptor(0x0300 | UInt16(index), length: 255))
  }

  /// The bytes of a descriptor, or none when the board has no such descriptor.
  ///
  /// `wValue` is its type in the high byte, its index in the low one.
  mutating func descriptor(_ wValue: UInt16, length: UInt16) -> [UInt8] {
    let language: [UInt8] = wValue >> 8 == 3 ? [0x09, 0x04] : [0, 0]
    let setup: [UInt8] =
      [0x80, 0x06, UInt8(wValue & 0xFF), UInt8(wValue >> 8)] + language
      + [UInt8(length & 0xFF), UInt8(length >> 8)]
    guard case .data(let bytes) = board.handle(setup: setup, at: .zero).answer else { return [] }
    return bytes
  }
}
