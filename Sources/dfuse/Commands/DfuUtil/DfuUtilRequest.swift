import DfuseFormat

/// What a command line of dfu-util asks for.
struct DfuUtilRequest {
  /// The last of the options that name one counts, as in dfu-util.
  enum Mode: Equatable {
    case none, help, version, list, detach
    case download(String)
    case upload(String)
  }

  var mode = Mode.none
  var match = DfuUtilMatch()
  /// `-s`; nil without one.
  var dfuse: DfuSeOptions?
  /// How often `-v` was said.
  var verbosity = 0
  var waits = false
  var resets = false
  var transferSize: Int?
  var uploadSize: Int?

  /// Gives the options their meaning.
  ///
  /// - Throws: A failure with status 64.
  init(_ arguments: DfuUtilArguments) throws(Failure) {
    for (option, value) in arguments.items {
      switch option {
      // Help comes at once, whatever else is asked for.
      case .help:
        mode = .help
        return
      case .version: mode = .version
      case .list: mode = .list
      case .detach: mode = .detach
      case .download: mode = .download(value)
      case .upload: mode = .upload(value)
      case .verbose: verbosity += 1
      case .wait: waits = true
      case .reset: resets = true
      case .device: try match.take(ids: value)
      case .path: match.path = value
      case .serial: match.take(serial: value)
      case .alternateSetting: match.alternate = .init(value)
      case .deviceNumber: match.deviceNumber = try Self.number(value, option)
      case .interface: match.interface = try Self.number(value, option)
      case .configuration:
        let number = try Self.number(value, option)
        // 0 is a device that is not configured, and means any.
        match.configuration = number == 0 ? nil : number
      case .transferSize: transferSize = try Self.number(value, option)
      case .uploadSize: uploadSize = try Self.number(value, option)
      case .detachDelay: _ = try Self.number(value, option)
      case .dfuseAddress: dfuse = try DfuSeOptions(value)
      }
    }
  }

  /// Whether a modifier was given.
  func has(_ modifier: DfuSeOptions.Modifier) -> Bool {
    dfuse?.modifiers.contains(modifier) == true
  }

  /// The name of the file to flash.
  var download: String? {
    if case .download(let file) = mode { return file }
    return nil
  }

  private static func number(_ text: String, _ option: DfuUtilOption) throws(Failure) -> Int {
    guard let number = CNumber.parse(text), let value = Int32(exactly: number) else {
      throw .dfuUtilUsage("\(option.shown) '\(text.visible)' is not a number")
    }
    return Int(value)
  }
}

/// The value of `-s`: `[ADDRESS][:LENGTH][:MODIFIER]…`.
struct DfuSeOptions: Equatable {
  var address: UInt32?
  /// Bytes to read.
  var length: UInt64?
  var modifiers: Set<Modifier> = []

  /// What stands behind the address.
  enum Modifier: String {
    case leave, unprotect, force
    case massErase = "mass-erase"
    case willReset = "will-reset"
  }

  /// Reads the text.
  ///
  /// dfu-util cuts an address to 32 bits, and takes the beginning of a modifier for it; both are
  /// errors here.
  /// - Throws: A failure with status 64.
  init(_ text: String) throws(Failure) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    if !parts[0].isEmpty { address = try Self.address(String(parts[0])) }
    for part in parts.dropFirst() where !part.isEmpty {
      if let modifier = Modifier(rawValue: String(part)) {
        modifiers.insert(modifier)
      } else {
        guard let number = CNumber.parse(String(part)), (1...(1 << 32)).contains(number) else {
          throw .dfuUtilUsage(
            "Invalid dfuse modifier: \(String(part).visible)",
            fix: "behind the address: leave, mass-erase, unprotect, will-reset, force or a length")
        }
        length = UInt64(number)
      }
    }
  }

  private static func address(_ text: String) throws(Failure) -> UInt32 {
    if let number = CNumber.parse(text), let address = UInt32(exactly: number) { return address }
    var fix = "write it in hexadecimal, with 0x: -s 0x08000000:leave"
    if case .success(let address) = NumberText.hexadecimal(text, as: UInt32.self) {
      fix = "did you mean \(address.hex)?"
    }
    throw .dfuUtilUsage("Invalid dfuse address: \(text.visible)", fix: fix)
  }
}

/// Numbers as C's `strtol` reads them with base 0: `0x10`, `010` in octal, `16`.
enum CNumber {
  /// The number; nil when that is not all of `text`.
  static func parse(_ text: String) -> Int64? {
    let lower = text.lowercased()
    let digits: Substring
    let radix: Int
    if lower.hasPrefix("0x") {
      (digits, radix) = (lower.dropFirst(2), 16)
    } else if lower.hasPrefix("0"), lower.count > 1 {
      (digits, radix) = (lower.dropFirst(), 8)
    } else {
      (digits, radix) = (lower[...], 10)
    }
    // A sign would be taken by `Int64`.
    guard let first = digits.first, first.isHexDigit else { return nil }
    return Int64(digits, radix: radix)
  }
}
