/// Why option bytes are not changed: all of it is found before anything is written.
public enum OptionError: Error, Hashable, Sendable {
  /// Nobody has written down the option bytes of this chip, or it cannot be told from chips that have
  /// others.
  case notDecoded
  /// They are shown only: of one source, or with a write that is known to be dangerous.
  case shownOnly(chip: String)
  /// The chip has no field of that name.
  case noSuchField(String)
  /// Several fields have that name in the reference manual.
  case severalFields(String, [String])
  /// One field was given two values.
  case twoValues(String)
  /// The value does not fit, or is none of those that are legal.
  case illegal(OptionField, UInt64)
  /// The bootloader's memory map does not reach the field.
  case outsideMap(OptionField)
  /// The field is there only while others have certain values.
  case notThere(OptionField, needs: String)
  /// The field is shown and never written.
  case neverWritten(OptionField)
  /// The level is for ever; the board has this serial number.
  case permanent(OptionField, UInt32, serial: String?)
  /// The change lets the chip erase everything.
  case erasesEverything(OptionField)
  /// After it there is no way into the bootloader.
  case closesBootloader([OptionField])
  /// After it no firmware starts.
  case startsNothing([OptionField])
  /// Only a return from protection level 1, which erases everything, undoes it, or nothing.
  case oneWay(OptionField)
  /// The field was set that way, and cannot be set back.
  case cannotBeUndone(OptionField)
  /// TrustZone: the bootloader reads zeros afterwards, and what it writes vanishes.
  case trustZone(OptionField, on: Bool)
  /// The bootloader cannot change these at once.
  case separately(OptionField, OptionField)
  /// The values with which the chip left the factory are not known, or sources differ.
  case factoryUnknown(chip: String)
}

/// What has been agreed to.
public struct OptionConsent: Hashable, Sendable {
  /// The serial number of the one board that may be locked for ever.
  public var permanentLockSerial: String?
  /// Whether a change may close the way into the bootloader, or be one that cannot be undone.
  public var allowsNoWayBack = false
  /// Whether the chip may erase everything.
  public var allowsErase = false

  /// Agrees to nothing.
  public init() {}
}
