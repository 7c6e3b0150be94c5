import DfuseDevice
import Testing

@testable import DfuseSimulator

/// What the firmwares say on their serial ports, and what they obey there.
@Suite struct ApplicationDialogTests {
  static let rom = "0483:df11"

  /// `$M<` or another mark, length, command, payload, and the XOR of these.
  static func frame(_ mark: String, _ command: UInt8, _ payload: [UInt8] = []) -> [UInt8] {
    let body = [UInt8(payload.count), command] + payload
    return Array(mark.utf8) + body + [body.reduce(0, ^)]
  }

  // MARK: - Lines

  @Test(
    arguments: [
      (.cdc, "bootloader\r"), (.cdc, "bootloader\n"), (.cdc, "x\rbootloader\r\n"),
      (.flipper, "\rpower reboot2dfu\r"), (.nanovna, "\rreset dfu\r"), (.tinysa, "reset dfu\r"),
      (.espruino, "\u{03}\u{10}E.rebootToDFU()\n"),
      (.klipper, "\u{20}\u{1C} Request Serial Bootloader!! ~"),
      (.klipper, "~\u{20}\u{1C} Request Serial Bootloader!! ~"),
      (.repl, "\r\u{03}\u{03}\r\u{01}import machine; machine.bootloader()\u{04}"),
      (.repl, "\r\u{03}import pyb\rpyb.bootloader()\r"),
      (.micropythonArduino, "\u{01}import machine\nmachine.bootloader()\u{04}"),
      (
        .circuitpython,
        "\u{01}import microcontroller as m; m.on_next_reset(m.RunMode.BOOTLOADER); m.reset()\u{04}"
      ),
    ] as [(ApplicationFace, String)])
  func `a text leads into the ROM`(face: ApplicationFace, text: String) throws {
    let rig = try ApplicationRig(face)
    let before = try rig.device.identity
    let link = try rig.serial()
    try? link.write(Array(text.utf8), timeout: .seconds(1))
    link.wait(.seconds(1))
    #expect(throws: SerialError.gone) { try link.read(limit: .seconds(1)) }
    #expect(try rig.ids == Self.rom)
    let after = try rig.device.identity
    #expect(after.path == before.path)
    #expect(after.generation == before.generation + 1)
    #expect(try rig.board.applicationCounters.entries == 1)
  }

  @Test(
    arguments: [
      (.cdc, "boot\rloader\r"), (.flipper, "reset dfu\r"), (.nanovna, "reset dfux\r"),
      (.espruino, "E.rebootToDFU()"), (.klipper, "x \u{1C} Request Serial Bootloader!! ~"),
      // Nothing is imported; and a line that has begun is not left by Ctrl-A.
      (.repl, "\u{01}machine.bootloader()\u{04}"), (.repl, "x\u{01}import machine\u{04}"),
      // A plain reset is one.
      (.circuitpython, "\u{01}import microcontroller\u{04}"), (.betaflight, "bl rom\r"),
    ] as [(ApplicationFace, String)])
  func `another text does not`(face: ApplicationFace, text: String) throws {
    let rig = try ApplicationRig(face)
    let before = try rig.device.identity
    let link = try rig.serial()
    try link.write(Array(text.utf8), timeout: .seconds(1))
    link.wait(.seconds(3))
    #expect(try rig.device.identity == before)
    #expect(try rig.board.applicationCounters == ApplicationCounters())
  }

