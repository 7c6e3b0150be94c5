extension FaultPlan {
  /// Reads faults as a person writes them, one a text.
  ///
  /// | text | meaning |
  /// |---|---|
  /// | `stall@dnload:3` | the third DFU_DNLOAD stalls |
  /// | `stall@dnload:3+` | the third and every later one |
  /// | `stall@dnload` | the first |
  /// | `timeout@getstatus:7` | is not answered |
  /// | `short=2@upload:1` | is answered with at most 2 bytes |
  /// | `errVENDOR@write:4`, `status=0x0B@write:4` | leads to dfuERROR with this status |
  /// | `busy@erase:1`, `busy=2000@erase:1` | work goes on for ever, or 2000 ms longer |
  /// | `disconnect@write:5` | the board is unplugged |
  /// | `return@write:5`, `return=800@write:5` | it drops off and returns after 300 or 800 ms |
  /// | `stuckbit@0x08000123:4` | bit 4 of that byte does not program |
  /// | `start=dfuERROR` | the board is found in that state |
  /// | `poll=0` | this many milliseconds are reported for all work |
  /// | `link=10` | what is sent takes so many milliseconds to the board, and its answer as many back; over USB/IP that is for the network to do |
  /// | `rdp=1` | read protection is active |
  /// | `wrp=0x08004000` | the sector with that address is write protected |
  /// | `system=refused`, `system=silent` | the bootloader's id is refused, or a read of it stops it |
  /// | `options=stall` | a block for option bytes stalls |
  /// | `options=torn-boot-addresses` | Read Unprotect takes an F7's boot addresses with it |
  /// | `options=late` | option bytes read as before until they are in force |
  /// | `enter=nothing` | its firmware acknowledges that it shall enter the bootloader, and stays |
  /// | `enter=again`, `enter=again2` | it comes back as it was, once or twice |
  /// | `enter=other` | it comes back as a bootloader that does not speak DfuSe |
  /// | `enter=gone`, `enter=slow` | it leaves and never comes back, or after ten seconds |
  /// | `enter=held` | another program has its serial port for the first eight seconds; over USB/IP that is for a program there to do |
  /// | `enter=needs-dtr` | it does not hear what comes on its serial port while DTR is low |
  ///
  /// Kinds of requests are the cases of ``RequestKind``. Case does not matter.
  ///
  /// - Throws: ``FaultSpecError`` for the first text that cannot be understood.
  public init(parsing texts: [String]) throws(FaultSpecError) {
    self.init()
    for text in texts { try add(text) }
  }

  private mutating func add(_ text: String) throws(FaultSpecError) {
    let parts = text.split(separator: "@", omittingEmptySubsequences: false).map(String.init)
    guard parts.count <= 2, !parts[0].isEmpty else { throw .malformed(text) }
    let action = parts[0].split(separator: "=", maxSplits: 1).map(String.init)
    guard let word = action.first else { throw .malformed(text) }
    let argument = action.count == 2 ? action[1] : nil
    guard parts.count == 2 else { return try addCondition(word.lowercased(), argument, in: text) }
    let place = parts[1].split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    if word.lowercased() == "stuckbit" {
      guard place.count == 2 else { throw .malformed(text) }
      let address = UInt32(try Self.number(place[0], below: 1 << 32, in: text))
      stuckBits[address, default: 0] |= 1 << UInt8(try Self.number(place[1], below: 8, in: text))
    } else {
      let action = try Self.action(word, argument, in: text)
      faults.append(try Self.fault(action, at: place, in: text))
    }
  }

  private mutating func addCondition(
    _ word: String, _ argument: String?, in text: String
  ) throws(FaultSpecError) {
    switch word {
    case "start":
      let wanted = argument?.lowercased()
      guard let state = StartState.allCases.first(where: { $0.rawValue.lowercased() == wanted })
      else { throw .unknownState(argument ?? "", in: text) }
      start = state
    case "poll":
      reportedPoll = .milliseconds(try Self.number(argument, below: 1 << 24, in: text))
    case "link":
      linkDelay = .milliseconds(try Self.number(argument, below: 1 << 16, in: text))
    case "rdp":
      isReadProtected = try Self.number(argument, below: 2, in: text) == 1
    case "wrp":
      writeProtected.append(UInt32(try Self.number(argument, below: 1 << 32, in: text)))
    case "system":
      guard let access = argument.flatMap({ SystemMemory.Access(rawValue: $0.lowercased()) }) else {
        throw .malformed(text)
      }
      systemMemory = access
    case "options":
      guard let found = argument.flatMap({ Options(rawValue: $0.lowercased()) }) else {
        throw .malformed(text)
      }
      options = found
    case "enter":
      let names: [String: Enter] = [
        "nothing": .nothing, "again": .again(1), "again2": .again(2), "other": .other,
        "gone": .gone, "slow": .slow, "held": .held, "needs-dtr": .needsDTR,
      ]
      guard let found = names[argument?.lowercased() ?? ""] else {
        throw .unknownEntry(argument ?? "", in: text)
      }
      enter = found
    default:
      // An action such as "stall" needs the request it belongs to.
      guard (try? Self.action(word, argument, in: text)) == nil, word != "stuckbit" else {
        throw .missingRequest(text)
      }
      throw .unknownAction(word, in: text)
    }
  }

  private static func action(
    _ word: String, _ argument: String?, in text: String
  ) throws(FaultSpecError) -> Fault.Action {
    switch word.lowercased() {
    case "stall": return .stall
    case "timeout": return .timeOut
    case "short": return .short(try number(argument ?? "0", below: 65536, in: text))
    case "status": return .status(UInt8(try number(argument, below: 256, in: text)))
    case "busy":
      guard argument != nil else { return .stayBusy(nil) }
      return .stayBusy(.milliseconds(try number(argument, below: 1 << 31, in: text)))
    case "disconnect": return .disconnect
    case "return":
      let after = try number(argument ?? "300", below: 1 << 31, in: text)
      return .disconnectAndReturn(after: .milliseconds(after))
    default:
      let code = StatusCode.names.firstIndex { $0.lowercased() == word.lowercased() }
      guard let code, code > 0 else { throw .unknownAction(word, in: text) }
      return .status(UInt8(code))
    }
  }

  private static func fault(
    _ action: Fault.Action, at place: [String], in text: String
  ) throws(FaultSpecError) -> Fault {
    guard let kind = RequestKind(rawValue: place[0].lowercased()) else {
      throw .unknownRequest(place[0], in: text)
    }
    guard place.count > 1 else { return Fault(action, at: kind, 1) }
    guard place.count == 2 else { throw .malformed(text) }
    let andLater = place[1].hasSuffix("+")
    let digits = andLater ? String(place[1].dropLast()) : place[1]
    let occurrence = try number(digits, below: 1 << 31, in: text)
    guard occurrence > 0 else { throw .badNumber(place[1], in: text) }
    return Fault(action, at: kind, occurrence, andLater: andLater)
  }

  /// A decimal number, or a hexadecimal one with `0x` (`0x0800_4000` as well), from 0 up to but not including `limit`.
  private static func number(
    _ text: String?, below limit: Int, in spec: String
  ) throws(FaultSpecError) -> Int {
    let text = text ?? ""
    let isHex = text.lowercased().hasPrefix("0x")
    let digits = isHex ? String(text.dropFirst(2)) : text
    let groups = digits.split(separator: "_", omittingEmptySubsequences: false)
    guard groups.allSatisfy({ !$0.isEmpty && $0.allSatisfy(\.isHexDigit) }),
      let value = Int(groups.joined(), radix: isHex ? 16 : 10), value < limit
    else { throw .badNumber(text, in: spec) }
    return value
  }
}

