/// What chips have in common whose option bytes work alike.
struct OptionFamily: Hashable, Sendable {
  /// What becomes of a board when its option bytes have been written.
  enum Applying: Hashable, Sendable {
    /// The ROM resets the chip: F2, F4, F7, L412, L43x to L46x (AN3156).
    case resets
    /// It leaves the bus at once, or stays until it is reset.
    case mayReset
    /// It stays, and new values hold from the next time that it is powered up.
    case powerCycle
  }

  /// What a cut supply in the middle of a write may leave.
  enum Cut: Hashable, Sendable {
    /// A chip at protection level 1, which starts its bootloader by the pin all the same.
    case protects
    /// A chip that does not start its bootloader any more.
    case closes
    /// What was there before.
    case keeps
    /// Nobody says.
    case unknown
  }

  /// The scale of BOR_LEV, and of the fields that stand for it.
  enum BrownOut: Hashable, Sendable {
    case none
    /// 3 is off, 0 the highest: F2, F4, F7.
    case falling
    /// 0 is 1.7 V, 4 is 2.8 V: L4, G4, WB, L5, U5, U3.
    case rising
    /// 0 is off, 3 is 2.7 V: H7.
    case fromOff
    /// 8 is the lowest, 12 the highest, less is off: L0, L1.
    case fromEight
    /// Two fields, for rising and falling supply: G0, C0.
    case twoThresholds
  }

  var form: OptionForm
  var brownOut: BrownOut = .none
  var ways: OptionWays
  var applying: Applying = .mayReset
  var cut: Cut = .protects
  /// Fields that are shown and never written, whatever is asked for.
  var neverWritten: Set<String> = []
  /// The level at which everything is open, and the ones that are for ever.
  var levels = Levels()

  struct Levels: Hashable, Sendable {
    var open: UInt32 = 0xAA
    var permanent: Set<UInt32> = [0xCC]
  }

  // MARK: - The families

  static let f0 = OptionFamily(form: .bytes, ways: .bootPin1)
  static let f04x = OptionFamily(form: .bytes, ways: .bootSelector)
  static let f1 = OptionFamily(
    form: .bytes, ways: .pins, levels: .init(open: 0xA5, permanent: []))
  static let f3 = OptionFamily(form: .bytes, ways: .bootPin1)
  static let f3xE = OptionFamily(form: .bytes, ways: .bootSelector)
  static let f2 = OptionFamily(
    form: .halfWords, brownOut: .falling, ways: .pins, applying: .resets)
  static let f4 = f2
  static let f7 = OptionFamily(
    form: .halfWords, brownOut: .falling, ways: .f7Addresses, applying: .resets, cut: .closes)
  static let l0 = OptionFamily(form: .halfWords, brownOut: .fromEight, ways: .bootPin1)
  static let l1 = OptionFamily(form: .halfWords, brownOut: .fromEight, ways: .pins)
  static let l4 = OptionFamily(form: .words, brownOut: .rising, ways: .switchedBoot)
  static let l4reset = OptionFamily(
    form: .words, brownOut: .rising, ways: .switchedBoot, applying: .resets)
  static let l47 = OptionFamily(form: .words, brownOut: .rising, ways: .bootPin1)
  static let l4plus = l4
  static let g4 = l4
  static let g0 = OptionFamily(
    form: .words, brownOut: .twoThresholds, ways: .selectedBoot, applying: .powerCycle,
    cut: .closes)
  static let c0 = g0
  static let wb = OptionFamily(form: .words, brownOut: .rising, ways: .switchedBoot, cut: .unknown)
  static let l5 = OptionFamily(
    form: .registers, brownOut: .rising, ways: .secureBoot, cut: .unknown)
  static let u5 = l5
  static let u3 = l5
  static let u0 = OptionFamily(
    form: .registers, brownOut: .none, ways: .selectedBoot, cut: .unknown)
  static let h74 = OptionFamily(
    form: .registerPairs, brownOut: .fromOff, ways: .h7Addresses, applying: .powerCycle,
    cut: .keeps, neverWritten: ["SECURITY", "ST_RAM_SIZE"])
  static let h72 = h74
  static let h7a3 = h74
  static let h5 = OptionFamily(
    form: .registerPairs, ways: .unknown, applying: .powerCycle, cut: .unknown,
    levels: .init(open: 0xED, permanent: Set(0...0xFF).subtracting([0xED])))
  static let c5 = OptionFamily(
    form: .registerPairs, ways: .unknown, applying: .powerCycle, cut: .unknown,
    levels: .init(open: 0xED, permanent: [0xD1, 0x72]))
}
