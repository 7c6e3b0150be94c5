/// What has been said on a firmware's serial port and matters for what comes.
struct DialogState: Sendable {
  /// A line, a program or a packet that is not complete.
  var input: [UInt8] = []
  /// Whether what is typed comes back in this line.
  var isEchoing = true
  /// Whether a flight controller is at its command line, a Python prompt in raw mode.
  var isInside = false
  /// The byte between frames that counts if nothing follows it.
  var pending: UInt8?
  /// Python's names of modules.
  var modules: [String: String] = [:]
  /// Whether CircuitPython's next reset leads into the bootloader.
  var resetEnters = false
}

/// A flight controller's firmware: MSP version 1, and a command line.
///
/// - SeeAlso: betaflight src/main/msp/msp_serial.c and msp.c; EmuFlight and INAV have the same ones.
struct FlightFirmware: Sendable {
  /// FC_FIRMWARE_NAME.
  var name: String
  var product: String
  /// What MSP_FC_VARIANT answers.
  var variant: String
  /// What MSP_FC_VERSION answers.
  var version: [UInt8]
  /// What MSP_API_VERSION answers behind the protocol's version.
  var api: [UInt8]
  var isArmed = false
  /// Whether MSP_REBOOT has modes, and says which it took.
  var answersMode = true
  /// Whether mode 1 is the ROM.
  var knowsROM = true
  /// The character that means the ROM if nothing follows it.
  var rebootCharacter: UInt8? = UInt8(ascii: "R")
  /// The commands that enter the ROM.
  var commands = ["bl rom", "bl"]

  static func of(_ face: ApplicationFace) -> FlightFirmware {
    let stProduct = "STM32 Virtual ComPort in FS Mode"
    let inav = FlightFirmware(
      name: "INAV", product: stProduct, variant: "INAV", version: [9, 1, 0], api: [2, 5],
      answersMode: false, rebootCharacter: nil, commands: ["dfu"])
    switch face {
    case .inav: return inav
    case .inavOld:
      var old = inav
      (old.version, old.knowsROM) = ([7, 1, 2], false)
      old.rebootCharacter = UInt8(ascii: "R")
      return old
    case .emuflight:
      return FlightFirmware(
        name: "EmuFlight", product: "EmuFlight STM32F4", variant: "EMUF", version: [0, 4, 1],
        api: [1, 54], commands: ["bl"])
    default:
      return FlightFirmware(
        name: "Betaflight", product: "Betaflight - STM32F405", variant: "BTFL",
        version: [4, 5, 1], api: [1, 46], isArmed: face == .betaflightArmed)
    }
  }
}

/// A firmware whose serial port takes lines of text.
struct LineShell: Sendable {
  /// What comes when DTR rises.
  var greeting = ""
  var prompt: String
  /// What ends a line.
  var ends: [UInt8] = [0x0D]
  /// What comes back for a line.
  var replies: [String: String] = [:]
  /// The line that enters the bootloader, and what comes back for it.
  var entry: (line: String, reply: String)
  /// The line that restarts the firmware.
  var restart = ""
  /// What comes behind or before a line that is not known.
  var unknown: (before: String, after: String) = ("", "?")

  /// Flipper Zero (applications/services/cli/cli.c of the firmware).
  static let flipper = LineShell(
    greeting: "\r\nWelcome to Flipper Zero Command Line Interface!\r\n\r\n>: ", prompt: "\r\n>: ",
    replies: ["power_info": ""], entry: ("power reboot2dfu", ""), restart: "power reboot",
    unknown: ("`", "` command not found, use `help` or `?` to list all available commands"))

  /// NanoVNA (main.c of the firmware).
  static let nanoVNA = LineShell(
    greeting: "\r\nNanoVNA Shell\r\nch> ", prompt: "\r\nch> ",
    replies: ["version": "1.2.27", "info": "Board: NanoVNA-H"],
    entry: ("reset dfu", "Performing reset to DFU mode\r\n"), restart: "reset")

  /// tinySA (main.c of the firmware).
  static let tinySA: LineShell = {
    var shell = nanoVNA
    shell.greeting = "\r\ntinySA Shell\r\nch> "
    shell.replies = ["version": "tinySA_v1.4-143-g864bb27", "info": "tinySA"]
    return shell
  }()

  /// Espruino's console, with the functions that reset it.
  static let espruino = LineShell(
    prompt: "\r\n>", ends: [0x0A, 0x0D],
    replies: ["print('Espru'+'ino')": "Espruino\r\n=undefined"], entry: ("E.rebootToDFU()", ""),
    restart: "E.reboot()",
    unknown: ("=undefined", ""))
}

extension ApplicationModel {
  /// Somebody has opened the port.
  mutating func greet(at now: Duration) {
    switch facts.dialog {
    case .echo: send("dfuse: a simulated application\r\n", at: now)
    case .shell(let shell): send(shell.greeting, at: now)
    case .silence, .klipper, .flight, .python, .tunerStudio: break
    }
  }

