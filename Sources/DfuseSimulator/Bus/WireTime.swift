/// How long a control transfer occupies a full-speed bus, apart from the device's own time.
///
/// SETUP and status stage cost a quarter of a frame together; of the data stage's packets of 64
/// bytes some 16 fit into a frame of 1 ms, where USB 2.0 table 5-7 has room for 19 bulk packets.
package enum WireTime {
  /// The time of SETUP and status stage.
  static let stages: Duration = .microseconds(250)

  /// The time of a data stage.
  static func data(_ bytes: Int) -> Duration {
    .microseconds(60) * ((max(bytes, 0) + 63) / 64)
  }

  /// The time of a whole transfer with this many bytes of data, either way.
  package static func transfer(_ bytes: Int) -> Duration { stages + data(bytes) }
}
