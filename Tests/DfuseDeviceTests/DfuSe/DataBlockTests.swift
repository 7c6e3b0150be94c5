import DfuseDevice
import Testing

@Suite struct DataBlockTests {
  static let blocks: [(UInt16, UInt32, Int, UInt64)] = [
    (2, 0x0800_0000, 2048, 0x0800_0000),
    (3, 0x0800_0000, 2048, 0x0800_0800),
    (66, 0x0800_0000, 1024, 0x0801_0000),
    (0xFFFF, 0x0800_0000, 4096, 0x17FF_D000),
    (0xFFFF, 0xFFFF_0000, 4096, 0x1_0FFE_D000),
  ]

  @Test(arguments: blocks)
  func `a block's address follows from its number`(
    block: UInt16, pointer: UInt32, transferSize: Int, address: UInt64
  ) {
    #expect(
      DataBlock.address(of: block, pointer: pointer, transferSize: transferSize) == address)
    #expect(
      DataBlock.number(at: address, pointer: pointer, transferSize: transferSize) == block)
  }

  @Test func `an address that no block begins at has no number`() {
    func number(_ address: UInt64, _ transferSize: Int = 2048) -> UInt16? {
      DataBlock.number(at: address, pointer: 0x0800_0000, transferSize: transferSize)
    }
    #expect(number(0x0800_0001) == nil)
    #expect(number(0x07FF_F800) == nil)
    #expect(number(0x0800_0000, 0) == nil)
    #expect(number(0x0800_0000 + 65_533 * 2048) == 0xFFFF)
    #expect(number(0x0800_0000 + 65_534 * 2048) == nil)
    #expect(number(.max) == nil)
  }
}
