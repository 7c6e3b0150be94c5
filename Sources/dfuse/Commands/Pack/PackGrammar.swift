import DfuseDevice
import DfuseFormat
import DfuseSimulator

/// Gives the options of `dfuse pack` their meaning, which depends on their order.
///
/// `-m` belongs to the next `-i`; `-n` and the `-i`s belong to the next `-a`.
struct PackGrammar {
  private var request = PackRequest()
  private var name: String?
  private var address: UInt32?
  private var images: [PackRequest.Image] = []
  private var operands: [String] = []
  /// Those of `-a` without an image before it.
  private var emptyAlternateSettings: [UInt8] = []
  private var format: Firmware.Format?
  private var formatCount = 0
  private var seen: Set<PackOption> = []

  /// The request that the arguments make.
  ///
  /// - Throws: A failure with status 64.
  static func request(from arguments: PackArguments) throws(Failure) -> PackRequest {
    var grammar = PackGrammar()
    for item in arguments.items { try grammar.take(item) }
    return try grammar.finish()
  }

  private mutating func take(_ item: PackArguments.Item) throws(Failure) {
    switch item {
    case .operand(let word): operands.append(word)
    case .flag(.quiet): request.isQuiet = true
    case .flag: break
    case .option(let option, let value): try take(option, value)
    }
  }

  private mutating func take(_ option: PackOption, _ value: String) throws(Failure) {
    switch option {
    case .output:
      noteRepeated(option)
      guard !value.isEmpty else { throw Failure(.usage, "-o needs a file name") }
      request.output = value
    case .deviceVersion:
      noteRepeated(option)
      request.suffix.deviceVersion = try number(value, option, "a firmware version such as 0x0100")
    case .product:
      noteRepeated(option)
      request.suffix.productID = try number(value, option, "a product ID such as 0xdf11")
    case .vendor:
      noteRepeated(option)
      request.suffix.vendorID = try number(value, option, "a vendor ID such as 0x0483")
    case .name:
      try check(name: value)
      if name != nil { warnReplaced(option, "a target has one name") }
      name = value
    case .address:
      if address != nil { warnReplaced(option, "an image has one address") }
      address = try number(value, option, "an address such as 0x08000000")
    case .image:
      images.append(.init(path: value, address: address, format: format))
      address = nil
    case .alternateSetting:
      try close(try alternateSetting(value))
    case .format:
      format = try Firmware.Format.named(value)
      formatCount += 1
    case .chip:
      noteRepeated(option)
      guard let chip = SimulatedChip.named(value) else {
        throw Failure(
          .usage, "--for '\(value.visible)' is no chip that is known",
          fix: "'dfuse simulate --list' shows them")
      }
      request.memories = chip.memories
    case .quiet, .help, .version: break
    }
  }

  private mutating func close(_ alternateSetting: UInt8) throws(Failure) {
    guard !images.isEmpty else {
      // May be the short form, `firmware.hex --alt 1`: see `finish`.
      emptyAlternateSettings.append(alternateSetting)
      return
    }
    request.targets.append(
      .init(alternateSetting: alternateSetting, name: name, images: images))
    name = nil
    images = []
  }

  private mutating func finish() throws(Failure) -> PackRequest {
    let isShort = !operands.isEmpty && request.targets.isEmpty
    if let address, !isShort || !images.isEmpty {
      throw Failure(
        .usage, "-m \(address.hex) has no image",
        fix: "an address stands before its image: -m \(address.hex) -i IMAGE")
    }
    if let image = images.first {
      let count = images.count > 1 ? " (and \(images.count - 1) more)" : ""
      throw Failure(
        .usage, "image \(image.path.visible)\(count) is not closed by -a",
        fix: "add the alternate setting it is for: -i \(image.path.shellWord) -a 0")
    }
    if isShort { try finishShort() } else { try finishFull() }
    if formatCount == 1 {
      for target in request.targets.indices {
        for image in request.targets[target].images.indices {
          request.targets[target].images[image].format = format
        }
      }
    }
    return request
  }

