/// How a chip's bootloader shows a word of option bytes, and wants it written.
///
/// - SeeAlso: The option byte chapters of the reference manuals.
enum OptionForm: Hashable, Sendable {
  /// Two bytes in a word, each followed by its complement: F0, F1, F3.
  case bytes
  /// A half word, and its complement in the upper half: L0, L1. On F2, F4 and F7 no manual says what
  /// the upper half is: it is kept, and complemented where it was the complement before.
  case halfWords
  /// A word, and its complement in the next one: L4, G4, G0, C0, WB.
  case words
  /// A window to the flash's registers, without complements: L5, U5, U3, U0.
  case registers
  /// Such a window, in which a word is read, and the next one written for it: H7, H5, C5.
  case registerPairs

  /// The bits of a word that are options, and no complement.
  var mask: UInt32 {
    switch self {
    case .bytes: 0x00FF_00FF
    case .halfWords: 0x0000_FFFF
    case .words, .registers, .registerPairs: .max
    }
  }

  /// How many bytes behind a word the one is that is written for it.
  var writeOffset: UInt64 { self == .registerPairs ? 4 : 0 }

  /// Whether the complement stands in the next word.
  var complementsNext: Bool { self == .words }

  /// The word to write for options that change.
  ///
  /// - Parameters:
  ///   - options: The new value; bits outside ``mask`` do not count.
  ///   - before: The word as it was read.
  /// - Returns: The word with its complement, where that stands in it.
  func word(of options: UInt32, before: UInt32) -> UInt32 {
    switch self {
    case .bytes: options & mask | (~options & mask) << 8
    case .halfWords where holdsComplement(before): options & mask | (~options & mask) << 16
    case .halfWords: options & mask | before & ~mask
    case .words, .registers, .registerPairs: options
    }
  }

  /// Whether a word holds its complement, where the form has that in the same word; true elsewhere.
  func holdsComplement(_ word: UInt32) -> Bool {
    switch self {
    case .bytes: word & mask == ~(word >> 8) & mask
    case .halfWords: word & mask == ~(word >> 16) & mask
    case .words, .registers, .registerPairs: true
    }
  }
}
