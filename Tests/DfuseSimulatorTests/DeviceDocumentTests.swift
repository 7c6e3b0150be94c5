import Foundation
import Testing

@testable import DfuseSimulator

/// The documents name every chip that can be simulated.
@Suite struct DeviceDocumentTests {
  private static func document(_ name: String) throws -> String {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return try String(contentsOf: root.appending(path: "docs/" + name), encoding: .utf8)
  }

  @Test(arguments: SimulatedChip.all.map(\.name))
  func `a chip is described, and its benchmark is shown`(name: String) throws {
    #expect(try Self.document("devices.md").contains("\n| `\(name)` |"))
    let rows = try Self.document("benchmarks.md").split(separator: "\n").filter {
      $0.split(separator: " ").prefix(2) == ["|", name[...]]
    }
    #expect(rows.count == 4)
  }
}
