import DfuseDevice

extension SimulatedChip {
  /// Every chip, whatever it is listed among.
  package static let every = all + others

  /// The chip with this name or alias, or with one of them in front of a package and a flash size,
  /// as it is printed on the part: `f405`, `STM32F405RG`, `STM32H7A3ZIT6Q`.
  ///
  /// Case and a missing `stm32` in front do not matter. The flash is of the simulated chip's size.
  public static func named(_ text: String) -> SimulatedChip? {
    let wanted = text.lowercased()
    let whole = [wanted, "stm32" + wanted]
    let chips = every
    if let chip = chips.first(where: { $0.names.contains(where: whole.contains) }) { return chip }
    guard !PartsWithoutUSB.contain(wanted) else { return nil }
    return chips.first { chip in
      chip.names.contains { name in
        // Of the short names, such as stm32l1, more would be guessed than is said.
        name.utf8.count >= 8
          && whole.contains { $0.hasPrefix(name) && isPackage($0.dropFirst(name.count)) }
      }
    }
  }

  /// Whether a text is what stands behind the type: a letter for the pins, a letter or digit for the
  /// flash size, and then the package and more.
  private static func isPackage(_ text: Substring) -> Bool {
    text.first?.isLetter == true && (2...10).contains(text.utf8.count)
      && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
  }
}
