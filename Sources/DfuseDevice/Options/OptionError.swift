import DfuseFormat

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

extension OptionError: CustomStringConvertible {
  /// What is in the way, in one sentence without a full stop.
  public var description: String {
    switch self {
    case .notDecoded: "the option bytes of this chip are not decoded"
    case .shownOnly(let chip): "the option bytes of \(chip) are shown, and not written"
    case .noSuchField(let name): "there is no option '\(name.visible())'"
    case .severalFields(let name, let names):
      "'\(name.visible())' is the manual's name of several fields: "
        + names.joined(separator: ", ")
    case .twoValues(let name): "\(name.visible()) is given two values"
    case .illegal(let field, let value): "\(field.title) cannot be \(value.shortHex)"
    case .outsideMap(let field):
      "\(field.name) at \(field.address.addressText) is outside what the bootloader's memory map has"
    case .notThere(let field, let needs): "\(field.name) is there only with \(needs)"
    case .neverWritten(let field): "\(field.name) is shown, and never written over USB"
    case .permanent(let field, let value, let serial):
      "\(field.name)=\(value.shortHex) would lock the chip for ever" + serial.asSerialClause
    case .erasesEverything(let field):
      "\(field.name) at its open level erases everything on the chip"
    case .closesBootloader(let fields):
      "\(fields.titles) would close the way into the bootloader"
    case .startsNothing(let fields):
      "\(fields.titles) would leave the chip without a way to start firmware"
    case .oneWay(let field): "\(field.name) cannot be set back"
    case .cannotBeUndone(let field): "\(field.name) was set, and cannot be set back"
    case .trustZone(let field, on: true):
      "\(field.name)=1 closes the flash to the bootloader"
    case .trustZone(let field, on: false): "\(field.name) cannot be switched off over USB"
    case .separately(let first, let second):
      "\(first.name) and \(second.name) cannot change at once"
    case .factoryUnknown(let chip):
      "the factory's option bytes of \(chip) are not known, or sources differ"
    }
  }
}

extension [OptionField] {
  /// Their names in a row.
  package var titles: String { map(\.title).joined(separator: ", ") }
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
