import ArgumentParser
import SystemPackage
import Testing

@testable import dfuse

/// The tables of docs/other-tools.md: what people typed elsewhere, and what they type here.
@Suite struct OtherToolsDocumentTests {
  /// A line of one of the tables.
  struct Row: CustomTestStringConvertible {
    let tool: String
    let typed: [String]
    let type: [String]

    var testDescription: String { "\(tool) \(typed.joined(separator: " "))" }
  }

  /// Those whose left side is a command line of the tool.
  static let rows: [Row] = {
    let root = FilePath(#filePath).removingLastComponent().removingLastComponent()
      .removingLastComponent()
    let file = root.appending("docs/other-tools.md").string
    guard let bytes = try? InputFile(name: file).read() else { return [] }
    let page = String(decoding: bytes, as: UTF8.self)
    var rows: [Row] = []
    var tool: String?
    for line in page.split(separator: "\n") {
      switch line {
      case "<!-- dfu-util -->": tool = "dfu-util"
      case "<!-- STM32_Programmer_CLI -->": tool = "STM32_Programmer_CLI"
      case "<!-- end -->": tool = nil
      default:
        let cells = line.split(separator: "|").map { $0.split(separator: "`").map(String.init) }
        guard let tool, cells.count > 1, cells[0].count > 1, cells[1].count > 1 else { continue }
        rows.append(
          Row(
            tool: tool, typed: cells[0][1].split(separator: " ").map(String.init),
            type: cells[1][1].split(separator: " ").map(String.init)))
      }
    }
    return rows
  }()

  @Test func `there are as many rows as the page has`() {
    #expect(Self.rows.count { $0.tool == "dfu-util" } == 12)
    #expect(Self.rows.count { $0.tool == "STM32_Programmer_CLI" } == 10)
  }

  @Test(arguments: rows)
  func `what stands on the right is a command`(row: Row) throws {
    #expect(row.type.first == "dfuse")
    _ = try Dfuse.parseAsRoot(CommandWords.completing(Array(row.type.dropFirst())))
  }

  /// But for those where the page knows better than a line that is taken word by word.
  static let better = ["dfuse identify", "dfuse flash firmware.elf", "dfuse flash firmware.dfu"]

  @Test(arguments: rows.filter { !better.contains($0.type.joined(separator: " ")) })
  func `what stood on the left gets what stands on the right`(row: Row) throws {
    #expect(row.typed.first == row.tool)
    let line = ForeignCommandLine(
      Array(row.typed.dropFirst()), commands: Set(CommandWords.commands))
    let words = try #require(line.lines(withOthers: true).first)
    // An alternate setting that the address says as well is left out on the page.
    let short = words.joined(separator: " ")
      .replacing("flash -a 0 --address", with: "flash --address")
    #expect(
      words == Array(row.type.dropFirst()) || short == row.type.dropFirst().joined(separator: " "))
  }

  @Test(arguments: rows.filter { $0.tool == "dfu-util" && $0.typed.first == "dfu-util" })
  func `dfu-util's side is taken under that name`(row: Row) throws {
    _ = try DfuUtilRequest(DfuUtilArguments(row.typed.dropFirst()))
  }
}
