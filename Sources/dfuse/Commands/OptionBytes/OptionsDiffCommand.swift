import ArgumentParser
import DfuseDevice
import DfuseFormat

/// `dfuse options diff`.
struct OptionsDiffCommand: HostCommand, TakesWorkOptions {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Compare a board's option bytes with a file's, or another board's.",
    discussion: """
      A file is a container that 'dfuse read -a "Option Bytes"' or 'dfuse snapshot' wrote. Another \
      board is named by its serial number or its port, as 'dfuse list' shows them. Status 1 when \
      they differ.
      """
  )

  @Argument(
    help: ArgumentHelp("A container, or a board's serial number or port.", valueName: "file|board"),
    completion: Completions.containers)
  var other: String
  @OptionGroup var identity: OptionIdentityOption
  @OptionGroup(title: "Which board") var device: DeviceOptions
  @OptionGroup(title: "Which board") var wait: WaitOptions
  @OptionGroup(title: "Which board") var enter: EnterOptions
  @OptionGroup(title: "What to show") var output: OutputOptions

  func run(host: Host) throws(Failure) {
    let run = BoardRun("options diff", host: host, options: work, changes: false)
    try run.telling { () throws(Failure) in
      try run.onWork { board, report throws(Failure) in
        let mine = try options(of: board, report)
        let theirs: OptionBytes
        let name: String
        if let second = try run.otherWork(named: other) {
          theirs = try options(of: second, report)
          name = "\(second.name)"
          guard theirs.layoutName == mine.layoutName else {
            throw Failure(
              .badData, "\(board.name) and \(name) have option bytes of other kinds",
              why: "\(mine.layoutName ?? "not decoded") and \(theirs.layoutName ?? "not decoded")")
          }
        } else {
          theirs = try mine.holding(try Self.firmware(other), from: other)
          name = InputFile(name: other).shown
        }
        let differences = mine.lines(whereOthersDiffer: theirs)
        guard differences.isEmpty else {
          var failure = Failure(
            .different,
            "\(differences.count.counted("field")) of \(board.name) differ from \(name)")
          failure.choices = differences
          throw failure
        }
        var conclusion = Conclusion(
          verdict: "\(board.name) has the option bytes of \(name)", details: ResultDetails())
        if board.origin != nil { conclusion.add(try board.leave(report: report)) }
        return conclusion
      }
    }
  }

  private func options(
    of board: BoardWork, _ report: @escaping (BoardUpdate) -> Void
  ) throws(Failure) -> OptionBytes {
    try board.perform(report: report) { flasher, context throws(Failure) in
      var flasher = flasher
      return try context.options(of: &flasher, identifies: identity.identify)
    }
  }

  private static func firmware(_ name: String) throws(Failure) -> Firmware {
    let input = InputFile(name: name)
    return try input.firmware(as: nil, at: nil)
  }
}

extension OptionBytes {
  /// The same option bytes with what a file has for their addresses.
  ///
  /// - Throws: A failure with status 65 for a file that has nothing there.
  fileprivate func holding(
    _ firmware: Firmware, from name: String
  ) throws(Failure) -> OptionBytes {
    guard let filled = filled(with: firmware.targets.flatMap(\.elements)) else {
      throw Failure(
        .badData, "\(InputFile(name: name).shown) has no option bytes of this board",
        why: "they are at \(blocks.map(\.range.addressText).joined(separator: " and "))",
        fix: "name a snapshot, as 'dfuse snapshot -o board.dfu' makes one, or another board")
    }
    return filled
  }

  /// What other option bytes have otherwise, a line each; words where there are no fields.
  fileprivate func lines(whereOthersDiffer other: OptionBytes) -> [String] {
    guard fields.isEmpty else {
      return differences(to: other).map { difference in
        "\(difference.field.name): \(OptionsReport.text(difference.left.number)) here, "
          + "\(OptionsReport.text(difference.right.number)) there"
      }
    }
    return blocks.flatMap { block in
      stride(from: block.range.lowerBound, to: block.range.upperBound, by: 4)
        .compactMap { place -> String? in
          guard let mine = word(at: place), let theirs = other.word(at: place), theirs != mine
          else { return nil }
          return "\(place.addressText): \(mine.hex) here, \(theirs.hex) there"
        }
    }
  }
}
