/// What a file holds instead of firmware, where that can be told for certain.
public enum ForeignFile: String, CaseIterable, Hashable, Sendable {
  /// Text: web pages, data, the pointer that Git LFS leaves, and any other.
  case html, xml, json, gitLFSPointer, text
  /// Firmware for another way of flashing, archives, compressed files, pictures and documents.
  case uf2, zip, gzip, xz, sevenZip, bzip2, zstandard, rar, tar, png, jpeg, gif, pdf
  /// Programs for a computer, and libraries of object files (`ar`).
  case windowsProgram, machO, archive

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

extension ForeignFile: CustomStringConvertible {
  /// What it is, with its article.
  public var description: String {
    switch self {
    case .html: "a web page (HTML)"
    case .xml: "an XML file"
    case .json: "a JSON file"
    case .gitLFSPointer: "a Git LFS pointer, which stands for the file itself"
    case .text: "text"
    case .uf2: "a UF2 file"
    case .zip: "a zip archive"
    case .gzip: "a gzip file"
    case .xz: "an xz file"
    case .sevenZip: "a 7z archive"
    case .bzip2: "a bzip2 file"
    case .zstandard: "a Zstandard file"
    case .rar: "a RAR archive"
    case .tar: "a tar archive"
    case .png: "a PNG picture"
    case .jpeg: "a JPEG picture"
    case .gif: "a GIF picture"
    case .pdf: "a PDF document"
    case .windowsProgram: "a program for Windows"
    case .machO: "a program for macOS"
    case .archive: "a static library"
    }
  }
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
