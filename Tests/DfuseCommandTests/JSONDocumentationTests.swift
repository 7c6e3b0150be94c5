import DfuseDevice
import DfuseSimulator
import SystemPackage
import Testing

@testable import dfuse

/// `docs/json.md` names every key that the program prints.
@Suite struct JSONDocumentationTests {
  let sandbox: Sandbox
  private let page: String

  init() throws {
    sandbox = try Sandbox()
    let root = FilePath(#filePath).removingLastComponent().removingLastComponent()
      .removingLastComponent()
    page = String(
      decoding: try InputFile(name: root.appending("docs/json.md").string).read(), as: UTF8.self)
    try sandbox.write(Firmware.container([(0, 0x0800_0000, Firmware.program(3000))]), to: "fw.dfu")
  }

  private func undocumented(_ run: Sandbox.Run) -> Set<String> {
    let keys = Set(run.output.matches(of: /"([A-Za-z0-9]+)" ?:/).map { String($0.1) })
    #expect(!keys.isEmpty)
    return keys.filter { !page.contains("`\($0)`") }
  }

  @Test(
    arguments: [
      ["info", "--json", "@fw.dfu"],
      ["list", "--json", "--simulate", "h7a3"],
      ["flash", "--json", "@fw.dfu", "--simulate", "f405"],
      ["flash", "--json", "--dry-run", "@fw.dfu", "--simulate", "f405"],
      ["flash", "--json", "--all", "@fw.dfu", "--simulate", "f405"],
      [
        "flash", "--json", "@fw.dfu", "--simulate", "f405", "--patch", "0x0800FC00=u32:1",
        "--ledger", "@l.csv",
      ],
      ["flash", "--json", "@fw.dfu", "--simulate", "f405", "--fault", "stuckbit@0x08000000:0"],
      ["flash", "--json", "@fw.dfu", "--simulate", "f405", "-a", "7"],
      ["verify", "--json", "@fw.dfu", "--simulate", "f405"],
      ["read", "--json", "-o", "@r.bin", "--length", "16", "--simulate", "f405"],
      ["erase", "--json", "--address", "08000000", "--simulate", "f405"],
      ["leave", "--json", "--simulate", "f405"],
      ["identify", "--json", "--simulate", "h743-v9.1"],
      ["unprotect", "--json", "--yes", "--simulate", "f405"],
      ["snapshot", "--json", "-o", "@s.dfu", "--simulate", "f042"],
      ["compare", "--json", "@fw.dfu", "--simulate", "f405"],
      ["doctor", "--json"],
    ])
  func `no key is missing from the page`(words: [String]) {
    #expect(undocumented(sandbox.run(words)) == [])
  }

  @Test func `no key of a snapshot, of info on it and of a restore is missing`() {
    let state = "f042:\(sandbox.path("state"))"
    #expect(
      sandbox.run("flash", "-q", "@fw.dfu", "--simulate", state).status == .success)
    #expect(
      sandbox.run("snapshot", "-q", "-o", "@s.dfu", "--simulate", state).status == .success)
    for words in [
      ["info", "--json", "@s.dfu"], ["restore", "--json", "@s.dfu", "--simulate", state],
      ["compare", "--json", "@s.dfu", "--simulate", "f042"],
    ] {
      #expect(undocumented(sandbox.run(words)) == [])
    }
  }

  @Test func `the kinds of lines are on the page`() {
    for event in ["board", "plan", "start", "progress", "finish", "repeat", "note", "result"] {
      #expect(page.contains("| `\(event)` |"))
    }
    for phase in FlashEvent.Phase.allCases { #expect(page.contains("`\(phase.rawValue)`")) }
  }
}
