import DfuseFormat

/// An open device with one claimed DFU interface: control transfers, and the time they take.
///
/// There is no policy here: no retry, no state. Not safe for use from several threads at once.
public protocol USBTransport: ControlLink {
  /// The board at the other end, as the bus found it.
  var board: Board { get }

  /// Selects an alternate setting of the claimed interface (SET_INTERFACE).
  func selectAlternateSetting(_ number: UInt8) throws(USBError)

  /// Watches the port, and says what became of the device.
  ///
  /// Returns as soon as the device has been replaced.
  ///
  /// - Parameters:
  ///   - limit: How long at most.
  ///   - away: How long something that has left is given to come back, within `limit`.
  /// - Returns: What was seen.
  func watchPort(for limit: Duration, away: Duration) -> PortSighting

  /// Reads a string descriptor in the device's first language; nil when there is none.
  func string(at index: UInt8) -> String?
}

extension USBTransport {
  /// The device at the other end.
  public var identity: DeviceIdentity { board.identity }
  /// The claimed interface.
  public var interface: DFUInterface { board.interface }

  /// By the request SET_INTERFACE (USB 2.0 section 9.4.10), where no operating system keeps count of
  /// what was chosen.
  public func selectAlternateSetting(_ number: UInt8) throws(USBError) {
    let request = ControlRequest(
      bmRequestType: 0x01, bRequest: 0x0B, wValue: UInt16(number),
      wIndex: UInt16(interface.number))
    try controlOut(request, data: [], timeout: .seconds(1))
  }

  /// By the request GET_DESCRIPTOR (USB 2.0 section 9.4.3).
  public func string(at index: UInt8) -> String? {
    guard index != 0 else { return nil }
    let language = StringDescriptor.language(stringDescriptor(0, language: 0) ?? [])
    return stringDescriptor(index, language: language).flatMap { StringDescriptor.decode($0) }
  }

  private func stringDescriptor(_ index: UInt8, language: UInt16) -> [UInt8]? {
    try? controlIn(.string(at: index, language: language), length: 255, timeout: .seconds(1))
  }
}

/// What was seen on the port of a device that was told to leave.
public enum PortSighting: Hashable, Sendable {
  /// The same device is still there, in its bootloader.
  case stillThere
  /// The port is empty.
  case gone
  /// Another device, or the same one newly enumerated, is on the port.
  case returned(DeviceIdentity)
}

/// The SETUP fields of a USB control transfer, without its data stage.
///
/// The direction is the top bit of ``bmRequestType`` and must fit the transport's method that is
/// called with it. `wLength` is the length of the data, or the length asked for.
///
/// - SeeAlso: USB 2.0 section 9.3.
public struct ControlRequest: Hashable, Sendable {
  /// Direction, type and recipient: 0x21 is class, interface, host to device; 0xA1 the way back.
  public var bmRequestType: UInt8
  /// The request's number.
  public var bRequest: UInt8
  /// First parameter; the block number in DFU_DNLOAD and DFU_UPLOAD.
  public var wValue: UInt16
  /// Second parameter; the interface number in class requests to an interface.
  public var wIndex: UInt16

  /// Makes a request from its four SETUP fields.
  public init(bmRequestType: UInt8, bRequest: UInt8, wValue: UInt16, wIndex: UInt16) {
    self.bmRequestType = bmRequestType
    self.bRequest = bRequest
    self.wValue = wValue
    self.wIndex = wIndex
  }

  /// GET_DESCRIPTOR for a string: USB 2.0 section 9.4.3.
  static func string(at index: UInt8, language: UInt16) -> ControlRequest {
    ControlRequest(
      bmRequestType: 0x80, bRequest: 6,
      wValue: UInt16(DescriptorType.string) << 8 | UInt16(index), wIndex: language)
  }

  /// The eight bytes of the SETUP stage, for a data stage of so many bytes.
  public func setup(length: UInt16) -> [UInt8] {
    [bmRequestType, bRequest] + [wValue, wIndex, length].flatMap { littleEndian($0) }
  }

  /// Whether the data stage, if there is one, goes from the device to the host.
  public var isIn: Bool { bmRequestType & 0x80 != 0 }
}

