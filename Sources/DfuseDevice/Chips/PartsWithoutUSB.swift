/// The STM32 parts whose ROM has a bootloader, and none for USB.
///
/// All of them take firmware over a UART at least, and from a debug probe; some have a bootloader in
/// their flash that is on USB.
///
/// - SeeAlso: ST AN2606 Rev 70, table 3: the rows without "USB (DFU)".
public enum PartsWithoutUSB {
  /// Those that are met most, for sentences.
  public static let best = "STM32F103 (Blue Pill), F030 or G071"

  /// Whether a part is one of them, by what is printed on it or what people call it.
  ///
  /// `f103`, `STM32F030F4P6`: case and a missing `stm32` in front do not matter.
  public static func contain(_ text: String) -> Bool {
    let lower = text.lowercased()
    let part = lower.hasPrefix("stm32") ? lower.dropFirst(5) : lower[...]
    return beginnings.contains { pattern in
      part.utf8.count >= pattern.utf8.count
        && zip(part.utf8, pattern.utf8).allSatisfy { $1 == UInt8(ascii: "?") || $0 == $1 }
    }
  }

  /// How to flash through a bootloader in their flash that speaks plain DFU, where its ids tell which it
  /// is; `FILE` is a program that is linked for the start behind it.
  ///
  /// The alternate settings of the Maple bootloader, and of stm32duino's with the same ids, are named
  /// after where they write; 2 is "Upload to Flash 0x8002000" (STM32duino-bootloader#118). QMK uses
  /// this command.
  public static func command(for id: USBID) -> String? {
    id == USBID(vendorID: 0x1EAF, productID: 0x0003)
      ? "dfu-util -d 1eaf:0003 -a 2 -R -D FILE (linked for 0x0800_2000)" : nil
  }

  /// How their names begin, behind `stm32`; `?` is any letter or digit.
  private static let beginnings =
    ["c011", "c031", "c051", "c09", "f03", "f05", "f09", "f100", "f101", "f102", "f103"]
    + ["f303?6", "f303?8", "f318", "f328", "f334", "f358", "f378", "f398", "f410"]
    + ["g03", "g04", "g05", "g06", "g07", "g08"]
    + ["l01", "l02", "l03", "l04", "l05", "l06", "l1???6", "l1???8", "l1???b"]
    + ["u031", "wb0", "wb10", "wb15", "wba5", "wl"]
}
