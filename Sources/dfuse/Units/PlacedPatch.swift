import DfuseFormat

/// A patch whose address is known.
struct PlacedPatch: Hashable, Sendable {
  var patch: UnitPatch
  var address: UInt32
  /// Bytes of the variable from there on; nil where no file says that.
  var room: Int?

  /// Finds the place of a patch.
  ///
  /// - Throws: A failure with status 64 for a symbol that none of the files has.
  init(_ patch: UnitPatch, in files: FirmwareSet) throws(Failure) {
    self.patch = patch
    switch patch.place {
    case .address(let address): self.address = address
    case .symbol(let name, let offset):
      let symbol = try files.symbol(named: name)
      let (address, overflow) = symbol.address.addingReportingOverflow(offset)
      let size = symbol.size.map(UInt64.init)
      guard !overflow, size.map({ UInt64(offset) < $0 }) != false else {
        throw Failure(
          .usage, "--patch \(patch.shown) is outside of \(name.visible)",
          why: size.map { "it has \($0.sizeText)" },
          fix: "the number behind + counts bytes from its start, from 0")
      }
      self.address = address
      room = size.map { Int($0) - Int(offset) }
    }
  }

  /// The bytes for a board.
  ///
  /// Text for a variable whose size is known fills it, so that nothing of what it held stays behind it.
  /// - Throws: A failure with status 65 for a value that does not fit.
  func value(for facts: UnitFacts) throws(Failure) -> UnitValue {
    let (bytes, text) = try content(for: facts)
    guard UInt64(address) + UInt64(bytes.count) <= 1 << 32 else {
      throw Failure(.badData, "--patch \(patch.shown) goes beyond the last address, 0xffff_ffff")
    }
    if let room, bytes.count > room {
      throw Failure(
        .badData,
        "--patch \(patch.shown): \(bytes.count.counted("byte")) (\(text.visible)) do not fit into "
          + "the \(room) of the variable",
        fix: "shorten it, or make the variable larger")
    }
    return UnitValue(place: patch.shown, address: address, bytes: bytes, text: text)
  }

  private func content(for facts: UnitFacts) throws(Failure) -> ([UInt8], text: String) {
    switch patch.content {
    case .fixed(let bytes, let text): return (bytes, text)
    case .bytes(let source):
      guard case .column(_, let name) = source else {
        let bytes = facts.uniqueID ?? []
        return (bytes, bytes.digits)
      }
      let cell = facts.row?[name] ?? ""
      guard let bytes = UnitPatch.hexBytes(cell), !bytes.isEmpty else {
        throw misfit(cell, "is no row of bytes", facts)
      }
      return (bytes, bytes.digits)
    case .integer(let form, let source):
      let text = text(of: source, facts, asNumber: true)
      guard let number = UnitPatch.integer(text) else { throw misfit(text, "is no number", facts) }
      guard let bytes = form.bytes(of: number) else {
        throw misfit(text, "does not fit into \(form.name)", facts)
      }
      return (bytes, text)
    case .text(let parts, let size):
      let text = parts.map { part in
        switch part {
        case .literal(let text): text
        case .source(let source): self.text(of: source, facts, asNumber: false)
        }
      }.joined()
      var bytes = FileName.bytes(text)
      if let size, bytes.count > size {
        throw misfit(text, "does not fit into \(size.counted("byte"))", facts)
      }
      let wanted = size ?? room ?? bytes.count
      guard wanted <= UnitPatch.longestText else {
        throw Failure(
          .badData, "--patch \(patch.shown): the variable has \(UInt64(wanted).sizeText)",
          fix: "say how many bytes the text takes, the rest zeros: text64:…")
      }
      bytes += [UInt8](repeating: 0, count: max(0, wanted - bytes.count))
      return (bytes, text)
    }
  }

  private func text(of source: UnitPatch.Source, _ facts: UnitFacts, asNumber: Bool) -> String {
    switch source {
    case .counter(_, let digits):
      let number = facts.number.map(String.init) ?? ""
      return asNumber ? number : number.rightAligned(to: digits, with: "0")
    case .column(_, let name): return facts.row?[name] ?? ""
    case .uniqueID: return facts.uniqueID?.digits ?? ""
    case .date: return asNumber ? "\(facts.time.seconds)" : facts.time.date
    case .time: return asNumber ? "\(facts.time.seconds)" : facts.time.text
    }
  }

