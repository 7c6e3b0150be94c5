/// All that is known of chips: one entry a bootloader that can be told from the others.
enum ChipTable {
  /// The entries; a device that fits several of them is known for none.
  static let entries: [ChipEntry] = f + lgcuw + h + clones

  /// Every row of AN2606 that an entry has.
  static let roms: Set<BootloaderROM> = Set(entries.flatMap(\.profile.roms))
}
