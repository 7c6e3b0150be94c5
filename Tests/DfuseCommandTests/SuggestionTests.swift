import DfuseDevice
import DfuseFormat
import Foundation
import Testing

@testable import DfuseSimulator
@testable import dfuse

/// Every `fix:` line that is a command works: the program is brought to it, and a shell runs what is
/// printed, in the same folder.
@Suite struct SuggestionTests {
  let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
    let manager = FileManager.default
    try sandbox.linkProgram(as: ["dfuse", "dfu-util"])
    // The rules of this machine are not the tests' business.
    try sandbox.write(Array("#!/bin/sh\nexec \"$@\" --root root\n".utf8), to: "bin/sudo")
    try manager.setAttributes([.posixPermissions: 0o755], ofItemAtPath: sandbox.path("bin/sudo"))
    try sandbox.write(Firmware.program(3000), to: "fw.bin")
    try sandbox.write(optionBytes, to: "options.dfu")
  }

  private let optionBytes =
    (try? Firmware.container([(1, 0x1FFF_7808, [0x12])])) ?? []

  /// The command of the `fix:` line: in quotes within a sentence, else up to the line's end.
  private func command(of run: Sandbox.Run) throws -> String {
    let lines = run.error.split(separator: "\n")
    let fix = try #require(lines.first { $0.hasPrefix("  fix: ") }, "\(run)")
    if let quoted = fix.firstMatch(of: /'(dfuse [^']*)'/) { return String(quoted.1) }
    return String(try #require(fix.firstMatch(of: /(sudo )?dfuse .*$/), "\(fix)").0)
  }

  /// Brings the program to its advice, and follows it.
  private func follow(_ line: String, _ status: Status) throws -> String {
    let run = try sandbox.bash(line)
    #expect(run.status == status, "\(run)")
    let command = try command(of: run)
    let followed = try sandbox.bash(command)
    #expect(followed.status == .success, "\(command): \(followed)")
    return command
  }

  @Test func `ST's single words are written and read by what is printed`() throws {
    let board = "--simulate stm32f405:words.state"
    func followed(_ options: String) throws -> Sandbox.Run {
      let run = try sandbox.bash("dfuse -c port=usb1 \(options) \(board)")
      #expect(run.status == .usage)
      let fix = try #require(run.error.split(separator: "\n").last { $0.hasPrefix("  fix: ") })
      return try sandbox.bash(String(fix.dropFirst("  fix: ".count)))
    }
    let written = try followed("-w32 0x08004000 0x20000041 255")
    #expect(written.status == .success, "\(written)")
    let read = try followed("-r32 0x08004000 0x8")
    #expect(read.output.contains("20000041 000000ff"), "\(read)")
  }

  @Test(arguments: Suggestion.Kind.allCases)
  func `what is printed runs, and does what it promises`(kind: Suggestion.Kind) throws {
    let board = "--simulate 'stm32f405:my board.state'"
    let small = "--simulate stm32g431:b.state"
    switch kind {
    case .enter:
      let line = "dfuse list --simulate stm32f405:b.state --application betaflight"
      let command = try follow(line, .noBoard)
      #expect(
        command
          == "dfuse enter --path 1-1 --simulate stm32f405:b.state --application betaflight")
    case .flash:
      try sandbox.write(Firmware.program(3000, at: 0x0800_4000), to: "-fw 1.bin")
      let verify =
        "dfuse verify -a 'internal flash' --address 08004000 \(board) --ignore-ids -- '-fw 1.bin'"
      #expect(
        try follow(verify, .different)
          == "dfuse flash -a 'internal flash' --address 08004000 --ignore-ids \(board) "
          + "-- '-fw 1.bin'")
      #expect(try sandbox.bash(verify).status == .success)
    case .restore:
      _ = try sandbox.bash("dfuse flash \(small) fw.bin")
      _ = try sandbox.bash("dfuse snapshot \(small) -o 'my s.dfu'")
      _ = try sandbox.bash("dfuse erase --all \(small)")
      #expect(
        try follow("dfuse verify \(small) 'my s.dfu'", .different)
          == "dfuse restore \(small) 'my s.dfu'")
      #expect(try sandbox.bash("dfuse verify \(small) 'my s.dfu'").status == .success)
    case .compare:
      _ = try sandbox.bash("dfuse flash \(small) fw.bin")
      _ = try sandbox.bash("dfuse snapshot \(small) -o 'my s.dfu'")
      let run = try sandbox.bash("dfuse verify \(small) 'my s.dfu'")
      let line = String(try #require(run.error.firstMatch(of: /dfuse compare .*/), "\(run)").0)
      #expect(line == "dfuse compare \(small) 'my s.dfu'")
      #expect(try sandbox.bash(line).status == .success)
      _ = try sandbox.bash("dfuse erase --all \(small)")
      #expect(try sandbox.bash(line).status == .different)
    case .read:
      let line =
        "dfuse flash --allow-option-bytes --stay \(small) --fault errWRITE@write:1 options.dfu"
      #expect(
        try follow(line, .protocolError)
          == "dfuse read -a 'Option Bytes' -o option-bytes.dfu \(small)")
      #expect(try sandbox.bash("dfuse verify \(small) option-bytes.dfu").status == .success)
      _ = try follow("dfuse unprotect --yes --unlisted --simulate st-usbd", .protocolError)
      #expect(sandbox.files.contains("read-back.dfu"))
    case .erase:
      _ = try sandbox.bash("dfuse flash \(small) fw.bin")
      let line = "dfuse flash --mass-erase --allow-option-bytes \(small) options.dfu"
      #expect(try follow(line, .usage) == "dfuse erase --all \(small)")
      #expect(try sandbox.bash("dfuse verify \(small) fw.bin").status == .different)
    case .leave:
      let line = "dfuse flash \(board) --fault stall@setaddress:6+ fw.bin"
      #expect(try follow(line, .inputOutput) == "dfuse leave \(board)")
    case .unprotect:
      let flash = "dfuse flash \(board) "
      #expect(
        try follow(flash + "--fault rdp=1 fw.bin", .protocolError)
          == "dfuse unprotect --yes \(board)")
      #expect(try sandbox.bash(flash + "fw.bin").status == .success)
    case .options:
      let line = "dfuse options default --simulate stm32h723"
      #expect(try follow(line, .badData) == "dfuse options --simulate stm32h723")
    case .pack:
      try sandbox.write(Firmware.program(3000), to: "-my image.bin")
      #expect(
        try follow("dfuse pack -- '-my image.bin'", .usage)
          == "dfuse pack -o firmware.dfu -m 0x08000000 -i '-my image.bin' -a 0")
      #expect(try sandbox.bash("dfuse flash --simulate stm32f405 firmware.dfu").status == .success)
    case .unpack:
      try sandbox.write(
        Firmware.container([(0, 0x0800_0000, optionBytes)]), to: "-outer 1.dfu")
      #expect(
        try follow("dfuse verify \(small) -- '-outer 1.dfu'", .badData)
          == "dfuse unpack -- '-outer 1.dfu'")
    case .installRules, .uninstallRules:
      let words = kind.rawValue.split(separator: " ").map(String.init)
      let rules = sandbox.path("root/etc/udev/rules.d/60-dfuse.rules")
      if kind == .uninstallRules { _ = try sandbox.bash("sudo dfuse udev install") }
      let line = try command(of: sandbox.run(words))
      #expect(line == "sudo dfuse \(kind.rawValue)")
      #expect(try sandbox.bash(line).status == .success)
      #expect(FileManager.default.fileExists(atPath: rules) == (kind == .installRules))
      sandbox.bus = StubBus([.board(path: "1-1", openError: .accessDenied)])
      #expect(try command(of: sandbox.run("leave")) == "sudo dfuse udev install")
    case .simulateList:
      let list = try sandbox.bash(
        try command(of: sandbox.bash("dfuse flash --simulate stm32f999 fw.bin")))
      #expect(list.output.contains("stm32f405"))
    case .doctor:
      sandbox.bus = StubBus([.board(path: "1-1", openError: .busy)])
      let line = try command(of: sandbox.run("leave"))
      #expect(line == "dfuse doctor")
      // How it ends depends on this machine.
      #expect(try sandbox.bash(line).output.contains("libusb    version \(LibUSBBus.version)"))
    case .list:
      let chip = try #require(SimulatedChip.named("stm32f405"))
      var profile = chip.profile
      profile.usb.maps = ["Flash"]
      sandbox.bus = SimulatedBus([SimulatedBoard(SimulatedChip("nomap", profile: profile))])
      let words = ["--serial", profile.usb.serial, "--path", "1-1"]
      let line = try command(of: sandbox.run(["erase", "--all"] + words))
      #expect(try OutsideShell.words(line) == ["dfuse", "list", "--verbose"] + words)
      #expect(sandbox.run(Array(try OutsideShell.words(line).dropFirst())).status == .success)
    }
  }

  // MARK: - Behind sudo

  @Test func `sudo is given the program's name only where it finds this program by it`() throws {
    let manager = FileManager.default
    func install(_ name: String) throws -> String {
      let folder = (sandbox.path("root" + name) as NSString).deletingLastPathComponent
      try manager.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try sandbox.write(Array(name.utf8), to: "root" + name)
      return name
    }
    let root = sandbox.path("root")
    let home = try install("/home/a b/.local/bin/dfuse")
    #expect(SudoPath.word(of: home, root: root) == home)
    let local = try install("/usr/local/bin/dfuse")
    #expect(SudoPath.word(of: local, root: root) == "dfuse")
    // Red Hat's sudo does not look there.
    _ = try install("/etc/redhat-release")
    #expect(SudoPath.word(of: local, root: root) == local)
    try manager.removeItem(atPath: sandbox.path("root/etc/redhat-release"))
    // Another one comes first.
    let packaged = try install("/usr/bin/dfuse")
    #expect(SudoPath.word(of: packaged, root: root) == packaged)
    try manager.removeItem(atPath: sandbox.path("root" + local))
    #expect(SudoPath.word(of: packaged, root: root) == "dfuse")
    // By a link in a folder in which it looks.
    let opt = try install("/opt/dfuse/bin/dfuse")
    try manager.createSymbolicLink(
      atPath: sandbox.path("root" + local), withDestinationPath: sandbox.path("root" + opt))
    #expect(SudoPath.word(of: opt, root: root) == "dfuse")
    // Not known, or replaced while it runs.
    #expect(SudoPath.word(of: nil, root: root) == "dfuse")
    #expect(SudoPath.word(of: "/gone/dfuse", root: root) == "dfuse")
  }

  @Test func `what root has to run names the program's file, in quotes, but on other machines`() {
    var rules = Suggestion(.installRules, ["--running", "0483:5740"])
    #expect("\(rules)" == "sudo dfuse udev install --running 0483:5740")
    #expect("\(Suggestion(.doctor).asRoot)" == "sudo dfuse doctor")
    #expect("\(Suggestion(.doctor))" == "dfuse doctor")
    rules.sudoWord = "/home/a b/dfuse"
    #expect("\(rules)" == "sudo '/home/a b/dfuse' udev install --running 0483:5740")
    #expect("\(rules.elsewhere)" == "sudo dfuse udev install --running 0483:5740")
  }

  // MARK: - Under the name dfu-util

  @Test func `what dfu-util cannot do is done by a line that works`() throws {
    let words = ["-a", "0", "-D", "@fw.hex"]
    try sandbox.write(
      Array(":020000040800F2\n:080000000000022001010008CC\n:00000001FF\n".utf8), to: "fw.hex")
    for isPlain in [false, true] {
      let chip = try #require(SimulatedChip.named("stm32f405"))
      var profile = chip.profile
      if isPlain {
        profile.usb.bcdDFUVersion = 0x0110
        profile.usb.productID = 0x1234
      }
      let bus = SimulatedBus([SimulatedBoard(SimulatedChip(chip.name, profile: profile))])
      sandbox.bus = bus
      let run = sandbox.run(words, program: "dfu-util")
      let line = try command(of: run)
      #expect(
        line
          == (isPlain
            ? "dfuse flash --assume-dfuse --device 0483:1234 fw.hex" : "dfuse flash fw.hex"))
      let followed = sandbox.run(
        try OutsideShell.words(line).dropFirst().map { $0 == "fw.hex" ? "@fw.hex" : $0 })
      #expect(followed.status == .success, "\(followed)")
      #expect(bus.board(at: "1-1")?.read(4, at: 0x0800_0000) == [0x00, 0x00, 0x02, 0x20])
    }
  }

  @Test func `under the name dfu-util, the board is chosen again by its port`() throws {
    let chip = try #require(SimulatedChip.named("stm32f405"))
    let boards = try (0..<2).map { number in
      SimulatedBoard(
        chip, serial: chip.serial(ofBoard: number), faults: try FaultPlan(parsing: ["rdp=1"]))
    }
    let bus = SimulatedBus(boards)
    sandbox.bus = bus
    let words = ["-p", "1-2", "-a", "0", "-s", "0x08000000", "-D", "@fw.bin"]
    let line = try command(of: sandbox.run(words, program: "dfu-util"))
    #expect(line == "dfuse unprotect --yes --path 1-2")
    #expect(sandbox.run(Array(try OutsideShell.words(line).dropFirst())).status == .success)
    #expect(bus.board(at: "1-1")?.state.readProtection == 1)
    #expect(bus.board(at: "1-2")?.state.readProtection == 0)
  }

  // MARK: - Options

  /// A command that is refused, the options that are printed, and how it ends with them.
  struct Refusal: CustomTestStringConvertible {
    var chip: String
    var words: [String]
    var options: String
    var status = Status.success

    var testDescription: String { words.joined(separator: " ") + " → " + options }
  }

  static let refusals = [
    Refusal(chip: "stm32f405", words: ["flash", "@ram.hex"], options: "--skip-outside"),
    Refusal(
      chip: "stm32g431", words: ["flash", "@options.dfu", "--stay"],
      options: "--allow-option-bytes"),
    Refusal(chip: "stm32g474", words: ["flash", "@otp.dfu", "--stay"], options: "--allow-otp"),
    Refusal(chip: "stm32f405", words: ["flash", "@other.dfu"], options: "--ignore-ids"),
    Refusal(chip: "stm32f405", words: ["verify", "@same.dfu"], options: "--ignore-ids"),
    Refusal(chip: "stm32f405", words: ["unprotect"], options: "--yes"),
    Refusal(
      chip: "st-usbd", words: ["unprotect", "--yes"], options: "--unlisted",
      status: .protocolError),
    Refusal(chip: "stm32f405", words: ["erase"], options: "--all"),
    Refusal(
      chip: "stm32f405", words: ["flash", "@high.bin"], options: "--address 0x08008000"),
    Refusal(
      chip: "stm32f405", words: ["flash", "@plain.dfu"], options: "--address 0x08000000"),
    Refusal(
      chip: "stm32f405", words: ["read", "-o", "@r.dfu", "-a", "none"], options: "-a 1"),
    Refusal(
      chip: "stm32g474", words: ["read", "-o", "@r.bin", "-a", "1"],
      options: "--address 0x1FFF7800 --length 48"),
    Refusal(
      chip: "stm32f405", words: ["flash", "@lock.dfu", "--stay", "--allow-option-bytes"],
      options: "--allow-permanent-lock 315A28A0B956"),
    Refusal(chip: "stm32f405", words: ["leave", "--force", "--wait=x"], options: "--wait=30"),
    Refusal(
      chip: "tinyusb-dfu", words: ["read", "-o", "@r.bin"],
      options: "--assume-dfuse --device 0483:df11", status: .protocolError),
  ]

  @Test(arguments: refusals)
  func `options that are printed are taken`(refusal: Refusal) throws {
    try sandbox.write(
      Array(
        ":020000040800F2\n:080000000000022001010008CC\n:020000042000DA\n:0100000001FE\n:00000001FF\n"
          .utf8), to: "ram.hex")
    try sandbox.write(
      Firmware.container([(2, 0x1FFF_7000, [1, 2, 3, 4, 5, 6, 7, 8])]), to: "otp.dfu")
    let other = try Firmware.container(
      [(0, 0x0800_0000, Firmware.program(3000))], productID: 0x1234, vendorID: 0x5678)
    try sandbox.write(other, to: "other.dfu")
    try sandbox.write(other, to: "same.dfu")
    try sandbox.write(Firmware.program(3000, at: 0x0800_8000), to: "high.bin")
    try sandbox.write(
      Firmware.container([(1, 0x1FFF_C000, [0xEC, 0xCC, 0x13, 0x33])]), to: "lock.dfu")
    try sandbox.write(Self.plainDFU(Firmware.program(3000)), to: "plain.dfu")
    let chip = try #require(SimulatedChip.named(refusal.chip))
    var board = SimulatedBoard(chip)
    if refusal.words[0] == "verify" { board.load(Firmware.program(3000), at: 0x0800_0000) }
    sandbox.bus = SimulatedBus([board])
    let run = sandbox.run(refusal.words)
    #expect(run.status != .success)
    #expect(run.error.contains(refusal.options), "\(run)")
    var words = refusal.words
    // What stands in the command already is replaced.
    for option in ["-a", "--wait=x"] {
      guard let index = words.firstIndex(of: option), !refusal.options.hasPrefix("--a") else {
        continue
      }
      words.removeSubrange(index..<min(index + (option == "-a" ? 2 : 1), words.count))
    }
    let followed = sandbox.run(words + refusal.options.split(separator: " ").map(String.init))
    #expect(followed.status == refusal.status, "\(followed)")
  }

  /// A file with a DFU suffix and no DfuSe prefix.
  private static func plainDFU(_ bytes: [UInt8]) throws -> [UInt8] {
    var file = bytes + [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x01]
    file += Array("UFD".utf8) + [16]
    let sum = CRC32.checksum(of: file)
    return file + (0..<4).map { UInt8(truncatingIfNeeded: sum >> (8 * $0)) }
  }

  @Test func `of several boards, each is chosen by what is printed`() throws {
    let chip = try #require(SimulatedChip.named("stm32f405"))
    sandbox.bus = SimulatedBus([SimulatedBoard(chip), SimulatedBoard(chip, serial: "2")])
    let run = sandbox.run("flash", "@fw.bin")
    #expect(run.status == .noBoard)
    let choices = run.error.matches(of: #/(?m)^ {4}(--path [0-9.-]+) /#)
    #expect(choices.count == 2)
    for choice in choices {
      let words = choice.1.split(separator: " ").map(String.init)
      #expect(sandbox.run(["flash", "@fw.bin"] + words).status == .success)
    }
  }

  // MARK: - The sources

  /// A command in a text is one that a test knows: made by `Suggestion`, or in quotes, without a
  /// file or a board.
  @Test func `no command is written by hand`() throws {
    var folder = URL(fileURLWithPath: #filePath)
    for _ in 0..<3 { folder.deleteLastPathComponent() }
    folder.appendPathComponent("Sources/dfuse")
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    let names =
      "flash|verify|read|erase|leave|unprotect|list|udev|simulate|pack|unpack|info|doctor"
    let pattern = try Regex("('?)dfuse (?:\(names))(?: --?[a-z-]+| [a-z]+)*('?)")
    var count = 0
    while let file = files?.nextObject() as? URL {
      guard file.pathExtension == "swift", file.lastPathComponent != "Suggestion.swift" else {
        continue
      }
      var isHelp = false
      for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
        if line.contains("\"\"\"") { isHelp.toggle() }
        guard !isHelp, !line.contains("///"), line.contains("\"") else { continue }
        for match in line.matches(of: pattern) {
          let text = line[match.range]
          guard text.hasPrefix("'"), text.hasSuffix("'") else {
            Issue.record("\(file.lastPathComponent): \(line)")
            continue
          }
          count += 1
          let words = text.dropFirst().dropLast().split(separator: " ").dropFirst().map(String.init)
          #expect(sandbox.run(words + ["--help"]).status == .success, "\(text)")
        }
      }
    }
    #expect(count > 0)
  }
}
