/// What writers get wrong in a DfuSe container, and readers can live with.
///
/// `target` and `element` count from 0 in the order of the file.
public enum ContainerWarning: Hashable, Sendable {
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
}

/// The writers that are known for a wrong `DFUImageSize`, by what they write.
public enum ImageSizeHabit: Hashable, Sendable {
  /// The length of the whole file: `dfuse-pack.py` of dfu-util 0.10 and later.
  case wholeFile
  /// One target prefix and the targets' sizes, without the container's own prefix: `dfuse_pack`.
  case dfusePack
  /// Nothing at all.
  case zero
}

extension ContainerWarning: CustomStringConvertible {
  /// What is odd, in one sentence.
  public var description: String {
    switch self {
    case .imageSize(let stored, let expected, let habit):
      "DFUImageSize is \(stored), should be \(expected)\(habit.map { ": \($0)" } ?? "")"
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
    case .bytesBeforeSuffix(let count):
      count == 1
        ? "1 byte between the last target and the suffix belongs to nothing"
        : "\(count) bytes between the last target and the suffix belong to nothing"
    case .secondSuffix: "there is a second DFU suffix before the one at the end"
    case .formatVersion(let stored):
      "bcdDFU of the suffix is \(stored.hex), should be 0x011A for a DfuSe file"
    case .longSuffix(let length):
      "bLength of the suffix is \(length), more than the 16 bytes that are defined"
    case .zeroID(let field): "\(field) is 0x0000: it is not stated, and any will do"
    }
  }
}

extension ImageSizeHabit: CustomStringConvertible {
  /// Who writes it so.
  public var description: String {
    switch self {
    case .wholeFile: "the whole file, as dfu-util's dfuse-pack.py writes it since 0.10"
    case .dfusePack: "short by the container's prefix, as the original dfuse_pack writes it"
    case .zero: "never filled in by the writer"
    }
  }
}
