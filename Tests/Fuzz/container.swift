/// libFuzzer's entry: the input as a DFU file, and once more with its checksum put right.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzContainer(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let input = fuzzInput(data, size)
  checkContainer(input)
  if input.count >= 4 {
    let body = Array(input.dropLast(4))
    checkContainer(body + littleEndian(CRC32.checksum(of: body)))
  }
  return 0
}

/// Reads a file, and writes again what was read without an error.
private func checkContainer(_ bytes: [UInt8]) {
  let firmware = Firmware.inspect(bytes, as: .container)
  precondition(firmware.findings.allSatisfy { $0.offset.map((0...bytes.count).contains) ?? false })
  precondition(firmware.byteCount <= bytes.count)
  guard firmware.format == .container, firmware.firstError == nil,
    let encoded = try? firmware.encoded()
  else { return }
  let again = Firmware.inspect(encoded, as: .container)
  precondition(again.targets == firmware.targets)
  precondition(again.firstError == nil)
  // A file without an oddity has one form only.
  precondition(!firmware.findings.isEmpty || encoded == bytes)
}
