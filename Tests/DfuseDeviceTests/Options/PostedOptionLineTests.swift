import DfuseFormat
import Testing

@testable import DfuseDevice

/// Command lines that people have posted for ST's programmer, on a chip as it left the factory: what
/// each means here, and which of them are refused.
@Suite struct PostedOptionLineTests {
  /// What becomes of a line.
  enum Outcome: Sendable {
    /// Fields get these values.
    case sets([String: UInt32])
    /// Nothing to do.
    case holds
    /// The way into the bootloader would be closed: these lines want just that.
    case closes
    /// No firmware would start.
    case startsNothing
    /// Cannot be set back.
    case oneWay
    /// TrustZone.
    case trustZone
    /// There only with TrustZone.
    case notThere
    /// Shown, and not written.
    case shownOnly
  }

  struct Line: Sendable, CustomTestStringConvertible {
    var number: Int
    var chip: String
    var words: String
    var outcome: Outcome
    var testDescription: String { "\(number): \(words) on \(chip)" }

    init(_ number: Int, _ chip: String, _ words: String, _ outcome: Outcome) {
      (self.number, self.chip, self.words, self.outcome) = (number, chip, words, outcome)
    }
  }

  private static let g431 = "STM32G431/441"
  private static let g474 = "STM32G47x/48x"
  private static let g0 = "STM32G0B1/0C1"
  private static let u5 = "STM32U575/585"
  private static let l43 = "STM32L43x/44x"
  private static let f76 = "STM32F76x/77x"
  private static let f7 = "STM32F74x/75x"
  private static let h7 = "STM32H74x/75x"
  private static let h5 = "STM32H562/563/573"
  private static let f4 = "STM32F40x/41x"

