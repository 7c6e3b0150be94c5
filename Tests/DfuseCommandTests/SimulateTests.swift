import ArgumentParser
import DfuseSimulator
import DfuseTestSupport
import Foundation
import SystemPackage
import Testing

@testable import dfuse

/// `dfuse simulate`; how boards behave on the wire is tested with the server itself.
@Suite struct SimulateTests {
  let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
    sandbox.isInterrupted = { true }
  }

  @Test func `the chips are listed with what is known of them`() {
    let run = sandbox.run("simulate", "--list")
    #expect(run.status == .success)
    let lines = run.output.split(separator: "\n")
    #expect(lines.count == SimulatedChip.all.count + SimulatedChip.others.count + 1)
    #expect(lines[0].split(separator: " ") == ["chip", "part", "flash", "transfer", "known"])
    #expect(
      lines.contains { line in
        line.hasPrefix("stm32f405, ") && line.contains("  1 MiB  ") && line.contains("  2048  ")
      })
  }

  @Test func `boards are served until Ctrl-C, then summed up`() throws {
    let run = sandbox.run("simulate", "stm32f405", "--port", "0", "--count", "2")
    #expect(run.status == .success)
    let lines = run.output.split(separator: "\n").map(String.init)
    let port = try #require(lines.first?.split(separator: ":").last)
    #expect(
      lines == [
        "serving 2 boards (stm32f405) on 127.0.0.1:\(port)",
        "  sudo usbip --tcp-port \(port) attach -r 127.0.0.1 -b 1-1",
        "  sudo usbip --tcp-port \(port) attach -r 127.0.0.1 -b 1-2",
        "1-1: 0 transfers, busy for 0 ms",
        "  0 sectors erased, 0 bytes programmed, 0 bytes read",
        "1-2: 0 transfers, busy for 0 ms",
        "  0 sectors erased, 0 bytes programmed, 0 bytes read",
      ])
  }

  @Test func `memories are kept in files, one a board`() throws {
    let run = sandbox.run(
      "simulate", "f405", "--port", "0", "--count", "2", "--state", "@boards", "--trace",
      "@trace.txt")
    #expect(run.status == .success)
    let first = try SimulatedBoardState(decoding: sandbox.read("boards/stm32f405-1.state"))
    let second = try SimulatedBoardState(decoding: sandbox.read("boards/stm32f405-2.state"))
    #expect(first.chip == "stm32f405")
    #expect(first.serial != second.serial)
    #expect(try sandbox.read("trace.txt").isEmpty)
  }

  @Test func `a serial number can be shared`() throws {
    let run = sandbox.run(
      "simulate", "f405", "--port", "0", "--count", "2", "--same-serial", "--state", "@boards")
    #expect(run.status == .success)
    let first = try SimulatedBoardState(decoding: sandbox.read("boards/stm32f405-1.state"))
    let second = try SimulatedBoardState(decoding: sandbox.read("boards/stm32f405-2.state"))
    #expect(first.serial == second.serial)
  }

  @Test(
    arguments: [
      ([], "nothing says which chip to simulate"),
      (["f405", "--count", "0"], "--count 0: a USB bus has room for 1 to 127 boards"),
      (["f405", "--count", "128"], "--count 128: a USB bus has room for 1 to 127 boards"),
      (["f405", "--time-scale", "0"], "--time-scale 0.0 is not between 0.001 and 1000000"),
      (["f999"], "there is no simulated chip 'f999'"),
      (["f405", "--fault", "x"], "--fault: fault 'x': there is no action 'x'"),
      (
        ["f405", "--address", "localhost"],
        "--address 'localhost' is not an IPv4 address such as 127.0.0.1"
      ),
    ])
  func `what cannot be served is refused`(words: [String], what: String) {
    let run = sandbox.run(["simulate"] + words)
    #expect(run.status == .usage)
    #expect(run.error.hasPrefix("error: \(what)\n"))
  }

  @Test(arguments: [([], AfterLeave.nothing), (["--after-leave", "application"], .application)])
  func `what comes after leave is nothing unless asked for`(
    words: [String], afterLeave: AfterLeave
  ) throws {
    let command = try SimulateCommand.parse(["f405"] + words)
    #expect(command.afterLeave == afterLeave)
  }

  @Test func `an unknown word for what comes after leave is refused with the choices`() {
    let run = sandbox.run("simulate", "f405", "--after-leave", "bootloader")
    #expect(run.status == .usage)
    #expect(run.error.contains("'bootloader' is none of: application, nothing"))
  }

  static let replug = "attach it again (a replug with BOOT0 set) to have the bootloader"

  @Test(
    arguments: [
      (.unplugged, .application, "detached"),
      (.firmwareUnplugged, .application, "detached, and its firmware ended; \(replug)"),
      (
        .left(.application), .application,
        "left its bootloader: the firmware runs; attach it again to have the firmware's device, "
          + "0483:5740"
      ),
      (
        .left(.application), .nothing,
        "left its bootloader: the firmware runs, without USB; \(replug)"
      ),
      (
        .left(.bootloader), .application,
        "reset itself; attach it again to have the bootloader"
      ),
      (.left(.nothing), .application, "went off the bus, and no firmware runs; \(replug)"),
    ] as [(BoardDeparture, AfterLeave, String)])
  func `it is said what became of a board, and what a new attach finds`(
    departure: BoardDeparture, afterLeave: AfterLeave, words: String
  ) {
    let chip = SimulatedChip.all[0]
    #expect(departure.words(afterLeave: afterLeave, application: nil, on: chip) == words)
  }

  @Test(
    arguments: [
      (.unplugged, "detached; attach it again to have the firmware's device, 1d50:614e"),
      (
        .firmwareUnplugged,
        "detached, and its firmware ended; attach it again to have the firmware's device, "
          + "1d50:614e"
      ),
      (
        .left(.application),
        "left its bootloader: the firmware runs; attach it again to have the firmware's device, "
          + "1d50:614e"
      ),
      (
        .entered(.bootloader),
        "left its firmware for its bootloader; attach it again to have the bootloader"
      ),
      (
        .entered(.application),
        "restarted its firmware; attach it again to have the firmware's device, 1d50:614e"
      ),
      (
        .entered(.otherBootloader),
        "left its firmware for a bootloader without DfuSe; attach it again to have that"
      ),
      (.entered(.nothing), "left its firmware, and does not come back"),
    ] as [(BoardDeparture, String)])
  func `it is said what became of a board with an application`(
    departure: BoardDeparture, words: String
  ) {
    let chip = SimulatedChip.all[0]
    #expect(departure.words(afterLeave: .nothing, application: .klipper, on: chip) == words)
  }

  @Test func `boards with an application say so, and hold a program`() throws {
    let run = sandbox.run(
      "simulate", "f405", "--port", "0", "--application", "klipper", "--state", "@boards")
    #expect(run.status == .success)
    #expect(run.output.hasPrefix("serving 1 board (stm32f405), running klipper, on 127.0.0.1:"))
    let state = try SimulatedBoardState(decoding: sandbox.read("boards/stm32f405-1.state"))
    let board = try SimulatedBoard(try #require(.named("stm32f405")), state: state)
    // A stack in RAM, and an entry in flash.
    #expect(
      board.read(8, at: 0x0800_0000) == [0x00, 0x50, 0x00, 0x20, 0x09, 0x00, 0x00, 0x08])
  }

  @Test func `whoever shall hold a port is a program beside the kernel that has it`() {
    let words = ["simulate", "f405", "--port", "0", "--application", "repl"]
    let held = sandbox.run(words + ["--fault", "enter=held"])
    #expect(
      held.output.contains(
        "\n  enter=held: the port is the client's; have a program there open it for some seconds\n")
    )
    #expect(!sandbox.run(words).output.contains("held"))
  }

  @Test func `an unknown firmware is refused with the choices`() {
    let run = sandbox.run("simulate", "f405", "--application", "marlin")
    #expect(run.status == .usage)
    #expect(run.error.contains("'marlin' is none of: vendor, cdc, touch, micropython-arduino,"))
    let other = sandbox.run("list", "--application", "klipper")
    #expect(other.status == .usage)
    #expect(other.error.hasPrefix("error: --application needs --simulate\n"))
  }

  @Test func `a fault that was not reached is said of each board`() {
    let words = ["--port", "0", "--count", "2", "--fault", "stall@write:3"]
    #expect(
      sandbox.run(["simulate", "f405"] + words).error
        == """
        1-1: --fault stall@write:3 was not reached: there were 0 such requests
        1-2: --fault stall@write:3 was not reached: there were 0 such requests

        """)
  }

  @Test(arguments: ["0.0.0.0", "127.0.0.1"])
  func `who can use the boards is said where that is not this machine alone`(
    address: String
  ) throws {
    let run = sandbox.run("simulate", "f405", "--port", "0", "--address", address)
    #expect(run.status == .success)
    let first = try #require(run.output.split(separator: "\n").first)
    let port = try #require(first.split(separator: ":").last)
    #expect(
      run.error
        == (address == "0.0.0.0"
          ? "warning: whoever reaches 0.0.0.0:\(port) can use these boards, and keep others from "
            + "them: USB/IP knows no passwords\n"
          : ""))
  }

  @Test(arguments: [SIGHUP, SIGINT, SIGTERM])
  func `a signal ends the service, and the boards are kept`(number: Int32) throws {
    let output = try BuiltProgram.Pipe()
    let program = try BuiltProgram(
      ["simulate", "f405", "--port", "0", "--state", "boards"], in: sandbox.path(""),
      output: .descriptor(output.writer))
    _ = output.reader.text(until: "attach -r")
    program.send(number)
    // A shell and the kernel both say that a terminal is gone.
    if number == SIGHUP { program.send(number) }
    #expect(output.reader.text().contains("1-1: 0 transfers"))
    #expect(program.end() == 0)
    let state = try SimulatedBoardState(decoding: sandbox.read("boards/stm32f405-1.state"))
    #expect(state.chip == "stm32f405")
  }

  #if os(Linux)
    /// A client of a server, which asks for one board.
    private func importing(_ busID: String?, port: UInt16) throws -> FileDescriptor {
      let client = FileDescriptor(rawValue: try connectedSocket(port: port, readingFor: 5))
      guard let busID else { return client }
      let name = Array(busID.utf8)
      try client.writeAll(
        [0x01, 0x11, 0x80, 0x03, 0, 0, 0, 0] + name
          + [UInt8](repeating: 0, count: 32 - name.count))
      return client
    }

    /// Whether the server has an answer for a client in the time that the client waits.
    private func isAnswered(_ client: FileDescriptor) -> Bool {
      var bytes = [UInt8](repeating: 0, count: 320)
      return unsafe bytes.withUnsafeMutableBytes { (try? unsafe client.read(into: $0)) ?? 0 } > 0
    }

    /// Hundredths of a second that a process has worked.
    private func workedTime(_ process: pid_t) throws -> Int {
      let facts = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
      let fields = facts.split(separator: ")").last?.split(separator: " ") ?? []
      return try #require(Int(fields[11])) + #require(Int(fields[12]))
    }

    @Test func `without descriptors, idle clients make room, and others are waited for`() throws {
      let output = try BuiltProgram.Pipe()
      // Six are left for clients.
      let program = try BuiltProgram(
        ["simulate", "f405", "--port", "0", "--count", "7"], in: sandbox.path(""),
        output: .descriptor(output.writer), descriptors: 10)
      defer {
        program.send(SIGKILL)
        _ = program.end()
      }
      let line = output.reader.text(until: "attach -r").split(separator: "\n").first
      let port = try #require(line?.split(separator: ":").last.flatMap { UInt16($0) })
      var clients = try (1...10).map { _ in try importing(nil, port: port) }
      for number in 1...6 {
        let client = try importing("1-\(number)", port: port)
        clients.append(client)
        #expect(isAnswered(client))
      }
      let last = try importing("1-7", port: port)
      let before = try workedTime(program.process)
      usleep(500_000)
      #expect(try workedTime(program.process) - before < 10)
      for client in clients { try client.close() }
      #expect(isAnswered(last))
      try last.close()
    }
  #endif

  @Test func `a port that is taken is an error`() throws {
    let server = try USBIPServer(devices: [], port: 0)
    let run = sandbox.run("simulate", "f405", "--port", "\(server.port)")
    #expect(
      run
        == Sandbox.Run(
          status: .inputOutput, output: "",
          error: """
            error: cannot listen on 127.0.0.1:\(server.port)
              why: bind: Address already in use
              fix: choose another port with --port; 0 takes any free one

            """))
  }
}
