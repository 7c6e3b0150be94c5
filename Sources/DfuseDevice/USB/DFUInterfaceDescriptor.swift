/// A DFU interface as its descriptors show it, before any string has been read.
public struct DFUInterfaceDescriptor: Hashable, Sendable {
  /// The interface; its alternate settings have no names yet.
  public var interface: DFUInterface
  /// `iInterface` of each alternate setting, in the same order; 0 for none.
  public var stringIndexes: [UInt8]

  /// Makes a descriptor.
  public init(interface: DFUInterface, stringIndexes: [UInt8]) {
    self.interface = interface
    self.stringIndexes = stringIndexes
  }

  /// The interface with the names of its alternate settings.
  ///
  /// - Parameter string: Reads the string at an index that is not 0. It is called for every
  ///   alternate setting in turn, also when two of them share an index.
  /// - Returns: The interface; a name is nil where `string` gave nil or the index is 0.
  public func named(by string: (UInt8) -> String?) -> DFUInterface {
    var named = interface
    for (place, index) in zip(named.alternateSettings.indices, stringIndexes) where index != 0 {
      named.alternateSettings[place].name = string(index)
    }
    return named
  }
}