  // swift-format-ignore
  static let lines: [Line] = [
    .init(1, g431, "nSWBOOT0=0 nBOOT0=1", .closes),
    .init(2, g431, "BOR_LEV=4", .sets(["BOR_LEV": 4])),
    .init(3, u5, "nSWBOOT0=1 nBOOT0=1", .holds),
    .init(4, l43, "nBOOT0=1 -ob nSWBOOT0=1", .holds),
    .init(5, l43, "nBOOT0=1", .holds),
    .init(6, g431, "nSWBOOT0=0", .closes),
    .init(7, "STM32WB", "nSWboot0=0 nboot1=1 nboot0=1", .shownOnly),
    .init(8, f7, "BOR_LEV=0", .sets(["BOR_LEV": 0])),
    .init(9, l43, "BOR_LEV=2", .sets(["BOR_LEV": 2])),
    .init(10, f76, "nDBANK=0", .sets(["nDBANK": 0])),
    .init(11, f76, "nDBANK=1 nDBOOT=1 BOOT_ADD0=0x2000 BOOT_ADD1=0x2040", .closes),
    .init(12, f76, "nDBANK=0 nDBOOT=0 BOOT_ADD0=0x2000 BOOT_ADD1=0x2040", .closes),
    .init(13, f7, "BOOT_ADD0=0x2000", .sets(["BOOT_ADD0": 0x2000])),
    .init(14, f7, "BOOT_ADD0=0x80", .holds),
    .init(15, h7, "BOOT_CM7_ADD0=0x0800", .holds),
    .init(16, h7, "BOOT_CM7_ADD0=0x1FF0", .startsNothing),
    .init(17, h7, "BOOT_CM4_ADD0=0x810 BOOT_CM7_ADD0=0x811 -ob RDP=0xAA",
      .sets(["BOOT_CM4_ADD0": 0x810, "BOOT_CM7_ADD0": 0x811])),
    .init(18, h7, "BOOT_CM4_ADD0=0x818", .sets(["BOOT_CM4_ADD0": 0x818])),
    .init(19, h7, "BCM7=1 SWAP_BANK=0 BOOT_CM7_ADD0=0x800 BOOT_CM7_ADD1=0x810", .closes),
    .init(20, h7, "BOR_LEV=0x3 BCM4=0x0 BCM7=0x1", .sets(["BOR_LEV": 3, "BCM4": 0])),
    .init(21, g0, "nBOOT_SEL=0", .sets(["nBOOT_SEL": 0])),
    .init(22, g0, "nBOOT_SEL=1 nBOOT0=1", .holds),
    .init(23, g0, "NBOOT_SEL=0 NRST_MODE=1 BORF_LEV=2 BORR_LEV=2 BOR_EN=1",
      .sets(["nBOOT_SEL": 0, "NRST_MODE": 1, "BORF_LEV": 2, "BORR_LEV": 2, "BOR_EN": 1])),
    .init(24, g0, "RDP=0xAA -ob nBOOT_SEL=0", .sets(["nBOOT_SEL": 0])),
    .init(25, f4, "rdp=0xBB", .sets(["RDP": 0xBB])),
    .init(26, f4, "RDP=187", .sets(["RDP": 0xBB])),
    .init(26, f4, "RDP=170", .holds),
    .init(27, g0, "RDP=BB", .sets(["RDP": 0xBB])),
    .init(28, u5, "RDP=0xDC", .sets(["RDP": 0xDC])),
    .init(29, u5, "TZEN=1", .trustZone),
    .init(30, u5, "SECWM2_PSTRT=0x7F SECWM2_PEND=0x0 SECBOOTADD0=0x180000", .notThere),
    .init(31, u5, "SECWM1_PSTRT=0x7F SECWM1_PEND=0x0", .notThere),
    .init(32, g474, "DBANK=0", .sets(["DBANK": 0])),
    .init(33, g474, "DBANK=1 BFB2=0", .holds),
    .init(34, u5, "DBANK=1 SWAP_BANK=0 NSBOOTADD0=0x100000 NSBOOTADD1=0x100200", .closes),
    .init(35, u5, "DBANK=0x0 SWAP_BANK=0x0 TZEN=0x1", .trustZone),
    .init(36, h7, "SWAP_BANK=1", .sets(["SWAP_BANK": 1])),
    .init(36, u5, "swap_bank=0", .holds),
    .init(36, h5, "SWAP_BANK=1", .shownOnly),
    .init(37, g474, "WRP1A_STRT=0x0 WRP1A_END=0x7",
      .sets(["WRP1A_STRT": 0, "WRP1A_END": 7])),
    .init(38, g474, "WRP1A_STRT=0x7F WRP1A_END=0 WRP1B_STRT=0x7F WRP1B_END=0", .holds),
    .init(39, "STM32C071", "WRP1A_STRT=0x3f WRP1A_END=0 SEC_SIZE=0 BOOT_LOCK=0", .shownOnly),
    .init(40, "STM32U073/083",
      "WRP1A_STRT=0x7f WRP1A_END=0 WRP1B_STRT=0x7f WRP1B_END=0 HDP1_PEND=0 HDP1EN=0xB4 BOOT_LOCK=0",
      .shownOnly),
    .init(41, g0, "SEC_SIZE=0x1", .oneWay),
    .init(42, f4, "nWRP0=0 nWRP1=0", .sets(["WRP0": 0xFFC])),
    .init(43, "STM32L45x/46x", "IWDG_STOP=0", .sets(["IWDG_STOP": 0])),
    .init(44, "STM32L45x/46x", "IWDG_SW=1 IWDG_STOP=0 IWDG_STDBY=0",
      .sets(["IWDG_STOP": 0, "IWDG_STDBY": 0])),
    .init(45, "STM32L412/422",
      "SRAM2_PE=0 SRAM2_RST=0 BOR_LEV=1 WRP1A_STRT=0x0 WRP1A_END=0x3d RDP=0xBB",
      .sets([
        "SRAM2_PE": 0, "SRAM2_RST": 0, "BOR_LEV": 1, "WRP1A_STRT": 0, "WRP1A_END": 0x3D,
        "RDP": 0xBB,
      ])),
    .init(46, g474, "BOOT_LOCK=0x1 nBOOT0=0x0 nSWBOOT0=0x0 nBOOT1=0x1 RDP=0xBB", .closes),
    .init(47, g474, "RDP=0xBB PCROP_RDP=0x1", .oneWay),
    .init(47, g474, "RDP=0xAA DBANK=0x0 WRP1A_STRT=0x1 WRP1A_END=0x0",
      .sets(["DBANK": 0, "WRP1A_STRT": 1])),
    .init(48, h5, "PRODUCT_STATE=0x17", .shownOnly),
    .init(48, h5, "product_state=0x5c", .shownOnly),
    .init(49, h5, "PRODUCT_STATE=0xED TZEN=0xB4", .shownOnly),
    .init(50, h5, "SECWM1_STRT=127 SECWM1_END=0 WRPSGn1=0xffffffff", .shownOnly),
    .init(51, u5, "UNLOCK_1A=0 UNLOCK_1B=0 UNLOCK_2A=0 UNLOCK_2B=0", .oneWay),
    .init(52, "STM32H7A3/7B0/7B3",
      "PROT_AREA_START1=0xff DMEP1=0 PROT_AREA_START2=0xff SEC_AREA_START1=0xff DMES1=0",
      .shownOnly),
    // The line of a B-U585I's defaults, cut to the fields without TrustZone.
    .init(53, u5,
      "RDP=0xAA BOR_LEV=0 nRST_STOP=1 nRST_STDBY=1 nRST_SHDW=1 SRAM_RST=1 IWDG_SW=1 IWDG_STOP=1 "
        + "IWDG_STDBY=1 WWDG_SW=1 SWAP_BANK=0 DBANK=1 BKPRAM_ECC=1 SRAM3_ECC=1 SRAM2_ECC=1 "
        + "SRAM2_RST=1 nSWBOOT0=1 nBOOT0=1 PA15_PUPEN=1 IO_VDD_HSLV=0 IO_VDDIO2_HSLV=0 TZEN=0 "
        + "NSBOOTADD0=0x100000 NSBOOTADD1=0x17F200 WRP1A_PSTRT=0x7F WRP1A_PEND=0 UNLOCK_1A=1",
      .holds),
  ]

