import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// File names as text, also those that are no UTF-8.
///
/// A name is bytes. Each byte that is not part of a UTF-8 character stands in the text as one of the
/// 128 last code points, which are no characters; so the name is still the same when it comes to
/// the system.
enum FileName {
  private static let escapes: UInt32 = 0x10_FF00

  /// The text for the bytes of a name.
  static func text(_ bytes: [UInt8]) -> String {
    var rest = bytes[...]
    if let text = String(validating: rest, as: UTF8.self),
      text.unicodeScalars.allSatisfy({ byte($0) == nil })
    {
      return text
    }
    var text = String.UnicodeScalarView()
    while let first = rest.first {
      let characters = (1...4).lazy.compactMap { length in
        String(validating: rest.prefix(length), as: UTF8.self)?.unicodeScalars.first
      }
      if let character = characters.first, byte(character) == nil {
        text.append(character)
        rest = rest.dropFirst(UTF8.width(character))
      } else {
        text.append(Unicode.Scalar(escapes | UInt32(first)) ?? "?")
        rest = rest.dropFirst()
      }
    }
    return String(text)
  }

  /// The bytes of a name.
  static func bytes(_ text: String) -> [UInt8] {
    text.unicodeScalars.flatMap { scalar in
      byte(scalar).map { [$0] } ?? Array(String(scalar).utf8)
    }
  }

  /// The byte for which a code point stands, if it stands for one.
  static func byte(_ scalar: Unicode.Scalar) -> UInt8? {
    scalar.value > escapes | 0x7F ? UInt8(truncatingIfNeeded: scalar.value) : nil
  }

  /// The words of the command line.
  static var arguments: [String] {
    (0..<Int(CommandLine.argc)).compactMap { index in
      guard let word = unsafe CommandLine.unsafeArgv[index] else { return nil }
      let characters = unsafe UnsafeBufferPointer(start: word, count: strlen(word))
      return text(unsafe characters.map { UInt8(truncatingIfNeeded: $0) })
    }
  }
}

extension String {
  /// The file's name as the system has it.
  var systemPath: FilePath {
    let characters = FileName.bytes(self).map { CChar(truncatingIfNeeded: $0) }
    let name: [CChar] = characters + [0]
    return FilePath(platformString: name)
  }
}
