/// A vendor and product id: what kind of device it is.
public struct USBID: Hashable, Sendable {
  /// `idVendor`.
  public var vendorID: UInt16
  /// `idProduct`.
  public var productID: UInt16

  /// Makes an id pair.
  public init(vendorID: UInt16, productID: UInt16) {
    self.vendorID = vendorID
    self.productID = productID
  }

  /// ST's ROM bootloaders, and many bootloaders made from ST's code.
  public static let stBootloader = USBID(vendorID: 0x0483, productID: 0xDF11)
  /// GigaDevice's ROM bootloaders.
  public static let gd32Bootloader = USBID(vendorID: 0x28E9, productID: 0x0189)
}

extension USBID: CustomStringConvertible {
  /// Four hexadecimal digits each, as `0483:df11`.
  public var description: String { Self.hex(vendorID) + ":" + Self.hex(productID) }

  private static func hex(_ number: UInt16) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 4 - digits.count) + digits
  }
}

extension DeviceIdentity {
  /// The vendor and product id.
  public var usbID: USBID { USBID(vendorID: vendorID, productID: productID) }
}