  /// The fields of a line, which ST's `-ob` may stand between.
  private func settings(_ words: String) throws -> [OptionSetting] {
    try words.split(separator: " ").filter { $0 != "-ob" }.map { word in
      let sides = word.split(separator: "=")
      let text = sides[1].lowercased()
      let isHex = text.hasPrefix("0x") || !text.allSatisfy(\.isNumber)
      let digits = text.hasPrefix("0x") ? String(text.dropFirst(2)) : text
      return OptionSetting(
        name: String(sides[0]), value: try #require(UInt64(digits, radix: isHex ? 16 : 10)))
    }
  }

  @Test(arguments: lines)
  func `each posted line has its meaning, or its reason`(line: Line) throws {
    let options = try OptionBytes.factory(line.chip)
    let settings = try settings(line.words)
    do {
      let change = try options.change(
        settings, shown: options.layout?.reads ?? [], consent: .init(), serial: "S1")
      let sets = Dictionary(
        uniqueKeysWithValues: change.differences.map { ($0.field.name, $0.after) })
      switch line.outcome {
      case .sets(let wanted): #expect(sets == wanted)
      case .holds: #expect(sets == [:])
      default: Issue.record("allowed: \(sets)")
      }
    } catch {
      switch (line.outcome, error) {
      case (.closes, .closesBootloader), (.startsNothing, .startsNothing),
        (.oneWay, .oneWay), (.trustZone, .trustZone),
        (.notThere, .notThere), (.shownOnly, .shownOnly):
        break
      default: Issue.record("\(error)")
      }
    }
  }
}