  private func finishFull() throws(Failure) {
    if let operand = operands.first {
      throw Failure(
        .usage, "unexpected argument '\(operand.visible)'",
        fix: "an image is named by -i, a name with spaces needs quotes")
    }
    if let empty = emptyAlternateSettings.first {
      throw Failure(
        .usage, "at least one image [-i] needed for -a \(empty)",
        fix: "images stand before their alternate setting: -i IMAGE -a \(empty)")
    }
    if name != nil {
      throw Failure(
        .usage, "the last -n has no target",
        fix: "a name stands before its target: -n NAME -i IMAGE -a 0")
    }
    guard !request.targets.isEmpty, request.output != nil else {
      throw Failure(
        .usage, "at least one target [-a] and an output [-o] needed",
        fix: "say both, as -o OUT -m 0x08000000 -i IMAGE -a 0; 'dfuse pack --help' has examples")
    }
  }

  /// `dfuse pack FIRMWARE [-m ADDRESS] [-o OUT] [--alt N] [-n NAME]`: one file.
  private mutating func finishShort() throws(Failure) {
    guard operands.count == 1, emptyAlternateSettings.count <= 1 else {
      throw Failure(
        .usage, "the short form packs one file for one alternate setting",
        fix: "name more of them as -o OUT -i IMAGE -a 0 -i IMAGE -a 1")
    }
    request.targets = [
      .init(
        alternateSetting: emptyAlternateSettings.first ?? 0, name: name,
        images: [.init(path: operands[0], address: address, format: format)])
    ]
    request.isShortForm = true
  }

  // MARK: - Values

  private func number<T: FixedWidthInteger & UnsignedInteger>(
    _ text: String, _ option: PackOption, _ meaning: String
  ) throws(Failure) -> T {
    switch NumberText.hexadecimal(text, as: T.self) {
    case .success(let value): return value
    case .failure(.notHexadecimal):
      throw Failure(.usage, "\(option.shown) '\(text.visible)' is not \(meaning) (hexadecimal)")
    case .failure(.tooLarge(let bits, let digits)):
      throw Failure(
        .usage, "\(option.shown) \(text.visible) does not fit into \(bits) bits",
        fix: suggestion(for: digits, width: bits / 4))
    }
  }

  /// The two numbers that one digit too many may stand for.
  private func suggestion(for digits: String, width: Int) -> String? {
    guard digits.count == width + 1 else { return nil }
    return "did you mean 0x\(digits.dropLast()) or 0x\(digits.dropFirst())?"
  }

  private func alternateSetting(_ text: String) throws(Failure) -> UInt8 {
    if !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
      if let value = UInt8(text) { return value }
      throw Failure(.usage, "-a \(text) is not an alternate setting: those go from 0 to 255")
    }
    throw Failure(
      .usage, "-a '\(text.visible)' is not an alternate setting: a decimal number from 0 to 255")
  }

  private func check(name: String) throws(Failure) {
    if name.utf8.count > 255 {
      throw Failure(
        .usage,
        "-n: the name has \(name.utf8.count) bytes, a target's name takes at most 255 bytes of UTF-8"
      )
    }
  }

  private mutating func noteRepeated(_ option: PackOption) {
    if !seen.insert(option).inserted { warnReplaced(option, "the container has one") }
  }

  private mutating func warnReplaced(_ option: PackOption, _ reason: String) {
    request.warnings.append("\(option.shown) was given twice; the last one counts, since \(reason)")
  }
}

/// What the user wants packed, as the command line says it.
struct PackRequest {
  /// One `-i`, with the `-m` before it.
  struct Image {
    var path: String
    /// Nil when there was no `-m`.
    var address: UInt32?
    /// Nil to tell by the content.
    var format: Firmware.Format?
  }

  /// One `-a`, with the `-n` and the images before it.
  struct Target {
    var alternateSetting: UInt8
    var name: String?
    var images: [Image]
  }

  /// Nil in the short form: beside the input.
  var output: String?
  var suffix = DFUSuffix()
  var targets: [Target] = []
  /// The memories of the chip that it is for; nil when no chip was said.
  var memories: [AlternateMemory]?
  var isQuiet = false
  /// Whether one file was named without `-i`: it must bring its addresses, or have one stated.
  var isShortForm = false
  /// Oddities that do not stop the work.
  var warnings: [String] = []
}
