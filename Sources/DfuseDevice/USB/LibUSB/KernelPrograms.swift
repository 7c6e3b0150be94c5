#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#elseif canImport(Darwin)
  private import Darwin
#endif

/// The programs that run, as the kernel's own files show them, and what they have open.
struct KernelPrograms {
  /// Where the kernel shows them; tests make a folder of their own.
  var folder = "/proc"

  /// All of them, in the order of their numbers.
  var all: [SerialError.ProcessName] {
    KernelDevices.names(in: folder).compactMap(Int32.init).sorted().map { id in
      .init(id: id, name: KernelDevices.text(in: "\(folder)/\(id)/comm") ?? "?")
    }
  }

  /// Whether a program has a device open, as far as this user is shown what programs have open.
  func has(_ program: Int32, open number: UInt64) -> Bool {
    let files = "\(folder)/\(program)/fd"
    return KernelDevices.names(in: files).contains { file in
      // What is elsewhere is not asked for: it may lie on a server that does not answer.
      let path = "\(files)/\(file)"
      return Self.startsInDev(path) && KernelDevices.deviceNumber(of: path) == number
    }
  }

  /// A program that has a device open.
  func holder(of number: UInt64) -> SerialError.ProcessName? {
    all.first { has($0.id, open: number) }
  }

  private static func startsInDev(_ link: String) -> Bool {
    var text: [CChar] = Array(repeating: 0, count: 5)
    let count = unsafe text.withUnsafeMutableBufferPointer { buffer in
      unsafe buffer.baseAddress.map { unsafe readlink(link, $0, buffer.count) }
    }
    return count == 5 && text == "/dev/".utf8.map(CChar.init)
  }
}

/// The groups of this machine's users, one a line: NAME:PASSWORD:NUMBER:MEMBERS.
struct KernelGroups {
  private let lines: [[String]]

  /// Reads them; none where the file cannot be read.
  init(file: String = "/etc/group") {
    lines = (KernelDevices.bytes(of: file, limit: 1 << 20) ?? []).split(separator: 0x0A).map {
      $0.split(separator: 0x3A, omittingEmptySubsequences: false).map {
        String(decoding: $0, as: UTF8.self)
      }
    }
  }

  /// The name of the group with this number.
  func name(of number: UInt32) -> String? {
    lines.first { $0.count >= 3 && $0[2] == "\(number)" }?.first
  }

  /// The number and the members of the group with this name.
  func group(_ name: String) -> (number: UInt32, members: [String])? {
    guard let line = lines.first(where: { $0.first == name }), line.count >= 4,
      let number = UInt32(line[2])
    else { return nil }
    return (number, line[3].split(separator: ",").map(String.init))
  }
}
