/// libFuzzer's entry: the input as an Intel HEX file, and as the fields of one.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzHex(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let input = fuzzInput(data, size)
  checkSoundness { try Firmware(reading: input, as: .hex) }

  var text: [UInt8] = []
  for record in fuzzRecords(input) {
    let bytes =
      [UInt8(record.data.count)] + record.address.prefix(2) + [record.type % 7]
      + record.data
    text += [0x3A] + fuzzDigits(bytes + [0 &- bytes.reduce(0, &+)]) + [0x0A]
  }
  checkSoundness { try Firmware(reading: text + Array(":00000001FF".utf8), as: .hex) }
  return 0
}
