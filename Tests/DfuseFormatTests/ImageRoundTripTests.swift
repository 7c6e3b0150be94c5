import DfuseTestSupport
import Testing

@testable import DfuseFormat

@Suite struct ImageRoundTripTests {
  @Test(arguments: [UInt64(1), 2, 3, 4, 5, 6], [1, 16, 250])
  func `an image written as records is read back`(seed: UInt64, size: Int) throws {
    var random = SplitMix64(seed: seed)
    let image = try ImageSamples.randomImage(using: &random)
    let hex = try Firmware(reading: RecordLines.hex(image, size: size).file, as: .hex)
    #expect(hex == Firmware(.hex, image))
    let srec = try Firmware(reading: RecordLines.srec(image, size: size).file, as: .srec)
    #expect(srec == Firmware(.srec, image, header: "HDR"))
  }

  @Test(arguments: [UInt64(1), 2, 3, 4, 5, 6])
  func `the order of the records does not matter`(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let image = try ImageSamples.randomImage(using: &random)
    let lines = RecordLines.srec(image, size: 16)
    let records = lines.dropFirst().dropLast()
    let shuffled = [lines[0]] + records.shuffled(using: &random) + [lines[lines.count - 1]]
    #expect(try Firmware(reading: shuffled.file, as: .srec).image == image)
    let reversed = [lines[0]] + records.reversed() + [lines[lines.count - 1]]
    #expect(try Firmware(reading: reversed.file, as: .srec).image == image)
  }
}
