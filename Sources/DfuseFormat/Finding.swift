extension Firmware {
  /// Something odd about a file.
  public struct Finding: Hashable, Sendable {
    /// How much it matters.
    public enum Detail: Hashable, Sendable {
      /// The data cannot be trusted.
      case error(FormatError)
      /// A reader can live with it.
      case warning(Warning)
    }

    /// Offset from the start of a DFU file at which it was found; nil for the other forms.
    public var offset: Int?
    /// What it is.
    public var detail: Detail

    init(_ error: FormatError, at offset: Int? = nil) {
      (self.offset, detail) = (offset, .error(error))
    }

    init(_ warning: Warning, at offset: Int? = nil) {
      (self.offset, detail) = (offset, .warning(warning))
    }

    /// The error, or nil when this is a warning.
    public var error: FormatError? {
      if case .error(let error) = detail { error } else { nil }
    }
  }

  /// The first finding that makes the data untrustworthy, or nil.
  public var firstError: FormatError? { findings.lazy.compactMap(\.error).first }

  /// What is odd about a file, and a reader can live with.
  ///
  /// `target` and `element` count from 0 in the order of the file.
  public enum Warning: Hashable, Sendable {
    /// `DFUImageSize` is not the file's length less the suffix.
    case imageSize(stored: UInt32, expected: UInt64, habit: ImageSizeHabit?)
    /// `dwTargetSize` is not what the target's elements add up to.
    case targetSize(target: Int, stored: UInt32, actual: UInt64)
    /// `bTargets` is 0.
    case noTargets
    /// `dwNbElements` is 0.
    case noElements(target: Int)
    /// `dwElementSize` is 0.
    case emptyElement(target: Int, element: Int)
    /// `bTargetNamed` is neither 0 nor 1.
    case namedFlag(target: Int, stored: UInt32)
    /// `bTargetNamed` is 0, yet there is text in `szTargetName`.
    case nameOfUnnamed(target: Int)
    /// `szTargetName` has no NUL at its end.
    case nameWithoutNUL(target: Int)
    /// There are other bytes than NUL behind the first NUL of `szTargetName`.
    case junkBehindName(target: Int)
    /// The name is not UTF-8; it is shown as Latin-1.
    case nameNotUTF8(target: Int)
    /// Two elements of a target hold the same bytes for the same addresses.
    case repeatedData(target: Int, range: Range<UInt64>)
    /// Two targets with the same alternate setting claim the same addresses with different bytes.
    case targetsOverlap(alternateSetting: UInt8, range: Range<UInt64>)
    /// There are bytes between the last target and the suffix.
    case bytesBeforeSuffix(count: Int)
    /// The file got a suffix when it had one.
    case secondSuffix
    /// `bcdDFU` of the suffix is not 0x011A.
    case formatVersion(stored: UInt16)
    /// `bLength` of the suffix is more than 16.
    case longSuffix(length: Int)
    /// `idVendor` or `idProduct` is 0000, which many writers put where they know none.
    case zeroID(field: String)
    /// An S-record file has no S7, S8 or S9 at its end: it may be cut off.
    case missingEndRecord
    /// Padding, or the end record again, stands behind the end record.
    case paddingAfterEnd
    /// What stands around the records of a text is no record, and was left out.
    case leftOut(TextOddity)
    /// The file gives some bytes more than once, with the same values.
    case duplicateData(bytes: Int)
    /// The file has no sections, and a segment that begins with the file's own headers.
    case headersLoaded(address: UInt64)
    /// `e_machine` is neither 40 (ARM) nor 243 (RISC-V).
    case unusualMachine(UInt16)
    /// A section with data is in no loaded segment and was left out.
    case sectionNotLoaded(index: Int, address: UInt32, size: UInt32)
    /// Raw bytes whose place nobody stated count from 0, where an STM32 has no memory to write.
    case rawAtAddressZero
    /// Raw bytes at the start of an STM32's flash are no vector table of a Cortex-M.
    case notAVectorTable(address: UInt64, reason: VectorTable.Implausibility)
  }

  /// The writers that are known for a wrong `DFUImageSize`, by what they write.
  public enum ImageSizeHabit: String, Hashable, Sendable {
    /// The length of the whole file: `dfuse-pack.py` of dfu-util 0.10 and later.
    case wholeFile = "the whole file, as dfu-util's dfuse-pack.py writes it since 0.10"
    /// One target prefix and the targets' sizes, without the container's own prefix: `dfuse_pack`.
    case dfusePack = "short by the container's prefix, as the original dfuse_pack writes it"
    /// Nothing at all.
    case zero = "never filled in by the writer"
  }
}