/// Why the text of a fault cannot be understood.
public enum FaultSpecError: Error, Hashable, Sendable {
  /// It does not have the form `ACTION@REQUEST:NUMBER` or `NAME=VALUE`.
  case malformed(String)
  /// No fault has this name.
  case unknownAction(String, in: String)
  /// No kind of request has this name.
  case unknownRequest(String, in: String)
  /// A board cannot be found in this state.
  case unknownState(String, in: String)
  /// Nothing of this name can happen on the way into a bootloader.
  case unknownEntry(String, in: String)
  /// A number is missing, malformed or out of range.
  case badNumber(String, in: String)
  /// The action needs `@REQUEST`.
  case missingRequest(String)
}

extension FaultSpecError: CustomStringConvertible {
  /// What is wrong, in one sentence.
  public var description: String {
    switch self {
    case .malformed(let text):
      "fault '\(text)' has neither the form ACTION@REQUEST:NUMBER nor NAME=VALUE"
    case .unknownAction(let word, let text): "fault '\(text)': there is no action '\(word)'"
    case .unknownRequest(let word, let text):
      "fault '\(text)': '\(word)' is none of "
        + RequestKind.allCases.map(\.rawValue).joined(separator: ", ")
    case .unknownState(let word, let text):
      "fault '\(text)': '\(word)' is none of "
        + FaultPlan.StartState.allCases.map(\.rawValue).joined(separator: ", ")
    case .unknownEntry(let word, let text):
      "fault '\(text)': '\(word)' is none of nothing, again, again2, other, gone, slow, held, "
        + "needs-dtr"
    case .badNumber(let word, let text):
      "fault '\(text)': '\(word)' is not a number that fits there"
    case .missingRequest(let text):
      "fault '\(text)' does not say at which request, as in \(text)@dnload:3"
    }
  }
}
