// L0 and L1, from memory; L4, G4, G0 from Black Magic Debug and the manuals; C0 from RM0490 table 18; WB
// from a flash algorithm; L5 and U5 from flash algorithms and RM0456; of the U0 only some words.
extension SimulatedOptionBytes {
  // MARK: - L0, L1

  private static let l0Words: UInt32 = 0x1FF8_0000

  /// RM0367 3.8.2: a word whose complement is wrong is level 1 with all sectors read protected.
  private static func l0(
    user: UInt32, boot: [[Condition]], protections: Int
  ) -> SimulatedOptionBytes {
    var words: [UInt32: UInt32] = [l0Words: 0x00AA, l0Words + 4: user]
    var mismatch: [UInt32: UInt32] = [l0Words: 0x0100]
    var torn = [Patch(address: l0Words, value: 0x0100)]
    var bits: [Protection] = []
    for index in 0..<protections {
      let address = l0Words + 8 + UInt32(index) * 4
      words[address] = 0
      mismatch[address] = 0
      torn.append(Patch(address: address, value: 0))
      bits.append(
        .bits(at: address, count: 16, sectors: 0, first: index * 16, protects: 1))
    }
    return SimulatedOptionBytes(
      form: .sentHalfWords, words: words, level: Level(address: l0Words), mismatch: mismatch,
      torn: torn, doors: boot, protections: bits)
  }

  /// A bit is for 4 KiB, which is 32 of its pages.
  static let l072 = l0(user: 0x8070, boot: [[bit(l0Words + 4, 15)]], protections: 3)
    .with { $0.protections = $0.protections.map { $0.ofSectors(32) } }

  /// A bit is for 4 KiB, which is 16 of its pages; both boot pins are pins.
  ///
  /// What a cut leaves is guessed: as on the L0.
  static let l152 = l0(user: 0x00F8, boot: [[]], protections: 4).with {
    $0.protections = $0.protections.map { $0.ofSectors(16) }
  }

  // MARK: - Words with complements

  /// What L4, G4 and WB have in common: nBOOT1, and nSWBOOT0 between the pin and nBOOT0.
  private static func pinDoors(_ first: UInt32) -> [[Condition]] {
    [
      [bit(first, 26), bit(first, 23)],
      [bit(first, 26, is: 0), bit(first, 27, is: 0), bit(first, 23)],
    ]
  }

  /// RM0440 3.4.2: a cut leaves level 1, all ones without brown-out, no write protection, all read proof.
  private static func torn(_ first: UInt32, user: UInt32, wrp: [UInt32: UInt32], proof: [UInt32])
    -> [Patch]
  {
    [Patch(address: first, value: user)]
      + wrp.map { Patch(address: $0.key, value: $0.value) }.sorted { $0.address < $1.address }
      + proof.enumerated().map { Patch(address: $1, value: $0 % 2 == 0 ? 0 : .max) }
  }

  /// The words of a bank in order: start and end of the read-proof area, two of write protection.
  private static func l4(_ first: UInt32, second: UInt32?, width: UInt32) -> SimulatedOptionBytes {
    var words: [UInt32: UInt32] = [first: 0xFFEF_F8AA]
    var proof: [UInt32] = []
    var wrp: [UInt32: UInt32] = [:]
    var protections: [Protection] = []
    for (index, base) in [first, second].compactMap(\.self).enumerated() {
      words[base + 8] = .max
      words[base + 0x10] = 0
      proof += [base + 8, base + 0x10]
      for address in [base + 0x18, base + 0x20] {
        words[address] = 0xFF
        wrp[address] = 0xFF
        protections.append(.range(at: address, width: width, bank: index + 1))
      }
    }
    return SimulatedOptionBytes(
      form: .doubled, words: words, level: Level(address: first),
      torn: torn(first, user: 0xFFFF_F8FF, wrp: wrp, proof: proof),
      doors: pinDoors(first), blankLeadsToROM: true, protections: protections,
      readProofClears: bit(first + 0x10, 31), readProofWords: proof)
  }

  /// It has neither nSWBOOT0 nor nBOOT0.
  static let l476 = l4(0x1FFF_7800, second: 0x1FFF_F800, width: 8).with {
    $0.after = .reset
    $0.doors = [[bit(0x1FFF_7800, 23)]]
    $0.blankLeadsToROM = false
  }

  /// The parts with one bank, which the ROM resets.
  static let l432 = l4(0x1FFF_7800, second: nil, width: 7).with { $0.after = .reset }
  static let l452 = l4(0x1FFF_7800, second: nil, width: 8).with { $0.after = .reset }

