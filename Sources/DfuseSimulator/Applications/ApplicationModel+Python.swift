/// What differs between the Pythons.
struct PythonFirmware: Sendable {
  /// What is printed at the start of the prompt.
  var banner: String
  /// Modules that can be imported.
  var modules: Set<String>

  static let microPython = PythonFirmware(
    banner: "MicroPython v1.24.1 on 2024-11-29; PYBv1.1 with STM32F405RG",
    modules: ["machine", "pyb", "time", "utime", "os", "sys", "gc"])
  static let circuitPython = PythonFirmware(
    banner:
      "Adafruit CircuitPython 9.2.1 on 2024-11-20; Feather STM32F405 Express with STM32F405RG",
    modules: ["microcontroller", "time", "os", "sys", "board", "supervisor"])
}

/// The prompt of MicroPython and CircuitPython (shared/runtime/pyexec.c and readline.c).
extension ApplicationModel {
  static let rawBanner = "raw REPL; CTRL-B to exit\r\n>"

  mutating func hear(
    _ byte: UInt8, as python: PythonFirmware, at now: Duration
  ) -> Reaction.Consequence {
    dialog.isInside ? hearRaw(byte, python, at: now) : hearPrompt(byte, python, at: now)
  }

  private mutating func hearPrompt(
    _ byte: UInt8, _ python: PythonFirmware, at now: Duration
  ) -> Reaction.Consequence {
    let isFirst = dialog.input.isEmpty
    switch byte {
    case 0x01 where isFirst:
      dialog.isInside = true
      send("\r\n" + Self.rawBanner, at: now)
    case 0x02 where isFirst: send("\r\n" + greeting(python), at: now)
    case 0x03:
      dialog.input = []
      send("\r\n>>> ", at: now)
    case 0x04 where isFirst: softReset(python, at: now)
    case 0x0D, 0x0A:
      let line = String(decoding: dialog.input, as: UTF8.self)
      dialog.input = []
      send("\r\n", at: now)
      let (error, then) = run(line, python)
      send(error + ">>> ", at: now)
      return then
    case 0x20...0x7E:
      dialog.input.append(byte)
      send([byte], at: now)
    default: break
    }
    return .stay
  }

  private mutating func hearRaw(
    _ byte: UInt8, _ python: PythonFirmware, at now: Duration
  ) -> Reaction.Consequence {
    switch byte {
    case 0x01:
      dialog.input = []
      send(Self.rawBanner, at: now)
    case 0x02:
      (dialog.input, dialog.isInside) = ([], false)
      send("\r\n" + greeting(python), at: now)
    case 0x03: dialog.input = []
    case 0x04:
      send("OK", at: now)
      guard !dialog.input.isEmpty else {
        softReset(python, at: now)
        return .stay
      }
      let program = String(decoding: dialog.input, as: UTF8.self)
      dialog.input = []
      let (error, then) = run(program, python)
      if then == .stay { send("\u{04}" + error + "\u{04}>", at: now) }
      return then
    default: dialog.input.append(byte)
    }
    return .stay
  }

  private func greeting(_ python: PythonFirmware) -> String {
    python.banner + "\r\nType \"help()\" for more information.\r\n>>> "
  }

  /// In raw mode main.py does not run again; at the prompt it does.
  private mutating func softReset(_ python: PythonFirmware, at now: Duration) {
    counters.softResets += 1
    (dialog.modules, dialog.resetEnters) = ([:], false)
    send("\r\nMPY: soft reboot\r\n", at: now)
    send(dialog.isInside ? Self.rawBanner : greeting(python), at: now)
  }

  // MARK: - Programs

  /// Runs imports and calls, one after the other, up to one that fails or resets the board.
  private mutating func run(
    _ program: String, _ python: PythonFirmware
  ) -> (error: String, then: Reaction.Consequence) {
    var pause = Duration.zero
    for part in program.split(whereSeparator: { $0 == ";" || $0.isNewline }) {
      let statement = part.drop { $0 == " " }
      if statement.isEmpty || statement.hasPrefix("#") { continue }
      if statement.hasPrefix("import ") {
        if let unknown = importing(String(statement.dropFirst(7)), python) {
          return (failure("ImportError: no module named '\(unknown)'"), .stay)
        }
        continue
      }
      let path = statement.prefix { $0 != "(" }
      let argument = statement.dropFirst(path.count + 1).prefix { $0 != ")" }
      let name = String(path.prefix { $0 != "." })
      guard let module = dialog.modules[name] else {
        if statement.hasPrefix("print(") { continue }
        return (failure("NameError: name '\(name)' isn't defined"), .stay)
      }
      guard statement.contains("(") else { continue }
      switch module + path.dropFirst(name.count) {
      case "time.sleep_ms", "utime.sleep_ms":
        pause += .milliseconds(min(max(Int(argument) ?? 0, 0), 60_000))
      case "time.sleep", "utime.sleep": pause += .seconds(min(max(Int(argument) ?? 0, 0), 60))
      case "machine.bootloader", "pyb.bootloader": return ("", enter(after: pause))
      case "microcontroller.on_next_reset":
        dialog.resetEnters = statement.hasSuffix("RunMode.BOOTLOADER)")
      case "machine.reset", "pyb.hard_reset", "microcontroller.reset":
        return ("", dialog.resetEnters ? enter(after: pause) : restart(after: pause))
      default: break
      }
    }
    return ("", .stay)
  }

  /// Imports modules, and gives the first that there is not.
  private mutating func importing(_ names: String, _ python: PythonFirmware) -> String? {
    for item in names.split(separator: ",") {
      let words = item.split(separator: " ").map(String.init)
      guard let module = words.first, python.modules.contains(module) else {
        return words.first ?? ""
      }
      dialog.modules[words.count == 3 ? words[2] : module] = module
    }
    return nil
  }

  private func failure(_ what: String) -> String {
    "Traceback (most recent call last):\r\n  File \"<stdin>\", line 1, in <module>\r\n\(what)\r\n"
  }
}
