import DfuseFormat

/// Lines of records written from their fields, checksums included.
enum RecordLines {
  /// An Intel HEX record.
  static func hex(_ type: UInt8, _ address: UInt16, _ data: [UInt8]) -> String {
    let bytes = [UInt8(data.count), UInt8(address >> 8), UInt8(address & 0xFF), type] + data
    return ":" + digits(bytes + [0 &- bytes.reduce(0, &+)])
  }

  /// An S-record with as many address bytes as its type has.
  static func srec(_ type: Int, _ address: UInt32, _ data: [UInt8]) -> String {
    let addressSizes = [2, 2, 3, 4, 2, 2, 3, 4, 3, 2]
    let field = (0..<addressSizes[type]).reversed().map { UInt8(address >> ($0 * 8) & 0xFF) }
    let bytes = [UInt8(field.count + data.count + 1)] + field + data
    return "S\(type)" + digits(bytes + [~bytes.reduce(0, &+)])
  }

  /// An image as Intel HEX with type 04 records, `size` bytes a record.
  static func hex(_ image: MemoryImage, size: Int) -> [String] {
    var lines: [String] = []
    for run in image.runs {
      for start in stride(from: 0, to: run.bytes.count, by: size) {
        let address = run.address + UInt32(start)
        let high = UInt16(address >> 16)
        lines.append(hex(4, 0, [UInt8(high >> 8), UInt8(high & 0xFF)]))
        lines.append(hex(0, UInt16(address & 0xFFFF), Array(run.bytes[start...].prefix(size))))
      }
    }
    return lines + [hex(1, 0, [])]
  }

  /// An image as S3 records, `size` bytes a record.
  static func srec(_ image: MemoryImage, size: Int) -> [String] {
    var lines: [String] = []
    for run in image.runs {
      for start in stride(from: 0, to: run.bytes.count, by: size) {
        lines.append(srec(3, run.address + UInt32(start), Array(run.bytes[start...].prefix(size))))
      }
    }
    return [srec(0, 0, Array("HDR".utf8))] + lines + [srec(7, 0, [])]
  }

  private static func digits(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined()
  }
}

extension Array<String> {
  /// The lines as a file.
  var file: [UInt8] { Array<UInt8>(map { $0 + "\n" }.joined().utf8) }
}
