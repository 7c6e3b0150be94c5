import Foundation
import Testing

@testable import dfuse

/// File names are bytes, and need not be UTF-8.
@Suite struct FileNameTests {
  @Test(
    arguments: [
      [], Array("fw.bin".utf8), Array("Gerät-ü.bin".utf8), [0x66, 0xE9, 0x2E], [0xFF], [0xC3],
      [0xC3, 0xC3, 0xA9], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0x80, 0x2F, 0xFF],
      // U+10FFE9 itself, and the last of all.
      [0xF4, 0x8F, 0xBF, 0xA9], [0x61, 0xF4, 0x8F, 0xBF, 0xBF], [0xEF, 0xBF, 0xBD],
    ] as [[UInt8]])
  func `bytes come back as they were`(bytes: [UInt8]) {
    #expect(FileName.bytes(FileName.text(bytes)) == bytes)
  }

  @Test func `bytes are shown, and can be copied to a shell`() throws {
    let name = FileName.text([0x66, 0xE9, 0x0A, 0x2E])
    #expect(name.visible == #"f\xE9\n."#)
    #expect(name.shellWord == #"$'f\351\012.'"#)
    #expect(FileName.text(Array("é".utf8)) == "é")
  }

  #if os(Linux)
    @Test func `a name that is no UTF-8 is kept`() throws {
      let sandbox = try Sandbox()
      try sandbox.write(Array("DATA".utf8), to: "image.bin")
      let pipe = Pipe()
      let shell = Process()
      shell.executableURL = URL(fileURLWithPath: "/bin/bash")
      shell.currentDirectoryURL = URL(fileURLWithPath: sandbox.path(""))
      shell.standardOutput = pipe
      shell.arguments = [
        "-e", "-c",
        #"""
        dfuse=$0
        mv image.bin $'a\xe9.bin'
        "$dfuse" pack -q -o $'b\xe9.dfu' -m 100 -i $'a\xe9.bin' -a 0
        "$dfuse" info $'b\xe9.dfu'
        "$dfuse" unpack -q -d $'d\xe9' $'b\xe9.dfu'
        cmp $'d\xe9/b\xe9-alt0-00000100.bin' $'a\xe9.bin'
        "$dfuse" flash --stay -q --address 08000000 $'a\xe9.bin' --simulate f405:$'s\xe9'
        "$dfuse" verify -q --address 08000000 $'a\xe9.bin' --simulate f405:$'s\xe9'
        test -s $'s\xe9'
        """#, BuiltProgram.path,
      ]
      try shell.run()
      let text = String(
        decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
      shell.waitUntilExit()
      #expect(shell.terminationStatus == 0)
      #expect(text.hasPrefix(#"b\xE9.dfu: DfuSe container, 313 bytes"#))
      #expect(text.contains(#"-i $'d\351/b\351-alt0-00000100.bin'"#))
    }
  #endif
}
