import ArgumentParser

/// How much to say, and in which form.
struct OutputOptions: ParsableArguments {
  @Flag(name: [.short, .long], help: "Print nothing but errors.")
  var quiet = false
  @Flag(help: "Show each operation on the board.")
  var verbose = false
  @Flag(help: "Show each control transfer.")
  var trace = false
  @Flag(help: "Print one JSON object a line (docs/json.md).")
  var json = false
}
