/// A place in a text as an editor names it.
///
/// Found by counting from the start when an error must be told, so that reading a file without
/// errors counts nothing.
struct TextPosition: Hashable {
  /// The line, from 1; CR, LF and CR LF each end one.
  var line = 1
  /// The column, from 1, in bytes.
  var column = 1

  /// Finds the place of an offset; that of the end if `offset` is the text's size or more.
  init(of offset: Int, in text: [UInt8]) {
    var previous: UInt8?
    for character in text.prefix(offset) {
      switch character {
      case UInt8(ascii: "\n") where previous == UInt8(ascii: "\r"): break
      case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
        line += 1
        column = 1
      default:
        column += 1
      }
      previous = character
    }
  }
}
