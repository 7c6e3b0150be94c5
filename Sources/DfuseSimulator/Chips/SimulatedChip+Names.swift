extension SimulatedChip {
  /// The chip with this name or alias, or with one of them in front of a package and a flash size,
  /// as it is printed on the part: `f405`, `STM32F405RG`, `STM32H7A3ZIT6Q`.
  ///
  /// Case and a missing `stm32` in front do not matter. The flash is of the simulated chip's size.
  package static func named(_ text: String) -> SimulatedChip? {
    let wanted = text.lowercased()
    let whole = [wanted, "stm32" + wanted]
    let chips = all + others
    if let chip = chips.first(where: { $0.names.contains(where: whole.contains) }) { return chip }
    guard !lacksUSBBootloader(wanted) else { return nil }
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

  /// Whether the part is an STM32 whose ROM has a bootloader, and none for USB.
  ///
  /// - SeeAlso: ST AN2606, table 3.
  package static func lacksUSBBootloader(_ text: String) -> Bool {
    let lower = text.lowercased()
    let part = lower.hasPrefix("stm32") ? lower.dropFirst(5) : lower[...]
    return partsWithoutUSB.contains { pattern in
      part.utf8.count >= pattern.utf8.count
        && zip(part.utf8, pattern.utf8).allSatisfy { $1 == UInt8(ascii: "?") || $0 == $1 }
    }
  }

  /// How the names of those parts begin, behind `stm32`; `?` is any letter or digit.
  private static let partsWithoutUSB =
    ["c011", "c031", "c051", "c09", "f03", "f05", "f09", "f100", "f101", "f102", "f103"]
    + ["f303?6", "f303?8", "f318", "f328", "f334", "f358", "f378", "f398", "f410"]
    + ["g03", "g04", "g05", "g06", "g07", "g08"]
    + ["l01", "l02", "l03", "l04", "l05", "l06", "l1???6", "l1???8", "l1???b"]
    + ["u031", "wb0", "wb10", "wb15", "wl"]
}
