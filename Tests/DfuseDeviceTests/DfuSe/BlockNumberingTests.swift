import Testing

@testable import DfuseDevice

@Suite struct BlockNumberingTests {
  static let blocks: [(UInt16, UInt32, UInt16, UInt64)] = [
    (2, 0x0800_0000, 2048, 0x0800_0000),
    (3, 0x0800_0000, 2048, 0x0800_0800),
    (66, 0x0800_0000, 1024, 0x0801_0000),
    (0xFFFF, 0x0800_0000, 4096, 0x17FF_D000),
    (0xFFFF, 0xFFFF_0000, 4096, 0x1_0FFE_D000),
  ]

  @Test(arguments: blocks)
  func `a block's address follows from its number`(
    block: UInt16, pointer: UInt32, transferSize: UInt16, address: UInt64
  ) {
    let blocks = BlockNumbering(transferSize: transferSize)
    #expect(blocks.address(of: block, pointer: pointer) == address)
    #expect(blocks.number(at: address, pointer: pointer) == block)
  }

  @Test func `an address that no block begins at has no number`() {
    func number(_ address: UInt64) -> UInt16? {
      BlockNumbering(transferSize: 2048).number(at: address, pointer: 0x0800_0000)
    }
    #expect(number(0x0800_0001) == nil)
    #expect(number(0x07FF_F800) == nil)
    #expect(number(0x0800_0000 + 65_533 * 2048) == 0xFFFF)
    #expect(number(0x0800_0000 + 65_534 * 2048) == nil)
    #expect(number(.max) == nil)
  }

  @Test(arguments: [8192, 9, 0xFFFE] as [UInt16])
  func `numbers count by the size as sent, and only the pointer itself is used`(size: UInt16) {
    let blocks = BlockNumbering(transferSize: size)
    #expect(blocks.address(of: 3, pointer: 0x0800_0000) == 0x0800_0000 + UInt64(size))
    #expect(blocks.number(at: 0x0800_0000, pointer: 0x0800_0000) == 2)
    #expect(blocks.number(at: 0x0800_0000 + UInt64(size), pointer: 0x0800_0000) == nil)
    #expect(
      blocks.number(at: 0x0800_0000 + UInt64(blocks.length), pointer: 0x0800_0000) == nil)
  }

  @Test(arguments: [0, 0xFFFF] as [UInt16])
  func `without a stride only the first block has an address`(size: UInt16) {
    let blocks = BlockNumbering(transferSize: size)
    #expect(blocks.address(of: 2, pointer: 0x0800_0000) == 0x0800_0000)
    #expect(blocks.address(of: 3, pointer: 0x0800_0000) == nil)
    #expect(blocks.address(of: 1, pointer: 0x0800_0000) == nil)
    #expect(blocks.number(at: 0x0800_0400, pointer: 0x0800_0000) == nil)
  }
}
