/// A chip that can be simulated.
package struct SimulatedChip: Sendable {
  /// The name by which a person asks for it, for example `stm32f405`.
  package let name: String
  /// Other names for the same bootloader, for example `stm32f407`.
  package let aliases: [String]
  package let profile: DeviceProfile

  init(_ name: String, _ aliases: String..., profile: DeviceProfile) {
    self.name = name
    self.aliases = aliases
    self.profile = profile
  }

  /// A chip like this one but for what `change` changes.
  func variant(
    _ name: String, part: String, _ change: (inout DeviceProfile) -> Void
  ) -> SimulatedChip {
    var profile = profile
    profile.part = part
    change(&profile)
    return SimulatedChip(name, profile: profile)
  }

  /// The part or parts it stands for, for people.
  package var part: String { profile.part }
  /// Bytes of program memory.
  package var flashSize: Int { profile.flashSize }
  /// Whether some of its facts are inferred from related chips instead of seen on this one.
  ///
  /// Times do not count: they are typical datasheet values throughout.
  package var isGuess: Bool { !profile.guessed.subtracting([.times, .polls]).isEmpty }

  /// The serial number of the board with this number, 0 for the first.
  ///
  /// Bootloaders with a constant serial number show it on every board, as the real ones do.
  package func serial(ofBoard number: Int) -> String {
    let usual = profile.usb.serial
    guard !profile.usb.serialIsConstant, number > 0, let value = UInt64(usual, radix: 16) else {
      return usual
    }
    // Boards of one lot differ in the upper half of a unique id's first word.
    let mixed = value &+ UInt64(truncatingIfNeeded: number) << 24
    let text = String(mixed & 0xFFFF_FFFF_FFFF, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, 12 - text.count)) + text
  }

  /// Every chip with its maker's bootloader, and the two software bootloaders that are measured as
  /// well, in the order in which they are listed to people.
  package static let all: [SimulatedChip] =
    [stm32f042, stm32f072, stm32f107, stm32f303]
    + [stm32f401, stm32f405, stm32f407v21, stm32f427, stm32f427v90, stm32f429, stm32f446]
    + [stm32f723, stm32f745, stm32f767, stm32f767dual]
    + [stm32l072, stm32l152, stm32l476, stm32l4r5, stm32wb55]
    + [stm32g0b1, stm32g431, stm32g474, stm32c071, stm32u083]
    + [stm32h723, stm32h743, stm32h743v91, stm32h7a3, stm32h7a3v90]
    + [stm32h563, stm32u575, stm32c562]
    + [gd32vf103, at32f435, apm32f103, f105clone]
    + [stUsbd, mboot]

  /// Bootloaders of boards, and those that say they speak DfuSe, or that they do not, and are wrong.
  package static let others: [SimulatedChip] =
    [portentaH7, gigaR1, opta, legoHub, photon, argon, redBearDuo, daisy]
    + [numworks, opc20, at32f415, apm32f072, gd32f303, x32f103, bigBlocks, withFRAM]
    + plain

  /// Bootloaders with plain DFU, to which a DfuSe command is firmware.
  package static let plain: [SimulatedChip] = [
    tinyusb, unoR4, nanoR4, portentaC33, maple, stm32mp15,
  ]
}
