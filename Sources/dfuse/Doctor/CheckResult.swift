/// What `dfuse doctor` says of one question.
struct CheckResult: Equatable {
  /// The questions, in the order in which they are asked.
  enum Check: String, Encodable {
    /// Is there USB at all?
    case usb
    /// Has each device a node by which it can be opened?
    case nodes
    /// Does udev's daemon run, which gives nodes to people?
    case udev
    /// Has it rules for boards?
    case rules
    /// Do the rules let this user in?
    case user
    /// Which programs take boards?
    case programs
    /// Has a port had trouble?
    case log
    /// Can each board be used?
    case boards
    /// Which libusb is this?
    case libusb
  }

  /// The answer, in short.
  enum Verdict: Equatable {
    case fine
    /// Worth knowing; not in the way.
    case note
    /// In the way of boards; the status with which a command would end for it.
    case problem(ExitStatus)
  }

  /// What to do.
  struct Fix: Encodable, Equatable {
    /// What is done by it, and where; nil where the command says it.
    var what: String?
    /// A line for a shell; nil where a person has to do it.
    var command: String?

    init(_ what: String?, _ command: String? = nil) { (self.what, self.command) = (what, command) }

    init(_ what: String? = nil, _ command: Suggestion) { self.init(what, "\(command)") }

    /// The line for people, which ends with the command.
    var line: String { [what, command].compactMap { $0 }.joined(separator: ": ") }
  }

  var check: Check
  var verdict: Verdict
  /// The answer in a line.
  var what: String
  /// Where that comes from, where it is not plain.
  var why: String?
  var fixes: [Fix]

  init(
    _ check: Check, _ verdict: Verdict, _ what: String, why: String? = nil,
    fixes: [Fix] = []
  ) {
    (self.check, self.verdict, self.what) = (check, verdict, what)
    (self.why, self.fixes) = (why, fixes)
  }

  /// That all is well.
  init(_ check: Check, _ what: String) { self.init(check, .fine, what) }

  /// The exit status of a problem; nil for what is none.
  var status: ExitStatus? {
    if case .problem(let status) = verdict { status } else { nil }
  }
}

extension CheckResult: Encodable {
  private enum CodingKeys: String, CodingKey {
    case check, result, what, why, fixes, status
  }

  func encode(to encoder: any Encoder) throws {
    var object = encoder.container(keyedBy: CodingKeys.self)
    try object.encode(check, forKey: .check)
    try object.encode(verdict.word, forKey: .result)
    try object.encode(what, forKey: .what)
    try object.encodeIfPresent(why, forKey: .why)
    if !fixes.isEmpty { try object.encode(fixes, forKey: .fixes) }
    try object.encodeIfPresent(status?.rawValue, forKey: .status)
  }
}

extension CheckResult.Verdict {
  /// As people and programs read it.
  var word: String {
    switch self {
    case .fine: "ok"
    case .note: "note"
    case .problem: "problem"
    }
  }
}
