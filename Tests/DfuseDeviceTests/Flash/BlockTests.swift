import DfuseFormat
import Testing

@testable import DfuseDevice

/// The arithmetic of blocks: those that are written, and those through which memory is read.
@Suite struct BlockTests {
  // MARK: Writing

  @Test(
    arguments: [
      (0, []), (1, [0..<1]), (2047, [0..<2047]), (2048, [0..<2048]),
      (2049, [0..<2044, 2044..<2049]),
      (5000, [0..<2048, 2048..<4096, 4096..<5000]),
    ] as [(Int, [Range<Int>])])
  func `a run is cut into blocks of the transfer size and a rest`(
    count: Int, blocks: [Range<Int>]
  ) {
    let run = piece(0x0800_0000, count)
    let found = run.range.blocks(of: 2048)
    #expect(
      found.map { Int($0.lowerBound - 0x0800_0000)..<Int($0.upperBound - 0x0800_0000) } == blocks)
    #expect(found.flatMap { run.slice($0) } == run.bytes)
  }

  @Test func `a block is not sent when all of it has the erased value`() throws {
    var run = piece(0x0800_0000, 24, 0xFF)
    run.bytes[15] = 0
    let bench = try FlashBench("@Internal Flash  /0x08000000/04*016Kg", transferSize: 8)
    var planner = FlashPlanner(board: bench.board)
    planner.add(try bench.work(run)[0], [.different])
    var plan = planner.finished()
    #expect(plan.blocks(of: run.range, of: plan.memories[0]) == [0x0800_0008..<0x0800_0010])
    plan.erasedByte = 0x00
    #expect(plan.blocks(of: run.range, of: plan.memories[0]).count == 3)
  }

  @Test func `a slice of a run has the bytes that both have`() {
    let run = ImageElement(address: 16, bytes: [1, 2, 3, 4])
    #expect(run.slice(17..<19) == [2, 3])
    #expect(run.slice(0..<17) == [1])
    #expect(run.slice(19..<100) == [4])
    #expect(run.slice(0..<8) == [])
    #expect(run.slice(100..<108) == [])
  }

  // MARK: Reading

  private let upload = UploadRun(
    pointer: 0x0800_0100, blocks: BlockNumbering(transferSize: 1024), end: 0x0800_0D00)

  @Test(
    arguments: [
      (0x0800_00FF, nil), (0x0800_0100, 2), (0x0800_04FF, 2), (0x0800_0500, 3),
      (0x0800_0CFF, 4), (0x0800_0D00, nil), (0, nil),
    ] as [(UInt64, UInt16?)])
  func `an address is in the block that its distance from the pointer tells`(
    address: UInt64, block: UInt16?
  ) {
    #expect(upload.block(holding: address) == block)
  }

  @Test(
    arguments: [
      (2, 0x0800_0100..<0x0800_0500), (3, 0x0800_0500..<0x0800_0900),
      (4, 0x0800_0900..<0x0800_0D00),
      (5, 0x0800_0D00..<0x0800_0D00), (0xFFFF, 0x0800_0D00..<0x0800_0D00),
    ] as [(UInt16, Range<UInt64>)])
  func `a block ends with the memory`(block: UInt16, range: Range<UInt64>) {
    #expect(upload.range(of: block) == range)
  }

  @Test func `a short last block is the rest`() {
    let upload = UploadRun(
      pointer: 0, blocks: BlockNumbering(transferSize: 1024), end: 1500)
    #expect(upload.range(of: 3) == 1024..<1500)
  }

  @Test func `block numbers end at 0xFFFF`() {
    let upload = UploadRun(
      pointer: 0x9000_0000, blocks: BlockNumbering(transferSize: 8), end: 1 << 32)
    let last = 0x9000_0000 + UInt64(65_533 * 8)
    #expect(upload.block(holding: last) == 0xFFFF)
    #expect(upload.block(holding: last + 7) == 0xFFFF)
    #expect(upload.block(holding: last + 8) == nil)
  }

  // MARK: Comparing

  private func comparison() throws -> SectorComparison {
    // Pages of 128 bytes that erase to 0x00: one wholly, one partly in the image, one not.
    let bench = try FlashBench.l072
    let work = try bench.work(piece(0x0800_0000, 192), piece(0x0800_0180, 8))
    return SectorComparison(work[0], erasedByte: 0x00)
  }

  private func bytes(_ count: Int, _ value: UInt8) -> [UInt8] {
    [UInt8](repeating: value, count: count)
  }

  @Test func `a sector is the same when the image's bytes are there, whatever is beside them`()
    throws
  {
    var comparison = try comparison()
    comparison.take(bytes(192, 0xA5) + bytes(192, 0x77) + bytes(8, 0xA5), at: 0x0800_0000)
    #expect(comparison.states == [.same, .same, .same])
  }

  @Test func `a sector is blank when nothing is where the image has bytes`() throws {
    var comparison = try comparison()
    comparison.take(bytes(192, 0) + bytes(64, 0x77), at: 0x0800_0000)
    comparison.take(bytes(128, 0), at: 0x0800_0180)
    #expect(comparison.states == [.blank, .blank, .blank])
  }

  @Test func `one wrong byte in a sector makes it different, and closes it`() throws {
    var comparison = try comparison()
    var found = bytes(192, 0xA5)
    found[127] = 0xA4
    comparison.take(found, at: 0x0800_0000)
    #expect(!comparison.isOpen(0))
    #expect(comparison.isOpen(1))
    comparison.take(bytes(8, 0), at: 0x0800_0180)
    #expect(comparison.states == [.different, .same, .blank])
  }

  @Test func `a sector half blank and half right is different`() throws {
    var comparison = try comparison()
    comparison.take(bytes(64, 0), at: 0x0800_0000)
    #expect(comparison.isOpen(0))
    comparison.take(bytes(64, 0xA5), at: 0x0800_0040)
    #expect(!comparison.isOpen(0))
    #expect(comparison.states[0] == .different)
  }
}
