extension ImageKind {
  /// Recognises a file.
  ///
  /// A name that ends in `.bin` makes any content raw. Else the content decides: `7F 45 4C 46` is
  /// ELF; `DfuSe` a container; text that begins, after blanks, with `:` and two hexadecimal digits
  /// Intel HEX; with `S`, a digit and two hexadecimal digits S-record. All else is raw. A damaged
  /// file of records so stays one: its parser names the line.
  ///
  /// - Parameters:
  ///   - content: The file, or its beginning: the blanks before the first record, and four bytes
  ///     more.
  ///   - fileName: Its name, with or without a folder, if it has one.
  /// - Returns: What it is.
  public static func detect(content: [UInt8], fileName: String?) -> DetectedInput {
    if let fileName, fileName.lowercased().hasSuffix(".bin") { return .image(.raw) }
    if content.starts(with: [0x7F, 0x45, 0x4C, 0x46]) { return .image(.elf) }
    if content.starts(with: "DfuSe".utf8) { return .dfuseContainer }
    let text = content.drop { RecordScanner.isBlank($0) || RecordScanner.isLineEnd($0) }.prefix(4)
    if text.first == UInt8(ascii: ":"), startsWithByte(text.dropFirst()) { return .image(.hex) }
    if text.first == UInt8(ascii: "S"), let type = text.dropFirst().first,
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(type), startsWithByte(text.dropFirst(2))
    {
      return .image(.srec)
    }
    return .image(.raw)
  }

  /// Whether a text begins with two hexadecimal digits.
  private static func startsWithByte(_ text: ArraySlice<UInt8>) -> Bool {
    text.count >= 2 && text.prefix(2).allSatisfy { Character(Unicode.Scalar($0)).isHexDigit }
  }
}
