#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A moment in UTC, as ISO 8601 has it.
struct UTCTime: Hashable, Sendable {
  /// Since 1970, leap seconds not counted.
  var seconds: Int64

  /// What the machine's clock says.
  @Sendable static func now() -> UTCTime { UTCTime(seconds: Int64(time(nil))) }

  /// `2026-11-27`.
  var date: String {
    let (year, month, day) = civil
    return "\(Self.digits(year, 4))-\(Self.digits(month, 2))-\(Self.digits(day, 2))"
  }

  /// `2026-11-27T20:56:56Z`.
  var text: String {
    let second = seconds - days * 86400
    let parts = [second / 3600, second / 60 % 60, second % 60]
    return "\(date)T\(parts.map { Self.digits($0, 2) }.joined(separator: ":"))Z"
  }

  /// Days since 1970, rounded down.
  private var days: Int64 { (seconds - (seconds < 0 ? 86399 : 0)) / 86400 }

  /// The day of the Gregorian calendar.
  ///
  /// - SeeAlso: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
  private var civil: (year: Int64, month: Int64, day: Int64) {
    let shifted = days + 719_468
    let era = (shifted - (shifted < 0 ? 146_096 : 0)) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (
      yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month,
      dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    )
  }

  private static func digits(_ number: Int64, _ count: Int) -> String {
    String(number).rightAligned(to: count, with: "0")
  }
}
