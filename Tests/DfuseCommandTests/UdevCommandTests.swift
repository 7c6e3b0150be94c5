import DfuseDevice
import Foundation
import Testing

@testable import dfuse

/// `dfuse udev`.
@Suite struct UdevCommandTests {
  let sandbox: Sandbox

  init() throws { sandbox = try Sandbox() }

  @Test func `the rules are printed as they are installed`() {
    let run = sandbox.run("udev", "print")
    #expect(run == Sandbox.Run(status: .success, output: UdevRules.text, error: ""))
  }

  @Test func `packagers get the file below their folder, and nothing else happens`() throws {
    let run = sandbox.run("udev", "install", "--root", "@pkg/")
    #expect(
      run
        == Sandbox.Run(
          status: .success, output: "installed pkg/etc/udev/rules.d/60-dfuse.rules\n", error: ""))
    #expect(
      try sandbox.read("pkg/etc/udev/rules.d/60-dfuse.rules") == Array(UdevRules.text.utf8))
    #expect(sandbox.toolRuns.isEmpty)
  }

  @Test func `a second time changes nothing`() {
    _ = sandbox.run("udev", "install", "--root", "@pkg")
    #expect(
      sandbox.run("udev", "install", "--root", "@pkg").output
        == "pkg/etc/udev/rules.d/60-dfuse.rules was there already\n")
  }

  @Test func `the file is taken away again`() {
    _ = sandbox.run("udev", "install", "-q", "--root", "@pkg")
    #expect(
      sandbox.run("udev", "uninstall", "--root", "@pkg")
        == Sandbox.Run(
          status: .success, output: "removed pkg/etc/udev/rules.d/60-dfuse.rules\n", error: ""))
    #expect(
      sandbox.run("udev", "uninstall", "--root", "@pkg").output
        == "pkg/etc/udev/rules.d/60-dfuse.rules is not there\n")
  }

  @Test(arguments: ["install", "uninstall"])
  func `others than root are told the line that does it`(command: String) {
    #expect(
      sandbox.run("udev", command)
        == Sandbox.Run(
          status: .noPermission, output: "",
          error: """
            error: /etc/udev/rules.d can be changed by root only
              fix: sudo dfuse udev \(command)

            """))
  }

  @Test func `everyone may read the file, whatever the umask is`() throws {
    let file = "pkg/etc/udev/rules.d/60-dfuse.rules"
    for text in [nil, UdevRules.text, "old"] as [String?] {
      if let text { try sandbox.write(Array(text.utf8), to: file) }
      _ = unsafe chmod(sandbox.path(file), 0o600)
      #expect(sandbox.run("udev", "install", "--root", "@pkg").status == .success)
      #expect(FileFacts.of(sandbox.path(file))?.mode == 0o644)
    }
    let program = try BuiltProgram(
      ["udev", "install", "--root", "other"], in: sandbox.path(""), umask: "077")
    #expect(program.end() == 0)
    #expect(FileFacts.of(sandbox.path("other/etc/udev/rules.d/60-dfuse.rules"))?.mode == 0o644)
  }

  @Test(arguments: ["install", "uninstall"])
  func `a folder without a name is not the system`(command: String) {
    sandbox.isRoot = true
    #expect(
      sandbox.run("udev", command, "--root", "")
        == Sandbox.Run(
          status: .usage, output: "",
          error: """
            error: --root is empty: that would be the system itself
              why: a variable such as $DESTDIR is not set
              fix: name a folder, or leave --root out

            """))
    #expect(sandbox.toolRuns.isEmpty)
  }

  @Test(arguments: ["install", "uninstall"])
  func `rules that someone has switched off stay so`(command: String) throws {
    try Folder.make(sandbox.path("pkg/etc/udev/rules.d"))
    let link = sandbox.path("pkg/etc/udev/rules.d/60-dfuse.rules")
    #expect(unsafe symlink("/dev/null", link) == 0)
    #expect(
      sandbox.run("udev", command, "--root", "@pkg")
        == Sandbox.Run(
          status: .cannotCreate, output: "",
          error: """
            error: pkg/etc/udev/rules.d/60-dfuse.rules is a link to /dev/null: the rules are \
            switched off
              fix: if they are wanted, remove the link and run this again: \
            rm pkg/etc/udev/rules.d/60-dfuse.rules

            """))
    #expect(FileFacts.of(link)?.kind == .other)
    #expect(SystemTool.run(["rm", link]) == .ended(0))
    #expect(sandbox.run("udev", "install", "--root", "@pkg").status == .success)
    #expect(try sandbox.read("pkg/etc/udev/rules.d/60-dfuse.rules") == Array(UdevRules.text.utf8))
  }

  // MARK: - Running devices

  @Test func `a running device gets rules for itself and its serial port`() throws {
    let run = sandbox.run("udev", "install", "--running", "1D50:614e", "--root", "@pkg")
    #expect(run.status == .success)
    #expect(run.output == "installed \(rules)\n")
    #expect(run.error == "with rules for running devices: 1d50:614e\n")
    let text = String(decoding: try sandbox.read(rules), as: UTF8.self)
    #expect(
      text == UdevRules.text + """

        # Running device 1d50:614e
        SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device", ATTR{idVendor}=="1d50", \
        ATTR{idProduct}=="614e", MODE="0660", GROUP="plugdev", TAG+="uaccess", \
        ENV{ID_MM_DEVICE_IGNORE}="1"
        SUBSYSTEM=="tty", ATTRS{idVendor}=="1d50", ATTRS{idProduct}=="614e", MODE="0660", \
        TAG+="uaccess", ENV{ID_MM_DEVICE_IGNORE}="1", ENV{ID_MM_PORT_IGNORE}="1"

        """)
  }

  @Test func `running devices stay until they are taken out`() throws {
    func install(_ words: String...) throws -> [USBID] {
      let run = sandbox.run(["udev", "install", "-q", "--root", "@pkg"] + words)
      #expect(run == Sandbox.Run(status: .success, output: "", error: ""))
      return UdevRules.running(in: String(decoding: try sandbox.read(rules), as: UTF8.self))
    }
    let klipper = USBID(vendorID: 0x1D50, productID: 0x614E)
    let port = USBID(vendorID: 0x0483, productID: 0x5740)
    #expect(try install("--running", "1d50:614e") == [klipper])
    #expect(try install() == [klipper])
    #expect(try install("--running", "0483:5740", "--running", "1d50:614e") == [port, klipper])
    #expect(
      sandbox.run("udev", "install", "--root", "@pkg")
        == Sandbox.Run(
          status: .success, output: "\(rules) was there already\n",
          error: """
            with rules for running devices: 0483:5740, 1d50:614e; \
            'dfuse udev install --running none' takes them out

            """))
    #expect(try install("--running", "none") == [])
    #expect(try sandbox.read(rules) == Array(UdevRules.text.utf8))
  }

  @Test(arguments: ["5740", "0483:", "0483:x", ":", "0483:5740:1", "0483:15740"])
  func `a running device has both its ids`(text: String) {
    let run = sandbox.run("udev", "install", "--running=\(text)", "--root", "@pkg")
    #expect(
      run
        == Sandbox.Run(
          status: .usage, output: "",
          error: """
            error: --running '\(text)' is not a pair of USB ids
              fix: write vendor and product in hexadecimal, as 'dfuse list' shows them: \
            --running 1d50:614e

            """))
    #expect(!sandbox.files.contains { $0.hasSuffix("60-dfuse.rules") })
  }

  @Test func `none stands alone`() {
    let run = sandbox.run(
      "udev", "install", "--running", "none", "--running", "0483:5740", "--root", "@pkg")
    #expect(run.status == .usage)
    #expect(run.error.contains("why: 'none' stands alone"))
  }

  @Test func `lines that are not ours add no device`() {
    let text = """
      # Running device 0483:
      # Running device
       # Running device 0483:5740
      # Running device 0483:5740 and more
      # Running device ../../x:1

      """
    #expect(UdevRules.running(in: text) == [])
  }

  @Test func `serial ports get their rules at once, and lose them at once`() {
    sandbox.isRoot = true
    sandbox.isSystem = true
    sandbox.tools["udevadm"] = .ended(0)
    let plain = ["udevadm", "trigger", "--action=add", "--subsystem-match=usb"]
    let ports = plain + ["--subsystem-match=tty"]
    _ = sandbox.run("udev", "install")
    #expect(sandbox.toolRuns.contains(plain) && !sandbox.toolRuns.contains(ports))
    for words in [
      ["install", "--running", "0483:5740"], ["install", "--running", "none"],
      ["install", "--running", "0483:5740"], ["uninstall"],
    ] {
      let before = sandbox.toolRuns.count { $0 == ports }
      #expect(sandbox.run(["udev"] + words).status == .success)
      #expect(sandbox.toolRuns.count { $0 == ports } == before + 1)
    }
  }

  // MARK: - Links, and what else may be in the way

  private var rules: String { "pkg/etc/udev/rules.d/60-dfuse.rules" }

  /// Runs the command that a message ends with, as a person would copy it.
  private func follow(_ error: String) throws {
    let fix = try #require(error.split(separator: "\n").last { $0.hasPrefix("  fix: ") })
    let line = try #require(fix.split(separator: ": ").last)
    #expect(
      SystemTool.run(["sh", "-c", "cd \(sandbox.path("").shellWord) && \(line)"]) == .ended(0))
  }

  /// Expects that the rules are refused for what is in the way, and installed after the advice.
  private func expectRefusal(_ what: String) throws {
    let run = sandbox.run("udev", "install", "--root", "@pkg")
    #expect(run.status == .cannotCreate)
    #expect(run.error.hasPrefix("error: \(what)\n  fix: "))
    try follow(run.error)
    #expect(sandbox.run("udev", "install", "--root", "@pkg").status == .success)
    #expect(PathFacts.of(sandbox.path(rules)) == PathFacts(kind: .file))
    #expect(try sandbox.read(rules) == Array(UdevRules.text.utf8))
  }

  private func link(_ name: String, to target: String) throws {
    try Folder.make(sandbox.path(String(name[..<(name.lastIndex(of: "/") ?? name.startIndex)])))
    try #require(unsafe symlink(target, sandbox.path(name)) == 0)
  }

  @Test(
    arguments: [
      ("/dev/full", "/dev/full, which is a device"), ("../gone", "../gone, where nothing is"),
      ("/tmp", "/tmp, which is a folder"), ("pipe", "pipe, which is a pipe"),
      ("60-dfuse.rules", "60-dfuse.rules, where nothing is"),
    ])
  func `a link to what is no file is refused`(target: String, words: String) throws {
    try link(rules, to: target)
    let pipe = sandbox.path("pkg/etc/udev/rules.d/pipe")
    try #require(unsafe mkfifo(pipe, 0o600) == 0)
    try expectRefusal("\(rules) is a link to \(words); the rules need a file there")
    #expect(PathFacts.of(pipe) == PathFacts(kind: .pipe))
  }

  @Test func `a pipe and a folder in the place of the file are refused`() throws {
    try Folder.make(sandbox.path("pkg/etc/udev/rules.d"))
    try #require(unsafe mkfifo(sandbox.path(rules), 0o600) == 0)
    try expectRefusal("\(rules) is a pipe; the rules need a file there")
    try FileManager.default.removeItem(atPath: sandbox.path(rules))
    try FileManager.default.removeItem(atPath: sandbox.path(rules + ".old"))
    try Folder.make(sandbox.path(rules + "/full"))
    try expectRefusal("\(rules) is a folder; the rules need a file there")
  }

  @Test(arguments: ["pkg/etc", "pkg/etc/udev", "pkg/etc/udev/rules.d"])
  func `folders that are none are refused`(folder: String) throws {
    try link(folder, to: "/dev/full")
    try expectRefusal(
      "\(folder) is a link to /dev/full, which is a device; the rules need a folder there")
    try FileManager.default.removeItem(atPath: sandbox.path("pkg"))
    try link(folder, to: "nowhere/at/all")
    try expectRefusal(
      "\(folder) is a link to nowhere/at/all, where nothing is; the rules need a folder there")
    try FileManager.default.removeItem(atPath: sandbox.path("pkg"))
    try Folder.make(
      sandbox.path(String(folder.dropLast(folder.split(separator: "/").last!.count + 1))))
    try sandbox.write([1], to: folder)
    try expectRefusal("\(folder) is a file; the rules need a folder there")
    #expect(try sandbox.read(folder + ".old") == [1])
  }

  @Test(arguments: ["install", "uninstall"])
  func `a link does not lead out of the packager's folder`(command: String) throws {
    try Folder.make(sandbox.path("system/udev/rules.d"))
    try sandbox.write([1], to: "system/udev/rules.d/60-dfuse.rules")
    try link("pkg/etc", to: "../system")
    let run = sandbox.run("udev", command, "--root", "@pkg")
    #expect(
      run
        == Sandbox.Run(
          status: .cannotCreate, output: "",
          error: """
            error: pkg/etc is a link to ../system, out of pkg
              why: with --root, nothing is changed but what is below that folder
              fix: remove the link and run this again: rm pkg/etc

            """))
    #expect(try sandbox.read("system/udev/rules.d/60-dfuse.rules") == [1])
    // A sister whose name begins in the same way is outside as well.
    try follow(run.error)
    try Folder.make(sandbox.path("pkg-2"))
    try link("pkg/etc", to: "../pkg-2")
    #expect(sandbox.run("udev", command, "--root", "@pkg").status == .cannotCreate)
  }

  @Test func `a link to a folder within is followed`() throws {
    try Folder.make(sandbox.path("pkg/usr/etc"))
    try link("pkg/etc", to: "usr/etc")
    #expect(sandbox.run("udev", "install", "--root", "@pkg").status == .success)
    #expect(
      try sandbox.read("pkg/usr/etc/udev/rules.d/60-dfuse.rules") == Array(UdevRules.text.utf8))
    #expect(PathFacts.of(sandbox.path("pkg/etc"))?.target == "usr/etc")
  }

  @Test func `in the system itself, links to folders are the owner's`() throws {
    sandbox.isRoot = true
    sandbox.isSystem = true
    try Folder.make(sandbox.path("elsewhere"))
    try link("etc/udev", to: "../elsewhere")
    #expect(sandbox.run("udev", "install").status == .success)
    #expect(sandbox.files.contains("elsewhere"))
    #expect(
      try sandbox.read("elsewhere/rules.d/60-dfuse.rules") == Array(UdevRules.text.utf8))
  }

  @Test func `a link to another file gives way, and the file stays as it is`() throws {
    try sandbox.write([1, 2, 3], to: "mine")
    _ = unsafe chmod(sandbox.path("mine"), 0o600)
    try link(rules, to: "../../../../mine")
    let run = sandbox.run("udev", "install", "--root", "@pkg")
    #expect(run.status == .success)
    #expect(run.output == "installed \(rules)\n")
    #expect(PathFacts.of(sandbox.path(rules)) == PathFacts(kind: .file))
    #expect(try sandbox.read("mine") == [1, 2, 3])
    #expect(FileFacts.of(sandbox.path("mine"))?.mode == 0o600)
  }

  @Test func `a link to these rules stays, unless not everyone may read them`() throws {
    try sandbox.write(Array(UdevRules.text.utf8), to: "mine")
    _ = unsafe chmod(sandbox.path("mine"), 0o444)
    try link(rules, to: "../../../../mine")
    #expect(
      sandbox.run("udev", "install", "--root", "@pkg").output == "\(rules) was there already\n")
    #expect(PathFacts.of(sandbox.path(rules))?.isLink == true)
    #expect(FileFacts.of(sandbox.path("mine"))?.mode == 0o444)
    _ = unsafe chmod(sandbox.path("mine"), 0o600)
    #expect(sandbox.run("udev", "install", "--root", "@pkg").output == "installed \(rules)\n")
    #expect(PathFacts.of(sandbox.path(rules))?.isLink == false)
    #expect(FileFacts.of(sandbox.path("mine"))?.mode == 0o600)
    #expect(FileFacts.of(sandbox.path(rules))?.mode == 0o644)
  }

  @Test func `taking the rules away removes a link, not what it leads to`() throws {
    try sandbox.write([1], to: "mine")
    for target in ["../../../../mine", "nowhere", "/dev/full"] {
      try link(rules, to: target)
      #expect(sandbox.run("udev", "uninstall", "--root", "@pkg").status == .success)
      #expect(PathFacts.of(sandbox.path(rules)) == nil)
    }
    #expect(try sandbox.read("mine") == [1])
  }

  // MARK: - Whether a board can be used

  /// Installs into a system with one board, of which the node has `mode`; what is said besides.
  private func install(mode: mode_t?, vendorID: UInt16 = 0x0483) throws -> [String] {
    sandbox.isRoot = true
    sandbox.isSystem = true
    sandbox.tools["udevadm"] = .ended(0)
    sandbox.bus = StubBus([.board(path: "1-1", vendorID: vendorID), .application])
    if let mode {
      try Folder.make(sandbox.path("dev/bus/usb/001"))
      try sandbox.write([], to: "dev/bus/usb/001/005")
      _ = unsafe chmod(sandbox.path("dev/bus/usb/001/005"), mode)
    }
    let run = sandbox.run("udev", "install")
    #expect(run.status == .success)
    #expect(run.output == "installed etc/udev/rules.d/60-dfuse.rules\n")
    return run.error.split(separator: "\n").map(String.init)
  }

  @Test(
    arguments: [
      (0o660, "1-1 (0483:df11): its node has the permissions of the rules"),
      (0o666, "1-1 (0483:df11): its node has the permissions of the rules"),
      (
        0o664,
        "warning: 1-1 (0483:df11): its node has not got the permissions of the rules; "
          + "plug it in again"
      ),
      (nil, "warning: 1-1 (0483:df11) cannot be used: its node /dev/bus/usb/001/005 is missing"),
    ] as [(mode_t?, String)])
  func `it is said whether udev has worked`(mode: mode_t?, line: String) throws {
    #expect(
      try install(mode: mode) == [
        line,
        "for logins over the network, and where no one sits: sudo usermod -aG plugdev USER, then "
          + "log in again",
      ])
  }

  @Test(
    arguments: [
      (.ended(0), "1-1 (0483:df11) can be used by alice"),
      (
        .ended(1),
        "warning: 1-1 (0483:df11) cannot be used by alice yet: plug it in again, or join the "
          + "group plugdev"
      ),
      (.missing, "1-1 (0483:df11): its node has the permissions of the rules"),
    ] as [(ToolResult, String)])
  func `it is said whether the user who called sudo is let in`(
    test: ToolResult, line: String
  ) throws {
    sandbox.invokingUser = "alice"
    sandbox.tools["runuser"] = test
    #expect(
      try install(mode: 0o660) == [
        line,
        "for logins over the network, and where no one sits: sudo usermod -aG plugdev alice, then "
          + "log in again",
      ])
    #expect(
      sandbox.toolRuns.last
        == ["runuser", "-u", "alice", "--", "test", "-w", "/dev/bus/usb/001/005"])
  }

  @Test func `a board that the rules do not name stays closed`() throws {
    #expect(
      try install(mode: 0o660, vendorID: 0x1234).first
        == "warning: 1-1 (1234:df11) stays closed: the rules do not name its ids")
  }

  @Test func `without a board, and without udev, that is said`() {
    sandbox.isRoot = true
    sandbox.isSystem = true
    sandbox.bus = StubBus([.application])
    let run = sandbox.run("udev", "install")
    #expect(
      run.error.hasPrefix(
        """
        warning: udev was not told (is udevadm there, and udev running?): plug boards in again, or \
        restart
        no board in its bootloader is plugged in; the next one can be used at once

        """))
  }

  @Test func `a folder that cannot be made is an error`() throws {
    try sandbox.write([], to: "file")
    let run = sandbox.run("udev", "install", "--root", "@file")
    #expect(run.status == .cannotCreate)
  }

  @Test func `udev is told to read its rules and to apply them`() {
    var host = ProgramHost(
      console: Console(
        writeOutput: { _ in }, writeError: { _ in }, outputIsTerminal: false,
        errorIsTerminal: false, width: 80))
    var runs: [[String]] = []
    host.runTool = { words in
      runs.append(words)
      return .ended(0)
    }
    #expect(UdevPlace(root: "").apply(host))
    #expect(
      runs == [
        ["udevadm", "control", "--reload"],
        ["udevadm", "trigger", "--action=add", "--subsystem-match=usb"],
        ["udevadm", "settle", "--timeout=5"],
      ])
    host.runTool = { words in words.contains("trigger") ? .ended(1) : .ended(0) }
    #expect(!UdevPlace(root: "").apply(host))
    host.runTool = { _ in .missing }
    #expect(!UdevPlace(root: "").apply(host))
  }

  @Test(
    arguments: [
      (["true"], .ended(0)), (["false"], .ended(1)), (["sh", "-c", "exit 7"], .ended(7)),
      (["sh", "-c", "kill -9 $$"], .ended(128)), (["dfuse-no-such-program"], .missing),
      ([], .missing),
    ] as [([String], ToolResult)])
  func `the system's programs are run`(words: [String], result: ToolResult) {
    #expect(SystemTool.run(words) == result)
  }
}
