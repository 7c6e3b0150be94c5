import DfuseFormat

/// One `--patch`: bytes that each board gets of its own.
struct UnitPatch: Hashable, Sendable {
  /// Where they belong.
  enum Place: Hashable, Sendable {
    case address(UInt32)
    /// A variable of the program, and how many bytes behind its start.
    case symbol(String, offset: UInt32)
  }

  /// What they are.
  enum Content: Hashable, Sendable {
    /// The same on every board, as a person wrote it.
    case fixed([UInt8], text: String)
    case integer(IntegerForm, Source)
    case bytes(Source)
    /// Text in so many bytes, the rest zeros; nil for as many as it has.
    case text([TextPart], size: Int?)
  }

  /// Where a value comes from that each board has of its own.
  enum Source: Hashable, Sendable {
    /// The unit's number; as text it has so many digits at least.
    case counter(start: UInt64?, digits: Int)
    /// A column of the table.
    case column(file: String, name: String)
    /// The chip's unique id.
    case uniqueID
    /// The day, or as a number the moment.
    case date
    /// The moment.
    case time
  }

  enum TextPart: Hashable, Sendable {
    case literal(String)
    case source(Source)
  }

  var place: Place
  var content: Content

  /// The sources that it asks.
  var sources: [Source] {
    switch content {
    case .fixed: []
    case .integer(_, let source), .bytes(let source): [source]
    case .text(let parts, _):
      parts.compactMap { if case .source(let source) = $0 { source } else { nil } }
    }
  }

  /// The place as messages, the ledger and JSON show it.
  var shown: String {
    switch place {
    case .address(let address): address.hex
    case .symbol(let name, 0): name.visible
    case .symbol(let name, let offset): "\(name.visible)+\(offset)"
    }
  }
}

/// An integer in memory.
struct IntegerForm: Hashable, Sendable {
  /// 8, 16, 32 or 64.
  var bits: Int
  var isSigned = false
  var isBigEndian = false

  /// `u32`, as it is typed.
  var name: String { (isSigned ? "i" : "u") + "\(bits)" + (isBigEndian ? "be" : "") }

  /// The bytes of a number; nil for one that does not fit.
  func bytes(of number: Int128) -> [UInt8]? {
    let top = Int128(1) << Int128(isSigned ? bits - 1 : bits)
    guard number < top, number >= (isSigned ? -top : 0) else { return nil }
    let bytes = (0..<bits / 8).map { UInt8(truncatingIfNeeded: number >> Int128(8 * $0)) }
    return isBigEndian ? bytes.reversed() : bytes
  }
}

/// What is known of one board when its bytes are made.
struct UnitFacts {
  /// Its number; nil without a ledger.
  var number: UInt64?
  /// Its row of the table.
  var row: UnitTable.Row?
  /// The chip's unique id, as it stands in memory.
  var uniqueID: [UInt8]?
  var time: UTCTime
}

/// What one board got in one place.
struct UnitValue: Hashable, Sendable {
  /// As ``UnitPatch/shown``.
  var place: String
  var address: UInt32
  var bytes: [UInt8]
  /// The value for people: a number, text, or hexadecimal digits.
  var text: String

  /// The addresses that it takes.
  var range: Range<UInt64> { UInt64(address)..<(UInt64(address) + UInt64(bytes.count)) }
}
