/// An alternate setting of a DfuSe interface, and the memory behind it.
public struct AlternateMemory: Hashable, Sendable {
  /// `bAlternateSetting`.
  public var alternateSetting: UInt8
  /// Its memory map, corrected where the device is known to be wrong.
  public var map: MemoryMap

  /// Makes an entry.
  public init(alternateSetting: UInt8, map: MemoryMap) {
    self.alternateSetting = alternateSetting
    self.map = map
  }
}

extension DFUInterface {
  /// The memories of the interface, in the order of its alternate settings.
  ///
  /// Alternate settings whose names are no memory map are left out. Where several have the same
  /// map, as on the G0B1, the first one will do: such devices go by address alone.
  ///
  /// - Parameter identity: The device that has the interface, for ``MemoryMap/corrected(for:siblings:)``.
  /// - Returns: One entry an alternate setting with a map.
  public func memories(of identity: DeviceIdentity) -> [AlternateMemory] {
    let found = alternateSettings.compactMap { setting in
      setting.name.flatMap(MemoryMap.parse).map {
        AlternateMemory(alternateSetting: setting.number, map: $0)
      }
    }
    let siblings = found.map(\.map)
    return found.map { memory in
      AlternateMemory(
        alternateSetting: memory.alternateSetting,
        map: memory.map.corrected(for: identity, siblings: siblings))
    }
  }
}