  @Test func `a greeting comes once DTR is up, and while it is down nothing does`() throws {
    let rig = try ApplicationRig(.flipper)
    let link = try rig.serial()
    #expect(try ApplicationRig.answer(link, to: "").hasSuffix("\r\n>: "))
    #expect(try ApplicationRig.answer(link, to: "\r") == "\r\n\r\n>: ")
    #expect(
      try ApplicationRig.answer(link, to: "led\r")
        == "led\r\n`led` command not found, use `help` or `?` to list all available commands\r\n>: "
    )
    try link.setLines(dtr: false, rts: false)
    #expect(try ApplicationRig.answer(link, to: "\r") == "")
  }

  @Test func `a NanoVNA's shell says which it is`() throws {
    let rig = try ApplicationRig(.nanovna)
    let link = try rig.serial()
    _ = try ApplicationRig.answer(link, to: "")
    #expect(try ApplicationRig.answer(link, to: "version\r") == "version\r\n1.2.27\r\nch> ")
    #expect(try ApplicationRig.answer(link, to: "dfu\r") == "dfu\r\ndfu?\r\nch> ")
    try link.write(Array("reset\r".utf8), timeout: .seconds(1))
    #expect(try rig.ids(after: .seconds(2)) == "0483:5740")
    #expect(try rig.device.identity.generation == 2)
    #expect(try rig.board.applicationCounters.restarts == 1)
  }

  @Test func `rusEFI takes packets with a length and a CRC`() throws {
    let rig = try ApplicationRig(.rusefi)
    let link = try rig.serial()
    // zlib's CRC-32 of each payload.
    let signature: [UInt8] = [0, 1, 0x53, 0x20, 0x60, 0xEF, 0xC3]
    let reply =
      [0, 30, 0] + Array("rusEFI master.2025.01.01.f407".utf8) + [0xCD, 0xC7, 0x79, 0xDD]
    #expect(try ApplicationRig.answer(link, to: signature) == reply)
    #expect(
      try ApplicationRig.answer(link, to: signature.dropLast() + [0])
        == [0, 1, 0x82, 0xD1, 0xB4, 0x0D, 0x81])
    let entry = [0, 11] + Array("Ereboot_dfu".utf8) + [0xFD, 0x68, 0xC0, 0xDF]
    try link.write(Array(entry.prefix(7)), timeout: .seconds(1))
    link.wait(.seconds(1))
    #expect(try rig.ids == "0483:5740")
    try link.write(Array(entry.dropFirst(7)), timeout: .seconds(1))
    #expect(try rig.ids(after: .seconds(1)) == Self.rom)
  }

  // MARK: - Flight controllers

  @Test(
    arguments: [
      (.betaflight, "BTFL"), (.betaflightArmed, "BTFL"), (.emuflight, "EMUF"), (.inav, "INAV"),
      (.inavOld, "INAV"),
    ] as [(ApplicationFace, String)])
  func `a flight controller says what it is, and whether it is armed`(
    face: ApplicationFace, variant: String
  ) throws {
    let rig = try ApplicationRig(face)
    let link = try rig.serial()
    #expect(
      try ApplicationRig.answer(link, to: [0x24, 0x4D, 0x3C, 0x00, 0x02, 0x02])
        == Self.frame("$M>", 2, Array(variant.utf8)))
    let status = try ApplicationRig.answer(link, to: [0x24, 0x4D, 0x3C, 0x00, 0x65, 0x65])
    #expect(status.prefix(3) == Array("$M>".utf8)[...])
    #expect(status[5 + 6] & 1 == (face == .betaflightArmed ? 1 : 0))
    #expect(status[3...].reduce(0, ^) == 0)
    for command: UInt8 in [1, 3, 4] {
      #expect(
        try ApplicationRig.answer(link, to: Self.frame("$M<", command)).starts(with: "$M>".utf8))
    }
    // An unknown command is an error; a wrong checksum is nothing.
    #expect(
      try ApplicationRig.answer(link, to: [0x24, 0x4D, 0x3C, 0x00, 0xF7, 0xF7])
        == [0x24, 0x4D, 0x21, 0x00, 0xF7, 0xF7])
    #expect(try ApplicationRig.answer(link, to: [0x24, 0x4D, 0x3C, 0x00, 0x02, 0x03]) == [])
    try link.setLines(dtr: false, rts: false)
    #expect(try ApplicationRig.answer(link, to: [0x24, 0x4D, 0x3C, 0x00, 0x02, 0x02]) == [])
  }

  @Test(
    arguments: [
      (.betaflight, 1, [1], rom, 0), (.betaflight, 0, [0], "0483:5740", 0),
      (.emuflight, 1, [1], rom, 0), (.inav, 1, [], rom, 0), (.inav, 0, [], "0483:5740", 0),
      // Its payload is not looked at.
      (.inavOld, 1, [], "0483:5740", 0),
      // Motors that turn do not keep it from rebooting.
      (.betaflightArmed, 1, [1], rom, 1),
    ] as [(ApplicationFace, UInt8, [UInt8], String, Int)])
  func `MSP_REBOOT is answered, then done`(
    face: ApplicationFace, mode: UInt8, reply: [UInt8], ids: String, armed: Int
  ) throws {
    let rig = try ApplicationRig(face)
    let link = try rig.serial()
    try link.write(Self.frame("$M<", 68, [mode]), timeout: .seconds(1))
    #expect(try link.read(limit: .milliseconds(5)) == Self.frame("$M>", 68, reply))
    #expect(throws: SerialError.gone) { try link.read(limit: .seconds(1)) }
    #expect(try rig.ids(after: .seconds(2)) == ids)
    #expect(try rig.device.identity.generation == 2)
    #expect(try rig.board.applicationCounters.rebootsWhileArmed == armed)
  }

  @Test func `a mode that Betaflight has not is refused`() throws {
    let rig = try ApplicationRig(.betaflight)
    let link = try rig.serial()
    #expect(
      try ApplicationRig.answer(link, to: Self.frame("$M<", 68, [4])) == Self.frame("$M!", 68))
    #expect(try rig.device.identity.generation == 1)
  }

  @Test(
    arguments: [
      (.betaflight, "#", "bl rom\r"), (.betaflight, "#", "bl\r"), (.emuflight, "#", "bl\r"),
      (.inav, "####\r\n", "dfu\r\n"), (.inavOld, "####\r\n", "dfu\r\n"),
    ] as [(ApplicationFace, String, String)])
  func `a command line comes after silence, and has a command for the ROM`(
    face: ApplicationFace, opener: String, command: String
  ) throws {
    let rig = try ApplicationRig(face)
    let link = try rig.serial()
    try link.write(Array(opener.utf8), timeout: .seconds(1))
    #expect(try link.read(limit: .milliseconds(90)) == [])
    let prompt = String(decoding: try link.read(limit: .milliseconds(20)), as: UTF8.self)
    #expect(prompt.contains("CLI") && prompt.hasSuffix("\r\n# "))
    // Frames are text now.
    let echo = try ApplicationRig.answer(link, to: "$M<")
    #expect(echo == "$M<")
    #expect(try ApplicationRig.answer(link, to: "\r").contains("UNKNOWN COMMAND"))
    try link.write(Array(command.utf8), timeout: .seconds(1))
    #expect(try rig.ids(after: .seconds(1)) == Self.rom)
  }

  @Test(
    arguments: [
      (.betaflight, "R", true), (.inavOld, "R", true), (.emuflight, "R", true),
      (.inav, "R", false), (.betaflightArmed, "R", false), (.betaflight, "r", false),
    ] as [(ApplicationFace, String, Bool)])
  func `an R and silence is a reboot where that is so`(
    face: ApplicationFace, text: String, leaves: Bool
  ) throws {
    let rig = try ApplicationRig(face)
    let link = try rig.serial()
    try link.write(Array(text.utf8), timeout: .seconds(1))
    link.wait(.milliseconds(90))
    #expect(try rig.ids == "0483:5740")
    link.wait(.seconds(1))
    #expect(try rig.ids == (leaves ? Self.rom : "0483:5740"))
  }

  @Test func `what follows within 100 ms takes the meaning from a character`() throws {
    let rig = try ApplicationRig(.betaflight)
    let link = try rig.serial()
    for character in ["R", "#"] {
      try link.write(Array(character.utf8), timeout: .seconds(1))
      link.wait(.milliseconds(90))
      #expect(
        try ApplicationRig.answer(link, to: Self.frame("$M<", 2)).suffix(5)
          == Self.frame("$M>", 2, Array("BTFL".utf8)).suffix(5))
      link.wait(.seconds(1))
    }
    #expect(try rig.device.identity.generation == 1)
    // While armed neither is looked at.
    let armed = try ApplicationRig(.betaflightArmed)
    let other = try armed.serial()
    try other.write([0x23], timeout: .seconds(1))
    #expect(try other.read(limit: .seconds(1)) == [])
  }

  // MARK: - Python

  @Test func `the raw REPL runs programs and says how they ended`() throws {
    let rig = try ApplicationRig(.repl)
    let link = try rig.serial()
    let ask = { (text: String) in try ApplicationRig.answer(link, to: text) }
    #expect(try ask("\r") == "\r\n>>> ")
    #expect(try ask("\u{03}") == "\r\n>>> ")
    #expect(try ask("x") == "x")
    #expect(try ask("\u{03}") == "\r\n>>> ")
    #expect(try ask("\u{01}") == "\r\nraw REPL; CTRL-B to exit\r\n>")
    #expect(try ask("import machine\u{04}") == "OK\u{04}\u{04}>")
    let failed = try ask("pyb.bootloader()\u{04}")
    #expect(failed.hasPrefix("OK\u{04}Traceback"))
    #expect(failed.hasSuffix("NameError: name 'pyb' isn't defined\r\n\u{04}>"))
    #expect(try ask("import zzz\u{04}").contains("ImportError: no module named 'zzz'"))
    #expect(try ask("nonsense\u{03}\u{01}") == "raw REPL; CTRL-B to exit\r\n>")
    let left = try ask("\u{02}")
    #expect(left.hasPrefix("\r\nMicroPython v"))
    #expect(left.hasSuffix("\r\nType \"help()\" for more information.\r\n>>> "))
    #expect(try rig.board.applicationCounters.softResets == 0)
    #expect(try ask("\u{04}").contains("MPY: soft reboot\r\n"))
    #expect(try rig.board.applicationCounters.softResets == 1)
    #expect(try rig.device.identity.generation == 1)
  }

  @Test func `a program that sleeps first lets its OK get out`() throws {
    let rig = try ApplicationRig(.repl)
    let link = try rig.serial()
    _ = try ApplicationRig.answer(link, to: "\u{01}")
    let program = "import time, machine; time.sleep_ms(100); machine.bootloader()\u{04}"
    #expect(try ApplicationRig.answer(link, to: program) == "OK")
    link.wait(.milliseconds(30))
    #expect(try rig.ids == "f055:9800")
    #expect(try rig.ids(after: .seconds(1)) == Self.rom)
  }

  @Test func `machine.reset starts the firmware anew`() throws {
    let rig = try ApplicationRig(.circuitpython)
    let link = try rig.serial()
    try link.write(
      Array("\u{01}import microcontroller; microcontroller.reset()\u{04}".utf8),
      timeout: .seconds(1))
    #expect(try rig.ids(after: .seconds(1)) == "239a:805a")
    #expect(try rig.board.applicationCounters.restarts == 1)
  }
}
