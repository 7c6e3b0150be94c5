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

  /// Whether the interface, found in the device `identity`, is known to speak DfuSe.
  public func speaksDfuSe(on identity: DeviceIdentity) -> Bool {
    dfuProtocol(on: identity) == .dfuse
  }

  /// Whether the name of an alternate setting is a memory map with sectors in it.
  private var hasMemoryMap: Bool {
    alternateSettings.contains { setting in
      setting.name.flatMap(MemoryMap.parse)?.segments.isEmpty == false
    }
  }
}
