import DfuseFormat
import Testing

/// The exact words of every error and warning about a container.
@Suite struct FormatErrorWordsTests {
  @Test(
    arguments: [
      (
        .truncated(field: "dwElementSize", offset: 289, needed: 4, available: 2),
        "the file ends too early: dwElementSize at offset 289 takes 4 bytes, only 2 are left"
      ),
      (
        .truncated(field: "bVersion", offset: 5, needed: 1, available: 0),
        "the file ends too early: bVersion at offset 5 takes 1 byte, none are left"
      ),
      (
        .badSignature(
          field: "szSignature", offset: 0, expected: Array("DfuSe".utf8), found: [0, 1, 2, 3, 0xFF]),
        "szSignature at offset 0 is 00 01 02 03 FF, should be \"DfuSe\""
      ),
      (
        .unsupportedVersion(offset: 5, found: 2),
        "bVersion at offset 5 is 2, only version 1 of the DfuSe format is known"
      ),
      (
        .badSuffixLength(offset: 324, found: 15, available: 329),
        "bLength of the suffix at offset 324 is 15, should be 16"
      ),
      (
        .badSuffixLength(offset: 27, found: 200, available: 32),
        "bLength of the suffix at offset 27 is 200, should be 16; the whole file has 32 bytes"
      ),
      (
        .crcMismatch(offset: 325, stored: 1, computed: 0x4551_D4CA),
        "dwCRC at offset 325 is 0x00000001, the file's bytes give 0x4551D4CA: "
          + "the file was damaged or changed"
      ),
      (
        .sizeBeyondEnd(field: "dwNbElements of target 0", offset: 281, size: 80, available: 28),
        "dwNbElements of target 0 at offset 281 asks for 80 bytes, the file has 28 left"
      ),
      (
        .elementBeyondTarget(target: 0, element: 1, offset: 305, size: 4, available: 3),
        "dwElementSize of element 1 of target 0 at offset 305 is 4, "
          + "its target (dwTargetSize) has room for 3 bytes"
      ),
      (
        .bytesAfterSuffix(offset: 329, count: 20),
        "20 bytes at offset 329 stand behind the suffix, which should end the file"
      ),
      (
        .outsideAddressSpace(address: 0xFFFF_FFFD, size: 4),
        "4 bytes at 0xffff_fffd go beyond the last address, 0xffff_ffff"
      ),
      (
        .overlap(
          new: 0x0800_4000..<0x0800_8000, existing: 0x0800_0000..<0x0800_5000,
          firstDifference: 0x0800_4010),
        "0x0800_4000-0x0800_7fff overlaps 0x0800_0000-0x0800_4fff, and they differ at 0x0800_4010"
      ),
      (
        .repeatedData(new: 0x0800_4000..<0x0800_8000, existing: 0x0800_0000..<0x0800_5000),
        "0x0800_4000-0x0800_7fff overlaps 0x0800_0000-0x0800_4fff"
      ),
      (.notFirmware(.html), "this is a web page (HTML), not firmware"),
      (
        .otherThanNamed(.srec, holds: .firmware(.hex)),
        "the name promises S-records, and the file holds Intel HEX"
      ),
      (
        .containerInElement(target: 0, element: 1, offset: 309),
        "element 1 of target 0 at offset 309 holds a DfuSe container instead of firmware"
      ),
      (.noData(.container), "there are no data in this container"),
      (.noData(.raw), "the file is empty"),
      (.noData(.hex), "the Intel HEX file holds no data"),
      (.noData(.srec), "the S-record file holds no data"),
      (.noData(.elf), "the ELF file has nothing to load"),
      (.notPackable(.targetCount(0)), "a container needs at least one target"),
      (.notPackable(.targetCount(300)), "a container holds at most 255 targets, not 300"),
      (.notPackable(.noElements(target: 2)), "target 2 has no image"),
      (.notPackable(.emptyElement(target: 0, element: 1)), "image 1 of target 0 is empty"),
      (
        .notPackable(.nameTooLong(bytes: 300)),
        "a target's name takes at most 255 bytes of UTF-8, this one has 300"
      ),
      (.notPackable(.nameHoldsNUL), "a target's name cannot hold a NUL"),
      (
        .notPackable(.tooLarge(1 << 33)),
        "the container would have 8589934592 bytes, more than its 32-bit size can tell"
      ),
    ] as [(FormatError, String)])
  func `an error says what and where`(error: FormatError, words: String) {
    #expect(error.description == words)
  }

  @Test(
    arguments: [
      (
        .imageSize(stored: 329, expected: 313, habit: .wholeFile),
        "DFUImageSize is 329, should be 313: the whole file, as dfu-util's dfuse-pack.py writes it "
          + "since 0.10"
      ),
      (
        .imageSize(stored: 302, expected: 313, habit: .dfusePack),
        "DFUImageSize is 302, should be 313: short by the container's prefix, as the original "
          + "dfuse_pack writes it"
      ),
      (
        .imageSize(stored: 0, expected: 313, habit: .zero),
        "DFUImageSize is 0, should be 313: never filled in by the writer"
      ),
      (.imageSize(stored: 7, expected: 313, habit: nil), "DFUImageSize is 7, should be 313"),
      (
        .targetSize(target: 0, stored: 29, actual: 28),
        "dwTargetSize of target 0 is 29, its elements add up to 28"
      ),
      (.secondSuffix, "there is a second DFU suffix before the one at the end"),
      (.noTargets, "bTargets is 0: there is nothing in this container"),
      (.noElements(target: 1), "target 1 has no elements"),
      (.emptyElement(target: 1, element: 2), "element 2 of target 1 has no bytes"),
      (
        .namedFlag(target: 0, stored: 0xABCD_EF01),
        "bTargetNamed of target 0 is 0xABCDEF01, should be 0 or 1"
      ),
      (
        .nameOfUnnamed(target: 0),
        "target 0 says that it has no name (bTargetNamed 0), but szTargetName holds text"
      ),
      (
        .nameWithoutNUL(target: 0),
        "szTargetName of target 0 fills all 255 bytes, without a NUL at its end"
      ),
      (
        .junkBehindName(target: 0),
        "szTargetName of target 0 has junk behind the NUL that ends the name"
      ),
      (.nameNotUTF8(target: 0), "the name of target 0 is not UTF-8; it is read as Latin-1"),
      (
        .repeatedData(target: 0, range: 0x0800_0003..<0x0800_0004),
        "two elements of target 0 hold the same bytes for 0x0800_0003-0x0800_0003"
      ),
      (
        .targetsOverlap(alternateSetting: 0, range: 0x0800_0000..<0x0800_0004),
        "two targets for alternate setting 0 differ about 0x0800_0000-0x0800_0003"
      ),
      (
        .bytesBeforeSuffix(count: 1),
        "1 byte between the last target and the suffix belongs to nothing"
      ),
      (
        .bytesBeforeSuffix(count: 3),
        "3 bytes between the last target and the suffix belong to nothing"
      ),
      (
        .formatVersion(stored: 0x0100),
        "bcdDFU of the suffix is 0x0100, should be 0x011A for a DfuSe file"
      ),
      (
        .longSuffix(length: 18),
        "bLength of the suffix is 18, more than the 16 bytes that are defined"
      ),
      (.zeroID(field: "idVendor"), "idVendor is 0x0000: it is not stated, and any will do"),
    ] as [(Firmware.Warning, String)])
  func `a warning says what and whose habit it is`(warning: Firmware.Warning, words: String) {
    #expect(warning.description == words)
  }
}
