/// Firmware, whatever file it came in: bytes for one or more memories of a board.
///
/// Every command and every user of the library reads files with ``init(reading:name:as:at:)``, and
/// hands this value on: to a flasher, or to ``encoded(allowsRepeats:)``, which makes a DfuSe
/// container of it.
///
/// - SeeAlso: ST UM0391, DfuSe File Format Specification.
public struct Firmware: Hashable, Sendable {
  /// The forms in which firmware comes.
  public enum Format: String, CaseIterable, Hashable, Sendable {
    /// A DfuSe container, which says all.
    case container = "dfuse"
    /// A plain DFU 1.1 file: bytes without an address, and a suffix.
    case plainDFU = "dfu"
    /// Bytes as they are, without an address.
    case raw
    /// Intel HEX.
    case hex
    /// Motorola S-record.
    case srec
    /// ELF, 32 bits, little-endian.
    case elf
  }

  /// What belongs into one memory of a board.
  public struct Target: Hashable, Sendable {
    /// The memory's alternate setting (`bAlternateSetting`); nil: each byte goes to the memory that
    /// has its address.
    public var alternateSetting: UInt8?
    /// Name for people (`szTargetName`), at most 255 bytes of UTF-8; nil when there is none.
    public var name: String?
    /// The pieces of data, in the order of the file.
    public var elements: [ImageElement]

    /// Makes a target.
    public init(alternateSetting: UInt8? = nil, name: String? = nil, elements: [ImageElement]) {
      self.alternateSetting = alternateSetting
      self.name = name
      self.elements = elements
    }
  }

  /// A section of an ELF file that is loaded.
  public struct Section: Hashable, Sendable {
    /// Its name, such as `.data`; empty if the file says none.
    public var name: String
    /// Where its bytes are stored.
    public var range: Range<UInt64>
  }

  /// What the file is; nil where that cannot be told.
  public internal(set) var format: Format?
  /// Release, product and vendor that the firmware is for; nil when the file says none of them.
  public var suffix: DFUSuffix?
  /// The targets, in the order of the file; several may name the same alternate setting.
  public var targets: [Target]
  /// Whether the addresses are known: raw bytes and plain DFU files bring none, and count from 0
  /// until somebody says where they belong.
  public internal(set) var isPlaced = true
  /// Where the program starts, if the file says so.
  ///
  /// The e_entry of an ELF file, the start record of Intel HEX (type 05, or type 03 as CS × 16 +
  /// IP) or the end record of an S-record file. An S-record or ELF address of 0 means none. On a
  /// Cortex-M, bit 0 is set for Thumb code.
  public internal(set) var entryPoint: UInt32?
  /// The processor that an ELF file is for: its e_machine, 40 for ARM, 243 for RISC-V; nil of other
  /// files.
  public internal(set) var machine: UInt16?
  /// The text of the first S0 record, without control characters.
  public internal(set) var header: String?
  /// The sections of an ELF file that are loaded, by the addresses at which their bytes are stored.
  public internal(set) var sections: [Section] = []
  /// Everything odd about the file, in its order.
  public internal(set) var findings: [Finding] = []

  /// Makes firmware; the ids are by default those of ST's bootloaders, 0483:DF11.
  public init(suffix: DFUSuffix? = DFUSuffix(), targets: [Target]) {
    self.suffix = suffix
    self.targets = targets
  }

  /// Makes firmware of an image, for one memory or for those that have its addresses.
  public init(_ image: MemoryImage, alternateSetting: UInt8? = nil) {
    self.init(
      suffix: nil, targets: [Target(alternateSetting: alternateSetting, elements: image.runs)])
  }

  init(_ format: Format, _ image: MemoryImage, _ warnings: [Warning]) {
    self.init(image)
    self.format = format
    findings = warnings.map { Finding($0) }
  }

  /// The elements of all targets, in the order of the file.
  public var elements: [ImageElement] { targets.flatMap(\.elements) }

  /// Bytes of data in all.
  public var byteCount: Int { elements.reduce(0) { $0 + $1.bytes.count } }

  /// All data in one image.
  ///
  /// - Throws: ``FormatError/overlap(new:existing:firstDifference:)`` if two elements differ, as
  ///   those for different memories may.
  public var image: MemoryImage {
    get throws(FormatError) { try MemoryImage(merging: elements) }
  }

  /// Says where the bytes of a file belong that brings no address.
  ///
  /// - Parameter address: Of the first byte.
  /// - Throws: ``FormatError/outsideAddressSpace(address:size:)`` if they end above 0x1_0000_0000.
  public mutating func place(at address: UInt32) throws(FormatError) {
    guard !isPlaced, let bytes = elements.first?.bytes else { return }
    let element = ImageElement(address: address, bytes: bytes)
    try element.checkAddresses()
    targets[0].elements = [element]
    isPlaced = true
  }
}
