import DfuseFormat

// What values of option bytes mean, in plain words.
//
// SeeAlso: The option byte chapters of the reference manuals; facts of one source are left out.
extension OptionBytes {
  /// What a value of a field means; nil where that is not known, or the number says it.
  public func meaning(of value: UInt32, for field: OptionField) -> String? {
    guard let family = layout?.family else { return nil }
    if field.role == .protection { return Self.level(value, family.levels) }
    if field.hasNamedBits {
      return Self.sectors(
        value, of: field,
        protectsWhenSet: family.protectsWhenSet || field.name.hasPrefix("PCROP"))
    }
    if let text = family.brownOut.words(value, of: field) { return text }
    let key = field.name.lowercased()
    if let texts = Self.words[key] ?? Self.words[field.manualName?.lowercased() ?? ""],
      texts.indices.contains(Int(value))
    {
      return texts[Int(value)]
    }
    if let text = area(value, of: field) { return text }
    guard let address = scaled(value, of: field), field.role == .boot else { return nil }
    return "starts at \(address.addressText)"
  }

  private static func level(_ value: UInt32, _ levels: OptionFamily.Levels) -> String {
    if value == levels.open { return "open, level 0" }
    if levels.permanent.contains(value) { return "locked: no way back" }
    return "level 1: nothing can be read"
  }

  private static func sectors(
    _ value: UInt32, of field: OptionField, protectsWhenSet: Bool
  ) -> String {
    let bits = (0..<field.width).filter { (value >> UInt32($0) & 1 == 1) == protectsWhenSet }
    if bits.isEmpty { return "none protected" }
    if bits.count == field.width { return "all protected" }
    let (_, first) = OptionField.stem(of: field.name)
    return "protected: " + bits.map { "\(first + $0)" }.joined(separator: " ")
  }

  /// Pages of an area whose other end is another field; nil for what is no end of one.
  private func area(_ value: UInt32, of field: OptionField) -> String? {
    guard field.name.hasPrefix("WRP") || field.name.hasPrefix("PCROP") else { return nil }
    guard let area = area(endingAt: field, value) else { return nil }
    if area.start > area.end { return "no area" }
    return area.isStart ? "from unit \(area.start)" : "up to unit \(area.end)"
  }

  /// By name, for the values from 0 on.
  private static let words: [String: [String]] = {
    var words: [String: [String]] = [:]
    func add(_ names: [String], _ values: String...) {
      for name in names { words[name] = values }
    }
    add(
      ["iwdg_sw", "wdg_sw", "wwdg_sw", "iwdg1_sw", "iwdg2_sw", "iwdgsw", "wwdgsw"],
      "started by hardware", "started by software")
    add(
      [
        "nrst_stop", "nrst_stdby", "nrst_shdw", "nrst_stop_d1", "nrst_stby_d1", "nrst_stop_d2",
        "nrst_stby_d2", "nrst_stby",
      ], "entering it resets the chip", "no reset")
    add(
      ["iwdg_stop", "iwdg_stdby", "fz_iwdg_stop", "fz_iwdg_sdby", "iwdg_fz_stop", "iwdg_fz_sdby"],
      "watchdog frozen there", "watchdog runs on")
    add(["nboot0"], "as BOOT0 high", "as BOOT0 low")
    add(["nboot1"], "BOOT0 high: SRAM", "BOOT0 high: bootloader")
    add(["nswboot0"], "nBOOT0 decides, not the pin", "the BOOT0 pin decides")
    add(["nboot_sel"], "the BOOT0 pin decides", "nBOOT0 decides, not the pin")
    add(["boot_sel"], "nBOOT0 decides, not the pin", "the BOOT0 pin decides")
    add(["boot_lock"], "pins and options decide", "always flash, for ever")
    add(["bfb2"], "starts from bank 1", "starts from bank 2 first")
    add(["nbfb2"], "starts from bank 2 first", "starts from bank 1")
    add(["ndboot"], "starts from either bank", "starts from one address")
    add(["ndbank"], "two banks", "one bank")
    add(["dbank", "dualbank", "dual_bank", "db1m", "db256"], "one bank", "two banks")
    add(["swap_bank", "swap_bank_opt"], "banks in order", "banks swapped")
    add(["nswap_bank"], "banks swapped", "banks in order")
    add(
      ["sram_pe", "sram2_pe", "sram2pe", "ram_parity", "ram_parity_check", "sram3_pe"],
      "parity checked", "not checked")
    add(["sram2_ecc", "sram3_ecc", "bkpram_ecc", "sram1_ecc"], "ECC checked", "not checked")
    add(
      ["sram_rst", "sram2_rst", "sram2rst", "ccmsram_rst", "sram1_rst", "sram1_3_rst"],
      "erased at a reset", "kept at a reset")
    add(["bor_en"], "brown-out reset off", "brown-out reset on")
    add(
      ["nrst_mode"], "reset in and out", "reset input only", "GPIO: no reset pin",
      "reset in and out")
    add(["irhen"], "reset pulse", "held until low")
    add(["pa15_pupen"], "dead-battery pull-down", "no pull-down")
    add(
      ["io_hslv", "io_vdd_hslv", "io_vddio2_hslv", "vddio_hslv", "vddmmc_hslv"], "normal",
      "fast below 2.7 V; damages above")
    add(["tzen"], "no TrustZone", "TrustZone")
    add(["bcm4", "bcm7"], "core does not start", "core starts")
    add(["sprmod", "wprmod"], "nWRP protects from writing", "nWRP protects from reading")
    add(
      ["pcrop_rdp"], "areas survive a return to level 0", "areas go at a return to level 0")
    add(["unlock_1a", "unlock_1b", "unlock_2a", "unlock_2b"], "frozen", "can be changed")
    add(["vdda_monitor"], "off", "on")
    return words
  }()
}

extension OptionFamily.BrownOut {
  /// What a threshold is; nil for another field.
  fileprivate func words(_ value: UInt32, of field: OptionField) -> String? {
    let index = Int(value)
    let texts: [String]
    switch (self, field.name) {
    case (.falling, "BOR_LEV"): texts = ["2.7 V", "2.4 V", "2.1 V", "off"]
    case (.rising, "BOR_LEV"): texts = ["1.7 V", "2.0 V", "2.2 V", "2.5 V", "2.8 V"]
    case (.fromOff, "BOR_LEV"): texts = ["off", "2.1 V", "2.4 V", "2.7 V"]
    case (.fromEight, "BOR_LEV"):
      return index < 8 ? "off" : ["1.8 V", "2.0 V", "2.5 V", "2.7 V", "3.0 V"][min(index - 8, 4)]
    case (.twoThresholds, "BORR_LEV"): texts = ["2.1 V", "2.3 V", "2.6 V", "2.9 V"]
    case (.twoThresholds, "BORF_LEV"): texts = ["2.0 V", "2.2 V", "2.5 V", "2.8 V"]
    default: return nil
    }
    return texts.indices.contains(index) ? texts[index] : nil
  }
}
