/// libFuzzer's entry: the input as an S-record file, and as the fields of one.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSRecord(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let input = fuzzInput(data, size)
  checkSoundness { try Firmware(reading: input, as: .srec) }

  var text: [UInt8] = []
  for record in fuzzRecords(input) {
    let body = record.address.prefix(2 + Int(record.type >> 4) % 3) + record.data
    let bytes = [UInt8(body.count + 1)] + body
    text += [0x53, 0x30 + record.type % 10]
    text += fuzzDigits(bytes + [~bytes.reduce(0, &+)]) + [0x0D]
  }
  checkSoundness { try Firmware(reading: text, as: .srec) }
  return 0
}
