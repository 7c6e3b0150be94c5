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
          status: .success, output: "",
          error: "installed pkg/etc/udev/rules.d/60-dfuse.rules\n"))
    #expect(
      try sandbox.read("pkg/etc/udev/rules.d/60-dfuse.rules") == Array(UdevRules.text.utf8))
    #expect(sandbox.toolRuns.isEmpty)
  }

  @Test func `a second time changes nothing`() {
    _ = sandbox.run("udev", "install", "--root", "@pkg")
    #expect(
      sandbox.run("udev", "install", "--root", "@pkg").error
        == "pkg/etc/udev/rules.d/60-dfuse.rules was there already\n")
  }

  @Test func `the file is taken away again`() {
    _ = sandbox.run("udev", "install", "-q", "--root", "@pkg")
    #expect(
      sandbox.run("udev", "uninstall", "--root", "@pkg")
        == Sandbox.Run(
          status: .success, output: "", error: "removed pkg/etc/udev/rules.d/60-dfuse.rules\n"))
    #expect(
      sandbox.run("udev", "uninstall", "--root", "@pkg").error
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
    #expect(UdevPlace(root: nil).apply(host))
    #expect(
      runs == [
        ["udevadm", "control", "--reload"],
        ["udevadm", "trigger", "--action=add", "--subsystem-match=usb"],
        ["udevadm", "settle", "--timeout=5"],
      ])
    host.runTool = { words in words.contains("trigger") ? .ended(1) : .ended(0) }
    #expect(!UdevPlace(root: nil).apply(host))
    host.runTool = { _ in .missing }
    #expect(!UdevPlace(root: nil).apply(host))
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
