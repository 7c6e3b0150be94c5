import DfuseFormat

/// Which device this is, and where it is plugged in.
///
/// The port path, not the serial number, tells boards apart: many STM32 ROMs share one serial
/// number. A path stays the same while a board leaves the bus and comes back.
public struct DeviceIdentity: Hashable, Sendable {
  /// USB vendor id (`idVendor`).
  public var vendorID: UInt16
  /// USB product id (`idProduct`).
  public var productID: UInt16
  /// Device release, binary coded decimal (`bcdDevice`); on ST ROMs the DFU protocol version.
  public var bcdDevice: UInt16
  /// Bus and port numbers as the kernel writes them, `BUS-PORT[.PORT]…`, for example `1-1.3`.
  public var path: String
  /// The device's address on its bus, 1 to 127; addresses come again.
  public var address: UInt8
  /// Tells one plug-in at a port from the next: another number each time; 0 when nobody knows.
  public var generation: UInt64
  /// Serial number as the device sends it, or nil when it has none or could not be asked.
  public var serialNumber: String?
  /// Manufacturer string, or nil.
  public var manufacturer: String?
  /// Product string, or nil.
  public var product: String?

  /// Makes an identity from its facts.
  public init(
    vendorID: UInt16, productID: UInt16, bcdDevice: UInt16, path: String, address: UInt8,
    generation: UInt64 = 0, serialNumber: String? = nil, manufacturer: String? = nil,
    product: String? = nil
  ) {
    self.vendorID = vendorID
    self.productID = productID
    self.bcdDevice = bcdDevice
    self.path = path
    self.address = address
    self.generation = generation
    self.serialNumber = serialNumber
    self.manufacturer = manufacturer
    self.product = product
  }

  /// A port, and one plug-in there.
  ///
  /// Two sightings of a device are the same plug-in exactly if their places are equal, whatever
  /// is known of its strings.
  public struct Place: Hashable, Sendable {
    /// The port path.
    public var path: String
    /// Which plug-in at this port.
    public var generation: UInt64
  }

  /// Where the device is, and since which plug-in.
  public var place: Place { Place(path: path, generation: generation) }
}

extension DeviceIdentity {
  /// Serial numbers that many boards have: an unprogrammed unique id (STM32F072), and constants of
  /// bootloaders (STM32F107, H743, GD32, AT32, APM32).
  private static let sharedSerialNumbers: Set<String> = [
    "FFFFFFFEFFFF", "000000000000", "STM32", "200364500000", "AT32", "00000000010C",
    "STM32FxSTM32",
  ]

  /// The serial number, if it can belong to this device alone; nil where many have the same, or none.
  public var ownSerialNumber: String? {
    serialNumber.flatMap { Self.isShared($0) ? nil : $0 }
  }

  /// Whether many devices have a serial number.
  static func isShared(_ serialNumber: String) -> Bool {
    // GD32 sends four letters for its size.
    sharedSerialNumbers.contains(serialNumber) || serialNumber.utf8.count <= 4
  }
}

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
  public var description: String { vendorID.hexDigits() + ":" + productID.hexDigits() }
}

extension DeviceIdentity {
  /// The vendor and product id.
  public var usbID: USBID { USBID(vendorID: vendorID, productID: productID) }
}

extension USBID {
  /// The ids, `any` for 0xFFFF, as a file has them that is for more than one device.
  package var orAny: String {
    let parts = description.split(separator: ":").map { $0 == "ffff" ? "any" : String($0) }
    return parts.joined(separator: ":")
  }
}

extension DeviceIdentity {
  /// The device in a sentence: `0483:df11 at 1-1`.
  var idAndPath: String { "\(usbID) at \(path)" }
}

/// The ids that devices may have: one product, or all of a vendor's.
public struct USBIDPattern: Hashable, Sendable {
  /// `idVendor`.
  public var vendorID: UInt16
  /// `idProduct`; nil for any.
  public var productID: UInt16?

  /// Makes a pattern.
  public init(vendorID: UInt16, productID: UInt16?) {
    self.vendorID = vendorID
    self.productID = productID
  }

  /// The pattern that one id pair fits.
  public init(_ id: USBID) { self.init(vendorID: id.vendorID, productID: id.productID) }

  /// Whether a device with these ids is meant.
  public func fits(_ id: USBID) -> Bool {
    id.vendorID == vendorID && (productID ?? id.productID) == id.productID
  }
}

extension USBIDPattern: CustomStringConvertible {
  /// As it is typed: `0483:df11`, or `0483:` for any product.
  public var description: String { vendorID.hexDigits() + ":" + (productID?.hexDigits() ?? "") }
}

/// A port path taken apart, so that paths sort as people count: `1-2` before `1-10`.
struct PortPath: Comparable {
  /// The bus, then one port number a hub.
  var numbers: [Int]

  /// Takes `BUS-PORT[.PORT]…` apart; what is no number counts as 0.
  init(_ path: String) {
    numbers = path.split { $0 == "-" || $0 == "." }.map { Int($0) ?? 0 }
  }

  static func < (left: PortPath, right: PortPath) -> Bool {
    left.numbers.lexicographicallyPrecedes(right.numbers)
  }
}

/// The path of a device as the Linux kernel writes it: `BUS-PORT[.PORT]…`, or `usbBUS` for a root
/// hub, which is behind no port.
func portPath(bus: UInt8, ports: [UInt8]) -> String {
  ports.isEmpty ? "usb\(bus)" : "\(bus)-" + ports.map(String.init).joined(separator: ".")
}
