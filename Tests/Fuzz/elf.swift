/// libFuzzer's entry: the input as an ELF file.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzELF(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let input = fuzzInput(data, size)
  checkSoundness { try Firmware(reading: input, as: .elf) }
  if let symbols = try? ELFSymbols(input) {
    for name in symbols.dataNames.prefix(16) { _ = try? symbols.symbol(named: name) }
  }
  return 0
}
