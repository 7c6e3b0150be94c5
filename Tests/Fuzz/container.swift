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
  let inspection = DfuseContainer.inspect(bytes)
  precondition(inspection.findings.allSatisfy { (0...bytes.count).contains($0.offset) })
  guard case .dfuse(let container) = inspection.contents else { return }
  let count = container.targets.flatMap(\.elements).reduce(0) { $0 + $1.bytes.count }
  precondition(count <= bytes.count)
  guard inspection.firstError == nil, let encoded = try? container.encoded() else { return }
  let again = DfuseContainer.inspect(encoded)
  precondition(again.contents == .dfuse(container))
  precondition(again.firstError == nil)
  // A file without an oddity has one form only.
  precondition(!inspection.findings.isEmpty || encoded == bytes)
}
