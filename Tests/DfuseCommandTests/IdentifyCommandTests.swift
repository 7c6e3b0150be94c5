import Testing

@testable import dfuse

/// `dfuse identify`, and what a person sees where a command asks the chip by itself.
@Suite struct IdentifyCommandTests {
  let sandbox: Sandbox

  init() throws { sandbox = try Sandbox() }

  @Test func `all that a chip tells is shown, with how it is known`() {
    #expect(
      sandbox.run("identify", "--simulate", "f401")
        == Sandbox.Run(
          status: .success,
          output: """
            STM32F401 at 1-1, bootloader V13.1 (read)
              chip: STM32F401 (read)
              bootloader: V13.1, id 0xD1 at 0x1fff_76de (read)
              flash: 512 KiB (read)
              unique id: 1c 03 44 17 07 50 34 32 31 33 36 20 (read)
              serial number: 377A364D3234 of the unique id, as the board shows it
              read protection: off; its flash can be read

            """, error: ""))
  }

  @Test func `one that does not tell is known by its map`() {
    let run = sandbox.run("identify", "--simulate", "f401", "--fault", "system=refused")
    #expect(run.status == .success)
    #expect(run.output.hasPrefix("STM32F2/F4 (512 KiB) at 1-1\n  chip: one of STM32F2xx, "))
    #expect(
      run.output.contains("  bootloader: its release is not known; the chip does not tell it\n"))
    #expect(run.output.contains("  flash: 512 KiB (by its map)\n"))
    #expect(run.output.contains("  serial number: 377A364D3234 (as the board shows it)\n"))
  }

  @Test func `little talk leaves the answer`() {
    #expect(sandbox.run("identify", "-q", "--simulate", "f401").output.contains("0xD1"))
  }

  @Test func `a protected board says so`() {
    let run = sandbox.run("identify", "--simulate", "f405", "--fault", "rdp=1")
    #expect(run.output.contains("  read protection: on; nothing can be read\n"))
  }

  @Test func `a board that falls silent is told of, and can be erased without asking it`() {
    let words = ["erase", "--address", "08100000", "--simulate", "h743"]
    #expect(
      sandbox.run(words + ["--fault", "system=silent"])
        == Sandbox.Run(
          status: .protocolError, output: "",
          error: """
            error: STM32H74x/75x at 1-1 does not answer any more since 0x1ff1_e7fe was read
              why: what the chip is should stand there; that a read of it stops the bootloader was \
            not known
              now: nothing on the board was changed
              fix: start its bootloader again (unplug it, or reset), and say --no-identify; please \
            report this with what --trace shows

            """))
    #expect(
      sandbox.run(words + ["--no-identify", "--fault", "system=silent"]).status == .success)
    let identify = sandbox.run("identify", "--simulate", "h743", "--fault", "system=silent")
    #expect(identify.status == .protocolError)
    #expect(!identify.error.contains("--no-identify"))
  }

  @Test func `an erase that depends on it says what was read`() {
    let run = sandbox.run("erase", "--address", "08100000", "--simulate", "h743-v9.1")
    #expect(run.status == .success)
    #expect(run.error.contains("its bootloader is V9.1 (read)"))
  }
}
