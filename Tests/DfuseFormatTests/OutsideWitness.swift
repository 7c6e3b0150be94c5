import Foundation

/// Another program that knows the formats, if it is installed.
struct OutsideWitness {
  /// How its run went.
  struct Failure: Error {
    var status: Int32
    var output: String
  }

  static let objcopy = OutsideWitness(named: "arm-none-eabi-objcopy")
  static let srecCat = OutsideWitness(named: "srec_cat")
  static let gzip = OutsideWitness(named: "gzip")
  static let dfuSuffix = OutsideWitness(named: "dfu-suffix")
  static let assembler = OutsideWitness(named: "arm-none-eabi-as")
  static let linker = OutsideWitness(named: "arm-none-eabi-ld")

  private let url: URL?

  private init(named name: String) {
    let folders = ProcessInfo.processInfo.environment["PATH", default: ""].split(separator: ":")
    url =
      folders
      .map { URL(fileURLWithPath: String($0)).appendingPathComponent(name) }
      .first { FileManager.default.isExecutableFile(atPath: $0.path) }
  }

  var isInstalled: Bool { url != nil }

  /// Runs the program in a new folder, which has the files of `input`.
  ///
  /// - Parameters:
  ///   - arguments: What follows the program's name.
  ///   - input: The files to begin with, by name.
  ///   - output: The name of the file to read afterwards.
  /// - Returns: The bytes of that file.
  /// - Throws: ``Failure`` if the program does not end with 0, and errors of file access.
  func run(
    _ arguments: [String], input: [String: [UInt8]], output: String
  ) throws -> [UInt8] {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("dfuse-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, bytes) in input {
      try Data(bytes).write(to: folder.appendingPathComponent(name))
    }
    let process = Process()
    process.executableURL = url
    process.arguments = arguments
    process.currentDirectoryURL = folder
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let said = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure(
        status: process.terminationStatus, output: String(decoding: said, as: UTF8.self))
    }
    return try Array(Data(contentsOf: folder.appendingPathComponent(output)))
  }
}
