public import DfuseFormat

/// What is to be written so that fields have other values.
public struct OptionChange: Hashable, Sendable {
  /// A field, or one bit of it, with its values.
  public struct Difference: Hashable, Sendable {
    /// The field.
    public var field: OptionField
    /// Its value as it is.
    public var before: UInt32
    /// Its value as it will be.
    public var after: UInt32
  }

  /// Something to know before it is done.
  public enum Caution: Hashable, Sendable {
    /// A cut supply may leave a chip that does not start its bootloader any more.
    case holdSupply
    /// The chip is read protected afterwards.
    case protects
    /// Sectors or addresses of the flash are others afterwards.
    case mapChanges(OptionField)
    /// A watchdog then runs in the bootloader as well.
    case watchdog(OptionField)
    /// Damages the chip at a supply above 2.7 V.
    case fastOutputs(OptionField)
    /// Holds the chip in reset below 2.8 V or so.
    case highThreshold(OptionField)
    /// The factory's value is left out, since the field cannot be set back.
    case leftAlone(OptionField)
  }

  /// The option bytes as they were read.
  public let before: OptionBytes
  /// The option bytes as they will be.
  public let after: OptionBytes
  /// What differs, in the order of the fields.
  public let differences: [Difference]
  /// What to write, in this order.
  public let blocks: [ImageElement]
  /// What to know before.
  public var cautions: [Caution]

  /// Whether nothing is to be written.
  public var isEmpty: Bool { differences.isEmpty }
}

/// A field and a value for it, as somebody asks for them.
public struct OptionSetting: Hashable, Sendable {
  /// The field's name, or the name of one bit.
  public var name: String
  /// The value; for an address also the address itself.
  public var value: UInt64

  /// Makes a setting.
  public init(name: String, value: UInt64) {
    self.name = name
    self.value = value
  }
}

extension OptionBytes {
  /// Plans the writing of fields.
  ///
  /// - Parameters:
  ///   - settings: Fields with their values.
  ///   - shown: The addresses that the bootloader's map has for option bytes, or those that it serves
  ///     all the same.
  ///   - consent: What has been agreed to.
  ///   - serial: The board's serial number.
  /// - Returns: What to write; nothing where the fields have these values.
  /// - Throws: ``OptionError``.
  public func change(
    _ settings: [OptionSetting], shown: [Range<UInt64>], consent: OptionConsent, serial: String?
  ) throws(OptionError) -> OptionChange {
    guard layout != nil else { throw .notDecoded }
    return try change(to: try values(of: settings), shown: shown, consent: consent, serial: serial)
  }

  /// Plans the writing of the values that the chip left the factory with, as far as they are known.
  ///
  /// The protection level stays, and so does what cannot be set back.
  /// - Throws: ``OptionError``.
  public func changeToFactory(
    shown: [Range<UInt64>], consent: OptionConsent, serial: String?
  ) throws(OptionError) -> OptionChange {
    guard let layout else { throw .notDecoded }
    guard layout.isWritten else { throw .shownOnly(chip: layout.name) }
    var (values, left, known) = ([OptionField: UInt32](), [OptionField](), 0)
    for field in fields where field.role != .protection {
      guard let factory = field.factory, let value = value(of: field) else { continue }
      known += 1
      guard factory != value, has(field), !layout.family.neverWritten.contains(field.name),
        isWritable(field, shown)
      else { continue }
      if field.role == .oneWay || field.role == .trustZone {
        left.append(field)
      } else {
        values[field] = factory
      }
    }
    guard known > 0 else { throw .factoryUnknown(chip: layout.name) }
    var change = try change(to: values, shown: shown, consent: consent, serial: serial)
    change.cautions += left.map { .leftAlone($0) }
    return change
  }

