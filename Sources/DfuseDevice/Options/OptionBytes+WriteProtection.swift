extension OptionBytes {
  /// The fields by which sectors are protected against being written.
  public var writeProtection: [OptionField] { protection.map(\.field) }

  /// Plans to lift all write protection of sectors.
  ///
  /// What only a return from protection level 1 lifts, as PCROP, stays.
  /// - Parameters:
  ///   - shown: As for ``change(_:shown:consent:serial:)``.
  ///   - consent: What has been agreed to.
  ///   - serial: The board's serial number.
  /// - Returns: What to write; nothing where no sector is protected.
  /// - Throws: ``OptionError``.
  public func changeLiftingWriteProtection(
    shown: [Range<UInt64>], consent: OptionConsent, serial: String?
  ) throws(OptionError) -> OptionChange {
    guard layout != nil else { throw .notDecoded }
    var values: [OptionField: UInt32] = [:]
    for (field, open) in protection { values[field] = open }
    return try change(to: values, shown: shown, consent: consent, serial: serial)
  }

  /// The fields that protect sectors, each with the value at which it protects none.
  private var protection: [(field: OptionField, open: UInt32)] {
    guard let family = layout?.family else { return [] }
    // The same bits may be those of PCROP.
    guard !self.fields.contains(where: { $0.turnsProtection && value(of: $0) == 1 }) else {
      return []
    }
    let fields = fields.filter { $0.role == .writeProtection && has($0) }
    return fields.compactMap { field in
      guard let now = value(of: field) else { return nil }
      if field.hasNamedBits {
        let open = family.protectsWhenSet ? 0 : field.most
        return now == open ? nil : (field, open)
      }
      guard let area = area(endingAt: field, now), area.start <= area.end else { return nil }
      return (field, area.isStart ? field.most : 0)
    }
  }

  /// The area of which a field with a value is one end; nil for what is none.
  ///
  /// One that ends before it starts is empty.
  func area(
    endingAt field: OptionField, _ value: UInt32
  ) -> (start: UInt32, end: UInt32, isStart: Bool)? {
    for (first, last) in [("_STRT", "_END"), ("_PSTRT", "_PEND")] {
      for isStart in [true, false] where field.name.hasSuffix(isStart ? first : last) {
        let stem = String(field.name.dropLast((isStart ? first : last).count))
        guard let other = self.value(named: stem + (isStart ? last : first)) else { return nil }
        return isStart ? (value, other, true) : (other, value, false)
      }
    }
    return nil
  }
}
