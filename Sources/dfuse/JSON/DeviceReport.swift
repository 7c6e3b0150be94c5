import DfuseDevice
import DfuseFormat

/// Everything that `dfuse list` tells about a device, for people and for programs.
///
/// The JSON form is documented in `docs/json.md`; its keys are stable.
struct DeviceReport: Encodable, Equatable {
  enum Mode: String, Encodable {
    /// A bootloader that speaks DfuSe: a board.
    case dfuse
    /// A bootloader with plain DFU.
    case dfu
    /// An application that has a DFU interface.
    case application
  }

  struct Memory: Encodable, Equatable {
    var alternateSetting: UInt8
    var name: String
    /// The memory map as the device sent it.
    var text: String
    var segments: [Segment]
    /// What is odd about the map.
    var notes: [String]?
  }

  /// A segment, with its access as three booleans.
  struct Segment: Encodable, Equatable {
    let segment: MemorySegment

    private enum CodingKeys: String, CodingKey {
      case address, sectorSize, sectorCount, readable, erasable, writable
    }

    func encode(to encoder: any Encoder) throws {
      var object = encoder.container(keyedBy: CodingKeys.self)
      try object.encode(segment.start, forKey: .address)
      try object.encode(segment.sectorSize, forKey: .sectorSize)
      try object.encode(segment.sectorCount, forKey: .sectorCount)
      try object.encode(segment.access.contains(.readable), forKey: .readable)
      try object.encode(segment.access.contains(.erasable), forKey: .erasable)
      try object.encode(segment.access.contains(.writable), forKey: .writable)
    }
  }

  var path: String
  var vendorID: UInt16
  var productID: UInt16
  /// `bcdDevice`.
  var deviceVersion: UInt16
  var serial: String?
  var manufacturer: String?
  var product: String?
  var mode: Mode
  /// The chip or chips it may be; missing when that is not known.
  var chip: String?
  /// What its ids are known for, if that is more than a maker's bootloader.
  var knownAs: String?
  /// Where its programs begin, if it is an application bootloader of which that is known.
  var programStart: UInt32?
  /// Most bytes of a block; missing when the device does not say.
  var transferSize: Int?
  /// `bcdDFUVersion`.
  var dfuVersion: UInt16?
  /// The memories, in the order of their alternate settings.
  var memories: [Memory]?
  /// Why it cannot be opened, and what to do.
  var problem: Failure?

  init(_ listing: USBDeviceListing, filter: DeviceFilter = DeviceFilter()) {
    self.init(
      listing.identity, listing.board?.interface ?? listing.interfaces.first)
    switch listing.board {
    case nil: mode = .application
    case .some(let board) where filter.speaksDfuSe(board): add(board)
    // Without DfuSe, names are no memory maps, and the ids are not a chip's bootloader.
    case .some: mode = .dfu
    }
    guard let error = listing.openError else { return }
    // Without its strings, nothing is known of its memories.
    memories = nil
    chip = nil
    problem = Failure(device: error, at: "it")
    problem?.why = nil
  }

  init(_ board: Board) {
    self.init(board.identity, board.interface)
    add(board)
  }

  private init(_ identity: DeviceIdentity, _ interface: DFUInterface?) {
    path = identity.path
    vendorID = identity.vendorID
    productID = identity.productID
    deviceVersion = identity.bcdDevice
    serial = identity.serialNumber
    manufacturer = identity.manufacturer
    product = identity.product
    mode = .dfuse
    transferSize = interface?.functional.map { Int($0.wTransferSize) }
    dfuVersion = interface?.functional?.bcdDFUVersion
    if identity.usbID != .stBootloader { knownAs = KnownDevice.of(identity)?.name }
  }

  /// Adds what holds of a board that speaks DfuSe.
  private mutating func add(_ board: Board) {
    programStart = board.bootloader?.programStart
    guard !board.memories.isEmpty else { return }
    memories = board.memories.map(Memory.init)
    chip = BoardName(board).chip
  }
}

extension DeviceReport.Memory {
  fileprivate init(_ memory: AlternateMemory) {
    alternateSetting = memory.alternateSetting
    name = memory.map.name
    text = memory.map.text
    segments = memory.map.segments.map(DeviceReport.Segment.init)
    notes = memory.map.notes.isEmpty ? nil : memory.map.notes.map(\.description)
  }
}

extension DeviceReport {
  /// The report for people, a line each.
  func lines(isVerbose: Bool) -> [String] {
    let id = USBID(vendorID: vendorID, productID: productID)
    var lines = [
      ["\(path)", "\(id)", title, serial.map { "serial \($0.visible)" }].compactMap { $0 }
        .joined(separator: "  ")
    ]
    if let problem {
      lines.append("  \(problem.what)")
      if let fix = problem.fix { lines.append("  fix: \(fix)") }
      return lines
    }
    switch mode {
    case .application:
      lines.append("  runs its application; it is not in its bootloader")
      return lines
    case .dfu:
      lines.append("  plain DFU\(versionText), not DfuSe: dfuse cannot flash it; dfu-util can")
      if let command = PartsWithoutUSB.command(for: id) { lines.append("  fix: \(command)") }
      return lines
    case .dfuse: break
    }
    if let programStart {
      lines.append(
        "  an application bootloader: programs begin at \(UInt64(programStart).addressText)")
    }
    if let transferSize { lines.append("  \(origin)transfer size \(transferSize) bytes") }
    for memory in memories ?? [] {
      lines.append("  alternate setting \(memory.alternateSetting): \(memory.name.visible)")
      lines += memory.segments.map { "    \($0.segment.line)" }
      if memory.segments.isEmpty { lines.append("    no sectors: nothing is there") }
      lines += (memory.notes ?? []).map { "    note: \($0.visible)" }
      if isVerbose { lines.append("    as sent: \"\(memory.text.visible)\"") }
    }
    return lines
  }

  /// The chip, or what the device is known for, or what it calls itself.
  private var title: String? {
    chip ?? knownAs ?? product.map { $0.collapsingBlanks.visible }
  }

  /// ` 1.1`, where the device states a version.
  private var versionText: String {
    dfuVersion.map { " \($0 >> 8).\(String($0 & 0xFF, radix: 16).first ?? "0")" } ?? ""
  }

  private var origin: String {
    guard chip ?? knownAs != nil, let product else { return "" }
    let maker = manufacturer.map { " by \($0.visible)" } ?? ""
    return "\(product.collapsingBlanks.visible)\(maker), "
  }
}

extension String {
  /// The text with single blanks only, as ST's product strings have two.
  fileprivate var collapsingBlanks: String {
    split(separator: " ").joined(separator: " ")
  }
}
