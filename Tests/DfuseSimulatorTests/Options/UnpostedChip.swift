@testable import DfuseSimulator

/// Chips whose option bytes the host writes, and whose memory maps nobody has posted: no boards to
/// offer, but silicon to hold the layouts against.
///
/// The maps are those of relatives, in the form of their generation; what the option bytes are comes from
/// the reference manuals, as with the simulated boards: RM0394 (L412), RM0351 (L496), RM0402 (F412),
/// RM0386 (F469), RM0456 (U535), RM0454 (G0B0). Ids and their places from AN2606, table 3.
enum UnpostedChip {
  static func named(_ name: String) -> SimulatedChip? { all.first { $0.name == name } }

  static let all: [SimulatedChip] = [
    relative("stm32l412", of: "stm32l433", id: 0xD1, pages: 64) { profile in
      profile.usb.maps[0] = "@Internal Flash  /0x08000000/0064*0002Kg"
      profile.options = .l432.with { $0.protections = pages(6, [0x1FFF_7818, 0x1FFF_7820]) }
    },
    relative("stm32l496", of: "stm32l476", id: 0x93, pages: 512) { profile in
      profile.usb.maps[0] = "@Internal Flash  /0x08000000/0512*0002Kg"
      profile.usb.maps[1] = "@Option Bytes  /0x1FFF7800/01*040 e/0x1FFFF800/01*040 e"
      profile.memories.append(.init(.optionBytes, at: 0x1FFF_F800, 40))
      // It has nSWBOOT0 and nBOOT0, as the L43x; AN3156 does not name it among those that are reset.
      profile.options = .l476.with {
        $0.doors = SimulatedOptionBytes.l432.doors
        $0.blankLeadsToROM = true
        $0.after = .staysUntilPowerOff
      }
    },
    relative("stm32f412", of: "stm32f405", id: 0x91, at: 0x1FFF_76DE) { _ in },
    relative("stm32f469", of: "stm32f427", id: 0x90, at: 0x1FFF_76DE) { _ in },
    relative("stm32u535", of: "stm32u575", id: 0x91, pages: 64) { profile in
      profile.usb.maps[0] = "@Internal Flash   /0x08000000/64*08Kg"
      profile.options = .u5(
        user: 0x1FEF_F8AA, width: 5, keys: 0x4002_2070..<0x4002_2080
      ).with { $0.after = .launch }
    },
    relative("stm32g0b0", of: "stm32g0c1", id: 0xD0) { profile in
      // No read-proof areas, no BOOT_LOCK. Factory word: Black Magic Debug; nBOOT_SEL 0 where it is found.
      profile.options = .g0b1.with {
        let kept: Set<UInt32> = [0x1FFF_7800, 0x1FFF_7818, 0x1FFF_7820, 0x1FFF_7848, 0x1FFF_7850]
        $0.words = $0.words.filter { kept.contains($0.key) }
        $0.words[0x1FFF_7800] = 0xDFFF_E1AA
        $0.torn = $0.torn.filter { kept.contains($0.address) }
        $0.lock = nil
        $0.readProofClears = nil
        $0.readProofWords = []
      }
    },
  ]

  private static func relative(
    _ name: String, of other: String, id: UInt16, at address: UInt32? = nil, pages: Int? = nil,
    _ change: (inout DeviceProfile) -> Void
  ) -> SimulatedChip {
    guard let chip = SimulatedChip.named(other) else { fatalError("\(other) is a board") }
    return chip.variant(name, part: name) { profile in
      guard let system = profile.system else { return }
      profile.system = SystemMemory(
        id: id, at: address ?? system.idAddress, flashSize: system.flashSize,
        uniqueID: system.uniqueID.first)
      if let pages, let run = profile.memories[0].runs.first {
        profile.memories[0] = .flash(pages, run.size)
      }
      change(&profile)
    }
  }

