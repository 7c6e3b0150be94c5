import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The file for reports that no terminal shows any more, where `nohup` would put its own: in the
/// current folder, or else in the home folder.
enum ReportFile {
  static let name = "dfuse-report.txt"

  /// Adds a report to the file's end, with the time and the command.
  ///
  /// - Returns: The file's path; nil when it can be written in neither place.
  static func append(_ lines: [String], of command: [String]) -> String? {
    let head = "\(now)  \(command.map(\.shellWord).joined(separator: " "))"
    let text = ([head] + lines).map { $0 + "\n" }.joined()
    let home = environmentVariable("HOME").map { "\($0)/\(name)" }
    return [name, home].compactMap { $0 }.first { path in
      do {
        // No link is followed: the folder may be one in which others can make them.
        let file = try FileDescriptor.open(
          FilePath(path), .writeOnly, options: [.create, .append, .noFollow],
          permissions: FilePermissions(rawValue: 0o666))
        return try file.closeAfter { try file.writeAll(text.utf8) } == text.utf8.count
      } catch {
        return false
      }
    }
  }

  /// The time as `2026-11-26 20:15:03 UTC`.
  private static var now: String {
    var seconds = time(nil)
    var parts = unsafe tm()
    _ = unsafe gmtime_r(&seconds, &parts)
    var text = [CChar](repeating: 0, count: 32)
    let count = unsafe strftime(&text, text.count, "%Y-%m-%d %H:%M:%S UTC", &parts)
    return String(decoding: text.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
