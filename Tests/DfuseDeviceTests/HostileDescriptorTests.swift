import DfuseTestSupport
import Testing

@testable import DfuseDevice

@Suite struct HostileDescriptorTests {
  @Test(arguments: 0..<8 as Range<UInt64>)
  func `damaged configurations are refused or read within their bounds`(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    for _ in 0..<500 {
      let bytes = Mutation.of(ConfigurationDescriptorTests.stm32f4, using: &random)
      let interfaces = (try? ConfigurationDescriptor.dfuInterfaces(in: bytes)) ?? []
      // An alternate setting costs nine bytes, whatever the damage.
      let alternates = interfaces.flatMap(\.interface.alternateSettings).count
      #expect(alternates * 9 <= bytes.count)
      #expect(interfaces.allSatisfy { !$0.interface.alternateSettings.isEmpty })
      #expect(
        interfaces.allSatisfy { $0.stringIndexes.count == $0.interface.alternateSettings.count })
    }
  }

  @Test(arguments: 0..<8 as Range<UInt64>)
  func `damaged memory maps have segments that lie apart and below 4 GiB`(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let sound = Array(
      "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg/0x1FFF7800/01*512 e".utf8)
    for _ in 0..<500 {
      let text = "@" + String(decoding: Mutation.of(sound, using: &random), as: UTF8.self)
      let map = MemoryMap.parse(text)
      let ranges = map?.segments.map(\.range).sorted { $0.lowerBound < $1.lowerBound } ?? []
      #expect(map != nil)
      #expect(ranges.allSatisfy { !$0.isEmpty && $0.upperBound <= 0x1_0000_0000 })
      #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound <= $1.lowerBound })
    }
  }
}