  /// Takes in a packet of bytes.
  mutating func hear(_ bytes: [UInt8], at now: Duration) -> Reaction.Consequence {
    // More than any of these firmwares has room for.
    if dialog.input.count > 4096 { dialog.input = [] }
    switch facts.dialog {
    case .silence: return .stay
    case .tunerStudio:
      dialog.input += bytes
      return hearPackets(at: now)
    case .flight(let firmware):
      // Whatever comes ends the silence.
      dialog.pending = nil
      cancel(.quiet)
      defer { if dialog.pending != nil { set(.quiet, at: now + .milliseconds(100)) } }
      return eachByte(of: bytes) { $0.hear($1, as: firmware, at: now) }
    case .echo: return eachByte(of: bytes) { $0.hearEcho($1, at: now) }
    case .klipper: return eachByte(of: bytes) { model, byte in model.hearKlipper(byte) }
    case .python(let firmware): return eachByte(of: bytes) { $0.hear($1, as: firmware, at: now) }
    case .shell(let shell): return eachByte(of: bytes) { $0.hear($1, as: shell, at: now) }
    }
  }

  private mutating func eachByte(
    of bytes: [UInt8], _ body: (inout Self, UInt8) -> Reaction.Consequence
  ) -> Reaction.Consequence {
    for byte in bytes {
      let then = body(&self, byte)
      if then != .stay { return then }
    }
    return .stay
  }

  /// The line so far, which is over.
  private mutating func takeLine() -> String {
    defer { (dialog.input, dialog.isEchoing) = ([], true) }
    return String(decoding: dialog.input, as: UTF8.self)
  }

  // MARK: - Echo, Klipper, shells

  private mutating func hearEcho(_ byte: UInt8, at now: Duration) -> Reaction.Consequence {
    send([byte], at: now)
    guard byte == 0x0D || byte == 0x0A else {
      dialog.input.append(byte)
      return .stay
    }
    return takeLine() == "bootloader" ? enter(after: .milliseconds(10)) : .stay
  }

  /// The request must be a block of its own between two `~` (klipper src/generic/serial_irq.c).
  private mutating func hearKlipper(_ byte: UInt8) -> Reaction.Consequence {
    dialog.input.append(byte)
    guard byte == 0x7E else { return .stay }
    let request = Array(" \u{1C} Request Serial Bootloader!! ~".utf8)
    defer { dialog.input = [] }
    return dialog.input == request ? enter(after: .milliseconds(1)) : .stay
  }

  private mutating func hear(
    _ byte: UInt8, as shell: LineShell, at now: Duration
  ) -> Reaction.Consequence {
    if shell.ends.contains(byte) {
      if dialog.isEchoing { send("\r\n", at: now) }
      let line = takeLine()
      if line == shell.entry.line {
        send(shell.entry.reply, at: now)
        return enter(after: .milliseconds(5))
      }
      if !line.isEmpty, line == shell.restart { return restart(after: .milliseconds(5)) }
      if !line.isEmpty {
        send(shell.replies[line] ?? shell.unknown.before + line + shell.unknown.after, at: now)
      }
      send(shell.prompt, at: now)
    } else if byte == 0x03 {
      dialog.input = []
    } else if byte == 0x10, dialog.input.isEmpty {
      // Espruino: this line is not echoed.
      dialog.isEchoing = false
    } else if byte >= 0x20 {
      dialog.input.append(byte)
      if dialog.isEchoing { send([byte], at: now) }
    }
    return .stay
  }

  // MARK: - TunerStudio

  /// Packets of a length, as many bytes, and their CRC-32.
  private mutating func hearPackets(at now: Duration) -> Reaction.Consequence {
    while dialog.input.count >= 2 {
      let length = Int(dialog.input[0]) << 8 | Int(dialog.input[1])
      guard dialog.input.count >= length + 6 else { return .stay }
      let payload = Array(dialog.input[2..<(2 + length)])
      let sum = UInt32(bigEndian: dialog.input[(2 + length)..<(6 + length)])
      dialog.input.removeFirst(length + 6)
      guard sum == Self.crc32(payload) else {
        sendPacket([0x82], at: now)
        continue
      }
      switch payload.first {
      case UInt8(ascii: "E") where payload.dropFirst().elementsEqual("reboot_dfu".utf8):
        return enter(after: .milliseconds(5))
      case UInt8(ascii: "E"): sendPacket([0], at: now)
      case UInt8(ascii: "S"): sendPacket([0] + "rusEFI master.2025.01.01.f407".utf8, at: now)
      default: sendPacket([0x83], at: now)
      }
    }
    return .stay
  }

  private mutating func sendPacket(_ payload: [UInt8], at now: Duration) {
    send(
      UInt16(payload.count).bigEndianBytes + payload + Self.crc32(payload).bigEndianBytes, at: now)
  }

