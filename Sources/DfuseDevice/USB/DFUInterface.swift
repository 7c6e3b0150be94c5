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
  }

  /// `bConfigurationValue` of the configuration that holds the interface.
  public var configuration: UInt8 = 1
  /// `bInterfaceNumber`, the `wIndex` of class requests.
  public var number: UInt8
  /// Application or bootloader.
  public var mode: Mode
  /// The alternate settings, in the order of the descriptors.
  public var alternateSettings: [AlternateSetting]
  /// The functional descriptor, or nil when the interface has none.
  public var functional: DFUFunctionalDescriptor?
}

/// The DFU functional descriptor: what the device can do and how much fits into one transfer.
///
/// - SeeAlso: DFU 1.1 section 4.1.3, table 4.2.
public struct DFUFunctionalDescriptor: Hashable, Sendable {
  /// Capability bits, as sent.
  public var bmAttributes: UInt8
  /// Milliseconds the device waits for a USB reset after DFU_DETACH.
  public var wDetachTimeOut: UInt16
  /// Most bytes in the data stage of one transfer, as sent; ``BlockNumbering`` says what it means.
  public var wTransferSize: UInt16
  /// DFU version, binary coded decimal; 0x011A says DfuSe.
  ///
  /// 0x0100 where none is stated.
  public var bcdDFUVersion: UInt16
  /// Whether the descriptor has the field `bcdDFUVersion`, which came with DFU 1.1.
  var statesVersion = true

  /// bitCanUpload: the device accepts DFU_UPLOAD, so that memory can be read back.
  public var canUpload: Bool { bmAttributes & 0x02 != 0 }

  /// Whether the version names ST's extension, DfuSe.
  ///
  /// The OPC-20's bootloader sends the version with its bytes swapped; that counts too.
  public var isDfuSe: Bool { bcdDFUVersion == 0x011A || bcdDFUVersion == 0x1A01 }
}

/// Which protocol a DFU interface in DFU mode speaks.
///
/// The difference matters before the first request: to plain DFU, a DfuSe command is firmware, and
/// is written over the program that is there. So a device that nothing says DfuSe of is plain.
public enum DFUProtocol: Hashable, Sendable {
  /// DFU with ST's extension: commands, addresses, memory maps.
  case dfuse
  /// DFU 1.0 or 1.1, in which the first block is the beginning of the firmware.
  case plain
  /// The names of its alternate settings would tell, and could not be read.
  case undecided
}

extension DFUInterface {
  /// Which protocol the interface, found in the device `identity`, speaks.
  ///
  /// In this order: what is known of its ids and release (``KnownDevice``); `bcdDFUVersion` 0x011A;
  /// a functional descriptor without a version, where the name of an alternate setting is a memory
  /// map (clones of ST's ROMs: flashfloppy#462). Anything else is plain DFU, whatever its ids: the
  /// DFU classes of TinyUSB and Zephyr are found under ST's.
  ///
  /// - Parameters:
  ///   - identity: The device that has the interface.
  ///   - namesAreKnown: Whether the device was asked for the names of its alternate settings.
  /// - Returns: The protocol; ``DFUProtocol/undecided`` only for ids under which DfuSe is known.
  public func dfuProtocol(
    on identity: DeviceIdentity, namesAreKnown: Bool = true
  ) -> DFUProtocol {
    let known = KnownDevice.of(identity)
    switch known?.dfuse {
    case .always: return .dfuse
    case .never: return .plain
    case .withMap where hasMemoryMap: return .dfuse
    case .withMap, .asStated, nil: break
    }
    if functional?.isDfuSe == true { return .dfuse }
    let statesVersion = functional?.statesVersion == true
    if !statesVersion, hasMemoryMap { return .dfuse }
    let mayHaveMap = known?.dfuse == .withMap || known != nil && !statesVersion
    return mayHaveMap && !namesAreKnown ? .undecided : .plain
  }

  /// Whether the name of an alternate setting is a memory map with sectors in it.
  private var hasMemoryMap: Bool {
    alternateSettings.contains { setting in
      setting.name.flatMap(MemoryMap.parse)?.segments.isEmpty == false
    }
  }
}
