import DfuseDevice
import DfuseFormat
import DfuseSimulator
import Flashing
import Foundation
import Packing
import Testing

/// What the two programs do, on boards made of software: no hardware, and no waiting.
@Suite struct LibraryTests {
  private static func blink(_ name: String) throws -> [UInt8] {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../../blink")
    return [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
  }

  private static func bus(_ faults: String...) throws -> SimulatedBus {
    let chip = try #require(SimulatedChip.named("STM32F405RG"))
    return SimulatedBus([SimulatedBoard(chip, faults: try FaultPlan(parsing: faults))])
  }

  @Test func `a release holds what the linker wrote`() throws {
    let elf = try Self.blink("blink.elf")
    let container = try pack(elf, called: "blink", version: 0x0102)
    let firmware = try Firmware(reading: container)
    #expect(firmware.suffix?.deviceVersion == 0x0102)
    #expect(firmware.targets.map(\.name) == ["blink"])
    #expect(try firmware.image == Firmware(reading: elf).image)
    #expect(firmware.findings.isEmpty)
  }

  @Test func `a damaged release is told by its checksum`() throws {
    var container = try pack(try Self.blink("blink.elf"), called: "blink", version: 1)
    container[300] ^= 1
    #expect(throws: FormatError.self) { try summary(of: container) }
  }

  @Test func `a board holds the firmware after it was flashed, and each sector was erased once`()
    throws
  {
    let (bus, file) = (try Self.bus(), try Self.blink("blink.elf"))
    bus.changeBoard(at: "1-1") { $0.load([1, 2, 3, 4], at: 0x0800_0010) }
    let result = try flash(file, on: bus, tell: { _ in })
    #expect(result.isVerified)
    let board = try #require(bus.board(at: "1-1"))
    for run in try Firmware(reading: file).image.runs {
      #expect(board.read(run.bytes.count, at: run.address) == run.bytes)
    }
    #expect(board.counters.erases == [0x0800_0000: 1])
  }

  @Test func `a write that the board refuses is an error that says where`() throws {
    let (bus, file) = (try Self.bus("errWRITE@write:1"), try Self.blink("blink.elf"))
    let error = #expect(throws: FlashError.self) { try flash(file, on: bus, tell: { _ in }) }
    let words = try #require(error).description
    #expect(words.contains("0x0800_") && words.contains("errWRITE"))
  }

  @Test func `a board that is not there is an error that says so`() throws {
    let file = try Self.blink("blink.elf")
    let error = #expect(throws: SelectionError.self) {
      try flash(file, on: SimulatedBus(), tell: { _ in })
    }
    #expect(error?.description == "no DFU device is plugged in")
  }

  /// A bridge whose other end is a simulated board.
  private struct SimulatedBridge: Bridge {
    let far: any USBTransport

    func carry(setup: [UInt8], data: [UInt8], timeout: Duration) throws(USBError) -> [UInt8] {
      func word(_ place: Int) -> UInt16 { UInt16(setup[place]) | UInt16(setup[place + 1]) << 8 }
      // The board's time is its own: before each DFU_GETSTATUS it gets some for its work.
      if setup[0] == 0xA1, setup[1] == 3 { far.wait(.milliseconds(100)) }
      let request = ControlRequest(
        bmRequestType: setup[0], bRequest: setup[1], wValue: word(2), wIndex: word(4))
      guard request.isIn else {
        try far.controlOut(request, data: data, timeout: timeout)
        return []
      }
      return try far.controlIn(request, length: Int(word(6)), timeout: timeout)
    }
  }

  @Test func `a transport of one's own reads what a board holds`() throws {
    let bus = try Self.bus()
    bus.changeBoard(at: "1-1") { $0.load([1, 2, 3, 4], at: 0x0800_0010) }
    let board = try DeviceFilter().select(from: bus.devices())
    let transport = try BridgeTransport(
      SimulatedBridge(far: try bus.open(board)), path: "bridge")
    #expect(transport.board.memories == board.memories)
    #expect(transport.board.identity.serialNumber == board.identity.serialNumber)
    var flasher = Flasher(transport: transport)
    let read = try flasher.read(0x0800_0010..<0x0800_0014)
    #expect(read.bytes == [1, 2, 3, 4])
  }
}
