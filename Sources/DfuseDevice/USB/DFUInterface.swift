/// One DFU interface of a device, with all its alternate settings.
public struct DFUInterface: Hashable, Sendable {
  /// Whether the device runs its application or its bootloader (`bInterfaceProtocol`).
  public enum Mode: Hashable, Sendable {
    /// Protocol 1: an application that can be asked to enter DFU mode.
    case runTime
    /// Protocol 2: the bootloader.
    case dfu
  }

  /// One alternate setting: in DfuSe, one memory.
  public struct AlternateSetting: Hashable, Sendable {
    /// `bAlternateSetting`.
    public var number: UInt8
    /// The string that `iInterface` points at; in DfuSe the memory map.
    ///
    /// Nil when there is none or it could not be read. Already cut to the bytes that were received.
    public var name: String?

    /// Makes an alternate setting.
    public init(number: UInt8, name: String?) {
      self.number = number
      self.name = name
    }
  }

  /// `bConfigurationValue` of the configuration that holds the interface.
  public var configuration: UInt8
  /// `bInterfaceNumber`, the `wIndex` of class requests.
  public var number: UInt8
  /// Application or bootloader.
  public var mode: Mode
  /// The alternate settings, in the order of the descriptors.
  public var alternateSettings: [AlternateSetting]
  /// The functional descriptor, or nil when the interface has none.
  public var functional: DFUFunctionalDescriptor?

  /// Makes an interface from its facts.
  public init(
    configuration: UInt8 = 1, number: UInt8, mode: Mode, alternateSettings: [AlternateSetting],
    functional: DFUFunctionalDescriptor?
  ) {
    self.configuration = configuration
    self.number = number
    self.mode = mode
    self.alternateSettings = alternateSettings
    self.functional = functional
  }
}
