/// Builds an ELF32 little-endian file from tables written by hand.
///
/// Nothing is computed that a test may want wrong: offsets, addresses and sizes are written as
/// given. The file is the ELF header, the program headers, ``content`` at 0x100 and the section
/// headers behind it, the null section first.
public struct ELFBuilder: Sendable {
  /// A program header.
  public struct Segment: Sendable {
    /// p_type, p_offset, p_vaddr, p_paddr, p_filesz and p_memsz.
    public var type, offset, virtualAddress, physicalAddress, fileSize, memorySize: UInt32

    /// Makes a program header, PT_LOAD if no type is given.
    public init(
      type: UInt32 = 1, offset: UInt32, virtualAddress: UInt32, physicalAddress: UInt32,
      fileSize: UInt32, memorySize: UInt32? = nil
    ) {
      self.type = type
      self.offset = offset
      self.virtualAddress = virtualAddress
      self.physicalAddress = physicalAddress
      self.fileSize = fileSize
      self.memorySize = memorySize ?? fileSize
    }
  }

  /// A section header.
  public struct Section: Sendable {
    /// sh_type, sh_flags, sh_addr, sh_offset and sh_size.
    public var type, flags, address, offset, size: UInt32
    /// sh_link and sh_entsize, which a table of symbols has.
    public var link, entrySize: UInt32

    /// Makes a section header, PROGBITS and ALLOC if nothing else is given.
    public init(
      type: UInt32 = 1, flags: UInt32 = 2, address: UInt32, offset: UInt32, size: UInt32,
      link: UInt32 = 0, entrySize: UInt32 = 0
    ) {
      (self.link, self.entrySize) = (link, entrySize)
      self.type = type
      self.flags = flags
      self.address = address
      self.offset = offset
      self.size = size
    }
  }

  /// Where ``content`` begins in the file.
  public static let contentOffset: UInt32 = 0x100
  /// The offset of the first program header.
  public static let programHeadersOffset = 52

  /// e_ident up to and with EI_VERSION.
  public var identity: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, 1, 1, 1]
  /// e_type; 2 is an executable.
  public var type: UInt16 = 2
  /// e_machine; 40 is ARM.
  public var machine: UInt16 = 40
  /// e_entry.
  public var entry: UInt32 = 0
  /// e_phentsize.
  public var programHeaderSize: UInt16 = 32
  /// e_shentsize.
  public var sectionHeaderSize: UInt16 = 40
  /// e_shstrndx; 0 says that sections have no names, which some programs refuse.
  public var sectionNamesIndex: UInt16 = 0
  /// The program headers, at most six.
  public var segments: [Segment]
  /// The section headers behind the null section; nil leaves out the whole table.
  public var sections: [Section]?
  /// The bytes from 0x100 on.
  public var content: [UInt8]

  /// Makes a builder.
  public init(segments: [Segment], sections: [Section]?, content: [UInt8]) {
    self.segments = segments
    self.sections = sections
    self.content = content
  }

  /// The offset of the section headers.
  public var sectionHeadersOffset: Int { Int(ELFBuilder.contentOffset) + content.count }

  /// The offset of the section header with an index; 0 is the null section.
  ///
  /// - Parameter index: The place in the table.
  /// - Returns: The offset in the file.
  public func sectionHeaderOffset(_ index: Int) -> Int { sectionHeadersOffset + 40 * index }

  /// The file.
  public var bytes: [UInt8] {
    let sectionCount = sections.map { UInt16($0.count + 1) } ?? 0
    var file = identity + [UInt8](repeating: 0, count: 16 - identity.count)
    file += half(type) + half(machine) + word(1) + word(entry)
    file += word(segments.isEmpty ? 0 : UInt32(ELFBuilder.programHeadersOffset))
    file += word(sections == nil ? 0 : UInt32(sectionHeadersOffset))
    file += word(0) + half(52)
    file += half(segments.isEmpty ? 0 : programHeaderSize) + half(UInt16(segments.count))
    file += half(sections == nil ? 0 : sectionHeaderSize) + half(sectionCount)
    file += half(sectionNamesIndex)
    for segment in segments {
      file += word(segment.type) + word(segment.offset) + word(segment.virtualAddress)
      file += word(segment.physicalAddress) + word(segment.fileSize) + word(segment.memorySize)
      file += word(5) + word(4)
    }
    file += [UInt8](repeating: 0, count: Int(ELFBuilder.contentOffset) - file.count)
    file += content
    guard let sections else { return file }
    file += [UInt8](repeating: 0, count: 40)
    for section in sections {
      file += word(0) + word(section.type) + word(section.flags) + word(section.address)
      file += word(section.offset) + word(section.size) + word(section.link) + word(0) + word(4)
      file += word(section.entrySize)
    }
    return file
  }

  /// An Elf32_Sym.
  ///
  /// - Parameters:
  ///   - name: The offset of its name.
  ///   - value: st_value.
  ///   - size: st_size.
  ///   - info: st_info: binding and type; 0x11 is a global object.
  ///   - section: st_shndx.
  /// - Returns: Its 16 bytes.
  public static func symbol(
    name: Int, value: UInt32, size: UInt32, info: UInt8 = 0x11, section: UInt16 = 1
  ) -> [UInt8] {
    let numbers = [UInt32(name), value, size].flatMap { number in
      (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
    return numbers + [info, 0, UInt8(section & 0xFF), UInt8(section >> 8)]
  }

  private func half(_ value: UInt16) -> [UInt8] {
    [UInt8(truncatingIfNeeded: value), UInt8(truncatingIfNeeded: value >> 8)]
  }

  private func word(_ value: UInt32) -> [UInt8] {
    half(UInt16(truncatingIfNeeded: value)) + half(UInt16(truncatingIfNeeded: value >> 16))
  }
}
