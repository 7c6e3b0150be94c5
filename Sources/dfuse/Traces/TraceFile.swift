import DfuseDevice
import DfuseFormat

/// A trace of the control transfers with one board, as a file has it: an object a line, of which the
/// first says which board it is; documented in `docs/json.md`.
///
/// Unlike the lines of `--trace` it has every byte, so that it can be held against another board.
struct TraceFile: Equatable {
  /// Which board it is, as its descriptors say.
  struct Head: Codable, Equatable, Sendable {
    /// Version of this schema.
    var trace = 1
    /// The version of dfuse that wrote it.
    var dfuse: String
    var path: String
    var vendorID: UInt16
    var productID: UInt16
    /// `bcdDevice`.
    var deviceVersion: UInt16
    var serial: String?
    var product: String?
    /// The names of the alternate settings, in their order.
    var names: [String]
    /// `wTransferSize`.
    var transferSize: UInt16?
    /// The chip or chips it may be.
    var chip: String?
  }

  /// A transfer.
  struct Line: Codable, Equatable, Sendable {
    /// When it began and how long it took, in milliseconds; the first begins at 0.
    var at: Double
    var took: Double
    /// The eight bytes of the SETUP stage, in hexadecimal.
    var setup: String
    /// The bytes that were sent, if any.
    var data: String?
    /// The bytes that came; nothing for a transfer that sent some.
    var answer: String?
    /// How it failed, if it did.
    var failure: String?
  }

  var head: Head
  var transfers: [Line]
}

extension TraceFile {
  /// Reads a trace.
  ///
  /// - Throws: A failure with status 65, which names the line.
  init(_ bytes: [UInt8], shown: String) throws(Failure) {
    func bad(_ line: Int) -> Failure {
      Failure(
        .badData, "line \(line) of \(shown) is no line of a trace",
        fix: "name a file that --log wrote, which every command on a board takes")
    }
    let lines = bytes.split(separator: 10)
    guard let first = lines.first, let head = JSONText.value(Head.self, in: Array(first)) else {
      throw bad(1)
    }
    self.head = head
    transfers = []
    for (index, line) in lines.enumerated().dropFirst() {
      guard let transfer = JSONText.value(Line.self, in: Array(line)), transfer.isSound else {
        // One that was being written when the program was killed is no damage.
        if index == lines.count - 1, bytes.last != 10 { break }
        throw bad(index + 1)
      }
      transfers.append(transfer)
    }
  }
}

extension TraceFile.Head {
  /// The head for a board.
  init(_ board: Board, version: String) {
    let identity = board.identity
    self.init(
      dfuse: version, path: identity.path, vendorID: identity.vendorID,
      productID: identity.productID, deviceVersion: identity.bcdDevice,
      serial: identity.serialNumber, product: identity.product,
      names: board.interface.alternateSettings.map { $0.name ?? "" },
      transferSize: board.interface.functional?.wTransferSize,
      chip: board.chip.isKnown ? board.chip.name : nil)
  }
}

extension TraceFile.Line {
  /// The line for a transfer; `start` is when the first one began.
  init(_ transfer: TracedTransfer, since start: Duration) {
    at = (transfer.start - start).thousandths
    took = transfer.time.thousandths
    setup = transfer.request.setup(length: UInt16(clamping: transfer.length)).hexBytes()
    data = transfer.data.isEmpty ? nil : transfer.data.hexBytes()
    switch transfer.outcome {
    case .sent: break
    case .received(let bytes): answer = bytes.hexBytes()
    case .failed(let error): failure = TracedTransfer.name(of: error)
    }
  }

  /// Whether all of it can be read.
  fileprivate var isSound: Bool {
    request != nil && at.isFinite && took.isFinite && (0...1e9).contains(at)
      && (0...1e9).contains(took)
      && [data, answer].allSatisfy { $0.map { $0.bytes != nil } ?? true }
  }

  /// When it began, after the first.
  var start: Duration { .seconds(at / 1000) }

  /// The request, and how many bytes it is about.
  var request: (request: ControlRequest, length: Int)? {
    guard let bytes = setup.bytes, bytes.count == 8 else { return nil }
    func word(_ index: Int) -> UInt16 { UInt16(bytes[index]) | UInt16(bytes[index + 1]) << 8 }
    return (
      ControlRequest(
        bmRequestType: bytes[0], bRequest: bytes[1], wValue: word(2), wIndex: word(4)),
      Int(word(6))
    )
  }
}

extension String {
  /// The bytes that pairs of hexadecimal digits are; nil where it is anything else.
  var bytes: [UInt8]? {
    split(separator: " ").allSatisfy { $0.utf8.count == 2 } ? [UInt8](hex: self) : nil
  }
}

extension Duration {
  /// In milliseconds, to a microsecond.
  fileprivate var thousandths: Double { (seconds * 1_000_000).rounded() / 1000 }
}
