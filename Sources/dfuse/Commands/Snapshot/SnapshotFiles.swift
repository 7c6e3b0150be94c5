import DfuseDevice
import DfuseFormat
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The files of a snapshot: the container; beside it, what a container has no room for; and what was
/// read before it was cut.
struct SnapshotFiles {
  /// The container.
  let container: OutputFile

  /// Standard output has nothing beside it.
  private func beside(_ ending: String) -> OutputFile? {
    container.isStandardOutput ? nil : OutputFile(name: container.name + ending)
  }

  /// Which board it is of.
  var facts: OutputFile? { beside(".json") }
  /// What was read of one that was cut.
  var part: OutputFile? { beside(".part") }

  /// All that may be written.
  var all: [OutputFile] { [container] + [facts, part].compactMap(\.self) }

  /// The facts that are kept beside a container with this name that holds `bytes`, and whether they
  /// are of another one.
  static func facts(
    beside name: String, _ bytes: @autoclosure () -> [UInt8]
  ) -> (facts: SnapshotFacts?, isOther: Bool) {
    guard let file = SnapshotFiles(container: OutputFile(name: name)).facts,
      FileFacts.of(file.name)?.kind == .regular,
      let text = try? InputFile(name: file.name, limit: 1 << 20).read(),
      let facts = JSONText.value(SnapshotFacts.self, in: text)
    else { return (nil, false) }
    return facts.isAbout(bytes()) ? (facts, false) : (nil, true)
  }

  /// What was read of the same board before; nil where there is no such file.
  func read(_ wanted: SnapshotPart) -> (bytes: [UInt8]?, isThere: Bool) {
    guard let part, FileFacts.of(part.name)?.kind == .regular,
      let file = try? InputFile(name: part.name).read()
    else { return (nil, false) }
    return (wanted.bytes(in: file), true)
  }

  /// Keeps what was read; that it cannot be kept changes nothing about why the work ended.
  ///
  /// - Returns: Whether it is kept.
  func keep(_ part: SnapshotPart, _ bytes: [UInt8], console: Console) -> Bool {
    guard let file = self.part, !bytes.isEmpty, let encoded = try? part.encoded(bytes) else {
      return false
    }
    return (try? file.write(encoded, console: console)) != nil
  }

  /// Forgets it, when it is needed no more.
  func forgetPart() {
    guard let part, FileFacts.of(part.name)?.kind == .regular else { return }
    _ = unsafe part.name.systemPath.withPlatformString { unsafe unlink($0) }
  }
}
