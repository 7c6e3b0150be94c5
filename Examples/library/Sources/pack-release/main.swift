import Foundation
import Packing

let arguments = CommandLine.arguments
guard arguments.count == 4, let version = UInt16(arguments[3], radix: 16) else {
  print("usage: pack-release FIRMWARE OUT.dfu VERSION     such as 0102")
  exit(64)
}
do {
  let input = URL(fileURLWithPath: arguments[1])
  let container = try pack(
    [UInt8](Data(contentsOf: input)), called: input.lastPathComponent, version: version)
  try Data(container).write(to: URL(fileURLWithPath: arguments[2]))
  for line in try summary(of: container) { print(line) }
} catch {
  print("error: \(error)")
  exit(65)
}
