/// The DFU functional descriptor: what the device can do and how much fits into one transfer.
///
/// - SeeAlso: DFU 1.1 section 4.1.3, table 4.2.
public struct DFUFunctionalDescriptor: Hashable, Sendable {
  /// Capability bits, as sent.
  public var bmAttributes: UInt8
  /// Milliseconds the device waits for a USB reset after DFU_DETACH.
  public var wDetachTimeOut: UInt16
  /// Most bytes in the data stage of one transfer, as sent; ``blocks(unit:)`` says what it means.
  public var wTransferSize: UInt16
  /// DFU version, binary coded decimal; 0x011A says DfuSe.
  ///
  /// 0x0100 where none is stated.
  public var bcdDFUVersion: UInt16
  /// Whether the descriptor has the field `bcdDFUVersion`, which came with DFU 1.1.
  public var statesVersion: Bool

  /// Makes a descriptor from its fields; 0x0100 counts as no version unless it is stated.
  public init(
    bmAttributes: UInt8, wDetachTimeOut: UInt16, wTransferSize: UInt16, bcdDFUVersion: UInt16,
    statesVersion: Bool? = nil
  ) {
    self.bmAttributes = bmAttributes
    self.wDetachTimeOut = wDetachTimeOut
    self.wTransferSize = wTransferSize
    self.bcdDFUVersion = bcdDFUVersion
    self.statesVersion = statesVersion ?? (bcdDFUVersion != 0x0100)
  }

  /// bitCanDnload: the device accepts DFU_DNLOAD.
  public var canDownload: Bool { bmAttributes & 0x01 != 0 }
  /// bitCanUpload: the device accepts DFU_UPLOAD, so that memory can be read back.
  public var canUpload: Bool { bmAttributes & 0x02 != 0 }
  /// bitManifestationTolerant: the device still talks after manifestation.
  public var isManifestationTolerant: Bool { bmAttributes & 0x04 != 0 }
  /// bitWillDetach: the device leaves the bus by itself on DFU_DETACH.
  public var willDetach: Bool { bmAttributes & 0x08 != 0 }

  /// Whether the version names ST's extension, DfuSe.
  ///
  /// The OPC-20's bootloader sends the version with its bytes swapped; that counts too.
  public var isDfuSe: Bool { bcdDFUVersion == 0x011A || bcdDFUVersion == 0x1A01 }
}