/// What can go wrong below the DFU protocol: on the bus, in the operating system, in libusb.
public enum USBError: Error, Hashable, Sendable {
  /// The device refused the request (libusb `LIBUSB_ERROR_PIPE`).
  case stall
  /// No answer within the time allowed (libusb `LIBUSB_ERROR_TIMEOUT`).
  case timedOut
  /// It was cut off because the work is to stop (libusb `LIBUSB_TRANSFER_CANCELLED`).
  case cancelled
  /// The device left the bus, or was never there (libusb `LIBUSB_ERROR_NO_DEVICE`,
  /// `LIBUSB_ERROR_NOT_FOUND` on an open device).
  case disconnected
  /// The operating system lets this user not open the device (libusb `LIBUSB_ERROR_ACCESS`).
  case accessDenied
  /// Another program or driver holds the interface (libusb `LIBUSB_ERROR_BUSY`).
  case busy
  /// No driver that libusb can use is bound to the device (libusb `LIBUSB_ERROR_NOT_SUPPORTED`).
  case noDriver
  /// The device sent more than was asked for (libusb `LIBUSB_ERROR_OVERFLOW`).
  case overflow
  /// The kernel has the device, but there is no node to open it by, as in a container to which only
  /// other nodes were passed.
  case noNode
  /// There is no USB on this machine: no bus, or libusb could not start.
  case noBus
  /// The device's descriptors cannot be understood.
  case badDescriptor(reason: String)
  /// Any other libusb failure: the function, its code, and libusb's name for the code.
  case other(call: String, code: Int32, name: String)
}

extension USBError: CustomStringConvertible {
  /// What happened, in one sentence without a full stop.
  public var description: String {
    switch self {
    case .stall: "the device refused the request"
    case .timedOut: "the device did not answer in time"
    case .cancelled: "it was cut off, since the work is to stop"
    case .disconnected: "the device left the bus"
    case .accessDenied: "this user may not open the device"
    case .busy: "another program or driver holds the interface"
    case .noDriver: "no driver that can be used is bound to the device"
    case .noNode: "the device has no node in /dev/bus/usb"
    case .overflow: "the device sent more than was asked for"
    case .noBus: "there is no USB on this machine"
    case .badDescriptor(let reason): "the device's descriptors cannot be understood: \(reason)"
    case .other(let call, let code, let name): "\(call) returned \(name) (\(code))"
    }
  }
}

/// How long control transfers occupy a full-speed bus, apart from the device's own time.
///
/// SETUP and status stage cost a quarter of a frame together; of the data stage's packets of 64
/// bytes some 16 fit into a frame of 1 ms, where USB 2.0 table 5-7 has room for 19 bulk packets.
package enum WireTime {
  /// The time for a number of transfers that carry a number of bytes in all.
  package static func of(transfers: UInt64 = 1, bytes: UInt64) -> Duration {
    .microseconds(250) * Int(clamping: transfers)
      + .microseconds(60) * Int(clamping: (bytes + 63) / 64)
  }
}

/// Where devices are found and opened: libusb's view of the machine, or simulated boards.
public protocol USBBus: Sendable {
  /// Every device that has a DFU interface in either mode, in the order of their paths.
  ///
  /// A device that cannot be opened is listed too, with the reason.
  /// - Throws: ``USBError/noBus`` when there is no USB at all.
  func devices() throws(USBError) -> [USBDeviceListing]

  /// Opens a board and claims its interface.
  ///
  /// - Throws: ``USBError/disconnected`` when it is not the one that is plugged in there now.
  func open(_ board: Board) throws(USBError) -> any USBTransport

  /// Waits until a device has come or gone, or until `limit` has passed.
  ///
  /// - Returns: Whether something may have changed; asking ``devices()`` tells what.
  func waitForChange(limit: Duration) -> Bool

  /// The bus's time, since some fixed moment: a simulated bus has a clock of its own.
  var now: Duration { get }

  /// All that is on the bus, boards or not, for those who want to know why no board is; nil where
  /// the bus does not show that.
  func surroundings() -> BusSurroundings?

  /// Every device but hubs, whatever it runs, in the order of their paths; no device is opened.
  ///
  /// - Throws: ``USBError/noBus`` when there is no USB at all.
  func pluggedDevices() throws(USBError) -> [PluggedDevice]