  private static func pages(
    _ width: UInt32, _ words: [UInt32]
  ) -> [SimulatedOptionBytes.Protection] {
    words.map { .range(at: $0, width: width) }
  }
}

/// Where the fields of some chips are, by their names in ST's programmer: from the CMSIS headers
/// (`FLASH_OPTR_BOR_LEV_Pos` and the like), words from the reference manuals' option byte maps.
///
/// Written without a look at the host's layouts. F4: OPTCR's halves are two words, and bits 1 and 0 of the
/// first are its lock; SPRMOD of the F412 is RM0402's, its header does not have it.
enum SiliconFields {
  struct Place {
    var address: UInt32
    var low: UInt32
    var width: UInt32
    var mask: UInt32 { (width == 32 ? .max : 1 << width - 1) << low }
  }

  static func of(_ chip: String) -> [String: Place]? { texts[chip].map(parse) }

  /// Where a sector's bit is, by the number in its name.
  static func sector(_ number: Int, of chip: String) -> Place? {
    switch (chip, number) {
    case ("stm32f412", 0..<12), ("stm32f469", 0..<12):
      Place(address: 0x1FFF_C008, low: UInt32(number), width: 1)
    case ("stm32f469", 12..<24):
      Place(address: 0x1FFE_C008, low: UInt32(number - 12), width: 1)
    default: nil
    }
  }

  /// Lines of `ADDRESS NAME LOW WIDTH, …`, or of more fields after two blanks.
  private static func parse(_ text: String) -> [String: Place] {
    var fields: [String: Place] = [:]
    var address: UInt32 = 0
    for line in text.split(separator: "\n") {
      var rest = line
      if !line.hasPrefix("  ") {
        guard let word = UInt32(line.prefix(8), radix: 16) else {
          fatalError("\(line) has no address")
        }
        (address, rest) = (word, line.dropFirst(8))
      }
      for part in rest.split(separator: ",") {
        let words = part.split(separator: " ")
        guard words.count == 3, let low = UInt32(words[1]), let width = UInt32(words[2]) else {
          fatalError("\(part) is no field")
        }
        fields[String(words[0])] = Place(address: address, low: low, width: width)
      }
    }
    return fields
  }

  private static let texts = [
    "stm32l412": l4(
      "RDP 0 8, BOR_LEV 8 3, nRST_STOP 12 1, nRST_STDBY 13 1, nRST_SHDW 14 1, IWDG_SW 16 1, "
        + "IWDG_STOP 17 1, IWDG_STDBY 18 1, WWDG_SW 19 1, nBOOT1 23 1, SRAM2_PE 24 1, "
        + "SRAM2_RST 25 1, nSWBOOT0 26 1, nBOOT0 27 1", proof: 14, page: 6),
    "stm32l452": l4(
      "RDP 0 8, BOR_LEV 8 3, nRST_STOP 12 1, nRST_STDBY 13 1, nRST_SHDW 14 1, IWDG_SW 16 1, "
        + "IWDG_STOP 17 1, IWDG_STDBY 18 1, WWDG_SW 19 1, nBOOT1 23 1, SRAM2_PE 24 1, "
        + "SRAM2_RST 25 1, nSWBOOT0 26 1, nBOOT0 27 1", proof: 16, page: 8),
    "stm32l496": l4(
      "RDP 0 8, BOR_LEV 8 3, nRST_STOP 12 1, nRST_STDBY 13 1, nRST_SHDW 14 1, IWDG_SW 16 1, "
        + "IWDG_STOP 17 1, IWDG_STDBY 18 1, WWDG_SW 19 1, BFB2 20 1, DualBank 21 1, nBOOT1 23 1, "
        + "SRAM2_PE 24 1, SRAM2_RST 25 1, nSWBOOT0 26 1, nBOOT0 27 1", proof: 16, page: 8)
        + """

        1FFFF808 PCROP2_STRT 0 16
        1FFFF810 PCROP2_END 0 16
        1FFFF818 WRP2A_STRT 0 8, WRP2A_END 16 8
        1FFFF820 WRP2B_STRT 0 8, WRP2B_END 16 8
        """,
    "stm32f412": """
    1FFFC000 BOR_LEV 2 2, WDG_SW 5 1, nRST_STOP 6 1, nRST_STDBY 7 1, RDP 8 8
    1FFFC008 SPRMOD 15 1
    """,
    "stm32f469": """
    1FFFC000 BOR_LEV 2 2, BFB2 4 1, WDG_SW 5 1, nRST_STOP 6 1, nRST_STDBY 7 1, RDP 8 8
    1FFFC008 DB1M 14 1, SPRMOD 15 1
    """,
    "stm32g0b0": """
    1FFF7800 RDP 0 8, nRST_STOP 13 1, nRST_STDBY 14 1, IWDG_SW 16 1, IWDG_STOP 17 1
      IWDG_STDBY 18 1, WWDG_SW 19 1, nSWAP_BANK 20 1, DUAL_BANK 21 1, RAM_PARITY_CHECK 22 1
      nBOOT_SEL 24 1, nBOOT1 25 1, nBOOT0 26 1
    1FFF7818 WRP1A_STRT 0 7, WRP1A_END 16 7
    1FFF7820 WRP1B_STRT 0 7, WRP1B_END 16 7
    1FFF7848 WRP2A_STRT 0 7, WRP2A_END 16 7
    1FFF7850 WRP2B_STRT 0 7, WRP2B_END 16 7
    """,
    "stm32u535": u5("", page: 5),
    "stm32u595": u5("SRAM3_ECC 23 1, ", page: 8),
  ]