  static let l4r5 = l4(0x1FF0_0000, second: 0x1FF0_1000, width: 8).with {
    $0.joins = bit(0x1FF0_0000, 22, is: 0)
    $0.joinedBytes = 8
    $0.modes = [
      Mode(
        condition: bit(0x1FF0_0000, 22, is: 0), runs: [.init(256, 8 << 10)],
        map: "@Internal Flash  /0x08000000/256*0008Kg")
    ]
  }

  /// RM0440, categories 2 and 3, and Black Magic Debug.
  ///
  /// The word with BOOT_LOCK is outside the string.
  private static func g4(second: UInt32?, width: UInt32) -> SimulatedOptionBytes {
    l4(0x1FFF_7800, second: second, width: width).with {
      $0.after = .launch
      for base in [0x1FFF_7800, second].compactMap(\.self) {
        $0.words[base + 0x10] = 0x00FF_0000
        for address in [base + 0x18, base + 0x20] {
          $0.words[address] = 0xFF00_FFFF
          $0.torn = $0.torn.map {
            $0.address == address ? Patch(address: address, value: 0xFF00_FFFF) : $0
          }
        }
      }
      $0.words[0x1FFF_7828] = 0xFF00_FE00
      if second != nil { $0.words[0x1FFF_F828] = 0xFF00_FF00 }
      $0.lock = bit(0x1FFF_7828, 16)
    }
  }

  static let g431 = g4(second: nil, width: 6)
  static let g474 = g4(second: 0x1FFF_F800, width: 7).with {
    $0.joins = bit(0x1FFF_7800, 22, is: 0)
    $0.joinedBytes = 8
    $0.modes = [
      Mode(
        condition: bit(0x1FFF_7800, 22, is: 0), runs: [.init(128, 4 << 10)],
        map: "@Internal Flash   /0x08000000/128*04Kg")
    ]
  }

  /// AGC_TRIM, ESE and where the wireless stack begins are each part's own: guessed.
  static let wb55 = SimulatedOptionBytes(
    form: .doubled,
    words: [
      0x1FFF_8000: 0x3DFF_F1AA, 0x1FFF_8008: 0x1FF, 0x1FFF_8010: 0x8000_0000, 0x1FFF_8018: 0xFF,
      0x1FFF_8020: 0xFF, 0x1FFF_8028: 0x1FF, 0x1FFF_8030: 0, 0x1FFF_8068: 0, 0x1FFF_8070: 0x11FF,
      0x1FFF_8078: .max,
    ],
    isGuessed: true, level: Level(address: 0x1FFF_8000),
    torn: [Patch(address: 0x1FFF_8000, mask: 0xFF, value: 0xFF)],  // guessed
    doors: pinDoors(0x1FFF_8000),
    protections: [.range(at: 0x1FFF_8018, width: 8), .range(at: 0x1FFF_8020, width: 8)],
    readProofClears: bit(0x1FFF_8010, 31),
    readProofWords: [0x1FFF_8008, 0x1FFF_8010, 0x1FFF_8028, 0x1FFF_8030])

  /// nBOOT_SEL is 1 from the factory, so that the pin does nothing and a programmed board never comes
  /// back into its ROM (qmk#24301): on boards that are found there it is 0.
  private static func g0Doors(_ first: UInt32) -> (doors: [[Condition]], found: [Patch]) {
    (
      [
        [bit(first, 24, is: 0), bit(first, 25)],
        [bit(first, 24), bit(first, 26, is: 0), bit(first, 25)],
      ], [Patch(address: first, mask: 1 << 24, value: 0)]
    )
  }

  /// A cut sets BOOT_LOCK as well (RM0444, RM0490 4.4.2): no ROM any more.
  private static func g0(
    user: UInt32, proof: [UInt32], wrp: [UInt32], none: UInt32, width: UInt32
  ) -> SimulatedOptionBytes {
    let first: UInt32 = 0x1FFF_7800
    var words: [UInt32: UInt32] = [first: user, first + 0x70: 0]
    for (index, address) in proof.enumerated() {
      words[first + address] = index % 2 == 0 ? .max : 0
    }
    for address in wrp { words[first + address] = none }
    let wrpWords = wrp.reduce(into: [:]) { $0[first + $1] = none }
    return SimulatedOptionBytes(
      form: .doubled, words: words, found: g0Doors(first).found, level: Level(address: first),
      torn: torn(
        first, user: user & 0xC000_0000 | 0x3FFF_FEFF, wrp: wrpWords,
        proof: proof.map { first + $0 }) + [
          Patch(address: first + 0x70, mask: 1 << 16, value: 1 << 16)
        ],
      doors: g0Doors(first).doors, lock: bit(first + 0x70, 16), blankLeadsToROM: true,
      protections: wrp.map {
        .range(at: first + $0, width: width, bank: $0 < 0x40 ? 1 : 2)
      },
      readProofClears: bit(first + 0x10, 31), readProofWords: proof.map { first + $0 })
  }

