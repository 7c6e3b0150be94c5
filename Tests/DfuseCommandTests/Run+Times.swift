extension Sandbox.Run {
  /// The run with `T` for every time and nothing for every rate.
  ///
  /// Those are the simulated board's, and change with how it is talked to; what is said does not.
  var timeless: Sandbox.Run {
    Sandbox.Run(status: status, output: Self.timeless(output), error: Self.timeless(error))
  }

  private static func timeless(_ text: String) -> String {
    text.replacing(/, [0-9.]+ (KiB|MiB|bytes)\/s/, with: "")
      .replacing(/(in|about) [0-9.]+ (ms|s|min)( [0-9]+ s)?/) { "\($0.1) T" }
      .replacing(/"(time|seconds|expectedSeconds)":[0-9.]+/) { "\"\($0.1)\":T" }
      .replacing(#/(?m)^ +[0-9.]+ ms  /#, with: "T  ")
  }
}
