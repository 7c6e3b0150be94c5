/// A file of firmware as read: the bytes with their addresses, and what else the file said.
public struct FirmwareImage: Hashable, Sendable {
  /// The form in which the firmware came.
  public var kind: ImageKind
  /// The bytes; never none.
  public var image: MemoryImage
  /// Where the program starts, if the file says so.
  ///
  /// The e_entry of an ELF file, the start record of Intel HEX (type 05, or type 03 as CS × 16 +
  /// IP) or the end record of an S-record file. An S-record or ELF address of 0 means none. On a
  /// Cortex-M, bit 0 is set for Thumb code.
  public var entryPoint: UInt32?
  /// The text of the first S0 record, without control characters.
  public var header: String?
  /// The sections of an ELF file that are loaded, by the addresses at which their bytes are stored.
  public var sections: [Section] = []

  /// A section of an ELF file.
  public struct Section: Hashable, Sendable {
    /// Its name, such as `.data`; empty if the file says none.
    public var name: String
    /// Where its bytes are stored.
    public var range: Range<UInt64>
  }

  /// What is odd but no error.
  public var warnings: [ImageWarning]

  /// Makes an image.
  public init(
    kind: ImageKind, image: MemoryImage, entryPoint: UInt32? = nil, header: String? = nil,
    warnings: [ImageWarning] = []
  ) {
    self.kind = kind
    self.image = image
    self.entryPoint = entryPoint
    self.header = header
    self.warnings = warnings
  }

  /// Reads a file of a known form.
  ///
  /// - Parameters:
  ///   - bytes: The whole file.
  ///   - kind: Its form; see ``FileContent``.
  ///   - rawAddress: Where raw bytes belong; the other forms bring their own addresses.
  /// - Returns: The firmware.
  /// - Throws: What the form's own parser throws.
  public static func read(
    _ bytes: [UInt8], kind: ImageKind, rawAddress: UInt32
  ) throws(FormatError) -> FirmwareImage {
    switch kind {
    case .raw: try RawBinary.parse(bytes, at: rawAddress)
    case .hex: try IntelHex.parse(bytes)
    case .srec: try SRecord.parse(bytes)
    case .elf: try ELFImage.parse(bytes)
    }
  }
}
