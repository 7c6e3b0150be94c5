/// What is wrong with an ELF file.
///
/// The offset of the field is in ``FormatError/badELF(offset:problem:)``.
public enum ELFProblem: Hashable, Sendable {
  /// Not ELFCLASS32.
  case notThirtyTwoBit
  /// Not ELFDATA2LSB.
  case notLittleEndian
  /// `EI_VERSION` is not 1.
  case unsupportedVersion(UInt8)
  /// `e_type` is 1: an object file, which is not linked yet.
  case relocatable
  /// `e_type` is neither 1, 2 (executable) nor 3 (position independent).
  case notAProgram(type: UInt16)
  /// The entries of a table have not the size that the specification gives.
  case entrySize(table: ELFTable, expected: Int, found: Int)
  /// A segment or a section has bytes beyond the end of the file.
  case outsideFile(ELFTable, index: Int, offset: UInt64, size: UInt64, fileSize: Int)
  /// The segments or sections load more bytes than the file has, all of them together.
  case moreThanTheFile(bytes: UInt64, fileSize: Int)
}

/// One of the tables of an ELF file, by what an entry of it is about.
public enum ELFTable: String, Hashable, Sendable {
  /// The program headers.
  case segments = "segment"
  /// The section headers.
  case sections = "section"
  /// The symbols.
  case symbols = "symbol"
}

extension ELFProblem: CustomStringConvertible {
  /// The problem in a phrase.
  public var description: String {
    switch self {
    case .notThirtyTwoBit:
      "the program is not for a 32-bit processor"
    case .notLittleEndian:
      "the program is not little-endian"
    case .unsupportedVersion(let version):
      "ELF version \(version) does not exist; only 1 does"
    case .relocatable:
      "this is an object file; link it first"
    case .notAProgram(let type):
      "the file's type is \(type), but a program is 2 or 3"
    case .entrySize(let table, let expected, let found):
      "an entry of the table of \(table.rawValue)s takes \(expected) bytes, not \(found)"
    case .outsideFile(let table, let index, let offset, let size, let fileSize):
      "\(table.rawValue) \(index) has \(size) bytes at offset \(offset), beyond the file's "
        + "\(fileSize) bytes"
    case .moreThanTheFile(let bytes, let fileSize):
      "the program would load \(bytes) bytes, more than the file's \(fileSize)"
    }
  }
}