  /// The CRC of Ethernet and zip.
  static func crc32(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(UInt32.max) { sum, byte in
      (0..<8).reduce(sum ^ UInt32(byte)) { rest, _ in
        rest >> 1 ^ (rest & 1 == 0 ? 0 : 0xEDB8_8320)
      }
    }
  }

  // MARK: - Flight controllers

  private mutating func hear(
    _ byte: UInt8, as firmware: FlightFirmware, at now: Duration
  ) -> Reaction.Consequence {
    if dialog.isInside { return hearCommandLine(byte, firmware, at: now) }
    if !dialog.input.isEmpty || byte == UInt8(ascii: "$") {
      dialog.input.append(byte)
      return hearFrame(firmware, at: now)
    }
    // While armed, nothing but frames is looked at.
    if !firmware.isArmed, byte == UInt8(ascii: "#") || byte == firmware.rebootCharacter {
      dialog.pending = byte
    }
    return .stay
  }

  /// What came before the silence counts.
  mutating func hearSilence(at now: Duration) -> Reaction.Consequence {
    guard case .flight(let firmware) = facts.dialog, let byte = dialog.pending else { return .stay }
    dialog.pending = nil
    if byte == firmware.rebootCharacter { return enter() }
    dialog.isInside = true
    send("\r\nEntering CLI Mode, type 'exit' to return, or 'help'\r\n\r\n# ", at: now)
    return .stay
  }

  private mutating func hearCommandLine(
    _ byte: UInt8, _ firmware: FlightFirmware, at now: Duration
  ) -> Reaction.Consequence {
    guard byte == 0x0D || byte == 0x0A else {
      if (0x20...0x7E).contains(byte) {
        dialog.input.append(byte)
        send([byte], at: now)
      }
      return .stay
    }
    let line = takeLine()
    if firmware.commands.contains(line) {
      send(
        firmware.knowsROM && firmware.answersMode
          ? "\r\nRebooting" : "\r\nRestarting in DFU mode", at: now)
      return enter(after: .milliseconds(10))
    }
    if line == "exit" {
      send("\r\nRebooting", at: now)
      return restart(after: .milliseconds(10))
    }
    if line == "version" {
      send("\r\n# \(firmware.name) / STM32F405 (S405)", at: now)
    } else if !line.isEmpty {
      send("\r\n###ERROR: UNKNOWN COMMAND: TRY 'HELP'###", at: now)
    }
    send("\r\n# ", at: now)
    return .stay
  }

  /// Looks whether a frame is complete: `$M<`, length, command, payload, and the XOR of these.
  private mutating func hearFrame(
    _ firmware: FlightFirmware, at now: Duration
  ) -> Reaction.Consequence {
    let frame = dialog.input
    let start = Array("$M<".utf8)
    guard frame.starts(with: start.prefix(frame.count)) else {
      dialog.input = []
      return .stay
    }
    guard frame.count >= 5, frame.count == Int(frame[3]) + 6 else { return .stay }
    dialog.input = []
    guard frame[3...].reduce(0, ^) == 0 else { return .stay }
    let payload = Array(frame[5..<(frame.count - 1)])
    return obey(frame[4], payload, firmware, at: now)
  }

  private mutating func obey(
    _ command: UInt8, _ payload: [UInt8], _ firmware: FlightFirmware, at now: Duration
  ) -> Reaction.Consequence {
    var reply: [UInt8]?
    var then = Reaction.Consequence.stay
    switch command {
    case 1: reply = [0] + firmware.api
    case 2: reply = Array(firmware.variant.utf8)
    case 3: reply = firmware.version
    case 4:
      // Identifier, hardware revision, kind of board, capabilities (a port on USB), target's name.
      reply = Array("S405".utf8) + [0, 0, 0, 0x01, 9] + "STM32F405".utf8 + [0, 0]
    case 101:
      // Cycle time, I2C errors, sensors; then the flags, of which ARM is bit 0.
      let flags: [UInt8] = [firmware.isArmed ? 1 : 0, 0, 0, 0]
      reply = [0x7D, 0, 0, 0, 0x21, 0] + flags + [0, 0x0A, 0]
    case 68:
      let mode = payload.first ?? 0
      if firmware.answersMode, mode > 1 { break }
      reply = firmware.answersMode ? [mode] : []
      if firmware.isArmed { counters.rebootsWhileArmed += 1 }
      then =
        mode == 1 && firmware.knowsROM
        ? enter(after: .milliseconds(10)) : restart(after: .milliseconds(10))
    default: break
    }
    let body = [UInt8(reply?.count ?? 0), command] + (reply ?? [])
    let mark = reply == nil ? "$M!" : "$M>"
    send(mark.utf8 + body + [body.reduce(0, ^)], at: now)
    return then
  }
}
