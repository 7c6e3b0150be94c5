import Foundation
import Testing

@testable import DfuseDevice

/// `docs/ways.md` has the table that is made from the data.
@Suite struct WayDocumentTests {
  private static let page = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "docs/ways.md")

  /// The table, between its two marks; with DFUSE_WRITE_DOCS in the environment the page gets it.
  @Test func `the page has every way as the data have it`() throws {
    let text = try String(contentsOf: Self.page, encoding: .utf8)
    let start = try #require(text.range(of: "<!-- ways -->\n")).upperBound
    let end = try #require(text.range(of: "<!-- end -->")).lowerBound
    if ProcessInfo.processInfo.environment["DFUSE_WRITE_DOCS"] != nil {
      let new = text[..<start] + Self.table + text[end...]
      try new.write(to: Self.page, atomically: true, encoding: .utf8)
    } else {
      #expect(String(text[start..<end]) == Self.table)
    }
  }

  private static var table: String {
    let rows = Way.all.map { way in
      let fits = way.matches.map(words).joined(separator: "; ")
      let remarks = [
        way.mustBeNamed ? "only if it is named" : nil,
        way.probes.isEmpty ? nil : "asks first what the device is",
        way.guards.isEmpty ? nil : "asks before each try " + way.guards[0].about,
        way.tries > 1 ? "up to \(way.tries) tries" : nil,
        way.otherBootloaders.isEmpty
          ? nil
          : "may come back as "
            + way.otherBootloaders.map { "\($0.value) (`\($0.key)`)" }.sorted()
            .joined(separator: ", ") + ", which dfuse cannot flash",
        way.resident.map { "\($0.name) stays" },
        way.sideEffects,
      ].compactMap { $0 }.joined(separator: "; ")
      let never = way.never.map { "\($0.what) (\($0.source))" }.joined(separator: "; ")
      return "| `\(way.id)` | \(way.title) | \(fits) | \(remarks) | \(never) | \(way.source) |\n"
    }
    return """
      | way | what is done | fits | note | never sent to it | source |
      |---|---|---|---|---|---|

      """ + rows.joined()
  }

  /// A match in words: ids, strings, interface.
  private static func words(_ match: Way.Match) -> String {
    var parts: [String] = []
    if !match.ids.isEmpty { parts.append(match.ids.map { "`\($0)`" }.joined(separator: " ")) }
    if let text = match.manufacturer { parts.append("manufacturer \"\(text)…\"") }
    if let text = match.product { parts.append("product \"\(text)…\"") }
    if let text = match.serial { parts.append("serial \"\(text)\"") }
    if match.interface == .dfuRunTime { parts.append("an interface FE/01/01") }
    return parts.joined(separator: ", ") + (match.isCertain ? "" : " (maybe)")
  }
}