  static let g0b1 = g0(
    user: 0xFFFF_FEAA, proof: [0x08, 0x10, 0x28, 0x30, 0x38, 0x40, 0x58, 0x60],
    wrp: [0x18, 0x20, 0x48, 0x50], none: 0xFF, width: 7
  ).with { $0.swap = bit(0x1FFF_7800, 20, is: 0) }

  /// RM0490 table 18 has BOR_EN 0.
  static let c071 = g0(
    user: 0x3FFF_FEAA, proof: [0x08, 0x10, 0x28, 0x30], wrp: [0x18, 0x20], none: 0x3F, width: 6)

  // MARK: - Registers

  /// The word with the level was never told: open, brown-out off.
  static let u083 = SimulatedOptionBytes(
    form: .registers,
    words: [
      0x4002_2020: 0x3FFF_FEAA, 0x4002_202C: 0x7F, 0x4002_2030: 0x7F, 0x4002_2080: 0xB400_0000,
    ],
    found: g0Doors(0x4002_2020).found, isGuessed: true, level: Level(address: 0x4002_2020),
    keys: 0x4002_2088..<0x4002_20A8,
    torn: [Patch(address: 0x4002_2020, mask: 0xFF, value: 0xFF)],  // guessed
    doors: g0Doors(0x4002_2020).doors, lock: bit(0x4002_2080, 16),
    protections: [.range(at: 0x4002_202C, width: 7), .range(at: 0x4002_2030, width: 7)])

  /// Boot addresses count in the pin's two positions; with TrustZone the pin leads through the RSS.
  ///
  /// `width` is that of a page number; a bank has as many pages as that can tell.
  static func u5(
    user: UInt32, width: UInt32 = 7, keys: Range<UInt32>?
  ) -> SimulatedOptionBytes {
    let first: UInt32 = 0x4002_2040
    let last = UInt32(1) << width - 1
    let (none, hidden) = (~(last << 16), ~last)
    let trustZone = bit(first, 31)
    func system(_ address: UInt32) -> Condition {
      Condition(address: address, mask: 0xFFFF_FF80, values: 0x0BF9_0000...0x0BF9_FF80)
    }
    let pin = bit(first, 26)
    let (high, low) = (bit(first, 27, is: 0), bit(first, 27))
    let open = bit(first, 31, is: 0)
    return SimulatedOptionBytes(
      form: .registers,
      words: [
        first: user, first + 4: 0x0800_007F, first + 8: 0x0BF9_007F, first + 12: 0x0C00_007C,
        first + 0x10: hidden, first + 0x14: 0, first + 0x18: none,
        first + 0x1C: none, first + 0x20: hidden, first + 0x24: 0,
        first + 0x28: none, first + 0x2C: none,
      ],
      level: Level(address: first), keys: keys,
      torn: [Patch(address: first, mask: 0xFF, value: 0xFF)],  // guessed
      doors: [
        [open, pin, system(first + 8)], [open, pin, system(first + 4)],
        [open, bit(first, 26, is: 0), high, system(first + 8)],
        [open, bit(first, 26, is: 0), low, system(first + 4)], [trustZone],
      ],
      lock: bit(first + 12, 0),
      protections: [
        .range(at: first + 0x18, width: width), .range(at: first + 0x1C, width: width),
        .range(at: first + 0x28, width: width, bank: 2),
        .range(at: first + 0x2C, width: width, bank: 2),
      ], trustZone: trustZone,
      secure: [
        .range(at: first + 0x10, width: width), .range(at: first + 0x20, width: width, bank: 2),
      ], swap: bit(first, 20))
  }

  /// RM0456 and a published list for the B-U585I.
  ///
  /// Bytes 48 to 63 are passwords.
  static let u575 = u5(
    user: 0x1FEF_F8AA, keys: 0x4002_2070..<0x4002_2080
  ).with { $0.after = .launch }

  /// As the U575, with numbers of 256 pages a bank: its own words behind the boot addresses were never
  /// told.
  static let u595 = u5(
    user: 0x1FEF_F8AA, width: 8, keys: 0x4002_2070..<0x4002_2080
  ).with {
    $0.after = .launch
    $0.isGuessed = true
  }

  /// A flash algorithm; its secure areas are guessed.
  static let l552 = u5(user: 0x7FEF_F8AA, keys: nil)
}

extension SimulatedOptionBytes.Protection {
  /// The same, with so many sectors for a bit, in the order of the bits.
  fileprivate func ofSectors(_ count: Int) -> Self {
    guard case .bits(let address, let from, let bits, _, let first, let protects, let rest) = self
    else { return self }
    return .bits(
      at: address, from: from, count: bits, sectors: count, first: first * count,
      protects: protects, lastTakesRest: rest)
  }
}
