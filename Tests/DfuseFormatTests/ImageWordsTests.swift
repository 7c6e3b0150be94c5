import DfuseFormat
import Testing

@Suite struct ImageWordsTests {
  @Test(
    arguments: [
      (.startMark(expected: 0x3A, found: 0x3B), "a record starts with \":\", not with \";\""),
      (
        .startMark(expected: 0x53, found: 0x20),
        "a record starts with \"S\", not with the byte 0x20"
      ),
      (.notHexDigit(found: 0x47), "\"G\" is no hexadecimal digit"),
      (.notHexDigit(found: 0x0C), "the byte 0x0C is no hexadecimal digit"),
      (
        .oddDigitCount(11),
        "11 hexadecimal digits do not pair into bytes; one is missing or too many"
      ),
      (.tooShort(needed: 5, available: 4), "the record is cut off: it needs 5 bytes and has 4"),
      (.lengthMismatch(declared: 16, found: 15), "the record announces 16 bytes and holds 15"),
      (
        .checksum(stored: 0x0B, computed: 0xAA),
        "the checksum is 0x0B, but the record's bytes give 0xAA"
      ),
      (.unknownType(0x41), "there is no record type 0x41"),
      (.unknownTypeCharacter(0x41), "the type of an S-record is a digit, not \"A\""),
      (.reservedType, "S4 records are reserved and have no meaning"),
      (
        .wrongLength(type: 4, expected: 2, found: 4),
        "a record of type 4 announces 2 bytes, this one 4"
      ),
      (
        .wrongRecordCount(stored: 2, actual: 3),
        "the file counts 2 data records up to here, but there are 3"
      ),
      (
        .missingEndRecord,
        "the file ends without its end record: it was cut off while it was written or downloaded"
      ),
      (
        .secondFile,
        "another file begins behind the end record: two files were put together"
      ),
      (.dataAfterEnd, "there is more after the end record"),
      (
        .outsideAddressSpace(address: 0xFFFF_FFFF, size: 2),
        "2 bytes at 0xffff_ffff go beyond 0xffff_ffff"
      ),
      (
        .overlap(
          new: 0x0800_0002..<0x0800_0006, existing: 0x0800_0000..<0x0800_0004, existingLine: 7,
          firstDifference: 0x0800_0003),
        "the data for 0x0800_0002-0x0800_0005 differ from those for 0x0800_0000-0x0800_0003 in "
          + "line 7, first at 0x0800_0003"
      ),
    ] as [(RecordProblem, String)])
  func `a wrong line is told in a phrase`(problem: RecordProblem, words: String) {
    #expect(problem.description == words)
  }

  @Test(
    arguments: [
      (.notThirtyTwoBit, "the program is not for a 32-bit processor"),
      (.notLittleEndian, "the program is not little-endian"),
      (.unsupportedVersion(3), "ELF version 3 does not exist; only 1 does"),
      (.relocatable, "this is an object file; link it first"),
      (.notAProgram(type: 4), "the file's type is 4, but a program is 2 or 3"),
      (
        .entrySize(table: .segments, expected: 32, found: 56),
        "an entry of the table of segments takes 32 bytes, not 56"
      ),
      (
        .entrySize(table: .sections, expected: 40, found: 64),
        "an entry of the table of sections takes 40 bytes, not 64"
      ),
      (
        .outsideFile(.segments, index: 1, offset: 256, size: 64, fileSize: 300),
        "segment 1 has 64 bytes at offset 256, beyond the file's 300 bytes"
      ),
      (
        .outsideFile(.sections, index: 2, offset: 256, size: 64, fileSize: 300),
        "section 2 has 64 bytes at offset 256, beyond the file's 300 bytes"
      ),
      (
        .moreThanTheFile(bytes: 600, fileSize: 500),
        "the program would load 600 bytes, more than the file's 500"
      ),
    ] as [(ELFProblem, String)])
  func `a wrong ELF file is told in a phrase`(problem: ELFProblem, words: String) {
    #expect(problem.description == words)
  }

  @Test(
    arguments: [
      (.missingEndRecord, "the file has no end record; it may be cut off"),
      (
        .duplicateData(bytes: 3),
        "the file gives 3 bytes more than once, always with the same values"
      ),
      (.unusualMachine(94), "the program is for machine 94, neither ARM (40) nor RISC-V (243)"),
      (
        .sectionNotLoaded(index: 4, address: 0x2000_0000, size: 16),
        "section 4 (16 bytes for 0x2000_0000) is in no loaded segment and was left out"
      ),
      (
        .rawAtAddressZero,
        "the bytes go to address 0x0000_0000, where an STM32 has nothing to write; its flash "
          + "begins at 0x0800_0000"
      ),
      (
        .notAVectorTable(address: 0x0800_0000, reason: .tooShort(bytes: 7)),
        "the bytes at 0x0800_0000 are no Cortex-M vector table: there are only 7 bytes"
      ),
      (
        .notAVectorTable(address: 0x0800_0000, reason: .resetVectorEven(8)),
        "the bytes at 0x0800_0000 are no Cortex-M vector table: the reset vector would be "
          + "0x0000_0008, which is even"
      ),
      (
        .notAVectorTable(address: 0x0800_0000, reason: .resetVectorOutsideImage(9)),
        "the bytes at 0x0800_0000 are no Cortex-M vector table: the reset vector would be "
          + "0x0000_0009, which is outside the firmware"
      ),
      (
        .notAVectorTable(address: 0x0800_0000, reason: .exceptionVector(number: 3, 8)),
        "the bytes at 0x0800_0000 are no Cortex-M vector table: the vector of exception 3 would be "
          + "0x0000_0008, which is even"
      ),
      (.paddingAfterEnd, "there is padding behind the end record"),
      (
        .headersLoaded(address: 0x07FF_0000),
        "the headers of the file itself would be loaded at 0x07ff_0000: it has no sections that say "
          + "what belongs there"
      ),
      (.leftOut(.utf16), "the file is UTF-16 and was read as ASCII"),
      (.leftOut(.comments), "the file has comment lines, which were left out"),
    ] as [(Firmware.Warning, String)])
  func `a warning is told in a sentence`(warning: Firmware.Warning, words: String) {
    #expect(warning.description == words)
  }
}