  /// Opens a device for control transfers.
  ///
  /// - Parameters:
  ///   - device: Which; only this plug-in of it.
  ///   - interface: An interface to claim, for class requests to it; nil for none.
  /// - Returns: A link that lasts as long as the object.
  /// - Throws: ``USBError/disconnected`` when it is not the one that is plugged in there now.
  func openControl(
    _ device: PluggedDevice, claiming interface: UInt8?
  ) throws(USBError) -> any ControlLink

  /// Opens a serial port of a device, for this program alone.
  ///
  /// - Parameters:
  ///   - device: Which; only this plug-in of it.
  ///   - interface: The port's control interface.
  /// - Returns: The port, open.
  /// - Throws: ``SerialError``.
  func openSerial(_ device: PluggedDevice, interface: UInt8) throws(SerialError) -> any SerialLink
}

extension USBBus {
  /// Nothing: a bus need not know more than its DFU devices.
  public func surroundings() -> BusSurroundings? { nil }

  /// None: a bus need not know more than its DFU devices.
  public func pluggedDevices() throws(USBError) -> [PluggedDevice] { [] }

  /// Not possible on a bus that shows no such devices.
  public func openControl(
    _ device: PluggedDevice, claiming interface: UInt8?
  ) throws(USBError) -> any ControlLink { throw .noDriver }

  /// Not possible on a bus that shows no such devices.
  public func openSerial(
    _ device: PluggedDevice, interface: UInt8
  ) throws(SerialError) -> any SerialLink { throw .noPort(nil) }
}

/// One DFU-capable device as found on a bus.
public struct USBDeviceListing: Hashable, Sendable {
  /// Which device, and where.
  public let identity: DeviceIdentity
  /// Its DFU interfaces; names of alternate settings are nil when ``openError`` is set.
  public let interfaces: [DFUInterface]
  /// Why the device could not be opened, or nil.
  public let openError: USBError?
  /// The board it is, if it is in DFU mode: its first interface that speaks DfuSe, else its first.
  ///
  /// It need not speak DfuSe: ``Board/dfuProtocol`` says.
  public let board: Board?

  /// Makes a listing, and the board in it.
  public init(identity: DeviceIdentity, interfaces: [DFUInterface], openError: USBError? = nil) {
    self.identity = identity
    self.interfaces = interfaces
    self.openError = openError
    let boards = interfaces.filter { $0.mode == .dfu }.map {
      Board(identity: identity, interface: $0, namesAreKnown: openError == nil)
    }
    board = boards.first { $0.dfuProtocol != .plain } ?? boards.first
  }

  /// Makes a listing of a device's descriptors, as they are on the wire.
  ///
  /// - Parameters:
  ///   - device: The device descriptor (USB 2.0 table 9-8).
  ///   - configuration: The configuration descriptor with all that belongs to it, `wTotalLength` bytes.
  ///   - path: Where the device is; `BUS-PORT[.PORT]…` for a USB port, any other name where there is none.
  ///   - address: Its address on the bus.
  ///   - generation: Which plug-in at this port, another number each time.
  ///   - openError: Why it could not be opened; it is asked for no strings then.
  ///   - string: The string descriptor with an index in the device's first language, header included;
  ///     nil where there is none. Memory maps are strings.
  /// - Throws: ``USBError/badDescriptor(reason:)`` when the descriptors make no sense.
  public init(
    device: [UInt8], configuration: [UInt8], path: String, address: UInt8 = 0,
    generation: UInt64 = 1, openError: USBError? = nil, string: (UInt8) -> [UInt8]?
  ) throws(USBError) {
    let device = try DeviceDescriptor.parse(device)
    let interfaces = try ConfigurationDescriptor.dfuInterfaces(in: configuration)
    func bytes(_ index: UInt8) -> [UInt8] {
      index == 0 || openError != nil ? [] : string(index) ?? []
    }
    func text(_ index: UInt8) -> String? { StringDescriptor.decode(bytes(index)) }
    let identity = DeviceIdentity(
      vendorID: device.vendorID, productID: device.productID, bcdDevice: device.bcdDevice,
      path: path, address: address, generation: generation,
      serialNumber: StringDescriptor.decodeSerial(
        bytes(device.serialNumberIndex), vendorID: device.vendorID, productID: device.productID),
      manufacturer: text(device.manufacturerIndex), product: text(device.productIndex))
    self.init(
      identity: identity, interfaces: interfaces.map { interface in interface.named { text($0) } },
      openError: openError)
  }
}