extension Firmware.Finding: CustomStringConvertible {
  /// What was found, in one sentence.
  public var description: String {
    switch detail {
    case .error(let error): error.description
    case .warning(let warning): warning.description
    }
  }
}

extension Firmware.Warning: CustomStringConvertible {
  /// What is odd, in one sentence without a full stop.
  public var description: String {
    switch self {
    case .imageSize(let stored, let expected, let habit):
      "DFUImageSize is \(stored), should be \(expected)\(habit.map { ": \($0.rawValue)" } ?? "")"
    case .targetSize(let target, let stored, let actual):
      "dwTargetSize of target \(target) is \(stored), its elements add up to \(actual)"
    case .noTargets: "bTargets is 0: there is nothing in this container"
    case .noElements(let target): "target \(target) has no elements"
    case .emptyElement(let target, let element):
      "element \(element) of target \(target) has no bytes"
    case .namedFlag(let target, let stored):
      "bTargetNamed of target \(target) is \(stored.hex), should be 0 or 1"
    case .nameOfUnnamed(let target):
      "target \(target) says that it has no name (bTargetNamed 0), but szTargetName holds text"
    case .nameWithoutNUL(let target):
      "szTargetName of target \(target) fills all 255 bytes, without a NUL at its end"
    case .junkBehindName(let target):
      "szTargetName of target \(target) has junk behind the NUL that ends the name"
    case .nameNotUTF8(let target):
      "the name of target \(target) is not UTF-8; it is read as Latin-1"
    case .repeatedData(let target, let range):
      "two elements of target \(target) hold the same bytes for \(range.addressText)"
    case .targetsOverlap(let alternateSetting, let range):
      "two targets for alternate setting \(alternateSetting) differ about \(range.addressText)"
    case .bytesBeforeSuffix(1):
      "1 byte between the last target and the suffix belongs to nothing"
    case .bytesBeforeSuffix(let count):
      "\(count) bytes between the last target and the suffix belong to nothing"
    case .secondSuffix: "there is a second DFU suffix before the one at the end"
    case .formatVersion(let stored):
      "bcdDFU of the suffix is \(stored.hex), should be 0x011A for a DfuSe file"
    case .longSuffix(let length):
      "bLength of the suffix is \(length), more than the 16 bytes that are defined"
    case .zeroID(let field): "\(field) is 0x0000: it is not stated, and any will do"
    case .missingEndRecord: "the file has no end record; it may be cut off"
    case .paddingAfterEnd: "there is padding behind the end record"
    case .leftOut(let oddity): oddity.rawValue
    case .duplicateData(let bytes):
      "the file gives \(bytes) bytes more than once, always with the same values"
    case .headersLoaded(let address):
      "the headers of the file itself would be loaded at \(address.addressText): it has no sections "
        + "that say what belongs there"
    case .unusualMachine(let machine):
      "the program is for machine \(machine), neither ARM (40) nor RISC-V (243)"
    case .sectionNotLoaded(let index, let address, let size):
      "section \(index) (\(size) bytes for \(UInt64(address).addressText)) is in no loaded "
        + "segment and was left out"
    case .rawAtAddressZero:
      "the bytes go to address 0x0000_0000, where an STM32 has nothing to write; its flash "
        + "begins at 0x0800_0000"
    case .notAVectorTable(let address, let reason):
      "the bytes at \(address.addressText) are no Cortex-M vector table: \(reason)"
    }
  }
}
