import DfuseDevice
import DfuseFormat
import DfuseSimulator

/// A simulated board on a bus of its own, with the image that goes onto it.
struct BenchBoard {
  /// Largest image, as in other programs' tables.
  static let mostBytes = 512 << 10
  private static let port = "1-1"

  let chip: SimulatedChip
  let flash: MemoryRegion
  let image: [UInt8]
  private let bus: SimulatedBus

  init(_ chip: SimulatedChip, isBlank: Bool = false) throws(BenchError) {
    guard let flash = chip.profile.memory(.flash) else { throw .noFlash(chip.name) }
    self.chip = chip
    self.flash = flash
    var random = BenchRandom(seed: 1)
    image = random.bytes(min(flash.size, Self.mostBytes))
    var board = SimulatedBoard(chip)
    if !isBlank { board.load(random.bytes(flash.size), at: flash.start) }
    bus = SimulatedBus([board])
  }

  /// The sectors that the image touches.
  var sectors: [Range<UInt64>] {
    var sectors: [Range<UInt64>] = []
    var address = flash.range.lowerBound
    let end = address + UInt64(image.count)
    while address < end, let sector = flash.sector(at: address) {
      sectors.append(sector)
      address = sector.upperBound
    }
    return sectors
  }

  /// The sector in the middle of the image.
  var middleSector: Range<UInt64> {
    let sectors = sectors
    return sectors.isEmpty ? 0..<0 : sectors[sectors.count / 2]
  }

  /// Makes the board hold something else in one byte of the middle sector.
  func changeOneByte() {
    let address = UInt32(middleSector.lowerBound)
    bus.changeBoard(at: Self.port) { board in
      board.load(board.read(1, at: address).map { ~$0 }, at: address)
    }
  }

  /// Flashes the image as `dfuse flash --stay` does, on a board that has just been plugged in.
  func flash(_ options: FlashOptions) throws(BenchError) -> Measurement {
    try measured { transport throws(FlashError) in
      var flasher = Flasher(transport: transport)
      let plan = try flasher.plan(input, options: options)
      _ = try flasher.run(plan)
    }
  }

  /// Flashes the image as dfu-util does.
  func flashLikeDfuUtil() throws(BenchError) -> Measurement {
    try measured { transport throws(USBError) in
      let host = DfuUtilHost(
        transport: transport, transferSize: Int(chip.profile.usb.transferSize))
      try host.flash(image, at: flash.start, erasing: sectors.map(\.lowerBound))
    }
  }

  /// What is known of the chip on the host's side.
  func hostProfile() throws(BenchError) -> ChipProfile { try open().board.chip }

  private var input: Firmware {
    Firmware(suffix: nil, targets: [.init(elements: [.init(address: flash.start, bytes: image)])])
  }

  private func open() throws(BenchError) -> any USBTransport {
    bus.plugBack(Self.port)
    do throws(USBError) {
      guard let board = try bus.devices().first?.board else {
        throw .disconnected
      }
      return try bus.open(board)
    } catch {
      throw .failed(chip: chip.name, "\(error)")
    }
  }

  private func measured<Failure: Error>(
    _ work: (any USBTransport) throws(Failure) -> Void
  ) throws(BenchError) -> Measurement {
    let transport = try open()
    let before = bus.board(at: Self.port)?.counters ?? BoardCounters()
    let start = transport.now
    do {
      try work(transport)
    } catch {
      throw .failed(chip: chip.name, "\(error)")
    }
    let total = transport.now - start
    guard let board = bus.board(at: Self.port), board.read(image.count, at: flash.start) == image
    else { throw .wrongContent(chip: chip.name) }
    return Measurement(total: total, before: before, after: board.counters)
  }
}

/// What one piece of work cost.
struct Measurement {
  /// Virtual time from the first request to the last.
  var total: Duration
  /// DFU requests.
  var requests: Int
  /// The time the chip erased and programmed.
  var busy: Duration
  /// The time the bootloader fetched what was uploaded.
  var fetch: Duration
  /// The time that waiting to the letter takes in place of `busy`.
  var requested: Duration
  /// Sectors erased one by one.
  var erases: Int
  /// Whether the flash was erased as a whole.
  var massErases: Int

  init(total: Duration, before: BoardCounters, after: BoardCounters) {
    self.total = total
    requests = after.count(.any) - before.count(.any)
    busy = after.busyTime - before.busyTime
    fetch = after.fetchTime - before.fetchTime
    requested = after.requestedTime - before.requestedTime
    erases = after.count(.erase) - before.count(.erase)
    massErases = after.massErases - before.massErases
  }
}

/// Bytes that are the same on every machine: a 64-bit linear congruential generator (Knuth, MMIX).
struct BenchRandom {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 56)
    }
  }
}

/// Why there is no measurement.
enum BenchError: Error {
  case noSuchChip(String)
  case noFlash(String)
  /// The host's code failed on a board that has no faults.
  case failed(chip: String, String)
  /// The board does not hold what was flashed.
  case wrongContent(chip: String)
  case tooSlow(rows: Int)
}
