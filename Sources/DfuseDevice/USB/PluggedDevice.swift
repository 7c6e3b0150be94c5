/// A device as its descriptors show it, whatever it runs; nothing is opened for it.
public struct PluggedDevice: Hashable, Sendable {
  /// Which device, and where; its strings as far as the operating system has read them.
  public var identity: DeviceIdentity
  /// The interfaces of the active configuration, in the order of the descriptors.
  public var interfaces: [USBInterface]

  /// Puts a device together from its facts.
  public init(identity: DeviceIdentity, interfaces: [USBInterface]) {
    self.identity = identity
    self.interfaces = interfaces
  }

  /// The interfaces that are serial ports by the Communications Device Class.
  public var serialPorts: [USBInterface] { interfaces.filter(\.isSerialPort) }

  /// Whether it has a DFU interface in DFU mode; the DSO Nano's bootloader leaves the protocol 0.
  public var isInBootloader: Bool {
    interfaces.contains { interface in
      let code = interface.code
      return code.classCode == 0xFE && code.subclass == 0x01
        && (code.protocolCode == 2 || code.protocolCode == 0)
    }
  }

  /// The interface of a running firmware that can be asked to enter DFU mode.
  public var dfuRunTime: USBInterface? {
    interfaces.first { $0.code == .dfuRunTime }
  }
}

/// One interface of a device, as far as its descriptors tell what it is for.
public struct USBInterface: Hashable, Sendable {
  /// Class, subclass and protocol.
  public struct Code: Hashable, Sendable {
    /// `bInterfaceClass`.
    public var classCode: UInt8
    /// `bInterfaceSubClass`.
    public var subclass: UInt8
    /// `bInterfaceProtocol`.
    public var protocolCode: UInt8

    /// Puts the three together.
    public init(_ classCode: UInt8, _ subclass: UInt8, _ protocolCode: UInt8) {
      self.classCode = classCode
      self.subclass = subclass
      self.protocolCode = protocolCode
    }

    /// A firmware that can enter DFU mode: DFU 1.1 section 4.1.2.
    public static let dfuRunTime = Code(0xFE, 0x01, 0x01)
  }

  /// `bInterfaceNumber`.
  public var number: UInt8
  /// What the first alternate setting is for.
  public var code: Code
  /// The functional descriptor of a DFU interface.
  public var functional: DFUFunctionalDescriptor?
  /// The interface that carries the data of a serial port.
  public var dataInterface: UInt8?
  /// The bulk endpoints of this interface: `bEndpointAddress`, the top bit set for those that send.
  public var bulkEndpoints: [UInt8]

  /// Puts an interface together from its facts.
  public init(
    number: UInt8, code: Code, functional: DFUFunctionalDescriptor? = nil,
    dataInterface: UInt8? = nil, bulkEndpoints: [UInt8] = []
  ) {
    self.number = number
    self.code = code
    self.functional = functional
    self.dataInterface = dataInterface
    self.bulkEndpoints = bulkEndpoints
  }

  /// Whether it is the control interface of a serial port: CDC 1.2 table 4, abstract control model.
  public var isSerialPort: Bool { code.classCode == 0x02 && code.subclass == 0x02 }
}
