/// Finds the DFU interfaces in a configuration descriptor.
///
/// The DFU functional descriptor is taken from the configuration, never asked for alone: the ROM
/// of the STM32C5 does not answer GET_DESCRIPTOR(0x21) (betaflight-configurator#5300).
///
/// - SeeAlso: USB 2.0 section 9.6.3; DFU 1.1 sections 4.1 and 4.2.
public enum ConfigurationDescriptor {
  /// The DFU interfaces of a configuration, in the order of the descriptors.
  ///
  /// Names of alternate settings are not known yet; ``DFUInterfaceDescriptor/stringIndexes`` says
  /// where they are. A truncated or impossible descriptor ends the search; what was found stays.
  ///
  /// - Parameter bytes: The whole configuration, `wTotalLength` bytes from its own header on.
  /// - Returns: One entry an interface of class FE/01; none when the device has no DFU.
  /// - Throws: ``USBError/badDescriptor(reason:)`` when the header is not one.
  public static func dfuInterfaces(
    in bytes: [UInt8]
  ) throws(USBError) -> [DFUInterfaceDescriptor] {
    guard bytes.count >= 9, bytes[0] >= 9 else {
      throw .badDescriptor(reason: "the configuration descriptor ends in its header")
    }
    guard bytes[1] == DescriptorType.configuration else {
      throw .badDescriptor(
        reason: "type \(bytes[1]) stands where the configuration descriptor should be")
    }
    var found: [Candidate] = []
    // The interface whose descriptors are being read; nil within one that is not for DFU.
    var current: Int?
    for descriptor in DescriptorWalk(bytes[...]) {
      switch descriptor.field8(1) {
      case DescriptorType.interface where descriptor.count >= 9:
        current = add(descriptor, to: &found)
      case DescriptorType.interface:
        current = nil
      case DescriptorType.dfuFunctional where descriptor.count >= 7:
        if let current, found[current].functional == nil {
          found[current].functional = functional(descriptor)
        }
      default:
        break
      }
    }
    let configuration = bytes[5]
    return found.compactMap { $0.descriptor(configuration: configuration) }
  }

  /// One FE/01 interface while its descriptors are being collected.
  private struct Candidate {
    var number: UInt8
    var protocolCode: UInt8
    var alternates: [(number: UInt8, stringIndex: UInt8)] = []
    var functional: DFUFunctionalDescriptor?

    /// The finished interface, or nil when its protocol is none of DFU's.
    func descriptor(configuration: UInt8) -> DFUInterfaceDescriptor? {
      let mode: DFUInterface.Mode
      switch protocolCode {
      case 1: mode = .runTime
      case 2: mode = .dfu
      // The DSO Nano's bootloader leaves the protocol 0 and says DfuSe in its version.
      case 0 where functional?.isDfuSe == true: mode = .dfu
      default: return nil
      }
      let interface = DFUInterface(
        configuration: configuration, number: number, mode: mode,
        alternateSettings: alternates.map { .init(number: $0.number, name: nil) },
        functional: functional)
      return DFUInterfaceDescriptor(
        interface: interface, stringIndexes: alternates.map(\.stringIndex))
    }
  }

  /// Adds an interface descriptor if it is of class FE/01.
  ///
  /// - Returns: The place of its interface in `found`, or nil when it is of another class.
  private static func add(_ descriptor: ArraySlice<UInt8>, to found: inout [Candidate]) -> Int? {
    guard descriptor.field8(5) == 0xFE, descriptor.field8(6) == 0x01 else { return nil }
    let number = descriptor.field8(2)
    let protocolCode = descriptor.field8(7)
    let known = found.firstIndex { $0.number == number && $0.protocolCode == protocolCode }
    let place = known ?? found.count
    if known == nil { found.append(Candidate(number: number, protocolCode: protocolCode)) }
    let alternate = descriptor.field8(3)
    if !found[place].alternates.contains(where: { $0.number == alternate }) {
      found[place].alternates.append((alternate, descriptor.field8(8)))
    }
    return place
  }

  /// The functional descriptor; without `bcdDFUVersion`, which came with DFU 1.1, it is DFU 1.0.
  private static func functional(_ descriptor: ArraySlice<UInt8>) -> DFUFunctionalDescriptor {
    DFUFunctionalDescriptor(
      bmAttributes: descriptor.field8(2), wDetachTimeOut: descriptor.field16(3),
      wTransferSize: descriptor.field16(5),
      bcdDFUVersion: descriptor.count >= 9 ? descriptor.field16(7) : 0x0100,
      statesVersion: descriptor.count >= 9)
  }
}

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
