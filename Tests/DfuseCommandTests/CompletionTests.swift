import Foundation
import Testing

@testable import dfuse

/// What bash offers behind a command line, by the scripts that the program makes for it.
@Suite struct CompletionTests {
  let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
    try FileManager.default.createDirectory(
      atPath: sandbox.path("build"), withIntermediateDirectories: true)
    try sandbox.linkProgram(as: ["dfuse", "dfuse_pack"])
    for name in ["fw.bin", "fw.hex", "fw.dfu", "notes.txt", "units.csv", "1-1.jsonl"] {
      try sandbox.write([0], to: name)
    }
  }

  private func bash(_ script: String, _ words: [String]) throws -> String {
    let run = try sandbox.bash(script, words)
    #expect(run.status == .success, "\(run)")
    return run.output
  }

  /// What is offered for the last of the words.
  private func offers(_ words: [String]) throws -> [String] {
    let script = """
      source <("$1" --generate-completion-script bash)
      COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMPREPLY=()
      COMP_POINT=${#COMP_LINE}
      "_$1" "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
      printf '%s\\n' "${COMPREPLY[@]}"
      """
    return try bash(script, words).split(separator: "\n").map(String.init).sorted()
  }

  /// A command line whose last word is begun, and all that is offered for it.
  struct Case: CustomTestStringConvertible {
    var line: String
    var offers: [String]

    var testDescription: String { line + "⇥" }
  }

  static let cases = [
    Case(line: "dfuse flash --simulate stm32f407", offers: ["stm32f407", "stm32f407-v2.1"]),
    Case(line: "dfuse simulate stm32f407", offers: ["stm32f407", "stm32f407-v2.1"]),
    Case(line: "dfuse_pack --for stm32f407", offers: ["stm32f407", "stm32f407-v2.1"]),
    Case(line: "dfuse pack --for stm32f407", offers: ["stm32f407", "stm32f407-v2.1"]),
    // Boards.
    Case(
      line: "dfuse flash --simulate stm32f405 --simulate stm32g474 --path ", offers: ["1-1", "1-2"]),
    Case(line: "dfuse erase --simulate stm32f405 --serial ", offers: ["315A28A0B956"]),
    Case(
      line: "dfuse read --simulate stm32f405 --alt ",
      offers: [
        "0", "1", "2", "3", "Device Feature", "Internal Flash", "OTP Memory", "Option Bytes",
      ]),
    Case(line: "dfuse verify --simulate=stm32f405 -a Opt", offers: ["Option Bytes"]),
    Case(
      line: "dfuse read --simulate stm32f405 --simulate stm32g474 --path 1-2 -a Int",
      offers: ["Internal Flash"]),
    Case(line: "dfuse list --simulate stm32f999 --path ", offers: []),
    // Files by their kind, and folders.
    Case(line: "dfuse unpack ", offers: ["bin", "build", "fw.dfu"]),
    Case(line: "dfuse restore ", offers: ["bin", "build", "fw.dfu"]),
    Case(line: "dfuse_pack -o ", offers: ["bin", "build", "fw.dfu"]),
    Case(line: "dfuse_pack -i ", offers: ["bin", "build", "fw.bin", "fw.dfu", "fw.hex"]),
    Case(line: "dfuse_pack -o x.dfu -m 0x08000000 -i fw.b", offers: ["fw.bin"]),
    Case(line: "dfuse flash --ledger ", offers: ["bin", "build", "units.csv"]),
    Case(line: "dfuse simulate --replay 1", offers: ["1-1.jsonl"]),
    // An ELF file may have any name.
    Case(line: "dfuse flash note", offers: ["notes.txt"]),
    Case(line: "dfuse flash --wait note", offers: ["notes.txt"]),
    Case(line: "dfuse flash --enter note", offers: ["notes.txt"]),
    Case(line: "dfuse_pack --format ", offers: ["auto", "elf", "hex", "raw", "srec"]),
    Case(line: "dfuse_pack --ver", offers: ["--vendor", "--version", "--version-id"].suffix(2)),
  ]

  @Test(arguments: cases)
  func `bash offers what fits`(_ example: Case) throws {
    var words = example.line.split(separator: " ").map(String.init)
    if example.line.hasSuffix(" ") { words.append("") }
    #expect(try offers(words) == example.offers)
  }

  @Test func `dfuse_pack has a script for each shell, for its own name`() {
    for (shell, mark) in [
      ("bash", "complete -o filenames -F _dfuse_pack dfuse_pack"), ("zsh", "#compdef dfuse_pack"),
      ("fish", "complete -c 'dfuse_pack'"),
    ] {
      let run = sandbox.run("--generate-completion-script", shell, program: "dfuse_pack")
      #expect(run.status == .success)
      #expect(run.output.contains(mark), "\(shell)")
      // Zsh takes one kind of words for the rest of a line, and there is one for commands.
      #expect(!run.output.contains("'*:firmware"))
    }
  }

  @Test func `what is asked wrongly by a shell is an error of dfuse_pack, and nothing is packed`() {
    for words in [["---completion"], ["--generate-completion-script", "tcsh"]] {
      let run = sandbox.run(words, program: "dfuse_pack")
      #expect(run.status == .usage)
    }
  }
}
