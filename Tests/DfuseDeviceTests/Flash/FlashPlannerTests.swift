import DfuseFormat
import Testing

@testable import DfuseDevice

/// What is decided from the work and the state of the board.
@Suite struct FlashPlannerTests {
  private func plan(
    _ bench: FlashBench, _ pieces: ImageElement..., states: [SectorState]
  ) throws -> FlashPlan {
    let image = try MemoryImage(merging: pieces)
    let work = try bench.layout.work(for: Firmware(image))
    var planner = FlashPlanner(board: bench.board)
    planner.add(work[0], states)
    return planner.finished()
  }

  @Test func `a plan says what becomes of each sector, and which bytes are sent`() throws {
    let bench = try FlashBench.f405
    let plan = try plan(
      bench, piece(0x0800_0000, 0x1_0008),
      states: [.different, .same, .blank, .unread, .same])
    let expected = FlashPlan(
      memories: [
        .init(
          memory: bench.memories[0],
          sectors: [
            .init(range: 0x0800_0000..<0x0800_4000, action: .eraseAndWrite),
            .init(range: 0x0800_4000..<0x0800_8000, action: .keep),
            .init(range: 0x0800_8000..<0x0800_C000, action: .write),
            .init(range: 0x0800_C000..<0x0801_0000, action: .eraseAndWrite),
            .init(range: 0x0801_0000..<0x0802_0000, action: .keep),
          ],
          content: WidenedImage(
            [piece(0x0800_0000, 0x1_0008)],
            to: [0x0800_0000..<0x0800_4000, 0x0800_8000..<0x0801_0000], filler: 0xFF))
      ],
      programStart: 0x0800_0000, usesMassErase: false, transferSize: 2048, erasedByte: 0xFF)
    #expect(plan == expected)
    #expect(
      plan.memories[0].runs == [piece(0x0800_0000, 0x4000), piece(0x0800_8000, 0x8000)])
    #expect(plan.bytesToErase == 32 << 10)
    #expect(plan.bytesToWrite == 48 << 10)
    #expect(plan.bytesToVerify == 48 << 10)
    #expect(!plan.isEmpty)
    #expect(plan.count(of: .keep) == 2)
    #expect(plan.count(of: .eraseAndWrite) == 2)
    #expect(plan.count(of: .write) == 1)
  }

  @Test func `a board that holds everything has an empty plan`() throws {
    let plan = try plan(
      try FlashBench.f405, piece(0x0800_0000, 0x8000), states: [.same, .same])
    #expect(plan.isEmpty)
    #expect(plan.programStart == 0x0800_0000)
    #expect(plan.bytesToErase == 0)
  }

  @Test func `what cannot be erased is written over what is there, and not padded`() throws {
    let bench = try FlashBench("@External Flash /0x90000000/4*4Kf,4*4Kd")
    // f can be erased and written, d only written.
    let plan = try plan(
      bench, piece(0x9000_3000, 0x2000), states: [.unread, .unread])
    #expect(plan.memories[0].sectors.map(\.action) == [.eraseAndWrite, .overwrite])
    #expect(plan.programStart == nil)
  }

  @Test func `blank blocks do not count as bytes to write`() throws {
    let plan = try plan(
      try FlashBench.f405, piece(0x0800_0000, 2048), piece(0x0800_0800, 4096, 0xFF),
      piece(0x0800_1800, 100), states: [.different])
    #expect(plan.bytesToWrite == 2148)
    #expect(plan.bytesToVerify == 6244)
  }

  @Test func `the program starts at the first byte of the image, not of its unit`() throws {
    let plan = try plan(
      try FlashBench.h743, piece(0x0802_0010, 32), states: [.different])
    #expect(plan.programStart == 0x0802_0010)
    #expect(plan.memories[0].runs.map(\.range) == [0x0802_0000..<0x0802_0040])
  }

  @Test func `a mass erase is chosen for a whole flash, where it works and is quicker`() throws {
    func isQuicker(_ map: String, _ count: Int, _ product: String) throws -> Bool {
      let bench = try FlashBench(
        map, "@Option Bytes   /0x1FFF7800/01*40Be", product: product)
      let image = try MemoryImage(merging: [piece(0x0800_0000, count)])
      let work = try bench.layout.work(for: Firmware(image))[0]
      var planner = FlashPlanner(board: bench.board)
      planner.add(work, work.sectors.map { _ in .different })
      return planner.finished().usesMassErase
    }
    let g431 = "@Internal Flash   /0x08000000/64*02Kg"
    #expect(try isQuicker(g431, 128 << 10, "DFU in FS Mode"))
    #expect(try isQuicker(g431, (126 << 10) + 1, "DFU in FS Mode"))
    #expect(try !isQuicker(g431, 126 << 10, "DFU in FS Mode"))
    // A bootloader that is not the ROM may report a mass erase done and do nothing.
    #expect(try !isQuicker(g431, 128 << 10, "my bootloader"))
  }

  // MARK: Memory

  /// A plan for each of 64 boards is no 64 images.
  @Test func `a plan shares the firmware's bytes`() throws {
    let bytes = (0..<0x3_0005).map { UInt8(truncatingIfNeeded: $0 &* 37 >> 3) }
    // Over three runs of sectors, and not a whole word.
    let firmware = ImageElement(address: 0x0800_0000, bytes: bytes)
    let bench = try FlashBench.f405
    let work = try bench.work(firmware)
    var planner = FlashPlanner(board: bench.board)
    planner.add(work[0], work[0].sectors.map { _ in .different })
    let plan = planner.finished()
    #expect(plan.memories[0].ranges == [0x0800_0000..<0x0803_0008])
    #expect(plan.memories[0].runs[0].bytes == bytes + [0xFF, 0xFF, 0xFF])
    let pieces = plan.memories[0].content.pieces
    #expect(pieces.map { place(of: $0.bytes) } == [place(of: firmware.bytes)])
  }

  /// A device's map may have segments that overlap, or come in any order, and its option bytes with them.
  @Test func `pieces that overlap, in any order, make blocks of the right size`() {
    let pieces = [piece(16, 16, 1), piece(8, 16, 2), piece(0, 4, 3), piece(2, 30, 4)]
    for first in pieces {
      for second in pieces {
        for third in pieces {
          let image = WidenedImage([first, second, third])
          for range in image.ranges + [0..<32, 3..<9] as [Range<UInt64>] {
            #expect(image.bytes(in: range).count == range.count)
          }
          #expect(image.runs.map(\.bytes.count) == [first, second, third].map(\.bytes.count))
        }
      }
    }
  }

  /// Where an array's bytes are in this process.
  private func place(of bytes: [UInt8]) -> UInt {
    unsafe bytes.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
  }

  // MARK: Order

  @Test func `the sector with the vector table is erased first, then by address`() {
    let sectors: [FlashPlan.Sector] = [
      .init(range: 0..<16, action: .eraseAndWrite), .init(range: 16..<32, action: .keep),
      .init(range: 32..<48, action: .eraseAndWrite), .init(range: 48..<64, action: .write),
      .init(range: 64..<80, action: .eraseAndWrite),
    ]
    func order(_ start: UInt32?, _ name: String = "Internal Flash") -> [UInt64] {
      let map = MemoryMap(name: name, text: "", segments: [])
      let memory = AlternateMemory(alternateSetting: 0, map: map)
      return FlashPlan.Memory(memory: memory, sectors: sectors, content: WidenedImage())
        .eraseOrder(programStart: start).map(\.range.lowerBound)
    }
    #expect(order(0) == [0, 32, 64])
    #expect(order(40) == [32, 0, 64])
    #expect(order(79) == [64, 0, 32])
    #expect(order(20) == [0, 32, 64])
    #expect(order(nil) == [0, 32, 64])
    #expect(order(40, "External Flash") == [0, 32, 64])
  }

  @Test(arguments: [
    (0x0800_0000 as UInt32, 5000, 0x0800_0000 as UInt64, 2048),
    (0x0800_0100, 100, 0x0800_0100, 100),
  ])
  func `the block with the vector table is the first of its run`(
    start: UInt32, count: Int, address: UInt64, length: Int
  ) throws {
    let plan = try plan(
      try FlashBench.f405, piece(start, count), piece(0x0800_8000, 3000),
      states: [.different, .different])
    let last = try #require(FinalBlock(of: plan))
    #expect(last.address == address)
    #expect(last.range.count == length)
    #expect(last.memory == plan.memories[0])
  }

  @Test func `there is no last block when the vector table stays, or is blank`() throws {
    let bench = try FlashBench.f405
    let stays = try plan(
      bench, piece(0x0800_0000, 100), piece(0x0800_4000, 100), states: [.same, .different])
    #expect(FinalBlock(of: stays)?.address == nil)
    let blank = try plan(bench, piece(0x0800_0000, 100, 0xFF), states: [.different])
    #expect(FinalBlock(of: blank)?.address == nil)
  }

  @Test func `a run is cut where the last block is`() throws {
    let plan = try plan(try FlashBench.f405, piece(0x0800_0000, 5000), states: [.different])
    let last = FinalBlock(of: plan)
    let run = plan.memories[0].ranges[0]
    func parts(_ address: UInt32, _ count: Int) -> [Range<UInt64>] {
      piece(address, count).range.parts(without: last?.range)
    }
    #expect(run.parts(without: last?.range) == [0x0800_0800..<0x0800_1388])
    #expect(run.parts(without: nil) == [run])
    #expect(parts(0x0800_4000, 8) == [0x0800_4000..<0x0800_4008])
    #expect(parts(0x0800_0010, 8) == [])
    #expect(
      parts(0x07FF_FFFC, 0x804 + 4)
        == [0x07FF_FFFC..<0x0800_0000, 0x0800_0800..<0x0800_0804])
  }
}