  /// Plans to have what a file has for the option bytes of a chip of this kind.
  ///
  /// What the bootloader does not show, and fields that are never written, are left as they are.
  /// - Parameters:
  ///   - elements: Bytes at addresses.
  ///   - shown: As for ``change(_:shown:consent:serial:)``.
  ///   - consent: What has been agreed to.
  ///   - serial: The board's serial number.
  /// - Returns: What to write.
  /// - Throws: ``OptionError``.
  public func change(
    toMatch elements: [ImageElement], shown: [Range<UInt64>], consent: OptionConsent,
    serial: String?
  ) throws(OptionError) -> OptionChange {
    guard let layout, let other = filled(with: elements) else { throw .notDecoded }
    var values: [OptionField: UInt32] = [:]
    for field in fields where has(field) {
      guard let wanted = other.value(of: field), let value = value(of: field), wanted != value,
        !layout.family.neverWritten.contains(field.name)
      else { continue }
      values[field] = wanted
    }
    return try change(to: values, shown: shown, consent: consent, serial: serial)
  }

  func change(
    to values: [OptionField: UInt32], shown: [Range<UInt64>], consent: OptionConsent,
    serial: String?
  ) throws(OptionError) -> OptionChange {
    guard let layout else { throw .notDecoded }
    guard layout.isWritten else { throw .shownOnly(chip: layout.name) }
    var differences: [OptionChange.Difference] = []
    for field in fields {
      guard let wanted = values[field] else { continue }
      guard field.allows(wanted) else { throw .illegal(field, UInt64(wanted)) }
      guard let value = value(of: field), isWritable(field, shown) else { throw .outsideMap(field) }
      guard value != wanted else { continue }
      guard !layout.family.neverWritten.contains(field.name) else { throw .neverWritten(field) }
      differences.append(.init(field: field, before: value, after: wanted))
    }
    let after = setting(values)
    for difference in differences where !after.has(difference.field) && !has(difference.field) {
      throw .notThere(difference.field, needs: difference.field.condition?.words ?? "")
    }
    try check(differences, after, consent, serial)
    return OptionChange(
      before: self, after: after, differences: differences,
      blocks: after.blocks(
        writing: Set(differences.map(\.field.address)), within: shown),
      cautions: cautions(differences))
  }

  /// Refuses what must never happen without a word for it.
  private func check(
    _ differences: [OptionChange.Difference], _ after: OptionBytes, _ consent: OptionConsent,
    _ serial: String?
  ) throws(OptionError) {
    guard let family = layout?.family else { return }
    for difference in differences {
      let field = difference.field
      switch field.role {
      case .protection:
        if family.levels.permanent.contains(difference.after),
          serial == nil || consent.permanentLockSerial != serial
        {
          throw .permanent(field, difference.after, serial: serial)
        }
        if difference.after == family.levels.open, !consent.allowsErase {
          throw .erasesEverything(field)
        }
        let secure = differences.first { $0.field.role == .trustZone || $0.field.condition != nil }
        if let secure { throw .separately(field, secure.field) }
      case .trustZone:
        guard difference.after != 0 else { throw .trustZone(field, on: false) }
        if !consent.allowsNoWayBack { throw .trustZone(field, on: true) }
      case .oneWay where !consent.allowsNoWayBack:
        if field.factory.map({ $0 != difference.before }) ?? false { throw .cannotBeUndone(field) }
        // BOOT_LOCK is told of with the other fields that close the way.
        if !field.name.hasSuffix("BOOT_LOCK") { throw .oneWay(field) }
      case .boot, .map, .writeProtection, .oneWay, .care, .plain: break
      }
    }
    guard !consent.allowsNoWayBack, let now = outcome else { return }
    let concerned = differences.map(\.field).filter {
      $0.role == .boot || $0.name.hasSuffix("BOOT_LOCK")
    }
    guard !concerned.isEmpty, let then = after.outcome else { return }
    if now.reachesBootloader, !then.reachesBootloader { throw .closesBootloader(concerned) }
    if now.startsFirmware, !then.startsFirmware { throw .startsNothing(concerned) }
  }

