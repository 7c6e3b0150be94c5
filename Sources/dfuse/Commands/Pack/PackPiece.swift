import DfuseFormat
import SystemPackage

/// The data of one element, in memory or still in their file.
struct PackPiece {
  enum Data {
    case bytes([UInt8])
    case file(RegularFile)
  }

  /// The file that the data come from.
  var source: InputFile
  var address: UInt32
  var data: Data
  /// Whether the file says where the data belong.
  var isSelfAddressed = false

  /// The element that the data make.
  var element: ContainerOutline.Element {
    let size =
      switch data {
      case .bytes(let bytes): bytes.count
      case .file(let file): file.size
      }
    return ContainerOutline.Element(address: address, size: size)
  }

  /// Bytes of a file that are read at a time: enough to make calls cheap, few enough to stay in a
  /// processor's cache until they are written.
  private static let partSize = 64 << 10

  /// Hands over the data in order.
  ///
  /// - Throws: What `body` throws; a failure with status 66 when the file cannot be read, or is no
  ///   longer as large as it was.
  func forEachPart(_ body: ([UInt8]) throws(Failure) -> Void) throws(Failure) {
    switch data {
    case .bytes(let bytes): try body(bytes)
    case .file(let file):
      var offset = 0
      while offset < file.size {
        let part = try read(file, at: offset, count: min(Self.partSize, file.size - offset))
        guard !part.isEmpty else { throw changed("shorter") }
        try body(part)
        offset += part.count
      }
      guard try read(file, at: offset, count: 1).isEmpty else { throw changed("longer") }
      file.close()
    }
  }

  private func read(_ file: RegularFile, at offset: Int, count: Int) throws(Failure) -> [UInt8] {
    do throws(Errno) { return try file.read(at: offset, count: count) } catch {
      throw source.failure(error)
    }
  }

  private func changed(_ how: String) -> Failure {
    Failure(
      .noInput, "\(source.shown) became \(how) while it was read",
      fix: "run this again when the file is finished")
  }
}
