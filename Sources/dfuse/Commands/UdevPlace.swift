import DfuseDevice
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where the rules are kept, in the system or below a packager's folder.
struct UdevPlace {
  /// The folder that stands for `/`, or nothing for `/` itself.
  let root: String
  /// Whether it is a packager's, and nothing outside it may be touched.
  let isPackage: Bool

  init(root: String, isPackage: Bool = false) {
    self.root = root.hasSuffix("/") ? String(root.dropLast()) : root
    self.isPackage = isPackage && !self.root.isEmpty
  }

  /// The folder of the rules.
  var folder: String { root + "/etc/udev/rules.d" }

  /// The file.
  var file: String { folder + "/" + UdevRules.fileName }

  /// Refuses to touch the link to `/dev/null` by which udev is told to leave out rules of this name.
  ///
  /// - Throws: A failure with status 73.
  func requireUnmasked() throws(Failure) {
    guard let facts = FileFacts.of(file), let null = FileFacts.of("/dev/null"),
      facts.isSameFile(as: null)
    else { return }
    throw Failure(
      .cannotCreate, "\(file.visible) is a link to /dev/null: the rules are switched off",
      fix: "if they are wanted, remove the link and run this again: \(command("rm", file))")
  }

  /// Refuses folders that are none, and those that a link takes out of a packager's folder.
  ///
  /// - Throws: A failure with status 73.
  func requireOwnFolder() throws(Failure) {
    var path = root
    for name in ["etc", "udev", "rules.d"] {
      path += "/" + name
      guard let facts = PathFacts.of(path) else { return }
      guard facts.kind == .folder else { throw inTheWay(path, facts, wanted: "a folder") }
      guard isPackage, facts.isLink, let top = PathFacts.resolved(root),
        let real = PathFacts.resolved(path), !(real + "/").hasPrefix(top + "/")
      else { continue }
      throw Failure(
        .cannotCreate,
        "\(path.visible) is a link to \((facts.target ?? "").visible), out of \(root.visible)",
        why: "with --root, nothing is changed but what is below that folder",
        fix: "remove the link and run this again: \(command("rm", path))")
    }
  }

  /// Refuses to write to what is no file, and through a link that leads to none.
  ///
  /// - Throws: A failure with status 73.
  func requireFile() throws(Failure) {
    guard let facts = PathFacts.of(file), facts.kind != .file else { return }
    throw inTheWay(file, facts, wanted: "a file")
  }

  private func inTheWay(_ path: String, _ facts: PathFacts, wanted: String) -> Failure {
    Failure(
      .cannotCreate, "\(path.visible) is \(facts.words); the rules need \(wanted) there",
      fix: facts.isLink
        ? "remove the link and run this again: \(command("rm", path))"
        : "move it away and run this again: \(command("mv", path, path + ".old"))")
  }

  /// A command line that whoever called this one may run.
  private func command(_ words: String...) -> String {
    // In the system itself, only root gets as far as this.
    ((root.isEmpty ? ["sudo"] : [])
      + words.map { $0.hasPrefix("-") ? "./" + $0 : $0 }).shellLine
  }

  /// Writes the rules, unless they are there, and lets everyone read them.
  ///
  /// A link to another file gives way: what it leads to is somebody else's, and may lie anywhere.
  /// - Returns: Whether they were not.
  /// - Throws: A failure with status 73 or 74.
  func write(_ text: String, console: Console) throws(Failure) -> Bool {
    let text = Array(text.utf8)
    let isLink = PathFacts.of(file)?.isLink ?? false
    let mode = FileFacts.of(file)?.mode
    let isThere = mode != nil && (try? InputFile(name: file).read()) == text
    // What a link leads to is as readable as its owner made it.
    if isThere, isLink, let mode, mode & 0o444 == 0o444 { return false }
    if isLink || !isThere {
      try OutputFile(name: file, followsLinks: false).write(text, console: console)
    }
    // A new file is made under the umask, which may keep it from packagers and from people who ask.
    guard unsafe chmod(file, 0o644) == 0 else {
      throw Failure(
        .inputOutput, "cannot make \(file.visible) readable: \(Errno(rawValue: errno))")
    }
    return isLink || !isThere
  }

  /// The running devices for which there are rules now.
  var running: [USBID] {
    guard PathFacts.of(file)?.kind == .file, let bytes = try? InputFile(name: file).read() else {
      return []
    }
    return UdevRules.running(in: String(decoding: bytes, as: UTF8.self))
  }

  /// Takes the rules away.
  ///
  /// - Returns: Whether they were there.
  /// - Throws: A failure with status 74.
  func remove() throws(Failure) -> Bool {
    guard unsafe unlink(file) != 0 else { return true }
    let error = Errno(rawValue: errno)
    if error == .noSuchFileOrDirectory { return false }
    throw Failure(.inputOutput, "cannot remove \(file.visible): \(error)")
  }

  /// Lets udev read its rules again, and apply them to what is plugged in, and to serial ports if
  /// there are, or have been, rules for some.
  ///
  /// - Returns: Whether udev did both.
  func apply(_ host: Host, ports: Bool = false) -> Bool {
    let reload = host.runTool(["udevadm", "control", "--reload"])
    let trigger = host.runTool(
      ["udevadm", "trigger", "--action=add", "--subsystem-match=usb"]
        + (ports ? ["--subsystem-match=tty"] : []))
    // The permissions are there when the events have been worked off.
    _ = host.runTool(["udevadm", "settle", "--timeout=5"])
    return reload == .ended(0) && trigger == .ended(0)
  }
}
