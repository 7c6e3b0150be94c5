/// What a file holds instead of firmware, where that can be told for certain; each with its name and
/// article.
public enum ForeignFile: String, CaseIterable, Hashable, Sendable {
  /// Text: a web page.
  case html = "a web page (HTML)"
  /// Text: XML, such as an SVG picture.
  case xml = "an XML file"
  /// Text: JSON.
  case json = "a JSON file"
  /// Text: what Git LFS leaves in the place of a file.
  case gitLFSPointer = "a Git LFS pointer, which stands for the file itself"
  /// Any other text.
  case text = "text"
  /// Firmware for another way of flashing.
  case uf2 = "a UF2 file"
  /// An archive.
  case zip = "a zip archive"
  /// A compressed file.
  case gzip = "a gzip file"
  /// A compressed file.
  case xz = "an xz file"
  /// An archive.
  case sevenZip = "a 7z archive"
  /// A compressed file.
  case bzip2 = "a bzip2 file"
  /// A compressed file.
  case zstandard = "a Zstandard file"
  /// An archive.
  case rar = "a RAR archive"
  /// An archive.
  case tar = "a tar archive"
  /// A picture.
  case png = "a PNG picture"
  /// A picture.
  case jpeg = "a JPEG picture"
  /// A picture.
  case gif = "a GIF picture"
  /// A document.
  case pdf = "a PDF document"
  /// A program for a computer.
  case windowsProgram = "a program for Windows"
  /// A program for a computer.
  case machO = "a program for macOS"
  /// A library of object files (`ar`).
  case archive = "a static library"

  /// Recognises a file by its beginning; 4096 bytes are enough.
  ///
  /// Text is told from firmware by having no other bytes: the first word of a vector table is an
  /// address in RAM, and has a byte that no text has.
  init?(beginning: [UInt8]) {
    if let known = Self.signatures.first(where: { $0.matches(beginning) })?.file {
      self = known
    } else if let text = PlainText(beginning: beginning) {
      self = text.language
    } else {
      return nil
    }
  }

  /// Whether a file is in the place of another, and nobody's data wherever it is to go: what Git LFS
  /// leaves, what only a UF2 bootloader takes, and the page that a server sends instead of a download.
  ///
  /// - Parameter name: The file's name; one that ends as a web page's does means the page.
  /// - Returns: Whether it is such a file.
  func isStandIn(named name: String?) -> Bool {
    switch self {
    case .gitLFSPointer, .uf2: true
    case .html: ![".html", ".htm", ".xhtml"].contains { name?.lowercased().hasSuffix($0) ?? false }
    default: false
    }
  }

  /// Bytes that stand at an offset.
  private struct Signature {
    var file: ForeignFile
    var bytes: [UInt8]
    var offset = 0
    /// More bytes at another offset, where the first are few.
    var more: (offset: Int, bytes: [UInt8])?

    func matches(_ content: [UInt8]) -> Bool {
      content.dropFirst(offset).starts(with: bytes)
        && more.map { content.dropFirst($0.offset).starts(with: $0.bytes) } ?? true
    }
  }

  // From the formats' own specifications: UF2 README; APPNOTE 4.3.7; RFC 1952; xz-file-format
  // 2.1.1.1; 7zFormat.txt; RFC 8878; POSIX ustar; PNG 5.2; ISO 32000 7.5.2; PE/COFF.
  private static let signatures: [Signature] = [
    Signature(
      file: .uf2, bytes: Array("UF2\n".utf8), more: (4, [0x57, 0x51, 0x5D, 0x9E])),
    Signature(file: .zip, bytes: [0x50, 0x4B, 3, 4]),
    Signature(file: .zip, bytes: [0x50, 0x4B, 5, 6]),
    Signature(file: .gzip, bytes: [0x1F, 0x8B, 8]),
    Signature(file: .xz, bytes: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0]),
    Signature(file: .sevenZip, bytes: [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C]),
    Signature(
      file: .bzip2, bytes: Array("BZh".utf8), more: (4, [0x31, 0x41, 0x59, 0x26, 0x53, 0x59])),
    Signature(file: .zstandard, bytes: [0x28, 0xB5, 0x2F, 0xFD]),
    Signature(file: .rar, bytes: Array("Rar!\u{1A}\u{7}".utf8)),
    Signature(file: .tar, bytes: Array("ustar".utf8), offset: 257),
    Signature(file: .png, bytes: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]),
    Signature(file: .jpeg, bytes: [0xFF, 0xD8, 0xFF, 0xE0]),
    Signature(file: .jpeg, bytes: [0xFF, 0xD8, 0xFF, 0xE1]),
    Signature(file: .gif, bytes: Array("GIF8".utf8)),
    Signature(file: .pdf, bytes: Array("%PDF-".utf8)),
    Signature(file: .windowsProgram, bytes: Array("MZ".utf8), more: (0x4E, Array("This ".utf8))),
    Signature(file: .machO, bytes: [0xCF, 0xFA, 0xED, 0xFE]),
    Signature(file: .archive, bytes: Array("!<arch>\n".utf8)),
  ]
}

/// The beginning of a file that is text, in ASCII letters as far as that goes.
struct PlainText {
  /// The first characters, without a byte-order mark.
  let text: [UInt8]

  /// Nil if there are bytes that no text has, or too few to tell.
  init?(beginning: [UInt8]) {
    text = RecordText(beginning).text
    guard text.count >= 8,
      text.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || (9...13).contains($0) || $0 == 0x1B })
    else { return nil }
    // Cut off anywhere, UTF-8 may end in a part of a character.
    let whole = text.prefix { _ in true }.dropLast(text.last.map { $0 >= 0x80 } == true ? 3 : 0)
    guard text.allSatisfy({ $0 < 0x80 }) || isUTF8(whole) else { return nil }
  }

  private func isUTF8(_ bytes: ArraySlice<UInt8>) -> Bool {
    (0..<4).contains { String(validating: bytes.dropLast($0), as: UTF8.self) != nil }
  }

  var language: ForeignFile {
    let words = String(decoding: text.prefix(1024), as: UTF8.self).lowercased()
      .drop { $0.isWhitespace }
    if words.hasPrefix("version https://git-lfs.github.com/spec/") { return .gitLFSPointer }
    if words.hasPrefix("<") {
      if words.hasPrefix("<!doctype html") || words.contains("<html") || words.contains("<head")
        || words.contains("<body")
      {
        return .html
      }
      let next = words.dropFirst().first
      return next == "?" || next == "!" || next?.isLetter == true ? .xml : .text
    }
    let next = words.dropFirst().first { !$0.isWhitespace }
    if words.hasPrefix("{"), next == "\"" || next == "}" { return .json }
    if words.hasPrefix("["), let next, "{[\"]-".contains(next) || next.isNumber { return .json }
    return .text
  }
}