  private func cautions(_ differences: [OptionChange.Difference]) -> [OptionChange.Caution] {
    guard let family = layout?.family, !differences.isEmpty else { return [] }
    var cautions: [OptionChange.Caution] = []
    if family.cut == .closes { cautions.append(.holdSupply) }
    for difference in differences {
      let (field, after) = (difference.field, difference.after)
      switch field.role {
      case .protection where difference.before == family.levels.open: cautions.append(.protects)
      case .map: cautions.append(.mapChanges(field))
      case .care
      where field.name.hasSuffix("DG_SW") || field.name.hasSuffix("DGSW")
        || field.name.hasPrefix("IWDG1_SW"):
        if after == 0 { cautions.append(.watchdog(field)) }
      case .care where field.name.contains("HSLV"):
        if after != 0 { cautions.append(.fastOutputs(field)) }
      case .care where family.brownOut.isHighest(after, of: field):
        cautions.append(.highThreshold(field))
      default: break
      }
    }
    return cautions
  }

  /// Whether a field's word is among what is written, and the bootloader shows it.
  private func isWritable(_ field: OptionField, _ shown: [Range<UInt64>]) -> Bool {
    guard let layout else { return false }
    let address = layout.writeAddress(of: field.address)
    return layout.writes.contains { $0.contains(address) && $0.upperBound >= address + 4 }
      && shown.contains { $0.contains(address) && $0.upperBound >= address + 4 }
  }

  /// The values of fields that settings ask for.
  private func values(
    of settings: [OptionSetting]
  ) throws(OptionError) -> [OptionField: UInt32] {
    var values: [OptionField: UInt32] = [:]
    var named: [OptionField: UInt32] = [:]
    for setting in settings {
      let (field, match) = try self.field(named: setting.name)
      switch match {
      case .whole:
        let value = try value(setting, of: field)
        if let other = values[field], other != value { throw .twoValues(setting.name) }
        values[field] = value
      case .bit(let bit):
        guard setting.value <= 1 else { throw .illegal(field, setting.value) }
        let mask: UInt32 = 1 << UInt32(bit)
        let before = values[field] ?? value(of: field) ?? 0
        let wanted = setting.value == 1 ? before | mask : before & ~mask
        if named[field, default: 0] & mask != 0, wanted != before {
          throw .twoValues(setting.name)
        }
        named[field, default: 0] |= mask
        values[field] = wanted
      }
    }
    return values
  }

  /// The value that a setting means: a field's own, or the address that it stands for.
  private func value(
    _ setting: OptionSetting, of field: OptionField
  ) throws(OptionError) -> UInt32 {
    if let value = UInt32(exactly: setting.value), field.allows(value) { return value }
    guard field.role == .boot, let unit = field.units.first?.bytes, unit > 1,
      setting.value % unit == 0, let value = UInt32(exactly: setting.value / unit),
      field.allows(value)
    else { throw .illegal(field, setting.value) }
    return value
  }

  /// The field that a name means, or one of its bits.
  private func field(named name: String) throws(OptionError) -> (OptionField, OptionField.Match) {
    let matches = fields.compactMap { field in field.match(name).map { (field, $0) } }
    if let exact = matches.first(where: { $0.0.name.lowercased() == name.lowercased() }) {
      return exact
    }
    guard let first = matches.first else {
      throw .noSuchField(name)
    }
    guard matches.count == 1 else { throw .severalFields(name, matches.map(\.0.name)) }
    return first
  }
}

extension OptionCondition {
  /// `TZEN=1`.
  var words: String {
    values.map { "\($0.field)=\($0.value)" }.joined(separator: " and ")
  }
}

extension OptionFamily.BrownOut {
  /// Whether a value is the highest threshold, below which a chip does not run.
  func isHighest(_ value: UInt32, of field: OptionField) -> Bool {
    switch (self, field.name) {
    case (.falling, "BOR_LEV"): value == 0
    case (.rising, "BOR_LEV"): value >= 4
    case (.fromOff, "BOR_LEV"): value == 3
    case (.fromEight, "BOR_LEV"): value >= 12
    case (.twoThresholds, "BORR_LEV"), (.twoThresholds, "BORF_LEV"): value == 3
    default: false
    }
  }
}