  private static func l4(_ user: String, proof: Int, page: Int) -> String {
    """
    1FFF7800 \(user)
    1FFF7808 PCROP1_STRT 0 \(proof)
    1FFF7810 PCROP1_END 0 \(proof), PCROP_RDP 31 1
    1FFF7818 WRP1A_STRT 0 \(page), WRP1A_END 16 \(page)
    1FFF7820 WRP1B_STRT 0 \(page), WRP1B_END 16 \(page)
    """
  }

  private static func u5(_ third: String, page: Int) -> String {
    """
    40022040 RDP 0 8, BOR_LEV 8 3, nRST_STOP 12 1, nRST_STDBY 13 1, nRST_SHDW 14 1, SRAM_RST 15 1
      IWDG_SW 16 1, IWDG_STOP 17 1, IWDG_STDBY 18 1, WWDG_SW 19 1, SWAP_BANK 20 1, DBANK 21 1
      BKPRAM_ECC 22 1, \(third)SRAM2_ECC 24 1, SRAM2_RST 25 1, nSWBOOT0 26 1, nBOOT0 27 1
      PA15_PUPEN 28 1, IO_VDD_HSLV 29 1, IO_VDDIO2_HSLV 30 1, TZEN 31 1
    40022044 NSBOOTADD0 7 25
    40022048 NSBOOTADD1 7 25
    4002204C BOOT_LOCK 0 1, SECBOOTADD0 7 25
    40022050 SECWM1_PSTRT 0 \(page), SECWM1_PEND 16 \(page)
    40022054 HDP1_PEND 16 \(page), HDP1EN 31 1
    40022058 WRP1A_PSTRT 0 \(page), WRP1A_PEND 16 \(page), UNLOCK_1A 31 1
    4002205C WRP1B_PSTRT 0 \(page), WRP1B_PEND 16 \(page), UNLOCK_1B 31 1
    40022060 SECWM2_PSTRT 0 \(page), SECWM2_PEND 16 \(page)
    40022064 HDP2_PEND 16 \(page), HDP2EN 31 1
    40022068 WRP2A_PSTRT 0 \(page), WRP2A_PEND 16 \(page), UNLOCK_2A 31 1
    4002206C WRP2B_PSTRT 0 \(page), WRP2B_PEND 16 \(page), UNLOCK_2B 31 1
    """
  }
}
