import ArgumentParser
import DfuseDevice
import DfuseFormat

/// `dfuse identify`.
struct IdentifyCommand: BoardCommand, TakesWorkOptions {
  static let configuration = CommandConfiguration(
    commandName: "identify",
    abstract: "Ask a board which chip it has, and which bootloader.",
    discussion: """
      What the memory map leaves open, the chip may tell itself: the id of its bootloader, the size \
      of its flash, its unique id. Each is shown with how it is known: "read" from the chip, or \
      "by its map". Nothing on the board is changed, and it stays in its bootloader.

      A bootloader that does not serve these addresses says no, and is left alone. One that falls \
      silent has to be started again: please report it, with what --trace shows.
      """
  )

  @OptionGroup(title: "Which board") var device: DeviceOptions
  @OptionGroup(title: "Which board") var wait: WaitOptions
  @OptionGroup(title: "Which board") var enter: EnterOptions
  @OptionGroup(title: "What to show") var output: OutputOptions

  static let changesBoard = false

  func order(_ console: Console) throws(Failure) {}

  func perform(
    _ order: Void, _ flasher: consuming Flasher, _ context: BoardContext
  ) throws(Failure) -> Conclusion {
    var flasher = flasher
    let identity: ChipIdentity
    do throws(FlashError) {
      identity = try flasher.identify()
    } catch {
      throw context.failure(error, .identifying)
    }
    let report = IdentityReport(identity)
    var details = ResultDetails()
    details.identity = report
    return Conclusion(
      verdict: report.title(at: context.board.path), details: details,
      answer: report.lines.map { "  \($0)" })
  }
}

/// What `dfuse identify` tells, for people and for programs.
struct IdentityReport: Encodable, Equatable, Sendable {
  /// How a fact is known: `read` or `map`.
  struct Known<Value: Encodable & Equatable & Sendable>: Encodable, Equatable, Sendable {
    var value: Value
    var source: String
  }

  struct Bootloader: Encodable, Equatable, Sendable {
    /// The id in system memory, and where it was read.
    var id: UInt16
    var address: UInt32
    /// `V9.1`.
    var version: String
    /// Whether AN2606 has this id for the chip.
    var listed: Bool
    /// The ids that it has for the chip.
    var known: [UInt16]
    /// What AN2606 says does not work in it.
    var limits: [String]
  }

  struct Identifier: Encodable, Equatable, Sendable {
    /// Twelve bytes in hexadecimal, as they stand in memory.
    var bytes: String
    /// The serial number that ST's bootloaders make of it.
    var serial: String
  }

  /// The chip; missing when it is none of the table.
  var chip: Known<String>?
  /// The lines of parts that it may be, as AN2606 has them.
  var parts: [String]
  var bootloader: Bootloader?
  /// Bytes of flash.
  var flashSize: Known<UInt64>?
  /// Bytes of flash by the memory map.
  var mapFlashSize: UInt64?
  var uniqueID: Identifier?
  /// The serial number that the board shows.
  var serial: String?
  /// Missing when it could not be told.
  var readProtected: Bool?

  init(_ identity: ChipIdentity) {
    chip = identity.name.map { Known(value: $0, source: identity.source.rawValue) }
    parts = identity.roms.map(\.parts)
    if let version = identity.version, let address = identity.versionAddress {
      let known = Set(identity.roms.flatMap(\.ids)).sorted()
      bootloader = Bootloader(
        id: version.id, address: address, version: "\(version)", listed: known.contains(version.id),
        known: known, limits: identity.limits)
    }
    mapFlashSize = identity.mapKibibytes.map { $0 * 1024 }
    flashSize =
      identity.kibibytes.map { Known(value: $0 * 1024, source: "read") }
      ?? mapFlashSize.map { Known(value: $0, source: "map") }
    uniqueID = identity.uniqueID.map { Identifier(bytes: $0.bytes, serial: $0.serialNumber) }
    serial = identity.serialNumber
    readProtected = identity.isReadProtected
  }

  /// `STM32H74x/75x at 1-1, bootloader V9.1 (read)`.
  func title(at path: String) -> String {
    let name = chip.map { $0.value } ?? "unknown chip"
    guard let bootloader else { return "\(name) at \(path)" }
    return "\(name) at \(path), bootloader \(bootloader.version) (read)"
  }

  /// The rest for people, a line each.
  var lines: [String] {
    var lines: [String] = []
    switch (chip, parts.count) {
    case (nil, _): lines.append("chip: none that is known has these ids and this memory map")
    case (let chip?, 0): lines.append("chip: \(chip.value) (\(Self.words(chip.source)))")
    case (let chip?, 1): lines.append("chip: \(parts[0]) (\(Self.words(chip.source)))")
    case (let chip?, _):
      lines.append("chip: one of \(parts.joined(separator: ", ")) (\(Self.words(chip.source)))")
    }
    if let bootloader {
      let known = bootloader.known.map(\.shortHex).joined(separator: " or ")
      let listed =
        bootloader.listed || known.isEmpty ? "" : "; AN2606 Rev 70 has \(known) for this line"
      lines.append(
        "bootloader: \(bootloader.version), id \(bootloader.id.shortHex) at "
          + "\(UInt64(bootloader.address).addressText) (read)\(listed)")
      lines += bootloader.limits.map { "  AN2606: \($0)" }
    } else if chip != nil, !parts.isEmpty {
      lines.append("bootloader: its release is not known; the chip does not tell it")
    }
    if let flashSize {
      var line = "flash: \(flashSize.value.sizeText) (\(Self.words(flashSize.source)))"
      if flashSize.source == "read", let mapFlashSize, mapFlashSize != flashSize.value {
        line += ", where its map says \(mapFlashSize.sizeText)"
      }
      lines.append(line)
    }
    if let uniqueID {
      let fits = serial == nil || serial?.uppercased() == uniqueID.serial
      lines.append("unique id: \(uniqueID.bytes) (read)")
      lines.append(
        "serial number: \(uniqueID.serial) of the unique id"
          + (fits ? ", as the board shows it" : "; the board shows \(serial?.visible ?? "none")"))
    } else if let serial {
      lines.append("serial number: \(serial.visible) (as the board shows it)")
    }
    switch readProtected {
    case true?: lines.append("read protection: on; nothing can be read")
    case false?: lines.append("read protection: off; its flash can be read")
    case nil: break
    }
    return lines
  }

  private static func words(_ source: String) -> String { source == "map" ? "by its map" : source }
}
