/// Reads a file; if it is accepted, checks what must hold of any firmware.
///
/// A broken promise traps, and so becomes a finding.
func checkSoundness(_ read: () throws -> Firmware) {
  let firmware: Firmware
  do {
    firmware = try read()
  } catch FormatError.badRecord(_, let line, let column, let problem) {
    precondition(line > 0 && column > 0, "an error at no place")
    precondition(!problem.description.isEmpty, "an error without words")
    return
  } catch {
    return
  }
  guard let image = try? firmware.image else {
    preconditionFailure("data that contradict each other")
  }
  precondition(!image.isEmpty, "firmware without data")
  var end: UInt64?
  for run in image.runs {
    precondition(!run.bytes.isEmpty, "an empty run")
    if let end { precondition(end < run.range.lowerBound, "runs that touch or are not in order") }
    end = run.range.upperBound
    precondition(run.range.upperBound <= 0x1_0000_0000, "a run above the address space")
  }
  let again = try? MemoryImage(merging: image.runs.reversed())
  precondition(again == image, "runs that do not make the image")
  precondition(firmware.findings.allSatisfy { !$0.description.isEmpty }, "a warning without words")
}

/// The input of a run as an array.
func fuzzInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> [UInt8] {
  Array(UnsafeBufferPointer(start: data, count: size))
}

/// The input as fields of records, to which an encoder can add sound counts and checksums.
///
/// Random digits almost never have the right checksum: this way the fuzzer gets behind it.
func fuzzRecords(_ input: [UInt8]) -> [(type: UInt8, address: [UInt8], data: [UInt8])] {
  var records: [(type: UInt8, address: [UInt8], data: [UInt8])] = []
  var rest = input[...]
  while rest.count >= 6 {
    let head = Array(rest.prefix(6))
    rest = rest.dropFirst(6)
    let data = Array(rest.prefix(Int(head[1] % 20)))
    rest = rest.dropFirst(data.count)
    records.append((type: head[0], address: Array(head[2...]), data: data))
  }
  return records
}

/// Bytes as hexadecimal digits.
func fuzzDigits(_ bytes: [UInt8]) -> [UInt8] {
  let digits = Array("0123456789abcdef".utf8)
  return bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
}
