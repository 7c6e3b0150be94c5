/// A board's option bytes, as a test or a debug probe sees them.
///
/// Words go by the address at which the bootloader shows them, and have no complements; of a register
/// pair it is the first. The bootloader's maps need not reach them.
extension SimulatedBoard {
  /// The addresses of the words, rising; none where the chip's are not modelled.
  package var optionWords: [UInt32] { chip.profile.options?.addresses ?? [] }

  /// A word as the chip goes by it now.
  package func optionWord(at address: UInt32) -> UInt32? { model.memory.loadedOptions[address] }

  /// A word as it is programmed, and in force after the next start that loads it.
  package func programmedOptionWord(at address: UInt32) -> UInt32? {
    model.memory.programmedOptions[address]
  }

  /// A word as it was from the factory.
  package func factoryOptionWord(at address: UInt32) -> UInt32? {
    chip.profile.options?.words[address]
  }

  /// A word as it is on a board that is found in its bootloader: on G0, C0 and U0 somebody has cleared
  /// nBOOT_SEL, without which a programmed one is not.
  package func initialOptionWord(at address: UInt32) -> UInt32? {
    factoryOptionWord(at: address) == nil ? nil : chip.profile.options?.initial(address)
  }

  /// Whether words are programmed that are not in force yet.
  package var hasPendingOptions: Bool {
    model.memory.programmedOptions != model.memory.loadedOptions
  }

  /// Programs words as a debug probe does, and lets them be in force.
  package mutating func setOptionWords(_ words: [UInt32: UInt32]) {
    for (address, value) in words where chip.profile.options?.words[address] != nil {
      model.memory.setProgrammedOption(value, at: address)
    }
    model.loadOptions(at: .launched)
  }

  /// The words that hold a password and were written, by whomever and with whatever.
  package var touchedPasswordWords: [UInt32] { model.memory.writtenKeys }

  /// Whether the chip can start its ROM as its option bytes are now, with BOOT0 held.
  package var hasWayIntoROM: Bool { model.hasWayIntoROM }

  /// What starts instead of a bootloader, if there is no way into that; a start may load the option
  /// bytes first.
  mutating func starts(_ program: RunningProgram) -> RunningProgram {
    if program == .bootloader || program == .application {
      model.loadOptions(at: wasWithoutPower ? .powered : .reset)
      wasWithoutPower = false
    }
    let isEntered = isEnteredByFirmware
    if program != .nothing { isEnteredByFirmware = false }
    guard program == .bootloader, !model.hasWayIntoROM else { return program }
    guard model.memory.readProtection < 2 else { return .nothing }
    if isEntered { return program }
    let flashed = model.flashedProgram
    return visible(while: flashed == .bootloader ? .nothing : flashed)
  }
}