  private func misfit(_ value: String, _ what: String, _ facts: UnitFacts) -> Failure {
    let isOfTable = patch.sources.contains { if case .column = $0 { true } else { false } }
    let row = isOfTable ? facts.row.map { " (row \($0.number))" } ?? "" : ""
    return Failure(.badData, "--patch \(patch.shown): '\(value.visible)'\(row) \(what)")
  }
}

extension [PlacedPatch] {
  /// What a board gets, in rising order of addresses.
  ///
  /// - Throws: A failure with status 65 for a value that does not fit, or reaches into another one.
  func values(for facts: UnitFacts) throws(Failure) -> [UnitValue] {
    var values: [UnitValue] = []
    for patch in self { values.append(try patch.value(for: facts)) }
    values.sort { $0.address < $1.address }
    for (one, next) in zip(values, values.dropFirst()) where one.range.overlaps(next.range) {
      throw Failure(
        .badData, "--patch \(one.place) reaches into \(next.place)",
        why: "\(one.range.addressText) and \(next.range.addressText) overlap",
        fix: "give each a place of its own")
    }
    return values
  }
}

extension FirmwareSet {
  /// A symbol of the ELF files.
  ///
  /// - Throws: A failure with status 64, or 65 for a damaged table.
  func symbol(named name: String) throws(Failure) -> ELFSymbols.Symbol {
    let elves = files.filter { $0.elf != nil }
    let address = "say the address, as 'nm' shows it for the ELF file: --patch 0x0800FC00=…"
    guard !elves.isEmpty else {
      throw Failure(
        .usage, "--patch \(name.visible): \(shown) has no names", why: "only ELF files have them",
        fix: "flash the ELF file, or \(address)")
    }
    var found: Set<ELFSymbols.Symbol> = []
    var problems: [(file: String, problem: ELFSymbols.Problem)] = []
    var names: [String] = []
    for file in elves {
      let symbols: ELFSymbols
      do throws(FormatError) { symbols = try ELFSymbols(file.elf ?? []) } catch {
        throw Failure(.badData, "\(file.shown): \(error)")
      }
      do throws(ELFSymbols.Problem) { found.insert(try symbols.symbol(named: name)) } catch {
        problems.append((file.shown, error))
        if error == .notFound { names += symbols.dataNames }
      }
    }
    if found.count == 1, let symbol = found.first { return symbol }
    let told = problems.first { $0.problem != .notFound && $0.problem != .noTable }
    guard found.isEmpty, let (file, problem) = told ?? problems.first else {
      let places = found.map { "--patch \($0.address.hex)=…" }.sorted()
      throw Failure(
        .usage, "--patch \(name.visible): several of the files have it", fix: "say which is meant:",
        choices: places)
    }
    switch problem {
    case .noTable:
      throw Failure(
        .usage, "--patch \(name.visible): \(file) has no names", why: "it was stripped",
        fix: "flash the file that the linker wrote, or \(address)")
    case .notFound:
      let near = Set(names.filter { abs($0.count - name.count) < 3 }).sorted().first {
        CommandWords.distance($0.lowercased(), name.lowercased()) < 3
      }
      throw Failure(
        .usage, "--patch \(name.visible): \(file) has no variable of that name",
        why: "one that nothing refers to is left out by the linker, unless it is KEEP",
        fix: near.map { "did you mean \($0.visible)?" } ?? "look for it with 'nm', or \(address)")
    case .function:
      throw Failure(.usage, "--patch \(name.visible) is a function of \(file), and no variable")
    case .ambiguous(let places):
      throw Failure(
        .usage, "--patch \(name.visible): \(places.count) variables of \(file) have that name",
        fix: "say the address:", choices: places.map { "\(UInt64($0).addressText)" })
    case .notStored(let place):
      throw Failure(
        .usage, "--patch \(name.visible) has no bytes in \(file)",
        why: "it is in RAM, at \(UInt64(place).addressText), and starts as zeros",
        fix: "give it a value in the source, or a place in flash: const, and volatile so that the "
          + "compiler does not take the value for granted")
    }
  }
}
