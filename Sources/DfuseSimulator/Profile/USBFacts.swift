/// What a bootloader says about itself during enumeration.
package struct USBFacts: Hashable, Sendable {
  /// `idVendor`.
  package var vendorID: UInt16
  /// `idProduct`.
  package var productID: UInt16
  /// `bcdDevice`: on V2.x ROMs the version of the DFU protocol.
  package var bcdDevice: UInt16
  /// `iManufacturer`'s text.
  package var manufacturer: String
  /// `iProduct`'s text.
  package var product: String
  /// `iSerialNumber`'s text: from a log where there is one, else made up in the same form.
  package var serial: String
  /// Whether every board of this kind has the same serial number.
  package var serialIsConstant: Bool
  /// The texts of the alternate settings in their order: the memory map strings.
  package var maps: [String]
  /// DFU `bmAttributes`.
  package var attributes: UInt8
  /// DFU `wDetachTimeOut`, milliseconds.
  package var detachTimeOut: UInt16
  /// DFU `wTransferSize`.
  package var transferSize: UInt16
  /// DFU `bcdDFUVersion`.
  package var bcdDFUVersion: UInt16

  /// Makes a set of facts; what is left out is as in most ST ROMs.
  ///
  /// 0x0B, 255 ms and 0x011A were seen in every ST ROM's descriptor dump and agree with AN3156.
  package init(
    vendorID: UInt16 = 0x0483, productID: UInt16 = 0xDF11, bcdDevice: UInt16,
    manufacturer: String = "STMicroelectronics", product: String = "STM32  BOOTLOADER",
    serial: String, serialIsConstant: Bool = false, maps: [String], attributes: UInt8 = 0x0B,
    detachTimeOut: UInt16 = 255, transferSize: UInt16 = 2048, bcdDFUVersion: UInt16 = 0x011A
  ) {
    self.vendorID = vendorID
    self.productID = productID
    self.bcdDevice = bcdDevice
    self.manufacturer = manufacturer
    self.product = product
    self.serial = serial
    self.serialIsConstant = serialIsConstant
    self.maps = maps
    self.attributes = attributes
    self.detachTimeOut = detachTimeOut
    self.transferSize = transferSize
    self.bcdDFUVersion = bcdDFUVersion
  }
}
