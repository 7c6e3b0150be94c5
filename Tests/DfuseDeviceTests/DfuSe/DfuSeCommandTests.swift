import Testing

@testable import DfuseDevice

@Suite struct DfuSeCommandTests {
  static let commands: [(DfuSeCommand, [UInt8])] = [
    // ST AN3156: the address is little endian.
    (.setAddress(0x0800_4000), [0x21, 0x00, 0x40, 0x00, 0x08]),
    (.eraseSector(0x1234_5678), [0x41, 0x78, 0x56, 0x34, 0x12]),
    (.massErase, [0x41]),
    (.readUnprotect, [0x92]),
  ]

  @Test(arguments: commands)
  func `a command is the bytes of AN3156, both ways`(command: DfuSeCommand, bytes: [UInt8]) {
    #expect(command.bytes == bytes)
    #expect(DfuSeCommand(bytes: bytes) == command)
    #expect(command.code == bytes[0])
  }

  @Test(
    arguments: [
      [], [0x21], [0x21, 0, 0, 0], [0x41, 0], [0x41, 0, 0, 0, 8, 0], [0x92, 0], [0x00], [0x52],
    ] as [[UInt8]])
  func `other bytes are no command`(bytes: [UInt8]) {
    #expect(DfuSeCommand(bytes: bytes) == nil)
  }
}
