/// A bootloader known to speak DfuSe.
public struct KnownDevice: Hashable, Sendable {
  /// Its USB id.
  public var id: USBID
  /// What it is, for people.
  public var name: String

  /// Makes an entry.
  public init(vendorID: UInt16, productID: UInt16, name: String) {
    self.id = USBID(vendorID: vendorID, productID: productID)
    self.name = name
  }
}

extension KnownDevice {
  /// Bootloaders known to speak DfuSe, ST's first.
  ///
  /// Not needed to find a device, since any DfuSe interface will do; needed where ids have to be
  /// known beforehand, as in udev rules. WB32 (342D:DFA0) is left out: it has a protocol of its own.
  public static let all: [KnownDevice] = [
    KnownDevice(vendorID: 0x0483, productID: 0xDF11, name: "STM32 bootloader"),
    KnownDevice(vendorID: 0x28E9, productID: 0x0189, name: "GD32 bootloader"),
    KnownDevice(vendorID: 0x2E3C, productID: 0xDF11, name: "AT32 bootloader"),
    KnownDevice(vendorID: 0x314B, productID: 0x0106, name: "APM32 bootloader"),
    KnownDevice(vendorID: 0x3997, productID: 0xDF11, name: "X32 bootloader"),
    KnownDevice(vendorID: 0x0483, productID: 0xA291, name: "NumWorks calculator"),
    KnownDevice(vendorID: 0x1D50, productID: 0x6017, name: "Black Magic Probe, DFU mode"),
    KnownDevice(vendorID: 0x1D50, productID: 0x607F, name: "Spark Core, DFU mode"),
    KnownDevice(vendorID: 0x2B04, productID: 0xD008, name: "Particle P1, DFU mode"),
  ]
}
