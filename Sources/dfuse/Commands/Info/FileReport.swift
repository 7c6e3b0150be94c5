import DfuseFormat

/// Everything that `dfuse info` tells about a file, for people and for programs.
///
/// The JSON form is documented in `docs/json.md`; its keys are stable.
struct FileReport: Encodable, Equatable {
  enum Kind: String, Encodable {
    case dfuse, dfu, raw, hex, srec, elf, unknown
  }

  struct Suffix: Encodable, Equatable {
    var vendorID: UInt16
    var productID: UInt16
    var deviceVersion: UInt16
    var formatVersion: UInt16
    var checksum: UInt32
    var computedChecksum: UInt32
  }

  struct Target: Encodable, Equatable {
    var alternateSetting: UInt8
    var name: String?
    var elements: [Element]
  }

  struct Element: Encodable, Equatable {
    var address: UInt32
    var size: Int
    var crc32: UInt32
  }

  struct Finding: Encodable, Equatable {
    enum Severity: String, Encodable {
      case error, warning
    }

    var severity: Severity
    /// Offset in the file; nil where there is none, as in text.
    var offset: Int?
    var message: String
  }

  /// Version of this schema.
  var schema = 1
  var file: String
  var kind: Kind
  /// Bytes in the file.
  var size: Int
  var suffix: Suffix?
  /// What is, or would be, in the container; none for plain DFU and raw files.
  var targets: [Target]?
  var entryPoint: UInt32?
  var header: String?
  var findings: [Finding]

  /// Whether anything makes the data untrustworthy.
  var isDamaged: Bool { findings.contains { $0.severity == .error } }
}

extension FileReport.Element {
  init(_ element: ImageElement) {
    address = element.address
    size = element.bytes.count
    // As zlib, gzip and the command crc32 print it: the complement of the suffix's kind.
    crc32 = ~CRC32.checksum(of: element.bytes)
  }

  /// First and last address.
  var range: Range<UInt64> { UInt64(address)..<(UInt64(address) + UInt64(size)) }
}
