/// A DfuSe container: firmware for one or more memories of a board, each piece with its address.
///
/// - SeeAlso: ST UM0391, DfuSe File Format Specification.
public struct DfuseContainer: Hashable, Sendable {
  /// What belongs into the memory behind one alternate setting.
  public struct Target: Hashable, Sendable {
    /// The memory's alternate setting (`bAlternateSetting`).
    public var alternateSetting: UInt8
    /// Name for people (`szTargetName`), at most 255 bytes of UTF-8; nil when `bTargetNamed` is 0.
    public var name: String?
    /// The pieces of data, in the order of the file.
    public var elements: [ImageElement]

    /// Makes a target.
    public init(alternateSetting: UInt8, name: String? = nil, elements: [ImageElement]) {
      self.alternateSetting = alternateSetting
      self.name = name
      self.elements = elements
    }
  }

  /// Release of the firmware (`bcdDevice`); 0xFFFF: not said.
  public var deviceVersion: UInt16
  /// Product that the container is for (`idProduct`); 0xFFFF: any.
  public var productID: UInt16
  /// Vendor that the container is for (`idVendor`); 0xFFFF: any.
  public var vendorID: UInt16
  /// The targets, in the order of the file; several may name the same alternate setting.
  public var targets: [Target]

  /// Makes a container; the ids are by default those of ST's bootloaders, 0483:DF11.
  public init(
    deviceVersion: UInt16 = 0xFFFF, productID: UInt16 = 0xDF11, vendorID: UInt16 = 0x0483,
    targets: [Target]
  ) {
    self.deviceVersion = deviceVersion
    self.productID = productID
    self.vendorID = vendorID
    self.targets = targets
  }
}

/// Sizes and signatures of the container's parts.
///
/// - SeeAlso: ST UM0391 section 2.
enum DfuseLayout {
  static let signature = Array("DfuSe".utf8)
  static let version: UInt8 = 1
  static let prefixSize = 11
  static let targetSignature = Array("Target".utf8)
  static let targetPrefixSize = 274
  static let targetNameSize = 255
  static let elementHeaderSize = 8
}
