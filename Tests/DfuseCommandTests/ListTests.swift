import DfuseDevice
import DfuseSimulator
import Testing

@testable import dfuse

/// `dfuse list`.
@Suite struct ListTests {
  let sandbox: Sandbox

  init() throws { sandbox = try Sandbox() }

  @Test func `a board is shown with its memories`() {
    let run = sandbox.run("list", "--simulate", "stm32f405")
    #expect(run.status == .success)
    #expect(run.error.isEmpty)
    #expect(
      run.output == """
        1-1  0483:df11  STM32F2/F4 (1 MiB)  serial 315A28A0B956
          STM32 BOOTLOADER by STMicroelectronics, transfer size 2048 bytes
          alternate setting 0: Internal Flash
            0x0800_0000-0x0800_ffff  4 sectors of 16 KiB  read, erase, write
            0x0801_0000-0x0801_ffff  1 sector of 64 KiB  read, erase, write
            0x0802_0000-0x080f_ffff  7 sectors of 128 KiB  read, erase, write
          alternate setting 1: Option Bytes
            0x1fff_c000-0x1fff_c00f  1 sector of 16 bytes  read, write
          alternate setting 2: OTP Memory
            0x1fff_7800-0x1fff_79ff  1 sector of 512 bytes  read, write
            0x1fff_7a00-0x1fff_7a0f  1 sector of 16 bytes  read, write
          alternate setting 3: Device Feature
            0xffff_0000-0xffff_0003  1 sector of 4 bytes  read, write

        """)
  }

  @Test func `a serial number that boards share is warned of`() {
    sandbox.bus = StubBus([.board(path: "1-1"), .board(path: "1-2")])
    let run = sandbox.run("list")
    #expect(run.status == .success)
    #expect(
      run.error == """
        warning: 2 boards have the serial number 315A28A0B956: 1-1, 1-2; choose by --path, not by \
        --serial

        """)
  }

  @Test func `a board that cannot be opened is shown with what to do`() {
    sandbox.bus = StubBus([.board(path: "1-1", openError: .accessDenied)])
    let run = sandbox.run("list")
    #expect(
      run
        == Sandbox.Run(
          status: .success,
          output: """
            1-1  0483:df11
              it cannot be opened: no permission
              fix: let udev give it to you, and plug it in again: sudo dfuse udev install

            """, error: ""))
  }

  @Test func `an application with a DFU interface is no board`() {
    sandbox.bus = StubBus([.application])
    let run = sandbox.run("list")
    #expect(
      run
        == Sandbox.Run(
          status: .noBoard,
          output: """
            1-4  05ac:821a  Bluetooth Host Controller
              runs its application; it is not in its bootloader

            """,
          error: """
            error: no board is in its bootloader; what is shown above is none
              fix: start it there (often: hold BOOT0, press reset), and look again; or see what is in the way: dfuse doctor

            """))
  }

  @Test func `a board that does not fit the options is not said to be missing`() {
    #expect(
      sandbox.run("list", "--simulate", "f405", "--serial", "x")
        == Sandbox.Run(
          status: .noBoard, output: "",
          error: """
            error: none of the boards in their bootloader fits the options
              fix: see them all: dfuse list --simulate f405

            """))
  }

  @Test func `an empty bus has no board`() {
    sandbox.bus = StubBus([])
    let run = sandbox.run("list")
    #expect(run.status == .noBoard)
    #expect(run.error.hasPrefix("error: no board is in its bootloader\n"))
  }

  @Test func `a machine without USB is said to be one`() {
    let run = sandbox.run("list")
    #expect(
      run
        == Sandbox.Run(
          status: .noBoard, output: "",
          error: """
            error: there is no USB on this machine
              why: the system has no USB bus, as in a container or on a build server
              fix: in a container, pass /dev/bus/usb through; without a board, try --simulate \
            stm32f405; or see what is in the way: dfuse doctor

            """))
  }

  @Test func `the JSON form has the documented keys`() {
    sandbox.bus = StubBus([
      .board(path: "1-1"), .board(path: "1-2", openError: .busy), .application,
    ])
    let run = sandbox.run("list", "--json")
    #expect(run.status == .success)
    #expect(
      run.output == """
        {
          "devices" : [
            {
              "chip" : "STM32F2/F4 (1 MiB)",
              "deviceVersion" : 8704,
              "dfuVersion" : 282,
              "manufacturer" : "STMicroelectronics",
              "memories" : [
                {
                  "alternateSetting" : 0,
                  "name" : "Internal Flash",
                  "segments" : [
                    {
                      "address" : 134217728,
                      "erasable" : true,
                      "readable" : true,
                      "sectorCount" : 4,
                      "sectorSize" : 16384,
                      "writable" : true
                    },
                    {
                      "address" : 134283264,
                      "erasable" : true,
                      "readable" : true,
                      "sectorCount" : 1,
                      "sectorSize" : 65536,
                      "writable" : true
                    },
                    {
                      "address" : 134348800,
                      "erasable" : true,
                      "readable" : true,
                      "sectorCount" : 7,
                      "sectorSize" : 131072,
                      "writable" : true
                    }
                  ],
                  "text" : "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg"
                }
              ],
              "mode" : "dfuse",
              "path" : "1-1",
              "product" : "STM32  BOOTLOADER",
              "productID" : 57105,
              "serial" : "315A28A0B956",
              "transferSize" : 2048,
              "vendorID" : 1155
            },
            {
              "deviceVersion" : 8704,
              "dfuVersion" : 282,
              "mode" : "dfuse",
              "path" : "1-2",
              "problem" : {
                "fix" : "end the program that uses it, or unplug the board and plug it in again; or see what is in the way: dfuse doctor",
                "what" : "it cannot be opened: it is in use"
              },
              "productID" : 57105,
              "transferSize" : 2048,
              "vendorID" : 1155
            },
            {
              "deviceVersion" : 256,
              "mode" : "application",
              "path" : "1-4",
              "product" : "Bluetooth Host Controller",
              "productID" : 33306,
              "vendorID" : 1452
            }
          ],
          "running" : [

          ],
          "schema" : 1,
          "warnings" : [

          ]
        }

        """)
  }

  @Test func `without USB the JSON form is an empty list`() {
    let run = sandbox.run("list", "--json")
    #expect(run.status == .noBoard)
    #expect(
      run.output == """
        {
          "devices" : [

          ],
          "running" : [

          ],
          "schema" : 1,
          "warnings" : [

          ]
        }

        """)
  }

  @Test func `--path shows one board of several`() {
    sandbox.bus = StubBus([.board(path: "1-1"), .board(path: "1-2")])
    let run = sandbox.run("list", "--path", "1-2")
    #expect(run.output.hasPrefix("1-2  0483:df11"))
    #expect(run.error.isEmpty)
  }

  @Test func `--verbose shows the maps as they were sent`() {
    let run = sandbox.run("list", "--simulate", "f405", "--verbose")
    #expect(
      run.output.contains(
        "    as sent: \"@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg\"\n"))
  }

  @Test(arguments: SimulatedChip.all.map(\.name))
  func `every simulated bootloader can be listed`(chip: String) {
    let run = sandbox.run("list", "--simulate", chip)
    #expect(run.status == .success)
    #expect(run.output.contains("  alternate setting 0: "))
  }
}
