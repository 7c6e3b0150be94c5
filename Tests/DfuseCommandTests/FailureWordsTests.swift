import DfuseFormat
import Testing

@testable import DfuseDevice
@testable import dfuse

/// Every error of a board in the words that a person reads, with its exit status.
@Suite struct FailureWordsTests {
  private let board = BoardName(path: "1-1", chip: "STM32F405")
  private static let untouched = "nothing on the board was changed"

  private func failure(_ error: FlashError, _ task: BoardTask = .flashing(file: "fw.hex"))
    -> Failure
  {
    Failure(error, task: task, board: board)
  }

  @Test func `a device without memory map`() {
    #expect(
      failure(.noMemoryMap)
        == Failure(
          .protocolError, "STM32F405 at 1-1 shows no memory map",
          why: "without one, nobody knows its addresses and sectors",
          fix: "it may not be a DfuSe bootloader; see what it says: dfuse list --verbose"))
  }

  @Test func `an alternate setting that the board lacks`() {
    #expect(
      failure(.noSuchAlternateSetting(3, available: [0, 1]))
        == Failure(
          .badData, "fw.hex is for alternate setting 3, which STM32F405 at 1-1 does not have",
          why: "it has 0, 1", now: Self.untouched,
          fix: "choose the targets for one that it has with -a, or another board"))
  }

  @Test func `firmware that contradicts itself`() {
    let conflict = FormatError.overlap(
      new: 0x0800_0004..<0x0800_0008, existing: 0x0800_0000..<0x0800_0008,
      firstDifference: 0x0800_0005)
    #expect(
      failure(.conflict(conflict))
        == Failure(
          .badData, "fw.hex: \(conflict)", now: Self.untouched,
          fix: "pack it again, with each address once"))
  }

  @Test func `a supply voltage that the board cannot be told`() {
    #expect(
      failure(.noSupplySetting)
        == Failure(
          .usage, "STM32F405 at 1-1 cannot be told its supply voltage",
          why: "only the bootloaders of STM32F2, F4 and F7 have the memory Device Feature for it",
          now: Self.untouched, fix: "leave --supply out"))
  }

  @Test func `data for another memory name it`() {
    let map = MemoryMap.parse("@Internal Flash /0x08000000/04*016Kg")
    #expect(
      failure(
        .outsideMemory(
          0x1FFF_C000..<0x1FFF_C010, alternateSetting: 0, memory: map, found: 1))
        == Failure(
          .badData,
          "fw.hex has 0x1fff_c000-0x1fff_c00f, which is not in Internal Flash of STM32F405 at 1-1",
          why: "Internal Flash is 0x0800_0000-0x0800_ffff", now: Self.untouched,
          fix: "alternate setting 1 has it: pack it into a target for that (-a 1)"))
  }

  @Test func `memory that cannot be written names the next that can`() {
    let locked = MemorySegment(
      start: 0x0800_0000, sectorSize: 16384, sectorCount: 2, access: [.readable])
    let next = MemorySegment(
      start: 0x0800_8000, sectorSize: 16384, sectorCount: 2,
      access: [.readable, .erasable, .writable])
    #expect(
      failure(.notWritable(0x0800_0000..<0x0800_0400, segment: locked, writable: next))
        == Failure(
          .badData,
          "fw.hex has 0x0800_0000-0x0800_03ff, which cannot be written on STM32F405 at 1-1",
          why: "0x0800_0000-0x0800_7fff is read only", now: Self.untouched,
          fix: "the next address that can be written is 0x0800_8000"))
  }

  @Test(
    arguments: [
      (.optionBytes, .usage, "say --allow-option-bytes if that is meant"),
      (.deviceFeature, .usage, "say --allow-option-bytes if that is meant"),
      (.otp, .usage, "say --allow-otp if that is meant"),
      (.engineeringBytes, .badData, "leave it out of the file"),
    ] as [(MemoryKind, Status, String)])
  func `memory that needs consent names the option`(
    kind: MemoryKind, status: Status, fix: String
  ) {
    let failure = failure(.needsConsent(kind, name: "X", range: 0x1000..<0x1010))
    #expect(failure.status == status)
    #expect(failure.what == "fw.hex would write X (0x0000_1000-0x0000_100f)")
    #expect(failure.fix == fix)
    #expect(failure.now == Self.untouched)
  }

  @Test func `programmed OTP`() {
    #expect(
      failure(.alreadyProgrammed(address: 0x1FFF_7800, found: 0x00, wanted: 0x01))
        == Failure(
          .badData, "0x1fff_7800 of STM32F405 at 1-1 is programmed already: 0x00, not 0x01",
          why: "one-time programmable bits go from 1 to 0, and never back", now: Self.untouched))
  }

  @Test func `bytes that cannot be preserved`() {
    #expect(
      failure(.cannotPreserve(0x0800_0000..<0x0800_4000))
        == Failure(
          .usage,
          "what stands beside fw.hex in 0x0800_0000-0x0800_3fff cannot be preserved",
          why: "that memory of STM32F405 at 1-1 cannot be read", now: Self.untouched,
          fix: "leave --preserve out to lose it"))
  }

  @Test func `a sector that cannot be erased`() {
    #expect(
      failure(.notErasable(0x0800_0000..<0x0800_4000), .erasing)
        == Failure(
          .badData, "0x0800_0000-0x0800_3fff of STM32F405 at 1-1 cannot be erased",
          why: "its memory map does not allow that", now: Self.untouched))
  }

  @Test func `read protection`() {
    #expect(
      failure(.readProtected)
        == Failure(
          .protocolError, "STM32F405 at 1-1 is read protected", now: Self.untouched,
          fix: "remove the protection, and everything in its flash: dfuse unprotect --yes"))
  }

  @Test func `a difference after writing`() {
    let difference = FlashError.Difference(
      address: 0x0800_0010, expected: 0x12, found: 0xFF, count: 16, looksProtected: true)
    #expect(
      failure(.different(difference))
        == Failure(
          .different,
          "STM32F405 at 1-1 did not take the firmware: 0x0800_0010 holds 0xFF instead of 0x12; "
            + "16 bytes differ",
          why: "its sector was as if never erased, twice: it is probably write protected",
          now: "the firmware on the board is incomplete, and does not start",
          fix:
            "clear the write protection, then run the same command again; which fields it is shows: "
            + "dfuse options"))
  }

  @Test(
    arguments: [
      (.untouched, "nothing on the board was changed", "run the same command again"),
      (
        .erased, "the old program may be erased, in part or wholly",
        "run the same command again; the board stays in its bootloader"
      ),
      (
        .incomplete, "the firmware on the board is incomplete, and does not start",
        "run the same command again; the board stays in its bootloader"
      ),
      (
        .mixed,
        "the board holds a part of the old firmware, and of the new what was written: do not start it",
        "run the same command again; the board stays in its bootloader"
      ),
      (
        .unverified, "the firmware is written, but not all of it was read back",
        "run the same command again; the board stays in its bootloader"
      ),
      (.complete, "the firmware is written and verified", "run the same command again"),
    ] as [(FlashError.Progress, String, String)])
  func `Ctrl-C says what is on the chip and how to carry on`(
    progress: FlashError.Progress, now: String, fix: String
  ) {
    #expect(
      failure(.cancelled(progress))
        == Failure(.interrupted, "stopped on request", now: now, fix: fix))
  }

  @Test(
    arguments: [
      (.usb(.timedOut, during: .entering), .inputOutput),
      (.usb(.disconnected, during: .massErasing), .inputOutput),
      (.usb(.accessDenied, during: .entering), .noPermission),
      (.usb(.noBus, during: .entering), .noBoard),
      (.device(.errWRITE, state: .dfuERROR, text: nil, during: .leaving), .protocolError),
      (.unexpectedState(found: .dfuIDLE, expected: [], during: .leaving), .protocolError),
      (.unknownState(99, during: .entering), .protocolError),
      (.malformedReply([1], during: .entering), .protocolError),
      (.stillBusy(after: .seconds(30), during: .massErasing), .protocolError),
      (.shortBlock(found: 1, expected: 2, address: 0), .protocolError),
      (.notOffered(listed: nil, during: .massErasing), .protocolError),
      (.cannotRecover(bState: 10, status: .errVENDOR), .protocolError),
      (.illegalRequest(.abort, state: nil, during: .aborting), .software),
      (.illegalBlock(1, count: 0, transferSize: 2048), .software),
    ] as [(DFUError, Status)])
  func `every error of the device has its status, and all four sentences that it needs`(
    error: DFUError, status: Status
  ) {
    let failure = failure(.device(error, .incomplete))
    #expect(failure.status == status)
    #expect(failure.what == "STM32F405 at 1-1: \(error)")
    #expect(failure.now == "the firmware on the board is incomplete, and does not start")
    #expect(failure.fix?.isEmpty == false)
  }

  @Test func `what is on the chip depends on the task`() {
    let error = FlashError.device(.usb(.timedOut, during: .entering), .untouched)
    #expect(failure(error, .reading).now == Self.untouched)
    #expect(failure(error, .leaving).now == "the memory is as it was")
    #expect(failure(error, .unprotecting).now == "the flash may be erased")
  }

  @Test func `a failure prints its sentences in order`() {
    let failure = Failure(
      .noBoard, "what", why: "why", now: "now", fix: "fix", choices: ["a", "b"])
    #expect(
      failure.lines == [
        "error: what", "  why: why", "  now: now", "  fix: fix", "    a", "    b",
      ])
  }

  @Test func `statuses are those of sysexits and of shells`() {
    #expect(
      Status.allCases.map(\.rawValue) == [0, 1, 64, 65, 66, 69, 70, 73, 74, 76, 77, 129, 130, 143])
  }

  // MARK: - Leaving

  @Test(
    arguments: [
      (.left(.gone), "the board left the bus to start its firmware", "left"),
      (
        .stayed(.dfuMANIFEST, .ok),
        "the board is still in its bootloader (dfuMANIFEST); reset it to start the firmware",
        "stayed"
      ),
      (
        .stayed(.dfuERROR, .errVENDOR),
        "the board is still in its bootloader (dfuERROR, errVENDOR); reset it to start the firmware",
        "stayed"
      ),
    ] as [(LeaveOutcome, String, String)])
  func `leaving is told as it was seen`(outcome: LeaveOutcome, words: String, name: String) {
    let departure = Departure(outcome, of: Self.identity(0xDF11))
    #expect(departure.words == words)
    #expect(departure.name == name)
  }

  @Test func `a board that comes back is told by its ids`() {
    let application = Departure(
      .left(.returned(Self.identity(0x5740))), of: Self.identity(0xDF11))
    #expect(application.words == "the firmware is running (the board came back as 0483:5740)")
    #expect(application.returned == Self.identity(0x5740))
    let bootloader = Departure(
      .left(.returned(Self.identity(0xDF11))), of: Self.identity(0xDF11))
    #expect(
      bootloader.words == "the board restarted into its bootloader; is BOOT0 still set?")
    #expect(bootloader.name == "bootloader")
    #expect(bootloader.returned == Self.identity(0xDF11))
  }

  private static func identity(_ productID: UInt16) -> DeviceIdentity {
    DeviceIdentity(
      vendorID: 0x0483, productID: productID, bcdDevice: 0x2200, path: "1-1", address: 9)
  }
}
