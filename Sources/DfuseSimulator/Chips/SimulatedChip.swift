import DfuseFormat

/// A chip that can be simulated.
public struct SimulatedChip: Sendable {
  /// The name by which a person asks for it, for example `stm32f405`.
  public let name: String
  /// Other names for the same bootloader, for example `stm32f407`.
  public let aliases: [String]
  /// All its names.
  public var names: [String] { [name] + aliases }
  package let profile: DeviceProfile

  typealias Guesses = Set<DeviceProfile.Guess>
  /// In what a chip differs from its family.
  typealias Change = (inout DeviceProfile) -> Void

  /// A chip with its family's profile but for what `change` changes.
  init(
    _ name: String, _ aliases: [String] = [], profile: DeviceProfile,
    _ change: Change = { _ in }
  ) {
    self.name = name
    self.aliases = aliases
    var profile = profile
    change(&profile)
    if profile.usb.mapsArePosted {
      profile.guessed.remove(.maps)
    } else {
      profile.guessed.insert(.maps)
    }
    self.profile = profile
  }

  /// A chip like this one but for what `change` changes.
  func variant(
    _ name: String, _ aliases: [String] = [], part: String, _ change: Change
  ) -> SimulatedChip {
    SimulatedChip(name, aliases, profile: profile) { profile in
      profile.part = part
      change(&profile)
    }
  }

  /// The part or parts it stands for, for people.
  public var part: String { profile.part }

  /// Bytes of program memory.
  public var flashSize: Int {
    profile.memories
      .filter { $0.kind == .flash || profile.countsReadOnlyFlash && $0.kind == .readOnly }
      .reduce(0) { $0 + $1.size }
  }

  /// Whether some of its facts are inferred from related chips instead of seen on this one.
  ///
  /// Reported times do not count, nor do real ones, which are typical datasheet values throughout.
  public var isGuess: Bool { !profile.guessed.subtracting([.polls]).isEmpty }

  /// The serial number of the board with this number, 0 for the first.
  ///
  /// Bootloaders with a constant serial number show it on every board, as the real ones do.
  public func serial(ofBoard number: Int) -> String {
    let usual = profile.usb.serial
    guard !profile.usb.serialIsConstant, number > 0, let value = UInt64(usual, radix: 16) else {
      return usual
    }
    // Boards of one lot differ in the upper half of a unique id's first word.
    let mixed = value &+ UInt64(truncatingIfNeeded: number) << 24
    return String(mixed.hexDigits(uppercase: true).suffix(12))
  }

  /// Every chip with its maker's bootloader, and the two software bootloaders that are measured as
  /// well, in the order in which they are listed to people.
  public static let all: [SimulatedChip] =
    f0f1f3 + f4Chips + f7Chips + l0l1 + l4wbg0g4c0u0 + h7 + h5u5c5 + otherMakers
    + [stUsbd, mboot]

  /// Bootloaders of boards, and those that say they speak DfuSe, or that they do not, and are wrong.
  public static let others: [SimulatedChip] = boards + likeAPM32 + stUsbdOthers + plain

  /// What a ROM whose map nobody posted may call its flash: the first ROMs write two blanks, later
  /// ones three.
  static func flashMap(_ sectors: String, blanks: Int = 2) -> String {
    "@Internal Flash" + String(repeating: " ", count: blanks) + "/0x08000000/" + sectors
  }

  /// Bytes in a KiB, in which the chips' memories are given.
  static let kib = 1024
}
