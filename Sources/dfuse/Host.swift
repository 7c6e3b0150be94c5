import DfuseDevice

/// What the program runs on: terminal, USB, Ctrl-C, and the system's tools.
///
/// Tests hand in their own.
struct Host {
  /// Where to print.
  var console: Console
  /// The boards that are plugged in.
  var openBus: () throws(Failure) -> BoardSource
  /// Takes over Ctrl-C, SIGTERM and SIGHUP.
  var listenForInterrupt: () -> Void
  /// Whether one of them has come.
  var isInterrupted: @Sendable () -> Bool
  /// The exit status for the one that came.
  var interruptStatus: @Sendable () -> ExitStatus
  /// Whether the user may change the system's files.
  var isRoot: Bool
  /// Runs a program of the system and waits for it.
  var runTool: ([String]) -> ToolResult

  /// A host that has a console and nothing else.
  init(console: Console) {
    self.console = console
    openBus = { () throws(Failure) in throw Failure(device: .noBus) }
    listenForInterrupt = {}
    isInterrupted = { false }
    interruptStatus = { .interrupted }
    isRoot = false
    runTool = { _ in .missing }
  }

  /// This machine.
  static func live() -> Host {
    var host = Host(console: .live())
    host.openBus = { () throws(Failure) in try BoardSource.machine() }
    host.listenForInterrupt = Interrupt.listen
    host.isInterrupted = { Interrupt.isRequested }
    host.interruptStatus = { Interrupt.status }
    host.isRoot = SystemTool.isRoot
    host.runTool = SystemTool.run
    return host
  }
}
