/// The kernel's log: records as `/dev/kmsg` hands them out, and what its clock may show now.
///
/// - SeeAlso: `Documentation/ABI/testing/dev-kmsg` of the Linux kernel.
package struct KernelLog: Hashable, Sendable {
  /// `PRIORITY,NUMBER,MICROSECONDS,FLAGS;MESSAGE`, a line each.
  ///
  /// Lines that begin with a blank belong to the one above. Nothing, where the log cannot be read.
  package var records = ""
  /// What the clock of the records may show now, the earliest first.
  ///
  /// That clock is `sched_clock()`. It is close to CLOCK_MONOTONIC_RAW, for NTP does not steer it;
  /// on some machines it goes on while they are suspended, as CLOCK_BOOTTIME does, on others it does
  /// not (Thomas Gleixner, "Re: [GIT pull] printk updates for 4.15", 14 November 2017).
  package var clocks: [Duration] = []

  /// Makes a log.
  package init(records: String = "", clocks: [Duration] = []) {
    self.records = records
    self.clocks = clocks
  }
}

/// A port at which something was plugged in, and did not become a device.
public struct PortTrouble: Hashable, Sendable {
  /// What went wrong, the worst last.
  public enum Kind: Int, Hashable, Sendable {
    /// What is there gave no answer that made sense.
    case noAnswer
    /// The port could not be enabled.
    case cannotEnable
    /// The port gave more current than it may, and was switched off.
    case overCurrent
  }

  /// The port, `BUS-PORT[.PORT]…`.
  public var path: String
  /// What went wrong.
  public var kind: Kind
  /// The kernel's own words.
  public var message: String

  /// For how long after it a message is still news.
  package static let age = Duration.seconds(60)

  /// How the kernel's messages begin.
  ///
  /// From `hub_port_init()`, `hub_port_connect()`, `hub_port_reset()` and `port_event()` in
  /// `drivers/usb/core/hub.c`, and `xhci_setup_device()` in `drivers/usb/host/xhci.c`; the tests have
  /// them as people met them. "over-current change" is left out: hubs without a load send it.
  private static let messages: [(start: String, kind: Kind)] = [
    ("unable to enumerate USB device", .noAnswer),
    ("device descriptor read/", .noAnswer),
    ("device not accepting address ", .noAnswer),
    ("Device not responding to setup address", .noAnswer),
    ("Cannot enable. Maybe the USB cable is bad?", .cannotEnable),
    ("over-current condition", .overCurrent),
  ]

  /// The ports with trouble that is news and was not over later, in their order.
  ///
  /// Of a port, the worst is told; of messages that are equally bad the last one, but for the summary
  /// that comes in the end.
  package static func found(in log: KernelLog) -> [PortTrouble] {
    let records = log.records.split(whereSeparator: \.isNewline).compactMap(KernelRecord.init)
    guard let newest = records.map(\.at).max() else { return [] }
    // A clock that is behind the newest record, but for a little, is not theirs.
    let now = log.clocks.first { $0 + .seconds(2) >= newest } ?? newest
    var troubles: [String: PortTrouble] = [:]
    for record in records where now - record.at <= age {
      guard let (path, text) = record.portAndText else { continue }
      if text.hasPrefix("New USB device found") || text.hasPrefix("USB disconnect") {
        // It became a device after all, or one has gone, with the ports that it had as a hub.
        troubles = troubles.filter { $0.key != path && !$0.key.hasPrefix(path + ".") }
        continue
      }
      guard let (index, entry) = messages.enumerated().first(where: { text.hasPrefix($1.start) })
      else { continue }
      if let before = troubles[path] {
        guard entry.kind.rawValue >= before.kind.rawValue, index > 0 else { continue }
      }
      troubles[path] = PortTrouble(path: path, kind: entry.kind, message: text)
    }
    return troubles.values.sorted { PortPath($0.path) < PortPath($1.path) }
  }
}

/// One record of the kernel's log.
private struct KernelRecord {
  /// When it was written, by the log's clock.
  var at: Duration
  private var message: Substring

  /// Reads a line; nil for what is none, and for what a program wrote: the kernel lets none write in
  /// its own name (facility 0).
  init?(_ line: Substring) {
    guard let end = line.firstIndex(of: ";") else { return nil }
    let fields = line[..<end].split(separator: ",", omittingEmptySubsequences: false)
    guard fields.count >= 3, let priority = UInt32(fields[0]), priority >> 3 == 0,
      let microseconds = UInt64(fields[2])
    else { return nil }
    at = .microseconds(Int64(clamping: microseconds))
    message = line[line.index(after: end)...]
  }

  /// The port that the message is about, and what it says, as in `usb 1-1.2: TEXT` of a device and
  /// `usb 1-1-port2: TEXT` of a port; nil when it is about something else.
  var portAndText: (path: String, text: String)? {
    guard message.hasPrefix("usb "), let colon = message.firstRange(of: ": ") else { return nil }
    let name = message[message.index(message.startIndex, offsetBy: 4)..<colon.lowerBound]
    guard let path = Self.path(name) else { return nil }
    return (path, String(message[colon.upperBound...]))
  }

  /// The path of a device or a port: `1-1.2` as it is, `usb1-port3` is 1-3, `1-1-port2` is 1-1.2.
  private static func path(_ name: Substring) -> String? {
    var path = String(name)
    if let port = name.firstRange(of: "-port") {
      let hub = name[..<port.lowerBound]
      let number = name[port.upperBound...]
      path = hub.hasPrefix("usb") ? "\(hub.dropFirst(3))-\(number)" : "\(hub).\(number)"
    }
    let parts = path.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    let numbers = parts[1].split(separator: ".", omittingEmptySubsequences: false)
    guard (parts.prefix(1) + numbers).allSatisfy({ UInt8($0) != nil }) else { return nil }
    return path
  }
}
