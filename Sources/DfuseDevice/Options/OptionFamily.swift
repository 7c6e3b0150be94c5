/// What chips have in common whose option bytes work alike.
struct OptionFamily: Hashable, Sendable {
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
  var cut: Cut = .protects
  /// Whether a bit that is set protects its sectors: L0, L1.
  var protectsWhenSet = false
  /// Whether the bootloader may show its flash under every name, and serves option bytes by their
  /// address all the same: G0, C0.
  var isServedUnmapped = false
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
  static let f3 = f0
  static let f3xE = f04x
  static let f2 = OptionFamily(
    form: .halfWords, brownOut: .falling, ways: .pins)
  static let f4 = f2
  static let f7 = OptionFamily(
    form: .halfWords, brownOut: .falling, ways: .f7Addresses, cut: .closes)
  static let l0 = OptionFamily(
    form: .halfWords, brownOut: .fromEight, ways: .bootPin1, protectsWhenSet: true)
  static let l1 = OptionFamily(
    form: .halfWords, brownOut: .fromEight, ways: .pins, protectsWhenSet: true)
  static let l4 = OptionFamily(form: .words, brownOut: .rising, ways: .switchedBoot)
  static let l47 = OptionFamily(form: .words, brownOut: .rising, ways: .bootPin1)
  static let l4plus = l4
  static let g4 = l4
  static let g0 = OptionFamily(
    form: .words, brownOut: .twoThresholds, ways: .selectedBoot, cut: .closes,
    isServedUnmapped: true)
  static let c0 = g0
  static let wb = OptionFamily(form: .words, brownOut: .rising, ways: .switchedBoot, cut: .unknown)
  static let l5 = OptionFamily(
    form: .registers, brownOut: .rising, ways: .secureBoot, cut: .unknown)
  static let u5 = l5
  static let u3 = l5
  static let u0 = OptionFamily(
    form: .registers, brownOut: .none, ways: .selectedBoot, cut: .unknown)
  static let h74 = OptionFamily(
    form: .registerPairs, brownOut: .fromOff, ways: .h7Addresses,
    cut: .keeps, neverWritten: ["SECURITY", "ST_RAM_SIZE"])
  static let h72 = h74
  static let h7a3 = h74
  static let h5 = OptionFamily(
    form: .registerPairs, ways: .unknown, cut: .unknown,
    levels: .init(open: 0xED, permanent: Set(0...0xFF).subtracting([0xED])))
  static let c5 = OptionFamily(
    form: .registerPairs, ways: .unknown, cut: .unknown,
    levels: .init(open: 0xED, permanent: [0xD1, 0x72]))
}
